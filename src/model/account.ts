import {quote} from '../base/quote.ts';
import type {CloudLoadBalancer, CloudRule} from './cloud-load-balancer.ts';
import type {PemPair} from './load-balancer.ts';
import type {NormalisedBackend} from './normalised.ts';
import {Refusal} from './refusal.ts';

/** A server certificate of the account. */
export interface ServerCertificate {
	/** 30 upper-case letters and digits; what listeners hold on to. */
	readonly id: string;
	readonly name: string;
	/** Begins and ends with `/`. */
	readonly path: string;
	/** What listeners show: judged, in order. It prints without its key. */
	readonly pair: PemPair;
	/** As it was uploaded; the cloud does not insist that it is one. */
	readonly chain: string | undefined;
	readonly notAfterMs: number;
	readonly uploadedMs: number;
	/** What works here and will surprise elsewhere. */
	readonly warnings: readonly string[];
	/** The load balancer of the library or the configuration that brought it; undefined when it stands for itself. */
	readonly broughtBy: string | undefined;
}

/** A VM that the emulator was told exists. */
export interface KnownVm {
	readonly id: string;
	readonly state: 'running' | 'stopped' | 'terminated';
	readonly netId?: string | undefined;
	readonly subnetId?: string | undefined;
	readonly privateIp?: string | undefined;
}

/** What the emulator was told exists around the load balancers. What it was told nothing of is taken as it is named. */
export interface Inventory {
	readonly subregions: readonly string[];
	readonly nets: readonly {
		readonly id: string;
		readonly ipRange?: string | undefined;
		/** `false`: there is none, and no internet-facing load balancer can be made in it. */
		readonly internetService?: boolean | undefined;
	}[];
	readonly subnets: readonly {
		readonly id: string;
		readonly netId: string;
		readonly subregion: string;
		readonly ipRange?: string | undefined;
	}[];
	readonly securityGroups: readonly {
		readonly id: string;
		readonly name: string;
		/** Undefined: one of the public Cloud. */
		readonly netId?: string | undefined;
	}[];
	readonly vms: readonly KnownVm[];
	readonly publicIps: readonly {readonly id: string; readonly address: string}[];
}

export const EMPTY_INVENTORY: Inventory = {
	subregions: [],
	nets: [],
	subnets: [],
	securityGroups: [],
	vms: [],
	publicIps: [],
};

/** Everything described in one account. A value: an operation makes the next one. */
export interface Account {
	/** By name, in the order of creation. */
	readonly loadBalancers: ReadonlyMap<string, CloudLoadBalancer>;
	/** By id, in the order of upload. */
	readonly certificates: ReadonlyMap<string, ServerCertificate>;
	/** By name, in the order of creation. */
	readonly rules: ReadonlyMap<string, CloudRule>;
	/** What VM ids mean. An id that is not in here can be registered, and is never in service. */
	readonly vms: ReadonlyMap<string, NormalisedBackend>;
	readonly inventory: Inventory;
	/** How many identifiers have been given; the number of the next. */
	readonly serial: number;
}

export function emptyAccount(inventory: Inventory = EMPTY_INVENTORY, vms: Account['vms'] = new Map()): Account {
	return {loadBalancers: new Map(), certificates: new Map(), rules: new Map(), vms, inventory, serial: 0};
}

/** @throws Refusal `NO_SUCH_LOAD_BALANCER` */
export function loadBalancerNamed(account: Account, name: string): CloudLoadBalancer {
	const found = account.loadBalancers.get(name);
	if (found !== undefined) return found;
	throw new Refusal('NO_SUCH_LOAD_BALANCER', `no load balancer is named ${quote(name)}`, name);
}

export function withLoadBalancer(account: Account, loadBalancer: CloudLoadBalancer): Account {
	return {...account, loadBalancers: new Map(account.loadBalancers).set(loadBalancer.name, loadBalancer)};
}

/** Without that load balancer and its rules. */
export function withoutLoadBalancer(account: Account, name: string): Account {
	const loadBalancers = new Map(account.loadBalancers);
	loadBalancers.delete(name);
	return withRules({...account, loadBalancers}, rule => rule.loadBalancer !== name);
}

/** With those of its rules alone that `keep` is true for. */
export function withRules(account: Account, keep: (rule: CloudRule) => boolean): Account {
	const rules = [...account.rules].filter(([, rule]) => keep(rule));
	return rules.length === account.rules.size ? account : {...account, rules: new Map(rules)};
}

export function withCertificate(account: Account, certificate: ServerCertificate): Account {
	return {...account, certificates: new Map(account.certificates).set(certificate.id, certificate)};
}

/** The rules of one load balancer, in the order of their creation. */
export function rulesOf(account: Account, name: string): CloudRule[] {
	return [...account.rules.values()].filter(({loadBalancer}) => loadBalancer === name);
}

/** The certificate of that name; names are unique in an account whatever their paths. */
export function certificateNamed(account: Account, name: string): ServerCertificate | undefined {
	return [...account.certificates.values()].find(certificate => certificate.name === name);
}
