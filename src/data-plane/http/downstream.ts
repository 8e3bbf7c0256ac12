import type {Buffer} from 'node:buffer';
import type {BackendConnection} from '../backends/backend-connection.ts';
import type {UpstreamPool} from '../backends/upstream-pool.ts';
import type {BackendAttempt} from '../balancing/backend-attempt.ts';
import type {ListenerContext, ProxiedClient} from '../listener-context.ts';

/** The client's connection, as far as one exchange is concerned. */
export interface Downstream {
	readonly context: ListenerContext;
	readonly pool: UpstreamPool;
	/** The client that a PROXY line names. */
	readonly client: ProxiedClient;
	/**
	 * The fields that the load balancer adds to a request, each with its CRLF.
	 *
	 * @param forwardedFor what the client's own X-Forwarded-For fields said; empty where it sent none.
	 */
	addedFields(forwardedFor: string): string;
	/** Bytes have moved, at this moment of the clock: the idle timeout starts again. */
	touch(nowMs: number): void;
	/** Sets another limit for what is waited for. */
	limit(ms: number): void;
	/** Returns false when the client takes no more for the moment. */
	writeText(text: string): boolean;
	writeBytes(chunk: Buffer, release: (() => void) | undefined): boolean;
	pause(): void;
	resume(): void;
	/** The exchange has ended and its answer is complete: `keepAlive` says whether the connection may go on. */
	exchangeDone(keepAlive: boolean, nowMs: number): void;
	/** The exchange has ended in the midst of its answer: the client must see that it is cut short. */
	exchangeBroken(): void;
	/** Ends the connection below TLS once what was written is sent: without a close_notify. */
	truncate(): void;
	/** The connection carries another protocol from now on. */
	tunnel(upstream: BackendConnection, rest: Buffer, attempt: BackendAttempt): void;
}
