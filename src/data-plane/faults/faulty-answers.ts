import type {Buffer} from 'node:buffer';
import {connectionReset} from '../../base/reset.ts';
import {ResponseHead, readResponseHead} from '../../codec/response-head.ts';
import type {AnswerReceiver} from '../backends/answer-receiver.ts';
import type {BackendConnection} from '../backends/backend-connection.ts';
import {endedInAnswer, type Failure, lostInAnswer} from '../failure.ts';
import {lengthened} from './faulty-downstream.ts';
import type {Fired} from './fired.ts';

type Release = (() => void) | undefined;

/** The fault, as far as answers are concerned. */
interface AnswerFault {
	readonly fired: Fired;
	/** Notes that the client gets less than the back-end's answer, and takes it for whole. */
	noteAltered(): void;
}

/** Between a back-end's connection and its exchange: the answer is lost, cut, or says a wrong length. */
export class FaultyAnswers implements AnswerReceiver {
	readonly toHead: boolean;
	readonly takesChunks: boolean;
	readonly #receiver: AnswerReceiver;
	readonly #fault: AnswerFault;
	readonly #fired: Fired;
	readonly #connection: () => BackendConnection | undefined;
	/** Nothing more is passed on. */
	#over = false;
	/** Bytes of the body that may still pass, where the answer is cut or says a length. */
	#left = Number.POSITIVE_INFINITY;

	constructor(receiver: AnswerReceiver, fault: AnswerFault, connection: () => BackendConnection | undefined) {
		this.#receiver = receiver;
		this.toHead = receiver.toHead;
		this.takesChunks = receiver.takesChunks;
		this.#fault = fault;
		this.#fired = fault.fired;
		this.#connection = connection;
	}

	asksFor(protocols: string): boolean {
		return this.#receiver.asksFor(protocols);
	}

	connectionReady(): void {
		this.#receiver.connectionReady();
	}

	connectionDrained(): void {
		this.#receiver.connectionDrained();
	}

	interimAnswer(head: ResponseHead): void {
		if (!this.#losesAnswer()) this.#receiver.interimAnswer(head);
	}

	wholeAnswer(head: ResponseHead, body: string, text: string, clean: boolean): void {
		if (this.#losesAnswer()) return;
		const {fault} = this.#fired;
		if (fault?.kind === 'contentLength' && !this.toHead) this.#relength(head, body, fault.bytes);
		else if (fault?.kind === 'truncate' || (fault?.kind === 'reset' && fault.when === 'mid-response')) {
			if (body.length === 0) this.#breakOff();
			else this.#pass(head, body);
		} else this.#receiver.wholeAnswer(head, body, text, clean);
	}

	answerHead(head: ResponseHead): void {
		if (this.#losesAnswer()) return;
		const {fault} = this.#fired;
		if (fault?.kind === 'truncate') this.#left = fault.bytes;
		if (fault?.kind !== 'contentLength') {
			this.#receiver.answerHead(head);
			return;
		}
		const other = headWithLength(head, fault.bytes, this.toHead);
		this.#left = fault.bytes;
		this.#receiver.answerHead(other ?? head);
	}

	answerBytes(chunk: Buffer, spans: readonly number[], data: readonly number[], release: Release): void {
		if (this.#over) {
			release?.();
			return;
		}
		const {fault} = this.#fired;
		if (fault?.kind === 'truncate' || fault?.kind === 'contentLength') {
			this.#passSome(chunk, data, release);
		} else if (fault?.kind === 'reset' && fault.when === 'mid-response') {
			const [start = 0, end = 0] = data;
			const half = start + Math.ceil((end - start) / 2);
			this.#receiver.answerBytes(chunk, [start, half], [start, half], release);
			this.#breakOff();
		} else this.#receiver.answerBytes(chunk, spans, data, release);
	}

	answerEnd(clean: boolean): void {
		if (this.#over) return;
		const {fault} = this.#fired;
		// Of a wrong length: the answer has said that more would come.
		if (fault?.kind === 'truncate' || fault?.kind === 'contentLength') this.#breakOff();
		else this.#receiver.answerEnd(clean);
	}

	switchedProtocols(head: ResponseHead, rest: Buffer): void {
		if (!this.#losesAnswer()) this.#receiver.switchedProtocols(head, rest);
	}

	answerFailed(failure: Failure): void {
		if (!this.#over) this.#receiver.answerFailed(failure);
	}

	connectFailed(error: Error | undefined): void {
		if (!this.#over) this.#receiver.connectFailed(error);
	}

	connectionLost(error: Error | undefined): void {
		if (!this.#over) this.#receiver.connectionLost(error);
	}

	/** Whether the connection ends in the place of the answer. */
	#losesAnswer(): boolean {
		if (this.#over) return true;
		const {fault} = this.#fired;
		const isReset = fault?.kind === 'reset' && fault.when === 'after-request';
		if (!isReset && fault?.kind !== 'close') return false;
		this.#over = true;
		const connection = this.#connection();
		if (isReset) connection?.reset();
		else connection?.destroy();
		this.#receiver.connectionLost(isReset ? connectionReset() : undefined);
		return true;
	}

	/** Ends within the answer. */
	#breakOff(): void {
		if (this.#over) return;
		this.#over = true;
		const isReset = this.#fired.kind === 'reset';
		const connection = this.#connection();
		if (isReset) connection?.reset();
		else connection?.destroy();
		this.#receiver.answerFailed(isReset ? lostInAnswer(connectionReset()) : endedInAnswer());
	}

	/** A whole answer, of which a part is passed on. */
	#pass(head: ResponseHead, body: string): void {
		this.answerHead(head);
		const chunk = bytesOf(body);
		this.answerBytes(chunk, [0, chunk.length], [0, chunk.length], undefined);
		this.#breakOff();
	}

	#passSome(chunk: Buffer, data: readonly number[], release: Release): void {
		const spans: number[] = [];
		for (let i = 0; i + 1 < data.length && this.#left > 0; i += 2) {
			const start = data[i] ?? 0;
			const taken = Math.min((data[i + 1] ?? 0) - start, this.#left);
			spans.push(start, start + taken);
			this.#left -= taken;
		}
		this.#receiver.answerBytes(chunk, spans, spans, release);
		if (this.#left > 0) return;
		if (this.#fired.kind === 'truncate') this.#breakOff();
		else {
			this.#over = true;
			this.#fault.noteAltered();
			this.#receiver.answerEnd(false);
		}
	}

	#relength(head: ResponseHead, body: string, length: number): void {
		const other = headWithLength(head, length, this.toHead);
		if (other === undefined) return;
		this.#receiver.answerHead(other);
		this.#left = length;
		const chunk = bytesOf(body);
		if (chunk.length > 0 || length === 0) this.#passSome(chunk, [0, chunk.length], undefined);
		this.#breakOff();
	}
}

function bytesOf(text: string): Buffer {
	return globalThis.Buffer.from(text, 'latin1');
}

/** The head with another length; undefined where it has none that could be read. */
function headWithLength(head: ResponseHead, length: number, toHead: boolean): ResponseHead | undefined {
	const {status, reason, fields} = head;
	const lines = lengthened(`HTTP/1.1 ${status} ${reason}\r\n${fields}`, length);
	const other = readResponseHead(`${lines}\r\n`, toHead);
	return other instanceof ResponseHead ? other : undefined;
}
