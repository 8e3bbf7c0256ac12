import {Buffer} from 'node:buffer';

/** 64 KiB: what libuv asks for at each read of a stream. */
const BUFFER_BYTES = 64 * 1024;
/** A quarter of the calls into the system, and a third less CPU time for each byte; more gains little. */
const LARGE_BYTES = 256 * 1024;
/** 4 MiB of private buffers at rest of the one size, 2 MiB of the other; the rest is left to the garbage collector. */
const MAX_FREE = 64;
const MAX_FREE_LARGE = 8;

/**
 * The memory that connections to back-ends read into.
 *
 * Every connection at rest reads into the one shared buffer, so that 10,000 of them cost one. What is read there must
 * be used up before the callback returns. A connection in the midst of a bulk transfer borrows private buffers, which
 * may stay with a slow receiver until written; large ones go to those whose receivers keep up.
 */
export class ReadBuffers {
	readonly shared = Buffer.allocUnsafeSlow(BUFFER_BYTES);
	readonly #free: Buffer[] = [];
	readonly #freeLarge: Buffer[] = [];

	/** A private buffer; the taker gives it back once nothing reads it any more. */
	take(): Buffer {
		return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
	}

	takeLarge(): Buffer {
		return this.#freeLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
	}

	giveBack(buffer: Buffer): void {
		if (buffer.length === BUFFER_BYTES) {
			if (this.#free.length < MAX_FREE) this.#free.push(buffer);
		} else if (this.#freeLarge.length < MAX_FREE_LARGE) this.#freeLarge.push(buffer);
	}
}
