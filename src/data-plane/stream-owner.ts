import type {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import {readInto} from './transient-reads.ts';

/** Whoever a stream's events are told to. */
export interface StreamOwner {
	/**
	 * @param memory has what has come at its beginning: `bytes` of it.
	 * @param transient whether it is used for something else once this returns.
	 */
	streamData(memory: Buffer, bytes: number, transient: boolean): void;
	/** The other side will send no more. */
	streamEnded(): void;
	/** What was written has been taken: more may come. */
	streamDrained(): void;
	/** `streamClosed` follows. */
	streamFailed(error: Error): void;
	/** Always the last call. */
	streamClosed(): void;
}

const OWNER = Symbol('owner');

/** A stream that has been given an owner; nobody else knows the symbol. */
interface OwnedStream extends Socket {
	[OWNER]: StreamOwner | undefined;
}

/**
 * Tells a stream's events to `owner` from now on, and to nobody else. A stream that has its first owner is read from
 * now on, unless it has been paused.
 *
 * All streams share the same five listeners: five closures for each would be a tenth of an idle connection's memory,
 * and a connection that changes hands would take five listeners off and put five on.
 */
export function giveTo(owner: StreamOwner, stream: Socket): void {
	// The symbol is this module's own, so it is what it says or not there.
	const fresh = (stream as OwnedStream)[OWNER] === undefined;
	giveUnreadTo(owner, stream);
	if (fresh) stream.on('data', tellData);
}

/**
 * The same, and an accepted socket, or the TLS stream over one, is read into `buffer`, which many share: what
 * comes is transient then. A stream that cannot be is read as with {@link giveTo}; so is one that holds bytes already.
 */
export function giveSharedTo(owner: StreamOwner, stream: Socket, buffer: Buffer): void {
	// See `giveTo`.
	const owned = stream as OwnedStream;
	if (!readInto(stream, buffer, bytes => owned[OWNER]?.streamData(buffer, bytes, true))) {
		giveTo(owner, stream);
		return;
	}
	stream.off('data', tellData);
	giveUnreadTo(owner, stream);
}

/** The same for a stream that is read by other means: `streamData` is never called. */
export function giveUnreadTo(owner: StreamOwner, stream: Socket): void {
	// See `giveTo`.
	const owned = stream as OwnedStream;
	if (owned[OWNER] === undefined) {
		stream.on('end', tellEnd);
		stream.on('drain', tellDrain);
		stream.on('error', tellError);
		stream.on('close', tellClose);
	}
	owned[OWNER] = owner;
}

/** Tells a stream's events to nobody any more; its errors are still listened for. */
export function abandon(stream: Socket): void {
	// See `giveTo`.
	(stream as OwnedStream)[OWNER] = nobody;
}

const nobody: StreamOwner = {
	streamData() {},
	streamEnded() {},
	streamDrained() {},
	streamFailed() {},
	streamClosed() {},
};

function tellData(this: OwnedStream, chunk: Buffer): void {
	this[OWNER]?.streamData(chunk, chunk.length, false);
}

function tellEnd(this: OwnedStream): void {
	this[OWNER]?.streamEnded();
}

function tellDrain(this: OwnedStream): void {
	this[OWNER]?.streamDrained();
}

function tellError(this: OwnedStream, error: Error): void {
	this[OWNER]?.streamFailed(error);
}

function tellClose(this: OwnedStream): void {
	this[OWNER]?.streamClosed();
}
