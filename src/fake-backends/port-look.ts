import {clearTimeout, setTimeout} from '../base/timers.ts';

/** How long one look at a port may take. On loopback the answer is there at once. */
const LOOK_MS = 1000;

/** What came of a look at a port; `no answer` also of a host that nobody knows. */
export type Seen = 'accepted' | 'refused' | 'no answer';

/** Whether a connection is accepted at an address; see {@link look}. */
export async function isListening(host: string, port: number, signal: AbortSignal): Promise<boolean> {
	return (await look(host, port, signal)) === 'accepted';
}

/**
 * Dials an address and hangs up. Neither accepted nor refused is what a listener does whose queue is full.
 *
 * One look at a time, because the waiting of `tcp-port-used` cannot be called off, and sets timers that a test may have
 * faked; its `check` sets none.
 *
 * @param signal ends the look at once, with `no answer`.
 */
export async function look(host: string, port: number, signal: AbortSignal): Promise<Seen> {
	const {default: tcpPortUsed} = await import('tcp-port-used');
	return new Promise(resolve => {
		const end = (seen: Seen) => {
			clearTimeout(timer);
			signal.removeEventListener('abort', giveUp);
			resolve(seen);
		};
		const giveUp = () => end('no answer');
		const timer = setTimeout(giveUp, LOOK_MS);
		signal.addEventListener('abort', giveUp);
		if (signal.aborted) giveUp();
		else tcpPortUsed.check(port, host).then(isUsed => end(isUsed ? 'accepted' : 'refused'), giveUp);
	});
}
