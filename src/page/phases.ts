import type {WireExchange} from './wire.ts';

interface Phase {
	readonly name: string;
	/** From the start of the exchange; before it where that is negative. */
	readonly from: number;
	readonly ms: number;
}

/**
 * The phases of an exchange, one after the other. The client's TLS handshake is before the exchange, which begins with the
 * request.
 *
 * @param last the name of the last phase; undefined where it goes on: nobody knows yet how long it takes.
 */
export function phasesOf({tls, connect, firstByte, total}: WireExchange['ms'], last: string | undefined): Phase[] {
	const phases: Phase[] = tls === undefined ? [] : [{name: 'TLS, before it', from: -tls, ms: tls}];
	let from = 0;
	const add = (name: string, until: number) => {
		if (until < from) return;
		phases.push({name, from, ms: until - from});
		from = until;
	};
	if (connect !== undefined) add('connect', connect);
	if (firstByte !== undefined) add('first byte', firstByte);
	if (last !== undefined) add(last, total);
	return phases;
}
