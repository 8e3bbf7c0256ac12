import type {Socket} from 'node:net';
import {type SecureContext, TLSSocket} from 'node:tls';
import type {Outcome, Peer} from '../../observability/exchange.ts';
import {handshakeCause} from '../failure.ts';
import {faultyIn} from '../faults/faulty-socket.ts';
import {noteFault} from '../faults/note.ts';
import {finishRecord, type ListenerContext, newRecord} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import {ClientConnection, peerOf, type Serve} from './client-connection.ts';
import {abandon, giveTo, type StreamOwner} from './stream-owner.ts';

/**
 * Takes TLS off one connection and hands the clear stream on. The accepted socket is wrapped, not lost: a RST can only
 * be sent through it (`resetAndDestroy()` of a TLS socket throws).
 *
 * A handshake that fails, stalls or is abandoned ends in a record that says why, and leaves nothing behind.
 */
export class TlsHandshake implements OpenConnection, StreamOwner {
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
		this.#peer = peerOf(raw);
		this.#startMs = context.clock.now();
		this.deadlineMs = this.#startMs + context.timeouts.handshakeMs;
		this.#stream = new TLSSocket(raw, {
			isServer: true,
			secureContext: options.secureContext,
			...(options.alpn === undefined ? {} : {ALPNProtocols: [...options.alpn]}),
		});
		context.connections.enter(this);
		raw.on('error', ignore);
		giveTo(this, this.#stream);
		this.#stream.once('secure', () => this.#secured());
		// Flowing, or the end of a client that leaves before it has said anything would go unnoticed.
		this.#stream.resume();
	}

	onDeadline(): void {
		this.#fail('client-timeout', `no complete handshake within ${this.#context.timeouts.handshakeMs} ms`);
	}

	get isFresh(): boolean {
		return true;
	}

	drain(): void {
		this.cut();
	}

	cut(): void {
		this.#fail('drained', 'the load balancer stopped during the handshake');
	}

	cutFrom(): void {
		// No back-end is known yet.
	}

	streamData(): void {
		// There is none before the handshake is done.
	}

	streamEnded(): void {
		this.#fail('tls-handshake', handshakeCause(undefined));
	}

	streamDrained(): void {
		// Nothing of ours is written.
	}

	streamFailed(error: Error): void {
		this.#error ??= error;
	}

	streamClosed(): void {
		this.#fail('tls-handshake', handshakeCause(this.#error));
	}

	#secured(): void {
		if (this.#over) return;
		this.#leave();
		const stream = this.#stream;
		// The front that serves it decides when the first byte is read.
		stream.pause();
		stream.on('_tlsError', endWith);
		const {alpnProtocol} = stream;
		// Documented, `false` without SNI, and missing in the types of Node 20.
		const {servername} = stream as {servername?: string | false};
		const peer = {
			...this.#peer,
			tls: {
				version: stream.getProtocol() ?? '',
				cipher: stream.getCipher()?.name ?? '',
				...(typeof alpnProtocol === 'string' ? {alpn: alpnProtocol} : {}),
				...(typeof servername === 'string' ? {sni: servername} : {}),
			},
		};
		this.#context.advisor.shakenHands(this.#context.listener.port, peer.tls.sni);
		this.#serve(new ClientConnection(this.#raw, {stream, peer, ms: this.#context.clock.now() - this.#startMs}));
	}

	#fail(outcome: Outcome, cause: string): void {
		if (this.#over) return;
		// A connection that came and went without a byte, as a port check does, is no exchange.
		const faulty = faultyIn(this.#raw);
		const isSaid = this.#error !== undefined || outcome !== 'tls-handshake' || faulty !== undefined;
		if (this.#raw.bytesRead > 0 || isSaid) {
			const kind = this.#context.listener.protocol === 'https' ? 'http' : 'tcp';
			const record = newRecord(this.#context, kind, this.#peer);
			record.handshakeOnly = true;
			if (faulty !== undefined) noteFault(record, faulty.fired, () => true);
			finishRecord(this.#context, record, outcome, cause);
		}
		this.#leave();
		this.#stream.destroy();
		this.#raw.destroy();
	}

	#leave(): void {
		this.#over = true;
		this.#context.connections.leave(this);
		abandon(this.#stream);
	}
}

/**
 * After the handshake, Node reports a standalone server stream's TLS errors (a bad record, a refused renegotiation) by
 * an undocumented event alone, and leaves the connection standing.
 */
function endWith(this: TLSSocket, error: Error): void {
	this.destroy(error);
}

function ignore(): void {
	// The TLS stream above reports it.
}
