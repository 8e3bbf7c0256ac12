import type {Buffer} from 'node:buffer';
import {GrowingBytes} from '../base/growing-bytes.ts';

/**
 * What a server's first messages of a TLS handshake show: its certificates, the leaf first (DER); `hidden`: it shows one
 * that is encrypted (TLS 1.3); `none`: it shows none, since it resumes a session, refuses the client, or speaks no TLS.
 */
export type ServerFlight = readonly Buffer[] | 'hidden' | 'none';

/** More than the certificates of any server: common clients take no message above 100 KiB (OpenSSL, `max_cert_list`). */
const MAX_BYTES = 128 * 1024;
/** RFC 8446, section 5.1, and the room of RFC 5246, section 6.2.3. */
const MAX_RECORD_BYTES = 16 * 1024 + 2048;
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
const HANDSHAKE_RECORD = 22;
const MAJOR_VERSION = 3;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const PRE_SHARED_KEY = 41;
const SUPPORTED_VERSIONS = 43;

/**
 * Reads the certificates of a server from its first bytes, without consuming them. The cost per byte does not depend on
 * how the messages are split into records and pieces.
 *
 * @see RFC 5246 sections 7.4.1.3 and 7.4.2, RFC 8446 sections 4.1.3 and 4.2.11
 */
export class ServerFlightReader {
	/** The current handshake message with its header; it may be split over several records. */
	#message = new GrowingBytes();
	/** The header of the current record, as far as it has come. */
	readonly #header: number[] = [];
	/** Bytes left in the current record. */
	#left = 0;
	#read = 0;
	#saidHello = false;

	/** @param chunk the next bytes; they are copied if more are needed. */
	read(chunk: Buffer): ServerFlight | 'incomplete' {
		for (let pos = 0; pos < chunk.length; ) {
			if (this.#left === 0) {
				// Bounds: pos < chunk.length.
				if (!this.#readHeader(chunk[pos] ?? 0)) return 'none';
				pos++;
				continue;
			}
			const taken = Math.min(this.#left, chunk.length - pos, this.#needed());
			this.#message.add(chunk.subarray(pos, pos + taken));
			this.#left -= taken;
			pos += taken;
			const read = this.#result();
			if (read !== 'incomplete') return read;
		}
		this.#read += chunk.length;
		return this.#read > MAX_BYTES ? 'none' : 'incomplete';
	}

	/** Reads one byte of a record's header: one of type, two of version, two of length. */
	#readHeader(byte: number): boolean {
		const at = this.#header.push(byte);
		if (at === 1) return byte === HANDSHAKE_RECORD;
		if (at === 2) return byte === MAJOR_VERSION;
		if (at < RECORD_HEADER_BYTES) return true;
		const [, , , high = 0, low = 0] = this.#header;
		this.#left = high * 256 + low;
		this.#header.length = 0;
		return this.#left > 0 && this.#left <= MAX_RECORD_BYTES;
	}

	/** How many bytes the current message lacks, or its header. */
	#needed(): number {
		const {bytes} = this.#message;
		const size = bytes.length < MESSAGE_HEADER_BYTES ? 0 : bytes.readUIntBE(1, 3);
		return MESSAGE_HEADER_BYTES + size - bytes.length;
	}

	#result(): ServerFlight | 'incomplete' {
		const needed = this.#needed();
		if (needed > 0) return needed > MAX_BYTES ? 'none' : 'incomplete';
		const {bytes} = this.#message;
		const body = bytes.subarray(MESSAGE_HEADER_BYTES);
		this.#message = new GrowingBytes();
		try {
			if (bytes[0] === CERTIFICATE && this.#saidHello) return certificatesIn(body);
			if (bytes[0] !== SERVER_HELLO || this.#saidHello) return 'none';
			this.#saidHello = true;
			return afterHello(body);
		} catch (error) {
			if (error instanceof RangeError) return 'none';
			throw error;
		}
	}
}

/** @throws RangeError when it ends too early. */
function afterHello(body: Buffer): ServerFlight | 'incomplete' {
	// Version, random, session id, cipher suite, compression method.
	let pos = 2 + 32;
	pos += 1 + body.readUInt8(pos) + 2 + 1;
	if (pos === body.length) return 'incomplete';
	const end = pos + 2 + body.readUInt16BE(pos);
	let isHidden = false;
	for (pos += 2; pos < end; ) {
		const type = body.readUInt16BE(pos);
		// A session is resumed: no certificate follows.
		if (type === PRE_SHARED_KEY) return 'none';
		// TLS 1.3 alone answers with it (RFC 8446, section 4.2.1).
		if (type === SUPPORTED_VERSIONS) isHidden = true;
		pos += 4 + body.readUInt16BE(pos + 2);
	}
	return isHidden ? 'hidden' : 'incomplete';
}

/** @throws RangeError when it ends too early. */
function certificatesIn(body: Buffer): ServerFlight {
	const found: Buffer[] = [];
	const end = 3 + body.readUIntBE(0, 3);
	for (let pos = 3; pos < end; ) {
		const size = body.readUIntBE(pos, 3);
		const from = pos + 3;
		pos = from + size;
		if (size === 0 || pos > body.length) return 'none';
		found.push(body.subarray(from, pos));
	}
	return found.length === 0 ? 'none' : found;
}
