import type {Buffer} from 'node:buffer';
import {GrowingBytes} from '../base/growing-bytes.ts';
import {TlsFields} from './tls-fields.ts';

/** How large the beginning of a handshake may be, and what it may have. */
export interface HandshakeLimits {
	/** Of one record, without its header. */
	readonly recordBytes: number;
	/** Of one message, without its header. */
	readonly messageBytes: number;
	/** Of everything that is read while no result is known. */
	readonly totalBytes: number;
	/** The type that each message has to have; any other is found at its first byte. Undefined: any. */
	readonly type?: number;
}

const RECORD_HEADER_BYTES = 5;
/** Of a message of a handshake: its type, and its length in three bytes. */
export const MESSAGE_HEADER_BYTES = 4;
const HANDSHAKE_RECORD = 22;
/** The major version of TLS 1.0 to 1.3, which are 3.1 to 3.4 on the wire. */
const MAJOR_VERSION = 3;

/**
 * Takes TLS records apart and puts the messages of a handshake together, without consuming the bytes. The cost per byte
 * does not depend on how the messages are split into records and pieces.
 *
 * @see RFC 8446 sections 4 and 5.1, RFC 5246 sections 6.2.1 and 7.4
 */
export class HandshakeReader<Result> {
	readonly #limits: HandshakeLimits;
	readonly #take: (type: number, body: TlsFields) => Result | 'incomplete';
	/** The current message with its header; it may be split over several records. */
	#message = new GrowingBytes();
	/** Bytes of the whole message; before its header is complete, those of the header. */
	#neededBytes = MESSAGE_HEADER_BYTES;
	/** Bytes read of the current record's header, and the length in it. */
	#header = 0;
	#size = 0;
	/** Bytes left in the current record. */
	#left = 0;
	#read = 0;

	/**
	 * @param take called with each message: what it returns is the result, and nothing more is read; `incomplete`: the next
	 * message is needed too. What is missing in the message it learns by a RangeError.
	 */
	constructor(limits: HandshakeLimits, take: (type: number, body: TlsFields) => Result | 'incomplete') {
		this.#limits = limits;
		this.#take = take;
	}

	/**
	 * @param chunk the next bytes; they are copied if more are needed.
	 * @returns `invalid` when no handshake will come of it: then, and after a result, it is not to be called again.
	 */
	read(chunk: Buffer): Result | 'incomplete' | 'invalid' {
		for (let pos = 0; pos < chunk.length; ) {
			if (this.#left === 0) {
				// Bounds: pos < chunk.length.
				if (!this.#readHeader(chunk[pos] ?? 0)) return 'invalid';
				pos++;
				continue;
			}
			const taken = Math.min(this.#left, chunk.length - pos, this.#neededBytes - this.#message.length);
			this.#message.add(chunk.subarray(pos, pos + taken));
			this.#left -= taken;
			pos += taken;
			const read = this.#result();
			if (read !== 'incomplete') return read;
		}
		this.#read += chunk.length;
		return this.#read > this.#limits.totalBytes ? 'invalid' : 'incomplete';
	}

	/** Reads one byte of a record's header: one of type, two of version, two of length. */
	#readHeader(byte: number): boolean {
		this.#header++;
		if (this.#header === 1) return byte === HANDSHAKE_RECORD;
		if (this.#header === 2) return byte === MAJOR_VERSION;
		if (this.#header === 3) return true;
		this.#size = (this.#size << 8) | byte;
		if (this.#header < RECORD_HEADER_BYTES) return true;
		this.#left = this.#size;
		this.#header = 0;
		this.#size = 0;
		return this.#left > 0 && this.#left <= this.#limits.recordBytes;
	}

	#result(): Result | 'incomplete' | 'invalid' {
		const {type: expected, messageBytes} = this.#limits;
		const {bytes} = this.#message;
		const type = bytes.readUInt8(0);
		if (expected !== undefined && type !== expected) return 'invalid';
		if (bytes.length < this.#neededBytes) return 'incomplete';
		if (this.#neededBytes === MESSAGE_HEADER_BYTES) {
			const size = bytes.readUIntBE(1, 3);
			if (size > messageBytes) return 'invalid';
			this.#neededBytes += size;
			if (bytes.length < this.#neededBytes) return 'incomplete';
		}
		this.#message = new GrowingBytes();
		this.#neededBytes = MESSAGE_HEADER_BYTES;
		try {
			return this.#take(type, new TlsFields(bytes.subarray(MESSAGE_HEADER_BYTES)));
		} catch (error) {
			if (error instanceof RangeError) return 'invalid';
			throw error;
		}
	}
}
