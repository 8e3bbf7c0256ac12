import {createServer, type RequestListener, type Server} from 'node:http';
import type {Socket} from 'node:net';
import type {Clock} from '../base/clock.ts';
import type {Serve} from './serve.ts';

/** What the HTTP kinds accept in ALPN, in order of preference; a client that also offers h2 gets one of these. */
export const HTTP_ALPN = ['http/1.1', 'http/1.0'] as const;

/** Room for the largest head that the load balancer forwards (64 KiB) and for the headers it adds. */
const MAX_HEAD_BYTES = 128 * 1024;

/**
 * An HTTP/1.1 server without a port: connections are passed to it with {@link serveHttp}. Idle connections stay open,
 * so that the load balancer decides when to close them; {@link closeIdle} changes that.
 */
export function createHttpServer(listener: RequestListener): Server {
	const server = createServer(
		{keepAliveTimeout: 0, requestTimeout: 0, maxHeaderSize: MAX_HEAD_BYTES, insecureHTTPParser: false},
		listener,
	);
	// Node silently drops headers beyond this count; here only the size of the head is limited.
	server.maxHeadersCount = 0;
	// A client that half-closes after its request still gets the answer. The option is undocumented in Node; a test
	// covers it.
	Object.assign(server, {httpAllowHalfOpen: true});
	return server;
}

/** Lets an {@link createHttpServer HTTP server} serve a connection (Node documents `emit('connection')` for it). */
export function serveHttp(server: Server): Serve {
	return connection => {
		server.emit('connection', connection);
	};
}

/**
 * Closes connections that were idle for that long after an answer. Node's own `keepAliveTimeout` adds a second, which
 * would hide the keep-alive race from tests.
 */
export function closeIdle(server: Server, keepAliveMs: number, clock: Clock): void {
	const busy = new WeakMap<Socket, {requests: number; cancel: () => void}>();
	server.on('connection', (socket: Socket) => {
		const connection = {requests: 0, cancel: () => {}};
		busy.set(socket, connection);
		socket.once('close', () => connection.cancel());
	});
	server.on('request', ({socket}, response) => {
		const connection = busy.get(socket);
		if (connection === undefined) return;
		connection.requests++;
		connection.cancel();
		response.once('close', () => {
			connection.requests--;
			if (connection.requests > 0 || socket.destroyed) return;
			connection.cancel = clock.after(keepAliveMs, () => {
				socket.destroy();
			});
		});
	});
}
