import type {Socket} from 'node:net';
import type {SecureContext} from 'node:tls';
import type {Protocol} from '../model/listener.ts';
import {HttpFront} from './http-front.ts';
import type {ListenerContext} from './listener-context.ts';
import {TcpFront} from './tcp-front.ts';
import {plainConnection, type Serve, TlsHandshake} from './tls-front.ts';
import type {UpstreamPool} from './upstream-pool.ts';

/** Which fronts a connection passes. SSL passthrough needs no code of its own: it is TCP. */
export function serverFor(
	context: ListenerContext,
	{pool, secureContext}: {readonly pool: UpstreamPool; readonly secureContext: SecureContext | undefined},
): (socket: Socket) => void {
	const {protocol, port} = context.listener;
	const tcp: Serve = connection => void new TcpFront(context, connection);
	const fields = `X-Forwarded-Proto: ${protocol}\r\nX-Forwarded-Port: ${port}\r\n`;
	const http: Serve = connection => void new HttpFront(context, pool, connection, fields);
	const plain = (serve: Serve) => (socket: Socket) => serve(plainConnection(socket));
	const terminate = (serve: Serve, alpn: readonly string[] | undefined) => (socket: Socket) => {
		// A listener that speaks TLS has a certificate: the model refuses it otherwise.
		if (secureContext !== undefined) void new TlsHandshake(context, socket, {secureContext, alpn, serve});
	};
	const fronts: Record<Protocol, (socket: Socket) => void> = {
		tcp: plain(tcp),
		ssl: terminate(tcp, undefined),
		http: plain(http),
		https: terminate(http, ['http/1.1']),
	};
	return fronts[protocol];
}
