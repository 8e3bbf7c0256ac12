import {Readable} from 'node:stream';
import {assertNever} from '../base/errors.ts';
import type {TcpBackend} from '../configuration/spec-backend.ts';
import type {Serve} from './serve.ts';

/** How much is written at once: the memory that a slow reader of large data takes. */
const SLICE_BYTES = 64 * 1024;

/** The four modes of plain bytes. Each supports half-close: a peer that ends first still receives the rest. */
export function serveTcp({mode, data}: TcpBackend, name: string): Serve {
	switch (mode) {
		case 'echo':
			return connection => {
				connection.pipe(connection);
			};
		case 'sink':
			return connection => {
				connection.resume();
				connection.once('end', () => connection.end());
			};
		case 'source': {
			const bytes = Buffer.from(data ?? `${name}\n`);
			return connection => {
				connection.resume();
				Readable.from(slices(bytes), {objectMode: false}).pipe(connection);
			};
		}
		case 'banner': {
			const bytes = Buffer.from(data ?? `${name} ready\r\n`);
			return connection => {
				connection.write(bytes);
				connection.pipe(connection);
			};
		}
		default:
			return assertNever(mode);
	}
}

function* slices(bytes: Buffer): Generator<Buffer> {
	for (let start = 0; start < bytes.length; start += SLICE_BYTES) yield bytes.subarray(start, start + SLICE_BYTES);
}
