import type {Duplex} from 'node:stream';
import {GrowingBytes} from '../base/growing-bytes.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import {type ProxyHeader, readProxyHeader} from '../codec/proxy-protocol.ts';
import type {Serve} from './serve.ts';

/** What {@link expectProxyHeader} needs beside the connection. */
export interface ProxyHeaderOptions {
	/**
	 * `require`: every connection begins with a header. `accept`: it may, and a connection without one is served as it
	 * is. The PROXY protocol forbids real servers to guess (section 2); a test's back-end may.
	 */
	readonly mode: 'accept' | 'require';
	/** How long a header may take; 5 s by default. */
	readonly timeoutMs?: number | undefined;
	readonly serve: Serve;
	/** Called when a connection is closed because it has no well-formed header. */
	readonly onFailure: () => void;
}

/** "At least 3 seconds to cover a TCP retransmit": PROXY protocol, section 2. Beyond that, a guess. */
const HEADER_TIMEOUT_MS = 5000;

/** "PROXY ", and the signature of version 2: fewer bytes may still become something else. */
const V1_START = 'PROXY ';
const V2_SIGNATURE_BYTES = 12;

/** Keyed by the stream that is served; an entry lives as long as its stream. */
const received = new WeakMap<Duplex, ProxyHeader>();

/**
 * The PROXY header that came before a connection, for handlers of `handler` back-ends (their `request.socket`) and of
 * `socket` back-ends. The stream's own addresses stay those of the peer that connected.
 *
 * @returns undefined when there was none, or when the back-end's `proxyProtocol` is `off`.
 */
export function proxyHeaderOf(connection: Duplex): ProxyHeader | undefined {
	return received.get(connection);
}

/** Makes the PROXY header of a raw connection that of the decrypted stream inside it too. */
export function inheritProxyHeader(clear: Duplex, raw: Duplex): void {
	const header = received.get(raw);
	if (header !== undefined) received.set(clear, header);
}

/**
 * Reads the PROXY header of each connection, version 1 or 2, then serves the bytes that follow it.
 *
 * A connection without a well-formed header is closed without an answer. With `accept` that is one whose header is
 * malformed or incomplete at the end; a beginning that may still become a header is held back until the next byte, the
 * end or the deadline decides. A behaviour that speaks first is therefore served only after the client has sent a byte
 * or ended.
 */
export function expectProxyHeader({mode, timeoutMs = HEADER_TIMEOUT_MS, serve, onFailure}: ProxyHeaderOptions): Serve {
	return raw => {
		let bytes: Buffer = Buffer.alloc(0);
		/** Collects the pieces when the first one is not the whole header. */
		let pieces: GrowingBytes | undefined;
		let deadline: NodeJS.Timeout | undefined;
		const joined = (chunk: Buffer): Buffer => {
			if (bytes.length === 0) return chunk;
			if (pieces === undefined) {
				pieces = new GrowingBytes();
				pieces.add(bytes);
			}
			pieces.add(chunk);
			return pieces.bytes;
		};
		const awaitMore = () => {
			deadline ??= setTimeout(conclude, timeoutMs);
		};
		const stopListening = () => {
			clearTimeout(deadline);
			raw.off('readable', onReadable);
			raw.off('close', onClose);
		};
		const serveFrom = (offset: number) => {
			stopListening();
			if (offset < bytes.length) raw.unshift(bytes.subarray(offset));
			// In the same tick, so that the behaviour's listeners are there before the next event, such as `end`.
			serve(raw);
		};
		const fail = () => {
			stopListening();
			raw.destroy();
			onFailure();
		};
		const owesHeader = () => mode === 'require' || hasBegun(bytes);
		/** Decides when no more bytes come. */
		const conclude = () => {
			if (owesHeader()) fail();
			else serveFrom(0);
		};
		const onClose = () => {
			stopListening();
			if (owesHeader()) onFailure();
		};
		// 'readable' and not 'data', for the reason that `detectTls` gives.
		const onReadable = () => {
			const chunk: Buffer | null = raw.read();
			// Node documents: `readable` with nothing to read means the end of the stream, and comes before `end`.
			if (chunk === null) {
				conclude();
				return;
			}
			bytes = joined(chunk);
			const header = readProxyHeader(bytes);
			if (header === 'incomplete') awaitMore();
			else if (header === 'malformed' || (header === 'none' && mode === 'require')) fail();
			else if (header === 'none') serveFrom(0);
			else {
				received.set(raw, header);
				serveFrom(header.length);
			}
		};
		raw.on('readable', onReadable);
		raw.on('close', onClose);
		if (mode === 'require') awaitMore();
	};
}

/** Whether incomplete bytes can only be the beginning of a header. */
function hasBegun(bytes: Buffer): boolean {
	return bytes.length >= V2_SIGNATURE_BYTES || bytes.toString('latin1', 0, V1_START.length) === V1_START;
}
