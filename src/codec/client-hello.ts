import type {Buffer} from 'node:buffer';
import {GrowingBytes} from '../base/growing-bytes.ts';

/** What a client offers in the first message of a TLS handshake. */
export interface ClientHello {
	/** The requested server name (SNI), if there is one. */
	readonly sni?: string;
	/** The application protocols it offers (ALPN), in its order of preference. */
	readonly alpn: readonly string[];
	/** The newest version it offers. */
	readonly version: string;
}

/** 16 KiB is the size of one record, and more than any client sends. */
const MAX_HELLO_BYTES = 16 * 1024;
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
const HANDSHAKE_RECORD = 22;
/** The major version of TLS 1.0 to 1.3, which are 3.1 to 3.4 on the wire. */
const MAJOR_VERSION = 3;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
const VERSIONS: ReadonlyMap<number, string> = new Map([
	[0x0300, 'SSLv3'],
	[0x0301, 'TLSv1'],
	[0x0302, 'TLSv1.1'],
	[0x0303, 'TLSv1.2'],
	[0x0304, 'TLSv1.3'],
]);

/**
 * Reads a ClientHello from the first bytes of a connection, without consuming them. The cost per byte does not depend
 * on how the hello is split into records and pieces.
 *
 * @see RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3, RFC 7301 section 3.1
 */
export class ClientHelloReader {
	/** The handshake message with its header; it may be split over several records. */
	readonly #message = new GrowingBytes();
	/** Bytes of the whole message; before its header is complete, those of the header. */
	#neededBytes = MESSAGE_HEADER_BYTES;
	/** Bytes read of the current record's header, and the length in it. */
	#header = 0;
	#size = 0;
	/** Bytes left in the current record. */
	#left = 0;
	#read = 0;

	/**
	 * @param chunk the next bytes; they are copied if more are needed.
	 * @returns the hello, `incomplete` when it may still come, `not-tls` when it will not.
	 */
	read(chunk: Buffer): ClientHello | 'incomplete' | 'not-tls' {
		for (let pos = 0; pos < chunk.length; ) {
			if (this.#left === 0) {
				// Bounds: pos < chunk.length.
				if (!this.#readHeader(chunk[pos] ?? 0)) return 'not-tls';
				pos++;
				continue;
			}
			const taken = Math.min(this.#left, chunk.length - pos, this.#neededBytes - this.#message.length);
			this.#message.add(chunk.subarray(pos, pos + taken));
			this.#left -= taken;
			pos += taken;
			const read = this.#result();
			if (read !== 'incomplete') return read;
		}
		this.#read += chunk.length;
		return this.#read > 2 * MAX_HELLO_BYTES ? 'not-tls' : 'incomplete';
	}

	/** Reads one byte of a record's header: one of type, two of version, two of length. */
	#readHeader(byte: number): boolean {
		this.#header++;
		if (this.#header === 1) return byte === HANDSHAKE_RECORD;
		if (this.#header === 2) return byte === MAJOR_VERSION;
		if (this.#header === 3) return true;
		this.#size = (this.#size << 8) | byte;
		if (this.#header < RECORD_HEADER_BYTES) return true;
		this.#left = this.#size;
		this.#header = 0;
		this.#size = 0;
		return this.#left > 0 && this.#left <= MAX_HELLO_BYTES;
	}

	#result(): ClientHello | 'incomplete' | 'not-tls' {
		const {bytes} = this.#message;
		if (bytes[0] !== CLIENT_HELLO) return 'not-tls';
		if (bytes.length < this.#neededBytes) return 'incomplete';
		if (this.#neededBytes === MESSAGE_HEADER_BYTES) {
			this.#neededBytes += bytes.readUIntBE(1, 3);
			if (this.#neededBytes > MAX_HELLO_BYTES) return 'not-tls';
			if (bytes.length < this.#neededBytes) return 'incomplete';
		}
		try {
			return readHello(new Cursor(bytes.subarray(MESSAGE_HEADER_BYTES)));
		} catch (error) {
			if (error instanceof RangeError) return 'not-tls';
			throw error;
		}
	}
}

/** Reads a ClientHello from the first bytes of a connection. */
export function readClientHello(bytes: Buffer): ClientHello | 'incomplete' | 'not-tls' {
	return new ClientHelloReader().read(bytes);
}

function readHello(hello: Cursor): ClientHello {
	let version = hello.number(2);
	hello.skip(32); // random
	hello.vector(1); // session id
	hello.vector(2); // cipher suites
	hello.vector(1); // compression methods
	let sni: string | undefined;
	let alpn: string[] = [];
	const extensions = hello.atEnd ? undefined : hello.vector(2);
	while (extensions !== undefined && !extensions.atEnd) {
		const type = extensions.number(2);
		const body = extensions.vector(2);
		if (type === SERVER_NAME) sni = readServerName(body);
		else if (type === ALPN) alpn = readAlpn(body);
		else if (type === SUPPORTED_VERSIONS) version = newest(body.vector(1), version);
	}
	return {
		...(sni === undefined ? {} : {sni}),
		alpn,
		version: VERSIONS.get(version) ?? `0x${version.toString(16).padStart(4, '0')}`,
	};
}

function readServerName(body: Cursor): string | undefined {
	const names = body.vector(2);
	while (!names.atEnd) {
		const type = names.number(1);
		const name = names.vector(2).text();
		if (type === 0) return name;
	}
	return undefined;
}

function readAlpn(body: Cursor): string[] {
	const protocols: string[] = [];
	for (const list = body.vector(2); !list.atEnd; ) protocols.push(list.vector(1).text());
	return protocols;
}

function newest(list: Cursor, legacy: number): number {
	let best = 0;
	while (!list.atEnd) {
		const version = list.number(2);
		// GREASE values (RFC 8701) are not versions.
		if (VERSIONS.has(version)) best = Math.max(best, version);
	}
	return best === 0 ? legacy : best;
}

/** Reads TLS's length-prefixed fields. @throws RangeError past the end: then it is not a valid hello. */
class Cursor {
	readonly #bytes: Buffer;
	#pos = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	get atEnd(): boolean {
		return this.#pos >= this.#bytes.length;
	}

	number(size: number): number {
		const value = this.#bytes.readUIntBE(this.#pos, size);
		this.#pos += size;
		return value;
	}

	skip(size: number): void {
		this.#take(size);
	}

	vector(prefix: number): Cursor {
		return new Cursor(this.#take(this.number(prefix)));
	}

	text(): string {
		return this.#bytes.toString('latin1');
	}

	#take(size: number): Buffer {
		const end = this.#pos + size;
		// readUIntBE throws a RangeError past the end; so does this.
		if (size > 0) this.#bytes.readUInt8(end - 1);
		const taken = this.#bytes.subarray(this.#pos, end);
		this.#pos = end;
		return taken;
	}
}
