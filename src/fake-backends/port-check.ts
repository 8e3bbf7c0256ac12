import {clearTimeout, setTimeout} from '../base/timers.ts';

/** How long one check may take. On loopback the answer comes at once. */
const CHECK_MS = 1000;

/** The result of a check; `no answer` also for an unknown host. */
export type PortState = 'accepted' | 'refused' | 'no answer';

/** Whether a connection is accepted at an address; see {@link checkPort}. */
export async function isListening(host: string, port: number, signal: AbortSignal): Promise<boolean> {
	return (await checkPort(host, port, signal)) === 'accepted';
}

/**
 * Connects to an address and closes the connection. A listener whose queue is full neither accepts nor refuses.
 *
 * Uses only `check` of `tcp-port-used`: its functions that wait cannot be cancelled, and set timers that a test may
 * have faked.
 *
 * @param signal ends the check at once, with `no answer`.
 */
export async function checkPort(host: string, port: number, signal: AbortSignal): Promise<PortState> {
	const {default: tcpPortUsed} = await import('tcp-port-used');
	return new Promise(resolve => {
		const end = (state: PortState) => {
			clearTimeout(timer);
			signal.removeEventListener('abort', giveUp);
			resolve(state);
		};
		const giveUp = () => end('no answer');
		const timer = setTimeout(giveUp, CHECK_MS);
		signal.addEventListener('abort', giveUp);
		if (signal.aborted) giveUp();
		else tcpPortUsed.check(port, host).then(isUsed => end(isUsed ? 'accepted' : 'refused'), giveUp);
	});
}
