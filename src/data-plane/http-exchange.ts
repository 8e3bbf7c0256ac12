import type {Buffer} from 'node:buffer';
import {ChunkedReader} from '../codec/chunked-reader.ts';
import {listMembers, type Refusal} from '../codec/http1-grammar.ts';
import type {RequestHead} from '../codec/request-head.ts';
import type {ResponseHead} from '../codec/response-head.ts';
import type {ExchangeRecord, Outcome} from '../observability/exchange.ts';
import type {Backend} from './backend.ts';
import type {BackendConnection} from './backend-connection.ts';
import {connectFailure} from './failure.ts';
import {BodyKeeper} from './kept-body.ts';
import {dial, finishRecord, type ListenerContext, type ProxiedClient} from './listener-context.ts';
import {ownAnswer} from './own-answer.ts';
import {type AnswerReceiver, UpstreamConnection} from './upstream-connection.ts';
import type {UpstreamPool} from './upstream-pool.ts';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** A body up to this size is kept until the answer begins, so that the request can be sent a second time. */
const MAX_REPLAY_BYTES = 16 * 1024;

/** The client's connection, as far as one exchange is concerned. */
export interface Downstream {
	readonly context: ListenerContext;
	readonly pool: UpstreamPool;
	/** Whom a PROXY line tells of. */
	readonly client: ProxiedClient;
	/** X-Forwarded-For's last member: the client's address. */
	readonly clientAddress: string;
	/** X-Forwarded-Proto and -Port of this listener, each with its CRLF. */
	readonly forwardedFields: string;
	/** Bytes have moved: the idle timeout starts anew. */
	touch(): void;
	/** Sets another limit for what is waited for. */
	limit(ms: number): void;
	/** Returns false when the client takes no more for the moment. */
	writeText(text: string): boolean;
	writeBytes(chunk: Buffer, release: (() => void) | undefined): boolean;
	pause(): void;
	resume(): void;
	/** The exchange has ended and its answer is complete: `keepAlive` tells whether the connection may go on. */
	exchangeDone(keepAlive: boolean): void;
	/** The exchange has ended in the midst of its answer: the client must see that it is cut short. */
	exchangeBroken(): void;
	/** The connection carries another protocol from now on. */
	tunnel(upstream: BackendConnection, rest: Buffer, record: ExchangeRecord): void;
}

/**
 * The life of one request, in order: its body is read, a back-end is chosen, a connection taken or dialled, the
 * request written, the answer relayed; on failure it is tried again where that is allowed, or answered by the load
 * balancer itself. Every way out ends in the record.
 */
export class HttpExchange implements AnswerReceiver {
	readonly toHead: boolean;
	readonly takesChunks: boolean;
	/** Whether the request, its body included, has been read from the client. */
	requestDone: boolean;
	/** Whether nothing more will happen. */
	over = false;
	readonly record: ExchangeRecord;
	readonly #head: RequestHead;
	readonly #front: Downstream;
	readonly #context: ListenerContext;
	readonly #chunks: ChunkedReader | undefined;
	#bodyLeft: number;
	#requestBody: BodyKeeper | undefined;
	#responseBody: BodyKeeper | undefined;
	/** Body bytes that wait for a connection, or might have to be sent again. */
	#held: Buffer[] = [];
	#heldBytes = 0;
	#holding = true;
	#upstream: UpstreamConnection | undefined;
	/** Back-ends that could not be reached for this request. */
	#tried: Set<Backend> | undefined;
	#retried = false;
	#dialledAtMs = 0;
	#answerBegun = false;
	#keepAlive = false;
	/** Whether the client waits for a 100 before it sends its body. */
	#awaitsContinue: boolean;
	/** Chunks are put around the bytes of an answer that the back-end ends by closing. */
	#addsChunks = false;

	constructor(front: Downstream, head: RequestHead, record: ExchangeRecord) {
		this.#front = front;
		this.#context = front.context;
		this.#head = head;
		this.record = record;
		this.toHead = head.method === 'HEAD';
		this.takesChunks = head.minor === 1;
		this.#bodyLeft = head.length;
		this.#awaitsContinue = head.expectsContinue;
		this.#chunks = head.framing === 'chunked' ? new ChunkedReader() : undefined;
		this.requestDone = head.framing === 'none' || (head.framing === 'length' && head.length === 0);
	}

