import type {Buffer} from 'node:buffer';
import type {TlsFields} from './tls-fields.ts';
import {HandshakeReader, MESSAGE_HEADER_BYTES} from './tls-handshake.ts';

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
	readonly #handshake = new HandshakeReader(
		{
			type: CLIENT_HELLO,
			recordBytes: MAX_HELLO_BYTES,
			messageBytes: MAX_HELLO_BYTES - MESSAGE_HEADER_BYTES,
			totalBytes: 2 * MAX_HELLO_BYTES,
		},
		(_, hello) => readHello(hello),
	);

	/**
	 * @param chunk the next bytes; they are copied if more are needed.
	 * @returns the hello, `incomplete` when it may still come, `not-tls` when it will not.
	 */
	read(chunk: Buffer): ClientHello | 'incomplete' | 'not-tls' {
		const read = this.#handshake.read(chunk);
		return read === 'invalid' ? 'not-tls' : read;
	}
}

/** Reads a ClientHello from the first bytes of a connection. */
export function readClientHello(bytes: Buffer): ClientHello | 'incomplete' | 'not-tls' {
	return new ClientHelloReader().read(bytes);
}

function readHello(hello: TlsFields): ClientHello {
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

function readServerName(body: TlsFields): string | undefined {
	const names = body.vector(2);
	while (!names.atEnd) {
		const type = names.number(1);
		const name = names.vector(2).bytes.toString('latin1');
		if (type === 0) return name;
	}
	return undefined;
}

function readAlpn(body: TlsFields): string[] {
	const protocols: string[] = [];
	for (const list = body.vector(2); !list.atEnd; ) protocols.push(list.vector(1).bytes.toString('latin1'));
	return protocols;
}

function newest(list: TlsFields, legacy: number): number {
	let best = 0;
	while (!list.atEnd) {
		const version = list.number(2);
		// GREASE values (RFC 8701) are not versions.
		if (VERSIONS.has(version)) best = Math.max(best, version);
	}
	return best === 0 ? legacy : best;
}
