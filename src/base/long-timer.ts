import {clearTimeout, setTimeout} from './timers.ts';

/** The longest wait of Node's timers (documented with `setTimeout`); one that is set beyond it fires at once. */
export const LONGEST_WAIT_MS = 2_147_483_647;

/** A timer that was started. */
export interface LongTimer {
	/** Keeps it from calling; nothing happens when it has called already. */
	cancel(): void;
}

export interface LongTimerOptions {
	/** Whether the process stays alive for it. */
	readonly keepsAlive: boolean;
	/** The longest single wait; {@link LONGEST_WAIT_MS} unless said otherwise. */
	readonly longestMs?: number;
}

/**
 * Calls `task` once after any time, also one that is longer than Node's timers can wait: those are set one after the
 * other until the time has passed. `Infinity` never calls.
 */
export function startLongTimer(delayMs: number, task: () => void, options: LongTimerOptions): LongTimer {
	const {keepsAlive, longestMs = LONGEST_WAIT_MS} = options;
	let timer: NodeJS.Timeout;
	const wait = (leftMs: number) => {
		const next = leftMs > longestMs ? () => wait(leftMs - longestMs) : task;
		timer = setTimeout(next, Math.min(leftMs, longestMs));
		if (!keepsAlive) timer.unref();
	};
	wait(delayMs);
	return {cancel: () => clearTimeout(timer)};
}
