import {
	FIELD_LINE,
	type Framing,
	listMembers,
	MAX_FIELDS,
	MAX_LINE_BYTES,
	mayMatch,
	nameFilter,
	type Refusal,
	readContentLength,
	refusalOfSizes,
	trimFieldValue,
} from './http1-grammar.ts';
import {lookAlikesOf} from './look-alikes.ts';
import {diagnoseFields, withoutFields} from './request-head.ts';

/**
 * The whole head, anchored at both ends. HTTP defines 100 to 599; some servers send others, which HAProxy and nginx
 * forward up to 999, and which clients treat as a 5xx (RFC 9110 section 15). Several servers omit the space before an
 * empty reason.
 */
const RESPONSE_HEAD = new RegExp(
	`^HTTP/1\\.[01] [1-9][0-9][0-9](?: [\\t\\x20-\\x7e\\x80-\\xff]*)?\\r\\n(?:${FIELD_LINE})*\\r\\n$`,
);

const KNOWN_FIELDS = nameFilter([
	'content-length',
	'transfer-encoding',
	'connection',
	'upgrade',
	'trailer',
	'keep-alive',
	'proxy-connection',
]);

/** Dropped, as in `request-head.ts`: the client may be such a server itself. */
const isLookAlike = lookAlikesOf(['content-length', 'transfer-encoding', 'keep-alive', 'proxy-connection']);

/** How many interim answers to one request are accepted before the back-end counts as broken. */
export const MAX_INTERIM_ANSWERS = 100;

/** The first bytes of every answer. */
const ANSWER_START = 'HTTP/1.';

const SPACE = 0x20;
/** The bit that distinguishes a lower-case letter from its capital. */
const CASE_BIT = 0x20;

/**
 * Whether the bytes so far can still become an answer. Checked early, because a server of another protocol may send a
 * few bytes and then wait.
 */
export function mayBecomeAnswer(beginning: string): boolean {
	return beginning.startsWith(ANSWER_START.slice(0, beginning.length));
}

/** A valid head of an answer, parsed for forwarding. */
export class ResponseHead {
	status = 0;
	/** The reason phrase, unchanged. */
	reason = '';
	minor = 1;
	framing: Framing = 'until-close';
	/** Bytes of the body when `framing` is `length`. */
	length = 0;
	/** Whether the back-end keeps the connection open after this answer. */
	keepAlive = true;
	/** The Upgrade field, for a 101. */
	upgrade = '';
	/** Whether a Date is among the fields to forward. */
	hasDate = false;
	/** The fields to forward, unchanged, without hop-by-hop fields and those named in Connection. */
	fields = '';
	/**
	 * The whole head, including its empty line, when it can be forwarded unchanged to a client of HTTP/1.1 and has a
	 * Date; else empty.
	 */
	verbatim = '';
	/** The text of the head, and between which offsets in it the value of its Keep-Alive field is; 0 where there is none. */
	#text = '';
	#keepAliveStart = 0;
	#keepAliveEnd = 0;

	/**
	 * The timeout of its Keep-Alive field (RFC 2068 section 19.7.1.1), in milliseconds; -1 where there is none. Nothing here
	 * goes by it, and Node's servers send one with every answer, so it is parsed when it is asked for.
	 */
	get keepAliveMs(): number {
		const value = this.#text.slice(this.#keepAliveStart, this.#keepAliveEnd);
		const seconds = /\btimeout=(\d+)/i.exec(value)?.[1];
		return seconds === undefined ? -1 : Number(seconds) * 1000;
	}

	/** Notes where its Keep-Alive field is. */
	hasKeepAlive(text: string, start: number, end: number): void {
		this.#text = text;
		this.#keepAliveStart = start;
		this.#keepAliveEnd = end;
	}
}

/**
 * Reads one response head.
 *
 * @param text the head's bytes as latin1, including the empty line.
 * @param toHead whether it answers a HEAD request, which decides its framing (RFC 9112 section 6.3).
 * @returns the head, or why it must be refused; the load balancer then answers 502.
 */
export function readResponseHead(text: string, toHead: boolean): ResponseHead | Refusal {
	if (text.length > MAX_LINE_BYTES) {
		const refusal = refusalOfSizes(text);
		if (refusal !== undefined) return {status: 502, reason: `answer refused: ${refusal.reason}`};
	}
	if (!RESPONSE_HEAD.test(text)) return diagnose(text);

	const head = new ResponseHead();
	const lineEnd = text.indexOf('\r');
	head.minor = text.charCodeAt(7) - 0x30;
	head.status = (text.charCodeAt(9) - 0x30) * 100 + (text.charCodeAt(10) - 0x30) * 10 + (text.charCodeAt(11) - 0x30);
	head.reason = lineEnd > 13 ? text.slice(13, lineEnd) : '';
	head.keepAlive = head.minor === 1;
	return readFields(head, text, lineEnd + 2, toHead) ?? head;
}

