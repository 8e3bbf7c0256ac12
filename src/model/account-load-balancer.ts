import type {NormalisedFaultRule} from './fault.ts';
import type {HealthCheck} from './health-check.ts';
import type {Life} from './life.ts';
import type {ListenerPorts} from './listener.ts';
import type {CertificateReference, NormalisedAccessLog} from './normalised.ts';
import type {NamedPolicy} from './policy.ts';
import type {ListenerSettings, Settings} from './settings.ts';

/** `internet-facing`: a public address; `internal`: reached from inside its Net (OUTSCALE API 1.40, LoadBalancerType). */
export type Scheme = 'internet-facing' | 'internal';

/** A listener, with what any surface has a word for. */
export interface AccountListener extends ListenerPorts, ListenerSettings {
	/** Shared by the rules of this listener, and nowhere else shown (OUTSCALE API 1.40, ListenerRule.ListenerId). */
	readonly id: number;
	/** Of a server certificate, by its internal id, so that a new name or path of it changes nothing here. */
	readonly certificateId: string | undefined;
	/** Names of the policies that are enabled on it: at most one of stickiness, and one of SSL negotiation. */
	readonly policies: readonly string[];
	/** What was asked for: a listener that asks for the same again keeps its certificate. */
	readonly certificate: CertificateReference | undefined;
}

/** What a back-end is registered by: a VM, or an address. The two are registries apart. */
export type BackendId = {readonly kind: 'vm'; readonly id: string} | {readonly kind: 'address'; readonly ip: string};

/** A back-end as it was registered. */
export type Registration = BackendId & {
	/** Out of service until a probe has passed, as the cloud registers; the library and the configuration do not. */
	readonly isPending: boolean;
};

/** A Subnet that a load balancer stands in. */
export interface PlacedSubnet {
	readonly id: string;
	readonly subregion: string;
}

/**
 * Where a load balancer stands: in the public Cloud, or in a Net. One subregion or Subnet on OUTSCALE; on AWS there may be
 * several, the Subnets in as many subregions.
 */
export type Placement =
	| {
			readonly kind: 'public';
			/** Never empty. */
			readonly subregions: readonly string[];
			/** AWS alone has such groups outside a Net of one's own. */
			readonly securityGroups: readonly string[];
	  }
	| {
			readonly kind: 'net';
			readonly netId: string;
			/** Empty once all of them have been detached. */
			readonly subnets: readonly PlacedSubnet[];
			/** Never empty. */
			readonly securityGroups: readonly string[];
			/** Shown from the first read on, not in the answer to the creation (recorded from OUTSCALE). */
			readonly privateIp: string;
	  };

/** The subregions that a load balancer stands in, by name. */
export function subregionsOf(placement: Placement): readonly string[] {
	const all = placement.kind === 'net' ? placement.subnets.map(({subregion}) => subregion) : placement.subregions;
	return [...new Set(all)].sort();
}

/** OUTSCALE API 1.40, AccessLog. */
export interface AccessLogSettings {
	readonly enabled: boolean;
	readonly bucket: string | undefined;
	readonly prefix: string | undefined;
	readonly intervalMinutes: 5 | 60;
}

export const NO_ACCESS_LOG: AccessLogSettings = {
	enabled: false,
	bucket: undefined,
	prefix: undefined,
	intervalMinutes: 60,
};

/** What is done about requests that may desynchronise two servers: AWS Classic ELB, `elb.http.desyncmitigationmode`. */
export const DESYNC_MODES = ['monitor', 'defensive', 'strictest'] as const;
export type DesyncMode = (typeof DESYNC_MODES)[number];

/** AWS Classic ELB, ConnectionDraining.Timeout: 300 s when it is switched on without a time. */
export const DEFAULT_DRAINING_MS = 300_000;

/** How a load balancer came to be. */
export interface Creation {
	/** Counts up over the account: the order of creation. */
	readonly serial: number;
	/** Milliseconds since 1970-01-01 UTC. */
	readonly wallMs: number;
	/**
	 * What an API asked for, in one form whatever its order, so that the same may be asked for again; undefined for one of
	 * the library or the configuration.
	 */
	readonly asked: {readonly parameters: string; readonly tags: string} | undefined;
}

/** Bounds what is remembered of a load balancer whose VMs come and go. */
export const MAX_FORMER_VMS = 1000;

/** A load balancer, with everything that any surface has a word for. A value. */
export interface AccountLoadBalancer extends Settings {
	readonly name: string;
	readonly dnsName: string;
	readonly scheme: Scheme;
	/** In the order of their creation. */
	readonly listeners: readonly AccountListener[];
	readonly healthCheck: HealthCheck;
	readonly accessLog: AccessLogSettings;
	/** Kept and shown, without effect: there is one node. */
	readonly crossZone: boolean;
	/** Kept and shown, without effect: requests are read strictly in any case. */
	readonly desyncMode: DesyncMode;
	/** What `drainingMs` is when draining is switched on without a time: what an API said last. */
	readonly drainingTimeoutMs: number;
	/** In the order of their creation. */
	readonly policies: readonly NamedPolicy[];
	/** Names of the policies that are enabled on a back-end port, by that port; ports without any are not in here. */
	readonly backendPolicies: ReadonlyMap<number, readonly string[]>;
	/** A value that is undefined: a key alone, which the API of AWS tells from an empty value. */
	readonly tags: ReadonlyMap<string, string | undefined>;
	/** In registration order, which is the order of round robin. */
	readonly backends: readonly Registration[];
	/** Ids of VMs that were registered and are no longer, the latest last; at most `MAX_FORMER_VMS`. */
	readonly formerVms: readonly string[];
	readonly placement: Placement;
	/** `own`: one of the account's, not one that the cloud lends. Internal ones have none. */
	readonly publicIp: {readonly address: string; readonly own: boolean} | undefined;
	readonly life: Life;
	readonly creation: Creation;
	/** Where the access log is written; undefined: nowhere. */
	readonly logTarget: NormalisedAccessLog | undefined;
	/** The loopback address to bind; undefined = the emulator's host. */
	readonly address: string | undefined;
	/** What goes wrong on purpose, as the library or the configuration describes it. */
	readonly faults: readonly NormalisedFaultRule[];
	/** What the library or the configuration wrote, name and all; empty for one of an API. */
	readonly source: Readonly<Record<string, unknown>>;
	/** Whether the configuration describes it. */
	readonly isConfigured: boolean;
}

/** A rule as it shows at one listener. The name is unique in the account. */
export interface RuleIdentity {
	readonly name: string;
	readonly id: number;
}

/** Where a rule holds: at every HTTP and HTTPS listener, or at one listener. Ports are logical. */
export type RuleScope =
	| {readonly kind: 'all'; readonly shown: ReadonlyMap<number, RuleIdentity>}
	| {readonly kind: 'listener'; readonly port: number; readonly shown: RuleIdentity};

/** A rule of a load balancer. */
export interface Rule {
	readonly loadBalancer: string;
	readonly scope: RuleScope;
	/** As it was written; undefined where the library or the configuration gave none. */
	readonly name: string | undefined;
	readonly priority: number;
	readonly host: string | undefined;
	readonly path: string | undefined;
	readonly vmIds: readonly string[];
}

/** A rule as the cloud lists it: of one listener. */
export interface ListedRule extends RuleIdentity {
	readonly loadBalancer: string;
	/** The logical port of its listener. */
	readonly listener: number;
	readonly priority: number;
	readonly host: string | undefined;
	readonly path: string | undefined;
	readonly vmIds: readonly string[];
}
