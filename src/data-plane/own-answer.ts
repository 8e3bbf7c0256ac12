import {STATUS_CODES} from 'node:http';

/** RFC 9110 section 15.5.6: a 405 names the methods that are allowed. */
const ALLOW = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n';

/**
 * An answer of the load balancer's own: small, with its length, and silent about the cause, which is for the record
 * and not for strangers.
 */
export function ownAnswer(
	status: number,
	{keepAlive, toHead}: {readonly keepAlive: boolean; readonly toHead: boolean},
): {head: string; body: string} {
	const reason = STATUS_CODES[status] ?? '';
	const body = `${status} ${reason}\n`;
	const head =
		`HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
		`${status === 405 ? ALLOW : ''}${keepAlive ? '' : 'Connection: close\r\n'}\r\n`;
	return {head, body: toHead ? '' : body};
}
