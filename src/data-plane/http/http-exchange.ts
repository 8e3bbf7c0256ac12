import type {Buffer} from 'node:buffer';
import {withSecure} from '../../codec/cookies.ts';
import {listMembers, type Refusal} from '../../codec/http1-grammar.ts';
import type {RequestHead} from '../../codec/request-head.ts';
import type {ResponseHead} from '../../codec/response-head.ts';
import type {ExchangeRecord, Outcome} from '../../observability/exchange.ts';
import {Backend} from '../backends/backend.ts';
import {type AnswerReceiver, UpstreamConnection} from '../backends/upstream-connection.ts';
import {BackendAttempt} from '../balancing/backend-attempt.ts';
import {connectFailure, connectTimeout, type Failure, lostConnection, statusOfConnectFailure} from '../failure.ts';
import type {ListenerContext} from '../listener-context.ts';
import {answerHeadText, framingFor} from './answer-head.ts';
import type {Downstream} from './downstream.ts';
import {BodyKeeper} from './kept-body.ts';
import {ownAnswer} from './own-answer.ts';
import {RequestBody} from './request-body.ts';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

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
	readonly #body: RequestBody | undefined;
	#responseBody: BodyKeeper | undefined;
	/** Whether body bytes wait for a connection. */
	#holding = true;
	#upstream: UpstreamConnection | undefined;
	#answerBegun = false;
	#keepAlive = false;
	/** Whether the client waits for a 100 before it sends its body. */
	#awaitsContinue: boolean;
	/** Chunks are put around the bytes of an answer that the back-end ends by closing. */
	#addsChunks = false;
	readonly #attempt: BackendAttempt;

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
		const {router, stickiness} = front.context;
		const balancer = router.route(head.host, head.target);
		this.#attempt = new BackendAttempt(front.context, record, balancer, stickiness?.open(head.fields));
	}

	asksFor(protocols: string): boolean {
		if (!this.#asksUpgrade) return false;
		const asked = listMembers(this.#head.upgrade);
		const given = listMembers(protocols);
		return given.length > 0 && given.every(protocol => asked.includes(protocol));
	}

	/** Whether the request, its body included, has been read from the client. */
	get requestDone(): boolean {
		return this.#body?.done ?? true;
	}

	/** Whether body bytes may come on: a connection is there to take them. */
	get flowing(): boolean {
		return !this.#holding;
	}

	/** Reads on in the request's body, see {@link RequestBody.read}. */
	readBody(chunk: Buffer, start: number): number | Refusal {
		if (this.#body === undefined) return start;
		const next = this.#body.read(chunk, start, part => this.#forward(part));
		if (this.#body.done && !this.#holding) this.#context.journal.arrive(this.record);
		return next;
	}

	/** Chooses a back-end and goes to work. What of the body has come already goes with the head. */
	begin(): void {
		const {fields, method, target, host, minor, forwardedFor, framing, asItCame} = this.#head;
		// HTTP/1.0 clients may leave out what an HTTP/1.1 request must have.
		const hostField = host === '' && minor === 0 ? `Host: ${this.#context.loadBalancer.dnsName}\r\n` : '';
		const coding = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
		const upgrade = this.#asksUpgrade ? `Connection: Upgrade\r\nUpgrade: ${this.#head.upgrade}\r\n` : '';
		const begin = asItCame === '' ? `${method} ${target} HTTP/1.1\r\n${hostField}${fields}` : asItCame;
		const added = this.#front.addedFields(forwardedFor);
		this.record.addedStart = begin.length;
		this.record.addedEnd = begin.length + added.length;
		this.record.requestHead = `${begin}${added}${coding}${upgrade}\r\n`;
		this.#context.journal.add(this.record);
		this.#try(this.#attempt.choose());
	}

	/** Answers without a back-end; where an answer is on its way already, both sides are cut. */
	refuse({status, reason}: Refusal, outcome: Outcome): void {
		this.#drop();
		if (this.#answerBegun) this.#break(outcome, reason);
		else this.#answerOwn(status, outcome, reason);
	}

	/** The client is gone, or ended in the midst of its request. */
	clientGone(cause: string): void {
		if (this.over) return;
		const upstream = this.#upstream;
		if (upstream?.connection.connected === true && this.record.bytesUp > 0) {
			this.#upstream = undefined;
			this.#front.pool.letGo(upstream, this.#now());
		} else this.#drop();
		this.#finish('client-abort', cause);
	}

	/** The back-end that has the request; undefined while none has it. */
	get backend(): Backend | undefined {
		return this.#attempt.backend;
	}

	/** No more time: what was waiting is answered 502, what was under way is cut. */
	cut(cause: string): void {
		if (this.over) return;
		this.#drop();
		if (!this.#answerBegun) this.#answerOwn(502, 'drained', cause);
		else this.#break('drained', cause);
	}

	/** Nothing has moved for too long. */
	onDeadline(): void {
		const upstream = this.#upstream;
		if (upstream !== undefined && !upstream.connection.connected) {
			this.#drop();
			this.#try(this.#attempt.chooseAnother(connectTimeout(this.#context.timeouts.connectMs)));
			return;
		}
		const waitsForClient = this.#waitsForClient(upstream);
		this.#drop();
		const cause = `no bytes for ${this.#context.timeouts.idleMs} ms`;
		if (this.#answerBegun) this.#break('idle-timeout', cause);
		else if (waitsForClient) this.#answerOwn(408, 'client-timeout', `${cause} in the midst of the request`);
		else this.#answerOwn(504, 'idle-timeout', `${cause} from the back-end`);
	}

	/** The client takes bytes again. */
	clientDrained(): void {
		this.#upstream?.connection.resume();
	}

	connectionReady(): void {
		const upstream = this.#upstream;
		if (upstream === undefined) return;
		this.#attempt.connected(upstream.connection);
		this.#send(upstream);
	}

	connectionDrained(): void {
		if (!this.requestDone) this.#front.resume();
	}

	connectFailed(error: Error | undefined): void {
		if (this.#upstream === undefined) return;
		this.#upstream = undefined;
		this.#try(this.#attempt.chooseAnother(connectFailure(error)));
	}

	connectionLost(error: Error | undefined): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return;
		const how = error === undefined ? 'closed' : 'reset';
		const which = upstream.served > 0 ? 'a kept-alive connection' : 'the connection';
		const loss = lostConnection(error, `the back-end ${how} ${which} before it answered`);
		if (upstream.served > 0 && this.#isRepeatable && this.#attempt.retry(loss)) {
			this.#dialTo(upstream.backend);
			return;
		}
		this.#answerOwn(502, loss.outcome, loss.cause);
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
		const headText = this.#startAnswer(head, now);
		// Text that is put together is copied once more when it is written.
		const answer = headText === head.asItCame ? text : headText + body;
		this.record.bytesDown = body.length;
		if (body.length > this.#context.keptBodyBytes) this.#keepAnswer().addText(body);
		else this.record.responseText = answer;
		this.#giveBack(clean, now);
		const keepAlive = this.#keepAlive;
		this.#finish('ok', remarkOn(this.record.responseStatus), now);
		this.#front.writeText(answer);
		this.#front.exchangeDone(keepAlive, now);
	}

	answerHead(head: ResponseHead): void {
		if (!this.#front.writeText(this.#startAnswer(head, this.#now()))) this.#upstream?.connection.pause();
	}

	answerBytes(
		chunk: Buffer,
		spans: readonly number[],
		data: readonly number[],
		release: (() => void) | undefined,
	): void {
		this.#front.touch(this.#now());
		for (let i = 0; i + 1 < data.length; i += 2) {
			const start = data[i] ?? 0;
			const end = data[i + 1] ?? 0;
			this.record.bytesDown += end - start;
			this.#keepAnswer().addBytes(chunk, start, end);
		}
		const last = spans.length - 2;
		if (last < 0) {
			release?.();
			return;
		}
		let flowing = true;
		for (let i = 0; i <= last; i += 2) {
			const start = spans[i] ?? 0;
			const end = spans[i + 1] ?? 0;
			flowing = this.#write(chunk, start, end, i === last ? release : undefined, release === undefined);
		}
		if (!flowing) this.#upstream?.connection.pause();
	}

	answerEnd(clean: boolean): void {
		const now = this.#now();
		this.#giveBack(clean, now);
		const keepAlive = this.#keepAlive;
		this.#finish('ok', remarkOn(this.record.responseStatus), now);
		if (this.#addsChunks) this.#front.writeText('0\r\n\r\n');
		this.#front.exchangeDone(keepAlive, now);
	}

	switchedProtocols(head: ResponseHead, rest: Buffer): void {
		const upstream = this.#upstream;
		if (upstream === undefined) return;
		this.#upstream = undefined;
		this.#dress(head);
		this.over = true;
		this.record.kind = 'websocket';
		this.record.responseStatus = 101;
		this.record.firstByteMs = this.#now() - this.record.startMs;
		const text = `HTTP/1.1 101 ${head.reason}\r\n${head.fields}Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n\r\n`;
		this.record.responseHead = text;
		this.#front.writeText(text);
		this.#front.tunnel(upstream.connection, rest, this.#attempt);
	}

	answerFailed(outcome: Outcome, cause: string): void {
		this.#upstream = undefined;
		if (this.#answerBegun) this.#break(outcome, cause);
		else this.#answerOwn(502, outcome, cause);
	}

	get #asksUpgrade(): boolean {
		return this.#head.upgrade !== '' && this.#context.upgrade === 'tunnel';
	}

	/** Whether it is the client's turn: not while the back-end takes no more of the body, or has yet to say 100. */
	#waitsForClient(upstream: UpstreamConnection | undefined): boolean {
		if (this.requestDone || upstream === undefined || upstream.connection.stream.writableNeedDrain) return false;
		return !this.#awaitsContinue || this.record.bytesUp > 0;
	}

	#try(chosen: Backend | Failure): void {
		if (!(chosen instanceof Backend)) {
			this.#answerOwn(statusOfConnectFailure(chosen.outcome), chosen.outcome, chosen.cause);
			return;
		}
		const resting = this.#front.pool.take(chosen);
		if (resting === undefined) {
			this.#dialTo(chosen);
			return;
		}
		this.#upstream = resting;
		resting.assign(this);
		this.#attempt.reused(resting.connection);
		this.#send(resting);
	}

	#dialTo(backend: Backend): void {
		this.#holding = true;
		this.#front.limit(this.#context.timeouts.connectMs);
		const upstream = new UpstreamConnection(backend, handler =>
			this.#attempt.dial(backend, this.#front.client, handler),
		);
		upstream.assign(this);
		this.#upstream = upstream;
	}

	/** Writes the head and what of the body is there: as one piece of text when it is small. */
	#send(upstream: UpstreamConnection): void {
		this.#holding = false;
		const {stream} = upstream.connection;
		const now = this.#now();
		this.#front.touch(now);
		this.record.sentMs = now - this.record.startMs;
		const body = this.#body?.take(upstream.served > 0) ?? '';
		if (typeof body === 'string') stream.write(this.record.requestHead + body, 'latin1');
		else {
			stream.write(this.record.requestHead, 'latin1');
			for (const part of body) stream.write(part);
		}
		if (this.requestDone) this.#context.journal.arrive(this.record);
		else if (!stream.writableNeedDrain) this.#front.resume();
	}

	/** Whether the request may be sent a second time, and can be. */
	get #isRepeatable(): boolean {
		return (this.#body?.replayable ?? true) && IDEMPOTENT.has(this.#head.method);
	}

	/** Body bytes go on as they come, or wait for the connection. */
	#forward(part: Buffer): boolean {
		const upstream = this.#upstream;
		if (this.#holding || upstream === undefined) return false;
		this.#body?.letGo();
		if (!upstream.connection.stream.write(part)) this.#front.pause();
		return true;
	}

	/** A call to the system: what happens at the same moment shares one. */
	#now(): number {
		return this.#context.clock.now();
	}

	#startAnswer(head: ResponseHead, now: number): string {
		const {record} = this;
		this.#answerBegun = true;
		this.#front.touch(now);
		record.firstByteMs = now - record.startMs;
		record.responseStatus = head.status;
		this.#dress(head);
		const framing = framingFor(this.#head.minor, head.framing);
		this.#addsChunks = framing.addsChunks;
		// An answer that comes before the request has ended leaves bytes owed, so the connection cannot go on.
		this.#keepAlive = this.#head.keepAlive && framing.delimited && this.requestDone && !this.#context.draining;
		const date = head.hasDate ? '' : this.#context.dateField.line;
		const text = answerHeadText(head, {minor: this.#head.minor, keepAlive: this.#keepAlive, framing, date});
		record.responseHead = text;
		return text;
	}

	/** Puts the load balancer's cookie on an answer, and `Secure` on all of them, where that was asked for. */
	#dress(head: ResponseHead): void {
		const stickyLine = this.#attempt.stickyLine(head.fields);
		if (stickyLine !== undefined) {
			head.fields += stickyLine;
			head.asItCame = '';
		}
		if (this.#context.securesCookies) {
			head.fields = withSecure(head.fields);
			head.asItCame = '';
		}
	}

	#write(chunk: Buffer, start: number, end: number, release: (() => void) | undefined, transient: boolean): boolean {
		const front = this.#front;
		if (this.#addsChunks) front.writeText(`${(end - start).toString(16)}\r\n`);
		let flowing = transient
			? front.writeText(chunk.toString('latin1', start, end))
			: front.writeBytes(chunk.subarray(start, end), release);
		if (this.#addsChunks) flowing = front.writeText('\r\n');
		return flowing;
	}

	#keepAnswer(): BodyKeeper {
		this.#responseBody ??= new BodyKeeper(this.#context.keptBodyBytes);
		this.record.responseBody = this.#responseBody;
		return this.#responseBody;
	}

	/** The connection goes back to the pool when everything about it is clean, and else it goes. */
	#giveBack(clean: boolean, now: number): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return;
		// An answer may come before the back-end has taken the whole request.
		const sent = this.requestDone && upstream.connection.stream.writableLength === 0;
		if (clean && sent) this.#front.pool.give(upstream, now);
		else {
			upstream.unassign();
			upstream.connection.destroy();
		}
	}

	/** Lets go of the back-end so that nothing half-sent can pass for complete. */
	#drop(): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return;
		upstream.unassign();
		if (upstream.connection.connected) upstream.connection.reset();
		else upstream.connection.destroy();
	}

	#answerOwn(status: number, outcome: Outcome, cause: string): void {
		if (this.over) return;
		const keepAlive =
			status >= 500 &&
			status !== 501 &&
			status !== 505 &&
			this.#head.keepAlive &&
			this.requestDone &&
			!this.#context.draining;
		const answer = ownAnswer(status, {keepAlive, toHead: this.toHead, date: this.#context.dateField.line});
		this.record.responseStatus = status;
		this.record.responseBy = 'load-balancer';
		this.record.responseHead = answer.head;
		const now = this.#now();
		this.#finish(outcome, cause, now);
		this.#front.writeText(answer.head + answer.body);
		this.#front.exchangeDone(keepAlive, now);
	}

	#break(outcome: Outcome, cause: string): void {
		if (this.over) return;
		this.#finish(outcome, cause);
		this.#front.exchangeBroken();
	}

	#finish(outcome: Outcome, cause: string, now = this.#now()): void {
		this.over = true;
		this.#body?.letGo();
		this.#attempt.finish(outcome, cause, now);
	}
}

/** What a reader of the record should know of an answer that was passed on; empty when there is nothing. */
function remarkOn(status: number): string {
	if (status <= 599) return '';
	return `the back-end answered with a status that HTTP does not have, ${status}; clients take it for a 5xx`;
}