function readFields(head: ResponseHead, text: string, start: number, toHead: boolean): Refusal | undefined {
	const end = text.length - 2;
	const bodiless = head.status < 200 || head.status === 204 || head.status === 304 || toHead;
	let from = start;
	let fields = '';
	let count = 0;
	let lengths = 0;
	let codings = '';
	let connection = '';
	let value = '';
	/** The replacement of a field that is not forwarded unchanged. */
	let replacement = '';
	for (let pos = start; pos < end; count++) {
		const colon = text.indexOf(':', pos);
		const next = text.indexOf('\n', colon) + 1;
		let kept = true;
		if (mayMatch(KNOWN_FIELDS, text, pos, colon)) {
			const name = text.slice(pos, colon).toLowerCase();
			switch (name) {
				case 'content-length':
					lengths++;
					value = trimFieldValue(text, colon + 1, next - 2);
					head.length = readContentLength(value);
					// RFC 9110 section 8.6: neither an interim answer nor a 204 has a Content-Length.
					kept = head.status >= 200 && head.status !== 204;
					// As in `request-head.ts`.
					if (kept && text.slice(colon + 1, next - 2).includes('\t')) {
						kept = false;
						replacement = `${text.slice(pos, colon)}: ${value}\r\n`;
					}
					break;
				case 'transfer-encoding':
					codings = `${codings === '' ? '' : `${codings},`}${trimFieldValue(text, colon + 1, next - 2)}` || ',';
					kept = false;
					break;
				case 'connection':
					connection = `${connection},${trimFieldValue(text, colon + 1, next - 2)}`;
					kept = false;
					break;
				case 'upgrade':
					head.upgrade = trimFieldValue(text, colon + 1, next - 2);
					kept = false;
					break;
				case 'keep-alive':
					head.hasKeepAlive(text, colon + 1, next - 2);
					kept = false;
					break;
				case 'trailer':
				case 'proxy-connection':
					kept = false;
					break;
				default:
					kept = !isLookAlike(name);
			}
		}
		if (colon - pos === 4 && isDate(text, pos)) head.hasDate = true;
		if (!kept) {
			if (from < pos) fields += text.slice(from, pos);
			fields += replacement;
			replacement = '';
			from = next;
		}
		pos = next;
	}
	head.fields = from === start ? text.slice(start, end) : fields + text.slice(from, end);
	if (count > MAX_FIELDS) return {status: 502, reason: `answer with more than ${MAX_FIELDS} fields`};
	// Some answers lack the space after the status; ours always have it.
	if (head.hasDate && from === start && head.minor === 1 && text.charCodeAt(12) === SPACE) head.verbatim = text;
	if (connection !== '') applyConnection(head, connection);
	return validateFraming(head, {lengths, codings: codings.toLowerCase(), bodiless});
}

/**
 * Whether the four letters at `pos` are `date`, in any case. It runs for nearly every answer, so it creates no string.
 */
function isDate(text: string, pos: number): boolean {
	return (
		(text.charCodeAt(pos) | CASE_BIT) === 0x64 &&
		(text.charCodeAt(pos + 1) | CASE_BIT) === 0x61 &&
		(text.charCodeAt(pos + 2) | CASE_BIT) === 0x74 &&
		(text.charCodeAt(pos + 3) | CASE_BIT) === 0x65
	);
}

function validateFraming(
	head: ResponseHead,
	{lengths, codings, bodiless}: {lengths: number; codings: string; bodiless: boolean},
): Refusal | undefined {
	if (lengths > 1) return {status: 502, reason: 'answer with more than one Content-Length'};
	if (lengths === 1 && head.length < 0) return {status: 502, reason: 'answer with an invalid Content-Length'};
	if (codings !== '' && lengths > 0) {
		return {status: 502, reason: 'answer with both Content-Length and Transfer-Encoding'};
	}
	if (codings !== '' && head.minor === 0) return {status: 502, reason: 'HTTP/1.0 answer with Transfer-Encoding'};
	if (codings !== '' && codings !== 'chunked') {
		return {status: 502, reason: 'answer whose Transfer-Encoding is not exactly one chunked'};
	}
	if (bodiless) head.framing = 'none';
	else if (codings !== '') head.framing = 'chunked';
	else if (lengths === 1) head.framing = 'length';
	return undefined;
}

/** Content-Length is framing: naming it in Connection does not remove it. */
const NEVER_NOMINATED = new Set(['content-length', 'close', 'keep-alive', 'upgrade']);

function applyConnection(head: ResponseHead, connection: string): void {
	const options = listMembers(connection);
	if (options.includes('close')) head.keepAlive = false;
	else if (options.includes('keep-alive')) head.keepAlive = true;
	const nominated = options.filter(option => !NEVER_NOMINATED.has(option));
	if (nominated.length === 0) return;
	head.fields = withoutFields(head.fields, new Set(nominated));
	if (nominated.includes('date')) head.hasDate = false;
}

function diagnose(text: string): Refusal {
	const line = text.slice(0, text.indexOf('\r\n'));
	if (!/^HTTP\/1\.[01] [1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?$/.test(line)) {
		return {status: 502, reason: 'answer with a malformed status line'};
	}
	return {status: 502, reason: `answer refused: ${diagnoseFields(text, line.length + 2).reason}`};
}
