import {isIPv4} from 'node:net';
import {domainToASCII, domainToUnicode} from 'node:url';
import {isIP, isIPv6} from './ip.ts';
import {isPrivateKey, quote, show} from './quote.ts';

/** A host name has at most 253 characters and its labels 63: RFC 1035, section 2.3.4. */
const MAX_NAME = 253;
const MAX_LABEL = 63;
/** Letters, digits and inner hyphens; underscores too, which container names have and clients accept. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** What is allowed, as messages say it. */
export const CERTIFICATE_NAMES = 'a host name such as "web.test", a wildcard such as "*.web.test", or an IP address';

/** An IP address in its canonical text (IPv6: RFC 5952); anything else unchanged. */
export function canonicalAddress(address: string): string {
	return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** Why a name is refused, and what to do about it. */
export interface NameRefusal {
	readonly message: string;
	readonly hint?: string | undefined;
}

/**
 * Reads a name that a certificate may have, and returns it in the form it has there: host names in lower case,
 * international ones in ASCII (`münchen.test` is `xn--mnchen-3ya.test`, the form that clients send), IPv6 addresses as
 * in RFC 5952. `*` may be the whole first label.
 *
 * @see UTS #46, which `domainToASCII` follows
 */
export function readCertificateName(name: unknown): string | NameRefusal {
	if (typeof name !== 'string') return {message: `${show(name)} is not text; allowed is ${CERTIFICATE_NAMES}`};
	const quoted = quote(name);
	if (isPrivateKey(name)) return {message: `${quoted} is not a name; allowed is ${CERTIFICATE_NAMES}`};
	const address = readAddress(name, quoted);
	if (address !== undefined) return address;

	const lower = name.toLowerCase();
	if (lower === '') return {message: `"" is not a name; allowed is ${CERTIFICATE_NAMES}`};
	if (/\s/.test(lower)) {
		return {message: `${quoted} holds white space, which no name may`, hint: 'give each name as an item of its own'};
	}
	const bare = bareHost(lower);
	if (bare !== undefined) {
		const hint = typeof readCertificateName(bare) === 'string' ? `did you mean ${quote(bare)}?` : undefined;
		return {message: `${quoted} is more than a name; allowed is ${CERTIFICATE_NAMES}`, hint};
	}
	if (isInternational(lower)) return readInternational(lower, quoted);
	return refusalOfHost(lower, quoted) ?? lower;
}

/**
 * Reads the name or address of one host: as {@link readCertificateName}, without wildcards.
 *
 * @returns undefined when it is not valid; {@link readCertificateName} says why.
 */
export function readHostName(name: string): string | undefined {
	const read = readCertificateName(name);
	return typeof read === 'string' && !read.startsWith('*') ? read : undefined;
}

/** Whether a name has letters beyond ASCII, so that clients send another form than the written one. */
export function isInternational(name: string): boolean {
	return /[^\x00-\x7f]/.test(name);
}

/** A name as people read it: `münchen.test` for `xn--mnchen-3ya.test`; any other unchanged. */
export function displayName(name: string): string {
	const [wildcard, host] = withoutWildcard(name);
	return isIP(name) === 0 ? wildcard + (domainToUnicode(host) || host) : name;
}

function withoutWildcard(name: string): readonly [wildcard: string, host: string] {
	return name.startsWith('*.') ? ['*.', name.slice(2)] : ['', name];
}

function readAddress(name: string, quoted: string): string | NameRefusal | undefined {
	const bracketed = /^\[(.*)\]$/.exec(name)?.[1];
	if (bracketed !== undefined && isIPv6(bracketed)) {
		return {message: `${quoted} has brackets, which belong to URLs`, hint: `write ${quote(bracketed)}`};
	}
	if (isIP(name) === 0) return undefined;
	if (name.includes('%')) return {message: `${quoted} has a zone, which no certificate can carry`};
	return canonicalAddress(name);
}

/** The host in a URL, in `host:port`, in `host/path` or in `user@host`; undefined when the text is none of them. */
function bareHost(name: string): string | undefined {
	const match = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]*)(?::\d*)?(?:[/?#].*)?$/.exec(name);
	const host = match?.[1]?.replace(/^\[|\]$/g, '');
	if (host !== undefined && host !== name) return host;
	return /[:/@?#]/.test(name) ? '' : undefined;
}

function readInternational(name: string, quoted: string): string | NameRefusal {
	const [wildcard, host] = withoutWildcard(name);
	const ascii = domainToASCII(host);
	// Digits of another script may turn into an address: that is not a host name.
	if (ascii === '' || isIP(ascii) !== 0) {
		return {message: `${quoted} has letters that no name may have; allowed is ${CERTIFICATE_NAMES}`};
	}
	const converted = wildcard + ascii;
	return refusalOfHost(converted, `${quoted}, in ASCII ${quote(converted)},`) ?? converted;
}

function refusalOfHost(name: string, quoted: string): NameRefusal | undefined {
	if (name.length > MAX_NAME)
		return {message: `${quoted} has ${name.length} characters; a host name has at most ${MAX_NAME}`};
	if (name.endsWith('.')) return {message: `${quoted} ends with a dot`, hint: 'leave out the final dot'};
	const labels = name.split('.');
	if (labels[0] === '*') {
		// RFC 6125, section 7.2; Node and OpenSSL match a wildcard only when at least two labels follow.
		if (labels.length < 3) {
			return {
				message: `${quoted} matches nothing: clients want at least two labels after the "*."`,
				hint: 'such as "*.web.test"',
			};
		}
		labels.shift();
	}
	if (labels.some(label => label.includes('*'))) {
		return {message: `${quoted} has a "*" where none may be; it stands alone as the first label, as in "*.web.test"`};
	}
	const wrong = labels.find(label => label.length > MAX_LABEL || !LABEL.test(label));
	if (wrong === '') return {message: `${quoted} has an empty label: two dots in a row, or one in front`};
	if (wrong !== undefined && wrong.length > MAX_LABEL) {
		return {message: `${quoted} has a label of ${wrong.length} characters; a label has at most ${MAX_LABEL}`};
	}
	if (wrong !== undefined) {
		return {
			message: `${quoted} is not a name: labels are letters, digits, "_" and inner "-"; allowed is ${CERTIFICATE_NAMES}`,
		};
	}
	// A last label of digits makes URL parsers read an IPv4 address: WHATWG URL, "ends in a number".
	if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') && !isIPv4(name)) {
		return {
			message: `${quoted} is neither a host name nor an IPv4 address`,
			hint: 'an IPv4 address is four numbers from 0 to 255',
		};
	}
	return undefined;
}
