import {STATUS_CODES} from 'node:http';

/** RFC 9110 section 15.5.6: a 405 names the methods that are allowed. */
const ALLOW = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n';

export interface OwnAnswerOptions {
	readonly keepAlive: boolean;
	/** Whether it answers a HEAD request, and so has no body. */
	readonly toHead: boolean;
	/** The Date field with its CRLF. */
	readonly date: string;
}

/**
 * An answer of the load balancer's own: small, with its length, and silent about the cause, which is for the record
 * and not for strangers.
 */
export function ownAnswer(status: number, {keepAlive, toHead, date}: OwnAnswerOptions): {head: string; body: string} {
	const reason = STATUS_CODES[status] ?? '';
	const body = `${status} ${reason}\n`;
	const head =
		`HTTP/1.1 ${status} ${reason}\r\n${date}Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
		`${status === 405 ? ALLOW : ''}${keepAlive ? '' : 'Connection: close\r\n'}\r\n`;
	return {head, body: toHead ? '' : body};
}
