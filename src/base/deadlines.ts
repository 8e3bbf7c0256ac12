import type {Clock} from './clock.ts';

/** Something that must not last longer than until `deadlineMs`. */
export interface Timed {
	/** On the clock's `now()`; `Infinity` when nothing is waited for. Moved freely, at the cost of one assignment. */
	deadlineMs: number;
	/** Called once the deadline is past; moves the deadline or deletes itself, else it is called again. */
	onDeadline(): void;
}

/**
 * Watches the deadlines of many connections with one timer, so that a byte that moves a deadline costs no timer work.
 *
 * A deadline is noticed at most one tick late. The timer rests once a tick has found nothing to watch, so that
 * connections that come and go one by one cost no timer work either.
 */
export class Deadlines {
	readonly #watched = new Set<Timed>();
	readonly #clock: Clock;
	#tickMs: number;
	#stop: (() => void) | undefined;

	constructor(clock: Clock, tickMs: number) {
		this.#clock = clock;
		this.#tickMs = tickMs;
	}

	add(item: Timed): void {
		this.#watched.add(item);
		if (this.#stop === undefined) this.#start();
	}

	delete(item: Timed): void {
		this.#watched.delete(item);
	}

	/** Looks this often from now on. */
	retick(tickMs: number): void {
		if (tickMs === this.#tickMs) return;
		this.#tickMs = tickMs;
		if (this.#stop === undefined) return;
		this.close();
		this.#start();
	}

	/** Stops the timer at once; for the time when nothing is added any more. */
	close(): void {
		this.#stop?.();
		this.#stop = undefined;
	}

	#start(): void {
		this.#stop = this.#clock.every(this.#tickMs, () => this.#check());
	}

	#check(): void {
		if (this.#watched.size === 0) {
			this.close();
			return;
		}
		const now = this.#clock.now();
		for (const item of this.#watched) {
			if (item.deadlineMs <= now) item.onDeadline();
		}
	}
}

/** How often deadlines of these spans are looked at: an eighth of the shortest, 1 ms to 500 ms. */
export function tickFor(...spansMs: readonly number[]): number {
	return Math.min(500, Math.max(1, Math.floor(Math.min(...spansMs) / 8)));
}
