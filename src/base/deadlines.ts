import type {Clock} from './clock.ts';

/** Something that must not last longer than until `deadlineMs`. */
export interface Timed {
	/** In the clock's `now()`; `Infinity` when there is no deadline. Moving it costs one assignment. */
	deadlineMs: number;
	/** Called when the deadline is past, and again at each tick until the deadline is moved or this is deleted. */
	onDeadline(): void;
}

/**
 * Watches the deadlines of many connections with one timer, so that moving a deadline with each byte needs no timer
 * call.
 *
 * A deadline is noticed at most one tick late. The timer stops when a tick finds nothing to watch, and not before, so
 * that connections that come and go one by one do not restart it.
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

	/** Changes how often the deadlines are checked. */
	retick(tickMs: number): void {
		if (tickMs === this.#tickMs) return;
		this.#tickMs = tickMs;
		if (this.#stop === undefined) return;
		this.close();
		this.#start();
	}

	/** Stops the timer at once; nothing may be added afterwards. */
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

/** How often deadlines of these durations are checked: an eighth of the shortest, 1 ms to 500 ms. */
export function tickFor(...spansMs: readonly number[]): number {
	return Math.min(500, Math.max(1, Math.floor(Math.min(...spansMs) / 8)));
}
