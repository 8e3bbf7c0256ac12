import {Buffer} from 'node:buffer';
import type {KeptBody} from '../observability/message.ts';

/** Keeps the first bytes of a body for its record; `limit` 0 only counts. */
export class BodyKeeper implements KeptBody {
	readonly parts: (string | Uint8Array)[] = [];
	bytes = 0;
	#left: number;

	constructor(limit: number) {
		this.#left = limit;
	}

	/** Takes note of bytes that may be overwritten later: what is kept is copied. */
	addBytes(chunk: Buffer, start: number, end: number): void {
		this.bytes += end - start;
		if (this.#left === 0) return;
		const taken = Math.min(this.#left, end - start);
		this.#left -= taken;
		this.parts.push(Buffer.from(chunk.subarray(start, start + taken)));
	}

	/** Takes note of bytes that are latin1 text already. */
	addText(text: string): void {
		this.bytes += text.length;
		if (this.#left === 0) return;
		const part = text.length > this.#left ? text.slice(0, this.#left) : text;
		this.#left -= part.length;
		this.parts.push(part);
	}
}
