import {isIP, isIPv4, isIPv6} from 'node:net';
import {domainToASCII} from 'node:url';
import type {Violation} from '../base/errors.ts';

/** A host name has at most 253 characters and its labels 63: RFC 1035, section 2.3.4. */
const MAX_NAME = 253;
const MAX_LABEL = 63;
/** Letters, digits and inner hyphens; underscores too, which container names carry and clients accept. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

const ALLOWED = 'a host name such as "web.test", a wildcard such as "*.web.test", or an IP address';

/**
 * The names of a certificate in the one form they have inside it: host names in lower case, IPv6 addresses as
 * RFC 5952 writes them, none twice.
 *
 * @returns the names in their order, or every violation; paths are indexes into `names`.
 */
export function readNames(names: readonly string[]): {names: readonly string[]} | {violations: Violation[]} {
	// JavaScript and YAML callers are not held by the type.
	if (!Array.isArray(names) || names.length === 0) {
		return {violations: [{path: [], message: `a certificate needs at least one name: ${ALLOWED}`}]};
	}
	const violations: Violation[] = [];
	const read = new Set<string>();
	for (const [index, name] of names.entries()) {
		const result = readName(name);
		if (typeof result === 'string') read.add(result);
		else violations.push({path: [index], ...result});
	}
	return violations.length > 0 ? {violations} : {names: [...read]};
}

/** An IP address in its canonical text (IPv6: RFC 5952); anything else unchanged. */
export function canonicalAddress(address: string): string {
	return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

interface Refusal {
	readonly message: string;
	readonly hint?: string | undefined;
}

function readName(name: unknown): string | Refusal {
	if (typeof name !== 'string') return {message: `${JSON.stringify(name)} is not text; allowed is ${ALLOWED}`};
	const quoted = JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
	const address = readAddress(name, quoted);
	if (address !== undefined) return address;

	const lower = name.toLowerCase();
	if (lower === '') return {message: `"" is not a name; allowed is ${ALLOWED}`};
	if (/\s/.test(lower)) {
		return {message: `${quoted} holds white space, which no name may`, hint: 'give each name as an item of its own'};
	}
	const bare = bareHost(lower);
	if (bare !== undefined) {
		const hint = typeof readName(bare) === 'string' ? `did you mean ${JSON.stringify(bare)}?` : undefined;
		return {message: `${quoted} is more than a name; allowed is ${ALLOWED}`, hint};
	}
	if (/[^\x00-\x7f]/.test(lower)) return international(lower, quoted);
	return refusalOfHost(lower, quoted) ?? lower;
}

function readAddress(name: string, quoted: string): string | Refusal | undefined {
	const bracketed = /^\[(.*)\]$/.exec(name)?.[1];
	if (bracketed !== undefined && isIPv6(bracketed)) {
		return {message: `${quoted} has brackets, which belong to URLs`, hint: `write ${JSON.stringify(bracketed)}`};
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

function international(name: string, quoted: string): Refusal {
	const wildcard = name.startsWith('*.') ? '*.' : '';
	const ascii = domainToASCII(name.slice(wildcard.length));
	return {
		message: `${quoted} has letters beyond ASCII; a certificate carries such a name in its ASCII form`,
		hint: ascii === '' ? undefined : `write ${JSON.stringify(wildcard + ascii)}`,
	};
}

function refusalOfHost(name: string, quoted: string): Refusal | undefined {
	if (name.length > MAX_NAME)
		return {message: `${quoted} has ${name.length} characters; a host name has at most ${MAX_NAME}`};
	if (name.endsWith('.')) return {message: `${quoted} ends with a dot`, hint: 'leave out the final dot'};
	const labels = name.split('.');
	if (labels[0] === '*') {
		// RFC 6125, section 7.2; Node and OpenSSL match a wildcard only above two labels or more.
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
		return {message: `${quoted} is not a name: labels are letters, digits, "_" and inner "-"; allowed is ${ALLOWED}`};
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
