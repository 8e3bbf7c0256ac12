import type {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import {ClientHelloReader} from '../../codec/client-hello.ts';
import {ServerFlightReader} from '../../codec/server-flight.ts';
import {isSecure} from '../../model/listener.ts';
import type {Outcome} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {Backend} from '../backends/backend.ts';
import type {BackendConnection, BackendHandler} from '../backends/backend-connection.ts';
import type {BackendAttempt} from '../balancing/backend-attempt.ts';
import {closedByBackend, drained, type Failure, idleTimeout, lostClient, lostStream} from '../failure.ts';
import type {ListenerContext} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import type {ClientConnection} from '../sockets/client-connection.ts';
import {type Ending, LingeringClose} from '../sockets/lingering-close.ts';
import type {TurnTaker} from '../sockets/read-turns.ts';
import {giveSharedTo, giveTo, type StreamOwner} from '../sockets/stream-owner.ts';

/** What is there already when two connections are joined. */
export interface Beginning {
	readonly toBackend?: Buffer | undefined;
	readonly toClient?: Buffer | undefined;
	readonly clientEnded?: boolean;
}

/**
 * Bytes both ways between a client and a back-end. The end of one direction is passed on and leaves the other open;
 * a reset is passed on as a reset; a receiver that is slow holds its sender back.
 */
export class Splice implements BackendHandler, OpenConnection, StreamOwner, TurnTaker {
	deadlineMs = Number.POSITIVE_INFINITY;
	wentOn = 0;
	waits = false;
	readonly #context: ListenerContext;
	readonly #client: ClientConnection;
	readonly #downstream: Socket;
	readonly #record: ExchangeRecord;
	readonly #attempt: BackendAttempt;
	#upstream: BackendConnection | undefined;
	#clientError: Error | undefined;
	#upstreamClosed = false;
	/** Whether the client's connection is closed, or has been handed to a lingering close. */
	#clientClosed = false;
	/** Present while the first bytes of a TCP listener's client may still be a ClientHello. */
	#hello: ClientHelloReader | undefined;
	/** Present from the ClientHello on until the back-end has shown its certificate, or will show none. */
	#flight: ServerFlightReader | undefined;
	#outcome: Outcome = 'ok';
	#cause = '';

	/** @param attempt whose back-end is connected. */
	constructor(context: ListenerContext, client: ClientConnection, attempt: BackendAttempt) {
		this.#context = context;
		this.#client = client;
		this.#downstream = client.stream;
		this.#record = attempt.record;
		this.#attempt = attempt;
		if (context.listener.protocol === 'tcp') this.#hello = new ClientHelloReader();
	}

	/** Joins the two; both are this splice's from now on, until both are closed. */
	join(upstream: BackendConnection, {toBackend, toClient, clientEnded = false}: Beginning = {}): void {
		this.#upstream = upstream;
		upstream.handler = this;
		this.#context.connections.enter(this);
		this.#touch();
		if (toBackend !== undefined) this.streamData(toBackend, toBackend.length);
		this.#takeDownstream();
		if (toClient !== undefined && toClient.length > 0) this.data(toClient, toClient.length, ignore);
		// An end without bytes is reported even while the stream is paused, so it may have come already.
		if (clientEnded || this.#downstream.readableEnded) this.streamEnded();
		else this.#downstream.resume();
	}

	/** What TLS has taken off comes in small pieces, which are cheaper through shared memory. */
	#takeDownstream(): void {
		if (!isSecure(this.#context.listener.protocol)) {
			giveTo(this, this.#downstream);
			return;
		}
		// What came while the back-end was dialled.
		const waiting: Buffer | null = this.#downstream.read();
		giveSharedTo(this, this.#downstream, this.#context.buffers.shared);
		if (waiting !== null) this.streamData(waiting, waiting.length);
	}

	connected(): void {
		// It is only joined once connected.
	}

	data(memory: Buffer, bytes: number, release: (() => void) | undefined): void {
		if (this.#clientClosed) {
			release?.();
			return;
		}
		this.#touch();
		this.#record.bytesDown += bytes;
		if (this.#record.firstByteMs < 0) this.#record.firstByteMs = this.#context.clock.now() - this.#record.startMs;
		if (this.#flight !== undefined) this.#lookAtAnswer(this.#flight, memory.subarray(0, bytes));
		const flowing =
			release === undefined
				? this.#downstream.write(memory.toString('latin1', 0, bytes), 'latin1')
				: this.#downstream.write(memory.subarray(0, bytes), release);
		if (!flowing) this.#upstream?.pause();
	}

	ended(): void {
		if (this.#clientClosed) return;
		this.#touch();
		this.#downstream.end();
	}

	drained(): void {
		if (this.#clientClosed) return;
		this.#touch();
		this.#downstream.resume();
	}

	closed(error: Error | undefined): void {
		this.#upstreamClosed = true;
		if (this.#clientClosed) {
			this.#finish();
		} else if (error !== undefined) {
			this.#settle(lostStream(error));
			this.#leaveClient('reset');
		} else if (!this.#downstream.writableEnded) {
			this.#settle(closedByBackend(''));
			this.#leaveClient('reset');
		} else if (!this.#downstream.readableEnded) {
			this.#settle(closedByBackend(' while the client was sending'));
			this.#leaveClient('in-order');
		}
	}

	get isFresh(): boolean {
		return false;
	}

	drain(): void {
		// What is open may finish; a stop cuts it when its time is up.
	}

	cut(): void {
		this.#end(drained('the load balancer was stopped'));
	}

	cutFrom(backend: Backend): void {
		if (backend === this.#attempt.backend) this.#end(drained('the back-end was deregistered'));
	}

	onDeadline(): void {
		if (this.waits) this.#touch();
		else this.#end(idleTimeout(this.#context.timeouts.idleMs, 'more'));
	}

	streamData(memory: Buffer, bytes: number, transient = false): void {
		if (this.#upstreamClosed) return;
		this.#touch();
		this.#record.bytesUp += bytes;
		if (this.#record.sentMs < 0) this.#record.sentMs = this.#context.clock.now() - this.#record.startMs;
		if (this.#hello !== undefined) this.#look(this.#hello, memory.subarray(0, bytes));
		const upstream = this.#upstream?.stream;
		const flowing = transient
			? upstream?.write(memory.toString('latin1', 0, bytes), 'latin1')
			: upstream?.write(memory.subarray(0, bytes));
		if (!this.#record.arrived) this.#context.journal.arrive(this.#record);
		if (flowing === false || !this.#context.readTurns.mayGoOn(this)) this.#downstream.pause();
	}

	takeTurn(): void {
		this.#touch();
		if (this.#upstream?.stream.writableNeedDrain === false) this.#downstream.resume();
	}

	streamEnded(): void {
		this.#touch();
		const broken = this.#client.brokenEnd();
		if (broken !== undefined) this.#downstream.destroy(broken);
		else this.#upstream?.end();
	}

	streamDrained(): void {
		this.#touch();
		this.#upstream?.resume();
	}

	streamFailed(error: Error): void {
		this.#clientError ??= error;
	}

	streamClosed(): void {
		this.#clientClosed = true;
		if (this.#upstreamClosed) {
			this.#finish();
			return;
		}
		const error = this.#clientError;
		if (error !== undefined) this.#settle(lostClient(error));
		const upstream = this.#upstream;
		// What it still sends is thrown away; reading on shows its end.
		upstream?.resume();
		if (error !== undefined || upstream?.stream.writableEnded === false) upstream?.resetWhenSent();
		// A fault has closed the client's connection, as the load balancer itself does: it waits for neither side.
		else if (this.#client.faulty?.isCut === true) upstream?.stream.destroySoon();
	}

	#touch(): void {
		this.deadlineMs = this.#context.clock.now() + this.#context.timeouts.idleMs;
	}

	/** Looks at the first bytes without keeping them back: passthrough shows what the client asked for. */
	#look(reader: ClientHelloReader, chunk: Buffer): void {
		const hello = reader.read(chunk);
		if (hello === 'incomplete') return;
		this.#hello = undefined;
		if (hello === 'not-tls') return;
		this.#record.clientHello = hello;
		this.#record.kind = 'tls-passthrough';
		this.#flight = new ServerFlightReader();
	}

	/** The same for what the back-end shows: advice is told of it. */
	#lookAtAnswer(reader: ServerFlightReader, chunk: Buffer): void {
		const flight = reader.read(chunk);
		if (flight === 'incomplete') return;
		this.#flight = undefined;
		if (flight !== 'none') this.#context.advisor.shownByBackend(this.#record, flight);
	}

	/** The first reason is the reason. */
	#settle({outcome, cause}: Failure): void {
		if (this.#outcome !== 'ok') return;
		this.#outcome = outcome;
		this.#cause = cause;
	}

	/**
	 * The load balancer's own decision. Where nothing is on its way to the client, TLS is ended in good order, and so is
	 * everything that was idle; a plain stream that is cut in its midst must not pass for a whole one.
	 */
	#end(failure: Failure): void {
		this.deadlineMs = Number.POSITIVE_INFINITY;
		this.#settle(failure);
		const isOrderly = this.#outcome === 'idle-timeout' || isSecure(this.#context.listener.protocol);
		if (isOrderly) this.#upstream?.close();
		else this.#upstream?.reset();
		if (this.#clientClosed) return;
		if (isOrderly && this.#downstream.writableLength === 0) this.#leaveClient('in-order');
		else this.#client.reset();
	}

	/** Hands the client's connection to a lingering close: for this splice it is over. */
	#leaveClient(ending: Ending): void {
		new LingeringClose(this.#context, this.#client, ending);
		this.#clientClosed = true;
		if (this.#upstreamClosed) this.#finish();
	}

	#finish(): void {
		this.#context.connections.leave(this);
		this.#attempt.finish(this.#outcome, this.#cause);
	}
}

function ignore(): void {
	// This memory is not reused.
}
