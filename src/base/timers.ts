/**
 * Timers and time that a test's fake timers do not replace. All of `src/` uses these: a load balancer runs in real time
 * (`clock: 'manual'` is its own way to stop it), and would hang with fake timers.
 *
 * Everything is read once, when this module loads. Fake timers (node:test, sinon, jest, vitest) replace properties of
 * the global object, of `node:timers` and of `node:timers/promises`, so a later lookup may return a fake.
 */
import {performance} from 'node:perf_hooks';
import process from 'node:process';
import {PassThrough} from 'node:stream';
import * as nodeTimers from 'node:timers';
import {EmulatorError} from './errors.ts';

export const {setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate} = nodeTimers;
export const queueMicrotask = globalThis.queueMicrotask;

/** Milliseconds since some fixed moment, with fractions; never jumps. */
export const nowMs: () => number = performance.now.bind(performance);

/** Milliseconds since 1970-01-01 UTC. */
export const wallMs: () => number = isNative(Date) && isNative(Date.now) ? Date.now : wallByUptime;

const FAKED = fakedAmong({setTimeout, setInterval, setImmediate});

/** Resolves after `ms`, or as soon as the signal aborts; never rejects. Keeps the process alive. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted === true) return Promise.resolve();
	return new Promise(resolve => {
		const end = () => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, ms);
		signal?.addEventListener('abort', end);
	});
}

/** Resolves in a later turn of the event loop, after the pending events of sockets. */
export function nextTurn(): Promise<void> {
	return new Promise(resolve => {
		setImmediate(resolve);
	});
}

/**
 * Refuses to start when timers were already fake at the import of this package, or when `process.nextTick` is fake,
 * which Node's own streams need.
 *
 * @throws EmulatorError `TIMERS_FAKED`
 */
export async function assertRealTimers(): Promise<void> {
	const faked = [...FAKED, ...((await doMicrotasksRun()) ? [] : ['queueMicrotask'])];
	if (faked.length > 0) {
		throw new EmulatorError('TIMERS_FAKED', `${faked.join(', ')} had been faked when lb-local was imported`, {
			hint: 'Import lb-local first and fake timers after it: from then on it keeps the real ones.',
		});
	}
	if (await doStreamsEmit()) return;
	throw new EmulatorError('TIMERS_FAKED', 'process.nextTick is faked: the sockets and streams of Node wait for it', {
		hint: 'Leave nextTick out of what is faked: `toFake` or `toNotFake` of sinon and vitest, `doNotFake` of jest.',
	});
}

/** Whether `queueMicrotask` is fake by now: libraries look it up at each use. */
export function areMicrotasksFaked(): boolean {
	return globalThis.queueMicrotask !== queueMicrotask;
}

/** Which of these are fake: the process does not know a fake timer as an active resource. */
function fakedAmong(setters: Pick<typeof nodeTimers, 'setTimeout' | 'setInterval' | 'setImmediate'>): string[] {
	const count = () =>
		process.getActiveResourcesInfo().filter(kind => kind === 'Timeout' || kind === 'Immediate').length;
	const before = count();
	const timeout = setters.setTimeout(() => {}, 2 ** 30);
	const afterTimeout = count();
	const interval = setters.setInterval(() => {}, 2 ** 30);
	const afterInterval = count();
	const immediate = setters.setImmediate(() => {});
	const afterImmediate = count();
	clearTimeout(timeout);
	clearInterval(interval);
	clearImmediate(immediate);
	return [
		...(afterTimeout > before ? [] : ['setTimeout']),
		...(afterInterval > afterTimeout ? [] : ['setInterval']),
		...(afterImmediate > afterInterval ? [] : ['setImmediate']),
	];
}

async function doMicrotasksRun(): Promise<boolean> {
	let hasRun = false;
	queueMicrotask(() => {
		hasRun = true;
	});
	// Microtasks run in order: if `queueMicrotask` is real, its callback has run after this `await`.
	await undefined;
	return hasRun;
}

/** Whether streams work: a stream emits its end through `process.nextTick`, before the next turn of the event loop. */
function doStreamsEmit(): Promise<boolean> {
	return new Promise(resolve => {
		new PassThrough().once('close', () => resolve(true)).destroy();
		setImmediate(() => resolve(false));
	});
}

/** Whether a function is built in: those have no source text, their replacements have. */
function isNative(each: (...args: never) => unknown): boolean {
	return Function.prototype.toString.call(each) === `function ${each.name}() { [native code] }`;
}

/**
 * The wall time when `Date` was already fake at import. It is wrong by the time the machine has slept since the process
 * started.
 */
function wallByUptime(): number {
	return performance.timeOrigin + nowMs();
}
