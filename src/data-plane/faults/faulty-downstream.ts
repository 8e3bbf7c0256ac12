import {Buffer} from 'node:buffer';
import {STATUS_CODES} from 'node:http';
import type {FaultKind, NormalisedFault} from '../../model/fault.ts';
import {fraction} from '../../model/fault-count.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {BackendConnection} from '../backends/backend-connection.ts';
import type {UpstreamPool} from '../backends/upstream-pool.ts';
import type {BackendAttempt} from '../balancing/backend-attempt.ts';
import type {Downstream} from '../http/downstream.ts';
import type {ListenerContext, ProxiedClient} from '../listener-context.ts';
import type {Fired} from './fired.ts';
import {ShapedFlow} from './shaped-flow.ts';

const HEAD_END = '\r\n\r\n';

/** Those after which the client's connection does not go on. */
const LAST: ReadonlySet<FaultKind | undefined> = new Set(['blackhole', 'garbage', 'contentLength']);

/** Those that have done their part once the head is through. */
type Cutting = Extract<NormalisedFault, {readonly kind: 'truncate' | 'reset' | 'tls'}>;

/** What the exchange does for its faulty connection. */
export interface FaultyOwner {
	/** Ends in the midst of the answer. */
	breakOff(): void;
	/** The client takes bytes again. */
	clientDrained(): void;
}

/** The client's connection under the faults of its listener: what is written to it is shaped, replaced, or cut. */
export class FaultyDownstream implements Downstream {
	readonly context: ListenerContext;
	readonly pool: UpstreamPool;
	readonly client: ProxiedClient;
	fired: Fired | undefined;
	readonly #front: Downstream;
	#owner: FaultyOwner | undefined;
	#record: ExchangeRecord | undefined;
	#flow: ShapedFlow | undefined;
	#unhold: () => void = () => {};
	/** Whether the fault has ended the answer: nothing more is written. */
	#isCut = false;
	/** Whether the exchange has ended. */
	#hasEnded = false;
	#hasWritten = false;
	/** The head of an answer, kept back until it is known whether a body follows. */
	#head: Buffer | undefined;
	#bodyBytes = 0;

	constructor(front: Downstream) {
		this.#front = front;
		this.context = front.context;
		this.pool = front.pool;
		this.client = front.client;
	}

	/** Whether the fault has ended the answer. */
	get isCut(): boolean {
		return this.#isCut;
	}

	/** Misbehaves so from now on. */
	misbehave(fired: Fired, record: ExchangeRecord, owner: FaultyOwner): void {
		this.fired = fired;
		this.#record = record;
		this.#owner = owner;
		const shape = fired.shape('down');
		if (shape === undefined) return;
		const flow = new ShapedFlow(this.context.clock, shape, {
			write: chunk => this.#front.writeBytes(chunk, undefined),
			drained: () => owner.clientDrained(),
			limited: () => this.#cut(),
		});
		this.#flow = flow;
		this.#unhold = fired.hold(() => flow.release());
	}

	addedFields(forwardedFor: string): string {
		return this.#front.addedFields(forwardedFor);
	}

	touch(nowMs: number): void {
		this.#front.touch(nowMs);
	}

	limit(ms: number): void {
		this.#front.limit(ms);
	}

	pause(): void {
		this.#front.pause();
	}

	resume(): void {
		this.#front.resume();
	}

	writeText(text: string): boolean {
		if (this.fired === undefined) return this.#front.writeText(text);
		return this.#write(this.fired, Buffer.from(text, 'latin1'));
	}

	writeBytes(chunk: Buffer, release: (() => void) | undefined): boolean {
		if (this.fired === undefined) return this.#front.writeBytes(chunk, release);
		const flowing = this.#write(this.fired, Buffer.from(chunk));
		release?.();
		return flowing;
	}

	exchangeDone(keepAlive: boolean, nowMs: number): void {
		if (this.fired === undefined) {
			this.#front.exchangeDone(keepAlive, nowMs);
			return;
		}
		this.#hasEnded = true;
		if (this.#head !== undefined) this.#passHalf(this.#head);
		const goesOn = keepAlive && !this.#isCut && !LAST.has(this.fired.kind);
		this.#finish(() => (goesOn ? this.#front.exchangeDone(true, this.context.clock.now()) : this.#endClient()), goesOn);
	}

	exchangeBroken(): void {
		if (this.fired === undefined) {
			this.#front.exchangeBroken();
			return;
		}
		this.#hasEnded = true;
		this.#finish(() => (this.#isCut ? this.#endClient() : this.#front.exchangeBroken()), false);
	}

	truncate(): void {
		this.#front.truncate();
	}

	tunnel(upstream: BackendConnection, rest: Buffer, attempt: BackendAttempt): void {
		this.#finish(() => this.#front.tunnel(upstream, rest, attempt), true);
	}

	/** Ends the exchange's connection without an answer. */
	cutAtOnce(): void {
		this.#isCut = true;
	}

	#write(fired: Fired, chunk: Buffer): boolean {
		if (this.#isCut) return true;
		const {fault} = fired;
		const isFirst = !this.#hasWritten;
		this.#hasWritten = true;
		switch (fault?.kind) {
			case 'blackhole':
				return true;
			case 'status':
				return this.#pass(this.#answer(fault, chunk.toString('latin1')));
			case 'garbage':
				this.#forgetAnswer();
				return isFirst ? this.#pass(garbage(fault.bytes, fired)) : true;
			case 'contentLength':
				return this.#pass(isFirst ? withLength(chunk, fault.bytes) : chunk);
			case 'reset':
				return fault.when === 'mid-response' ? this.#writePart(chunk, fault) : this.#cutBefore();
			case 'truncate':
				return this.#writePart(chunk, fault);
			case 'tls':
				return fault.how === 'truncate' ? this.#writePart(chunk, fault) : this.#pass(chunk);
			default:
				return this.#pass(chunk);
		}
	}

	#pass(chunk: Buffer): boolean {
		return this.#flow === undefined ? this.#front.writeBytes(chunk, undefined) : this.#flow.push(chunk);
	}

