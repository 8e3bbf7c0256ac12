import {connect, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {ProxyProtocolMode} from '../../src/configuration/spec-backend.ts';
import type {Behaviour} from '../../src/fake-backends/behaviour.ts';
import {type FakeBackend, type FakeBackendOptions, startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {serverPair, type Way} from './clients.ts';

export const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
export const V1 = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n');
export const v2 = (...after: number[]) =>
	Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from(after)]);
export const V2 = v2(0x21, 0x11, 0, 12, 192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 0x04, 0x01, 0xbb);

/** The addresses in the headers of version 1 and 2. */
export const client = {address: '192.0.2.1', port: 56_324};
export const entrance = {address: '198.51.100.7', port: 443};
const nowhere = {source: null, destination: null};

/** Each header, and what the echo returns for it. */
export const HEADERS: Readonly<Record<string, {bytes: Buffer; proxy: unknown}>> = {
	'v1 TCP4': {bytes: V1, proxy: {version: 1, family: 'TCP4', source: client, destination: entrance}},
	'v1 TCP6': {
		bytes: Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 65535\r\n'),
		proxy: {
			version: 1,
			family: 'TCP6',
			source: {address: '2001:db8::1', port: 1},
			destination: {address: '::1', port: 65_535},
		},
	},
	'v1 UNKNOWN': {bytes: Buffer.from('PROXY UNKNOWN\r\n'), proxy: {version: 1, family: 'UNKNOWN', ...nowhere}},
	'v2 TCP4': {bytes: V2, proxy: {version: 2, family: 'TCP4', source: client, destination: entrance}},
	'v2 TCP6 with a TLV': {
		bytes: v2(0x21, 0x21, 0, 40, ...Array(15).fill(0), 1, ...Array(15).fill(0), 2, 0, 80, 1, 187, 4, 0, 1, 0),
		proxy: {
			version: 2,
			family: 'TCP6',
			source: {address: '0:0:0:0:0:0:0:1', port: 80},
			destination: {address: '0:0:0:0:0:0:0:2', port: 443},
		},
	},
	'v2 LOCAL': {bytes: v2(0x20, 0, 0, 0), proxy: {version: 2, family: 'UNKNOWN', ...nowhere}},
};

export const TLS = {
	plain: undefined,
	tls: {mode: 'always', cert: serverPair.cert, key: serverPair.key},
	detect: {mode: 'detect', cert: serverPair.cert, key: serverPair.key},
} as const;

/** No test waits so long: an earlier end is not that of a deadline. */
const HOUR_MS = 3_600_000;

/** Options of a back-end with long deadlines. */
export function patient(tls: keyof typeof TLS): Partial<FakeBackendOptions> {
	const settings = TLS[tls];
	return {
		proxyHeaderTimeoutMs: HOUR_MS,
		...(settings === undefined ? {} : {tls: {...settings, handshakeTimeoutMs: HOUR_MS}}),
	};
}

/** The protocol of the client, and the matching options of the back-end. */
export const ENDS: readonly {way: Way; tls: keyof typeof TLS}[] = [
	{way: 'plain', tls: 'plain'},
	{way: 'tls', tls: 'tls'},
	{way: 'plain', tls: 'detect'},
	{way: 'tls', tls: 'detect'},
];
export const READING = ['accept', 'require'] as const satisfies readonly ProxyProtocolMode[];

/** A back-end called `a` that treats PROXY headers so. */
export function startReading(
	proxyProtocol: ProxyProtocolMode,
	behaviour: Behaviour = {kind: 'echo'},
	more: Partial<FakeBackendOptions> = {},
): Promise<FakeBackend> {
	return startFakeBackend({name: 'a', behaviour, proxyProtocol, ...more});
}

/** A load balancer that sends a header before each connection, and forwards in pieces of that many bytes. */
export function relayTo(backend: {readonly port: number}, header: Buffer, pieceBytes: number): Promise<FakeBackend> {
	const forward = async (downstream: Socket) => {
		const upstream = connect({port: backend.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
		upstream.on('error', () => downstream.destroy());
		upstream.on('close', () => downstream.end());
		upstream.pipe(downstream);
		let before = header;
		for await (const chunk of downstream.iterator({destroyOnReturn: false})) {
			const bytes = Buffer.concat([before, chunk]);
			before = Buffer.alloc(0);
			for (let at = 0; at < bytes.length && !upstream.destroyed; at += pieceBytes) {
				await new Promise(resolve => upstream.write(bytes.subarray(at, at + pieceBytes), resolve));
			}
		}
		upstream.end(before);
	};
	// The streams of a fake back-end are sockets; the type allows others. A destroyed connection ends the forwarding,
	// which the client notices on its side.
	const handler = (downstream: Duplex) => void forward(downstream as Socket).catch(() => downstream.destroy());
	return startFakeBackend({name: 'relay', behaviour: {kind: 'socket', handler}});
}

/**
 * Resolves when what was written over loopback has been read: it arrives at once, and each turn of the event loop
 * reads.
 */
export async function arrived(): Promise<void> {
	for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
}
