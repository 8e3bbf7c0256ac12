import {LONGEST_WAIT_MS, startLongTimer} from './long-timer.ts';
import {clearInterval, nowMs, setInterval, wallMs} from './timers.ts';

/**
 * What a clock calls when its time has come. A promise tells a clock that is held by hand when what it set in motion is
 * over; it must not be rejected.
 */
export type ClockTask = () => void | Promise<void>;

/** Where time comes from. Durations are measured on `now()`, which never jumps; `wallMs()` is for people. */
export interface Clock {
	/** Milliseconds since some fixed moment, with fractions. */
	now(): number;
	/** Milliseconds since 1970-01-01 UTC. */
	wallMs(): number;
	/** Calls `task` every `intervalMs` until the returned function is called. Keeps no process alive. */
	every(intervalMs: number, task: ClockTask): () => void;
	/** Calls `task` once, `delayMs` from now, unless the returned function is called before. Keeps no process alive. */
	after(delayMs: number, task: ClockTask): () => void;
}

/** The machine's own time. */
export const systemClock: Clock = {
	now: nowMs,
	wallMs,
	every(intervalMs, task) {
		if (intervalMs > LONGEST_WAIT_MS) return everyLong(intervalMs, task);
		const timer = setInterval(task, intervalMs);
		timer.unref();
		return () => clearInterval(timer);
	},
	after(delayMs, task) {
		return startLongTimer(delayMs, () => void task(), {keepsAlive: false}).cancel;
	},
};

function everyLong(intervalMs: number, task: ClockTask): () => void {
	let cancel = () => {};
	const start = () => {
		cancel = startLongTimer(intervalMs, beat, {keepsAlive: false}).cancel;
	};
	const beat = () => {
		start();
		void task();
	};
	start();
	return () => cancel();
}
