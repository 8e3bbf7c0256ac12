import {createHash} from 'node:crypto';
import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {TLSSocket} from 'node:tls';
import type {Endpoint, ProxyHeader} from '../codec/proxy-protocol.ts';
import {isClientTrusted} from './client-certificate.ts';
import {proxyHeaderOf} from './proxy-header.ts';

/**
 * Header names in lower case; equal names joined. It has no prototype, so that a name such as `__proto__` is only a
 * key.
 */
export type HeaderFields = Readonly<Record<string, string>>;

/** What an echo answers with, as JSON: everything it received, and from whom. */
export interface EchoDocument {
	/** The name of the back-end that answered. */
	readonly backend: string;
	readonly method: string;
	/** The request target as sent. */
	readonly target: string;
	readonly httpVersion: string;
	/** Name, value, name, value: order, case and duplicates as received. */
	readonly rawHeaders: readonly string[];
	readonly headers: HeaderFields;
	readonly trailers: HeaderFields;
	/** The first MiB of the body: as text, or in base64 when it is not UTF-8. */
	readonly body: string;
	readonly bodyEncoding: 'utf8' | 'base64';
	/** Whether `body` holds only the beginning; `bodyBytes` and `bodySha256` cover all of it. */
	readonly bodyTruncated: boolean;
	readonly bodyBytes: number;
	/** Hexadecimal. */
	readonly bodySha256: string;
	/** Who connected: the load balancer, unless the client came directly. */
	readonly peer: {readonly address: string | null; readonly port: number | null};
	/** The PROXY header of the connection, for back-ends that read one. */
	readonly proxy: EchoProxy | null;
	readonly tls: EchoTls | null;
}

/** The PROXY header of the connection on which the request came. */
export interface EchoProxy {
	readonly version: 1 | 2;
	/** `UNKNOWN` also stands for LOCAL of version 2 and for any other family; it has no usable addresses. */
	readonly family: ProxyHeader['family'];
	/** The client. */
	readonly source: Endpoint | null;
	/** Where the client connected to. */
	readonly destination: Endpoint | null;
}

/** The TLS of the connection on which the request came. */
export interface EchoTls {
	readonly version: string | null;
	/** The suite's name in OpenSSL's spelling. */
	readonly cipher: string;
	readonly alpn: string | null;
	/** The server name the client asked for. */
	readonly sni: string | null;
	readonly resumed: boolean;
	readonly clientCertificate: EchoClientCertificate | null;
}

/** The certificate that a client has shown. */
export interface EchoClientCertificate {
	readonly subject: string;
	readonly fingerprint256: string;
	/** Whether one of the back-end's authorities for clients signed it, and it is valid. */
	readonly trusted: boolean;
}

/** How much of a body the JSON holds. */
export const MAX_ECHOED_BODY_BYTES = 1024 * 1024;

/** The header that names the fake back-end that answered. */
export const BACKEND_HEADER = 'x-lb-local-backend';

/** Answers each request, once it is complete, with its {@link EchoDocument}. */
export function echo(name: string): RequestListener {
	return (request, response) => {
		const body = new BodyRecord();
		request.on('data', (chunk: Buffer) => body.add(chunk));
		request.on('end', () => answer(response, describe({name, request, body})));
	};
}

/** The name as a header value: printable ASCII, anything else percent-encoded. */
export function nameAsHeader(name: string): string {
	// Through a Buffer, because encodeURIComponent throws on half a surrogate pair.
	return Buffer.from(name)
		.toString()
		.replace(/[^\x20-\x7e]/gu, encodeURIComponent);
}

function answer(response: ServerResponse, document: EchoDocument): void {
	const json = JSON.stringify(document);
	response.writeHead(200, {
		'content-type': 'application/json',
		'content-length': Buffer.byteLength(json),
		[BACKEND_HEADER]: nameAsHeader(document.backend),
	});
	response.end(json);
}

interface Received {
	readonly name: string;
	readonly request: IncomingMessage;
	readonly body: BodyRecord;
}

function describe({name, request, body}: Received): EchoDocument {
	const {socket} = request;
	return {
		backend: name,
		method: request.method ?? '',
		target: request.url ?? '',
		httpVersion: request.httpVersion,
		rawHeaders: request.rawHeaders,
		headers: fieldsFrom(request.rawHeaders),
		trailers: fieldsFrom(request.rawTrailers),
		...body.text(),
		bodyTruncated: body.truncated,
		bodyBytes: body.bytes,
		bodySha256: body.sha256(),
		peer: {address: socket.remoteAddress ?? null, port: socket.remotePort ?? null},
		proxy: describeProxy(proxyHeaderOf(socket)),
		tls: describeTls(socket),
	};
}

/**
 * Not from `request.headers`, which drops some duplicates, and not into a plain object, where `__proto__` is special.
 */
function fieldsFrom(raw: readonly string[]): HeaderFields {
	const fields: Record<string, string> = Object.create(null);
	for (let i = 0; i + 1 < raw.length; i += 2) {
		const name = (raw[i] ?? '').toLowerCase();
		const value = raw[i + 1] ?? '';
		const before = fields[name];
		// RFC 9110 §5.3, and RFC 6265 §5.4 for cookies.
		fields[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
	}
	return fields;
}

function describeProxy(header: ProxyHeader | undefined): EchoProxy | null {
	if (header === undefined) return null;
	const {version, family, source = null, destination = null} = header;
	return {version, family, source, destination};
}

function describeTls(socket: Socket): EchoTls | null {
	if (!(socket instanceof TLSSocket)) return null;
	const certificate = socket.getPeerX509Certificate();
	return {
		version: socket.getProtocol(),
		cipher: socket.getCipher().name,
		// Node returns `false` when there is none.
		alpn: socket.alpnProtocol || null,
		sni: serverNameOf(socket),
		resumed: socket.isSessionReused(),
		clientCertificate:
			certificate === undefined
				? null
				: {
						subject: certificate.subject.replaceAll('\n', ', '),
						fingerprint256: certificate.fingerprint256,
						trusted: isClientTrusted(socket),
					},
	};
}

/**
 * `servername` is documented, but missing in Node's types of a server's socket. Node returns `false` when there is
 * none.
 */
function serverNameOf(socket: TLSSocket): string | null {
	return 'servername' in socket && typeof socket.servername === 'string' ? socket.servername : null;
}

/** Counts and hashes a whole body, and keeps its beginning. */
class BodyRecord {
	bytes = 0;
	readonly #hash = createHash('sha256');
	readonly #kept: Buffer[] = [];
	#keptBytes = 0;

	get truncated(): boolean {
		return this.bytes > this.#keptBytes;
	}

	add(chunk: Buffer): void {
		this.bytes += chunk.length;
		this.#hash.update(chunk);
		if (this.#keptBytes === MAX_ECHOED_BODY_BYTES) return;
		const kept = chunk.subarray(0, MAX_ECHOED_BODY_BYTES - this.#keptBytes);
		this.#kept.push(kept);
		this.#keptBytes += kept.length;
	}

	text(): Pick<EchoDocument, 'body' | 'bodyEncoding'> {
		const bytes = Buffer.concat(this.#kept);
		try {
			// With `stream`, a last character that the limit cut in two is no error.
			const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
			return {body: decoder.decode(bytes, {stream: this.truncated}), bodyEncoding: 'utf8'};
		} catch {
			// Not UTF-8: `fatal` makes the decoder throw.
			return {body: bytes.toString('base64'), bodyEncoding: 'base64'};
		}
	}

	sha256(): string {
		return this.#hash.digest('hex');
	}
}
