import type {Buffer} from 'node:buffer';
import {connectionReset} from '../../base/reset.ts';
import type {RequestHead} from '../../codec/request-head.ts';
import type {ResponseHead} from '../../codec/response-head.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {AnswerReceiver} from '../backends/answer-receiver.ts';
import type {Backend} from '../backends/backend.ts';
import type {BackendConnection} from '../backends/backend-connection.ts';
import type {ConnectionFault} from '../backends/dial.ts';
import {UpstreamConnection} from '../backends/upstream-connection.ts';
import {BackendAttempt} from '../balancing/backend-attempt.ts';
import {type Failure, invalidAnswer, lostBeforeAnswer} from '../failure.ts';
import {faultOfRequest} from '../faults/backend-fault.ts';
import {FaultyAnswers} from '../faults/faulty-answers.ts';
import type {Downstream} from './downstream.ts';
import type {RequestBody} from './request-body.ts';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * The attempt to have one request served: a kept-alive connection is taken, or one is dialled; the request is written to
 * it; in the end it goes back to the pool, or is ended.
 */
export class HttpAttempt extends BackendAttempt {
	readonly #front: Downstream;
	readonly #method: string;
	readonly #body: RequestBody | undefined;
	#upstream: UpstreamConnection | undefined;
	/** Whether the head is on a connection, so that bytes of the body may follow. */
	#flowing = false;

	constructor(front: Downstream, head: RequestHead, record: ExchangeRecord, body: RequestBody | undefined) {
		const {context} = front;
		super(context, record, context.router.route(head.host, head.target), context.stickiness?.open(head.fields));
		this.#front = front;
		this.#method = head.method;
		this.#body = body;
	}

	/** Whether body bytes may come on: a connection is there to take them. */
	get flowing(): boolean {
		return this.#flowing;
	}

	/** Whether a connection is being dialled. */
	get connecting(): boolean {
		return this.#upstream !== undefined && !this.#upstream.connection.connected;
	}

	/** Whether a connection stands and has taken what was written to it. */
	get takesMore(): boolean {
		return this.#upstream !== undefined && !this.#upstream.connection.stream.writableNeedDrain;
	}

	/** How long the back-end says it keeps the connection open, in milliseconds; -1 where it does not say. */
	keepAliveMs(head: ResponseHead): number {
		return this.#upstream?.keepAliveMs(head) ?? -1;
	}

