import type {Buffer} from 'node:buffer';
import type {Refusal} from '../../codec/http1-grammar.ts';
import type {RequestHead} from '../../codec/request-head.ts';
import type {ResponseHead} from '../../codec/response-head.ts';
import type {Outcome} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {AnswerReceiver} from '../backends/answer-receiver.ts';
import {Backend} from '../backends/backend.ts';
import {clientGone, connectFailure, connectTimeout, drained, type Failure, idleTimeout} from '../failure.ts';
import type {ListenerContext} from '../listener-context.ts';
import {addCookies, answerHeadText, type ClientFraming, framingFor, remarkOn} from './answer-head.ts';
import {AnswerRelay} from './answer-relay.ts';
import type {Downstream} from './downstream.ts';
import {forwardHead} from './forwarded-head.ts';
import {HttpAttempt} from './http-attempt.ts';
import {keepWhole} from './kept-body.ts';
import {answerItself, keepsConnection, statusOf, statusUnreached} from './own-answer.ts';
import {RequestBody} from './request-body.ts';
import {isOffered, passesUpgrade, switchingText} from './upgrade.ts';

/**
 * The life of one request, in order: its body is read, a back-end is chosen, a connection taken or dialled, the
 * request written, the answer relayed; on failure it is tried again where that is allowed, or answered by the load
 * balancer itself. Every way out ends in the record.
 */
export class HttpExchange implements AnswerReceiver {
	readonly toHead: boolean;
	readonly takesChunks: boolean;
	/** Whether nothing more will happen. */
	over = false;
	readonly record: ExchangeRecord;
	readonly #head: RequestHead;
	readonly #front: Downstream;
	readonly #context: ListenerContext;
	readonly #attempt: HttpAttempt;
	readonly #body: RequestBody | undefined;
	#answerBegun = false;
	/** Present while an answer is passed on piece by piece. */
	#relay: AnswerRelay | undefined;
	#keepAlive = false;
	/** Whether the back-end keeps its connection after an answer that is passed on piece by piece. */
	#isKeptAlive = false;
	/** Whether the client waits for a 100 before it sends its body. */
	#awaitsContinue: boolean;

	constructor(front: Downstream, head: RequestHead, record: ExchangeRecord) {
		this.#front = front;
		this.#context = front.context;
		this.#head = head;
		this.record = record;
		record.httpMinor = head.minor;
		this.toHead = head.method === 'HEAD';
		this.takesChunks = head.minor === 1;
		this.#awaitsContinue = head.expectsContinue;
		this.#body = RequestBody.of(head, record, front.context.keptBodyBytes);
		this.#attempt = new HttpAttempt(front, head, record, this.#body);
	}

	/** Whether the request, its body included, has been read from the client. */
	get requestDone(): boolean {
		return this.#body?.done ?? true;
	}

	/** Whether body bytes may come on: a connection is there to take them. */
	get flowing(): boolean {
		return this.#attempt.flowing;
	}

	/** The back-end that has the request; undefined while none has it. */
	get backend(): Backend | undefined {
		return this.#attempt.backend;
	}

