import {constants, createHash} from 'node:crypto';
import {DEFAULT_CIPHERS, type SecureContext, TLSSocket} from 'node:tls';
import {EmulatorError, messageOf} from '../base/errors.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import {createServerContext} from '../certificates/session-tickets.ts';
import {isClientTrusted} from './client-certificate.ts';
import {inheritProxyHeader} from './proxy-header.ts';
import {ignoreSocketError, type Serve} from './serve.ts';

/** How a fake back-end speaks TLS, and with which certificate. */
export interface FakeBackendTls {
	/** `always`: TLS only. `detect`: TLS or plain, decided by the first byte of each client. */
	readonly mode: 'always' | 'detect';
	/** The leaf, as PEM. */
	readonly cert: string;
	/** The leaf's private key, as PEM. */
	readonly key: string;
	/** Intermediate certificates in order, as PEM; sent after the leaf. */
	readonly chain?: string | undefined;
	/**
	 * The pair comes from our own authority and needs no check; it is read at the first handshake, so that it can be
	 * issued then.
	 */
	readonly isIssued?: boolean | undefined;
	/** Asks each client for a certificate. `true`: it may decline; `require`: without a trusted one it is refused. */
	readonly clientAuth?: boolean | 'require' | undefined;
	/** The authorities that client certificates are trusted from, and that the request for one names, as PEM. */
	readonly ca?: string | undefined;
	/** OpenSSL shows no certificate whose key is weak unless this is set. */
	readonly allowsWeakKey?: boolean | undefined;
	/** How long a handshake may take; 10 s by default. */
	readonly handshakeTimeoutMs?: number | undefined;
}

/** The load balancer's own limit for its clients. A guess: no vendor documents what a back-end does. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** RFC 8446 §5.1: the content type of a handshake record, the first byte of every TLS connection. */
const HANDSHAKE_RECORD = 0x16;

/**
 * The certificate and the session ticket keys of one back-end. Made once: a client resumes its session for as long
 * as this context is used.
 *
 * @throws EmulatorError `INVALID_CERTIFICATE` when the certificate or its key cannot be used.
 */
export function secureContextFor(name: string, {cert, key, chain, ca, allowsWeakKey}: FakeBackendTls): SecureContext {
	try {
		return createServerContext({
			cert: chain === undefined ? cert : `${cert.trimEnd()}\n${chain}`,
			key,
			secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
			...(ca === undefined ? {} : {ca}),
			...(allowsWeakKey === true ? {ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0`} : {}),
			// Without this, OpenSSL does not resume a session in which a client certificate was requested. At most 32 bytes.
			sessionIdContext: createHash('sha256').update(name).digest('hex').slice(0, 32),
		});
	} catch (cause) {
		throw new EmulatorError(
			'INVALID_CERTIFICATE',
			`The certificate of back-end "${name}" cannot be used: ${messageOf(cause)}`,
			{hint: 'Give a PEM certificate and the unencrypted PEM key that belongs to it.', cause},
		);
	}
}

/** What {@link terminateTls} needs beside the connection. */
export interface TerminateOptions {
	/** Called for each client. When it throws, the connection is destroyed and `onUnusable` is called. */
	readonly secureContext: () => SecureContext;
	readonly onUnusable: (error: unknown) => void;
	/** Offered in ALPN, in order of preference; none for protocols without an ALPN name. */
	readonly alpn?: readonly string[] | undefined;
	readonly clientAuth: boolean | 'require';
	readonly handshakeTimeoutMs?: number | undefined;
	readonly serve: Serve;
	/** Called when a client that has sent a byte leaves or is refused before the end of its handshake. */
	readonly onFailure: () => void;
}

/** Terminates TLS, then serves the decrypted stream. */
export function terminateTls(options: TerminateOptions): Serve {
	const {
		secureContext,
		onUnusable,
		alpn,
		clientAuth,
		handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS,
		serve,
		onFailure,
	} = options;
	return raw => {
		let context: SecureContext;
		try {
			context = secureContext();
		} catch (error) {
			raw.destroy();
			onUnusable(error);
			return;
		}
		// Bytes that were read and not put back, a PROXY header, are not part of the handshake.
		const bytesBefore = raw.bytesRead - raw.readableLength;
		const connection = new TLSSocket(raw, {
			isServer: true,
			secureContext: context,
			requestCert: clientAuth !== false,
			// Refuses those that send none. Others get through the handshake, whoever signed their certificate.
			rejectUnauthorized: clientAuth === 'require',
			...(alpn === undefined ? {} : {ALPNProtocols: [...alpn]}),
		});
		connection.on('error', ignoreSocketError);
		// After the handshake, a TLSSocket without a tls.Server reports a broken record only by this undocumented event,
		// and stays open (Node 20 to 26).
		connection.on('_tlsError', () => connection.destroy());
		inheritProxyHeader(connection, raw);

		let established = false;
		const deadline = setTimeout(() => raw.destroy(), handshakeTimeoutMs);
		// `secureConnection` belongs to tls.Server; a TLSSocket without one emits `secure` after its handshake.
		connection.once('secure', () => {
			clearTimeout(deadline);
			if (clientAuth === 'require' && !isClientTrusted(connection)) {
				// Node can send no alert any more: its own servers close such a connection as well.
				raw.destroy();
				return;
			}
			established = true;
			serve(connection);
		});
		// A client that ends before the handshake is done cannot finish it.
		const onEnd = () => {
			if (!established) raw.destroy();
		};
		connection.once('end', onEnd);
		// The code that read a PROXY header may have read the end already.
		raw.once('end', onEnd);
		connection.once('close', () => {
			clearTimeout(deadline);
			// A port probe connects and leaves without a byte: that is no failed handshake.
			if (!established && raw.bytesRead > bytesBefore) onFailure();
		});
	};
}

/**
 * Serves TLS and plain clients on one port: the first byte decides, and is not lost. A client that ends without a byte
 * is closed. A behaviour that speaks first is therefore served only after the client's first byte.
 */
export function detectTls({tls, plain}: {readonly tls: Serve; readonly plain: Serve}): Serve {
	return raw => {
		// 'readable', not 'data': removing its listener leaves the stream in its initial state, neither flowing nor paused.
		const onReadable = () => {
			const first: Buffer | null = raw.read();
			if (first === null) return;
			raw.off('readable', onReadable);
			raw.off('end', onEnd);
			raw.unshift(first);
			const serve = first[0] === HANDSHAKE_RECORD ? tls : plain;
			serve(raw);
		};
		const onEnd = () => raw.end();
		raw.on('readable', onReadable);
		raw.on('end', onEnd);
		// The code that read a PROXY header may have put back bytes that followed it.
		onReadable();
	};
}
