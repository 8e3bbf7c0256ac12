import type {HealthCheck} from './health-check.ts';
import type {Life} from './life.ts';
import type {ListenerPorts} from './listener.ts';
import type {StickinessPolicy} from './stickiness-policy.ts';

/** `internet-facing`: a public address; `internal`: reached from inside its Net (OUTSCALE API 1.40, LoadBalancerType). */
export type Scheme = 'internet-facing' | 'internal';

/** A listener as the cloud keeps it. */
export interface CloudListener extends ListenerPorts {
	/** Shared by the rules of this listener, and nowhere else shown (OUTSCALE API 1.40, ListenerRule.ListenerId). */
	readonly id: number;
	/** Of a server certificate, by its internal id, so that a new name or path of it changes nothing here. */
	readonly certificateId: string | undefined;
	/** Names of the policies that are enabled on it: one at most. */
	readonly policies: readonly string[];
}

/** A stickiness policy and its name, which is unique on its load balancer. */
export interface CloudPolicy {
	readonly name: string;
	readonly stickiness: StickinessPolicy;
}

/** A back-end as it was registered: by VM, or by address. The two are registries apart. */
export type Registration = {readonly kind: 'vm'; readonly id: string} | {readonly kind: 'address'; readonly ip: string};

/** Where a load balancer stands: in the public Cloud, or in a Net. */
export type Placement =
	| {readonly kind: 'public'; readonly subregion: string}
	| {
			readonly kind: 'net';
			readonly subregion: string;
			readonly netId: string;
			readonly subnetId: string;
			/** Never empty. */
			readonly securityGroups: readonly string[];
			/** Shown from the first read on, not in the answer to the creation (recorded from OUTSCALE). */
			readonly privateIp: string;
	  };

/** OUTSCALE API 1.40, AccessLog. */
export interface CloudAccessLog {
	readonly enabled: boolean;
	readonly bucket: string | undefined;
	readonly prefix: string | undefined;
	readonly intervalMinutes: 5 | 60;
}

export const NO_ACCESS_LOG: CloudAccessLog = {
	enabled: false,
	bucket: undefined,
	prefix: undefined,
	intervalMinutes: 60,
};

/** A load balancer with everything the cloud knows of it. A value. */
export interface CloudLoadBalancer {
	readonly name: string;
	readonly dnsName: string;
	readonly scheme: Scheme;
	/** In the order of their creation. */
	readonly listeners: readonly CloudListener[];
	readonly healthCheck: HealthCheck;
	readonly accessLog: CloudAccessLog;
	readonly policies: readonly CloudPolicy[];
	readonly tags: ReadonlyMap<string, string>;
	/** In registration order, which is the order of round robin. */
	readonly backends: readonly Registration[];
	readonly placement: Placement;
	/** `own`: one of the account's, not one that the cloud lends. Internal ones have none. */
	readonly publicIp: {readonly address: string; readonly own: boolean} | undefined;
	readonly securedCookies: boolean;
	readonly life: Life;
}

/** A listener rule as the cloud keeps it; its name is unique in the account. */
export interface CloudRule {
	readonly name: string;
	readonly id: number;
	readonly loadBalancer: string;
	/** The logical port of its listener. */
	readonly listener: number;
	readonly priority: number;
	readonly host: string | undefined;
	readonly path: string | undefined;
	readonly vmIds: readonly string[];
}
