import {Buffer} from 'node:buffer';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import type {KeptBody} from '../../observability/message.ts';

/** Pieces smaller than this are gathered into blocks: a body that comes byte by byte must not cost an object a byte. */
const SMALL_BYTES = 512;
const BLOCK_BYTES = 4096;

/** Keeps a whole answer for its record: as the text that was written, or without the end of a body beyond `limit`. */
export function keepWhole(record: ExchangeRecord, answer: string, body: string, limit: number): void {
	record.bytesDown = body.length;
	if (body.length <= limit) {
		record.responseText = answer;
		return;
	}
	const kept = new BodyKeeper(limit);
	kept.addText(body);
	record.responseBody = kept;
}

/** Keeps the first bytes of a body for its record; `limit` 0 only counts. */
export class BodyKeeper implements KeptBody {
	parts: (string | Uint8Array)[] = [];
	bytes = 0;
	#left: number;
	/** The last part's memory while there is room in it. */
	#block: Buffer | undefined;
	#used = 0;

	constructor(limit: number) {
		this.#left = limit;
	}

	/** Takes note of bytes that may be overwritten later: what is kept is copied. */
	addBytes(chunk: Buffer, start: number, end: number): void {
		this.bytes += end - start;
		if (this.#left === 0) return;
		const taken = Math.min(this.#left, end - start);
		this.#left -= taken;
		const piece = chunk.subarray(start, start + taken);
		if (taken < SMALL_BYTES && this.parts.length > 0) this.#gather(piece);
		else {
			this.#block = undefined;
			this.parts.push(Buffer.from(piece));
		}
	}

	/** Takes note of bytes that are latin1 text already. */
	addText(text: string): void {
		this.bytes += text.length;
		if (this.#left === 0) return;
		const part = text.length > this.#left ? text.slice(0, this.#left) : text;
		this.#left -= part.length;
		this.#block = undefined;
		// Nearly all bodies are one part; a list that grows has room for 17.
		if (this.parts.length === 0) this.parts = [part];
		else this.parts.push(part);
	}

	#gather(piece: Buffer): void {
		let block = this.#block;
		if (block === undefined || this.#used + piece.length > block.length) {
			block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
			this.#block = block;
			this.#used = 0;
			this.parts.push(block);
		}
		block.set(piece, this.#used);
		this.#used += piece.length;
		this.parts[this.parts.length - 1] = block.subarray(0, this.#used);
	}
}
