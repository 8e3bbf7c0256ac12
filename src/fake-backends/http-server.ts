import {createServer, type RequestListener, type Server} from 'node:http';
import type {Socket} from 'node:net';
import type {Serve} from './serve.ts';

/** What the HTTP kinds agree on in ALPN, the best first; a client that offers h2 as well gets one of these. */
export const HTTP_ALPN = ['http/1.1', 'http/1.0'] as const;

/** Room for whatever the load balancer lets through (64 KiB of head) and the headers it adds. */
const MAX_HEAD_BYTES = 128 * 1024;

/**
 * An HTTP/1.1 server without a port: connections are handed to it with {@link serveHttp}. Idle connections stay open,
 * so that it is the load balancer that decides about them; see {@link closeIdle} for the other way.
 */
export function createHttpServer(listener: RequestListener): Server {
	const server = createServer(
		{keepAliveTimeout: 0, requestTimeout: 0, maxHeaderSize: MAX_HEAD_BYTES, insecureHTTPParser: false},
		listener,
	);
	// Node drops headers beyond its count without a word; the size of the head is the limit here.
	server.maxHeadersCount = 0;
	// A client that sent its request and its end still gets the answer. Undocumented in Node, and tested here.
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
 * Closes connections that were idle for so long after an answer. Node's own `keepAliveTimeout` waits a second longer
 * than it is told, which is just what a test of the keep-alive race must not have.
 */
export function closeIdle(server: Server, keepAliveMs: number): void {
	const requestsInHand = new WeakMap<Socket, number>();
	server.on('request', ({socket}, response) => {
		requestsInHand.set(socket, (requestsInHand.get(socket) ?? 0) + 1);
		socket.setTimeout(0);
		response.once('close', () => {
			const left = (requestsInHand.get(socket) ?? 1) - 1;
			requestsInHand.set(socket, left);
			if (left === 0 && !socket.destroyed) socket.setTimeout(keepAliveMs);
		});
	});
	server.on('timeout', socket => socket.destroy());
}
