import {STATUS_CODES} from 'node:http';
import type {Outcome} from '../../observability/exchange.ts';
import type {ExchangeRecord} from '../../observability/exchange-record.ts';

/** RFC 9110 section 15.5.6: a 405 names the methods that are allowed. */
const ALLOW = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n';

export interface OwnAnswerOptions {
	readonly status: number;
	readonly keepAlive: boolean;
	/** Whether it answers a HEAD request, and so has no body. */
	readonly toHead: boolean;
	/** The Date field with its CRLF. */
	readonly date: string;
}

/** The status where no back-end has been reached: 504 when time ran out, 502 when no TLS was agreed, else 503. */
export function statusUnreached(outcome: Outcome): number {
	if (outcome === 'connect-timeout') return 504;
	return outcome === 'backend-tls' ? 502 : 503;
}

/** The status where an exchange failed after a back-end had been reached, and before its answer had begun. */
export function statusOf(outcome: Outcome): number {
	if (outcome === 'client-timeout') return 408;
	return outcome === 'idle-timeout' ? 504 : 502;
}

/** Whether the client's connection may go on after such an answer: not where the request itself was wrong. */
export function keepsConnection(status: number): boolean {
	return status >= 500 && status !== 501 && status !== 505;
}

/**
 * An answer of the load balancer's own, put into the record and returned as latin1 text. It is small, with its length,
 * and silent about the cause, which is for the record and not for strangers.
 */
export function answerItself(record: ExchangeRecord, {status, keepAlive, toHead, date}: OwnAnswerOptions): string {
	const reason = STATUS_CODES[status] ?? '';
	const body = `${status} ${reason}\n`;
	const head =
		`HTTP/1.1 ${status} ${reason}\r\n${date}Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
		`${status === 405 ? ALLOW : ''}${keepAlive ? '' : 'Connection: close\r\n'}\r\n`;
	record.responseStatus = status;
	record.responseBy = 'load-balancer';
	record.responseText = toHead ? head : head + body;
	record.responseHeadLength = head.length;
	return record.responseText;
}