	/** Reads on in the request's body, see {@link RequestBody.read}. */
	readBody(chunk: Buffer, start: number): number | Refusal {
		if (this.#body === undefined) return start;
		const next = this.#body.read(chunk, start, part => this.#attempt.forward(part));
		if (this.#body.done && this.#attempt.flowing) this.#context.journal.arrive(this.record);
		return next;
	}

	/** Chooses a back-end and sends the request. What has come of the body already goes with the head. */
	begin(): void {
		this.prepare();
		this.proceed();
	}

	/** Notes the request as it is sent on. */
	protected prepare(): void {
		const {loadBalancer, settings, journal} = this.#context;
		forwardHead(this.record, this.#head, {
			dnsName: loadBalancer.dnsName,
			added: this.#front.addedFields(this.#head.forwardedFor),
			passesUpgrade: passesUpgrade(this.#head, settings.upgrade),
		});
		journal.add(this.record);
	}

	/** Chooses a back-end and sends the request. */
	protected proceed(): void {
		this.#try(this.#attempt.choose());
	}

	/** Ends in its midst: the client's connection is cut. */
	protected breakOff(failure: Failure): void {
		if (this.over) return;
		this.#attempt.drop();
		this.#answerBegun = true;
		this.#fail(failure);
	}

	/** Answers without a back-end; where an answer is on its way already, both sides are cut. */
	refuse({status, reason}: Refusal, outcome: Outcome): void {
		this.#attempt.drop();
		this.#fail({outcome, cause: reason}, status);
	}

	/** The client is gone, or ended in the midst of its request. */
	clientGone(error: Error | undefined): void {
		if (this.over) return;
		this.#attempt.leave(this.#now());
		this.#finish('client-abort', clientGone(error, 'before its answer was complete').cause);
	}

	/** No more time: what was waiting is answered 502, what was under way is cut. */
	cut(cause: string): void {
		if (this.over) return;
		this.#attempt.drop();
		this.#fail(drained(cause));
	}

	/** Nothing has moved for too long. */
	onDeadline(): void {
		const {connectMs, idleMs} = this.#context.timeouts;
		if (this.#attempt.connecting) {
			this.#attempt.drop();
			this.#try(this.#attempt.chooseAnother(connectTimeout(connectMs)));
			return;
		}
		const awaited = this.#waitsForClient ? 'request' : 'answer';
		this.#attempt.drop();
		this.#fail(idleTimeout(idleMs, this.#answerBegun ? 'more' : awaited));
	}

	/** The client takes bytes again. */
	clientDrained(): void {
		this.#attempt.resume();
	}

	asksFor(protocols: string): boolean {
		return passesUpgrade(this.#head, this.#context.settings.upgrade) && isOffered(protocols, this.#head);
	}

	connectionReady(): void {
		this.#attempt.ready();
	}

	connectionDrained(): void {
		if (!this.requestDone) this.#front.resume();
	}

	connectFailed(error: Error | undefined): void {
		if (this.#attempt.detach() !== undefined) this.#try(this.#attempt.chooseAnother(connectFailure(error)));
	}

	connectionLost(error: Error | undefined): void {
		const loss = this.#attempt.lost(error, this);
		if (loss !== undefined) this.#fail(loss);
	}

	interimAnswer(head: ResponseHead): void {
		this.#front.touch(this.#now());
		// HTTP/1.0 knows no interim answers at all.
		if (this.#head.minor === 0) return;
		if (head.status === 100) {
			// One that the client did not ask for, or has had, says nothing to it.
			if (!this.#awaitsContinue) return;
			this.#awaitsContinue = false;
		}
		this.#front.writeText(`HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fields}\r\n`);
	}

	wholeAnswer(head: ResponseHead, body: string, text: string, clean: boolean): void {
		const now = this.#now();
		const headText = this.#beginAnswer(head, framingFor(this.#head.minor, head.framing), now);
		// Text that is put together is copied once more when it is written.
		const answer = headText === head.verbatim ? text : headText + body;
		keepWhole(this.record, answer, body, this.#context.keptBodyBytes);
		if (!clean && head.keepAlive) this.record.hasExcess = true;
		this.#attempt.giveBack(clean, now);
		this.#finish('ok', remarkOn(head.status), now);
		this.#front.writeText(answer);
		this.#front.exchangeDone(this.#keepAlive, now);
	}

	answerHead(head: ResponseHead): void {
		const framing = framingFor(this.#head.minor, head.framing);
		const text = this.#beginAnswer(head, framing, this.#now());
		this.#relay = new AnswerRelay(this.#front, this.record, framing);
		this.#isKeptAlive = head.keepAlive && head.framing !== 'until-close';
		if (!this.#front.writeText(text)) this.#attempt.pause();
	}

	answerBytes(
		chunk: Buffer,
		spans: readonly number[],
		data: readonly number[],
		release: (() => void) | undefined,
	): void {
		this.#front.touch(this.#now());
		if (this.#relay?.write(chunk, spans, data, release) === false) this.#attempt.pause();
	}

	answerEnd(clean: boolean): void {
		const now = this.#now();
		if (!clean && this.#isKeptAlive) this.record.hasExcess = true;
		this.#attempt.giveBack(clean, now);
		this.#finish('ok', remarkOn(this.record.responseStatus), now);
		this.#relay?.end();
		this.#front.exchangeDone(this.#keepAlive, now);
	}

	switchedProtocols(head: ResponseHead, rest: Buffer): void {
		const connection = this.#attempt.detach();
		if (connection === undefined) return;
		const {record} = this;
		this.over = true;
		addCookies(head, this.#attempt.stickyLine(head.fields), this.#context.securesCookies);
		const text = switchingText(head);
		record.kind = 'websocket';
		record.responseStatus = 101;
		record.firstByteMs = this.#now() - record.startMs;
		record.responseHead = text;
		this.#front.writeText(text);
		this.#front.tunnel(connection, rest, this.#attempt);
	}

	answerFailed(failure: Failure): void {
		this.#attempt.detach();
		this.#fail(failure);
	}

	/** Whether it is the client's turn: not while the back-end takes no more of the body, or has yet to say 100. */
	get #waitsForClient(): boolean {
		if (this.requestDone || !this.#attempt.takesMore) return false;
		return !this.#awaitsContinue || this.record.bytesUp > 0;
	}

	#try(chosen: Backend | Failure): void {
		if (chosen instanceof Backend) this.#attempt.connect(chosen, this);
		else this.#fail(chosen, statusUnreached(chosen.outcome));
	}

	/** Returns the head for the client. */
	#beginAnswer(head: ResponseHead, framing: ClientFraming, now: number): string {
		const {record} = this;
		this.#answerBegun = true;
		this.#front.touch(now);
		record.firstByteMs = now - record.startMs;
		record.responseStatus = head.status;
		if (head.keepAlive) record.keepAliveMs = this.#attempt.keepAliveMs(head);
		addCookies(head, this.#attempt.stickyLine(head.fields), this.#context.securesCookies);
		// An answer that comes before the request has ended leaves bytes owed, so the connection cannot go on.
		this.#keepAlive = this.#head.keepAlive && framing.delimited && this.requestDone && !this.#context.draining;
		const date = head.hasDate ? '' : this.#context.dateField.line;
		const text = answerHeadText(head, {minor: this.#head.minor, keepAlive: this.#keepAlive, framing, date});
		record.responseHead = text;
		return text;
	}

	/** A call to the system: what happens at the same moment shares one. */
	#now(): number {
		return this.#context.clock.now();
	}

	/** Ends without the back-end's answer, or in its midst. */
	#fail({outcome, cause}: Failure, status = statusOf(outcome)): void {
		if (this.over) return;
		const now = this.#now();
		if (this.#answerBegun) {
			this.#finish(outcome, cause, now);
			this.#front.exchangeBroken();
			return;
		}
		const keepAlive = keepsConnection(status) && this.#head.keepAlive && this.requestDone && !this.#context.draining;
		const date = this.#context.dateField.line;
		const text = answerItself(this.record, {status, keepAlive, toHead: this.toHead, date});
		this.#finish(outcome, cause, now);
		this.#front.writeText(text);
		this.#front.exchangeDone(keepAlive, now);
	}

	#finish(outcome: Outcome, cause: string, now = this.#now()): void {
		this.over = true;
		this.#body?.letGo();
		this.#attempt.finish(outcome, cause, now);
	}
}
