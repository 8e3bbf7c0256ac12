import type {Clock} from '../../base/clock.ts';
import type {Deadlines, Timed} from '../../base/deadlines.ts';
import type {Advisor} from '../../observability/advice/advisor.ts';
import type {Backend} from './backend.ts';
import type {UpstreamConnection} from './upstream-connection.ts';

/** What is read at every use may change: the idle timeout can. */
export interface UpstreamPoolOptions {
	readonly clock: Clock;
	readonly deadlines: Deadlines;
	readonly timeouts: {readonly idleMs: number};
	/** Told of what back-ends do to connections that rest. */
	readonly advisor: Pick<Advisor, 'restEnded' | 'sentUnasked'>;
}

/**
 * The idle connections of one listener to its back-ends. Only a connection that is clean by every rule is given back
 * here, and any event on one that rests ends it (RFC 9112 section 9.3, and the Node advisory CVE-2026-48931).
 */
export class UpstreamPool implements Timed {
	deadlineMs = Number.POSITIVE_INFINITY;
	readonly #options: UpstreamPoolOptions;
	/** By back-end; the one used last is lent first, so that a lull lets the others go. */
	readonly #resting = new Map<Backend, UpstreamConnection[]>();
	/** Those whose exchange is over before its request has left. */
	readonly #leaving = new Set<UpstreamConnection>();
	#closed = false;

	constructor(options: UpstreamPoolOptions) {
		this.#options = options;
	}

	/** An idle connection to `backend`, or undefined. */
	take(backend: Backend): UpstreamConnection | undefined {
		const resting = this.#resting.get(backend);
		for (;;) {
			const connection = resting?.pop();
			if (connection === undefined) return undefined;
			connection.onIdleDeath = undefined;
			if (connection.connection.usable) return connection;
			connection.connection.destroy();
		}
	}

	/** Whether there is an idle connection to `backend`. */
	rests(backend: Backend): boolean {
		return this.#resting.get(backend)?.some(({connection}) => connection.usable) ?? false;
	}

	/**
	 * Takes a clean connection back. It is destroyed after the idle timeout, or when anything happens on it.
	 *
	 * @param exchange the id of the one that it has served.
	 */
	give(connection: UpstreamConnection, nowMs: number, exchange: number): void {
		connection.unassign();
		if (this.#closed || !connection.connection.usable) {
			connection.connection.destroy();
			return;
		}
		connection.served++;
		connection.lastExchange = exchange;
		connection.idleUntilMs = nowMs + this.#options.timeouts.idleMs;
		connection.onIdleDeath = this.#forget;
		// Reading goes on while it rests: that is how its death shows.
		connection.connection.resume();
		const resting = this.#resting.get(connection.backend);
		if (resting === undefined) this.#resting.set(connection.backend, [connection]);
		else resting.push(connection);
		this.#watch(connection);
	}

	/**
	 * Ends a connection whose answer is no longer wanted, with an end behind the bytes of a body: a reset would make the
	 * system drop what the back-end has not taken. A request that lacks its rest cannot pass for a whole one, by its
	 * framing. A back-end that takes no bytes has until the idle timeout.
	 */
	letGo(connection: UpstreamConnection, nowMs: number): void {
		connection.unassign();
		if (this.#closed) {
			connection.connection.reset();
			return;
		}
		connection.idleUntilMs = nowMs + this.#options.timeouts.idleMs;
		connection.onIdleDeath = left => this.#leaving.delete(left);
		this.#leaving.add(connection);
		this.#watch(connection);
		connection.connection.stream.destroySoon();
	}

	#watch({idleUntilMs}: UpstreamConnection): void {
		if (this.deadlineMs === Number.POSITIVE_INFINITY) this.#options.deadlines.add(this);
		// One that came later may have less time: the idle timeout can be changed.
		this.deadlineMs = Math.min(this.deadlineMs, idleUntilMs);
	}

	/** Destroys what has rested too long, and looks again when the next one has. */
	onDeadline(): void {
		const now = this.#options.clock.now();
		let next = Number.POSITIVE_INFINITY;
		for (const resting of this.#resting.values()) {
			for (const connection of [...resting]) {
				if (connection.idleUntilMs <= now) connection.connection.destroy();
				else next = Math.min(next, connection.idleUntilMs);
			}
		}
		for (const leaving of this.#leaving) {
			if (leaving.idleUntilMs <= now) leaving.connection.reset();
			else next = Math.min(next, leaving.idleUntilMs);
		}
		this.deadlineMs = next;
		if (next === Number.POSITIVE_INFINITY) this.#options.deadlines.delete(this);
	}

	/** Ends the idle connections to one back-end, or all of them. */
	drop(backend?: Backend): void {
		for (const [owner, resting] of this.#resting) {
			if (backend !== undefined && owner !== backend) continue;
			this.#resting.delete(owner);
			for (const connection of resting) {
				connection.onIdleDeath = undefined;
				connection.connection.destroy();
			}
		}
		for (const leaving of this.#leaving) {
			if (backend === undefined || leaving.backend === backend) leaving.connection.reset();
		}
	}

	/** Destroys everything, and whatever is given back from now on. */
	close(): void {
		this.#closed = true;
		this.drop();
		this.#options.deadlines.delete(this);
	}

	readonly #forget = (connection: UpstreamConnection): void => {
		const resting = this.#resting.get(connection.backend);
		const index = resting?.indexOf(connection) ?? -1;
		if (index !== -1) resting?.splice(index, 1);
		if (connection.restedUntil !== undefined) this.#tell(connection);
	};

	#tell({backend: {name}, restedUntil, idleUntilMs, lastExchange}: UpstreamConnection): void {
		const {advisor, clock, timeouts} = this.#options;
		if (restedUntil === 'bytes') advisor.sentUnasked(name, lastExchange);
		else advisor.restEnded(name, clock.now() - (idleUntilMs - timeouts.idleMs), lastExchange);
	}
}
