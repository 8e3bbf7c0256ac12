import type {Socket} from 'node:net';

/**
 * What a fake back-end does with one connection. It owns the stream from this call on: a plain socket, or a `TLSSocket`
 * whose handshake is done. Both allow half-open connections: the answer may go on after the peer's end.
 */
export type Serve = (connection: Socket) => void;

/**
 * The error listener that every socket gets in its first tick, so that a reset by the peer does not crash the process.
 */
export function ignoreSocketError(): void {
	// The stream destroys itself after an error; the rest of the code listens for `close`.
}
