import type {Clock, ClockTask} from './clock.ts';
import {EmulatorError} from './errors.ts';
import {SerialQueue} from './serial-queue.ts';
import {clearTimeout, nextTurn, setTimeout, wallMs} from './timers.ts';

/**
 * How long, in real milliseconds, `advance()` waits for what a task has set in motion before time goes on. What answers
 * over loopback takes a fraction of it; what hangs is waiting for the very time that is held.
 */
const PATIENCE_MS = 1000;

/** 9999-12-31T23:59:59.999Z: what comes after it has no date in certificates, cookies and logs. */
const LAST_DATE_MS = 253_402_300_799_999;

interface Timer {
	dueMs: number;
	/** Undefined for one that is called once. */
	readonly intervalMs: number | undefined;
	readonly task: ClockTask;
}

/** Time that stands still until it is moved: health checks, timeouts and expiry happen without waiting. */
export class ManualClock implements Clock {
	#nowMs = 0;
	/** Wall time starts at the machine's and moves with this clock alone. */
	readonly #epochMs = wallMs();
	/** In the order they were set, which is the order of those that are due at the same time. */
	readonly #timers = new Set<Timer>();
	readonly #inMotion = new Set<Promise<void>>();
	readonly #advances = new SerialQueue();

	now(): number {
		return this.#nowMs;
	}

	wallMs(): number {
		return this.#epochMs + this.#nowMs;
	}

	every(intervalMs: number, task: ClockTask): () => void {
		return this.#set({dueMs: this.#nowMs + intervalMs, intervalMs, task});
	}

	after(delayMs: number, task: ClockTask): () => void {
		return this.#set({dueMs: this.#nowMs + delayMs, intervalMs: undefined, task});
	}

	/**
	 * Moves time on, through everything that is due on the way and in its order. Resolves when what that has set in
	 * motion is over. Calls do not overlap: a second one begins where the first has ended.
	 *
	 * @throws EmulatorError `INVALID_DURATION` when `ms` is negative, no number, or leads beyond the year 9999.
	 */
	advance(ms: number): Promise<void> {
		if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
			const error = new EmulatorError('INVALID_DURATION', `Time cannot be moved by ${ms} ms`, {
				hint: 'Time only goes forward: give 0 or more milliseconds, or text such as "30s".',
			});
			return Promise.reject(error);
		}
		if (this.wallMs() + ms > LAST_DATE_MS) {
			const message = `Time cannot be moved by ${ms} ms: that is after the year 9999, where dates end`;
			return Promise.reject(new EmulatorError('INVALID_DURATION', message));
		}
		return this.#advances.run(() => this.#advance(this.#nowMs + ms));
	}

	#set(timer: Timer): () => void {
		this.#timers.add(timer);
		return () => {
			this.#timers.delete(timer);
		};
	}

	async #advance(untilMs: number): Promise<void> {
		for (;;) {
			await this.#settled();
			const next = this.#next(untilMs);
			if (next === undefined) break;
			this.#nowMs = Math.max(this.#nowMs, next.dueMs);
			this.#fire(next);
		}
		this.#nowMs = untilMs;
	}

	/** The timer that is due first, and no later than then. */
	#next(untilMs: number): Timer | undefined {
		let first: Timer | undefined;
		for (const timer of this.#timers) {
			if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
		}
		return first;
	}

	#fire(timer: Timer): void {
		if (timer.intervalMs === undefined) this.#timers.delete(timer);
		// An interval of nothing would never let time pass.
		else timer.dueMs += Math.max(1, timer.intervalMs);
		const outcome = timer.task();
		if (outcome === undefined) return;
		const motion: Promise<void> = outcome.finally(() => this.#inMotion.delete(motion));
		this.#inMotion.add(motion);
	}

	/** Resolves when what was set in motion is over, or has taken too long to be anything but waiting for this clock. */
	async #settled(): Promise<void> {
		if (this.#inMotion.size > 0) {
			const {promise: patience, cancel} = after(PATIENCE_MS);
			await Promise.race([Promise.all(this.#inMotion), patience]);
			cancel();
		}
		// Sockets tell of what a timeout did to them in the next turns of the event loop.
		for (let turn = 0; turn < 2; turn++) await nextTurn();
	}
}

function after(ms: number): {readonly promise: Promise<void>; readonly cancel: () => void} {
	let cancel = () => {};
	const promise = new Promise<void>(resolve => {
		const timer = setTimeout(resolve, ms);
		cancel = () => {
			clearTimeout(timer);
			resolve();
		};
	});
	return {promise, cancel};
}
