/** SEQUENCE, constructed. */
const SEQUENCE = 0x30;
/** `[3] EXPLICIT X509`, the peer's certificate. */
const PEER = 0xa3;

/** Newer Nodes (22.23, 24.21 and 26.10) put this, and the name for which it was made, before a client's session. */
const ENVELOPE = Buffer.from('\0nodejs:tls:session:1\0', 'latin1');

/**
 * A client's TLS session, as Node provides it, without the peer's certificate. The certificate is optional, not needed
 * to resume, and reading it is the most expensive part of resuming.
 *
 * @returns the given bytes, when they do not have this form.
 * @see OpenSSL, ssl/ssl_asn1.c, SSL_SESSION_ASN1
 */
export function withoutPeer(session: Buffer): Buffer {
	const begin = endOfEnvelope(session);
	const whole = elementAt(session, begin);
	if (whole === undefined || session[begin] !== SEQUENCE || whole.end !== session.length) return session;
	for (let at = whole.start; at < whole.end; ) {
		const element = elementAt(session, at);
		if (element === undefined || element.end > whole.end) return session;
		if (session[at] === PEER) {
			const rest = Buffer.concat([session.subarray(whole.start, at), session.subarray(element.end)]);
			const head = Buffer.from([SEQUENCE, ...lengthOf(rest.length)]);
			return Buffer.concat([session.subarray(0, begin), head, rest]);
		}
		at = element.end;
	}
	return session;
}

function endOfEnvelope(session: Buffer): number {
	const {length} = ENVELOPE;
	if (session.length < length + 2 || !session.subarray(0, length).equals(ENVELOPE)) return 0;
	return length + 2 + session.readUInt16BE(length);
}

/** The offsets of the content of the DER element at `at`; undefined when there is none. */
function elementAt(bytes: Buffer, at: number): {readonly start: number; readonly end: number} | undefined {
	const first = bytes[at + 1];
	if (first === undefined) return undefined;
	if (first < 0x80) return {start: at + 2, end: at + 2 + first};
	const count = first & 0x7f;
	if (count === 0 || count > 3 || at + 2 + count > bytes.length) return undefined;
	const start = at + 2 + count;
	return {start, end: start + bytes.readUIntBE(at + 2, count)};
}

/** The length octets of a DER element. */
function lengthOf(length: number): number[] {
	if (length < 0x80) return [length];
	if (length < 0x100) return [0x81, length];
	return length < 0x10000
		? [0x82, length >> 8, length & 0xff]
		: [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
}
