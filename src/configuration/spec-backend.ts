import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import type {Duration} from '../base/duration.ts';
import type {ProxyProtocolMode} from '../model/normalised.ts';
import type {TlsDefect} from '../model/tls-defect.ts';

/** A fake back-end's own certificate. */
export interface BackendTls {
	/** Names and addresses; the back-end's name, the load balancers' DNS names and loopback unless said otherwise. */
	readonly names?: readonly string[];
	/**
	 * Asks each client for a certificate; the echo says what came. `true`: without insisting on one. `require`: a client
	 * without one is refused in the handshake, and one whose certificate is not trusted is disconnected after it.
	 */
	readonly clientAuth?: boolean | 'require';
	/** PEM of the authorities whose client certificates are trusted; the emulator's own unless said otherwise. */
	readonly clientCa?: string;
	/**
	 * What is wrong with the certificate, by the real clock, whichever the emulator has. `wrong-host`: it is for
	 * `wrong-host.invalid`, in place of `names`; `weak-key`: RSA with 768 bits; `untrusted-ca`: an authority that nobody
	 * knows signed it, and is sent with it; `incomplete-chain`: the authority signed an intermediate, which is not sent.
	 */
	readonly defect?: TlsDefect;
}

export type {ProxyProtocolMode, TlsDefect};

/** What every fake back-end may have. */
export interface FakeBackendCommon {
	readonly name?: string;
	/**
	 * Serves TLS with its own certificate. `detect`: TLS or plain on one port, by the first byte of each client, as the
	 * back-ends that a number stands for.
	 */
	readonly tls?: boolean | 'detect' | BackendTls;
	/**
	 * What is made of a PROXY header, which comes before TLS. `off`, the default: it is payload, and an HTTP fake answers
	 * 400, as real servers do. `accept`: it is read when there is one, and anything else is served as it is. `require`: a
	 * connection without a well-formed one is closed without an answer.
	 *
	 * Kinds that speak first (`source`, `banner`, many a `socket`) wait for the header under `require`; under `accept`
	 * they cannot know whether one comes, so they wait for the client's first bytes, or its end.
	 */
	readonly proxyProtocol?: ProxyProtocolMode;
}

export interface EchoBackend extends FakeBackendCommon {
	/** Answers with a JSON document of everything it received. */
	readonly kind: 'echo';
}
export interface ReplyBackend extends FakeBackendCommon {
	/** Answers every request alike. */
	readonly kind: 'reply';
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Waits before it answers. */
	readonly delay?: Duration;
	/** How long it keeps an idle connection open. */
	readonly keepAlive?: Duration;
}
export interface HandlerBackend extends FakeBackendCommon {
	/** Your own request handler. */
	readonly kind: 'handler';
	readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
}
export interface TcpBackend extends FakeBackendCommon {
	readonly kind: 'tcp';
	/** `echo`: what came goes back; `sink`: reads and says nothing; `source`: sends `data` and ends; `banner`: sends `data` first, then echoes. */
	readonly mode: 'echo' | 'sink' | 'source' | 'banner';
	readonly data?: string | Uint8Array;
}
export interface SocketBackend extends FakeBackendCommon {
	/** Your own connection handler; it owns the stream from then on. */
	readonly kind: 'socket';
	readonly handler: (socket: Duplex) => void;
}
export interface CommandBackend {
	readonly kind: 'command';
	readonly name?: string;
	/** A shell command, started with `PORT` in its environment and killed on stop. */
	readonly run: string;
	/** The port it listens on; a free one unless said otherwise. */
	readonly port?: number;
}
export interface AddressBackend {
	/** Your own server. */
	readonly kind: 'address';
	readonly name?: string;
	readonly host: string;
	/** One port for every listener's traffic. */
	readonly port?: number;
	/** Ports by the listener's back-end port. */
	readonly ports?: Readonly<Record<number, number>>;
}

/**
 * A back-end: your own server (`127.0.0.1:3000`; `3000` for that port of 127.0.0.1; `127.0.0.5` for the listener's
 * back-end port there), or a fake one.
 */
export type BackendSpec =
	| string
	| number
	| EchoBackend
	| ReplyBackend
	| HandlerBackend
	| TcpBackend
	| SocketBackend
	| CommandBackend
	| AddressBackend;
