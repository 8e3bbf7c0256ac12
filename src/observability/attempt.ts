/**
 * How an exchange ended; `open` until then.
 *
 * `backend-invalid`: the back-end's answer broke a rule of HTTP. `backend-tls`: the TLS handshake with it failed, or it
 * ended TLS afterwards, as one that requires a client certificate does under TLS 1.3. `tls-handshake`: the TLS
 * handshake with the client failed. `fault`: an armed fault of its listener decided it. `cause` has the details.
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
	| 'drained'
	| 'fault';

/** One attempt to have an exchange served by a back-end. */
export interface Attempt {
	/** The back-end's name. */
	readonly backend: string;
	/** Whether it was made on a connection that had been used before. */
	readonly reused: boolean;
	/** Milliseconds from the end of the previous attempt, or from the start of the exchange, to its end; 0 until then. */
	readonly ms: number;
	/** How it ended; the last attempt ends as the exchange does. */
	readonly end: Outcome;
	/** Why, in words; empty on success. */
	readonly cause: string;
}

/** An attempt, and what only an explanation needs of it. */
export interface TriedAttempt extends Attempt {
	/** The back-end's place in registration order. Another one may have its name by now. */
	readonly order: number;
	/** Whether there was a connection: a kept one, or one that came about. */
	readonly reached: boolean;
}
