import {createSecureContext} from 'node:tls';
import type {LoadBalancer} from '../../src/index.ts';
import {every, upTo} from './depth.ts';
import {eventually} from './patience.ts';
import {open, type RawConnection} from './raw-connection.ts';
import type {Break, Wire} from './stream-forwarder.ts';

export const BREAKS: readonly Break[] = ['reset', 'end'];
export const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
export type Version = (typeof VERSIONS)[number];

/** What the back-end says to whoever comes. */
export const ANSWER = 'the whole answer, which is complete only with its last byte.';

/** One context for all: making one costs more than a handshake. */
const CONTEXTS = {
	'TLSv1.2': createSecureContext({maxVersion: 'TLSv1.2'}),
	'TLSv1.3': createSecureContext(),
};

/**
 * What a client hears of the answer, and how it ended.
 *
 * @param endsFirst whether the client has ended its own direction before it reads.
 */
export async function ask(port: number, version: Version, {endsFirst = false} = {}): Promise<string> {
	let client: RawConnection;
	try {
		client = await open({port, tls: {secureContext: CONTEXTS[version], rejectUnauthorized: false}});
	} catch {
		return 'no handshake';
	}
	client.stream.write('question');
	if (endsFirst) client.stream.end();
	try {
		const heard = await client.readAll();
		client.stream.end();
		return heard.toString();
	} catch {
		return 'cut';
	} finally {
		client.raw.destroySoon();
	}
}

/** Breaks the wires at every byte up to `total`, or at some, each wire at another at a time, and asks each time. */
export async function breakEverywhere(
	wires: readonly Wire[],
	{total, how}: {readonly total: number; readonly how: Break},
	askOver: (wire: Wire, at: number) => Promise<void>,
): Promise<void> {
	const places = [...every(upTo(total - 1), 48)];
	const lane = async (wire: Wire) => {
		for (let at = places.shift(); at !== undefined; at = places.shift()) {
			wire.breakAfter(at, how);
			await askOver(wire, at);
		}
		wire.breakAfter(undefined);
	};
	await Promise.all(wires.map(lane));
}

/** Every connection must have ended in a record, and the next client must be served. */
export async function settled(lb: LoadBalancer): Promise<boolean> {
	await eventually(() => [...lb.traffic].every(({outcome}) => outcome !== 'open'));
	return (await ask(lb.port(6379), 'TLSv1.3')) === ANSWER;
}
