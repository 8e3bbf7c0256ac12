import type {Buffer} from 'node:buffer';
import {MAX_HEAD_BYTES, type Refusal} from './http1-grammar.ts';
import {PartialHead} from './partial-head.ts';

/** The end of a message head. */
export const HEAD_END = '\r\n\r\n';

/** Joins a message head from the pieces in which it arrives. */
export class HeadBuffer {
	/** The head, including its empty line, once `add()` has returned an offset. */
	text = '';
	/** Why the bytes so far cannot become a valid head. */
	refusal: Refusal | undefined = undefined;
	#partial: PartialHead | undefined;

	/** The part that has arrived of an incomplete head. */
	get partial(): string {
		return this.#partial?.text ?? '';
	}

	/** The first characters of it; cheaper than `partial` when read after each piece. */
	get beginning(): string {
		return this.#partial?.beginning ?? '';
	}

	/**
	 * Reads the next bytes, from `start` of `chunk`.
	 *
	 * @returns the offset in `chunk` after the head, when `text` holds the head; -1 while it is incomplete, or when it
	 * must be refused (see `refusal`).
	 */
	add(chunk: Buffer, start: number): number {
		if (this.#partial === undefined) {
			const end = chunk.indexOf(HEAD_END, start, 'latin1');
			if (end !== -1 && end - start <= MAX_HEAD_BYTES) {
				this.text = chunk.toString('latin1', start, end + 4);
				return end + 4;
			}
		}
		return this.#addToPartial(chunk, start);
	}

	#addToPartial(chunk: Buffer, start: number): number {
		this.#partial ??= new PartialHead();
		const {text, ending} = this.#partial;
		// One byte over the limit is enough to detect that it is exceeded.
		const taken = Math.min(chunk.length - start, MAX_HEAD_BYTES + 1 - text.length);
		const piece = chunk.toString('latin1', start, start + taken);
		const end = (ending + piece).indexOf(HEAD_END);
		if (end === -1) {
			this.refusal = this.#partial.add(piece);
			return -1;
		}
		const used = end + HEAD_END.length - ending.length;
		this.#partial = undefined;
		this.text = text + piece.slice(0, used);
		return start + used;
	}
}
