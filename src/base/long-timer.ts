import {clearTimeout, setTimeout} from './timers.ts';

/** The longest delay of Node's timers (documented with `setTimeout`); a longer one fires at once. */
export const LONGEST_WAIT_MS = 2_147_483_647;

/** A running timer. */
export interface LongTimer {
	/** Cancels the call; has no effect after it. */
	cancel(): void;
}

export interface LongTimerOptions {
	/** Whether it keeps the process alive. */
	readonly keepsAlive: boolean;
	/** The longest single wait; {@link LONGEST_WAIT_MS} by default. */
	readonly longestMs?: number;
}

/**
 * Calls `task` once after a delay that may be longer than Node's timers allow: it sets several, one after the other.
 * `Infinity` never calls.
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
