import {performance} from 'node:perf_hooks';

/** Where time comes from. Durations are measured on `now()`, which never jumps; `wallMs()` is for people. */
export interface Clock {
	/** Milliseconds since some fixed moment, with fractions. */
	now(): number;
	/** Milliseconds since 1970-01-01 UTC. */
	wallMs(): number;
	/** Calls `task` every `intervalMs` until the returned function is called. Keeps no process alive. */
	every(intervalMs: number, task: () => void): () => void;
}

/** The machine's own time. */
export const systemClock: Clock = {
	now: () => performance.now(),
	wallMs: () => Date.now(),
	every(intervalMs, task) {
		const timer = setInterval(task, intervalMs);
		timer.unref();
		return () => clearInterval(timer);
	},
};
