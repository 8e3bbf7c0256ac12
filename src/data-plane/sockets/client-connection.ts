import type {Socket} from 'node:net';
import {connectionReset, endedByReset, resetSocket} from '../../base/reset.ts';
import type {Peer} from '../../observability/exchange.ts';
import {type FaultySocket, faultyIn} from '../faults/faulty-socket.ts';
import {sendingFailure, whenSent} from './stream-owner.ts';

/** A client's connection once its bytes can be read: plain, or with TLS taken off. The front that serves it owns it. */
export class ClientConnection {
	/** Read and write here. */
	readonly stream: Socket;
	readonly peer: Peer;
	/** Milliseconds the handshake took; -1 where there was none. */
	readonly tlsMs: number;
	readonly #raw: Socket;

	/**
	 * @param raw the accepted TCP socket.
	 * @param tls the stream over it once TLS is taken off, with what was agreed; absent on a listener that speaks none.
	 */
	constructor(raw: Socket, tls?: {readonly stream: Socket; readonly peer: Peer; readonly ms: number}) {
		this.#raw = raw;
		this.stream = tls?.stream ?? raw;
		this.peer = tls?.peer ?? peerOf(raw);
		this.tlsMs = tls?.ms ?? -1;
	}

	/** The address the client connected to. Asked for when it is needed: it is a call to the system. */
	get localAddress(): string {
		return withoutV4Mapping(this.#raw.localAddress);
	}

	/** Ends at once with a RST, which no client can take for the end of a complete answer. */
	reset(): void {
		resetSocket(this.#raw, this.stream);
	}

	/** Ends the connection below TLS once what was written is sent: the client gets no close_notify. */
	truncate(): void {
		whenSent(this.stream, () => this.#raw.destroySoon());
	}

	/** What is wrong with it on purpose. */
	get faulty(): FaultySocket | undefined {
		return faultyIn(this.#raw);
	}

	/**
	 * Why the `end` of `stream` is the end of both directions: a reset, or a client that takes nothing more.
	 * Undefined where it is an end in good order.
	 */
	brokenEnd(): Error | undefined {
		return sendingFailure(this.stream) ?? (endedByReset(this.#raw, this.stream) ? connectionReset() : undefined);
	}
}

/** What serves a client connection. It owns it from this call on. */
export type Serve = (connection: ClientConnection) => void;

/** Who is at the other end of an accepted socket; the address as X-Forwarded-For carries it. */
export function peerOf(raw: Socket): Peer {
	return {address: withoutV4Mapping(raw.remoteAddress), port: raw.remotePort ?? 0};
}

/** An IPv4 address that came in over IPv6 is IPv4. */
function withoutV4Mapping(address = ''): string {
	return address.startsWith('::ffff:') ? address.slice(7) : address;
}
