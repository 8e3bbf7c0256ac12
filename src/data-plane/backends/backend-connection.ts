import type {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import {hasCode} from '../../base/errors.ts';
import {connectionReset, endedByCloseNotify, endedByReset, resetSocket} from '../../base/reset.ts';
import type {PeerTls} from '../../observability/exchange.ts';
import type {ReadBuffers} from '../sockets/read-buffers.ts';
import {giveTo, giveUnreadTo, type StreamOwner, sendingFailure, whenSent} from '../sockets/stream-owner.ts';
import {type BackendTlsOptions, type ConnectionFault, dialTcp, refusalOfPeer, speakTls} from './dial.ts';

/**
 * Reads up to this size are handed on at once, from the shared buffer. 16 KiB is what Node writes from its stack
 * without allocating (`StreamBase::WriteString`).
 */
export const SMALL_READ_BYTES = 8 * 1024;

/** Receives the events of a connection to a back-end. Another one for each exchange on a pooled connection. */
export interface BackendHandler {
	/** The connection stands, TLS included. */
	connected(): void;
	/**
	 * Bytes from the back-end, at the beginning of `memory`.
	 *
	 * Without `release` they are gone when this returns; with it they stay until it is called, once, which may be as a
	 * write's callback.
	 */
	data(memory: Buffer, bytes: number, release: (() => void) | undefined): void;
	/** The back-end will send no more. */
	ended(): void;
	/** What was written has been taken: more may come. */
	drained(): void;
	/** The connection is gone, for whatever reason; always the last call. */
	closed(error: Error | undefined): void;
}

export interface DialOptions {
	readonly host: string;
	readonly port: number;
	/** Present for HTTPS and SSL back-ends. */
	readonly tls: BackendTlsOptions | undefined;
	readonly buffers: ReadBuffers;
	/** Written before everything else, TLS included: the PROXY line. latin1. */
	readonly preamble: string | undefined;
	/** What is wrong with it on purpose. */
	readonly fault?: ConnectionFault | undefined;
}

/** One connection to a back-end, plain or TLS. Owns its sockets; every one has its error listener from the first tick. */
export class BackendConnection implements StreamOwner {
	/** Write here: the TLS stream, or the raw one. */
	readonly stream: Socket;
	readonly host: string;
	readonly port: number;
	/** What was written before everything else; empty: nothing. */
	readonly preamble: string;
	handler: BackendHandler;
	connected = false;
	/** Whether it serves one exchange, and no other after it. */
	readonly isApart: boolean;
	readonly #raw: Socket;
	readonly #buffers: ReadBuffers;
	/** The buffer the next read goes to, while in the midst of a bulk transfer. */
	#private: Buffer | undefined;
	/** Private buffers that the receiver has not taken yet. */
	#untaken = 0;
	#tlsFacts: PeerTls | undefined;
	#paused = false;
	#ended = false;
	/** How the TLS stream ended; undefined before, and without TLS. */
	#byCloseNotify: boolean | undefined;
	#closed = false;
	#error: Error | undefined;

	constructor({host, port, tls: tlsOptions, buffers, preamble = '', fault}: DialOptions, handler: BackendHandler) {
		this.host = host;
		this.port = port;
		this.preamble = preamble;
		this.handler = handler;
		this.#buffers = buffers;
		this.isApart = fault !== undefined;
		if (tlsOptions === undefined && fault === undefined) {
			this.#raw = dialTcp({
				host,
				port,
				onread: {
					buffer: () => this.#private ?? buffers.shared,
					callback: (bytes, buffer) => this.#read(bytes, buffer),
				},
			});
			this.stream = this.#raw;
			giveUnreadTo(this, this.stream);
			if (preamble !== '') this.#raw.write(preamble, 'latin1');
			this.#raw.once('connect', () => this.#connect());
		} else {
			this.#raw = fault === undefined ? dialTcp({host, port}) : fault.dial({host, port});
			// Node writes it as soon as the connection stands, before TLS takes over.
			if (preamble !== '') this.#raw.write(preamble, 'latin1');
			this.#raw.on('error', error => this.streamFailed(error));
			this.stream = tlsOptions === undefined ? this.#raw : this.#wrap(tlsOptions, fault);
			giveTo(this, this.stream);
			if (tlsOptions === undefined) this.#raw.once('connect', () => this.#connect());
		}
	}

	/** Sends no more. What the back-end still sends is read. */
	end(): void {
		this.stream.end();
	}

	/** Stops reading until `resume()`; what was read already may still be handed on. */
	pause(): void {
		if (this.#paused) return;
		this.#paused = true;
		this.stream.pause();
	}

	resume(): void {
		if (!this.#paused) return;
		this.#paused = false;
		this.stream.resume();
	}

	get paused(): boolean {
		return this.#paused;
	}

	/** Whether nothing has happened on it that forbids another exchange. */
	get usable(): boolean {
		return this.connected && !this.#ended && !this.#closed && !this.destroyed && this.takesBytes;
	}

	/** Whether it can still be written to. Where it cannot, what the back-end has sent is still read. */
	get takesBytes(): boolean {
		return this.stream.writable && sendingFailure(this.stream) === undefined;
	}

	get destroyed(): boolean {
		return this.stream.destroyed || this.#raw.destroyed;
	}

	/** Ends at once with a RST, so that nothing half-sent can pass for complete. */
	reset(): void {
		resetSocket(this.#raw, this.stream);
	}

	/** The same, once what was written is in the system's hands. */
	resetWhenSent(): void {
		whenSent(this.stream, () => this.reset());
	}

	/** Ends in good order where everything is said, else as `reset()`. */
	close(): void {
		if (this.stream.writableLength === 0) this.stream.destroySoon();
		else this.reset();
	}

	/** Ends at once. */
	destroy(): void {
		this.stream.destroy();
		this.#raw.destroy();
	}

	/** What was agreed with the back-end, and whether its certificate verified; undefined without TLS. */
	get tlsFacts(): PeerTls | undefined {
		return this.#tlsFacts;
	}

	#wrap(options: BackendTlsOptions, fault: ConnectionFault | undefined): TLSSocket {
		const stream = speakTls(this.#raw, options);
		stream.once('secureConnect', () => {
			const refusal = fault?.refusal ?? refusalOfPeer(stream, options);
			if (refusal !== undefined) {
				stream.destroy(refusal);
				return;
			}
			this.#tlsFacts = factsOf(stream);
			this.#connect();
		});
		// The only call that comes when an end is read, back-pressure or not.
		const push = stream.push;
		stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
			if (chunk === null) this.#byCloseNotify = endedByCloseNotify(this.#raw);
			return push.call(stream, chunk, encoding);
		};
		if (fault?.truncatesTls === true) this.#truncate(stream, fault);
		fault?.slowTlsEnd(stream);
		return stream;
	}

	/** Half of the first data passes, then the connection ends below TLS. */
	#truncate(stream: TLSSocket, fault: ConnectionFault): void {
		const push = stream.push;
		let isCut = false;
		stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
			if (isCut) return false;
			if (!(chunk instanceof Uint8Array)) return push.call(stream, chunk, encoding);
			isCut = true;
			fault.noteAltered();
			push.call(stream, chunk.subarray(0, Math.ceil(chunk.length / 2)));
			this.#raw.destroySoon();
			return push.call(stream, null);
		};
	}

	#connect(): void {
		this.connected = true;
		this.handler.connected();
	}

	#read(bytes: number, buffer: Uint8Array): boolean {
		if (bytes <= SMALL_READ_BYTES) {
			// The buffers are our own, see the constructor: Buffers.
			this.handler.data(buffer as Buffer, bytes, undefined);
			this.#leaveBulk();
		} else if (buffer === this.#private) {
			const used = this.#private;
			// A receiver that has taken everything so far, and a back-end that fills what it is given: both want more at once.
			const isFast = this.#untaken === 0 && bytes === used.length;
			this.#private = isFast ? this.#buffers.takeLarge() : this.#buffers.take();
			this.#lend(used, bytes);
		} else {
			// The shared buffer cannot wait for a slow receiver, others read into it too: one copy on the way into bulk.
			const used = this.#buffers.take();
			used.set(buffer.subarray(0, bytes));
			this.#private = this.#buffers.take();
			this.#lend(used, bytes);
		}
		return !this.#paused;
	}

	#lend(used: Buffer, bytes: number): void {
		this.#untaken++;
		this.handler.data(used, bytes, () => {
			this.#untaken--;
			this.#buffers.giveBack(used);
		});
	}

	#leaveBulk(): void {
		if (this.#private === undefined) return;
		this.#buffers.giveBack(this.#private);
		this.#private = undefined;
	}

	/** Of a TLS stream; what is read from a plain one goes to `#read`. */
	streamData(memory: Buffer, bytes: number): void {
		this.handler.data(memory, bytes, ignore);
	}

	streamDrained(): void {
		this.handler.drained();
	}

	streamEnded(): void {
		this.#ended = true;
		const failure = sendingFailure(this.stream);
		if (failure !== undefined) this.#endAfter(failure);
		else if (endedByReset(this.#raw, this.stream, this.#byCloseNotify)) this.stream.destroy(connectionReset());
		else this.handler.ended();
	}

	/** All that the back-end had sent has been read, and it takes nothing more: the connection is over. */
	#endAfter(failure: Error): void {
		const isWhole = this.#byCloseNotify === true || hasCode(failure, 'EPIPE');
		if (isWhole) this.handler.ended();
		this.stream.destroy(isWhole ? undefined : failure);
	}

	streamFailed(error: Error): void {
		this.#error ??= error;
		// A TLS stream over a raw socket that failed before the handshake would wait for ever.
		if (this.stream !== this.#raw && !this.stream.destroyed) this.stream.destroy();
	}

	streamClosed(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#raw.destroy();
		this.#leaveBulk();
		this.handler.closed(this.#error);
	}
}

function ignore(): void {
	// Node gave this chunk its own memory: there is nothing to give back.
}

function factsOf(stream: TLSSocket): PeerTls {
	const certificate = stream.getPeerX509Certificate();
	const error: unknown = stream.authorizationError;
	return {
		version: stream.getProtocol() ?? '',
		cipher: stream.getCipher()?.name ?? '',
		...(certificate === undefined ? {} : {certificate: certificate.fingerprint256}),
		...(stream.authorized ? {} : {unverified: error instanceof Error ? error.message : String(error)}),
	};
}
