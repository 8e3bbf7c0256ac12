import type {Socket} from 'node:net';
import {type SecureContext, TLSSocket} from 'node:tls';
import type {Timed} from '../base/deadlines.ts';
import type {Outcome, Peer} from '../observability/exchange.ts';
import {handshakeCause} from './failure.ts';
import {finishRecord, type ListenerContext, newRecord, type OpenConnection} from './listener-context.ts';
import {endedByReset, resetSocket} from './reset.ts';

/** A client's connection once its bytes can be read: plain, or with TLS taken off. */
export interface ClientConnection {
	/** Read and write here. It has an `error` listener already. */
	readonly stream: Socket;
	readonly peer: Peer;
	/** The address the client connected to. */
	readonly localAddress: string;
	/** Milliseconds the handshake took; -1 where there was none. */
	readonly tlsMs: number;
	/** Ends at once with a RST, which no client can take for the end of a complete answer. */
	reset(): void;
	/** Whether the `end` that `stream` has told of was a reset. */
	endedByReset(): boolean;
}

/** What serves a client connection. It owns it from this call on. */
export type Serve = (connection: ClientConnection) => void;

/** The connection of a listener that speaks no TLS. */
export function plainConnection(raw: Socket): ClientConnection {
	return {
		stream: raw,
		peer: {address: addressOf(raw), port: raw.remotePort ?? 0},
		// Asked for when it is needed: it is a call to the system.
		get localAddress() {
			return withoutV4Mapping(raw.localAddress);
		},
		tlsMs: -1,
		reset: () => resetSocket(raw, raw),
		endedByReset: () => endedByReset(raw, raw),
	};
}

/**
 * Takes TLS off one connection and hands the clear stream on. The accepted socket is wrapped, not lost: a RST can only
 * be sent through it (`resetAndDestroy()` of a TLS socket throws).
 *
 * A handshake that fails, stalls or is left ends in a record that says why, and leaves nothing behind.
 */
export class TlsHandshake implements Timed, OpenConnection {
	deadlineMs: number;
	readonly #context: ListenerContext;
	readonly #raw: Socket;
	readonly #stream: TLSSocket;
	readonly #serve: Serve;
	readonly #peer: Peer;
	readonly #startMs: number;
	#error: Error | undefined;
	#over = false;

	constructor(
		context: ListenerContext,
		raw: Socket,
		options: {
			readonly secureContext: SecureContext;
			readonly alpn: readonly string[] | undefined;
			readonly serve: Serve;
		},
	) {
		this.#context = context;
		this.#raw = raw;
		this.#serve = options.serve;
		this.#peer = {address: addressOf(raw), port: raw.remotePort ?? 0};
		this.#startMs = context.clock.now();
		this.deadlineMs = this.#startMs + context.timeouts.handshakeMs;
		this.#stream = new TLSSocket(raw, {
			isServer: true,
			secureContext: options.secureContext,
			...(options.alpn === undefined ? {} : {ALPNProtocols: [...options.alpn]}),
		});
		context.connections.add(this);
		context.deadlines.add(this);
		this.#stream.on('error', this.#onError);
		// After the handshake, Node tells a standalone server stream's TLS errors (a bad record, a refused renegotiation)
		// by this undocumented event alone, and leaves the connection standing.
		this.#stream.on('_tlsError', (error: Error) => {
			if (this.#over) this.#stream.destroy(error);
		});
		this.#stream.once('secure', this.#onSecure);
		this.#stream.once('end', this.#onEnd);
		this.#stream.once('close', this.#onClose);
		// Flowing, or the end of a client that leaves before it has said anything would go unnoticed.
		this.#stream.resume();
	}

	onDeadline(): void {
		this.#fail('client-timeout', `no complete handshake within ${this.#context.timeouts.handshakeMs} ms`);
	}

	drain(): void {
		this.cut();
	}

	cut(): void {
		this.#fail('drained', 'the load balancer stopped during the handshake');
	}

	readonly #onError = (error: Error): void => {
		this.#error ??= error;
	};

	readonly #onSecure = (): void => {
		this.#leave();
		const stream = this.#stream;
		const raw = this.#raw;
		// Whoever serves it decides when the first byte is read.
		stream.pause();
		stream.disableRenegotiation();
		const {alpnProtocol} = stream;
		// Documented, `false` without SNI, and missing in the types of Node 20.
		const {servername} = stream as {servername?: string | false};
		this.#serve({
			stream,
			peer: {
				...this.#peer,
				tls: {
					version: stream.getProtocol() ?? '',
					cipher: stream.getCipher()?.name ?? '',
					...(typeof alpnProtocol === 'string' ? {alpn: alpnProtocol} : {}),
					...(typeof servername === 'string' ? {sni: servername} : {}),
				},
			},
			get localAddress() {
				return withoutV4Mapping(raw.localAddress);
			},
			tlsMs: this.#context.clock.now() - this.#startMs,
			reset: () => resetSocket(raw, stream),
			endedByReset: () => endedByReset(raw, stream),
		});
	};

	readonly #onEnd = (): void => {
		this.#fail('tls-handshake', handshakeCause(undefined));
	};

	readonly #onClose = (): void => {
		this.#fail('tls-handshake', handshakeCause(this.#error));
	};

	#fail(outcome: Outcome, cause: string): void {
		if (this.#over) return;
		// A connection that came and went without a byte, as a port check does, is no exchange.
		if (this.#raw.bytesRead > 0 || this.#error !== undefined || outcome !== 'tls-handshake') {
			const kind = this.#context.listener.protocol === 'https' ? 'http' : 'tcp';
			const record = newRecord(this.#context, kind, this.#peer);
			finishRecord(this.#context, record, outcome, cause);
		}
		this.#leave();
		this.#stream.destroy();
		this.#raw.destroy();
	}

	#leave(): void {
		this.#over = true;
		this.#context.connections.delete(this);
		this.#context.deadlines.delete(this);
		this.#stream.off('end', this.#onEnd);
		this.#stream.off('close', this.#onClose);
	}
}

/** The client's address as X-Forwarded-For carries it. */
function addressOf(raw: Socket): string {
	return withoutV4Mapping(raw.remoteAddress);
}

/** An IPv4 address that came in over IPv6 is IPv4. */
function withoutV4Mapping(address = ''): string {
	return address.startsWith('::ffff:') ? address.slice(7) : address;
}
