import type {Duplex} from 'node:stream';
import {GrowingBytes} from '../base/growing-bytes.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import {type ProxyHeader, readProxyHeader} from '../codec/proxy-protocol.ts';
import type {Serve} from './serve.ts';

/** What {@link expectProxyHeader} needs beside the connection. */
export interface ProxyHeaderOptions {
	/**
	 * `require`: every connection begins with a header. `accept`: it may, and what begins otherwise is served as it is.
	 * To guess is what the PROXY protocol forbids real servers (section 2); a test's back-end may.
	 */
	readonly mode: 'accept' | 'require';
	/** How long a header may take; 5 s unless said otherwise. */
	readonly timeoutMs?: number | undefined;
	readonly serve: Serve;
	/** A connection was closed for want of a well-formed header. */
	readonly onFailure: () => void;
}

/** "At least 3 seconds to cover a TCP retransmit": PROXY protocol, section 2. Beyond that, a guess. */
const HEADER_TIMEOUT_MS = 5000;

/** "PROXY ", and the signature of version 2: what begins with less may still become something else. */
const V1_START = 'PROXY ';
const V2_SIGNATURE_BYTES = 12;

/** Keyed by the stream that was served, so that it lives exactly as long. */
const received = new WeakMap<Duplex, ProxyHeader>();

/**
 * The PROXY header that came before a connection, for handlers of `handler` back-ends (their `request.socket`) and of
 * `socket` back-ends. The addresses of the stream itself stay those of whoever connected.
 *
 * @returns undefined when none came, or when the back-end's `proxyProtocol` is `off`.
 */
export function proxyHeaderOf(connection: Duplex): ProxyHeader | undefined {
	return received.get(connection);
}

/** What came before a connection came before the clear stream inside it. */
export function inheritProxyHeader(clear: Duplex, raw: Duplex): void {
	const header = received.get(raw);
	if (header !== undefined) received.set(clear, header);
}

/**
 * Reads the PROXY header of each connection, version 1 or 2, then serves what follows; not a byte is lost.
 *
 * A connection without a well-formed header is closed without an answer. With `accept` that is one whose header is
 * malformed or breaks off; a beginning that may still become a header is held back until the next byte, the end or the
 * deadline tells. A behaviour that speaks first is heard only after the client has spoken or ended.
 */
export function expectProxyHeader({mode, timeoutMs = HEADER_TIMEOUT_MS, serve, onFailure}: ProxyHeaderOptions): Serve {
	return raw => {
		let bytes: Buffer = Buffer.alloc(0);
		/** Where the pieces go when the first one is not all. */
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
		const letGo = () => {
			clearTimeout(deadline);
			raw.off('readable', look);
			raw.off('close', leave);
		};
		const serveFrom = (offset: number) => {
			letGo();
			if (offset < bytes.length) raw.unshift(bytes.subarray(offset));
			// In this very tick, so that an end on its way finds the listeners of who waits for it.
			serve(raw);
		};
		const fail = () => {
			letGo();
			raw.destroy();
			onFailure();
		};
		const owesHeader = () => mode === 'require' || hasBegun(bytes);
		/** No more bytes will tell what this is. */
		const conclude = () => {
			if (owesHeader()) fail();
			else serveFrom(0);
		};
		const leave = () => {
			letGo();
			if (owesHeader()) onFailure();
		};
		// 'readable' and not 'data', for the reason that `detectTls` gives.
		const look = () => {
			const chunk: Buffer | null = raw.read();
			// Node documents it so: readable with nothing to read is the end, before `end` is told.
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
		raw.on('readable', look);
		raw.on('close', leave);
		if (mode === 'require') awaitMore();
	};
}

/** Whether bytes that are not yet a header can be nothing else. */
function hasBegun(bytes: Buffer): boolean {
	return bytes.length >= V2_SIGNATURE_BYTES || bytes.toString('latin1', 0, V1_START.length) === V1_START;
}
