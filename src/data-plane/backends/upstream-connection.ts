import {Buffer} from 'node:buffer';
import {ChunkedReader} from '../../codec/chunked-reader.ts';
import {HEAD_END, HeadBuffer} from '../../codec/head-buffer.ts';
import {MAX_INTERIM_ANSWERS, mayBecomeAnswer, ResponseHead, readResponseHead} from '../../codec/response-head.ts';
import {endedInAnswer, type Failure, invalidAnswer, lostInAnswer} from '../failure.ts';
import type {AnswerReceiver} from './answer-receiver.ts';
import type {Backend} from './backend.ts';
import type {BackendConnection, BackendHandler} from './backend-connection.ts';

/** One HTTP/1.1 connection to a back-end. It reads answers strictly; on any doubt it is destroyed. */
export class UpstreamConnection implements BackendHandler {
	readonly backend: Backend;
	/** How many exchanges it has served before the current one. */
	served = 0;
	/** On the clock's `now()`: an idle connection is destroyed after this. Kept by the pool. */
	idleUntilMs = Number.POSITIVE_INFINITY;
	/** The id of the last exchange on it that went well. Kept by the pool. */
	lastExchange = 0;
	/** What its back-end did while it rested, if anything: ended in order, or sent what nobody had asked for. */
	restedUntil: 'end' | 'bytes' | undefined;
	/** Called when it is closed while it rests in the pool. */
	onIdleDeath: ((connection: UpstreamConnection) => void) | undefined;
	#keepAliveMs = -1;
	readonly #connection: BackendConnection;
	#receiver: AnswerReceiver | undefined;
	#state: 'head' | 'length' | 'chunked' | 'until-close' = 'head';
	readonly #head = new HeadBuffer();
	#receivedAny = false;
	#interims = 0;
	#remaining = 0;
	#keepAlive = false;
	#chunks: ChunkedReader | undefined;
	readonly #span: [number, number] = [0, 0];

	constructor(backend: Backend, dial: (handler: BackendHandler) => BackendConnection) {
		this.backend = backend;
		this.#connection = dial(this);
	}

	/** The sockets below. */
	get connection(): BackendConnection {
		return this.#connection;
	}

	/** Serves `receiver` from now on. */
	assign(receiver: AnswerReceiver): void {
		this.#receiver = receiver;
		this.#state = 'head';
		this.#receivedAny = false;
		this.#interims = 0;
	}

	/** Serves no exchange: it rests, or it is about to be destroyed. */
	unassign(): void {
		this.#receiver = undefined;
	}

	connected(): void {
		this.#receiver?.connectionReady();
	}

	drained(): void {
		this.#receiver?.connectionDrained();
	}

