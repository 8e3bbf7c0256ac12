import type {Buffer} from 'node:buffer';
import {ChunkedReader} from '../../codec/chunked-reader.ts';
import type {Refusal} from '../../codec/http1-grammar.ts';
import type {RequestHead} from '../../codec/request-head.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import {BodyKeeper} from './kept-body.ts';

/** A body up to this size is kept until the answer begins, so that the request can be sent a second time. */
const MAX_REPLAY_BYTES = 16 * 1024;

/**
 * The body of one request, from the client's bytes to what goes to the back-end: framing is checked, the record is kept,
 * and what has come is held while no connection is there to take it, or while it might have to be sent again.
 */
export class RequestBody {
	/** Whether its last byte has been read. */
	done = false;
	readonly #record: ExchangeRecord;
	readonly #kept: BodyKeeper;
	readonly #chunks: ChunkedReader | undefined;
	#left: number;
	#held: Buffer[] = [];
	#heldBytes = 0;
	/** Whether everything that has been read is still held. */
	#complete = true;

	constructor(head: RequestHead, record: ExchangeRecord, keptBytes: number) {
		this.#record = record;
		this.#kept = new BodyKeeper(keptBytes);
		this.#left = head.length;
		this.#chunks = head.framing === 'chunked' ? new ChunkedReader() : undefined;
		record.requestBody = this.#kept;
	}

	/** The request's body, or undefined when it has none. */
	static of(head: RequestHead, record: ExchangeRecord, keptBytes: number): RequestBody | undefined {
		if (head.framing === 'none' || (head.framing === 'length' && head.length === 0)) return undefined;
		return new RequestBody(head, record, keptBytes);
	}

	/**
	 * Reads on.
	 *
	 * @param forward takes each part that goes on, or returns without taking it when it must be held.
	 * @returns the offset after the last byte that belongs to the body, or a refusal when it is malformed; nothing that a
	 * back-end could take for a complete request has been handed to `forward` then.
	 */
	read(chunk: Buffer, start: number, forward: (part: Buffer) => boolean): number | Refusal {
		if (this.#chunks === undefined) {
			const next = start + Math.min(this.#left, chunk.length - start);
			this.#left -= next - start;
			this.#record.bytesUp += next - start;
			this.done = this.#left === 0;
			this.#kept.addBytes(chunk, start, next);
			this.#pass(chunk, start, next, forward);
			return next;
		}
		const next = this.#chunks.read(chunk, start, chunk.length);
		if (next === -1) return {status: 400, reason: this.#chunks.failure};
		const {framed, data} = this.#chunks;
		for (let i = 0; i + 1 < data.length; i += 2) this.#kept.addBytes(chunk, data[i] ?? 0, data[i + 1] ?? 0);
		this.#record.bytesUp = this.#chunks.dataBytes;
		this.done = this.#chunks.done;
		for (let i = 0; i + 1 < framed.length; i += 2) this.#pass(chunk, framed[i] ?? 0, framed[i + 1] ?? 0, forward);
		return next;
	}

	/**
	 * What is held, to be written behind the head: as latin1 text when it is small, so that both go in one piece.
	 *
	 * @param again whether it might have to be sent once more, and is held on to if it can be.
	 */
	take(again: boolean): string | readonly Buffer[] {
		const held = this.#held;
		const small = this.#heldBytes <= MAX_REPLAY_BYTES;
		const taken = small ? held.map(part => part.toString('latin1')).join('') : held;
		if (!again || !this.done || !small) this.letGo();
		return taken;
	}

	/** Whether all of it is there to be sent again. */
	get replayable(): boolean {
		return this.done && this.#complete;
	}

	/** Holds on to nothing any more. */
	letGo(): void {
		this.#held = [];
		this.#heldBytes = 0;
		this.#complete = false;
	}

	#pass(chunk: Buffer, start: number, end: number, forward: (part: Buffer) => boolean): void {
		if (start === end) return;
		const part = chunk.subarray(start, end);
		if (forward(part)) {
			this.#complete = false;
			return;
		}
		this.#held.push(part);
		this.#heldBytes += part.length;
	}
}
