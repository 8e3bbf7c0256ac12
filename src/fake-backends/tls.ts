import {constants, createHash} from 'node:crypto';
import {type SecureContext, TLSSocket} from 'node:tls';
import {EmulatorError, messageOf} from '../base/errors.ts';
import {clearTimeout, setTimeout} from '../base/timers.ts';
import {createServerContext} from '../certificates/session-tickets.ts';
import {inheritProxyHeader} from './proxy-header.ts';
import {ignoreSocketError, type Serve} from './serve.ts';

/** How a fake back-end speaks TLS, and with whose certificate. */
export interface FakeBackendTls {
	/** `always`: TLS only. `detect`: TLS or plain, judged by the first byte each client sends. */
	readonly mode: 'always' | 'detect';
	/** The leaf, as PEM. */
	readonly cert: string;
	/** The leaf's private key, as PEM. */
	readonly key: string;
	/** Intermediate certificates in order, as PEM; sent after the leaf. */
	readonly chain?: string | undefined;
	/** The pair is known to be good: it is asked for at the first handshake, so that it can be made then. */
	readonly isIssued?: boolean | undefined;
	/** Asks each client for a certificate, without insisting on one. */
	readonly clientAuth?: boolean | undefined;
	/** Authorities named in the request for a client certificate, as PEM. */
	readonly ca?: string | undefined;
	/** How long a handshake may take; 10 s unless said otherwise. */
	readonly handshakeTimeoutMs?: number | undefined;
}

/** As long as the load balancer gives its own clients. A guess: no vendor says what a back-end does. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** RFC 8446 §5.1: the content type of a handshake record, the first byte of every TLS connection. */
const HANDSHAKE_RECORD = 0x16;

/**
 * The certificate and the session ticket keys of one back-end. Made once: a client resumes its session for as long
 * as this context is used.
 *
 * @throws EmulatorError `INVALID_CERTIFICATE` when the certificate or its key cannot be used.
 */
export function secureContextFor(name: string, {cert, key, chain, ca}: FakeBackendTls): SecureContext {
	try {
		return createServerContext({
			cert: chain === undefined ? cert : `${cert.trimEnd()}\n${chain}`,
			key,
			secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
			...(ca === undefined ? {} : {ca}),
			// OpenSSL refuses to resume a session that asked for a client certificate unless this is set; 32 bytes at most.
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
	/** Called for each client. Where it throws, the client is let go and `onUnusable` told. */
	readonly secureContext: () => SecureContext;
	readonly onUnusable: (error: unknown) => void;
	/** Offered in ALPN, in order of preference; none for protocols that have no name there. */
	readonly alpn?: readonly string[] | undefined;
	readonly clientAuth: boolean;
	readonly handshakeTimeoutMs?: number | undefined;
	readonly serve: Serve;
	/** A client began to speak and was gone, or refused, before its handshake was done. */
	readonly onFailure: () => void;
}

/** Speaks TLS with the client, then serves the clear stream. */
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
		// What was read and is not waiting to be read again is no part of the handshake: a PROXY header.
		const bytesBefore = raw.bytesRead - raw.readableLength;
		const connection = new TLSSocket(raw, {
			isServer: true,
			secureContext: context,
			requestCert: clientAuth,
			rejectUnauthorized: false,
			...(alpn === undefined ? {} : {ALPNProtocols: [...alpn]}),
		});
		connection.on('error', ignoreSocketError);
		// After the handshake, a TLSSocket without a tls.Server tells of a broken record by this undocumented event alone,
		// and stays open (Node 20 to 26).
		connection.on('_tlsError', () => connection.destroy());
		inheritProxyHeader(connection, raw);

		let established = false;
		const deadline = setTimeout(() => raw.destroy(), handshakeTimeoutMs);
		// `secureConnection` belongs to tls.Server; a TLSSocket on its own tells of its handshake with `secure`.
		connection.once('secure', () => {
			established = true;
			clearTimeout(deadline);
			serve(connection);
		});
		// Half-open is for those who talk: an end before the handshake leaves nothing to wait for.
		const leave = () => {
			if (!established) raw.destroy();
		};
		connection.once('end', leave);
		// Who waited for a PROXY header may have read the end already.
		raw.once('end', leave);
		connection.once('close', () => {
			clearTimeout(deadline);
			// A port probe connects and leaves; it never meant to shake hands.
			if (!established && raw.bytesRead > bytesBefore) onFailure();
		});
	};
}

/**
 * Serves TLS and plain clients on one port: the first byte decides, and is not lost. A client that leaves without a
 * byte is let go. A behaviour that speaks first is therefore heard only after the client has spoken.
 */
export function detectTls({tls, plain}: {readonly tls: Serve; readonly plain: Serve}): Serve {
	return raw => {
		// 'readable' and not 'data': once its listener is gone the stream is as untouched as before, neither flowing nor paused.
		const look = () => {
			const first: Buffer | null = raw.read();
			if (first === null) return;
			raw.off('readable', look);
			raw.off('end', leave);
			raw.unshift(first);
			const serve = first[0] === HANDSHAKE_RECORD ? tls : plain;
			serve(raw);
		};
		const leave = () => raw.end();
		raw.on('readable', look);
		raw.on('end', leave);
		// Who read a PROXY header may have left bytes behind it.
		look();
	};
}
