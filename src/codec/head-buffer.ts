import type {Buffer} from 'node:buffer';
import {MAX_HEAD_BYTES, type Refusal, refusalOfPartialHead} from './http1-grammar.ts';

/** What a message head ends with. */
export const HEAD_END = '\r\n\r\n';

/** Puts a message head together from however many pieces it arrives in. */
export class HeadBuffer {
	/** The head, its empty line included, once `add()` has returned an offset. */
	text = '';
	/** Why the bytes so far can never become a head. */
	refusal: Refusal | undefined = undefined;
	#partial = '';

	/** What has arrived of a head that is not complete. */
	get partial(): string {
		return this.#partial;
	}

	/**
	 * Reads on at `start` of `chunk`.
	 *
	 * @returns the offset in `chunk` after the head, with the head in `text`; -1 while it is incomplete, or when
	 * `refusal` says why it must be refused.
	 */
	add(chunk: Buffer, start: number): number {
		if (this.#partial === '') {
			const end = chunk.indexOf(HEAD_END, start, 'latin1');
			if (end !== -1 && end - start <= MAX_HEAD_BYTES) {
				this.text = chunk.toString('latin1', start, end + 4);
				return end + 4;
			}
		}
		return this.#addToPartial(chunk, start);
	}

	#addToPartial(chunk: Buffer, start: number): number {
		const before = this.#partial.length;
		// One byte over the limit is enough to know that it is broken.
		const taken = Math.min(chunk.length - start, MAX_HEAD_BYTES + 1 - before);
		const text = this.#partial + chunk.toString('latin1', start, start + taken);
		const end = text.indexOf(HEAD_END, Math.max(0, before - 3));
		if (end === -1) {
			this.#partial = text;
			this.refusal = refusalOfPartialHead(text, before);
			return -1;
		}
		this.#partial = '';
		this.text = text.slice(0, end + 4);
		return start + end + 4 - before;
	}
}