	/** The answer does not begin. */
	#cutBefore(): boolean {
		this.#cut();
		return true;
	}

	/** Passes on a head, and a part of the body behind it; then the answer is cut. */
	#writePart(chunk: Buffer, fault: Cutting): boolean {
		let body = chunk;
		if (this.#bodyBytes === 0 && this.#head === undefined) {
			const end = chunk.indexOf(HEAD_END) + HEAD_END.length;
			this.#head = chunk.subarray(0, end);
			body = chunk.subarray(end);
			if (body.length === 0 && !(fault.kind === 'truncate' && fault.bytes === 0)) return true;
		}
		if (this.#head !== undefined && this.#bodyBytes === 0) this.#pass(this.#head);
		this.#head = undefined;
		const room = fault.kind === 'truncate' ? fault.bytes - this.#bodyBytes : Math.ceil(body.length / 2);
		const part = body.subarray(0, Math.max(0, room));
		this.#bodyBytes += body.length;
		const flowing = part.length === 0 || this.#pass(part);
		if (part.length < body.length || room <= part.length) this.#cut();
		return flowing;
	}

	/** Of an answer without a body, the head is what can be cut. */
	#passHalf(head: Buffer): void {
		this.#head = undefined;
		const isTruncated = this.fired?.kind === 'truncate';
		this.#pass(isTruncated ? head : head.subarray(0, Math.ceil(head.length / 2)));
		this.#isCut = true;
	}

	#cut(): void {
		this.#isCut = true;
		// An exchange that has ended ends its connection in `exchangeDone()`, or has done so and waits for the flow.
		if (this.#hasEnded) this.#endClient();
		else this.#owner?.breakOff();
	}

	#finish(then: () => void, goesOn: boolean): void {
		const end = () => {
			this.#unhold();
			then();
		};
		if (this.#flow === undefined || (this.#isCut && this.#flow.isOver)) end();
		else this.#flow.end(end, goesOn ? 'goes-on' : 'closes');
	}

	/** How the client sees the end. */
	#endClient(): void {
		const {fault} = this.fired ?? {};
		if (fault?.kind === 'reset') this.#front.exchangeBroken();
		else if (fault?.kind === 'tls') this.#front.truncate();
		else this.#front.exchangeDone(false, this.context.clock.now());
	}

	/** What the client gets is no answer. */
	#forgetAnswer(): void {
		const record = this.#record;
		if (record === undefined) return;
		record.responseStatus = 0;
		record.responseHead = '';
	}

	/** The fault's answer in place of the load balancer's own. */
	#answer({status, body, headers}: Extract<NormalisedFault, {kind: 'status'}>, own: string): Buffer {
		const content = Buffer.from(body);
		const closes = /\r\nConnection: close\r\n/.test(own.slice(0, own.indexOf(HEAD_END) + 2));
		const head = answerHead({status, headers, length: content.length}, this.context.dateField.line, closes);
		const record = this.#record;
		if (record !== undefined) {
			record.responseStatus = status;
			record.responseHead = head;
		}
		const isBodiless = own.endsWith(HEAD_END) || status === 204 || status === 304;
		return isBodiless ? Buffer.from(head, 'latin1') : Buffer.concat([Buffer.from(head, 'latin1'), content]);
	}
}

/** The head of an answer that a fault makes. @param date the Date field with its CRLF, or nothing. */
export function answerHead(
	{
		status,
		headers,
		length,
	}: {readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly length: number},
	date: string,
	closes: boolean,
): string {
	const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
	const ofLength = status === 204 || status === 304 ? '' : `Content-Length: ${length}\r\n`;
	return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${date}${fields.join('')}${ofLength}${closes ? 'Connection: close\r\n' : ''}\r\n`;
}

/** The same bytes in every run. */
function garbage(bytes: number, fired: Fired): Buffer {
	const id = fired.deciding?.id ?? 0;
	// The high bit is set: no client can take it for a status line.
	return Buffer.from(Array.from({length: bytes}, (_, index) => 128 + Math.floor(128 * fraction(id, index))));
}

/** An answer that says another length than it has. */
function withLength(chunk: Buffer, length: number): Buffer {
	const end = chunk.indexOf(HEAD_END);
	if (end === -1) return chunk;
	const head = chunk.toString('latin1', 0, end + 2);
	return Buffer.concat([Buffer.from(lengthened(head, length), 'latin1'), chunk.subarray(end + 2)]);
}

/** The lines of a head, each with its CRLF, with this Content-Length in the place of what says where its body ends. */
export function lengthened(head: string, length: number): string {
	const rest = head.split('\r\n').filter(line => line !== '' && !/^(?:content-length|transfer-encoding):/i.test(line));
	return `${[...rest, `Content-Length: ${length}`].join('\r\n')}\r\n`;
}
