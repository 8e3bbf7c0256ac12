import net from 'node:net';
import tls from 'node:tls';
import {EmulatorError} from '../../base/errors.ts';
import {spkiOf} from '../../certificates/public-key.ts';
import {withoutNodeTimeout} from '../sockets/node-timeout.ts';

/** How TLS is spoken to a back-end. */
export interface BackendTlsOptions {
	readonly secureContext: tls.SecureContext;
	/** Whether a certificate that does not verify ends the connection. The cloud does not verify (AWS Classic ELB). */
	readonly verify: boolean;
	/** The name the certificate must carry, also sent as SNI; undefined: none is sent, any is taken. */
	readonly servername: string | undefined;
	readonly alpn: readonly string[] | undefined;
	/**
	 * Base64 of the SubjectPublicKeyInfo that its certificate may have; undefined: any. Chains and names are not looked at
	 * for that (AWS Classic ELB, BackendServerAuthenticationPolicyType).
	 */
	readonly publicKeys: ReadonlySet<string> | undefined;
}

/** What is wrong with a connection on purpose. */
export interface ConnectionFault {
	/** Dials in place of `dialTcp`. */
	dial(target: {readonly host: string; readonly port: number}): net.Socket;
	/** Why the back-end is refused once TLS stands; undefined: it is not. */
	readonly refusal: Error | undefined;
	/** Whether TLS ends within the first data from the back-end, without a close_notify. */
	readonly truncatesTls: boolean;
	/** Lets the ends of TLS over the connection come late. */
	slowTlsEnd(stream: net.Socket): void;
	/** Notes that not all of what the back-end sent has been handed on, though nothing about it has failed. */
	noteAltered(): void;
}

export interface DialTarget {
	readonly host: string;
	readonly port: number;
	/** Our own memory to read into, which spares the 64 KiB that Node allocates for each read. Not under TLS. */
	readonly onread?: net.OnReadOpts | undefined;
}

/**
 * Begins a TCP connection to a back-end, for traffic or for a probe. The caller listens for its errors before it returns
 * to the event loop.
 *
 * @throws what Node throws on a host that can be none, such as one with a NUL.
 */
export function dialTcp({host, port, onread}: DialTarget): net.Socket {
	// allowHalfOpen: the end of one direction leaves the other open.
	const options = {host, port, allowHalfOpen: true, noDelay: true};
	// `onread` is documented, and not in the types.
	const made: net.SocketConstructorOpts = onread === undefined ? options : ({...options, onread} as typeof options);
	return withoutNodeTimeout(new net.Socket(made)).connect(options);
}

/**
 * Speaks TLS over `raw`, connected or not yet.
 *
 * @param session of an earlier connection, to be resumed.
 * @throws what OpenSSL throws on a session that it does not read.
 */
export function speakTls(
	raw: net.Socket,
	{secureContext, verify, servername, alpn}: BackendTlsOptions,
	session?: Buffer,
): tls.TLSSocket {
	return tls.connect({
		socket: raw,
		secureContext,
		rejectUnauthorized: verify,
		...(servername === undefined ? {checkServerIdentity: () => undefined} : {servername}),
		...(alpn === undefined ? {} : {ALPNProtocols: [...alpn]}),
		...(session === undefined ? {} : {session}),
	});
}

/** Why nothing may be sent to a back-end whose handshake is done; undefined when it is one of those that may be trusted. */
export function refusalOfPeer(stream: tls.TLSSocket, {publicKeys}: BackendTlsOptions): EmulatorError | undefined {
	if (publicKeys === undefined) return undefined;
	const key = stream.getPeerX509Certificate()?.publicKey;
	if (key !== undefined && publicKeys.has(spkiOf(key))) return undefined;
	return new EmulatorError(
		'BACKEND_KEY_UNKNOWN',
		'the public key of the back-end is not one that the policies of its port allow',
	);
}
