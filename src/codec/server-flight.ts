import type {Buffer} from 'node:buffer';
import type {TlsFields} from './tls-fields.ts';
import {HandshakeReader} from './tls-handshake.ts';

/**
 * What a server's first messages of a TLS handshake show: its certificates, the leaf first (DER); `hidden`: it shows one
 * that is encrypted (TLS 1.3); `none`: it shows none, since it resumes a session, refuses the client, or speaks no TLS.
 */
export type ServerFlight = readonly Buffer[] | 'hidden' | 'none';

/** More than the certificates of any server: common clients take no message above 100 KiB (OpenSSL, `max_cert_list`). */
const MAX_BYTES = 128 * 1024;
/** RFC 8446, section 5.1, and the room of RFC 5246, section 6.2.3. */
const MAX_RECORD_BYTES = 16 * 1024 + 2048;
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
	#saidHello = false;
	readonly #handshake = new HandshakeReader(
		{recordBytes: MAX_RECORD_BYTES, messageBytes: MAX_BYTES, totalBytes: MAX_BYTES},
		(type, body) => this.#take(type, body),
	);

	/** @param chunk the next bytes; they are copied if more are needed. */
	read(chunk: Buffer): ServerFlight | 'incomplete' {
		const read = this.#handshake.read(chunk);
		return read === 'invalid' ? 'none' : read;
	}

	#take(type: number, body: TlsFields): ServerFlight | 'incomplete' {
		if (type === CERTIFICATE && this.#saidHello) return certificatesIn(body);
		if (type !== SERVER_HELLO || this.#saidHello) return 'none';
		this.#saidHello = true;
		return afterHello(body);
	}
}

/** @throws RangeError when it ends too early. */
function afterHello(hello: TlsFields): ServerFlight | 'incomplete' {
	hello.skip(2 + 32); // version, random
	hello.vector(1); // session id
	hello.skip(2 + 1); // cipher suite, compression method
	if (hello.atEnd) return 'incomplete';
	let isHidden = false;
	for (const extensions = hello.vector(2); !extensions.atEnd; extensions.vector(2)) {
		const type = extensions.number(2);
		// A session is resumed: no certificate follows.
		if (type === PRE_SHARED_KEY) return 'none';
		// TLS 1.3 alone answers with it (RFC 8446, section 4.2.1).
		if (type === SUPPORTED_VERSIONS) isHidden = true;
	}
	return isHidden ? 'hidden' : 'incomplete';
}

/** @throws RangeError when it ends too early. */
function certificatesIn(body: TlsFields): ServerFlight {
	const found: Buffer[] = [];
	for (const list = body.vector(3); !list.atEnd; ) {
		const {bytes} = list.vector(3);
		if (bytes.length === 0) return 'none';
		found.push(bytes);
	}
	return found.length === 0 ? 'none' : found;
}
