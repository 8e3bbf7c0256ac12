import type {Health, OperatorSetting, ServiceState} from '../../model/health.ts';
import type {Advice} from '../../observability/advice/advice.ts';
import {type AdviceJson, adviceJson} from '../../observability/advice/advice-json.ts';
import type {BackendDetails, ListenerDetails, LoadBalancerDetails} from './state-details.ts';

/** A load balancer as whoever runs it shows it; the handles of the library have this shape. */
export interface RunningView {
	readonly name: string;
	readonly dnsName: string;
	readonly listeners: readonly {
		readonly spec: string;
		readonly port: number;
		readonly host: string;
		readonly boundPort: number;
		readonly certificate?: {
			readonly names: readonly string[];
			readonly notAfter: Date;
			readonly fingerprint256: string;
			readonly warnings: readonly string[];
		};
	}[];
	readonly backends: readonly {
		readonly name: string;
		readonly kind: string;
		readonly address: string;
		readonly state: ServiceState;
		readonly reason?: string;
		readonly operator: OperatorSetting;
		readonly inFlight: number;
		readonly health: Pick<Health, 'lastProbe'>;
	}[];
	readonly warnings: readonly string[];
	readonly advice: readonly Advice[];
}

export interface BackendState extends BackendDetails {
	readonly name: string;
	readonly kind: string;
	readonly address: string;
	readonly state: ServiceState;
	/** Why it is out of service. */
	readonly reason?: string;
	readonly operator: OperatorSetting;
	readonly inFlight: number;
	readonly lastProbe?: {
		readonly target: string;
		readonly address: string;
		readonly result: string;
		readonly ms: number;
		/** ISO 8601, UTC. */
		readonly at: string;
	};
}

export interface LoadBalancerState extends LoadBalancerDetails {
	readonly name: string;
	readonly dnsName: string;
	/** In the cloud's words: `active` and the like. */
	readonly state: string;
	readonly listeners: readonly (ListenerDetails & {
		readonly spec: string;
		/** The port that was written. */
		readonly port: number;
		readonly host: string;
		readonly boundPort: number;
		readonly certificate?: {
			readonly names: readonly string[];
			/** ISO 8601, UTC. */
			readonly notAfter: string;
			readonly fingerprint256: string;
			readonly warnings: readonly string[];
		};
	})[];
	readonly backends: readonly BackendState[];
	readonly warnings: readonly string[];
	readonly advice: readonly AdviceJson[];
}

export interface VmAddress {
	readonly id: string;
	/** `host:port`, or a host alone: the listener's back-end port then. */
	readonly address: string;
}

/** Everything about what runs, as `GET /_lb/state` answers it. No key and no secret is in it. */
export interface AdminState {
	readonly version: string;
	/** Grows with every change of what is shown here, but for what each exchange changes. */
	readonly revision: number;
	/** The process it runs in. */
	readonly pid: number;
	/** Of the control port: `http://127.0.0.1:8089`. */
	readonly endpoint: string;
	readonly region: string;
	/** `any`: whatever credentials a client has, it is let in. `verified`: they have to be the configured ones. */
	readonly credentials: 'any' | 'verified';
	readonly clock: {
		readonly kind: 'real' | 'manual';
		/** ISO 8601, UTC. */
		readonly now: string;
	};
	readonly loadBalancers: readonly LoadBalancerState[];
	readonly vms: readonly VmAddress[];
	readonly notices: readonly string[];
	readonly warnings: readonly string[];
}

/** @param state in the cloud's words. */
export function loadBalancerState(view: RunningView, state = 'active'): LoadBalancerState {
	const {name, dnsName, listeners, backends, warnings, advice} = view;
	return {
		name,
		dnsName,
		state,
		listeners: listeners.map(({spec, port, host, boundPort, certificate}) => ({
			spec,
			port,
			host,
			boundPort,
			...(certificate === undefined ? {} : {certificate: certificateState(certificate)}),
		})),
		backends: backends.map(backendState),
		warnings,
		advice: advice.map(adviceJson),
	};
}

function certificateState({
	names,
	notAfter,
	fingerprint256,
	warnings,
}: NonNullable<RunningView['listeners'][number]['certificate']>) {
	return {names, notAfter: notAfter.toISOString(), fingerprint256, warnings};
}

function backendState(view: RunningView['backends'][number]): BackendState {
	const {name, kind, address, state, reason, operator, inFlight, health} = view;
	const {lastProbe} = health;
	return {
		name,
		kind,
		address,
		state,
		...(reason === undefined ? {} : {reason}),
		operator,
		inFlight,
		...(lastProbe === undefined
			? {}
			: {
					lastProbe: {
						target: lastProbe.target,
						address: lastProbe.address,
						result: lastProbe.result,
						ms: lastProbe.ms,
						at: new Date(lastProbe.atMs).toISOString(),
					},
				}),
	};
}
