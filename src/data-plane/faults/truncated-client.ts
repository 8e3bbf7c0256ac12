import type {Buffer} from 'node:buffer';
import type {Socket} from 'node:net';
import type {FaultySocket} from './faulty-socket.ts';

type WriteDone = (error?: Error | null) => void;

/**
 * Lets half of the first data pass to the client of an SSL listener, then ends the connection below TLS: no close_notify
 * is sent. Where the data ends before it has begun, so does the connection. Does nothing without a fault that truncates
 * TLS, or once that is removed.
 *
 * @param stream TLS over `faulty`; written to with or without an encoding and a callback.
 */
export function truncateTls(stream: Socket, faulty: FaultySocket): void {
	const {deciding, fault} = faulty.fired;
	if (fault?.kind !== 'tls' || fault.how !== 'truncate') return;
	const write = stream.write.bind(stream);
	const end = stream.end.bind(stream);
	let isCut = false;
	stream.write = (chunk: string | Uint8Array, ...more: (BufferEncoding | WriteDone | undefined)[]): boolean => {
		const done = more.find(each => typeof each === 'function');
		if (isCut) {
			done?.();
			return true;
		}
		const encoding = more.find(each => typeof each === 'string');
		const data: Buffer | Uint8Array = typeof chunk === 'string' ? globalThis.Buffer.from(chunk, encoding) : chunk;
		if (deciding?.isRemoved === true) return write(data, done);
		isCut = true;
		return write(data.subarray(0, Math.ceil(data.length / 2)), error => {
			done?.(error);
			faulty.cutWhenSent();
		});
	};
	stream.end = (...last: unknown[]): Socket => {
		if (!isCut && deciding?.isRemoved !== true) {
			isCut = true;
			faulty.cutWhenSent();
		}
		// What was given is handed on as it is: one of the forms of `end()`.
		return end(...(last as []));
	};
}
