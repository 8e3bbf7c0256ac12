import type {ClientHello} from '../codec/client-hello.ts';
import type {Attempt, Outcome} from './attempt.ts';
import type {Message} from './message.ts';
import type {Why} from './why.ts';

export type {Attempt, Outcome} from './attempt.ts';

export interface PeerTls {
	readonly version: string;
	readonly cipher: string;
	readonly alpn?: string;
	readonly sni?: string;
	/** SHA-256 fingerprint of the peer's certificate, if it sent one. */
	readonly certificate?: string;
	/** Why a back-end's certificate does not verify; absent when it does. The cloud does not verify it. */
	readonly unverified?: string;
}

export interface Peer {
	readonly address: string;
	readonly port: number;
	readonly tls?: PeerTls;
}

export type ExchangeKind = 'http' | 'websocket' | 'tcp' | 'tls-passthrough';

/**
 * The record of one request and its answer, or of one TCP connection, from start to end. It is in `traffic` from the
 * moment a back-end is reached, and complete when `outcome` is no longer `open`.
 */
export interface Exchange {
	/** 1, 2, 3 and so on within one load balancer. */
	readonly id: number;
	/** Grows through all exchanges of the emulator, in the order in which they came into the record; 0 until then. */
	readonly seq: number;
	readonly kind: ExchangeKind;
	readonly loadBalancer: string;
	/** The logical port of the listener. */
	readonly listener: number;
	/** When it began, milliseconds since 1970. */
	readonly startedAt: number;
	readonly client: Peer;
	/**
	 * What a client that speaks TLS through a TCP listener offered: the server name, its application protocols, the
	 * newest version. Undefined for all other clients and listeners.
	 */
	readonly clientHello: ClientHello | undefined;
	/** The back-end that served it, or the last one that was tried; undefined when there was none to try. */
	readonly backend:
		| (Peer & {
				readonly name: string;
				readonly reused: boolean;
				/** The line of the PROXY protocol that its connection began with, without the line's end. */
				readonly proxyLine?: string;
		  })
		| undefined;
	/**
	 * The attempts to have it served, in order: each back-end that could not be reached, each request that was lost with
	 * its kept-alive connection and sent again, and the final attempt. Usually one; none when there was no back-end to
	 * try.
	 */
	readonly attempts: readonly Attempt[];
	/** Why it went to its back-end, or to none: computed when it is read. */
	readonly why: Why;
	/**
	 * Exactly as the back-end received it, with the fields that the load balancer added. For a TCP connection or a
	 * refused request there is none: method and target are empty.
	 */
	readonly request: Message & {readonly method: string; readonly target: string};
	/** The answer that the client got. Without one, the status is 0. */
	readonly response: Message & {readonly status: number; readonly by: 'backend' | 'load-balancer'};
	/** The first lines of `request` and `response`, at a fraction of their cost, because no message is parsed. */
	readonly summary: {
		readonly method: string;
		readonly target: string;
		readonly status: number;
		readonly by: 'backend' | 'load-balancer';
		/**
		 * In short, why it went to its back-end: the rule that matched, its cookie, those that came before and did not get it.
		 * Empty when it was simply that back-end's turn, and when there was none.
		 */
		readonly why: string;
	};
	/** Approximate memory of its heads and bodies, in bytes. */
	readonly heldBytes: number;
	/** Fields the load balancer added to the request or rewrote in it. */
	readonly added: readonly (readonly [string, string])[];
	readonly outcome: Outcome;
	/**
	 * Why it ended as it did, in words, or what was wrong with an answer that was forwarded anyway; empty when nothing
	 * was. It is never sent to the client.
	 */
	readonly cause: string;
	/** The armed faults that fired, in one line; undefined when none did. */
	readonly fault?: string | undefined;
	/** Bytes of bodies, or of the stream: `up` from the client, `down` to it. */
	readonly bytes: {readonly up: number; readonly down: number};
	/**
	 * Milliseconds: the client's TLS handshake, the connection to the back-end, from the start to the first byte of the
	 * answer, in total.
	 */
	readonly ms: {readonly tls?: number; readonly connect?: number; readonly firstByte?: number; readonly total: number};
	/**
	 * Its line in the access log of a Classic ELB, without the line's end. Empty while it is open, and for what is not
	 * logged there: a failed TLS handshake, a client that left before its request was complete.
	 */
	readonly log: string;
}
