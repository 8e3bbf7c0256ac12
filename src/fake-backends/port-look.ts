import {clearTimeout, setTimeout} from '../base/timers.ts';

/** How long one look at a port may take. On loopback the answer is there at once. */
const LOOK_MS = 1000;

/**
 * Whether a connection is accepted at an address. Neither accepted nor refused, such as by a listener whose queue is
 * full, is: not yet.
 *
 * One look at a time, because the waiting of `tcp-port-used` cannot be called off, and sets timers that a test may have
 * faked; its `check` sets none.
 *
 * @param signal ends the look at once, with `false`.
 */
export async function isListening(host: string, port: number, signal: AbortSignal): Promise<boolean> {
	const {default: tcpPortUsed} = await import('tcp-port-used');
	return new Promise(resolve => {
		const end = (answer: boolean) => {
			clearTimeout(timer);
			signal.removeEventListener('abort', giveUp);
			resolve(answer);
		};
		const giveUp = () => end(false);
		const timer = setTimeout(giveUp, LOOK_MS);
		signal.addEventListener('abort', giveUp);
		if (signal.aborted) giveUp();
		else tcpPortUsed.check(port, host).then(end, giveUp);
	});
}
