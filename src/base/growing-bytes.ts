import {Buffer} from 'node:buffer';

/**
 * Joins bytes that arrive in pieces. Each byte is copied a bounded number of times, however many pieces there are;
 * `Buffer.concat` for each new piece would copy everything every time.
 */
export class GrowingBytes {
	#memory: Buffer = Buffer.alloc(0);
	#length = 0;

	get length(): number {
		return this.#length;
	}

	/** All bytes so far, without a copy; adding more does not change them. */
	get bytes(): Buffer {
		return this.#memory.subarray(0, this.#length);
	}

	/** @param piece is copied. */
	add(piece: Uint8Array): void {
		const length = this.#length + piece.length;
		if (length > this.#memory.length) {
			// Not from Node's pool: this memory lives long, and would keep a whole slab of the pool alive.
			const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#memory.length));
			larger.set(this.bytes);
			this.#memory = larger;
		}
		this.#memory.set(piece, this.#length);
		this.#length = length;
	}
}
