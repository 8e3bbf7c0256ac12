import {LONGEST_WAIT_MS, startLongTimer} from './long-timer.ts';
import {clearImmediate, clearInterval, nowMs, setImmediate, setInterval, wallMs} from './timers.ts';

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
		let dueMs = nowMs() + intervalMs;
		const late = new LateTask(task);
		const timer = setInterval(() => {
			late.runDue(dueMs);
			dueMs = nowMs() + intervalMs;
		}, intervalMs);
		timer.unref();
		return () => {
			clearInterval(timer);
			late.cancel();
		};
	},
	after(delayMs, task) {
		const dueMs = nowMs() + delayMs;
		const late = new LateTask(task);
		const {cancel} = startLongTimer(delayMs, () => late.runDue(dueMs), {keepsAlive: false});
		return () => {
			cancel();
			late.cancel();
		};
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

/** A timer that is later than this may stand for a pause of the whole process. */
const LATE_MS = 20;

/**
 * A task of a timer. After a pause of the process (SIGSTOP, a laptop's sleep) Node runs timers before it looks at its
 * sockets, and what came in time would count as missing: so a task that is late is run once the sockets have been read.
 */
class LateTask {
	readonly #task: ClockTask;
	#immediate: ReturnType<typeof setImmediate> | undefined;

	constructor(task: ClockTask) {
		this.#task = task;
	}

	runDue(dueMs: number): void {
		if (nowMs() - dueMs <= LATE_MS) void this.#task();
		else
			this.#immediate ??= setImmediate(() => {
				this.#immediate = undefined;
				void this.#task();
			});
	}

	cancel(): void {
		if (this.#immediate !== undefined) clearImmediate(this.#immediate);
		this.#immediate = undefined;
	}
}
