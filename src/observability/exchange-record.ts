import {INSPECT, type InspectArguments} from '../base/inspection.ts';
import type {ClientHello} from '../codec/client-hello.ts';
import {accessLogLine, type LoggedExchange} from './access-log.ts';
import type {Attempt, Outcome, TriedAttempt} from './attempt.ts';
import type {Exchange, ExchangeKind, Peer, PeerTls} from './exchange.ts';
import {exchangeJson, inspectExchange} from './exchange-forms.ts';
import {type KeptBody, keptBytes, messageFrom} from './message.ts';
import {briefText, type ChoiceBasis, explain, type StickyBasis, type Why} from './why.ts';

/**
 * The exchange while it happens: plain fields that the data plane sets, and getters that parse them for a reader.
 * Nothing is parsed or copied until it is read.
 */
export class ExchangeRecord implements Exchange, LoggedExchange {
	id = 0;
	seq = 0;
	kind: ExchangeKind;
	readonly loadBalancer: string;
	readonly listener: number;
	readonly startedAt: number;
	readonly client: Peer;
	outcome: Outcome = 'open';
	cause = '';
	clientHello: ClientHello | undefined = undefined;
	bytesUp = 0;
	bytesDown = 0;
	/** In the clock's `now()`; the other moments are measured from here. */
	readonly startMs: number;
	tlsMs = -1;
	connectMs = -1;
	/** When the request's head, or a TCP client's first byte, was sent to the back-end. */
	sentMs = -1;
	/** Whether all of the request, or a TCP client's first byte, was sent to the current back-end. */
	arrived = false;
	firstByteMs = -1;
	totalMs = -1;
	/** The armed faults that fired, in one line; empty when none did. */
	fired = '';
	/** Asked at the end, with how it would end else: whether a fault, and nothing else, decided how it ended. */
	faultDecides: ((outcome: Outcome) => boolean) | undefined = undefined;
	/** Whether only a TLS handshake with the client was tried, and failed: there was no request. */
	handshakeOnly = false;

	backendName = '';
	/** Its place in registration order. */
	backendOrder = -1;
	backendAddress = '';
	backendPort = 0;
	backendReused = false;
	/** Whether there is, or was, a connection to the current back-end. */
	reached = false;
	backendTls: PeerTls | undefined = undefined;
	/** What its connection began with; empty: nothing. */
	proxyLine = '';

	/** What its back-end was chosen by; undefined until then. */
	basis: ChoiceBasis | undefined = undefined;
	/** The order of the back-end that was chosen last before. */
	turnAfter = -1;
	sticky: StickyBasis | undefined = undefined;

	/** The attempts before the last one; usually there are none. */
	failedAttempts: TriedAttempt[] | undefined = undefined;

	/** Heads as latin1 text; empty when there was none. */
	requestHead = '';
	/** The client's minor version of HTTP/1; the head above is always 1.1. */
	httpMinor = 1;
	/** The beginning of a refused request's head, as the client sent it; it was not forwarded. */
	refusedHead = '';
	/** The answer's head, followed by the body if both were written as one text and the body is kept whole. */
	responseText = '';
	responseHeadLength = 0;
	responseStatus = 0;
	responseBy: 'backend' | 'load-balancer' = 'backend';
	/** How long the back-end said it keeps the connection open (Keep-Alive: timeout); -1 where it did not say. */
	keepAliveMs = -1;
	/** Whether the back-end sent bytes behind the end of its answer. */
	hasExcess = false;
	requestBody: KeptBody | undefined = undefined;
	responseBody: KeptBody | undefined = undefined;
	/** The offsets in `requestHead` of the fields that the load balancer added, one block of lines with their CRLF. */
	addedStart = 0;
	addedEnd = 0;

	constructor(about: {
		readonly kind: ExchangeKind;
		readonly loadBalancer: string;
		readonly listener: number;
		readonly client: Peer;
		readonly startedAt: number;
		readonly startMs: number;
	}) {
		this.kind = about.kind;
		this.loadBalancer = about.loadBalancer;
		this.listener = about.listener;
		this.client = about.client;
		this.startedAt = about.startedAt;
		this.startMs = about.startMs;
	}

	/** Notes what the choice of a back-end goes by. Called before it is made. */
	chooses(
		{basis, cursor}: {readonly basis: ChoiceBasis; readonly cursor: number},
		sticky: StickyBasis | undefined,
	): void {
		this.basis = basis;
		this.turnAfter = cursor;
		this.sticky = sticky;
	}

	/**
	 * Notes what another choice goes by: back-ends may have come and gone. The rules are those that led here, whatever they
	 * are by now.
	 */
	choosesAgain({basis}: {readonly basis: ChoiceBasis}): void {
		const {rules, rule} = this.basis ?? basis;
		this.basis = {...basis, rules, rule};
	}

	/** Sets the head of an answer whose body, if any, is kept separately. */
	set responseHead(text: string) {
		this.responseText = text;
		this.responseHeadLength = text.length;
	}

	get backend(): Exchange['backend'] {
		if (this.backendName === '') return undefined;
		return {
			name: this.backendName,
			address: this.backendAddress,
			port: this.backendPort,
			reused: this.backendReused,
			...(this.backendTls === undefined ? {} : {tls: this.backendTls}),
			...(this.proxyLine === '' ? {} : {proxyLine: this.proxyLine.trimEnd()}),
		};
	}

