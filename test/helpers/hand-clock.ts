import type {Clock, ClockTask} from '../../src/base/clock.ts';

interface Due {
	atMs: number;
	readonly everyMs: number | undefined;
	readonly task: ClockTask;
}

/** A clock that stands still until a test moves it. */
export class HandClock implements Clock {
	readonly #startMs: number;
	#nowMs = 0;
	readonly #due = new Set<Due>();

	/** @param startMs the wall time at its start. */
	constructor(startMs = 1_700_000_000_000) {
		this.#startMs = startMs;
	}

	now(): number {
		return this.#nowMs;
	}

	wallMs(): number {
		return this.#startMs + this.#nowMs;
	}

	every(intervalMs: number, task: ClockTask): () => void {
		return this.#add({atMs: this.#nowMs + intervalMs, everyMs: intervalMs, task});
	}

	after(delayMs: number, task: ClockTask): () => void {
		return this.#add({atMs: this.#nowMs + delayMs, everyMs: undefined, task});
	}

	/** How many tasks wait for their time. */
	get waiting(): number {
		return this.#due.size;
	}

	/** Moves on, and starts everything that is due. Resolves when it is over; the time has come without waiting for that. */
	async advance(byMs: number): Promise<void> {
		const untilMs = this.#nowMs + byMs;
		const started: (void | Promise<void>)[] = [];
		for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
			this.#nowMs = next.atMs;
			if (next.everyMs === undefined) this.#due.delete(next);
			else next.atMs += next.everyMs;
			started.push(next.task());
		}
		this.#nowMs = untilMs;
		await Promise.all(started);
	}

	#next(untilMs: number): Due | undefined {
		return [...this.#due].filter(({atMs}) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
	}

	#add(due: Due): () => void {
		this.#due.add(due);
		return () => void this.#due.delete(due);
	}
}
