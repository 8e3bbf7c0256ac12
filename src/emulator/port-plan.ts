import type {BoundPort} from '../data-plane/sockets/listener.ts';
import type {NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Entry} from './entry.ts';

/** Which ports are whose while a change is prepared: those that its load balancers give up are there for the taking. */
export class PortPlan {
	/** Bound, and not given up. */
	readonly #taken = new Set<BoundPort>();
	readonly #givenUp = new Set<BoundPort>();

	/**
	 * @param entries all that run.
	 * @param next what those are to become that change.
	 * @param unwanted those that are to go.
	 * @param host where listeners of load balancers without an address of their own are bound.
	 */
	constructor(
		entries: Iterable<Entry>,
		{
			next,
			unwanted,
			host,
		}: {
			readonly next: ReadonlyMap<Entry, NormalisedLoadBalancer>;
			readonly unwanted: ReadonlySet<Entry>;
			readonly host: string;
		},
	) {
		for (const entry of entries) {
			const described = next.get(entry);
			for (const {description, bound} of entry.running.listeners) {
				const goes =
					unwanted.has(entry) ||
					(described !== undefined &&
						(description.bind.host !== (described.address ?? host) ||
							!described.listeners.some(({ports}) => ports.port === description.port)));
				(goes ? this.#givenUp : this.#taken).add(bound);
			}
		}
	}

	/** Those that nobody has taken over yet. */
	get adoptable(): readonly BoundPort[] {
		return [...this.#givenUp];
	}

	/** Whether a load balancer here has bound this and keeps it. */
	isTaken(host: string, port: number): boolean {
		for (const bound of this.#taken) if (bound.host === host && bound.port === port) return true;
		return false;
	}

	take(ports: readonly BoundPort[]): void {
		for (const port of ports) {
			this.#givenUp.delete(port);
			this.#taken.add(port);
		}
	}
}
