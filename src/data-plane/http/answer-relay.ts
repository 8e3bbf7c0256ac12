import type {Buffer} from 'node:buffer';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {Downstream} from './downstream.ts';
import {BodyKeeper} from './kept-body.ts';

/** Passes the body of one answer on to the client, piece by piece, and keeps its beginning for the record. */
export class AnswerRelay {
	readonly #front: Downstream;
	readonly #record: ExchangeRecord;
	/** Whether chunks are put around the bytes: the back-end ends its answer by closing. */
	readonly #addsChunks: boolean;
	readonly #kept: BodyKeeper;

	constructor(front: Downstream, record: ExchangeRecord, {addsChunks}: {readonly addsChunks: boolean}) {
		this.#front = front;
		this.#record = record;
		this.#addsChunks = addsChunks;
		this.#kept = new BodyKeeper(front.context.keptBodyBytes);
		record.responseBody = this.#kept;
	}

	/**
	 * Parameters as in `AnswerReceiver.answerBytes`.
	 *
	 * @returns false when the client takes no more for the moment.
	 */
	write(chunk: Buffer, spans: readonly number[], data: readonly number[], release: (() => void) | undefined): boolean {
		for (let i = 0; i + 1 < data.length; i += 2) {
			const start = data[i] ?? 0;
			const end = data[i + 1] ?? 0;
			this.#record.bytesDown += end - start;
			this.#kept.addBytes(chunk, start, end);
		}
		const last = spans.length - 2;
		if (last < 0) {
			release?.();
			return true;
		}
		let flowing = true;
		for (let i = 0; i <= last; i += 2) {
			const start = spans[i] ?? 0;
			const end = spans[i + 1] ?? 0;
			// Memory that is not lent is gone after this call: what is in it is copied, into text.
			flowing =
				release === undefined
					? this.#writeCopy(chunk, start, end)
					: this.#writeLent(chunk.subarray(start, end), i === last ? release : undefined);
		}
		return flowing;
	}

	/** The answer is complete. */
	end(): void {
		if (this.#addsChunks) this.#front.writeText('0\r\n\r\n');
	}

	#writeCopy(chunk: Buffer, start: number, end: number): boolean {
		const front = this.#front;
		if (this.#addsChunks) front.writeText(chunkSize(end - start));
		const flowing = front.writeText(chunk.toString('latin1', start, end));
		return this.#addsChunks ? front.writeText('\r\n') : flowing;
	}

	#writeLent(part: Buffer, release: (() => void) | undefined): boolean {
		const front = this.#front;
		if (this.#addsChunks) front.writeText(chunkSize(part.length));
		const flowing = front.writeBytes(part, release);
		return this.#addsChunks ? front.writeText('\r\n') : flowing;
	}
}

/** The line before a chunk (RFC 9112 section 7.1). */
function chunkSize(bytes: number): string {
	return `${bytes.toString(16)}\r\n`;
}
