import {Buffer} from 'node:buffer';
import {HeadBuffer} from '../../codec/head-buffer.ts';
import type {Refusal} from '../../codec/http1-grammar.ts';
import {RequestHead, readRequestHead} from '../../codec/request-head.ts';
import type {Outcome} from '../../observability/exchange.ts';
import {SMALL_READ_BYTES} from '../backends/backend-connection.ts';
import type {HttpExchange} from './http-exchange.ts';
import {beginningOf, type RefusedRequest} from './refused-request.ts';

/** How much of later requests may wait before no more is read. 16 KiB is what a stream of Node's holds. */
const MAX_PIPELINED_BYTES = 16 * 1024;

const LF = 0x0a;
const EMPTY_LINE = '\r\n';

const ENDED_IN_HEAD: Refusal = {status: 400, reason: 'the client ended in the midst of a head'};
const ENDED_IN_BODY: Refusal = {status: 400, reason: 'the client ended in the midst of a body'};

/** The client connection that requests are read from. */
export interface RequestServer {
	/** `idle` between requests, `head` while one is coming in, `exchange` while one is worked on, `gone` afterwards. */
	readonly state: 'idle' | 'head' | 'exchange' | 'gone';
	/** Whether the client takes no answers at the moment: then none of its further requests is begun. */
	readonly isBlocked: boolean;
	/** A head has begun to come in. */
	headBegan(): void;
	/** Nothing of a request is there, an empty line aside. */
	headEmpty(): void;
	/** A whole head is there. Its exchange is the current one from now on. */
	newExchange(head: RequestHead): HttpExchange;
	/** Begins it, with what has come of its body. */
	begin(exchange: HttpExchange): void;
	/** Bytes of the request under way have come: the idle timeout starts again. */
	touch(): void;
	/** What has come is no request: it is answered, and the connection closed. */
	refuse(refused: RefusedRequest): void;
	/** No more is to be read for now. */
	pause(): void;
	/** All that has come is read, and no exchange is under way. */
	rest(): void;
}

/**
 * Reads requests out of the bytes of one client connection: heads, bodies, and what is pipelined behind them, which
 * waits until the exchange under way is done.
 */
export class RequestReader {
	readonly #server: RequestServer;
	readonly #head = new HeadBuffer();
	#clientEnded = false;
	#exchange: HttpExchange | undefined;
	/** Bytes of later requests. */
	#pipelined: Buffer | undefined;
	/** Whether `#serve` is at work, so that an answer that comes at once does not begin the next request inside it. */
	#serving = false;

	constructor(server: RequestServer) {
		this.#server = server;
	}

	/** The exchange whose request has been read last. */
	get exchange(): HttpExchange | undefined {
		return this.#exchange;
	}

	/** Whether the client has said that it will send no more. */
	get clientEnded(): boolean {
		return this.#clientEnded;
	}

	/** The client sends no more. */
	noteEnd(): void {
		this.#clientEnded = true;
	}

	/** Whether bytes of later requests wait. */
	get hasPipelined(): boolean {
		return this.#pipelined !== undefined;
	}

	/** Whether it goes on by itself once the exchange under way is done. */
	get serving(): boolean {
		return this.#serving;
	}

	/** Whether the client has ended, and nothing that it sent before is still to be read. */
	get isAtEnd(): boolean {
		return this.#clientEnded && this.#pipelined === undefined && !this.#serving;
	}

