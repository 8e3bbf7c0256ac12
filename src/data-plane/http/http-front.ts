import {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import {setImmediate} from '../../base/timers.ts';
import {HeadBuffer} from '../../codec/head-buffer.ts';
import type {Refusal} from '../../codec/http1-grammar.ts';
import {RequestHead, readRequestHead} from '../../codec/request-head.ts';
import type {Outcome, Peer} from '../../observability/exchange.ts';
import type {Backend} from '../backends/backend.ts';
import {type BackendConnection, SMALL_READ_BYTES} from '../backends/backend-connection.ts';
import type {UpstreamPool} from '../backends/upstream-pool.ts';
import type {BackendAttempt} from '../balancing/backend-attempt.ts';
import {clientGone} from '../failure.ts';
import {finishRecord, type ListenerContext, newRecord} from '../listener-context.ts';
import type {OpenConnection} from '../open-connections.ts';
import type {ClientConnection} from '../sockets/client-connection.ts';
import {type Ending, LastBytes} from '../sockets/last-bytes.ts';
import type {TurnTaker} from '../sockets/read-turns.ts';
import {abandon, giveSharedTo, type StreamOwner} from '../sockets/stream-owner.ts';
import {Splice} from '../tcp/splice.ts';
import type {Downstream} from './downstream.ts';
import {HttpExchange} from './http-exchange.ts';
import {answerItself} from './own-answer.ts';

/** Enough for the request line and the fields that a log shows; a head may have 64 KiB, and a record keeps it. */
const MAX_REFUSED_HEAD_BYTES = 4096;

/** What may wait of later requests before no more is read. 16 KiB is what a stream of Node's holds. */
const MAX_AHEAD_BYTES = 16 * 1024;

const LF = 0x0a;
const EMPTY_LINE = '\r\n';

const ENDED_IN_HEAD: Refusal = {status: 400, reason: 'the client ended in the midst of a head'};
const ENDED_IN_BODY: Refusal = {status: 400, reason: 'the client ended in the midst of a body'};

/**
 * One client connection of an HTTP or HTTPS listener: heads in, answers out, one exchange at a time and in order.
 *
 * `idle` between requests, also where an empty line has come; `head` while one is coming in; `exchange` while one is
 * worked on; `gone` when the socket is no longer this front's: it is closed, carries another protocol, or is left to
 * its last bytes.
 */
export class HttpFront implements Downstream, OpenConnection, StreamOwner, TurnTaker {
	deadlineMs = Number.POSITIVE_INFINITY;
	wentOn = 0;
	waits = false;
	readonly context: ListenerContext;
	readonly pool: UpstreamPool;
	readonly client: ClientConnection;
	#state: 'idle' | 'head' | 'exchange' | 'gone' = 'idle';
	readonly #socket: Socket;
	readonly #peer: Peer;
	/** What every request gets whose client names nobody before itself. */
	readonly #added: string;
	readonly #forwardedFields: string;
	readonly #head = new HeadBuffer();
	#exchange: HttpExchange | undefined;
	/** Bytes of the next request that came before the current exchange was done. */
	#ahead: Buffer | undefined;
	/** Whether the client has said that it will send no more. */
	#clientEnded = false;
	/** Whether `#serve` is at work, so that an answer that comes at once does not begin the next request inside it. */
	#serving = false;
	#error: Error | undefined;
	#firstExchange = true;

	constructor(context: ListenerContext, pool: UpstreamPool, connection: ClientConnection, forwardedFields: string) {
		this.context = context;
		this.pool = pool;
		this.client = connection;
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
		if (this.#ahead === undefined) this.#socket.resume();
	}

	exchangeDone(keepAlive: boolean, nowMs: number): void {
		this.#exchange = undefined;
		if (this.#state !== 'exchange') return;
		// What `#serve` has still in hand is to be carried out as well.
		if (!keepAlive || (this.#clientEnded && this.#ahead === undefined && !this.#serving)) {
			this.#close();
			return;
		}
		this.#state = 'idle';
		this.touch(nowMs);
		if (!this.#serving) this.#rest();
	}

	takeTurn(): void {
		if (this.#state !== 'idle') return;
		this.touch();
		if (this.context.draining && this.#ahead === undefined) {
			// What it sent while it waited is read first, in the round that comes.
			this.#socket.resume();
			setImmediate(() => this.drain());
		} else this.#next();
	}

	exchangeBroken(): void {
		this.#close('reset');
	}

	tunnel(upstream: BackendConnection, rest: Buffer, attempt: BackendAttempt): void {
		this.#exchange = undefined;
		this.#leave();
		const ahead = this.#ahead;
		this.#ahead = undefined;
		const splice = new Splice(this.context, this.client, attempt);
		splice.join(upstream, {toBackend: ahead, toClient: rest, clientEnded: this.#clientEnded});
	}

	get isFresh(): boolean {
		return this.#firstExchange;
	}

	drain(): void {
		if (this.#state === 'idle' && !this.waits && this.#ahead === undefined) this.#close();
	}

	cutFrom(backend: Backend): void {
		if (this.#exchange?.backend === backend) this.#exchange.cut('the back-end was deregistered');
	}

	cut(): void {
		this.#exchange?.cut('the load balancer was stopped');
		// One that was answered is left to its last bytes by now, which are cut in their turn.
		if (this.#isGone()) return;
		this.#leave();
		this.client.reset();
	}

	onDeadline(): void {
		switch (this.#state) {
			case 'exchange':
				this.#exchange?.onDeadline();
				return;
			case 'head':
				this.#refuse(
					{status: 408, reason: `no complete head within ${this.context.timeouts.headMs} ms`},
					'client-timeout',
				);
				return;
			case 'idle':
				if (this.waits) this.touch();
				else this.#close();
				return;
			default:
			// Somebody else has the connection.
		}
	}

	streamData(memory: Buffer, bytes: number, transient: boolean): void {
		if (this.#state === 'idle') {
			// A TLS stream that has been paused still tells of all that has come with the record before.
			if (this.waits) {
				this.#holdBack(lasting(memory.subarray(0, bytes), transient), 0);
				return;
			}
			if (transient && this.#serveSmall(memory, bytes)) return;
		}
		const chunk = memory.subarray(0, bytes);
		switch (this.#state) {
			case 'idle':
			case 'head':
				// A client that sends and never reads gets no further requests carried out.
				if (this.#ahead !== undefined || this.#socket.writableNeedDrain) this.#holdBack(lasting(chunk, transient), 0);
				else this.#serve(chunk, transient);
				return;
			case 'exchange':
				this.#exchangeData(lasting(chunk, transient), 0);
				return;
			default:
			// Somebody else has the connection.
		}
	}

	/**
	 * The ordinary request, a head that comes alone and whole: read as one text, without looking for its end.
	 *
	 * @returns false where it is no such request, or not a right one: nothing has been done then.
	 */
	#serveSmall(memory: Buffer, bytes: number): boolean {
		if (bytes > SMALL_READ_BYTES || memory[bytes - 1] !== LF || memory[bytes - 3] !== LF) return false;
		if (this.#ahead !== undefined || this.#socket.writableNeedDrain || this.#head.partial !== '') return false;
		const head = readRequestHead(memory.toString('latin1', 0, bytes));
		if (!(head instanceof RequestHead)) return false;
		this.#begin(this.#newExchange(head));
		return true;
	}

	/** Reads requests out of `arrived` for as long as each is answered at once. */
	#serve(arrived: Buffer, transient: boolean): void {
		this.#serving = true;
		let chunk = arrived;
		let pos = 0;
		while (pos < chunk.length) {
			if (this.#state === 'idle' || this.#state === 'head') {
				pos = this.#head.add(chunk, pos);
				if (pos === -1) {
					this.#waitForHead();
					break;
				}
				// What is behind a head may have to wait: a body for its connection, a request for its turn.
				if (transient && chunk === arrived && pos < chunk.length) {
					chunk = lasting(chunk.subarray(pos), transient);
					pos = 0;
				}
				pos = this.#beginWith(chunk, pos);
			} else if (this.#state === 'exchange') {
				pos = this.#exchangeData(chunk, pos);
			} else break;
			if (pos < chunk.length && this.#isIdle() && this.#socket.writableNeedDrain) {
				this.#holdBack(chunk, pos);
				break;
			}
		}
		this.#serving = false;
		if (this.#isIdle() && this.#ahead === undefined) this.#rest();
	}

	/** All that has come has been read, and a head has not ended. Nor will it where the client sends no more. */
	#waitForHead(): void {
		const {partial, refusal} = this.#head;
		if (refusal !== undefined) this.#refuse(refusal, 'bad-request');
		// An empty line is no beginning of a request: some clients send one after a body.
		else if (EMPTY_LINE.startsWith(partial)) this.#state = 'idle';
		else if (this.#clientEnded) this.#refuse(ENDED_IN_HEAD, 'client-abort');
		else if (this.#state === 'idle') {
			this.#state = 'head';
			this.limit(this.context.timeouts.headMs);
		}
	}

	/** Asked after calls that may have changed it, which the compiler cannot see. */
	#isGone(): boolean {
		return this.#state === 'gone';
	}

	/** The same. */
	#isIdle(): boolean {
		return this.#state === 'idle';
	}

	/** Starts the exchange of the head that has just been read. Returns where to read on. */
	#beginWith(chunk: Buffer, start: number): number {
		// RFC 9112 section 2.2: one empty line before a request is ignored.
		const text = this.#head.text.startsWith(EMPTY_LINE) ? this.#head.text.slice(EMPTY_LINE.length) : this.#head.text;
		const head = readRequestHead(text);
		if (!(head instanceof RequestHead)) {
			this.#refuse(head, 'bad-request', text);
			return chunk.length;
		}
		const exchange = this.#newExchange(head);
		let pos = start;
		if (!exchange.requestDone && pos < chunk.length) {
			const next = exchange.readBody(chunk, pos);
			if (typeof next !== 'number') {
				exchange.record.refusedHead = beginningOf(text);
				exchange.refuse(next, 'bad-request');
				return chunk.length;
			}
			pos = next;
		}
		if (this.#clientEnded && !exchange.requestDone) {
			exchange.record.refusedHead = beginningOf(text);
			exchange.refuse(ENDED_IN_BODY, 'client-abort');
			return chunk.length;
		}
		this.#begin(exchange);
		return pos;
	}

	#newExchange(head: RequestHead): HttpExchange {
		const record = newRecord(this.context, 'http', this.#peer);
		if (this.#firstExchange) {
			this.#firstExchange = false;
			record.tlsMs = this.client.tlsMs;
		}
		const exchange = new HttpExchange(this, head, record);
		this.#exchange = exchange;
		this.#state = 'exchange';
		return exchange;
	}

	#begin(exchange: HttpExchange): void {
		exchange.begin();
		if (!exchange.requestDone && !exchange.over && !exchange.flowing) this.pause();
	}

	/** Bytes that come while an exchange is under way. Returns where to read on. */
	#exchangeData(chunk: Buffer, start: number): number {
		const exchange = this.#exchange;
		let pos = start;
		if (exchange !== undefined && !exchange.requestDone) {
			// What comes while a connection is dialled gives the back-end no more time; nor does a later request.
			if (exchange.flowing) this.touch();
			const next = exchange.readBody(chunk, pos);
			if (typeof next !== 'number') {
				exchange.refuse(next, 'bad-request');
				return chunk.length;
			}
			pos = next;
		}
		if (pos < chunk.length && this.#state === 'exchange') {
			this.#holdBack(chunk, pos);
			return chunk.length;
		}
		return pos;
	}

	/** Keeps what belongs to later requests, and reads no further until the current exchange is done. */
	#holdBack(chunk: Buffer, start: number): void {
		const rest = chunk.subarray(start);
		this.#ahead = this.#ahead === undefined ? rest : Buffer.concat([this.#ahead, rest]);
		// Reading goes on for a little: that is how the end of a client shows that sends ahead and leaves.
		if (this.#ahead.length >= MAX_AHEAD_BYTES) this.#socket.pause();
	}

	/** Between two requests: the next one is read at once, unless others have waited for longer. */
	#rest(): void {
		if (this.context.readTurns.mayGoOn(this)) this.#next();
		else this.#socket.pause();
	}

	/** Goes on with what was held back. */
	#next(): void {
		if (this.#socket.writableNeedDrain) return;
		const ahead = this.#ahead;
		if (ahead !== undefined) {
			this.#ahead = undefined;
			this.#socket.resume();
			this.#serve(ahead, false);
		} else if (this.#socket.isPaused()) this.#socket.resume();
		if (this.#state === 'idle' && (this.context.draining || (this.#clientEnded && this.#ahead === undefined)))
			this.#close();
	}

	/** Answers what is not a request, and closes. `head` as far as it is known. */
	#refuse(refusal: Refusal, outcome: Outcome, head = ''): void {
		const record = newRecord(this.context, 'http', this.#peer);
		record.tlsMs = this.#firstExchange ? this.client.tlsMs : -1;
		record.refusedHead = beginningOf(head === '' ? this.#head.partial : head);
		const text = answerItself(record, {
			status: refusal.status,
			keepAlive: false,
			toHead: head.startsWith('HEAD '),
			date: this.context.dateField.line,
		});
		finishRecord(this.context, record, outcome, refusal.reason);
		this.writeText(text);
		this.#close();
	}

	/** Leaves the connection to its last bytes: nothing more is taken from it. */
	#close(ending: Ending = 'in-order'): void {
		this.#exchange = undefined;
		this.#ahead = undefined;
		this.#leave();
		new LastBytes(this.context, this.client, ending);
	}

	streamEnded(): void {
		this.#clientEnded = true;
		const broken = this.client.brokenEnd();
		if (broken !== undefined) {
			this.#socket.destroy(broken);
			return;
		}
		// Requests that wait until the client takes its answers are still to be carried out.
		if (this.#ahead !== undefined && this.#state === 'idle') return;
		if (this.#state === 'idle') this.#close();
		else if (this.#state === 'head') this.#refuse(ENDED_IN_HEAD, 'client-abort');
		else if (this.#state === 'exchange' && this.#exchange !== undefined && !this.#exchange.requestDone) {
			this.#exchange.refuse(ENDED_IN_BODY, 'client-abort');
		}
	}

	streamDrained(): void {
		// A head that is coming in has its own limit.
		if (this.#state === 'exchange') {
			this.touch();
			this.#exchange?.clientDrained();
		} else if (this.#state === 'idle') {
			this.touch();
			this.#next();
		}
	}

	streamFailed(error: Error): void {
		this.#error ??= error;
	}

	streamClosed(): void {
		this.#exchange?.clientGone(this.#error);
		this.#exchange = undefined;
		if (this.#state === 'head' || (this.#state === 'idle' && this.#firstExchange && this.#error !== undefined)) {
			const record = newRecord(this.context, 'http', this.#peer);
			const {outcome, cause} = clientGone(this.#error, 'in the midst of a head');
			finishRecord(this.context, record, outcome, cause);
		}
		this.#leave();
	}

	/** Lets go of the socket: somebody else has it, or it is gone. */
	#leave(): void {
		this.#state = 'gone';
		this.context.connections.leave(this);
		// With the PROXY protocol a back-end connection speaks for this client alone.
		if (this.context.listener.proxyProtocol) this.pool.close();
		abandon(this.#socket);
	}
}

/** The same bytes in memory that stays what it is. */
function lasting(chunk: Buffer, transient: boolean): Buffer {
	return transient ? Buffer.from(chunk) : chunk;
}

/** As much of a refused head as a record keeps. Copied: a slice would hold on to the whole, and there are many. */
function beginningOf(head: string): string {
	return Buffer.from(head.slice(0, MAX_REFUSED_HEAD_BYTES), 'latin1').toString('latin1');
}
