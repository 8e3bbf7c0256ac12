import {once} from 'node:events';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {createSecureContext, TLSSocket} from 'node:tls';
import type {PemPair} from '../../src/model/resolved.ts';
import {within} from './patience.ts';
import {RawConnection, type RawMessage, type Reading} from './raw-connection.ts';

/** What a back-end does on one connection. When it returns and the connection stands, requests are echoed from then on. */
export type Script = (connection: RawConnection) => Promise<void> | void;

export interface BackendTls {
	/** Speaks TLS with this certificate; plain when left out. */
	readonly tls?: PemPair | undefined;
	readonly alpn?: readonly string[];
	readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
	/** Asks for a client certificate, signed by this authority. */
	readonly clientCa?: string;
}

export interface StreamBackendOptions extends BackendTls {
	/** Called in the tick in which the connection stands. */
	readonly serve?: (connection: RawConnection) => void;
}

interface Serving {
	readonly reading: Reading;
	readonly serve: (connection: RawConnection, backend: RawBackend) => void;
}

/** A back-end that a test holds by both hands: its connections are half-open, and never end by themselves. */
export class RawBackend implements AsyncDisposable {
	readonly port: number;
	/** The connections so far, in order; with TLS, those whose handshake is done. */
	readonly connections: RawConnection[] = [];
	/** The TCP connections so far, those without a handshake included. */
	readonly accepted: Socket[] = [];
	/** The whole requests that were echoed, in the order in which they came, to the byte. */
	readonly requests: RawMessage[] = [];
	readonly #server: Server;
	readonly #serving: Serving;
	readonly #waiting: (() => void)[] = [];

	constructor(server: Server, options: BackendTls & Serving) {
		this.#server = server;
		this.#serving = options;
		// A TCP server's address is an object.
		this.port = (server.address() as AddressInfo).port;
		const secure = securing(options);
		server.on('connection', (raw: Socket) => {
			this.accepted.push(raw);
			raw.on('error', () => {});
			if (secure === undefined) this.#take(raw, raw);
			else {
				const stream = secure(raw);
				stream.once('secure', () => this.#take(stream, raw));
			}
		});
	}

	/** The connection with this number, once it is there. */
	connection(index = 0): Promise<RawConnection> {
		return within(`connection ${index} to the back-end`, this.#connection(index));
	}

	async #connection(index: number): Promise<RawConnection> {
		for (;;) {
			const connection = this.connections[index];
			if (connection !== undefined) return connection;
			await new Promise<void>(resolve => this.#waiting.push(resolve));
		}
	}

	/** Refuses new connections from now on; the ones that are open stay. */
	refuse(): void {
		this.#server.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const raw of this.accepted) raw.resetAndDestroy();
		if (!this.#server.listening) return;
		const closed = once(this.#server, 'close');
		this.#server.close();
		await closed;
	}

	#take(stream: Socket, raw: Socket): void {
		const connection = new RawConnection(stream, raw, this.#serving.reading);
		this.connections.push(connection);
		this.#serving.serve(connection, this);
		for (const wake of this.#waiting.splice(0)) wake();
	}
}

/** Takes TLS off a connection; undefined where there is none. */
function securing({tls, alpn, maxVersion, clientCa}: BackendTls): ((raw: Socket) => TLSSocket) | undefined {
	if (tls === undefined) return undefined;
	const secureContext = createSecureContext({
		cert: tls.cert,
		key: tls.key,
		...(maxVersion === undefined ? {} : {maxVersion}),
		...(clientCa === undefined ? {} : {ca: clientCa}),
	});
	return raw => {
		const stream = new TLSSocket(raw, {
			isServer: true,
			secureContext,
			requestCert: clientCa !== undefined,
			rejectUnauthorized: false,
			...(alpn === undefined ? {} : {ALPNProtocols: [...alpn]}),
		});
		return stream.on('error', () => {});
	};
}

/**
 * Starts a back-end that speaks HTTP/1.1 on a free port of 127.0.0.1. It answers with exactly the bytes it was told to:
 * connection 0 follows script 0, and so on. Connections beyond the scripts echo: each request is answered 200 with its
 * own first line as body.
 */
export function startRawBackend({
	scripts = [],
	...tls
}: BackendTls & {readonly scripts?: readonly Script[]} = {}): Promise<RawBackend> {
	let accepted = 0;
	return listen({
		...tls,
		reading: 'all',
		serve: (connection, backend) => follow(backend, connection, scripts[accepted++]),
	});
}

/** Starts a back-end on a free port of 127.0.0.1 that neither reads nor writes but by the test. */
export function startStreamBackend({serve, ...tls}: StreamBackendOptions = {}): Promise<RawBackend> {
	return listen({...tls, reading: 'on-demand', serve: connection => serve?.(connection)});
}

async function listen(options: BackendTls & Serving): Promise<RawBackend> {
	const server = createServer({allowHalfOpen: true, noDelay: true});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return new RawBackend(server, options);
}

async function follow({requests}: RawBackend, connection: RawConnection, script: Script | undefined): Promise<void> {
	try {
		await script?.(connection);
		while (!connection.closed) {
			const request = await connection.message();
			requests.push(request);
			connection.write(echoOf(request));
		}
	} catch {
		// The connection ended in the midst of what was waited for: what matters of it is seen from outside.
		connection.end();
	}
}

/** The answer of a connection that follows no script. */
export function echoOf({line}: RawMessage): string {
	const body = line.startsWith('HEAD ') ? '' : line;
	return dated(`HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${body}`);
}

/** A moment as a Date field, with its CRLF. */
export const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n';

/** Answers with a Date in each, interim ones aside: such an answer goes through to the byte. */
export function dated(answers: string): string {
	return answers.replace(/HTTP\/1\.[01] [2-9][^\r]*\r\n/g, line => `${line}${DATE}`);
}

/** Reads one request and answers it with these bytes. */
export function answer(bytes: string, then: 'stay' | 'end' | 'reset' = 'stay'): Script {
	return async connection => {
		await connection.message();
		if (then === 'end') connection.end(bytes);
		else await connection.writeAll(bytes);
		if (then === 'reset') connection.reset();
	};
}
