import type {Socket} from 'node:net';

/**
 * Ends a connection at once with a RST, wherever the system allows one.
 *
 * Not while it connects: Node would put the RST off until the connection stands. And not while its own end is on its
 * way: libuv refuses then (EINVAL), and Node leaves the descriptor open for ever; all bytes have gone out in that case,
 * and the connection is closed.
 *
 * A TLS stream says nothing more from now on and is destroyed by Node once the socket below is closed. Destroying it
 * here would crash the process (SIGSEGV) when this is called from within its handshake, and would send a FIN if it came
 * first.
 *
 * @param raw the TCP socket.
 * @param stream what is read and written: `raw`, or the TLS stream over it.
 */
export function resetSocket(raw: Socket, stream: Socket): void {
	if (raw.destroyed) return;
	const ending = stream.writableEnded && !stream.writableFinished && stream.writableLength === 0;
	if (raw.connecting || ending) raw.destroy();
	else raw.resetAndDestroy();
	if (stream !== raw) stream.pause();
}

/**
 * Whether the `end` that a connection has told of was a reset. libuv tells a reset that comes together with bytes as
 * an end (`uv__stream_io`, POLLHUP after a short read), and a stream that was cut would pass for a whole one.
 *
 * The system forgets the peer of a connection that was reset. It also forgets it once both directions have ended: then
 * nothing can be said, and this is false.
 *
 * @param raw the TCP socket.
 * @param stream what is written to: `raw`, or the TLS stream over it.
 */
export function endedByReset(raw: Socket, stream: Socket): boolean {
	if (stream.writableEnded || raw.destroyed) return false;
	// Undocumented: here Node keeps what the system answered the first time. Without it the system is asked again.
	(raw as {_peername?: unknown})._peername = undefined;
	return raw.remoteAddress === undefined;
}

/** The error that Node would have told of, had libuv told of the reset. */
class ConnectionReset extends Error {
	readonly code = 'ECONNRESET';
	readonly syscall = 'read';
}

export function connectionReset(): Error {
	return new ConnectionReset('read ECONNRESET');
}
