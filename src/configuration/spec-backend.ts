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

/** An answer of a `reply`. Its times go by the emulator's clock, and end when the client leaves. */
export interface ReplyAnswer {
	/** 200 unless said otherwise. */
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Waits before it answers. */
	readonly delay?: Duration;
	/** Sends the body in pieces of so many bytes, one at once and the others `every` so long, or so many bytes a second. */
	readonly pace?: {readonly bytes: number; readonly every: Duration} | {readonly bandwidth: number};
	/** Server-sent events in place of a body. */
	readonly events?: ReplyEvents;
}

/** A stream of server-sent events (WHATWG HTML, server-sent events). */
export interface ReplyEvents {
	/** In this order, the first at once; a text is the data of an event. */
	readonly send: readonly (string | ReplyEvent)[];
	/** The time between two of them; 1 s unless said otherwise. */
	readonly every?: Duration;
	/** After the last: the answer ends (`close`, unless said otherwise), stays open, or begins again. */
	readonly end?: 'close' | 'stay' | 'repeat';
}

export interface ReplyEvent {
	readonly data: string;
	readonly event?: string;
	readonly id?: string;
	/** How long a client is to wait before it connects again. */
	readonly retry?: Duration;
}

/** A step of a script. What it leaves out is as in the `reply` itself; its `body` or `events` stand for both. */
export interface ReplyStep extends ReplyAnswer {
	/** How many requests it answers; 1 unless said otherwise. The last step answers all that follow. */
	readonly times?: number;
	/**
	 * Answers requests for paths of this pattern only, as in rules: `*` and `?` are wildcards, the query does not count.
	 * Steps with the same pattern are a script of their own. The first pattern that matches counts; steps without one
	 * answer what no pattern matches, and where there is none, the `reply` itself does.
	 */
	readonly path?: string;
}

export interface ReplyBackend extends FakeBackendCommon, ReplyAnswer {
	/** Answers every request alike, or by a script. */
	readonly kind: 'reply';
	/**
	 * Answers in order: `[{status: 503, times: 2}, {status: 200}]`. Health checks over HTTP count as well. It begins
	 * anew when the back-end is started again, and at a reset of the emulator.
	 */
	readonly script?: readonly ReplyStep[];
	/** How long it keeps an idle connection open, by the emulator's clock. */
	readonly keepAlive?: Duration;
}
export interface HarBackend extends FakeBackendCommon {
	/**
	 * Answers as recorded in a HAR file: by method, path and query, in the order of the recordings, the last one from then
	 * on. What was not recorded is answered 404, with what was. It begins anew as a script does.
	 */
	readonly kind: 'har';
	/** Its path: in a configuration file relative to that, in the library to the working directory. */
	readonly file: string;
	/**
	 * Takes as long as was recorded, by the emulator's clock: the wait for each answer, and the time its body took. The
	 * times of the connection (DNS, connect, TLS) are the client's own. At once unless said otherwise.
	 */
	readonly timings?: boolean;
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
	| HarBackend
	| HandlerBackend
	| TcpBackend
	| SocketBackend
	| CommandBackend
	| AddressBackend;
