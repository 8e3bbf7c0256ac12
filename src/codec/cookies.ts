import {readCookieDate} from './cookie-date.ts';
import {trimFieldValue} from './http1-grammar.ts';

/** One Set-Cookie field as a user agent reads it (RFC 6265 section 5.2). */
export interface SetCookie {
	readonly name: string;
	/** Without surrounding white space, with its quotes. */
	readonly value: string;
	/** The text after the value, unchanged, from its semicolon on; '' when there is none. */
	readonly attributes: string;
	/** Max-Age; zero or less ends the cookie. It takes precedence over Expires. */
	readonly maxAgeMs: number | undefined;
	/** Expires, in milliseconds since 1970-01-01 UTC. */
	readonly expiresMs: number | undefined;
	/** Whether Secure is among the attributes. */
	readonly secure: boolean;
	/** The offsets of its field line, including the CRLF, in the text it was read from. */
	readonly start: number;
	readonly end: number;
}

/**
 * All values of one cookie in the Cookie fields, in order: a client that has the name for several paths sends it
 * several times. Names are case-sensitive; one pair of quotes around a value is removed.
 *
 * Never throws, in linear time.
 *
 * @param fields field lines of a request, latin1, each with its CRLF.
 * @see RFC 6265 sections 4.2.1 and 5.4
 */
export function readCookie(fields: string, name: string): string[] {
	const values: string[] = [];
	forEachField(fields, 'cookie', (start, end) => {
		for (const part of fields.slice(start, end).split(';')) {
			const equals = part.indexOf('=');
			if (equals !== -1 && trimFieldValue(part, 0, equals) === name) {
				values.push(unquoted(trimFieldValue(part, equals + 1, part.length)));
			}
		}
	});
	return values;
}

/** All Set-Cookie fields in order, except those without a name, which user agents ignore. */
export function readSetCookies(fields: string): SetCookie[] {
	const cookies: SetCookie[] = [];
	forEachField(fields, 'set-cookie', (start, end, lineStart, lineEnd) => {
		const text = trimFieldValue(fields, start, end);
		const semicolon = text.indexOf(';');
		const pairEnd = semicolon === -1 ? text.length : semicolon;
		const equals = text.indexOf('=');
		const name = trimFieldValue(text, 0, Math.min(equals, pairEnd));
		if (equals === -1 || equals > pairEnd || name === '') return;
		const attributes = text.slice(pairEnd);
		cookies.push({
			name,
			value: trimFieldValue(text, equals + 1, pairEnd),
			attributes,
			...readAttributes(attributes),
			start: lineStart,
			end: lineEnd,
		});
	});
	return cookies;
}

/**
 * The fields with Secure added to every Set-Cookie that lacks it; the same text when there is nothing to add.
 *
 * @see SecuredCookies, OUTSCALE API 1.40, LoadBalancer. Its example: `foo=bar` becomes `foo=bar; Secure`.
 */
export function withSecure(fields: string): string {
	let text = '';
	let from = 0;
	forEachField(fields, 'set-cookie', (start, end) => {
		const value = trimFieldValue(fields, start, end);
		const semicolon = value.indexOf(';');
		if (value === '' || (semicolon !== -1 && readAttributes(value.slice(semicolon)).secure)) return;
		const valueEnd = fields.indexOf(value, start) + value.length;
		text += `${fields.slice(from, valueEnd)}${value.endsWith(';') ? ' Secure' : '; Secure'}`;
		from = valueEnd;
	});
	return from === 0 ? fields : text + fields.slice(from);
}

/**
 * The line that sets a cookie, with its CRLF. Without `attributes` it has the form of Classic ELB's own cookie:
 * `Set-Cookie: AWSELB=<hex>;PATH=/;MAX-AGE=60`, without MAX-AGE for a session cookie.
 *
 * @param cookie.name a token; not checked here.
 * @param cookie.value cookie-octets (RFC 6265 section 4.1.1); not checked here.
 * @param cookie.attributes copied unchanged, from their semicolon on: the text of a field, which contains no CRLF.
 * @see AWS Classic ELB guide, sticky sessions; the spelling is taken from recorded answers.
 */
export function writeSetCookie({
	name,
	value,
	maxAgeSeconds,
	attributes,
}: {
	readonly name: string;
	readonly value: string;
	readonly maxAgeSeconds: number | undefined;
	readonly attributes?: string | undefined;
}): string {
	const own = maxAgeSeconds === undefined ? ';PATH=/' : `;PATH=/;MAX-AGE=${maxAgeSeconds}`;
	return `Set-Cookie: ${name}=${value}${attributes ?? own}\r\n`;
}

/** Calls back with the offsets of the value and of the line of each field with this lower-cased name. */
function forEachField(
	fields: string,
	name: string,
	found: (start: number, end: number, lineStart: number, lineEnd: number) => void,
): void {
	const length = name.length;
	for (let pos = 0; pos < fields.length; ) {
		const newline = fields.indexOf('\n', pos);
		const next = newline === -1 ? fields.length : newline + 1;
		if (fields[pos + length] === ':' && fields.slice(pos, pos + length).toLowerCase() === name) {
			let end = next;
			while (end > pos && (fields[end - 1] === '\n' || fields[end - 1] === '\r')) end--;
			found(pos + length + 1, end, pos, next);
		}
		pos = next;
	}
}

/**
 * Attributes as RFC 6265 section 5.2 reads them: names are case-insensitive, the last one of a name counts, unknown
 * ones are ignored.
 */
function readAttributes(attributes: string): Pick<SetCookie, 'maxAgeMs' | 'expiresMs' | 'secure'> {
	let maxAgeMs: number | undefined;
	let expiresMs: number | undefined;
	let secure = false;
	for (const attribute of attributes.split(';')) {
		const equals = attribute.indexOf('=');
		const nameEnd = equals === -1 ? attribute.length : equals;
		const value = trimFieldValue(attribute, nameEnd + 1, attribute.length);
		switch (trimFieldValue(attribute, 0, nameEnd).toLowerCase()) {
			case 'secure':
				secure = true;
				break;
			case 'max-age':
				if (/^-?[0-9]+$/.test(value)) maxAgeMs = Number(value) * 1000;
				break;
			case 'expires':
				expiresMs = readCookieDate(value) ?? expiresMs;
				break;
			default:
		}
	}
	return {maxAgeMs, expiresMs, secure};
}

function unquoted(value: string): string {
	const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
	return quoted ? value.slice(1, -1) : value;
}
