import type {ClientHello} from '../codec/client-hello.ts';
import type {Message} from './message.ts';

export interface PeerTls {
	readonly version: string;
	readonly cipher: string;
	readonly alpn?: string;
	readonly sni?: string;
	/** SHA-256 fingerprint of the certificate the other side showed, where it showed one. */
	readonly certificate?: string;
	/** Why a back-end's certificate does not verify; absent when it does. The cloud does not look. */
	readonly unverified?: string;
}

export interface Peer {
	readonly address: string;
	readonly port: number;
	readonly tls?: PeerTls;
}

/**
 * How an exchange ended; `open` while it has not.
 *
 * `backend-invalid`: the back-end's answer broke a rule of HTTP. `backend-tls`: no TLS could be agreed with it, or it
 * broke TLS off, as one that misses a client certificate does under TLS 1.3.
 * `tls-handshake`: no TLS could be agreed with the client. The words are in `cause`.
 */
export type Outcome =
	| 'open'
	| 'ok'
	| 'no-healthy-backend'
	| 'connect-refused'
	| 'connect-timeout'
	| 'backend-reset'
	| 'backend-invalid'
	| 'backend-tls'
	| 'idle-timeout'
	| 'client-abort'
	| 'client-timeout'
	| 'bad-request'
	| 'tls-handshake'
	| 'drained';

export type ExchangeKind = 'http' | 'websocket' | 'tcp' | 'tls-passthrough';

/** One try to have an exchange served by a back-end. */
export interface Attempt {
	/** The back-end's name. */
	readonly backend: string;
	/** Whether it was made on a connection that had served before. */
	readonly reused: boolean;
	/** Milliseconds from the end of the try before, or from the start of the exchange, to its own end; 0 while it lasts. */
	readonly ms: number;
	/** How it ended: the last one as the exchange did. */
	readonly end: Outcome;
	/** Why, in words; empty when all went well. */
	readonly cause: string;
}

/**
 * The record of one request and its answer, or of one TCP connection, from start to end. It is in `traffic` from the
 * moment a back-end is reached, and goes on filling until `outcome` is no longer `open`.
 */
export interface Exchange {
	/** 1, 2, 3 and so on within one load balancer. */
	readonly id: number;
	readonly kind: ExchangeKind;
	readonly loadBalancer: string;
	/** The logical port of the listener. */
	readonly listener: number;
	/** When it began, milliseconds since 1970. */
	readonly startedAt: number;
	readonly client: Peer;
	/**
	 * What a client offered that speaks TLS through a TCP listener: the name it asked for, its application protocols, the
	 * newest version. Undefined everywhere else, and for a client that is not TLS.
	 */
	readonly clientHello: ClientHello | undefined;
	/** The back-end that was given the work, or the last one that was tried; undefined when there was none to try. */
	readonly backend: (Peer & {readonly name: string; readonly reused: boolean}) | undefined;
	/**
	 * The tries to have it served, in order: each back-end that could not be reached before another one was tried, a
	 * request that was lost with its kept-alive connection and sent once more, and last how it went in the end. One for
	 * nearly every exchange; none where there was no back-end to try.
	 */
	readonly attempts: readonly Attempt[];
	/**
	 * Exactly as the back-end received it, the load balancer's own fields included. Of a TCP connection, and of a request
	 * that was refused, there is none: then method and target are empty.
	 */
	readonly request: Message & {readonly method: string; readonly target: string};
	/** What the client was answered. Where it was not, the status is 0. */
	readonly response: Message & {readonly status: number; readonly by: 'backend' | 'load-balancer'};
	/** What the first lines of `request` and `response` say, at a fraction of their cost: no message is taken apart. */
	readonly summary: {
		readonly method: string;
		readonly target: string;
		readonly status: number;
		readonly by: 'backend' | 'load-balancer';
	};
	/** About how many bytes of memory its heads and bodies take. */
	readonly heldBytes: number;
	/** Fields the load balancer added to the request or rewrote in it. */
	readonly added: readonly (readonly [string, string])[];
	readonly outcome: Outcome;
	/**
	 * Why it ended as it did, in words, or what was wrong with an answer that was passed on all the same; empty when all
	 * went well. The client is never told.
	 */
	readonly cause: string;
	/** Bytes of bodies, or of the stream: `up` from the client, `down` to it. */
	readonly bytes: {readonly up: number; readonly down: number};
	/** Milliseconds: of the client's TLS handshake, of connecting to the back-end, from start to the first byte of the answer, in all. */
	readonly ms: {readonly tls?: number; readonly connect?: number; readonly firstByte?: number; readonly total: number};
	/**
	 * Its line in the access log of a Classic ELB, without the line's end. Empty while it is open, and for what is no
	 * request there: a TLS handshake that failed, a client that left before its request was there.
	 */
	readonly log: string;
}
