import {FIELD_LINE, TOKEN} from './http1-grammar.ts';

/**
 * The total of chunk extensions and trailers of one message. RFC 9112 section 7.1.1 requires a limit, but gives none.
 */
const MAX_OVERHEAD_BYTES = 16 * 1024;
/** Including leading zeros; a longer size overflows the integers of back-ends. */
const MAX_SIZE_DIGITS = 16;

const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
/** Bad white space, RFC 9110 section 5.6.3: must not be sent, must be accepted; it is dropped with the extensions. */
const BWS = '[\\t ]*';
const EXTENSIONS = new RegExp(`^(?:${BWS};${BWS}${TOKEN}(?:${BWS}=${BWS}(?:${TOKEN}|${QUOTED}))?)+$`);
const ONLY_BLANKS = /^[\t ]+$/;
const TRAILERS = new RegExp(`^(?:${FIELD_LINE})+$`);

const CR = 0x0d;
const LF = 0x0a;
const HTAB = 0x09;
const SPACE = 0x20;
const SEMICOLON = 0x3b;

type State =
	| 'size'
	| 'extension'
	| 'size-lf'
	| 'data'
	| 'data-cr'
	| 'data-lf'
	| 'trailer-start'
	| 'trailer'
	| 'trailer-lf'
	| 'end-lf'
	| 'done'
	| 'failed';

/**
 * Reads a chunked body byte by byte, strictly: sizes are `1*HEXDIG`, every line ends with CRLF, extensions and trailers
 * must follow their grammar, are limited in size, and are dropped.
 *
 * After each `read()`, `framed` and `data` hold ranges of the buffer that was read, as pairs of start and end offsets:
 * the bytes of a canonical chunked body (sizes, data and the last chunk, without extensions and trailers), and the data
 * only.
 *
 * Bytes forwarded before an error never form a complete body, because the last chunk's empty line is checked last.
 *
 * @see RFC 9112 section 7.1
 */
export class ChunkedReader {
	/** What to forward to a receiver that understands chunks. */
	readonly framed: number[] = [];
	/** What to forward to a receiver that does not understand chunks. */
	readonly data: number[] = [];
	/** Why the body is malformed; empty until then. */
	failure = '';
	/** Bytes of data read so far. */
	dataBytes = 0;
	#state: State = 'size';
	#size = 0;
	#digits = 0;
	#overhead = 0;
	/** Text of the extension or trailer section being read, which may span buffers. */
	#text = '';

	/** Whether the whole body has been read, including its last empty line. */
	get done(): boolean {
		return this.#state === 'done';
	}

	/**
	 * Reads the next bytes, from `start`.
	 *
	 * @returns the offset after the last byte that belongs to this body, or -1 when the body is malformed.
	 */
	read(buffer: Uint8Array, start: number, end: number): number {
		this.framed.length = 0;
		this.data.length = 0;
		let pos = start;
		// Start of the bytes to forward unchanged; -1 while there are none.
		let framing = this.#passesOn() ? start : -1;
		while (pos < end && this.#state !== 'done') {
			if (this.#state === 'data') {
				const taken = Math.min(this.#size, end - pos);
				this.data.push(pos, pos + taken);
				this.#size -= taken;
				this.dataBytes += taken;
				pos += taken;
				if (this.#size === 0) this.#state = 'data-cr';
				continue;
			}
			const passedOn = this.#passesOn();
			// Bounds: pos < end, and end is within the buffer.
			if (!this.#step(buffer[pos] ?? 0)) return this.#fail(this.failure);
			const passes = this.#passesOn();
			if (passedOn && !passes) {
				this.#pass(framing, pos);
				framing = -1;
			} else if (!passedOn && passes) {
				// The CR after an extension is forwarded; the LF of a trailer line is not.
				framing = this.#state === 'trailer-start' ? pos + 1 : pos;
			}
			pos++;
		}
		if (framing !== -1) this.#pass(framing, pos);
		return pos;
	}

	/** Whether the byte that led to this state is forwarded. */
	#passesOn(): boolean {
		return this.#state !== 'extension' && this.#state !== 'trailer' && this.#state !== 'trailer-lf';
	}

	#pass(start: number, end: number): void {
		if (start < end) this.framed.push(start, end);
	}

	#fail(reason: string): -1 {
		this.failure = reason;
		this.#state = 'failed';
		this.framed.length = 0;
		this.data.length = 0;
		return -1;
	}

