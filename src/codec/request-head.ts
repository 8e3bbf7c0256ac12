import {isHostAndPort} from './host.ts';
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
	refusalOfTls,
	TOKEN,
	trimFieldValue,
} from './http1-grammar.ts';
import {lookAlikesOf} from './look-alikes.ts';

// One file, because it is one job told in order: a head is read, validated, and made ready to be forwarded.

/** The whole head, anchored at both ends; anything else is not a request. */
const REQUEST_HEAD = new RegExp(`^${TOKEN} [\\x21\\x22\\x24-\\x7e]+ HTTP/1\\.[01]\\r\\n(?:${FIELD_LINE})*\\r\\n$`);
const FIELD = new RegExp(`^${FIELD_LINE}$`);

const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)/i;

/** 127: AWS Classic ELB answers 405 to a longer method. */
const MAX_METHOD_LENGTH = 127;

/**
 * The fields that `readField` reads; all others are forwarded unread. Look-alikes have the same length and first
 * letter.
 */
const KNOWN_FIELDS = nameFilter([
	'host',
	'content-length',
	'transfer-encoding',
	'connection',
	'expect',
	'upgrade',
	'x-forwarded-for',
	'x-forwarded-proto',
	'x-forwarded-port',
	'te',
	'trailer',
	'keep-alive',
	'proxy-connection',
	'http2-settings',
]);

/** Dropped: a back-end that confuses them with the real field would frame or trust a request differently. */
const isLookAlike = lookAlikesOf([
	'content-length',
	'transfer-encoding',
	'x-forwarded-for',
	'x-forwarded-proto',
	'x-forwarded-port',
	'keep-alive',
	'proxy-connection',
	'http2-settings',
]);

/** A valid request head, parsed for forwarding. */
export class RequestHead {
	method = '';
	/** In origin-form, or `*`. */
	target = '';
	/** 0 or 1: the minor version of HTTP/1. */
	minor = 1;
	/** The authority of an absolute-form target, or the value of Host; empty when an HTTP/1.0 client sent neither. */
	host = '';
	framing: Framing = 'none';
	/** Bytes of the body when `framing` is `length`. */
	length = 0;
	/** Whether the client wants to keep the connection open. */
	keepAlive = true;
	expectsContinue = false;
	/** The requested protocols without `h2c`; empty when no upgrade is requested. */
	upgrade = '';
	/** The client's own X-Forwarded-For fields, joined; empty when there were none. */
	forwardedFor = '';
	/**
	 * The fields to forward, each with its CRLF, unchanged in order, case and number; without hop-by-hop fields, fields
	 * named in Connection, X-Forwarded-*, Transfer-Encoding, a rewritten Host, and look-alikes of all these.
	 */
	fields = '';
	/** Request line and fields, when all of it can be forwarded unchanged; else empty. */
	verbatim = '';
}

/**
 * Reads one request head.
 *
 * @param text the head's bytes as latin1, from the request line to the empty line, inclusive.
 * @returns the head, or why it must be refused.
 * @see RFC 9112 sections 3, 5 and 6; RFC 9110 section 7.6.1
 */
export function readRequestHead(text: string): RequestHead | Refusal {
	if (text.length > MAX_LINE_BYTES) {
		const refusal = refusalOfSizes(text);
		if (refusal !== undefined) return refusal;
	}
	if (!REQUEST_HEAD.test(text)) return diagnose(text);

	const head = new RequestHead();
	const methodEnd = text.indexOf(' ');
	const targetEnd = text.indexOf(' ', methodEnd + 1);
	head.method = text.slice(0, methodEnd);
	head.target = text.slice(methodEnd + 1, targetEnd);
	head.minor = text.charCodeAt(targetEnd + 8) - 0x30;
	head.keepAlive = head.minor === 1;
	return readFields(head, text, targetEnd + 11) ?? finish(head);
}

/** What is collected from the fields of one head before it is validated. */
interface Tally {
	hosts: number;
	lengths: number;
	/** The transfer codings, lower-cased, joined with commas; a lone comma for an empty field. */
	codings: string;
	connection: string | undefined;
	upgrade: string | undefined;
	expect: string | undefined;
	/** The replacement of the field that was read last. */
	replacement: string;
}

function readFields(head: RequestHead, text: string, start: number): Refusal | undefined {
	const end = text.length - 2;
	const tally: Tally = {
		hosts: 0,
		lengths: 0,
		codings: '',
		connection: undefined,
		upgrade: undefined,
		expect: undefined,
		replacement: '',
	};
	// Unchanged fields are copied in blocks; `from` is the start of the current block.
	let from = start;
	let fields = '';
	let count = 0;
	for (let pos = start; pos < end; ) {
		const colon = text.indexOf(':', pos);
		const next = text.indexOf('\n', colon) + 1;
		if (mayMatch(KNOWN_FIELDS, text, pos, colon) && !readField(head, tally, text, pos, colon, next)) {
			if (from < pos) fields += text.slice(from, pos);
			fields += tally.replacement;
			tally.replacement = '';
			from = next;
		}
		pos = next;
		count++;
	}
	head.fields = from === start ? text.slice(start, end) : fields + text.slice(from, end);
	if (from === start && head.minor === 1) head.verbatim = text.slice(0, end);
	if (count > MAX_FIELDS) return {status: 431, reason: `more than ${MAX_FIELDS} fields`};
	return validate(head, tally);
}

