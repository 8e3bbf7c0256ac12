import type {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import {setImmediate} from '../../base/timers.ts';
import type {Refusal} from '../../codec/http1-grammar.ts';
import type {RequestHead} from '../../codec/request-head.ts';
import type {Peer} from '../../observability/exchange.ts';
import type {Backend} from '../backends/backend.ts';
import type {BackendConnection} from '../backends/backend-connection.ts';
import type {UpstreamPool} from '../backends/upstream-pool.ts';
import type {BackendAttempt} from '../balancing/backend-attempt.ts';
import {clientGone} from '../failure.ts';
import {FaultyExchange} from '../faults/faulty-exchange.ts';
import {finishRecord, type ListenerContext, newRecord} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import type {ClientConnection} from '../sockets/client-connection.ts';
import {type Ending, LingeringClose} from '../sockets/lingering-close.ts';
import type {TurnTaker} from '../sockets/read-turns.ts';
import {abandon, giveSharedTo, type StreamOwner} from '../sockets/stream-owner.ts';
import {Splice} from '../tcp/splice.ts';
import type {Downstream} from './downstream.ts';
import {HttpExchange} from './http-exchange.ts';
import {type RefusedRequest, refuseRequest} from './refused-request.ts';
import {RequestReader, type RequestServer} from './request-reader.ts';

const headTimeout = (headMs: number): Refusal => ({status: 408, reason: `no complete head within ${headMs} ms`});

/**
 * One client connection of an HTTP or HTTPS listener: heads in, answers out, one exchange at a time and in order.
 *
 * `idle` between requests, also where an empty line has come; `head` while one is coming in; `exchange` while one is
 * worked on; `gone` when the socket is no longer this front's: it is closed, carries another protocol, or is in its
 * lingering close.
 */
export class HttpFront implements Downstream, OpenConnection, RequestServer, StreamOwner, TurnTaker {
	deadlineMs = Number.POSITIVE_INFINITY;
	wentOn = 0;
	waits = false;
	readonly context: ListenerContext;
	readonly pool: UpstreamPool;
	readonly client: ClientConnection;
	readonly #reader: RequestReader;
	#state: RequestServer['state'] = 'idle';
	readonly #socket: Socket;
	readonly #peer: Peer;
	/** The fields added to a request that has no X-Forwarded-For yet. */
	readonly #added: string;
	readonly #forwardedFields: string;
	#error: Error | undefined;
	#firstExchange = true;

	constructor(context: ListenerContext, pool: UpstreamPool, connection: ClientConnection, forwardedFields: string) {
		this.context = context;
		this.pool = pool;
		this.client = connection;
		this.#reader = new RequestReader(this);
		this.#socket = connection.stream;
		this.#peer = connection.peer;
		this.#forwardedFields = forwardedFields;
		this.#added = `X-Forwarded-For: ${connection.peer.address}\r\n${forwardedFields}`;
		context.connections.enter(this);
		this.touch();
		giveSharedTo(this, this.#socket, context.buffers.shared);
		this.#socket.resume();
	}

	addedFields(forwardedFor: string): string {
		if (forwardedFor === '') return this.#added;
		return `X-Forwarded-For: ${forwardedFor}, ${this.#peer.address}\r\n${this.#forwardedFields}`;
	}

	touch(nowMs = this.context.clock.now()): void {
		this.deadlineMs = nowMs + this.context.timeouts.idleMs;
	}

	limit(ms: number): void {
		this.deadlineMs = this.context.clock.now() + ms;
	}

	writeText(text: string): boolean {
		return this.#socket.write(text, 'latin1');
	}

	writeBytes(chunk: Buffer, release: (() => void) | undefined): boolean {
		return release === undefined ? this.#socket.write(chunk) : this.#socket.write(chunk, release);
	}

	pause(): void {
		this.#socket.pause();
	}

	resume(): void {
		if (!this.#reader.hasPipelined) this.#socket.resume();
	}

	exchangeDone(keepAlive: boolean, nowMs: number): void {
		this.#reader.exchangeDone();
		if (this.#state !== 'exchange') return;
		// What the reader has still in hand is to be carried out as well.
		if (!keepAlive || this.#reader.isAtEnd) {
			this.#close();
			return;
		}
		this.#state = 'idle';
		this.touch(nowMs);
		if (!this.#reader.serving) this.rest();
	}

	takeTurn(): void {
		if (this.#state !== 'idle') return;
		this.touch();
		if (this.context.draining && !this.#reader.hasPipelined) {
			// What it sent while it waited is read first, in the round that comes.
			this.#socket.resume();
			setImmediate(() => this.drain());
		} else this.#next();
	}

	exchangeBroken(): void {
		this.#close('reset');
	}

	truncate(): void {
		this.#reader.exchangeDone();
		this.#reader.end();
		this.#leave();
		this.client.truncate();
	}

	tunnel(upstream: BackendConnection, rest: Buffer, attempt: BackendAttempt): void {
		this.#reader.exchangeDone();
		this.#leave();
		const toBackend = this.#reader.takePipelined();
		const {clientEnded} = this.#reader;
		const splice = new Splice(this.context, this.client, attempt);
		splice.join(upstream, {toBackend, toClient: rest, clientEnded});
	}

	get isFresh(): boolean {
		return this.#firstExchange;
	}

	drain(): void {
		if (this.#state === 'idle' && !this.waits && !this.#reader.hasPipelined) this.#close();
	}

	cutFrom(backend: Backend): void {
		const {exchange} = this.#reader;
		if (exchange?.backend === backend) exchange.cut('the back-end was deregistered');
	}

	cut(): void {
		this.#reader.exchange?.cut('the load balancer was stopped');
		// One that was answered is in its lingering close by now, which is cut in its turn.
		if (this.state === 'gone') return;
		this.#leave();
		this.client.reset();
	}

	onDeadline(): void {
		switch (this.#state) {
			case 'exchange':
				this.#reader.exchange?.onDeadline();
				return;
			case 'head':
				this.#reader.refuseHead(headTimeout(this.context.timeouts.headMs), 'client-timeout');
				return;
			case 'idle':
				if (this.waits) this.touch();
				else this.#close();
				return;
			default:
			// The connection is another owner's.
		}
	}

	streamData(memory: Buffer, bytes: number, transient: boolean): void {
		this.#reader.read(memory, bytes, transient, this.waits);
	}

	get state(): RequestServer['state'] {
		return this.#state;
	}

	get isBlocked(): boolean {
		return this.#socket.writableNeedDrain;
	}

	headBegan(): void {
		this.#state = 'head';
		this.limit(this.context.timeouts.headMs);
	}

	headEmpty(): void {
		this.#state = 'idle';
	}

	newExchange(head: RequestHead): HttpExchange {
		const record = newRecord(this.context, 'http', this.#peer);
		const isReuse = !this.#firstExchange;
		if (this.#firstExchange) {
			this.#firstExchange = false;
			record.tlsMs = this.client.tlsMs;
		}
		this.#state = 'exchange';
		if (this.context.faults !== undefined) return new FaultyExchange(this, head, record, isReuse);
		return new HttpExchange(this, head, record);
	}

	begin(exchange: HttpExchange): void {
		exchange.begin();
		if (!exchange.requestDone && !exchange.over && !exchange.flowing) this.pause();
	}

	/** Between two requests: the next one is read at once, unless others have waited for longer. */
	rest(): void {
		if (this.context.readTurns.mayGoOn(this)) this.#next();
		else this.#socket.pause();
	}

	/** Goes on with what is pipelined. */
	#next(): void {
		if (this.#socket.writableNeedDrain) return;
		if (this.#reader.hasPipelined) {
			this.#socket.resume();
			this.#reader.readPipelined();
		} else if (this.#socket.isPaused()) this.#socket.resume();
		const isLast = this.context.draining || (this.#reader.clientEnded && !this.#reader.hasPipelined);
		if (this.#state === 'idle' && isLast) this.#close();
	}

	refuse(refused: RefusedRequest): void {
		const record = newRecord(this.context, 'http', this.#peer);
		record.tlsMs = this.#firstExchange ? this.client.tlsMs : -1;
		this.writeText(refuseRequest(this.context, record, refused));
		this.#close();
	}

	/** Hands the connection to a lingering close: nothing more is taken from it. */
	#close(ending: Ending = 'in-order'): void {
		this.#reader.end();
		this.#leave();
		new LingeringClose(this.context, this.client, ending);
	}

	streamEnded(): void {
		this.#reader.noteEnd();
		const broken = this.client.brokenEnd();
		if (broken !== undefined) {
			this.#socket.destroy(broken);
			return;
		}
		// Requests that wait until the client takes its answers are still to be carried out.
		if (this.#state !== 'idle') this.#reader.refusePart();
		else if (!this.#reader.hasPipelined) this.#close();
	}

	streamDrained(): void {
		// A head that is coming in has its own limit.
		if (this.#state === 'exchange') {
			this.touch();
			this.#reader.exchange?.clientDrained();
		} else if (this.#state === 'idle') {
			this.touch();
			this.#next();
		}
	}

	streamFailed(error: Error): void {
		this.#error ??= error;
	}

	streamClosed(): void {
		this.#reader.exchange?.clientGone(this.#error);
		this.#reader.exchangeDone();
		if (this.#state === 'head' || (this.#state === 'idle' && this.#firstExchange && this.#error !== undefined)) {
			const record = newRecord(this.context, 'http', this.#peer);
			const {outcome, cause} = clientGone(this.#error, 'in the midst of a head');
			finishRecord(this.context, record, outcome, cause);
		}
		this.#leave();
	}

	/** Lets go of the socket: it has another owner, or is gone. */
	#leave(): void {
		this.#state = 'gone';
		this.context.connections.leave(this);
		// With the PROXY protocol a back-end connection speaks for this client alone.
		if (this.context.sendsProxyLine) this.pool.close();
		abandon(this.#socket);
	}
}
