import type {HealthReason, ServiceState} from '../model/health.ts';
import type {PemPair} from '../model/load-balancer.ts';
import type {NormalisedLoadBalancer} from '../model/normalised.ts';

/** Why a registered back-end is in the state it is in. */
export interface BackendHealth {
	readonly name: string;
	readonly state: ServiceState;
	readonly reason: HealthReason;
}

/** A load balancer as it runs, whoever had it started. */
export interface RunningLoadBalancer {
	/** The same object for as long as nothing about it changes. */
	readonly described: NormalisedLoadBalancer;
	/** What its listeners show, by logical port. */
	readonly certificates: ReadonlyMap<number, PemPair>;
}

/** What runs, and what stands in the configuration: asked for before each command and each read. */
export interface Outside {
	loadBalancers(): Iterable<RunningLoadBalancer>;
	/** Certificates of the configuration, by name. The same pair is the same object. */
	certificates(): ReadonlyMap<string, PemPair>;
}

/** What the control plane asks of whoever moves the bytes. */
export interface DataPlane {
	/**
	 * Makes the load balancer of that name what is described, starting it when it is new. All or nothing.
	 *
	 * @param insteadOf what it has to be described as until then, undefined: not at all. Others change it too.
	 * @returns what it runs as from then on; undefined when it was described otherwise, and nothing has changed.
	 * @throws EmulatorError `PORT_UNAVAILABLE` and others; then what ran before runs on.
	 */
	apply(
		described: NormalisedLoadBalancer,
		insteadOf: NormalisedLoadBalancer | undefined,
	): Promise<NormalisedLoadBalancer | undefined>;
	/** Ends it. Resolves when its ports are free. */
	remove(name: string): Promise<void>;
	/** State and reason of each registered back-end, by its name; empty for a load balancer that does not run. */
	healthOf(name: string): readonly BackendHealth[];
}
