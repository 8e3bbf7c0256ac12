import {readSync} from 'node:fs';
import type {Socket} from 'node:net';
import {hasCode} from './errors.ts';

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
 * Whether the `end` of a connection was a reset. libuv reports a reset that comes together with bytes as
 * an end (`uv__stream_io`, POLLHUP after a short read), and a stream that was cut would pass for a whole one.
 *
 * The system forgets the peer of a connection that was reset, which is asked first. It also forgets it once both
 * directions have ended: then the error that libuv has not fetched is fetched in its place. A TLS stream that ended
 * with a close_notify is whole then, whatever came behind.
 *
 * @param raw the TCP socket.
 * @param stream what is written to: `raw`, or the TLS stream over it.
 * @param byCloseNotify what was noted when the end was read. Asked when it is delivered, which back-pressure delays, a
 * close_notify with a reset right behind it can pass for a reset.
 */
export function endedByReset(raw: Socket, stream: Socket, byCloseNotify?: boolean): boolean {
	if (raw.destroyed) return false;
	if (stream.writableEnded) {
		const whole = stream !== raw && (byCloseNotify ?? endedByCloseNotify(raw));
		return !whole && hasHiddenReset(raw);
	}
	// Undocumented: here Node keeps what the system answered the first time. Without it the system is asked again.
	(raw as {_peername?: unknown})._peername = undefined;
	return raw.remoteAddress === undefined;
}

/** What Node keeps below a socket; undocumented, and the same in Node 20, 22 and 24. */
interface StreamHandle {
	/** -1 where connections are no descriptors (Windows). */
	readonly fd: number;
	/** Whether Node wants to read. */
	readonly reading: boolean;
	/** @returns 0, or libuv's error, negative. */
	readStart(): number;
	readStop(): number;
}

function handleOf(raw: Socket): StreamHandle | undefined {
	return (raw as {_handle?: StreamHandle | null})._handle ?? undefined;
}

/**
 * Whether the end of a TLS stream that has just been read is its peer's close_notify, and not the end of the connection
 * below: after that libuv reads no more.
 */
export function endedByCloseNotify(raw: Socket): boolean {
	const handle = handleOf(raw);
	if (handle === undefined || !handle.reading) return true;
	const refusal = handle.readStart();
	if (refusal === 0) handle.readStop();
	return refusal !== 0;
}

const ONE_BYTE = new Uint8Array(1);

/** Reads past the end that libuv reported: the system says `ECONNRESET` there, once, when it was none. */
function hasHiddenReset(raw: Socket): boolean {
	const fd = handleOf(raw)?.fd ?? -1;
	if (fd < 0) return false;
	try {
		readSync(fd, ONE_BYTE);
		return false;
	} catch (error) {
		return hasCode(error, 'ECONNRESET');
	}
}

/** The error that Node would have reported, had libuv reported the reset. */
class ConnectionReset extends Error {
	readonly code = 'ECONNRESET';
	readonly syscall = 'read';
}

/** The same of a connection that is refused. */
class ConnectionRefused extends Error {
	readonly code = 'ECONNREFUSED';
	readonly syscall = 'connect';
}

/** @param target host and port */
export function connectionRefused(target: string): Error {
	return new ConnectionRefused(`connect ECONNREFUSED ${target}`);
}

/** The same of a write, once the peer has ended both directions and said so with a RST. */
class BrokenPipe extends Error {
	readonly code = 'EPIPE';
	readonly syscall = 'write';
}

export function brokenPipe(): Error {
	return new BrokenPipe('write EPIPE');
}

export function connectionReset(): Error {
	return new ConnectionReset('read ECONNRESET');
}
