import {isAlike} from '../base/alike.ts';
import {Revision} from '../base/revision.ts';
import type {ResolvedBackend, ResolvedLoadBalancer} from '../model/resolved.ts';
import type {Advisor} from '../observability/advice/advisor.ts';
import {Backend} from './backends/backend.ts';
import {HealthChecker} from './health/health-checker.ts';
import type {Services} from './services.ts';

/** The back-ends that are registered with one load balancer, in registration order, and the probes of them. */
export class RegisteredBackends {
	readonly #checker: HealthChecker<Backend>;
	#faithfulHealth: boolean;
	#all: readonly Backend[] = [];
	#registrations = 0;
	/** Advances whenever one of them stands otherwise. */
	readonly standings: Revision;

	/** @param advisor told of each probe that is over. */
	constructor(
		{name: loadBalancer, healthCheck, faithfulHealth}: ResolvedLoadBalancer,
		services: Services,
		advisor: Pick<Advisor, 'probed'>,
	) {
		this.standings = new Revision(services.shown);
		this.#faithfulHealth = faithfulHealth;
		this.#checker = new HealthChecker<Backend>({
			check: healthCheck,
			firstSuccessSuffices: () => !this.#faithfulHealth,
			clock: services.clock,
			buffers: services.buffers,
			secureContext: versions => services.contexts.forProbes(versions),
			onProbed: ({name: backend, health}, before) => {
				if (health.lastProbe !== undefined) advisor.probed(backend, health.lastProbe);
				const transition = health.transitions.at(-1);
				if (health.state === before.state || transition === undefined) return;
				services.onHealthChange({loadBalancer, backend, transition});
			},
		});
	}

	get all(): readonly Backend[] {
		return this.#all;
	}

	/** Those that have had no verdict yet. */
	get undecided(): readonly Backend[] {
		return this.#all.filter(backend => !backend.hasVerdict(this.#checker.check));
	}

	/**
	 * Becomes what is described. A back-end that stays keeps its health and its place in the order.
	 *
	 * @returns those that are no longer registered. They are not probed any more; nothing else has happened to them.
	 */
	update({backends: described, healthCheck, faithfulHealth}: ResolvedLoadBalancer): readonly Backend[] {
		this.#faithfulHealth = faithfulHealth;
		if (!isAlike(this.#checker.check, healthCheck)) this.#checker.setCheck(healthCheck);
		// Names are unique, and there may be thousands of them.
		const byName = new Map(described.map(other => [other.name, other]));
		const kept = this.#all.filter(({name, description}) => isAlike(description, byName.get(name)));
		const keptNames = new Set(kept.map(({name}) => name));
		const added = described
			.filter(({name}) => !keptNames.has(name))
			.map(description => new Backend(description, this.#registrations++, this.#startOf(description), this.standings));
		const removed = this.#all.filter(({name}) => !keptNames.has(name));
		for (const backend of removed) this.#checker.remove(backend);
		this.#all = [...kept, ...added];
		for (const backend of added) {
			if (backend.undeclared) continue;
			void this.#checker.add(backend, this.#startOf(backend.description) === 'pending' ? 'at-once' : 'at-next-beat');
		}
		return removed;
	}

	/** @returns whether it was registered. */
	remove(backend: Backend): boolean {
		if (!this.#all.includes(backend)) return false;
		this.#checker.remove(backend);
		this.#all = this.#all.filter(other => other !== backend);
		return true;
	}

	/**
	 * Probes every back-end until the thresholds have decided.
	 *
	 * @returns those for which nothing could be decided: their results alternate.
	 */
	settle(): Promise<Backend[]> {
		return this.#checker.settle();
	}

	/** Ends all probing. Resolves when the sockets of probes are closed. */
	stopProbing(): Promise<void> {
		return this.#checker.stop();
	}

	#startOf({startsPending}: ResolvedBackend): 'pending' | 'in-service' {
		return this.#faithfulHealth || startsPending === true ? 'pending' : 'in-service';
	}
}
