import type {Socket} from 'node:net';
import type {SecureContext} from 'node:tls';
import type {Protocol} from '../model/listener.ts';
import {UpstreamPool} from './backends/upstream-pool.ts';
import {HttpFront} from './http/http-front.ts';
import type {ListenerContext} from './listener-context.ts';
import {ClientConnection, type Serve} from './sockets/client-connection.ts';
import {TlsHandshake} from './sockets/tls-front.ts';
import {TcpFront} from './tcp/tcp-front.ts';

/** What an HTTPS listener agrees on in ALPN, the best first: what `HttpFront` speaks. */
const HTTP_ALPN = ['http/1.1', 'http/1.0'];

/** Idle back-end connections of a listener, or of one client. */
export function newPool(context: ListenerContext): UpstreamPool {
	return new UpstreamPool(context);
}

/**
 * Which fronts a connection passes. SSL passthrough needs no code of its own: it is TCP.
 *
 * @param secureContext is asked at each handshake, so that a certificate can be swapped under load.
 */
export function serverFor(
	context: ListenerContext,
	{pool, secureContext}: {readonly pool: UpstreamPool; readonly secureContext: () => SecureContext | undefined},
): (socket: Socket, secureContext?: SecureContext) => void {
	const {protocol, port} = context.listener;
	const tcp: Serve = connection => void new TcpFront(context, connection);
	const fields = `X-Forwarded-Proto: ${protocol}\r\nX-Forwarded-Port: ${port}\r\n`;
	// A PROXY line names one client, so its back-end connections serve no other.
	const poolFor = () => (context.sendsProxyLine ? newPool(context) : pool);
	const http: Serve = connection => void new HttpFront(context, poolFor(), connection, fields);
	const plain = (serve: Serve) => (socket: Socket) => serve(new ClientConnection(socket));
	const terminate = (serve: Serve, alpn: readonly string[] | undefined) => (socket: Socket, other?: SecureContext) => {
		const current = other ?? secureContext();
		// A listener that speaks TLS has a certificate: the model refuses it otherwise.
		if (current !== undefined) void new TlsHandshake(context, socket, {secureContext: current, alpn, serve});
	};
	const fronts: Record<Protocol, ReturnType<typeof serverFor>> = {
		tcp: plain(tcp),
		ssl: terminate(tcp, undefined),
		http: plain(http),
		https: terminate(http, HTTP_ALPN),
	};
	return fronts[protocol];
}
