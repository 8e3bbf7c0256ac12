import type {Socket} from 'node:net';

/**
 * What a fake back-end does with one connection. It owns the stream from this call on: a plain socket, or a
 * `TLSSocket` whose handshake is done. Both are half-open: the peer's end is not the answer's end.
 */
export type Serve = (connection: Socket) => void;

/** What a behaviour knows of the back-end it works for. */
export interface Household {
	/** The back-end's name, as it shows in answers. */
	readonly name: string;
	/** Keeps what a user's handler threw, so that a test can look at it. */
	readonly keepError: (error: unknown) => void;
}

/** The error listener every socket gets in its first tick: a peer that resets is the peer's business, never a crash. */
export function ignoreSocketError(): void {
	// The stream destroys itself after an error; its `close` event is what the rest of the code goes by.
}
