import type {Clock, ClockTask} from './clock.ts';
import {EmulatorError} from './errors.ts';
import {SerialQueue} from './serial-queue.ts';
import {clearTimeout, nextTurn, setTimeout, wallMs} from './timers.ts';

/**
 * How long, in real milliseconds, `advance()` waits for the tasks it has called before time moves on. An answer over
 * loopback takes a fraction of that; a task that takes longer is waiting for this clock itself.
 */
const SETTLE_LIMIT_MS = 1000;

/** 9999-12-31T23:59:59.999Z: certificates, cookies and logs cannot express later dates. */
const LAST_DATE_MS = 253_402_300_799_999;

interface Timer {
	dueMs: number;
	/** Undefined for a task that is called once. */
	readonly intervalMs: number | undefined;
	readonly task: ClockTask;
}

/** A clock that moves only with `advance()`, so that tests of health checks, timeouts and expiry need not wait. */
export class ManualClock implements Clock {
	#nowMs = 0;
	/** Wall time starts at the machine's time and then moves only with this clock. */
	readonly #epochMs = wallMs();
	/** In the order they were set; timers due at the same time are called in this order. */
	readonly #timers = new Set<Timer>();
	readonly #running = new Set<Promise<void>>();
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
	 * Moves time forward and calls everything that falls due, in order. Resolves when the called tasks are done. Calls do
	 * not overlap: a second one starts when the first has ended.
	 *
	 * @throws EmulatorError `INVALID_DURATION` when `ms` is negative, not a number, or leads beyond the year 9999.
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

	/** The timer that is due first, if it is due by `untilMs`. */
	#next(untilMs: number): Timer | undefined {
		let first: Timer | undefined;
		for (const timer of this.#timers) {
			if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
		}
		return first;
	}

	#fire(timer: Timer): void {
		if (timer.intervalMs === undefined) this.#timers.delete(timer);
		// With an interval of 0 time would never pass.
		else timer.dueMs += Math.max(1, timer.intervalMs);
		const outcome = timer.task();
		if (outcome === undefined) return;
		const running: Promise<void> = outcome.finally(() => this.#running.delete(running));
		this.#running.add(running);
	}

	/** Resolves when the called tasks are done, or after the limit: they are then waiting for this clock. */
	async #settled(): Promise<void> {
		if (this.#running.size > 0) {
			const {promise: limit, cancel} = after(SETTLE_LIMIT_MS);
			await Promise.race([Promise.all(this.#running), limit]);
			cancel();
		}
		// Sockets emit the events that a timeout causes in the next turns of the event loop.
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