	/**
	 * Reads what has come: the first `bytes` of `memory`.
	 *
	 * @param transient whether the memory is used for something else once this returns.
	 * @param waits whether the connection is left unread until its turn comes.
	 */
	read(memory: Buffer, bytes: number, transient: boolean, waits: boolean): void {
		const server = this.#server;
		if (server.state === 'idle') {
			// A TLS stream that has been paused still hands over all that has come with the record before.
			if (waits) {
				this.#hold(lasting(memory.subarray(0, bytes), transient), 0);
				return;
			}
			if (transient && this.#readSmall(memory, bytes)) return;
		}
		const chunk = memory.subarray(0, bytes);
		switch (server.state) {
			case 'idle':
			case 'head':
				// A client that sends and never reads gets no further requests carried out.
				if (this.#pipelined !== undefined || server.isBlocked) this.#hold(lasting(chunk, transient), 0);
				else this.#serve(chunk, transient);
				return;
			case 'exchange':
				this.#readBody(lasting(chunk, transient), 0);
				return;
			default:
			// The connection is another owner's.
		}
	}

	/** Reads on in what was held. */
	readPipelined(): void {
		const pipelined = this.takePipelined();
		if (pipelined !== undefined) this.#serve(pipelined, false);
	}

	/** What is held, which this reader gives away; undefined where nothing is. */
	takePipelined(): Buffer | undefined {
		const pipelined = this.#pipelined;
		this.#pipelined = undefined;
		return pipelined;
	}

	/** The current exchange is done. */
	exchangeDone(): void {
		this.#exchange = undefined;
	}

	/** Nothing more is read. */
	end(): void {
		this.#exchange = undefined;
		this.#pipelined = undefined;
	}

	/** Refuses a head of which only a part has come. */
	refuseHead(refusal: Refusal, outcome: Outcome): void {
		this.#server.refuse({refusal, outcome, head: this.#head.partial, toHead: false});
	}

	/** The client sends no more: what has come in part will not be whole. */
	refusePart(): void {
		const {state} = this.#server;
		if (state === 'head') this.refuseHead(ENDED_IN_HEAD, 'client-abort');
		else if (state === 'exchange' && this.#exchange?.requestDone === false) {
			this.#exchange.refuse(ENDED_IN_BODY, 'client-abort');
		}
	}

	/**
	 * The ordinary request, a head that comes alone and whole: read as one text, without looking for its end.
	 *
	 * @returns false where it is no such request, or not a right one: nothing has been done then.
	 */
	#readSmall(memory: Buffer, bytes: number): boolean {
		if (bytes > SMALL_READ_BYTES || memory[bytes - 1] !== LF || memory[bytes - 3] !== LF) return false;
		if (this.#pipelined !== undefined || this.#server.isBlocked || this.#head.partial !== '') return false;
		const head = readRequestHead(memory.toString('latin1', 0, bytes));
		if (!(head instanceof RequestHead)) return false;
		const exchange = this.#server.newExchange(head);
		this.#exchange = exchange;
		this.#server.begin(exchange);
		return true;
	}

	/** Reads requests out of `arrived` for as long as each is answered at once. */
	#serve(arrived: Buffer, transient: boolean): void {
		const server = this.#server;
		this.#serving = true;
		let chunk = arrived;
		let pos = 0;
		while (pos < chunk.length) {
			if (isBetween(server)) {
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
			} else if (server.state === 'exchange') {
				pos = this.#readBody(chunk, pos);
			} else break;
			if (pos < chunk.length && server.state === 'idle' && server.isBlocked) {
				this.#hold(chunk, pos);
				break;
			}
		}
		this.#serving = false;
		if (server.state === 'idle' && this.#pipelined === undefined) server.rest();
	}

	/** All that has come has been read, and a head has not ended. Nor will it where the client sends no more. */
	#waitForHead(): void {
		const server = this.#server;
		const {partial, refusal} = this.#head;
		if (refusal !== undefined) this.refuseHead(refusal, 'bad-request');
		// An empty line is no beginning of a request: some clients send one after a body.
		else if (EMPTY_LINE.startsWith(partial)) server.headEmpty();
		else if (this.#clientEnded) this.refuseHead(ENDED_IN_HEAD, 'client-abort');
		else if (server.state === 'idle') server.headBegan();
	}

	/** Starts the exchange of the head that has just been read. Returns where to read on. */
	#beginWith(chunk: Buffer, start: number): number {
		// RFC 9112 section 2.2: one empty line before a request is ignored.
		const text = this.#head.text.startsWith(EMPTY_LINE) ? this.#head.text.slice(EMPTY_LINE.length) : this.#head.text;
		const head = readRequestHead(text);
		if (!(head instanceof RequestHead)) {
			this.#server.refuse({refusal: head, outcome: 'bad-request', head: text, toHead: text.startsWith('HEAD ')});
			return chunk.length;
		}
		const exchange = this.#server.newExchange(head);
		this.#exchange = exchange;
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
		this.#server.begin(exchange);
		return pos;
	}

	/** Bytes that come while an exchange is under way. Returns where to read on. */
	#readBody(chunk: Buffer, start: number): number {
		const exchange = this.#exchange;
		let pos = start;
		if (exchange !== undefined && !exchange.requestDone) {
			// What comes while a connection is dialled gives the back-end no more time; nor does a later request.
			if (exchange.flowing) this.#server.touch();
			const next = exchange.readBody(chunk, pos);
			if (typeof next !== 'number') {
				exchange.refuse(next, 'bad-request');
				return chunk.length;
			}
			pos = next;
		}
		if (pos < chunk.length && this.#server.state === 'exchange') {
			this.#hold(chunk, pos);
			return chunk.length;
		}
		return pos;
	}

	/** Keeps what belongs to later requests, and reads no further until the current exchange is done. */
	#hold(chunk: Buffer, start: number): void {
		const rest = chunk.subarray(start);
		this.#pipelined = this.#pipelined === undefined ? rest : Buffer.concat([this.#pipelined, rest]);
		// Reading goes on for a little: that is how the end of a client shows that pipelines requests and leaves.
		if (this.#pipelined.length >= MAX_PIPELINED_BYTES) this.#server.pause();
	}
}

/** Asked after calls that may have changed it, which the compiler cannot see. */
function isBetween({state}: RequestServer): boolean {
	return state === 'idle' || state === 'head';
}

/** The same bytes in memory that stays what it is. */
function lasting(chunk: Buffer, transient: boolean): Buffer {
	return transient ? Buffer.from(chunk) : chunk;
}