	/** Whether a back-end has the request and no byte of an answer has arrived. */
	get awaitsAnswer(): boolean {
		return this.arrived && this.firstByteMs < 0 && this.outcome === 'open';
	}

	/** Records that the attempt with the current back-end has failed and another one follows. */
	addFailedAttempt({outcome: end, cause}: {readonly outcome: Outcome; readonly cause: string}, nowMs: number): void {
		const {backendName: backend, backendOrder: order, backendReused: reused, reached, startMs} = this;
		this.failedAttempts ??= [];
		const ms = this.#sinceLastAttempt(nowMs - startMs);
		this.failedAttempts.push({backend, order, reused, reached, ms, end, cause});
	}

	get fault(): string | undefined {
		return this.fired === '' ? undefined : this.fired;
	}

	/** The cause names the faults. */
	noteCause(): void {
		const fault = `fault: ${this.fired}`;
		if (!this.cause.includes(fault)) this.cause = this.cause === '' ? fault : `${this.cause} (${fault})`;
	}

	get attempts(): readonly Attempt[] {
		return this.tried.map(({order: _, reached: __, ...attempt}) => attempt);
	}

	get tried(): readonly TriedAttempt[] {
		const {backendName: backend, backendOrder: order, backendReused: reused, reached, outcome: end, cause} = this;
		if (backend === '') return [];
		const last = {backend, order, reused, reached, ms: this.#sinceLastAttempt(this.totalMs), end, cause};
		return [...(this.failedAttempts ?? []), last];
	}

	#sinceLastAttempt(untilMs: number): number {
		const before = this.failedAttempts?.reduce((sum, {ms}) => sum + ms, 0) ?? 0;
		return round(Math.max(0, untilMs - before));
	}

	get why(): Why {
		return explain(this);
	}

	get request(): Exchange['request'] {
		const [method = '', target = ''] = this.requestHead.slice(0, this.requestHead.indexOf('\r\n')).split(' ');
		return Object.assign(messageFrom(this.requestHead, this.requestBody), {method, target});
	}

	get response(): Exchange['response'] {
		const body = this.responseText.slice(this.responseHeadLength);
		const kept = this.responseBody ?? {parts: [body], bytes: body.length};
		const message = messageFrom(this.responseText.slice(0, this.responseHeadLength), kept);
		return Object.assign(message, {
			// Of an answer that was cut off, everything that arrived may be kept, which is not the whole body.
			complete: message.complete && (this.outcome === 'ok' || this.responseBy === 'load-balancer' || this.#isFaults),
			status: this.responseStatus,
			by: this.responseBy,
		});
	}

	/** Whether a fault has answered, whole, in the place of a back-end, which was sent nothing. */
	get #isFaults(): boolean {
		return this.outcome === 'fault' && this.sentMs < 0;
	}

	get summary(): Exchange['summary'] {
		const head = this.requestHead;
		const methodEnd = head.indexOf(' ');
		const targetEnd = head.indexOf(' ', methodEnd + 1);
		return {
			method: head === '' ? '' : head.slice(0, methodEnd),
			target: head === '' ? '' : head.slice(methodEnd + 1, targetEnd),
			status: this.responseStatus,
			by: this.responseBy,
			why: briefText(this, this.failedAttempts === undefined ? 1 : 2),
		};
	}

	get heldBytes(): number {
		const heads = this.requestHead.length + this.refusedHead.length + this.responseText.length;
		return heads + keptBytes(this.requestBody) + keptBytes(this.responseBody);
	}

	get added(): (readonly [string, string])[] {
		return this.requestHead
			.slice(this.addedStart, this.addedEnd)
			.split('\r\n')
			.filter(line => line !== '')
			.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
	}

	get bytes(): Exchange['bytes'] {
		return {up: this.bytesUp, down: this.bytesDown};
	}

	get ms(): Exchange['ms'] {
		return {
			...(this.tlsMs < 0 ? {} : {tls: round(this.tlsMs)}),
			...(this.connectMs < 0 ? {} : {connect: round(this.connectMs)}),
			...(this.firstByteMs < 0 ? {} : {firstByte: round(this.firstByteMs)}),
			total: round(Math.max(0, this.totalMs)),
		};
	}

	get log(): string {
		return accessLogLine(this);
	}

	/** One line: the request, the answer and who gave it, and how the exchange ended. */
	toString(): string {
		const {method, target, status, by} = this.summary;
		const asked = method === '' ? this.kind : `${method} ${target}`;
		const answered = status === 0 ? '' : ` ${status}`;
		const who = by === 'load-balancer' && status !== 0 ? ' by the load balancer' : '';
		const where = this.backendName === '' ? '' : ` -> ${this.backendName}`;
		const why = this.cause === '' ? '' : ` (${this.cause})`;
		return `${this.loadBalancer}:${this.listener} #${this.id} ${asked}${answered}${who}${where}: ${this.outcome}${why}`;
	}

	/** Shows the documented fields that are read most, not the internal ones. */
	[INSPECT](...how: InspectArguments): string {
		return inspectExchange(this, how);
	}

	/** See {@link exchangeJson}. */
	toJSON(): Record<string, unknown> {
		return exchangeJson(this);
	}
}

/** Rounds to microseconds: more digits are noise. */
function round(ms: number): number {
	return Math.round(ms * 1000) / 1000;
}
