import {Buffer} from 'node:buffer';

/** 64 KiB: what libuv asks for at each read of a stream. */
const BUFFER_BYTES = 64 * 1024;
/** 4 MiB of private buffers at rest; what is given back beyond that is left to the garbage collector. */
const MAX_FREE = 64;

/**
 * The memory that connections to back-ends read into.
 *
 * Every connection at rest reads into the one shared buffer, so that 10,000 of them cost one. What is read there must
 * be used up before the callback returns. A connection in the midst of a bulk transfer borrows private buffers, which
 * may stay with a slow receiver until written.
 */
export class ReadBuffers {
	readonly shared = Buffer.allocUnsafeSlow(BUFFER_BYTES);
	readonly #free: Buffer[] = [];

	/** A private buffer; whoever takes one gives it back once nothing reads it any more. */
	take(): Buffer {
		return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
	}

	giveBack(buffer: Buffer): void {
		if (this.#free.length < MAX_FREE) this.#free.push(buffer);
	}
}
