import {LONGEST_WAIT_MS, startLongTimer} from './long-timer.ts';
import {clearImmediate, clearInterval, nowMs, setImmediate, setInterval, wallMs} from './timers.ts';

/**
 * What a clock calls when it is due. A manual clock waits for the returned promise before time moves on; it must not be
 * rejected.
 */
export type ClockTask = () => void | Promise<void>;

/**
 * The source of time. Durations are measured with `now()`, which never jumps; `wallMs()` is the date that people read.
 */
export interface Clock {
	/** Milliseconds since some fixed moment, with fractions. */
	now(): number;
	/** Milliseconds since 1970-01-01 UTC. */
	wallMs(): number;
	/** Calls `task` every `intervalMs` until the returned function is called. Does not keep the process alive. */
	every(intervalMs: number, task: ClockTask): () => void;
	/**
	 * Calls `task` once, `delayMs` from now, unless the returned function is called before. Does not keep the process
	 * alive.
	 */
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

/** A timer that is later than this may mean that the whole process was paused. */
const LATE_MS = 20;

/**
 * A task of a timer. After a pause of the process (SIGSTOP, a laptop's sleep) Node runs timers before it reads its
 * sockets, so data that arrived in time would count as missing. A late task therefore runs after the sockets have been
 * read.
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
