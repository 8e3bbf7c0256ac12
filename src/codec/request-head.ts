import {isHostAndPort} from './host.ts';
import {
	FIELD_LINE,
	type Framing,
	listMembers,
	MAX_FIELDS,
	MAX_LINE_BYTES,
	mayTell,
	type Refusal,
	readContentLength,
	refusalOfSizes,
	refusalOfTls,
	TOKEN,
	tellingNames,
	trimFieldValue,
} from './http1-grammar.ts';
import {lookAlikesOf} from './look-alikes.ts';

/** The whole head, anchored at both ends; what does not match is not a request. */
const REQUEST_HEAD = new RegExp(`^${TOKEN} [\\x21\\x22\\x24-\\x7e]+ HTTP/1\\.[01]\\r\\n(?:${FIELD_LINE})*\\r\\n$`);
const FIELD = new RegExp(`^${FIELD_LINE}$`);

const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)/i;

/** 127: AWS Classic ELB answers 405 to a longer method. */
const MAX_METHOD_LENGTH = 127;

/** What `readField` looks at; every other field goes on unread. The look-alikes have the lengths of what they imitate. */
const TELLING = tellingNames([
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

/** Dropped: a back-end that reads them as what they imitate would frame or trust a request otherwise than here. */
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

/** A request head that passed every rule, taken apart for forwarding. */
export class RequestHead {
	method = '';
	/** In origin-form, or `*`. */
	target = '';
	/** 0 or 1: the minor version of HTTP/1. */
	minor = 1;
	/** The authority an absolute-form target named, or the Host field's value; empty when an HTTP/1.0 client sent none. */
	host = '';
	framing: Framing = 'none';
	/** Bytes of the body when `framing` is `length`. */
	length = 0;
	/** Whether the client wants to go on using the connection. */
	keepAlive = true;
	expectsContinue = false;
	/** The protocols asked for, `h2c` left out; empty when no upgrade is asked for. */
	upgrade = '';
	/** What the client's own X-Forwarded-For fields said, joined; empty when there were none. */
	forwardedFor = '';
	/**
	 * The fields to forward, each with its CRLF: as they came, in their order, case and number, without hop-by-hop
	 * fields, fields named in Connection, X-Forwarded-*, Transfer-Encoding, a rewritten Host, and look-alikes of all these.
	 */
	fields = '';
	/** Request line and fields where all of it goes on as it came; else empty. */
	verbatim = '';
}

/**
 * Reads one request head.
 *
 * @param text the head's bytes as latin1, from the first byte of the request line to the empty line, that included.
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

/** What the fields of one head add up to before it can be judged. */
interface Tally {
	hosts: number;
	lengths: number;
	/** The transfer codings, lower-cased, joined with commas; a lone comma for an empty field. */
	codings: string;
	connection: string | undefined;
	upgrade: string | undefined;
	expect: string | undefined;
	/** What takes the place of the field that was read last. */
	instead: string;
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
		instead: '',
	};
	// Fields that go on as they came are taken over in runs; `from` is where the current run began.
	let from = start;
	let fields = '';
	let count = 0;
	for (let pos = start; pos < end; ) {
		const colon = text.indexOf(':', pos);
		const next = text.indexOf('\n', colon) + 1;
		if (mayTell(TELLING, text, pos, colon) && !readField(head, tally, text, pos, colon, next)) {
			if (from < pos) fields += text.slice(from, pos);
			fields += tally.instead;
			tally.instead = '';
			from = next;
		}
		pos = next;
		count++;
	}
	head.fields = from === start ? text.slice(start, end) : fields + text.slice(from, end);
	if (from === start && head.minor === 1) head.verbatim = text.slice(0, end);
	if (count > MAX_FIELDS) return {status: 431, reason: `more than ${MAX_FIELDS} fields`};
	return judge(head, tally);
}

/** Takes note of one field this codec knows. Returns whether the field goes on as it came. */
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
			// A HTAB around the number is white space to the standard and an error to many parsers, Node's too.
			if (!text.slice(colon + 1, next - 2).includes('\t')) return true;
			tally.instead = `${text.slice(start, colon)}: ${value}\r\n`;
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

function judge(head: RequestHead, tally: Tally): Refusal | undefined {
	if (tally.hosts > 1) return {status: 400, reason: 'more than one Host field'};
	if (tally.hosts === 0 && head.minor === 1) return {status: 400, reason: 'no Host field'};
	if (tally.hosts === 1 && !isHostAndPort(head.host)) return {status: 400, reason: 'invalid Host field'};
	const framing = judgeFraming(head, tally);
	if (framing !== undefined) return framing;
	if (tally.expect !== undefined && head.minor === 1) {
		if (tally.expect !== '100-continue') return {status: 417, reason: 'unknown expectation'};
		head.expectsContinue = true;
	}
	if (tally.connection !== undefined) applyConnection(head, tally.connection, tally.upgrade);
	return undefined;
}

function judgeFraming(head: RequestHead, {lengths, codings}: Tally): Refusal | undefined {
	if (codings !== '') {
		if (lengths > 0) return {status: 400, reason: 'both Content-Length and Transfer-Encoding'};
		if (head.minor === 0) return {status: 400, reason: 'Transfer-Encoding in HTTP/1.0'};
		if (codings !== 'chunked') {
			// A coding that RFC 9112 section 7 knows before the final chunked is understood, and not carried out.
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
	// What nearly all clients say, taken apart for nothing.
	if (connection === 'close' && !/^close:/im.test(head.fields)) {
		head.keepAlive = false;
		return;
	}
	const options = listMembers(connection);
	if (options.includes('close')) head.keepAlive = false;
	else if (options.includes('keep-alive')) head.keepAlive = true;
	// Go's clients say `Content-Length: 0` where they send no body.
	const bodiless = head.framing === 'none' || (head.framing === 'length' && head.length === 0);
	if (upgrade !== undefined && head.minor === 1 && bodiless && options.includes('upgrade')) {
		head.upgrade = withoutH2c(upgrade);
	}
	const nominated = options.filter(option => !NEVER_NOMINATED.has(option));
	if (nominated.length > 0) head.fields = withoutFields(head.fields, new Set(nominated));
}

/** `h2c` is never offered to a back-end: this load balancer could not carry it. */
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

/** Judges method and target, and brings the target into origin-form. */
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
	// RFC 9112 section 3.2.2: the authority replaces what Host said, and the field comes first.
	head.fields = `Host: ${authority}\r\n${withoutFields(head.fields, HOST_FIELD)}`;
	if (rest.startsWith('/')) head.target = rest;
	else if (rest === '' && head.method === 'OPTIONS') head.target = '*';
	else head.target = `/${rest}`;
	return head;
}

/** Says what is wrong with a head that is not in the grammar. Not on the hot path. */
function diagnose(text: string): Refusal {
	const lineEnd = text.indexOf('\r\n');
	const line = text.slice(0, lineEnd);
	const version = / HTTP\/([0-9])\.([0-9])$/.exec(line);
	if (version === null) {
		if (line.startsWith('PROXY ')) return {status: 400, reason: 'a PROXY protocol line, which is not taken here'};
		return refusalOfTls(text) ?? {status: 400, reason: 'malformed request line'};
	}
	if (version[1] !== '1' || (version[2] !== '0' && version[2] !== '1')) {
		return {status: 505, reason: `HTTP/${version[1]}.${version[2]} is not spoken here`};
	}
	if (!new RegExp(`^${TOKEN} [\\x21\\x22\\x24-\\x7e]+ HTTP`).test(line)) {
		return {status: 400, reason: 'malformed request line'};
	}
	return diagnoseFields(text, lineEnd + 2);
}

/** The first field line that is not in the grammar, in words. Shared with the answers' side. */
export function diagnoseFields(text: string, start: number): Refusal {
	for (let pos = start; pos < text.length - 2; ) {
		const newline = text.indexOf('\n', pos);
		const line = text.slice(pos, newline + 1);
		if (!FIELD.test(line)) {
			if (line.startsWith(' ') || line.startsWith('\t')) return {status: 400, reason: 'folded field line'};
			if (!line.endsWith('\r\n')) return {status: 400, reason: 'malformed head: a line ends with LF alone'};
			if (!line.includes(':')) return {status: 400, reason: 'field line without a colon'};
			const name = line.slice(0, line.indexOf(':'));
			if (!new RegExp(`^${TOKEN}$`).test(name)) return {status: 400, reason: 'invalid field name'};
			return {status: 400, reason: `control character in the value of ${name}`};
		}
		pos = newline + 1;
	}
	return {status: 400, reason: 'malformed head'};
}
