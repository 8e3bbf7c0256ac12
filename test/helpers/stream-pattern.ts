import {Readable, Writable} from 'node:stream';

/** A block whose length is no power of two, so that no multiple of a buffer's size falls on its border. */
const BLOCK = Buffer.from(Uint8Array.from({length: 65_521}, (_, index) => (index * 31 + (index >> 8) * 17) & 0xff));

/** The bytes from `offset` on of an endless sequence in which a lost, doubled or moved chunk shows. */
export function* pattern(bytes: number): Generator<Buffer> {
	for (let sent = 0; sent < bytes; sent += BLOCK.length) yield BLOCK.subarray(0, Math.min(BLOCK.length, bytes - sent));
}

/** So many bytes of the sequence, made as they are read. */
export function source(bytes: number): Readable {
	return Readable.from(pattern(bytes), {objectMode: false, highWaterMark: 65_536});
}

/** Checks that what it is written is the sequence, and keeps nothing of it. */
export class PatternCheck extends Writable {
	bytes = 0;
	/** Where the first wrong byte was; undefined when there was none. */
	wrongAt: number | undefined;

	override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
		let at = 0;
		while (at < chunk.length && this.wrongAt === undefined) {
			const from = this.bytes % BLOCK.length;
			const count = Math.min(BLOCK.length - from, chunk.length - at);
			if (BLOCK.compare(chunk, at, at + count, from, from + count) !== 0) this.wrongAt = this.bytes;
			at += count;
			this.bytes += count;
		}
		callback();
	}
}