	/** Takes an idle connection to `backend`, which has been chosen, and sends the request; or else dials. */
	connect(backend: Backend, receiver: AnswerReceiver): void {
		if (this.#front.context.faults !== undefined && this.#connectFaulty(backend, receiver)) return;
		const resting = this.#front.pool.take(backend);
		if (resting === undefined) {
			this.#dial(backend, receiver);
			return;
		}
		this.#upstream = resting;
		resting.assign(receiver);
		this.reused(resting.connection);
		this.#send(resting);
	}

	/** The same where armed faults hit the request; false where none does. */
	#connectFaulty(backend: Backend, receiver: AnswerReceiver): boolean {
		const {pool} = this.#front;
		const fault = faultOfRequest(this.#front, {record: this.record, backend}, pool.rests(backend));
		if (fault === undefined) return false;
		const {answer} = fault;
		if (answer !== undefined) {
			this.record.reached = true;
			this.record.sentMs = -1;
			if (answer === 'garbage') receiver.answerFailed(invalidAnswer('answer with a malformed status line'));
			else receiver.wholeAnswer(answer.head, answer.body, answer.text, false);
			return true;
		}
		const resting = fault.losesIdle || !fault.isApart ? pool.take(backend) : undefined;
		if (resting !== undefined && fault.losesIdle) {
			this.#upstream = resting;
			this.reused(resting.connection);
			resting.unassign();
			resting.connection.reset();
			receiver.connectionLost(connectionReset());
			return true;
		}
		const faulty = new FaultyAnswers(receiver, fault, () => this.#upstream?.connection);
		if (resting === undefined) this.#dial(backend, faulty, fault.isApart ? fault : undefined);
		else {
			this.#upstream = resting;
			resting.assign(faulty);
			this.reused(resting.connection);
			this.#send(resting);
		}
		return true;
	}

	/** The connection that was dialled stands: sends the request. */
	ready(): void {
		const upstream = this.#upstream;
		if (upstream === undefined) return;
		this.connected(upstream.connection);
		this.#send(upstream);
	}

	/** Sends bytes of the body as they come. Returns false, and takes none, while they must wait for a connection. */
	forward(part: Buffer): boolean {
		const upstream = this.#upstream;
		if (!this.#flowing || upstream === undefined) return false;
		this.#body?.letGo();
		if (!upstream.connection.stream.write(part)) this.#front.pause();
		return true;
	}

	pause(): void {
		this.#upstream?.connection.pause();
	}

	resume(): void {
		this.#upstream?.connection.resume();
	}

	/**
	 * The connection was lost before a byte of an answer. A request that may be repeated, and can be, is sent once more
	 * where a kept-alive connection was lost.
	 *
	 * @returns the loss where it is not sent again.
	 */
	lost(error: Error | undefined, receiver: AnswerReceiver): Failure | undefined {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return undefined;
		const wasKeptAlive = upstream.served > 0;
		const loss = lostBeforeAnswer(error, wasKeptAlive ? 'a kept-alive connection' : 'the connection');
		const isRepeatable = (this.#body?.replayable ?? true) && IDEMPOTENT.has(this.#method);
		if (!wasKeptAlive || !isRepeatable || !this.repeats(loss)) return loss;
		this.#dial(upstream.backend, receiver);
		return undefined;
	}

	/** Its connection is somebody else's from now on, or is gone. Returns it; undefined where there is none. */
	detach(): BackendConnection | undefined {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		return upstream?.connection;
	}

	/** The answer is complete: the connection goes back to the pool where everything about it is clean. */
	giveBack(isClean: boolean, nowMs: number): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return;
		// An answer may come before the back-end has taken the whole request.
		const isSent = (this.#body?.done ?? true) && upstream.connection.stream.writableLength === 0;
		const isKept = isClean && isSent && !upstream.connection.isApart;
		if (isKept) this.#front.pool.give(upstream, nowMs, this.record.id);
		else {
			upstream.unassign();
			upstream.connection.destroy();
		}
	}

	/** Ends the connection, so that nothing half-sent can pass for complete. */
	drop(): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return;
		upstream.unassign();
		if (upstream.connection.connected) upstream.connection.reset();
		else upstream.connection.destroy();
	}

	/** The client is gone: what it has sent of a body still reaches the back-end. */
	leave(nowMs: number): void {
		const upstream = this.#upstream;
		if (upstream?.connection.connected !== true || this.record.bytesUp === 0) {
			this.drop();
			return;
		}
		this.#upstream = undefined;
		this.#front.pool.letGo(upstream, nowMs);
	}

	#dial(backend: Backend, receiver: AnswerReceiver, fault?: ConnectionFault): void {
		this.#flowing = false;
		this.#front.limit(this.#front.context.timeouts.connectMs);
		const upstream = new UpstreamConnection(backend, handler => this.dial(backend, this.#front.client, handler, fault));
		upstream.assign(receiver);
		this.#upstream = upstream;
	}

	/** Writes the head and what of the body is there: as one piece of text when it is small. */
	#send(upstream: UpstreamConnection): void {
		this.#flowing = true;
		const {record} = this;
		const {clock, journal} = this.#front.context;
		const {stream} = upstream.connection;
		const now = clock.now();
		this.#front.touch(now);
		record.sentMs = now - record.startMs;
		const body = this.#body?.take(upstream.served > 0) ?? '';
		if (typeof body === 'string') stream.write(record.requestHead + body, 'latin1');
		else {
			stream.write(record.requestHead, 'latin1');
			for (const part of body) stream.write(part);
		}
		if (this.#body?.done ?? true) journal.arrive(record);
		else if (!stream.writableNeedDrain) this.#front.resume();
	}
}