	asksFor(protocols: string): boolean {
		if (!this.#asksUpgrade) return false;
		const asked = listMembers(this.#head.upgrade);
		const given = listMembers(protocols);
		return given.length > 0 && given.every(protocol => asked.includes(protocol));
	}

	/** Whether body bytes may come on: a connection is there to take them. */
	get flowing(): boolean {
		return !this.#holding;
	}

	/**
	 * Reads on in the request's body.
	 *
	 * @returns the offset after the last byte that belongs to it, or a refusal when it is malformed; nothing that a
	 * back-end could take for a complete request has been sent then.
	 */
	readBody(chunk: Buffer, start: number): number | Refusal {
		if (this.#chunks !== undefined) {
			const next = this.#chunks.read(chunk, start, chunk.length);
			if (next === -1) return {status: 400, reason: this.#chunks.failure};
			const {framed, data} = this.#chunks;
			for (let i = 0; i + 1 < data.length; i += 2) this.#keepRequest(chunk, data[i] ?? 0, data[i + 1] ?? 0);
			for (let i = 0; i + 1 < framed.length; i += 2) this.#forward(chunk, framed[i] ?? 0, framed[i + 1] ?? 0);
			this.record.bytesUp = this.#chunks.dataBytes;
			if (this.#chunks.done) this.requestDone = true;
			return next;
		}
		const next = start + Math.min(this.#bodyLeft, chunk.length - start);
		this.#bodyLeft -= next - start;
		this.record.bytesUp += next - start;
		if (this.#bodyLeft === 0) this.requestDone = true;
		this.#keepRequest(chunk, start, next);
		this.#forward(chunk, start, next);
		return next;
	}

	/** Chooses a back-end and goes to work. What of the body has come already goes with the head. */
	begin(): void {
		const {fields, method, target, host, minor, forwardedFor, framing} = this.#head;
		const {clientAddress, forwardedFields} = this.#front;
		const from = forwardedFor === '' ? clientAddress : `${forwardedFor}, ${clientAddress}`;
		this.record.addedFields = `X-Forwarded-For: ${from}\r\n${forwardedFields}`;
		// HTTP/1.0 clients may leave out what an HTTP/1.1 request must have.
		const hostField = host === '' && minor === 0 ? `Host: ${this.#context.loadBalancer.dnsName}\r\n` : '';
		const coding = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
		const upgrade = this.#asksUpgrade ? `Connection: Upgrade\r\nUpgrade: ${this.#head.upgrade}\r\n` : '';
		this.record.requestHead = `${method} ${target} HTTP/1.1\r\n${hostField}${fields}${this.record.addedFields}${coding}${upgrade}\r\n`;
		this.#context.journal.add(this.record);
		this.#choose(undefined);
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
		this.#drop();
		this.#finish('client-abort', cause);
	}

	/** The load balancer stops: what was waiting is answered 502, what was under way is cut. */
	cut(): void {
		if (this.over) return;
		this.#drop();
		if (!this.#answerBegun) this.#answerOwn(502, 'drained', 'the load balancer was stopped');
		else this.#break('drained', 'the load balancer was stopped');
	}

	/** Nothing has moved for too long. */
	onDeadline(): void {
		const upstream = this.#upstream;
		if (upstream !== undefined && !upstream.connection.connected) {
			this.#drop();
			const {connectMs} = this.#context.timeouts;
			this.#connectFailed(upstream.backend, 'connect-timeout', `no connection within ${connectMs} ms`);
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
		this.record.connectMs = this.#context.clock.now() - this.#dialledAtMs;
		this.record.backendTls = upstream.connection.tlsFacts;
		this.#send(upstream);
	}

	connectionDrained(): void {
		if (!this.requestDone) this.#front.resume();
	}

	connectFailed(error: Error | undefined): void {
		const backend = this.#upstream?.backend;
		this.#upstream = undefined;
		if (backend === undefined) return;
		const {outcome, cause} = connectFailure(error);
		this.#connectFailed(backend, outcome, cause);
	}

	connectionLost(error: Error | undefined): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return;
		const how = error === undefined ? 'closed' : 'reset';
		if (this.#mayRetry(upstream)) {
			this.#retried = true;
			this.#dialTo(upstream.backend);
			return;
		}
		const which = upstream.served > 0 ? 'a kept-alive connection' : 'the connection';
		this.#answerOwn(502, 'backend-reset', `the back-end ${how} ${which} before it answered`);
	}

	interimAnswer(head: ResponseHead): void {
		this.#front.touch();
		// HTTP/1.0 knows no interim answers at all.
		if (this.#head.minor === 0) return;
		if (head.status === 100) {
			// One that the client did not ask for, or has had, says nothing to it.
			if (!this.#awaitsContinue) return;
			this.#awaitsContinue = false;
		}
		this.#front.writeText(`HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fields}\r\n`);
	}

	wholeAnswer(head: ResponseHead, body: string, clean: boolean): void {
		const text = this.#startAnswer(head);
		if (body !== '') {
			this.record.bytesDown = body.length;
			this.#keepAnswer().addText(body);
		}
		this.#giveBack(clean);
		const keepAlive = this.#keepAlive;
		this.#finish('ok', '');
		this.#front.writeText(text + body);
		this.#front.exchangeDone(keepAlive);
	}

	answerHead(head: ResponseHead): void {
		if (!this.#front.writeText(this.#startAnswer(head))) this.#upstream?.connection.pause();
	}

	answerBytes(
		chunk: Buffer,
		spans: readonly number[],
		data: readonly number[],
		release: (() => void) | undefined,
	): void {
		this.#front.touch();
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
		this.#giveBack(clean);
		const keepAlive = this.#keepAlive;
		this.#finish('ok', '');
		if (this.#addsChunks) this.#front.writeText('0\r\n\r\n');
		this.#front.exchangeDone(keepAlive);
	}

	switchedProtocols(head: ResponseHead, rest: Buffer): void {
		const upstream = this.#upstream;
		if (upstream === undefined) return;
		this.#upstream = undefined;
		this.over = true;
		this.record.kind = 'websocket';
		this.record.responseStatus = 101;
		this.record.firstByteMs = this.#context.clock.now() - this.record.startMs;
		const text = `HTTP/1.1 101 ${head.reason}\r\n${head.fields}Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n\r\n`;
		this.record.responseHead = text;
		this.#front.writeText(text);
		this.#front.tunnel(upstream.connection, rest, this.record);
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

	#choose(failure: {outcome: Outcome; cause: string} | undefined): void {
		const backend = this.#context.balancer.choose(this.#tried);
		if (backend === undefined) {
			if (failure === undefined) this.#answerOwn(503, 'no-healthy-backend', 'no back-end in service');
			else this.#answerOwn(statusOfConnectFailure(failure.outcome), failure.outcome, failure.cause);
			return;
		}
		this.record.backendName = backend.name;
		this.record.backendAddress = backend.host;
		this.record.backendPort = backend.portFor(this.#context.listener.backendPort);
		const resting = this.#front.pool.take(backend);
		if (resting === undefined) {
			this.#dialTo(backend);
			return;
		}
		this.#upstream = resting;
		resting.assign(this);
		this.record.backendReused = true;
		this.record.backendTls = resting.connection.tlsFacts;
		this.#front.touch();
		this.#send(resting);
	}

	#dialTo(backend: Backend): void {
		this.#holding = true;
		this.record.backendReused = false;
		this.#dialledAtMs = this.#context.clock.now();
		this.#front.limit(this.#context.timeouts.connectMs);
		const upstream = new UpstreamConnection(backend, handler =>
			dial(this.#context, backend, this.#front.client, handler),
		);
		upstream.assign(this);
		this.#upstream = upstream;
	}

	/** Writes the head and what of the body is there: as one piece of text when it is small. */
	#send(upstream: UpstreamConnection): void {
		this.#holding = false;
		const {stream} = upstream.connection;
		const held = this.#held;
		this.#front.touch();
		if (held.length === 0) {
			stream.write(this.record.requestHead, 'latin1');
		} else {
			if (this.#heldBytes <= MAX_REPLAY_BYTES) {
				stream.write(this.record.requestHead + held.map(part => part.toString('latin1')).join(''), 'latin1');
			} else {
				stream.write(this.record.requestHead, 'latin1');
				for (const part of held) stream.write(part);
			}
			if (!this.#isReplayable(upstream)) this.#letGo();
		}
		if (!this.requestDone && !stream.writableNeedDrain) this.#front.resume();
	}

	#isReplayable(upstream: UpstreamConnection): boolean {
		return upstream.served > 0 && this.requestDone && this.#heldBytes <= MAX_REPLAY_BYTES;
	}

	#letGo(): void {
		this.#held = [];
		this.#heldBytes = -1;
	}

	/**
	 * Once, on a connection that had been reused, of a request that may be repeated and can be, and that got no byte
	 * of an answer (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).
	 */
	#mayRetry(upstream: UpstreamConnection): boolean {
		return (
			this.#context.retry === 'idempotent' &&
			upstream.served > 0 &&
			!this.#retried &&
			this.requestDone &&
			this.#heldBytes >= 0 &&
			IDEMPOTENT.has(this.#head.method)
		);
	}

	#connectFailed(backend: Backend, outcome: Outcome, cause: string): void {
		this.#tried ??= new Set();
		this.#tried.add(backend);
		this.#choose({outcome, cause});
	}

	/** Body bytes go on as they come, or wait for the connection. */
	#forward(chunk: Buffer, start: number, end: number): void {
		if (start === end) return;
		const part = chunk.subarray(start, end);
		const upstream = this.#upstream;
		if (this.#holding || upstream === undefined) {
			this.#held.push(part);
			this.#heldBytes += part.length;
			return;
		}
		if (this.#heldBytes >= 0) this.#letGo();
		if (!upstream.connection.stream.write(part)) this.#front.pause();
	}

	#startAnswer(head: ResponseHead): string {
		const {record} = this;
		const {minor} = this.#head;
		this.#answerBegun = true;
		this.#front.touch();
		record.firstByteMs = this.#context.clock.now() - record.startMs;
		record.responseStatus = head.status;
		let coding = '';
		let delimited = true;
		if (head.framing === 'chunked') {
			if (minor === 1) coding = 'Transfer-Encoding: chunked\r\n';
			else delimited = false;
		} else if (head.framing === 'until-close') {
			if (minor === 1) {
				coding = 'Transfer-Encoding: chunked\r\n';
				this.#addsChunks = true;
			} else delimited = false;
		}
		// An answer that comes before the request has ended leaves bytes owed, so the connection cannot go on.
		this.#keepAlive = this.#head.keepAlive && delimited && this.requestDone && !this.#context.draining;
		let connection = '';
		if (!this.#keepAlive) connection = 'Connection: close\r\n';
		else if (minor === 0) connection = 'Connection: keep-alive\r\n';
		const text = `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fields}${coding}${connection}\r\n`;
		record.responseHead = text;
		return text;
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

	#keepRequest(chunk: Buffer, start: number, end: number): void {
		this.#requestBody ??= new BodyKeeper(this.#context.keptBodyBytes);
		this.#requestBody.addBytes(chunk, start, end);
		this.record.requestBody = this.#requestBody;
	}

	#keepAnswer(): BodyKeeper {
		this.#responseBody ??= new BodyKeeper(this.#context.keptBodyBytes);
		this.record.responseBody = this.#responseBody;
		return this.#responseBody;
	}

	/** The connection goes back to the pool when everything about it is clean, and else it goes. */
	#giveBack(clean: boolean): void {
		const upstream = this.#upstream;
		this.#upstream = undefined;
		if (upstream === undefined) return;
		// An answer may come before the back-end has taken the whole request.
		const sent = this.requestDone && upstream.connection.stream.writableLength === 0;
		if (clean && sent) this.#front.pool.give(upstream);
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
		const answer = ownAnswer(status, {keepAlive, toHead: this.toHead});
		this.record.responseStatus = status;
		this.record.responseBy = 'load-balancer';
		this.record.responseHead = answer.head;
		this.#finish(outcome, cause);
		this.#front.writeText(answer.head + answer.body);
		this.#front.exchangeDone(keepAlive);
	}

	#break(outcome: Outcome, cause: string): void {
		if (this.over) return;
		this.#finish(outcome, cause);
		this.#front.exchangeBroken();
	}

	#finish(outcome: Outcome, cause: string): void {
		this.over = true;
		this.#held = [];
		finishRecord(this.#context, this.record, outcome, cause);
	}
}

/** 504 when time ran out, 502 when TLS could not be agreed, 503 when nobody listens. */
function statusOfConnectFailure(outcome: Outcome): number {
	if (outcome === 'connect-timeout') return 504;
	return outcome === 'backend-tls' ? 502 : 503;
}
