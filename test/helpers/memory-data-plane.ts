import type {BackendHealth, DataPlane, Outside, RunningLoadBalancer} from '../../src/control-plane/data-plane-port.ts';
import type {PemPair} from '../../src/model/load-balancer.ts';
import type {NormalisedLoadBalancer} from '../../src/model/normalised.ts';

const PENDING = {code: 'ELB', description: 'Instance registration is pending'} as const;
const FINE = {code: 'N/A', description: 'N/A'} as const;

/** A data plane that moves no bytes: it keeps what it was asked to run, and what it was asked. */
export class MemoryDataPlane implements DataPlane, Outside {
	readonly running = new Map<string, NormalisedLoadBalancer>();
	/** Certificates of a configuration, by name. */
	readonly known = new Map<string, PemPair>();
	/** What listeners show that were not described with their certificates, by load balancer and port. */
	readonly #shown = new Map<string, ReadonlyMap<number, PemPair>>();
	/** `apply web`, `remove web`, in their order. */
	readonly calls: string[] = [];
	/** Names of back-ends whose probes have passed. */
	readonly healthy = new Set<string>();
	/** Thrown in place of the next application of a load balancer of that name. */
	readonly failures = new Map<string, Error>();

	/** Runs what did not come through an API. */
	adopt(described: NormalisedLoadBalancer, shown: ReadonlyMap<number, PemPair>): void {
		this.running.set(described.name, described);
		this.#shown.set(described.name, shown);
	}

	loadBalancers(): RunningLoadBalancer[] {
		return [...this.running.values()].map(described => {
			const shown = new Map(this.#shown.get(described.name));
			for (const {ports, certificate} of described.listeners) {
				if (certificate?.kind === 'pem') shown.set(ports.port, certificate.pair);
			}
			return {described, certificates: shown};
		});
	}

	certificates(): ReadonlyMap<string, PemPair> {
		return new Map(this.known);
	}

	async apply(described: NormalisedLoadBalancer): Promise<NormalisedLoadBalancer> {
		this.calls.push(`apply ${described.name}`);
		// What binds a port takes its time, and others get their turn meanwhile.
		await new Promise(resolve => setImmediate(resolve));
		const failure = this.failures.get(described.name);
		this.failures.delete(described.name);
		if (failure !== undefined) throw failure;
		this.running.set(described.name, described);
		return described;
	}

	async remove(name: string): Promise<void> {
		this.calls.push(`remove ${name}`);
		await new Promise(resolve => setImmediate(resolve));
		this.running.delete(name);
	}

	healthOf(name: string): readonly BackendHealth[] {
		const described = this.running.get(name);
		return (described?.backends ?? []).map(backend => {
			const inService = !described?.pendingBackends.has(backend.name) || this.healthy.has(backend.name);
			return {
				name: backend.name,
				state: inService ? 'InService' : 'OutOfService',
				reason: inService ? FINE : PENDING,
			};
		});
	}
}
