import type {WireExchange} from './wire.ts';

interface Phase {
	readonly name: string;
	readonly from: number;
	readonly ms: number;
}

/** The phases of an exchange, one after the other. */
export function phasesOf({tls, connect, firstByte, total}: WireExchange['ms']): Phase[] {
	const phases: Phase[] = [];
	// The handshake is before the exchange, which begins with the request.
	let from = 0;
	const add = (name: string, until: number) => {
		if (until < from) return;
		phases.push({name, from, ms: until - from});
		from = until;
	};
	if (tls !== undefined) add('TLS', tls);
	const start = from;
	if (connect !== undefined) add('connect', start + connect);
	if (firstByte !== undefined) add('first byte', start + firstByte);
	add('body', start + total);
	return phases;
}
