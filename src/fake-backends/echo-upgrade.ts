import {createHash} from 'node:crypto';
import {type IncomingMessage, type RequestListener, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import type {BehaviourContext} from './behaviour-context.ts';
import {BACKEND_HEADER, nameAsHeader} from './echo.ts';

/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Accepts any upgrade, then sends every byte back unchanged: the far end for tests of tunnels. It is not a WebSocket
 * server: a client's masked frames come back masked.
 *
 * An offer to speak HTTP/2 or TLS on the same connection (RFC 9110 §7.8) is optional for the client (`curl --http2`
 * makes one); it is declined by answering the request with `otherwise`.
 */
export function echoUpgrade(
	{name, failing}: Pick<BehaviourContext, 'name' | 'failing'>,
	otherwise: RequestListener,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
	return (request, socket, head) => {
		const protocol = (request.headers.upgrade ?? '').split(',')[0]?.trim() ?? '';
		if (failing.current !== undefined || /^(?:h2c|tls\/.*)$/i.test(protocol)) {
			answerInstead(request, socket, otherwise);
			return;
		}

		const lines = [
			'HTTP/1.1 101 Switching Protocols',
			`Upgrade: ${protocol}`,
			'Connection: Upgrade',
			`${BACKEND_HEADER}: ${nameAsHeader(name)}`,
		];
		const key = request.headers['sec-websocket-key'];
		if (key !== undefined) lines.push(`Sec-WebSocket-Accept: ${acceptFor(key)}`);
		socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
		// The first bytes of the tunnel may arrive together with the request.
		if (head.length > 0) socket.write(head);
		socket.pipe(socket);
	};
}

/** Node has detached its parser from the connection, so no request can follow: it is closed after this answer. */
function answerInstead(request: IncomingMessage, socket: Duplex, listener: RequestListener): void {
	const response = new ServerResponse(request);
	response.shouldKeepAlive = false;
	// The socket of an HTTP request is a net.Socket here; Node's types say Duplex because others may be injected.
	response.assignSocket(request.socket);
	response.once('finish', () => socket.end());
	listener(request, response);
}

function acceptFor(key: string): string {
	return createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
}
