import type {ConnectionOptions, TLSSocket} from 'node:tls';
import {createAuthority} from '../../src/certificates/authority.ts';
import type {Behaviour} from '../../src/fake-backends/behaviour.ts';
import type {EchoDocument} from '../../src/fake-backends/echo.ts';
import {type FakeBackend, startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {open as openRaw, type RawConnection} from '../helpers/raw-connection.ts';

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
export function open(backend: {readonly port: number}, way: Way = 'plain'): Promise<RawConnection> {
	return way === 'tls' ? openTls(backend) : openRaw({port: backend.port});
}

/** A connection over TLS. */
export async function openTls(
	{port}: {readonly port: number},
	options: ConnectionOptions = {},
): Promise<RawConnection & {readonly stream: TLSSocket}> {
	const connection = await openRaw({port, tls: {servername: 'shop.test', ca: authority.pem, ...options}});
	// TLS was asked for.
	return connection as RawConnection & {readonly stream: TLSSocket};
}

/** One request over a connection of its own, as bytes; the client ends first and still gets the answer. */
export async function send(
	backend: {readonly port: number},
	request: string | Buffer,
	way: Way = 'plain',
): Promise<Answer> {
	const connection = await open(backend, way);
	connection.stream.end(request);
	return readAnswer((await connection.readAll()).toString());
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
