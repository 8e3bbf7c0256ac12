import {MAX_HEAD_BYTES, MAX_LINE_BYTES, type Refusal, refusalOfSizes, refusalOfTls} from './http1-grammar.ts';

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DEL = 0x7f;
/** What tells protocols apart: longer than any beginning that is asked for. */
const BEGINNING_LENGTH = 16;
/** One character less than the end of a head has. */
const ENDING_LENGTH = 3;

/**
 * What has arrived of a message head whose end has not. A piece costs what it is long, and not what came before it: a
 * head may trickle in byte by byte.
 */
export class PartialHead {
	/** Grows by concatenation and is not looked into, so that the engine joins its pieces once, for who asks. */
	text = '';
	/** The first characters. */
	beginning = '';
	/** The last characters, with which the end of the head may have begun. */
	ending = '';
	#lineBytes = 0;

	/**
	 * Takes a piece, and judges it.
	 *
	 * @returns what is already wrong, so that it can be refused without waiting for the end: a control character, a line
	 * ended by LF alone, a CR that ends no line, a line or a head beyond its limit. Undefined while the bytes so far
	 * could still become a valid head.
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
				return {status: 400, reason: 'malformed head: a CR stands without its LF'};
			}
			if (code === LF && before !== CR) {
				return {status: 400, reason: 'malformed head: a line ends with LF alone'};
			}
			if ((code < SPACE && code !== HTAB && code !== LF && code !== CR) || code === DEL) {
				return refusalOfTls(this.beginning) ?? {status: 400, reason: 'malformed head: it has a control character'};
			}
			before = code;
		}
		return undefined;
	}
}
