import {isInternational, readHostName} from '../base/host-name.ts';
import {isIP, isIPv6} from '../base/ip.ts';
import {isPrivateKey, quote, show} from '../base/quote.ts';
import {didYouMean} from '../base/suggest.ts';
import {isPort} from './schema-values.ts';

/** What was wrong with a text, and what to do about it. */
export interface NameProblem {
	readonly message: string;
	readonly hint?: string | undefined;
}

/**
 * Reads where a server of the user's own listens: `127.0.0.1:3000`, `[::1]:80`, `localhost:3000`, `127.0.0.5`, `::1`.
 * A port alone, `3000`, is one of 127.0.0.1.
 *
 * @returns a port of undefined when the text names a host only.
 */
export function readAddress(text: string): {host: string; port: number | undefined} | NameProblem {
	if (isIPv6(text)) return {host: text, port: undefined};
	if (/^\d{1,5}$/.test(text)) {
		return isPort(Number(text))
			? {host: '127.0.0.1', port: Number(text)}
			: {message: `${show(text)} is not a port; allowed are 1 to 65535`};
	}
	const url = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(text);
	if (url?.[1] !== undefined) {
		const isAddress = !('message' in readAddress(url[1]));
		const hint = isAddress ? `did you mean ${quote(url[1])}?` : undefined;
		return {message: `${show(text)} is a URL, not an address; write host:port such as "127.0.0.1:3000"`, hint};
	}
	const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text);
	const host = match?.[1] ?? match?.[2] ?? '';
	const isBracketed = match?.[1] !== undefined;
	const readable = isBracketed ? (isIPv6(host) ? host : undefined) : readHost(host);
	// A piece of a private key would not be known as one.
	if (match === null || readable === undefined || isPrivateKey(text)) {
		return {
			message: `${show(text)} is not an address; write host:port such as "127.0.0.1:3000", or a host alone`,
			hint: hintOn(text),
		};
	}
	if (match[3] === undefined) return {host: readable, port: undefined};
	const port = /^\d{1,5}$/.test(match[3]) ? Number(match[3]) : Number.NaN;
	if (isPort(port)) return {host: readable, port};
	return {message: `${show(match[3])} in ${show(text)} is not a port; allowed are 1 to 65535`};
}

function hintOn(text: string): string | undefined {
	const port = /^:(\d{1,5})$/.exec(text)?.[1];
	return port !== undefined && isPort(Number(port)) ? `did you mean "127.0.0.1:${port}"?` : undefined;
}

/**
 * An IP address or the name of a host to connect to, an international one in ASCII. Names are as they were written
 * otherwise, a final dot included.
 *
 * @returns undefined when the text is neither. A name whose last label is a number can only be a broken address.
 */
export function readHost(text: string): string | undefined {
	if (isIP(text) !== 0) return text;
	const name = text.endsWith('.') ? text.slice(0, -1) : text;
	const read = readHostName(name);
	return read !== undefined && isInternational(name) ? read : read && text;
}

/** Whether nothing outside this machine can reach what is bound to this address. */
export function isLoopback(address: string): boolean {
	return (isIP(address) === 4 && address.startsWith('127.')) || address === '::1';
}

/** What to say of a name that nobody has. */
export function unknownName(what: string, name: string, known: Iterable<string>): NameProblem {
	const names = [...known];
	const shown = names.slice(0, 8).map(known => show(known));
	const there =
		names.length === 0
			? 'there are none'
			: `there ${names.length === 1 ? 'is' : 'are'} ${shown.join(', ')}${names.length > 8 ? ', …' : ''}`;
	return {message: `no ${what} is named ${show(name)}; ${there}`, hint: didYouMean(name, names)};
}
