import {formatAddress} from '../base/errors.ts';
import {trimFieldValue} from '../codec/http1-grammar.ts';
import type {Exchange} from './exchange.ts';

/** A longer user agent is cut: AWS Classic ELB guide, "Access logs for your Classic Load Balancer", user_agent. */
const MAX_USER_AGENT_BYTES = 8 * 1024;

/** What is logged instead of a request line: for TCP as in the guide, for an invalid request line as a guess. */
const NO_REQUEST = '"- - - "';

/** For a request that no back-end answered: no address, and three times that were not measured. */
const NOT_SERVED = '- -1 -1 -1';

/** What a line of an access log is made of. Moments are milliseconds from the start, negative until they happen. */
export interface LoggedExchange
	extends Pick<Exchange, 'kind' | 'loadBalancer' | 'listener' | 'startedAt' | 'client' | 'outcome'> {
	readonly handshakeOnly: boolean;
	readonly bytesUp: number;
	readonly bytesDown: number;
	readonly connectMs: number;
	readonly sentMs: number;
	readonly firstByteMs: number;
	readonly backendAddress: string;
	readonly backendPort: number;
	readonly requestHead: string;
	readonly httpMinor: number;
	readonly refusedHead: string;
	readonly responseStatus: number;
	readonly responseBy: 'backend' | 'load-balancer';
}

/**
 * One exchange as a line of a Classic ELB's access log, without the line's end; pure ASCII.
 *
 * Its time is that of the request's arrival. Text that a client can choose is escaped as nginx does by default: `"`,
 * `\`, control and non-ASCII bytes as `\xHH`. So no client can end a field or a line, and the pattern in Athena's
 * guide, which does not know `\"`, matches every line.
 *
 * An answer by the load balancer itself has no back-end, -1 for each time, and a back-end status of 0 (published lines
 * of 502, 503, 504 and 408); its short body is not counted, as in those lines.
 *
 * @returns an empty text for an open exchange, and for what the guide does not count as a request: a failed handshake,
 * or a client that left before its request was complete and got no answer.
 * @see AWS Classic ELB guide, "Access logs for your Classic Load Balancer"; Athena guide, "Querying Classic Load
 * Balancer logs"
 */
export function accessLogLine(record: LoggedExchange): string {
	if (record.outcome === 'open' || record.handshakeOnly) return '';
	const isTcp = record.kind === 'tcp' || record.kind === 'tls-passthrough';
	if (!isTcp && record.responseStatus === 0 && record.requestHead === '') return '';
	const {client, bytesUp, bytesDown} = record;
	const tls = client.tls === undefined ? '- -' : `${client.tls.cipher || '-'} ${client.tls.version || '-'}`;
	const from = `${timestamp(record.startedAt)} ${record.loadBalancer} ${formatAddress(client.address || '-', client.port)}`;
	if (isTcp) return `${from} ${tcpTimes(record)} - - ${bytesUp} ${bytesDown} ${NO_REQUEST} "-" ${tls}`;
	const status = record.responseStatus;
	const backendStatus = isAnswered(record) ? status : 0;
	return `${from} ${httpTimes(record)} ${status} ${backendStatus} ${bytesUp} ${bytesDown} ${requestFields(record)} ${tls}`;
}

/** ISO 8601 in UTC with six digits; a clock that counts milliseconds leaves the last three 0. */
function timestamp(ms: number): string {
	const micros = Math.floor((ms - Math.floor(ms)) * 1000);
	return `${new Date(ms).toISOString().slice(0, -1)}${micros === 0 ? '000' : String(micros).padStart(3, '0')}Z`;
}

/**
 * The times of HTTP: until the request was sent, until the answer's head began, and until it was forwarded, which is at
 * once.
 */
