import type {ResponseHead} from '../../codec/response-head.ts';
import type {Failure} from '../failure.ts';

/** The exchange that a connection serves. Called in this order. */
export interface AnswerReceiver {
	/** Whether a HEAD request is being answered, which has no body. */
	readonly toHead: boolean;
	/** Whether the client is sent chunks as they are; otherwise only the data in them. */
	readonly takesChunks: boolean;
	/** Whether the request asked for this protocol, or these. */
	asksFor(protocols: string): boolean;
	/** The connection stands; the request may be written. */
	connectionReady(): void;
	/** What was written has been taken. */
	connectionDrained(): void;
	/** A 1xx other than 101. */
	interimAnswer(head: ResponseHead): void;
	/** A whole answer at once, as latin1 text: `text` is its head, where that goes on verbatim, and body. `clean` as in `answerEnd`. */
	wholeAnswer(head: ResponseHead, body: string, text: string, clean: boolean): void;
	answerHead(head: ResponseHead): void;
	/**
	 * Part of the body: `spans` of the chunk to pass on, and where in it the data is, which differs for chunks that are
	 * passed on as they are. `release` as in `BackendHandler.data`.
	 */
	answerBytes(
		chunk: Buffer,
		spans: readonly number[],
		data: readonly number[],
		release: (() => void) | undefined,
	): void;
	/** The answer is complete. The connection may be given back when `clean`. */
	answerEnd(clean: boolean): void;
	/** 101: from here on the connection carries another protocol; `rest` are its first bytes. */
	switchedProtocols(head: ResponseHead, rest: Buffer): void;
	/** The answer can no longer become complete. */
	answerFailed(failure: Failure): void;
	/** The connection failed before it stood; nothing was sent. */
	connectFailed(error: Error | undefined): void;
	/** The connection was lost before the first byte of an answer. */
	connectionLost(error: Error | undefined): void;
}
