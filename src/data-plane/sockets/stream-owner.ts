import type {Buffer} from 'node:buffer';
import {Socket} from 'node:net';
import {codeOf} from '../../base/errors.ts';
import {withoutNodeTimeout} from './node-timeout.ts';
import {readInto} from './transient-reads.ts';

/** Receives a stream's events. */
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

type WriteDone = (error?: Error | null) => void;

const OWNER = Symbol('owner');
const SENDING = Symbol('sending');

/** A stream that has been given an owner; the symbols are private to this file. */
interface OwnedStream extends Socket {
	[OWNER]: StreamOwner | undefined;
	[SENDING]: Sending | undefined;
}

/**
 * Sends a stream's events to `owner` from now on, and to nothing else. A stream that has its first owner is read from
 * now on, unless it has been paused.
 *
 * All streams share the same five listeners: five closures for each would be a tenth of an idle connection's memory,
 * and a connection that changes hands would take five listeners off and put five on.
 *
 * A failure ends one direction, not both: what the peer has sent, and the system has received, is delivered before the end
 * (RFC 9112 sections 9.5 and 9.6). Node alone would destroy the stream and lose it; see {@link sendingFailure} and
 * `destroyAfterData`.
 */
export function giveTo(owner: StreamOwner, stream: Socket): void {
	// The symbol is this module's own, so it is what it says or not there.
	const fresh = (stream as OwnedStream)[OWNER] === undefined;
	giveUnreadTo(owner, stream);
	if (fresh) stream.on('data', passData);
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
	stream.off('data', passData);
	giveUnreadTo(owner, stream);
}

/** The same for a stream that is read by other means: `streamData` is never called. */
export function giveUnreadTo(owner: StreamOwner, stream: Socket): void {
	// See `giveTo`.
	const owned = stream as OwnedStream;
	if (owned[OWNER] === undefined) {
		stream.on('end', passEnd);
		stream.on('drain', passDrain);
		stream.on('error', passError);
		stream.on('close', passClose);
		if (stream instanceof Socket) {
			stream._write = write;
			stream._writev = writeMany;
			withoutNodeTimeout(stream);
		} else writeOfOther(stream);
		stream.destroy = destroyAfterData;
	}
	owned[OWNER] = owner;
}

/** Sends a stream's events to nothing any more; its errors are still listened for. */
export function abandon(stream: Socket): void {
	// See `giveTo`.
	(stream as OwnedStream)[OWNER] = nobody;
}

/**
 * Why nothing can be sent any more, while what the peer has sent is still delivered; undefined while it can.
 *
 * `EPIPE`: the peer had ended its direction before (the system was in CLOSE_WAIT), so its end is a whole one.
 * `ECONNRESET`: it had not, so the end that follows is a reset that the failed write has used up.
 */
export function sendingFailure(stream: Socket): Error | undefined {
	// See `giveTo`.
	return (stream as OwnedStream)[SENDING]?.failure;
}

/**
 * Calls `then` once everything that was written is in the system's hands, or can no longer be sent: at once where it is
 * so already. Not called when the stream is destroyed before.
 */
export function whenSent(stream: Socket, then: () => void): void {
	const sending = sendingOf(stream as OwnedStream);
	if (stream.writableLength === 0 || sending.failure !== undefined) then();
	else sending.whenSent = then;
}

/** The peer is gone, and no write can help that; every other failure is not the peer's doing. */
const PEER_IS_GONE = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT']);

/** What becomes of one stream's writes. */
class Sending {
	failure: Error | undefined;
	/** Reading has failed, which is reported once everything that was read before is delivered. */
	brokenRead: Error | undefined;
	whenSent: (() => void) | undefined;
	/** Node's own callback: one for each stream, whatever is written. */
	done: WriteDone = ignore;
	readonly #stream: OwnedStream;

	constructor(stream: OwnedStream) {
		this.#stream = stream;
	}

	/** Handed to Node in the place of `done`, which destroys the stream when it gets an error. */
	readonly written: WriteDone = error => {
		const stream = this.#stream;
		if (error !== undefined && error !== null) {
			// Once nothing more is to be read, a failed write is the end of the connection.
			if (stream.readableEnded || !PEER_IS_GONE.has(codeOf(error) ?? '')) {
				this.done(error);
				return;
			}
			this.failure ??= error;
		}
		this.done();
		if (this.whenSent !== undefined && (stream.writableLength === 0 || this.failure !== undefined)) {
			const then = this.whenSent;
			this.whenSent = undefined;
			then();
		}
	};
}

function sendingOf(stream: OwnedStream): Sending {
	stream[SENDING] ??= new Sending(stream);
	return stream[SENDING];
}

function write(this: Socket, chunk: unknown, encoding: BufferEncoding, done: WriteDone): void {
	const sending = sendingOf(this as OwnedStream);
	sending.done = done;
	if (sending.failure === undefined) Socket.prototype._write.call(this, chunk, encoding, sending.written);
	else done();
}

function writeMany(this: Socket, chunks: {chunk: unknown; encoding: BufferEncoding}[], done: WriteDone): void {
	const sending = sendingOf(this as OwnedStream);
	sending.done = done;
	if (sending.failure === undefined) Socket.prototype._writev?.call(this, chunks, sending.written);
	else done();
}

/** As `write`, of a stream that stands in for a socket. */
function writeOfOther(stream: OwnedStream): void {
	stream._write = function writeToOther(this: OwnedStream, chunk: unknown, encoding: BufferEncoding, done: WriteDone) {
		const sending = sendingOf(this);
		sending.done = done;
		if (sending.failure === undefined) Object.getPrototypeOf(this)._write.call(this, chunk, encoding, sending.written);
		else done();
	};
}

/**
 * Takes the place of `destroy()`: where reading fails while bytes wait that were read before, they are delivered first, then
 * the failure.
 */
function destroyAfterData(this: Socket, error?: Error): Socket {
	if (error !== undefined && this.readableLength > 0 && !this.destroyed && isReadError(error)) {
		const sending = sendingOf(this as OwnedStream);
		sending.failure ??= error;
		// Behind an end that waits to be delivered it changes nothing about the reading.
		if (!endIsRead(this)) {
			sending.brokenRead ??= error;
			this.push(null);
		}
		return this;
	}
	return Object.getPrototypeOf(this).destroy.call(this, error);
}

/** Whether the end has been read, delivered or not. Node has no public property for it (the same in Node 20, 22, 24 and 26). */
function endIsRead(stream: Socket): boolean {
	const {_readableState: state} = stream as {_readableState?: {readonly ended?: boolean}};
	return state?.ended ?? stream.readableEnded;
}

function isReadError(error: Error): boolean {
	return 'syscall' in error && error.syscall === 'read';
}

function ignore(): void {
	// Nothing has been written.
}

const nobody: StreamOwner = {
	streamData() {},
	streamEnded() {},
	streamDrained() {},
	streamFailed() {},
	streamClosed() {},
};

function passData(this: OwnedStream, chunk: Buffer): void {
	this[OWNER]?.streamData(chunk, chunk.length, false);
}

function passEnd(this: OwnedStream): void {
	const broken = this[SENDING]?.brokenRead;
	if (broken === undefined) this[OWNER]?.streamEnded();
	else this.destroy(broken);
}

function passDrain(this: OwnedStream): void {
	this[OWNER]?.streamDrained();
}

function passError(this: OwnedStream, error: Error): void {
	this[OWNER]?.streamFailed(error);
}

function passClose(this: OwnedStream): void {
	this[OWNER]?.streamClosed();
}
