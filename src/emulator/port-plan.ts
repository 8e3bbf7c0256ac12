import type {BoundPort} from '../data-plane/sockets/listener.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';

/** Which ports are whose while a change is prepared: those that its load balancers give up are there for the taking. */
export class PortPlan {
	/** Bound, and not given up. */
	readonly #taken = new Set<BoundPort>();
	readonly #givenUp = new Set<BoundPort>();

	/**
	 * @param managed all that run.
	 * @param next what those are to become that change.
	 * @param removed those that are to go.
	 * @param host where listeners of load balancers without an address of their own are bound.
	 */
	constructor(
		managed: Iterable<ManagedLoadBalancer>,
		{
			next,
			removed,
			host,
		}: {
			readonly next: ReadonlyMap<ManagedLoadBalancer, AccountLoadBalancer>;
			readonly removed: ReadonlySet<ManagedLoadBalancer>;
			readonly host: string;
		},
	) {
		for (const each of managed) {
			const becomes = next.get(each);
			for (const {description, bound} of each.running.listeners) {
				const goes =
					removed.has(each) ||
					(becomes !== undefined &&
						(description.bind.host !== (becomes.address ?? host) ||
							!becomes.listeners.some(({port}) => port === description.port)));
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