	data(memory: Buffer, bytes: number, release: (() => void) | undefined): void {
		if (this.#receiver === undefined) {
			// Nothing was asked for. It must not pass for the next request's answer, so the connection is destroyed.
			release?.();
			this.restedUntil ??= 'bytes';
			this.#connection.destroy();
			return;
		}
		const begins = !this.#receivedAny;
		this.#receivedAny = true;
		if (begins && release === undefined && this.#readSmall(this.#receiver, memory, bytes)) return;
		const chunk = memory.subarray(0, bytes);
		if (this.#state === 'head') this.#readHead(this.#receiver, chunk, release);
		else this.#readBody(this.#receiver, chunk, 0, release);
	}

	ended(): void {
		const receiver = this.#receiver;
		if (receiver === undefined) this.restedUntil ??= 'end';
		if (receiver === undefined) this.#connection.destroy();
		else if (this.#state === 'until-close') this.#end(receiver, false);
		else if (!this.#receivedAny) this.#lose(receiver, undefined);
		else this.#fail(receiver, endedInAnswer());
	}

	closed(error: Error | undefined): void {
		const receiver = this.#receiver;
		if (receiver === undefined) {
			this.onIdleDeath?.(this);
			return;
		}
		if (!this.#connection.connected) {
			this.#receiver = undefined;
			receiver.connectFailed(error);
		} else if (this.#receivedAny) {
			this.#fail(receiver, lostInAnswer(error));
		} else this.#lose(receiver, error);
	}

	/**
	 * How long its back-end keeps it open while it rests, in milliseconds; -1 where it does not say. Servers say the same in
	 * each answer, so it is read in the first.
	 *
	 * @param head of the answer that comes.
	 */
	keepAliveMs(head: ResponseHead): number {
		if (this.served === 0) this.#keepAliveMs = head.keepAliveMs;
		return this.#keepAliveMs;
	}

	/**
	 * The ordinary answer, its head whole in the first bytes that come: read as one text, body included.
	 *
	 * @returns false where it is an interim one, or not a right one: nothing has been done then.
	 */
	#readSmall(receiver: AnswerReceiver, memory: Buffer, bytes: number): boolean {
		const text = memory.toString('latin1', 0, bytes);
		const headEnd = text.indexOf(HEAD_END);
		if (headEnd === -1) return false;
		const bodyStart = headEnd + HEAD_END.length;
		const head = readResponseHead(text.slice(0, bodyStart), receiver.toHead);
		if (!(head instanceof ResponseHead) || head.status < 200) return false;
		const length = head.framing === 'length' ? head.length : 0;
		const left = bytes - bodyStart;
		if (length > left || head.framing === 'chunked' || head.framing === 'until-close') {
			this.#startAnswer(receiver, head, memory.subarray(0, bytes), bodyStart, undefined);
			return true;
		}
		this.#receiver = undefined;
		const isAll = left === length;
		const answer = isAll ? text : text.slice(0, bodyStart + length);
		receiver.wholeAnswer(head, answer.slice(bodyStart), answer, head.keepAlive && isAll);
		return true;
	}

	#readHead(receiver: AnswerReceiver, chunk: Buffer, release: (() => void) | undefined): void {
		let pos = 0;
		while (pos < chunk.length) {
			pos = this.#head.add(chunk, pos);
			if (pos === -1) {
				release?.();
				const {refusal, beginning} = this.#head;
				if (refusal !== undefined) this.#fail(receiver, invalidAnswer(`answer refused: ${refusal.reason}`));
				else if (!mayBecomeAnswer(beginning)) {
					this.#fail(receiver, invalidAnswer('answer with a malformed status line'));
				}
				return;
			}
			const head = readResponseHead(this.#head.text, receiver.toHead);
			if (!(head instanceof ResponseHead)) {
				release?.();
				this.#fail(receiver, invalidAnswer(head.reason));
				return;
			}
			if (head.status >= 200) {
				this.#startAnswer(receiver, head, chunk, pos, release);
				return;
			}
			if (head.status === 101) {
				this.#switchProtocols(receiver, head, chunk, pos, release);
				return;
			}
			this.#interims++;
			if (this.#interims > MAX_INTERIM_ANSWERS) {
				release?.();
				this.#fail(receiver, invalidAnswer(`more than ${MAX_INTERIM_ANSWERS} interim answers`));
				return;
			}
			receiver.interimAnswer(head);
			if (this.#receiver !== receiver) break;
		}
		release?.();
	}

	#startAnswer(
		receiver: AnswerReceiver,
		head: ResponseHead,
		chunk: Buffer,
		pos: number,
		release: (() => void) | undefined,
	): void {
		const left = chunk.length - pos;
		const length = head.framing === 'length' ? head.length : 0;
		const bodiless = head.framing === 'none' || (head.framing === 'length' && length === 0);
		if (bodiless || (head.framing === 'length' && length <= left && release === undefined)) {
			const body = length === 0 ? '' : chunk.toString('latin1', pos, pos + length);
			release?.();
			this.#receiver = undefined;
			receiver.wholeAnswer(head, body, head.verbatim + body, head.keepAlive && left === length);
			return;
		}
		this.#keepAlive = head.keepAlive;
		if (head.framing === 'length') {
			this.#state = 'length';
			this.#remaining = head.length;
		} else if (head.framing === 'chunked') {
			this.#state = 'chunked';
			this.#chunks = new ChunkedReader();
		} else this.#state = 'until-close';
		receiver.answerHead(head);
		if (this.#receiver !== receiver) release?.();
		else if (left > 0) this.#readBody(receiver, chunk, pos, release);
		else release?.();
	}

	#readBody(receiver: AnswerReceiver, chunk: Buffer, start: number, release: (() => void) | undefined): void {
		const end = chunk.length;
		if (this.#state === 'chunked' && this.#chunks !== undefined) {
			const next = this.#chunks.read(chunk, start, end);
			if (next === -1) {
				release?.();
				this.#fail(receiver, invalidAnswer(`answer refused: ${this.#chunks.failure}`));
				return;
			}
			receiver.answerBytes(
				chunk,
				receiver.takesChunks ? this.#chunks.framed : this.#chunks.data,
				this.#chunks.data,
				release,
			);
			if (this.#chunks.done && this.#receiver === receiver) this.#end(receiver, this.#keepAlive && next === end);
			return;
		}
		const taken = this.#state === 'length' ? Math.min(this.#remaining, end - start) : end - start;
		this.#span[0] = start;
		this.#span[1] = start + taken;
		receiver.answerBytes(chunk, this.#span, this.#span, release);
		if (this.#state !== 'length' || this.#receiver !== receiver) return;
		this.#remaining -= taken;
		if (this.#remaining === 0) this.#end(receiver, this.#keepAlive && start + taken === end);
	}

	#switchProtocols(
		receiver: AnswerReceiver,
		head: ResponseHead,
		chunk: Buffer,
		pos: number,
		release: (() => void) | undefined,
	): void {
		if (!receiver.asksFor(head.upgrade)) {
			release?.();
			this.#fail(receiver, invalidAnswer('answer 101 that nobody asked for'));
			return;
		}
		this.#receiver = undefined;
		// The chunk may be gone after this call, so the first bytes of the new protocol are copied.
		const rest = Buffer.from(chunk.subarray(pos));
		release?.();
		receiver.switchedProtocols(head, rest);
	}

	#end(receiver: AnswerReceiver, clean: boolean): void {
		this.#receiver = undefined;
		this.#chunks = undefined;
		receiver.answerEnd(clean);
	}

	#fail(receiver: AnswerReceiver, failure: Failure): void {
		this.#receiver = undefined;
		this.#connection.reset();
		receiver.answerFailed(failure);
	}

	#lose(receiver: AnswerReceiver, error: Error | undefined): void {
		this.#receiver = undefined;
		this.#connection.destroy();
		receiver.connectionLost(error);
	}
}
