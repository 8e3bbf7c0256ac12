import type {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import type {Timed} from '../base/deadlines.ts';
import {hasCode} from '../base/errors.ts';
import {ClientHelloReader} from '../codec/client-hello.ts';
import {isSecure} from '../model/listener.ts';
import type {ExchangeRecord, Outcome} from '../observability/exchange.ts';
import type {Backend} from './backend.ts';
import type {BackendConnection, BackendHandler} from './backend-connection.ts';
import type {ClientConnection} from './client-connection.ts';
import {lostConnection} from './failure.ts';
import {finishRecord, type ListenerContext, type OpenConnection} from './listener-context.ts';
import type {TurnTaker} from './read-turns.ts';
import {connectionReset} from './reset.ts';
import {giveSharedTo, giveTo, type StreamOwner} from './stream-owner.ts';

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
export class Splice implements BackendHandler, Timed, OpenConnection, StreamOwner, TurnTaker {
	deadlineMs = Number.POSITIVE_INFINITY;
	wentOn = 0;
	waits = false;
	readonly #context: ListenerContext;
	readonly #client: ClientConnection;
	readonly #downstream: Socket;
	readonly #record: ExchangeRecord;
	readonly #backend: Backend;
	#upstream: BackendConnection | undefined;
	#clientError: Error | undefined;
	#upstreamClosed = false;
	/** Present while the first bytes of a TCP listener's client may still be a ClientHello. */
	#hello: ClientHelloReader | undefined;
	#outcome: Outcome = 'ok';
	#cause = '';

	/** @param work whose connection this is now, begun already at the back-end. */
	constructor(
		context: ListenerContext,
		client: ClientConnection,
		work: {readonly record: ExchangeRecord; readonly backend: Backend},
	) {
		this.#context = context;
		this.#client = client;
		this.#downstream = client.stream;
		this.#record = work.record;
		this.#backend = work.backend;
		if (context.listener.protocol === 'tcp') this.#hello = new ClientHelloReader();
	}

	/** Joins the two; both are this splice's from now on, until both are closed. */
	join(upstream: BackendConnection, {toBackend, toClient, clientEnded = false}: Beginning = {}): void {
		this.#upstream = upstream;
		upstream.handler = this;
		this.#context.connections.add(this);
		this.#context.deadlines.add(this);
		this.#touch();
		if (toBackend !== undefined) this.streamData(toBackend, toBackend.length);
		this.#takeDownstream();
		if (toClient !== undefined && toClient.length > 0) this.data(toClient, toClient.length, ignore);
		// An end without bytes is told even while nobody reads, and may have been by now.
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
		this.#touch();
		this.#record.bytesDown += bytes;
		if (this.#record.firstByteMs < 0) this.#record.firstByteMs = this.#context.clock.now() - this.#record.startMs;
		const flowing =
			release === undefined
				? this.#downstream.write(memory.toString('latin1', 0, bytes), 'latin1')
				: this.#downstream.write(memory.subarray(0, bytes), release);
		if (!flowing) this.#upstream?.pause();
	}

	ended(): void {
		this.#touch();
		this.#downstream.end();
	}

	drained(): void {
		this.#touch();
		this.#downstream.resume();
	}

	closed(error: Error | undefined): void {
		this.#upstreamClosed = true;
		if (error !== undefined) {
			const {outcome, cause} = lostConnection(error, `the back-end reset the connection: ${error.message}`);
			this.#settle(outcome, cause);
		}
		if (this.#downstream.destroyed) this.#finish();
		else if (error !== undefined) this.#client.reset();
		else if (!this.#downstream.writableEnded) {
			this.#settle('backend-reset', 'the back-end closed the connection');
			this.#client.reset();
		}
	}

	get isFresh(): boolean {
		return false;
	}

	drain(): void {
		// What is open may finish; whoever stops the listener cuts it at the limit.
	}

	cut(): void {
		this.#settle('drained', 'the load balancer was stopped');
		this.#end();
	}

	cutFrom(backend: Backend): void {
		if (backend !== this.#backend) return;
		this.#settle('drained', 'the back-end was deregistered');
		this.#end();
	}

	onDeadline(): void {
		if (this.waits) {
			this.#touch();
			return;
		}
		this.#settle('idle-timeout', `no bytes for ${this.#context.timeouts.idleMs} ms`);
		this.#end();
	}

	streamData(memory: Buffer, bytes: number, transient = false): void {
		this.#touch();
		this.#record.bytesUp += bytes;
		if (this.#record.sentMs < 0) this.#record.sentMs = this.#context.clock.now() - this.#record.startMs;
		if (this.#hello !== undefined) this.#look(this.#hello, memory.subarray(0, bytes));
		const upstream = this.#upstream?.stream;
		const flowing = transient
			? upstream?.write(memory.toString('latin1', 0, bytes), 'latin1')
			: upstream?.write(memory.subarray(0, bytes));
		if (flowing === false || !this.#context.readTurns.mayGoOn(this)) this.#downstream.pause();
	}

	takeTurn(): void {
		this.#touch();
		if (this.#upstream?.stream.writableNeedDrain === false) this.#downstream.resume();
	}

	streamEnded(): void {
		this.#touch();
		if (this.#client.endedByReset()) this.#downstream.destroy(connectionReset());
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
		const error = this.#clientError;
		if (this.#upstreamClosed) {
			this.#finish();
			return;
		}
		if (error !== undefined) {
			const what = hasCode(error, 'ECONNRESET')
				? 'the client reset the connection'
				: 'the connection with the client broke';
			this.#settle('client-abort', `${what}: ${error.message}`);
		}
		const upstream = this.#upstream;
		if (error !== undefined || upstream?.stream.writableEnded === false) upstream?.reset();
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
	}

	/** The first reason is the reason. */
	#settle(outcome: Outcome, cause: string): void {
		if (this.#outcome !== 'ok') return;
		this.#outcome = outcome;
		this.#cause = cause;
	}

	#end(): void {
		this.deadlineMs = Number.POSITIVE_INFINITY;
		this.#client.reset();
		this.#upstream?.reset();
	}

	#finish(): void {
		this.#context.connections.delete(this);
		this.#context.deadlines.delete(this);
		finishRecord(this.#context, this.#record, this.#outcome, this.#cause);
		this.#backend.done();
	}
}

function ignore(): void {
	// Nobody waits for this memory.
}
