import {once} from 'node:events';
import {createServer as createHttpServer} from 'node:http';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {createServer as createTlsServer, type TLSSocket, type TlsOptions} from 'node:tls';
import type {ExecutionContext} from 'ava';

/** A server of the user's own: what it received stands beside what the load balancer says. */
export interface OwnServer<Received> {
	readonly address: string;
	readonly received: Received[];
}

export interface ReceivedRequest {
	readonly method: string;
	readonly target: string;
	readonly rawHeaders: readonly string[];
	readonly encrypted: boolean;
}

/** A plain HTTP server that answers with its name. */
export async function ownHttpServer(t: ExecutionContext, name: string): Promise<OwnServer<ReceivedRequest>> {
	const received: ReceivedRequest[] = [];
	const server = createHttpServer((request, response) => {
		received.push({
			method: request.method ?? '',
			target: request.url ?? '',
			rawHeaders: request.rawHeaders,
			encrypted: 'encrypted' in request.socket,
		});
		response.end(name);
	});
	return {address: `127.0.0.1:${await listening(t, server)}`, received};
}

/**
 * A TCP server that keeps what each connection sent, and answers at its end: which needs half-close. Connections without
 * a byte are not kept: health checks, and the look that `up` takes at its start.
 */
export async function ownTcpServer(t: ExecutionContext, name: string): Promise<OwnServer<string>> {
	const received: string[] = [];
	const server = createServer({allowHalfOpen: true}, socket => answerAtEnd(socket, name, received));
	return {address: `127.0.0.1:${await listening(t, server)}`, received};
}

/** The same over TLS, with a certificate of its own. */
export async function ownTlsServer(
	t: ExecutionContext,
	options: TlsOptions,
	serve: (socket: TLSSocket) => void,
): Promise<OwnServer<never>> {
	const server = createTlsServer({allowHalfOpen: true, ...options} as TlsOptions, serve);
	return {address: `127.0.0.1:${await listening(t, server)}`, received: []};
}

function answerAtEnd(socket: Socket, name: string, received: string[]): void {
	let text = '';
	socket.on('data', chunk => {
		text += chunk;
	});
	socket.on('end', () => {
		if (text !== '') received.push(text);
		socket.end(`${name} heard ${text.length}`);
	});
	socket.on('error', () => socket.destroy());
}

/** Listens on a free port until the test is over, and ends its connections then. Returns the port. */
export async function listening(t: ExecutionContext, server: Server): Promise<number> {
	const open = new Set<Socket>();
	server.on('connection', (socket: Socket) => {
		open.add(socket);
		socket.once('close', () => open.delete(socket));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.close();
		for (const socket of open) socket.destroy();
	});
	// A TCP server's address is an object.
	return (server.address() as AddressInfo).port;
}
