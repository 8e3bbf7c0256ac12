import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {type ConnectionOptions, connect as connectTls, type TLSSocket} from 'node:tls';
import {createAuthority} from '../../src/certificates/authority.ts';
import type {Behaviour} from '../../src/fake-backends/behaviour.ts';
import type {EchoDocument} from '../../src/fake-backends/echo.ts';
import {type FakeBackend, startFakeBackend} from '../../src/fake-backends/fake-backend.ts';

/** The authority of one test file's run, and what it signed. */
export const authority = createAuthority();
export const serverPair = authority.issue({names: ['shop.test', '127.0.0.1']});
export const clientPair = authority.issue({names: ['client.test']});

/** Both ways to reach a back-end, for tests that hold for either. */
export type Way = 'plain' | 'tls';
export const WAYS: readonly Way[] = ['plain', 'tls'];

/** A back-end called `a`, reached in one of the two ways. */
export function startBackend(behaviour: Behaviour, way: Way = 'plain'): Promise<FakeBackend> {
	const tls = {mode: 'always', cert: serverPair.cert, key: serverPair.key} as const;
	return startFakeBackend({name: 'a', behaviour, ...(way === 'tls' ? {tls} : {})});
}

/** A connection whose two directions end apart; with TLS, after the handshake. */
export async function open(backend: {readonly port: number}, way: Way = 'plain'): Promise<Socket> {
	if (way === 'tls') return openTls(backend);
	const socket = connect({port: backend.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
	await once(socket, 'connect');
	return socket;
}

export async function openTls({port}: {readonly port: number}, options: ConnectionOptions = {}): Promise<TLSSocket> {
	const raw = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
	const socket = connectTls({socket: raw, servername: 'shop.test', ca: authority.pem, ...options});
	await once(socket, 'secureConnect');
	return socket;
}

/** Everything until the peer ends. */
export async function readAll(socket: Socket): Promise<Buffer> {
	const chunks: Buffer[] = [];
	socket.on('data', (chunk: Buffer) => chunks.push(chunk));
	await once(socket, 'end');
	return Buffer.concat(chunks);
}

/** Everything until the text has arrived, in one or several pieces. */
export async function readUntil(socket: Socket, text: string): Promise<string> {
	let received = '';
	while (!received.includes(text)) {
		const chunk: Buffer | null = socket.read();
		if (chunk === null) await once(socket, 'readable');
		else received += chunk.toString('latin1');
	}
	return received;
}

/** Resolves when the connection has ended, by an end or a reset. */
export async function closed(socket: Socket): Promise<void> {
	socket.on('error', () => {});
	// An end without bytes is emitted even when nobody reads.
	if (socket.readableEnded) socket.end();
	else socket.once('end', () => socket.end()).resume();
	if (!socket.closed) await new Promise(resolve => socket.once('close', resolve));
}

/** One request over a connection of its own, as bytes; the client ends first and still gets the answer. */
export async function send(
	backend: {readonly port: number},
	request: string | Buffer,
	way: Way = 'plain',
): Promise<Answer> {
	const socket = await open(backend, way);
	socket.end(request);
	return readAnswer((await readAll(socket)).toString());
}

export interface Answer {
	readonly head: string;
	readonly body: string;
}

export function readAnswer(text: string): Answer {
	const end = text.indexOf('\r\n\r\n');
	return {head: text.slice(0, end), body: text.slice(end + 4)};
}

export function readDocument({body}: Answer): EchoDocument {
	return JSON.parse(body);
}

export {eventually} from '../helpers/patience.ts';
