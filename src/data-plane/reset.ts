import type {Socket} from 'node:net';

/**
 * Ends a connection at once with a RST, wherever the system allows one.
 *
 * Not while it connects: Node would put the RST off until the connection stands. And not while its own end is on its
 * way: libuv refuses then (EINVAL), and Node leaves the descriptor open for ever; all bytes have gone out in that case,
 * and the connection is closed.
 *
 * @param raw the TCP socket.
 * @param stream what is written to: `raw`, or the TLS stream over it, which the caller destroys.
 */
export function resetSocket(raw: Socket, stream: Socket): void {
	if (raw.destroyed) return;
	const ending = stream.writableEnded && !stream.writableFinished && stream.writableLength === 0;
	if (raw.connecting || ending) raw.destroy();
	else raw.resetAndDestroy();
}
