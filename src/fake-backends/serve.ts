import type {Socket} from 'node:net';
import type {Clock} from '../base/clock.ts';

/**
 * What a fake back-end does with one connection. It owns the stream from this call on: a plain socket, or a `TLSSocket`
 * whose handshake is done. Both allow half-open connections: the answer may go on after the peer's end.
 */
export type Serve = (connection: Socket) => void;

/** What a behaviour is given by the back-end it belongs to. */
export interface BehaviourContext {
	/** The back-end's name, as shown in answers. */
	readonly name: string;
	/** What its delays go by. */
	readonly clock: Clock;
	/** Keeps what a user's handler threw, so that a test can look at it. */
	readonly keepError: (error: unknown) => void;
}

/**
 * The error listener that every socket gets in its first tick, so that a reset by the peer does not crash the process.
 */
export function ignoreSocketError(): void {
	// The stream destroys itself after an error; the rest of the code listens for `close`.
}
