/**
 * Timers and time that a test's fake timers do not reach. All of `src/` takes them from here: a load balancer goes by
 * real time (`clock: 'manual'` is its own way to hold it), and would hang on timers that a test has replaced.
 *
 * Everything is taken when this module loads, and kept. Fake timers (node:test, sinon, jest, vitest) replace properties
 * of the global object, of `node:timers` and of `node:timers/promises`, so whatever is looked up later may be a fake.
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

/** Resolves after `ms`, or as soon as the signal aborts; never rejects. Keeps the process alive meanwhile. */
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

/** Resolves in a later turn of the event loop, when what has happened to sockets so far has been told. */
export function nextTurn(): Promise<void> {
	return new Promise(resolve => {
		setImmediate(resolve);
	});
}

/**
 * Refuses to go on where nothing could work: with timers that were fakes when this package was imported, or with a fake
 * `process.nextTick`, on which Node's own streams wait.
 *
 * @throws EmulatorError `TIMERS_FAKED`
 */
export async function assertRealTimers(): Promise<void> {
	const faked = [...FAKED, ...((await microtasksGoOn()) ? [] : ['queueMicrotask'])];
	if (faked.length > 0) {
		throw new EmulatorError('TIMERS_FAKED', `${faked.join(', ')} had been faked when lb-local was imported`, {
			hint: 'Import lb-local first and fake timers after it: from then on it keeps the real ones.',
		});
	}
	if (await streamsGoOn()) return;
	throw new EmulatorError('TIMERS_FAKED', 'process.nextTick is faked: the sockets and streams of Node wait for it', {
		hint: 'Leave nextTick out of what is faked: `toFake` or `toNotFake` of sinon and vitest, `doNotFake` of jest.',
	});
}

/** Whether `queueMicrotask` has been faked since: libraries look it up whenever they need it. */
export function areMicrotasksFaked(): boolean {
	return globalThis.queueMicrotask !== queueMicrotask;
}

/** Whether the system knows of what these set: a fake timer exists in its library alone. */
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

async function microtasksGoOn(): Promise<boolean> {
	let came = false;
	queueMicrotask(() => {
		came = true;
	});
	// Microtasks come in the order they were asked for, and what is awaited here is the next one.
	await undefined;
	return came;
}

/** A stream tells of its end by Node's own `process.nextTick`, which comes before the event loop's next turn. */
function streamsGoOn(): Promise<boolean> {
	return new Promise(resolve => {
		new PassThrough().once('close', () => resolve(true)).destroy();
		setImmediate(() => resolve(false));
	});
}

/** Functions of the language itself have no source to show; those that replace them have. */
function isNative(each: (...args: never) => unknown): boolean {
	return Function.prototype.toString.call(each) === `function ${each.name}() { [native code] }`;
}

/** For when `Date` was a fake already. Wrong by the time the machine has slept since the process began. */
function wallByUptime(): number {
	return performance.timeOrigin + nowMs();
}
