/** `token` of RFC 9110 section 5.6.2. */
export const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";

/**
 * A field line: no space before the colon, no control character but HTAB in the value, no folding.
 *
 * @see RFC 9112 section 5, RFC 9110 section 5.5
 */
export const FIELD_LINE = `${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n`;

/** Limits of a message head, as AWS publishes them for its HTTP load balancers (ALB quotas). */
export const MAX_LINE_BYTES = 16 * 1024;
export const MAX_HEAD_BYTES = 64 * 1024;
export const MAX_FIELDS = 1000;

/** How the body of a message is delimited. */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close';

/** Why a message is refused: the status with which the load balancer answers, and the reason for the record. */
export interface Refusal {
	readonly status: number;
	readonly reason: string;
}

const DIGITS = /^[0-9]+$/;

/**
 * The number in a Content-Length value (already trimmed), -1 when it is not `1*DIGIT`, -2 when it is too large to be
 * counted exactly (above 2^53 - 1 bytes, 8 PiB).
 */
export function readContentLength(value: string): number {
	if (!DIGITS.test(value)) return -1;
	const length = Number(value);
	return length <= Number.MAX_SAFE_INTEGER ? length : -2;
}

/** A field value without the optional white space around it. That is SP and HTAB only; `trim()` removes more. */
export function trimFieldValue(text: string, start: number, end: number): string {
	let from = start;
	let to = end;
	while (from < to && isBlank(text.charCodeAt(from))) from++;
	while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
	return text.slice(from, to);
}

/** The members of a comma-separated list, lower-cased, empty ones dropped. */
export function listMembers(value: string): string[] {
	return value
		.toLowerCase()
		.split(',')
		.map(member => trimFieldValue(member, 0, member.length))
		.filter(member => member !== '');
}

/** A fast filter for field names: for each length, the first letters of the names, one bit each. */
export type NameFilter = readonly number[];

export function nameFilter(names: readonly string[]): NameFilter {
	const firsts: number[] = new Array(Math.max(...names.map(name => name.length)) + 1).fill(0);
	for (const name of names) firsts[name.length] = (firsts[name.length] ?? 0) | bitOf(name, 0);
	return firsts;
}

/** Whether the field name at `start` may be one of them. It creates no string: very few fields need one. */
export function mayMatch(names: NameFilter, text: string, start: number, end: number): boolean {
	const length = end - start;
	return length < names.length && ((names[length] ?? 0) & bitOf(text, start)) !== 0;
}

/** One bit for each letter in either case; other characters share these bits. */
function bitOf(text: string, at: number): number {
	return 1 << (text.charCodeAt(at) & 0x1f);
}

function isBlank(code: number): boolean {
	return code === 0x20 || code === 0x09;
}

/** Refuses a TLS record, whose first byte begins no HTTP message (RFC 8446 section 5.1). */
export function refusalOfTls(text: string): Refusal | undefined {
	const type = text.charCodeAt(0);
	return type >= 0x14 && type <= 0x17 ? {status: 400, reason: 'TLS where plain HTTP is expected'} : undefined;
}

/** 414 for the first line, 431 for the rest, undefined when all limits hold. */
export function refusalOfSizes(text: string): Refusal | undefined {
	let start = 0;
	let fields = -1;
	while (start < text.length) {
		const newline = text.indexOf('\n', start);
		const end = newline === -1 ? text.length : newline + 1;
		if (end - start > MAX_LINE_BYTES) {
			return fields === -1
				? {status: 414, reason: `first line longer than ${MAX_LINE_BYTES} bytes`}
				: {status: 431, reason: `field longer than ${MAX_LINE_BYTES} bytes`};
		}
		fields++;
		if (fields > MAX_FIELDS + 1) return {status: 431, reason: `more than ${MAX_FIELDS} fields`};
		start = end;
	}
	return text.length > MAX_HEAD_BYTES ? {status: 431, reason: `head longer than ${MAX_HEAD_BYTES} bytes`} : undefined;
}
