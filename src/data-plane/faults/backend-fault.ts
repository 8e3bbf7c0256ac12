import {Buffer} from 'node:buffer';
import {Socket} from 'node:net';
import {EmulatorError, formatAddress} from '../../base/errors.ts';
import {ResponseHead, readResponseHead} from '../../codec/response-head.ts';
import type {FaultKind, NormalisedFault} from '../../model/fault.ts';
import {isHttp, isSecure} from '../../model/listener.ts';
import type {Outcome} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import {type ConnectionFault, dialTcp} from '../backends/dial.ts';
import type {Downstream} from '../http/downstream.ts';
import type {ListenerContext} from '../listener-context.ts';
import type {ArmedFaults} from './armed-faults.ts';
import type {ArmedRule} from './armed-rule.ts';
import {answerHead, FaultyDownstream} from './faulty-downstream.ts';
import type {FaultySocket} from './faulty-socket.ts';
import {Fired} from './fired.ts';
import {faultySocket} from './lingering-socket.ts';
import {noteFault} from './note.ts';
import {slowTlsEnd} from './slow-tls-end.ts';
import {asSocket} from './socket-stand-in.ts';

/** Those of requests and their answers; they need no connection of their own. */
const OF_ANSWERS: ReadonlySet<FaultKind | undefined> = new Set(['status', 'garbage', 'truncate', 'contentLength']);

/** The faults that hit one exchange on its way to a back-end. */
export class BackendFault implements ConnectionFault {
	readonly fired: Fired;
	readonly #context: ListenerContext;
	#socket: FaultySocket | undefined;
	#isAltered = false;

	constructor(fired: Fired, context: ListenerContext) {
		this.fired = fired;
		this.#context = context;
	}

	dial({host, port}: {readonly host: string; readonly port: number}): Socket {
		const {kind} = this.fired;
		const inner = kind === 'refuse' || kind === 'blackhole' ? new Socket() : dialTcp({host, port});
		const target = formatAddress(host, port);
		this.#socket = faultySocket(this.#context, inner, this.fired, {end: 'backend', target});
		return asSocket(this.#socket);
	}

	slowTlsEnd(stream: Socket): void {
		if (this.#socket !== undefined) slowTlsEnd(stream, this.#socket);
	}

	noteAltered(): void {
		this.#isAltered = true;
	}

	/**
	 * Whether the client has got something else than the back-end's own answer, whole, and nothing about it has failed: the
	 * fault, and nothing else, has decided that.
	 */
	hasDecided(outcome: Outcome): boolean {
		if (outcome !== 'ok') return false;
		return this.fired.kind === 'status' || this.#isAltered || this.#socket?.isCut === true;
	}

	/** Why the back-end's certificate is refused. */
	get refusal(): Error | undefined {
		const {fault} = this.fired;
		if (fault?.kind !== 'tls' || fault.how !== 'wrong-certificate') return undefined;
		return new EmulatorError(
			'BACKEND_KEY_UNKNOWN',
			`the certificate of the back-end does not fit (fault: ${this.fired.text})`,
		);
	}

	get truncatesTls(): boolean {
		const {fault} = this.fired;
		return fault?.kind === 'tls' && fault.how === 'truncate';
	}

	/** Whether the exchange has a connection of its own, that serves no other. */
	get isApart(): boolean {
		const {fired} = this;
		const isShaped = (fired.shape('up') ?? fired.shape('down')) !== undefined;
		return isShaped || !(this.losesIdle || OF_ANSWERS.has(fired.kind));
	}

	/** Whether an idle connection is lost just when the request is sent on it. */
	get losesIdle(): boolean {
		const {fault} = this.fired;
		return fault?.kind === 'reset' && fault.when === 'on-reuse';
	}

	/** What answers in the back-end's place; undefined where it answers itself. */
	get answer(): 'garbage' | {readonly head: ResponseHead; readonly body: string; readonly text: string} | undefined {
		const {fault} = this.fired;
		if (fault?.kind === 'garbage') return 'garbage';
		return fault?.kind === 'status' ? answerOf(fault) : undefined;
	}
}

/** What hits a request on its way to a back-end; undefined: nothing. */
export function faultOfRequest(
	front: Downstream,
	{record, backend}: {readonly record: ExchangeRecord; readonly backend: {readonly name: string}},
	isReuse: boolean,
): BackendFault | undefined {
	const {context} = front;
	const {requestHead, client} = record;
	const subject = {requestHead, sni: client.tls?.sni, isReuse};
	const hit = context.faults?.atBackend(backend.name, subject, kind => goesWith(kind, context));
	// What a listener does to the bytes from its client is done on their way on.
	const atListener = front instanceof FaultyDownstream ? upRules(front.fired) : [];
	const rules = [...atListener, ...(hit?.rules ?? [])];
	if (rules.length === 0) return undefined;
	const fault = new BackendFault(new Fired(rules), context);
	if (hit !== undefined) noteFault(record, hit, outcome => fault.hasDecided(outcome));
	return fault;
}

/** The same of a connection of a TCP or SSL listener. */
export function faultOfConnection(
	context: ListenerContext,
	faults: ArmedFaults,
	{record, backend}: {readonly record: ExchangeRecord; readonly backend: {readonly name: string}},
): BackendFault | undefined {
	const subject = {requestHead: '', sni: record.client.tls?.sni, isReuse: false};
	const hit = faults.atBackend(backend.name, subject, kind => goesWith(kind, context));
	if (hit === undefined) return undefined;
	const fault = new BackendFault(hit, context);
	noteFault(record, hit, outcome => fault.hasDecided(outcome));
	return fault;
}

function upRules(fired: Fired | undefined): ArmedRule[] {
	return fired?.shape('up') === undefined ? [] : fired.rules.filter(({rule}) => rule.direction === 'up');
}

/** A back-end may be behind listeners of several protocols. */
function goesWith(kind: FaultKind, {listener}: ListenerContext): boolean {
	if (kind === 'tls') return isSecure(listener.backendProtocol);
	return isHttp(listener.protocol) || !OF_ANSWERS.has(kind);
}

function answerOf({status, body, headers}: Extract<NormalisedFault, {readonly kind: 'status'}>) {
	const text = Buffer.from(body).toString('latin1');
	const head = readResponseHead(answerHead({status, headers, length: text.length}, '', false), false);
	// The rule was validated: its head is a right one.
	return head instanceof ResponseHead ? {head, body: text, text: head.verbatim + text} : undefined;
}
