import {MAX_HEAD_BYTES, MAX_LINE_BYTES, type Refusal, refusalOfSizes, refusalOfTls} from './http1-grammar.ts';

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DEL = 0x7f;
/** Enough characters to tell protocols apart. */
const BEGINNING_LENGTH = 16;
/** One character less than the end of a head. */
const ENDING_LENGTH = 3;

/**
 * The part that has arrived of an incomplete message head. Adding a piece takes time for its own length only: a head
 * may arrive byte by byte.
 */
export class PartialHead {
	/** Grows by concatenation and is not read meanwhile, so that the engine joins the pieces once, at the first read. */
	text = '';
	/** The first characters. */
	beginning = '';
	/** The last characters: the end of the head may have begun there. */
	ending = '';
	#lineBytes = 0;

	/**
	 * Adds a piece, and validates it.
	 *
	 * @returns what is wrong, so that it is refused before its end: a control character, a line that ends with LF only, a
	 * CR without LF, a line or a head beyond its limit. Undefined while the bytes so far can still become a valid head.
	 */
	add(piece: string): Refusal | undefined {
		const last = this.ending.charCodeAt(this.ending.length - 1);
		this.text += piece;
		if (this.beginning.length < BEGINNING_LENGTH) this.beginning += piece.slice(0, BEGINNING_LENGTH);
		this.ending = (this.ending + piece.slice(-ENDING_LENGTH)).slice(-ENDING_LENGTH);
		const newline = piece.lastIndexOf('\n');
		this.#lineBytes = newline === -1 ? this.#lineBytes + piece.length : piece.length - newline - 1;
		const refusal = this.#refusalOfCharacters(piece, last);
		if (refusal !== undefined) return refusal;
		if (this.#lineBytes > MAX_LINE_BYTES || this.text.length > MAX_HEAD_BYTES) return refusalOfSizes(this.text);
		return undefined;
	}

	#refusalOfCharacters(piece: string, last: number): Refusal | undefined {
		let before = last;
		for (let pos = 0; pos < piece.length; pos++) {
			const code = piece.charCodeAt(pos);
			if (before === CR && code !== LF) {
				return {status: 400, reason: 'malformed head: a CR without LF'};
			}
			if (code === LF && before !== CR) {
				return {status: 400, reason: 'malformed head: a line that ends with LF only'};
			}
			if ((code < SPACE && code !== HTAB && code !== LF && code !== CR) || code === DEL) {
				return refusalOfTls(this.beginning) ?? {status: 400, reason: 'malformed head: it has a control character'};
			}
			before = code;
		}
		return undefined;
	}
}
