import process from 'node:process';
import {quote} from '../base/quote.ts';
import {clearInterval, setInterval} from '../base/timers.ts';
import type {LoadBalancer} from './load-balancer.ts';

/** How long nothing else may go on before a test process that has not ended is told why. */
const QUIET_SECONDS = 5;

/** What load balancers, fake back-ends and their clients hold, and the standard streams. Their timers hold nothing. */
const OURS = new Set(['TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'PipeWrap', 'TTYWrap', 'ProcessWrap']);

/** What is looked at of an emulator. */
export interface Watched {
	/** The names of its load balancers. */
	names(): readonly string[];
	/** A text that changes with whatever it does for a client. */
	activity(): string;
}

/**
 * Under node:test a process does not end while a load balancer is open, and node:test does not say so. This does, in one
 * line on standard error, once nothing else has gone on for five seconds. Elsewhere it does nothing: other test runners
 * end their processes themselves, and a program may run a load balancer for as long as it likes.
 *
 * @param startedAt out of {@link callerUnderTest}.
 * @returns ends the watch.
 */
export function watchForForgotten(watched: Watched, startedAt: string | undefined): () => void {
	if (startedAt === undefined) return () => {};
	let quiet = 0;
	let before = watched.activity();
	const timer = setInterval(() => {
		const now = watched.activity();
		const isQuiet = now === before && process.getActiveResourcesInfo().every(kind => OURS.has(kind));
		before = now;
		quiet = isQuiet ? quiet + 1 : 0;
		if (quiet < QUIET_SECONDS) return;
		clearInterval(timer);
		process.stderr.write(`${lineOf(watched.names(), startedAt)}\n`);
	}, 1000);
	timer.unref();
	return () => clearInterval(timer);
}

/** What is another text whenever something has gone on at these load balancers. */
export function activityOf(loadBalancers: readonly Pick<LoadBalancer, 'traffic' | 'backends'>[]): string {
	return loadBalancers
		.map(({traffic, backends}) => [traffic.length, traffic.forgotten, ...backends.map(({inFlight}) => inFlight)])
		.join();
}

function lineOf(names: readonly string[], startedAt: string): string {
	const [first] = names;
	const what = first === undefined ? 'an emulator' : `load balancer ${names.map(name => quote(name)).join(', ')}`;
	return `lb-local: ${what}, started at ${startedAt}, is still open, and keeps this process from ending: await its stop(), or declare it with "await using"`;
}

/**
 * Where the given function of the library was called: `file:///home/me/web.test.js:12`; undefined but under node:test,
 * since a stack costs each start.
 */
export function callerUnderTest(entry: (...args: never[]) => unknown): string | undefined {
	if (process.env['NODE_TEST_CONTEXT'] === undefined) return undefined;
	const holder: {stack?: string} = {};
	Error.captureStackTrace(holder, entry);
	// `at main (file:///a.js:12:34)` or `at async file:///a.js:12:34`
	const frame = holder.stack?.split('\n')[1]?.trim() ?? '';
	const bracket = frame.lastIndexOf('(');
	const place = bracket === -1 ? frame.replace(/^at (?:async )?/, '') : frame.slice(bracket + 1, -1);
	return place.slice(0, place.lastIndexOf(':')) || 'a place that is not known';
}
