/** What never changes while an emulator runs. */
export interface SimpleOptions {
	/** Logical ports: the listeners on the first two are HTTP, that on the third is HTTPS. */
	readonly ports: readonly [number, number, number];
	/** Whether a load balancer that the API deletes is `deleting` until time has passed. */
	readonly deletionLasts: boolean;
	/** Whether a listener has the port that was written or none. */
	readonly portsAreExact: boolean;
}

/** What an HTTPS listener was asked to show: `site` of the configuration, `default`, `names <name>` or `pem <content>`. */
export type AskedCertificate = string;

export interface SimpleListener {
	readonly port: number;
	/** The name of the server certificate that it shows; undefined on HTTP. */
	readonly certificate: string | undefined;
	/** A listener that is asked for the same again keeps its certificate. It does not show. */
	readonly asked: AskedCertificate | undefined;
}

export interface SimpleRule {
	/** At all listeners it is the name at the first one. */
	readonly name: string;
	/** Of the listener it holds at; undefined: it holds at all of them. */
	readonly port: number | undefined;
	readonly priority: number;
	readonly host: string | undefined;
	readonly path: string | undefined;
	/** Names of back-ends, registered or not. */
	readonly to: readonly string[];
}

/** A load balancer as simply as it can be described. */
export interface SimpleLoadBalancer {
	readonly listeners: readonly SimpleListener[];
	readonly backends: readonly string[];
	readonly rules: readonly SimpleRule[];
	readonly tags: readonly string[];
	readonly isConfigured: boolean;
	readonly isDeleting: boolean;
}

export interface SimpleCertificate {
	/** What it was issued for, or the name of the pair; ` #<number>` at the end tells two of the configuration apart. */
	readonly content: string;
	/** Whether the configuration names it. */
	readonly isConfigured: boolean;
	/** The load balancer that brought it, and with which it goes. */
	readonly broughtBy: string | undefined;
}

/** What is described, as simply as it can be. A value. */
export interface SimpleAccount {
	readonly options: SimpleOptions;
	readonly loadBalancers: ReadonlyMap<string, SimpleLoadBalancer>;
	/** By name, in the order of their creation. */
	readonly certificates: ReadonlyMap<string, SimpleCertificate>;
	/** Addresses by VM id. */
	readonly vms: ReadonlyMap<string, string>;
	/** Ports that another program holds. */
	readonly strangers: ReadonlySet<number>;
	/** Which of the configurations was read last. */
	readonly config: number;
	/** How often a configuration was read that differs from the one before. */
	readonly reads: number;
}

/** Nothing yet. */
export function emptyAccount(options: SimpleOptions): SimpleAccount {
	return {
		options,
		loadBalancers: new Map(),
		certificates: new Map(),
		vms: new Map(),
		strangers: new Set(),
		config: -1,
		reads: 0,
	};
}

/** The load balancer of that name, unless it is being deleted. */
export function runningIn({loadBalancers}: SimpleAccount, name: string): SimpleLoadBalancer | undefined {
	const found = loadBalancers.get(name);
	return found?.isDeleting === true ? undefined : found;
}

export function withLoadBalancer(account: SimpleAccount, name: string, next: SimpleLoadBalancer): SimpleAccount {
	return {...account, loadBalancers: new Map(account.loadBalancers).set(name, next)};
}

export function withoutLoadBalancer(account: SimpleAccount, name: string): SimpleAccount {
	return {...account, loadBalancers: new Map([...account.loadBalancers].filter(([other]) => other !== name))};
}

export function portsOf({listeners}: Pick<SimpleLoadBalancer, 'listeners'>): number[] {
	return listeners.map(({port}) => port);
}

/** Whether all of it can run at once: nobody shares a port where the port that was written is the one that is bound. */
export function canRun({options, loadBalancers, strangers}: SimpleAccount): boolean {
	if (!options.portsAreExact) return true;
	const bound = [...loadBalancers.values()].filter(({isDeleting}) => !isDeleting).flatMap(portsOf);
	return new Set(bound).size === bound.length && !bound.some(port => strangers.has(port));
}
