import {Buffer} from 'node:buffer';

/**
 * Bytes that come in pieces and are wanted as one. Each byte is copied a bounded number of times, however many pieces
 * there are; joining what came before with each new piece would copy all of it every time.
 */
export class GrowingBytes {
	#memory: Buffer = Buffer.alloc(0);
	#length = 0;

	get length(): number {
		return this.#length;
	}

	/** All bytes so far, not copied; what is added later does not change them. */
	get bytes(): Buffer {
		return this.#memory.subarray(0, this.#length);
	}

	/** @param piece is copied. */
	add(piece: Uint8Array): void {
		const length = this.#length + piece.length;
		if (length > this.#memory.length) {
			// Of its own, because it lives on while the pool of small buffers is used for others.
			const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#memory.length));
			larger.set(this.bytes);
			this.#memory = larger;
		}
		this.#memory.set(piece, this.#length);
		this.#length = length;
	}
}
