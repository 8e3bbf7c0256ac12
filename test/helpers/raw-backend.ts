import {once} from 'node:events';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {createSecureContext, TLSSocket} from 'node:tls';
import {RawConnection, type RawMessage} from './raw-connection.ts';

/** What a back-end does on one connection. When it returns and the connection stands, requests are echoed from then on. */
export type Script = (connection: RawConnection) => Promise<void> | void;

/**
 * A back-end that records every byte and answers with exactly the bytes it was told to: connection 0 follows script 0,
 * and so on. Connections beyond the scripts echo: each request is answered 200 with its own first line as body.
 */
export class RawBackend implements AsyncDisposable {
	readonly port: number;
	/** In the order in which they were accepted. */
	readonly connections: RawConnection[] = [];
	/** The whole requests that were echoed, in the order in which they came, to the byte. */
	readonly requests: RawMessage[] = [];
	readonly #server: Server;
	readonly #scripts: readonly Script[];
	readonly #waiting: (() => void)[] = [];

	constructor(
		server: Server,
		{scripts, tls}: {scripts: readonly Script[]; tls: {cert: string; key: string} | undefined},
	) {
		this.#server = server;
		this.#scripts = scripts;
		// A TCP server's address is an object.
		this.port = (server.address() as AddressInfo).port;
		const secureContext = tls && createSecureContext(tls);
		server.on('connection', (raw: Socket) => {
			const stream = secureContext === undefined ? raw : new TLSSocket(raw, {isServer: true, secureContext});
			void this.#serve(new RawConnection(stream, raw));
		});
	}

	/** The connection with this number, once it is there. */
	async connection(index: number): Promise<RawConnection> {
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
		for (const connection of this.connections) connection.reset();
		if (!this.#server.listening) return;
		const closed = once(this.#server, 'close');
		this.#server.close();
		await closed;
	}

	async #serve(connection: RawConnection): Promise<void> {
		this.connections.push(connection);
		for (const wake of this.#waiting.splice(0)) wake();
		try {
			await this.#scripts[this.connections.length - 1]?.(connection);
			while (!connection.closed) {
				const request = await connection.message();
				this.requests.push(request);
				connection.write(echoOf(request));
			}
		} catch {
			// The connection ended in the midst of what was waited for: what matters of it is seen from outside.
			connection.end();
		}
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

/** Starts one on a free port of 127.0.0.1. */
export async function startRawBackend(
	options: {readonly scripts?: readonly Script[]; readonly tls?: {readonly cert: string; readonly key: string}} = {},
): Promise<RawBackend> {
	const server = createServer({allowHalfOpen: true, noDelay: true});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return new RawBackend(server, {scripts: options.scripts ?? [], tls: options.tls});
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