/** Reads one known field. Returns whether it is forwarded unchanged. */
function readField(head: RequestHead, tally: Tally, text: string, start: number, colon: number, next: number): boolean {
	const name = text.slice(start, colon).toLowerCase();
	switch (name) {
		case 'host':
			tally.hosts++;
			head.host = trimFieldValue(text, colon + 1, next - 2);
			return true;
		case 'content-length': {
			tally.lengths++;
			const value = trimFieldValue(text, colon + 1, next - 2);
			head.length = readContentLength(value);
			head.framing = 'length';
			// A HTAB around the number is valid white space, but an error for many parsers, Node's included.
			if (!text.slice(colon + 1, next - 2).includes('\t')) return true;
			tally.replacement = `${text.slice(start, colon)}: ${value}\r\n`;
			return false;
		}
		case 'transfer-encoding':
			tally.codings +=
				`${tally.codings === '' ? '' : ','}${trimFieldValue(text, colon + 1, next - 2).toLowerCase()}` || ',';
			return false;
		case 'connection': {
			const value = trimFieldValue(text, colon + 1, next - 2);
			tally.connection = tally.connection === undefined ? value : `${tally.connection},${value}`;
			return false;
		}
		case 'expect': {
			const value = trimFieldValue(text, colon + 1, next - 2).toLowerCase();
			tally.expect = tally.expect === undefined ? value : `${tally.expect},${value}`;
			return head.minor === 1;
		}
		case 'upgrade': {
			const value = trimFieldValue(text, colon + 1, next - 2);
			tally.upgrade = tally.upgrade === undefined ? value : `${tally.upgrade}, ${value}`;
			return false;
		}
		case 'x-forwarded-for': {
			const value = trimFieldValue(text, colon + 1, next - 2);
			if (value !== '') head.forwardedFor = head.forwardedFor === '' ? value : `${head.forwardedFor}, ${value}`;
			return false;
		}
		case 'x-forwarded-proto':
		case 'x-forwarded-port':
		case 'te':
		case 'trailer':
		case 'keep-alive':
		case 'proxy-connection':
		case 'http2-settings':
			return false;
		default:
			return !isLookAlike(name);
	}
}

function validate(head: RequestHead, tally: Tally): Refusal | undefined {
	if (tally.hosts > 1) return {status: 400, reason: 'more than one Host field'};
	if (tally.hosts === 0 && head.minor === 1) return {status: 400, reason: 'no Host field'};
	if (tally.hosts === 1 && !isHostAndPort(head.host)) return {status: 400, reason: 'invalid Host field'};
	const framing = validateFraming(head, tally);
	if (framing !== undefined) return framing;
	if (tally.expect !== undefined && head.minor === 1) {
		if (tally.expect !== '100-continue') return {status: 417, reason: 'unknown expectation'};
		head.expectsContinue = true;
	}
	if (tally.connection !== undefined) applyConnection(head, tally.connection, tally.upgrade);
	return undefined;
}

function validateFraming(head: RequestHead, {lengths, codings}: Tally): Refusal | undefined {
	if (codings !== '') {
		if (lengths > 0) return {status: 400, reason: 'both Content-Length and Transfer-Encoding'};
		if (head.minor === 0) return {status: 400, reason: 'Transfer-Encoding in HTTP/1.0'};
		if (codings !== 'chunked') {
			// A coding of RFC 9112 section 7 before the final chunked is known, but not implemented.
			const known = /^(?:(?:x-)?(?:gzip|compress)|deflate)[ \t]*,[ \t]*chunked$/.test(codings);
			return {status: known ? 501 : 400, reason: 'Transfer-Encoding is not exactly one chunked'};
		}
		head.framing = 'chunked';
		return undefined;
	}
	if (lengths === 0) return undefined;
	if (lengths > 1) return {status: 400, reason: 'more than one Content-Length'};
	if (head.length === -1) return {status: 400, reason: 'invalid Content-Length'};
	if (head.length === -2) return {status: 413, reason: 'Content-Length too large'};
	return undefined;
}

/** Fields that must survive although a client names them in Connection: framing, Host, and what the load balancer adds. */
const NEVER_NOMINATED = new Set([
	'host',
	'content-length',
	'transfer-encoding',
	'x-forwarded-for',
	'x-forwarded-proto',
	'x-forwarded-port',
	'keep-alive',
	'upgrade',
]);

