import {readCookieDate} from './cookie-date.ts';
import {trimFieldValue} from './http1-grammar.ts';

/** One Set-Cookie field as a user agent reads it (RFC 6265 section 5.2). */
export interface SetCookie {
	readonly name: string;
	/** Without white space around it; quotes are part of it. */
	readonly value: string;
	/** What follows the value, as it came, from its semicolon on; '' when nothing does. */
	readonly attributes: string;
	/** Max-Age; zero or less ends the cookie. It goes before Expires. */
	readonly maxAgeMs: number | undefined;
	/** Expires, in milliseconds since 1970-01-01 UTC. */
	readonly expiresMs: number | undefined;
	/** Whether Secure is among the attributes. */
	readonly secure: boolean;
	/** Where its field line begins and ends in the text it was read from, the CRLF included. */
	readonly start: number;
	readonly end: number;
}

/**
 * Every value that the Cookie fields give one cookie, in their order: a client that knows a name for several paths
 * sends it several times. Names are compared with case; one pair of quotes around a value is taken off.
 *
 * Never throws, and reads each character a bounded number of times.
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

/** Every Set-Cookie field in its order; those without a name are left out, as user agents ignore them. */
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
 * The same fields with Secure on every Set-Cookie that lacks it; the same text when there is nothing to add.
 *
 * @see SecuredCookies, OUTSCALE API 1.40, LoadBalancer; seen there: `foo=bar` becomes `foo=bar; Secure`.
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
 * The line that sets a cookie, with its CRLF. Without `attributes` it is in the form in which Classic ELB writes its
 * own: `Set-Cookie: AWSELB=<hex>;PATH=/;MAX-AGE=60`, MAX-AGE left away for a cookie of the browser's session.
 *
 * @param cookie.name a token, which is not checked here.
 * @param cookie.value made of cookie-octets (RFC 6265 section 4.1.1), which is not checked here.
 * @param cookie.attributes copied as they are, from their semicolon on: a field's own text, which has no CRLF in it.
 * @see AWS Classic ELB guide, sticky sessions; the spelling is that of recorded answers.
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

/** Calls back with where the value of each field of this lower-cased name begins and ends, and its line. */
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

/** Attributes as RFC 6265 section 5.2 reads them: names without case, the last of a name counts, unknown ones ignored. */
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
