import type {Buffer} from 'node:buffer';

/**
 * Reads the numbers and length-prefixed vectors of TLS messages, one after the other. Nothing is copied.
 *
 * @see RFC 8446 section 3
 */
export class TlsFields {
	readonly #bytes: Buffer;
	#pos = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	get atEnd(): boolean {
		return this.#pos >= this.#bytes.length;
	}

	/** All of the bytes, whatever has been read of them. */
	get bytes(): Buffer {
		return this.#bytes;
	}

	/** @throws RangeError past the end, as the others. */
	number(size: number): number {
		const value = this.#bytes.readUIntBE(this.#pos, size);
		this.#pos += size;
		return value;
	}

	skip(size: number): void {
		this.#take(size);
	}

	/** @param prefix bytes of its length. */
	vector(prefix: number): TlsFields {
		return new TlsFields(this.#take(this.number(prefix)));
	}

	#take(size: number): Buffer {
		const end = this.#pos + size;
		// readUIntBE throws a RangeError past the end; so does this.
		if (size > 0) this.#bytes.readUInt8(end - 1);
		const taken = this.#bytes.subarray(this.#pos, end);
		this.#pos = end;
		return taken;
	}
}