function applyConnection(head: RequestHead, connection: string, upgrade: string | undefined): void {
	// Most clients send one of these, which need no parsing.
	if (connection === 'close' && !/^close:/im.test(head.fields)) {
		head.keepAlive = false;
		return;
	}
	const options = listMembers(connection);
	if (options.includes('close')) head.keepAlive = false;
	else if (options.includes('keep-alive')) head.keepAlive = true;
	// Go's clients send `Content-Length: 0` when there is no body.
	const bodiless = head.framing === 'none' || (head.framing === 'length' && head.length === 0);
	if (upgrade !== undefined && head.minor === 1 && bodiless && options.includes('upgrade')) {
		head.upgrade = withoutH2c(upgrade);
	}
	const nominated = options.filter(option => !NEVER_NOMINATED.has(option));
	if (nominated.length > 0) head.fields = withoutFields(head.fields, new Set(nominated));
}

/** `h2c` is never offered to a back-end, because this load balancer cannot relay it. */
function withoutH2c(upgrade: string): string {
	return upgrade
		.split(',')
		.map(protocol => protocol.trim())
		.filter(protocol => protocol !== '' && protocol.toLowerCase() !== 'h2c')
		.join(', ');
}

/** `fields` without the ones whose lower-cased name is in `names`. */
export function withoutFields(fields: string, names: ReadonlySet<string>): string {
	let kept = '';
	for (let pos = 0; pos < fields.length; ) {
		const next = fields.indexOf('\n', pos) + 1;
		const name = fields.slice(pos, fields.indexOf(':', pos)).toLowerCase();
		if (!names.has(name)) kept += fields.slice(pos, next);
		pos = next;
	}
	return kept;
}

const HOST_FIELD = new Set(['host']);

/** Validates method and target, and rewrites the target to origin-form. */
function finish(head: RequestHead): RequestHead | Refusal {
	if (head.method.length > MAX_METHOD_LENGTH) {
		return {status: 405, reason: `method longer than ${MAX_METHOD_LENGTH} characters`};
	}
	if (head.method === 'CONNECT') return {status: 405, reason: 'CONNECT is for proxies'};
	if (head.target.charCodeAt(0) === 0x2f) return head;
	if (head.target === '*') {
		return head.method === 'OPTIONS' ? head : {status: 400, reason: 'target * is for OPTIONS only'};
	}

	const absolute = ABSOLUTE_FORM.exec(head.target);
	const authority = absolute?.[1] ?? '';
	const rest = head.target.slice(absolute?.[0].length);
	if (absolute === null) return {status: 400, reason: 'target is neither origin-form, absolute-form nor *'};
	if (!isHostAndPort(authority)) return {status: 400, reason: 'invalid authority in the target'};
	head.host = authority;
	head.verbatim = '';
	// RFC 9112 section 3.2.2: the authority replaces Host, and the field comes first.
	head.fields = `Host: ${authority}\r\n${withoutFields(head.fields, HOST_FIELD)}`;
	if (rest.startsWith('/')) head.target = rest;
	else if (rest === '' && head.method === 'OPTIONS') head.target = '*';
	else head.target = `/${rest}`;
	return head;
}

/** Finds what is wrong with a head that does not match the grammar. Not on the hot path. */
function diagnose(text: string): Refusal {
	const lineEnd = text.indexOf('\r\n');
	const line = text.slice(0, lineEnd);
	const version = / HTTP\/([0-9])\.([0-9])$/.exec(line);
	if (version === null) {
		if (line.startsWith('PROXY ')) return {status: 400, reason: 'a PROXY protocol line, which is not accepted here'};
		return refusalOfTls(text) ?? {status: 400, reason: 'malformed request line'};
	}
	if (version[1] !== '1' || (version[2] !== '0' && version[2] !== '1')) {
		return {status: 505, reason: `HTTP/${version[1]}.${version[2]} is not supported`};
	}
	if (!new RegExp(`^${TOKEN} [\\x21\\x22\\x24-\\x7e]+ HTTP`).test(line)) {
		return {status: 400, reason: 'malformed request line'};
	}
	return diagnoseFields(text, lineEnd + 2);
}

/** Describes the first field line that does not match the grammar. Also used for answers. */
export function diagnoseFields(text: string, start: number): Refusal {
	for (let pos = start; pos < text.length - 2; ) {
		const newline = text.indexOf('\n', pos);
		const line = text.slice(pos, newline + 1);
		if (!FIELD.test(line)) {
			if (line.startsWith(' ') || line.startsWith('\t')) return {status: 400, reason: 'folded field line'};
			if (!line.endsWith('\r\n')) return {status: 400, reason: 'malformed head: a line that ends with LF only'};
			if (!line.includes(':')) return {status: 400, reason: 'field line without a colon'};
			const name = line.slice(0, line.indexOf(':'));
			if (!new RegExp(`^${TOKEN}$`).test(name)) return {status: 400, reason: 'invalid field name'};
			return {status: 400, reason: `control character in the value of ${name}`};
		}
		pos = newline + 1;
	}
	return {status: 400, reason: 'malformed head'};
}