function httpTimes(record: LoggedExchange): string {
	const {sentMs, firstByteMs, backendAddress, backendPort} = record;
	if (isAnswered(record)) {
		const backend = formatAddress(backendAddress, backendPort);
		return `${backend} ${seconds(sentMs)} ${seconds(firstByteMs - sentMs)} 0.000000`;
	}
	// The guide omits the back-end only for failures of the back-end; here the client left.
	if (record.responseStatus === 0 && sentMs >= 0) {
		return `${formatAddress(backendAddress, backendPort)} ${seconds(sentMs)} -1 -1`;
	}
	return NOT_SERVED;
}

/**
 * The times of TCP: until the client's first byte was forwarded, to connect, and until the back-end's first byte was
 * forwarded, which is at once.
 */
function tcpTimes({sentMs, connectMs, firstByteMs, backendAddress, backendPort}: LoggedExchange): string {
	if (connectMs < 0) return NOT_SERVED;
	const backend = formatAddress(backendAddress, backendPort);
	const sent = sentMs < 0 ? '-1' : seconds(sentMs);
	return `${backend} ${sent} ${seconds(connectMs)} ${firstByteMs < 0 ? '-1' : '0.000000'}`;
}

function isAnswered({firstByteMs, responseBy}: LoggedExchange): boolean {
	return firstByteMs >= 0 && responseBy === 'backend';
}

/** Milliseconds as seconds with six digits, never negative. */
function seconds(ms: number): string {
	const micros = Math.max(0, Math.round(ms * 1000));
	const whole = Math.floor(micros / 1_000_000);
	return `${whole}.${String(1_000_000 + (micros - whole * 1_000_000)).slice(1)}`;
}

/** `"METHOD scheme://host:port/path HTTP/1.x" "user agent"` */
function requestFields(record: LoggedExchange): string {
	const isRefused = record.refusedHead !== '';
	const head = isRefused ? record.refusedHead : record.requestHead;
	const agent = fieldIn(head, USER_AGENT).slice(0, MAX_USER_AGENT_BYTES);
	return `${requestLine(head, record, isRefused)} "${agent === '' ? '-' : escaped(agent)}"`;
}

function requestLine(head: string, record: LoggedExchange, isRefused: boolean): string {
	const line = head.slice(0, Math.max(0, head.indexOf('\r\n')));
	const methodEnd = line.indexOf(' ');
	const targetEnd = line.indexOf(' ', methodEnd + 1);
	if (isRefused && !REQUEST_LINE.test(line)) return NO_REQUEST;
	const sent = line.slice(methodEnd + 1, targetEnd);
	const absolute = sent.startsWith('/') ? null : ABSOLUTE_FORM.exec(sent);
	const authority = absolute?.[1] ?? fieldIn(head, HOST);
	const path = absolute !== null ? sent.slice(absolute[0].length) : sent.startsWith('/') || sent === '*' ? sent : '-';
	const host = authority.replace(PORT, '');
	const version = isRefused ? line.slice(targetEnd + 1) : record.httpMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
	const scheme = record.client.tls === undefined ? 'http' : 'https';
	const url = `${scheme}://${/^[^ ]+$/.test(host) ? host : '-'}:${record.listener}${path}`;
	return `"${escaped(`${line.slice(0, methodEnd)} ${url} ${version}`)}"`;
}

const REQUEST_LINE = /^[^ ]+ [^ ]+ HTTP\/[0-9]\.[0-9]$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)/i;
const PORT = /:[0-9]*$/;
const HOST = /\r\nhost:[ \t]*([^\r\n]*)/i;
const USER_AGENT = /\r\nuser-agent:[ \t]*([^\r\n]*)/i;

/** The first value of a field, without white space around it; empty when there is none. */
function fieldIn(head: string, field: RegExp): string {
	const value = field.exec(head)?.[1] ?? '';
	return trimFieldValue(value, 0, value.length);
}

const UNSAFE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
const ALL_UNSAFE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;

/** Escapes byte by byte: heads are latin1, so one character is one byte. */
function escaped(text: string): string {
	if (!UNSAFE.test(text)) return text;
	return text.replace(ALL_UNSAFE, char => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