	/** Reads one byte of framing. Returns false, with `failure` set, when the grammar does not allow it. */
	#step(byte: number): boolean {
		switch (this.#state) {
			case 'size':
				return this.#readSize(byte);
			case 'extension':
				if (byte === CR) {
					if (ONLY_BLANKS.test(this.#text)) return this.#refuse('chunk size is not hexadecimal');
					if (!EXTENSIONS.test(this.#text)) return this.#refuse('malformed chunk extension');
					this.#text = '';
					this.#state = 'size-lf';
					return true;
				}
				return this.#collect(byte, 'chunk extension');
			case 'size-lf':
				if (byte !== LF) return this.#refuse('chunk size not followed by CRLF');
				this.#state = this.#size === 0 ? 'trailer-start' : 'data';
				this.#digits = 0;
				return true;
			case 'data-cr':
				if (byte !== CR) return this.#refuse('chunk data not followed by CRLF');
				this.#state = 'data-lf';
				return true;
			case 'data-lf':
				if (byte !== LF) return this.#refuse('chunk data not followed by CRLF');
				this.#state = 'size';
				return true;
			case 'trailer-start':
				if (byte === CR) {
					if (this.#text !== '' && !TRAILERS.test(this.#text)) return this.#refuse('malformed trailer');
					this.#state = 'end-lf';
					return true;
				}
				this.#state = 'trailer';
				return this.#collect(byte, 'trailer');
			case 'trailer':
				if (!this.#collect(byte, 'trailer')) return false;
				if (byte === CR) this.#state = 'trailer-lf';
				return true;
			case 'trailer-lf':
				if (byte !== LF) return this.#refuse('malformed trailer');
				this.#state = 'trailer-start';
				return this.#collect(byte, 'trailer');
			case 'end-lf':
				if (byte !== LF) return this.#refuse('chunked body not ended by CRLF');
				this.#state = 'done';
				return true;
			default:
				return this.#refuse(this.failure);
		}
	}

	#readSize(byte: number): boolean {
		const digit = hexDigit(byte);
		if (digit !== -1) {
			this.#digits++;
			if (this.#digits > MAX_SIZE_DIGITS) return this.#refuse('chunk size too long');
			this.#size = this.#size * 16 + digit;
			if (this.#size > Number.MAX_SAFE_INTEGER) return this.#refuse('chunk too large');
			return true;
		}
		if (this.#digits === 0) return this.#refuse('chunk size is not hexadecimal');
		if (byte === CR) this.#state = 'size-lf';
		else if (byte === SEMICOLON || byte === SPACE || byte === HTAB) {
			this.#state = 'extension';
			return this.#collect(byte, 'chunk extension');
		} else return this.#refuse('chunk size is not hexadecimal');
		return true;
	}

	#collect(byte: number, what: string): boolean {
		this.#overhead++;
		if (this.#overhead > MAX_OVERHEAD_BYTES) return this.#refuse(`${what} longer than ${MAX_OVERHEAD_BYTES} bytes`);
		if (byte === LF && this.#state !== 'trailer-start') return this.#refuse(`malformed ${what}`);
		this.#text += String.fromCharCode(byte);
		return true;
	}

	#refuse(reason: string): false {
		this.failure = reason;
		return false;
	}
}

function hexDigit(byte: number): number {
	if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
	const lower = byte | 0x20;
	return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
