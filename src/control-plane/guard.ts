import {quote} from '../base/quote.ts';
import type {RequestRefusal} from './dialect.ts';

/** What of a request says where it comes from. */
export interface Asked {
	readonly method: string;
	/**
	 * The host in an absolute target (`POST http://name/path`), which counts instead of the Host header; of a CONNECT, its
	 * target.
	 */
	readonly authority?: string | undefined;
	/** By lower-case name; the values of a name that came several times are joined with commas. */
	readonly headers: ReadonlyMap<string, string>;
}

export interface GuardOptions {
	/** The bound port. */
	readonly port: number;
	/** The bound address, as a URL has it. */
	readonly address: string;
	/** Names that it may be reached by beside those of loopback: an entry of a hosts file, a container's name. */
	readonly names: readonly string[];
}

/** Who the port is. `local` names have to come with the right port, `named` ones with that or none. */
interface Own {
	readonly local: ReadonlySet<string>;
	readonly named: ReadonlySet<string>;
	readonly port: number;
}

/** The names that every machine has for itself. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** RFC 9110 section 4.2.1: a host without a port is on this one. */
const HTTP_PORT = 80;

/**
 * Decides who may talk to the control port at all: programs on this machine, and pages that it served itself. A page of
 * somebody else's in a browser on this machine is refused, whatever name it has made point here (DNS rebinding).
 *
 * A CONNECT leads elsewhere, so its Host is that of its target, or missing, as with Python before 3.12. No page can send
 * one: a browser does so for a user who has made this port its proxy.
 *
 * Pure. Browsers send Origin and Sec-Fetch-Site and pages cannot change them; programs send neither.
 *
 * @see Fetch Standard, the Origin header; W3C Fetch Metadata Request Headers, Sec-Fetch-Site
 */
export function guard(options: GuardOptions): (asked: Asked) => RequestRefusal | undefined {
	const own: Own = {
		local: new Set([...LOOPBACK_NAMES, options.address]),
		named: new Set(options.names.map(name => name.toLowerCase())),
		port: options.port,
	};
	return asked => {
		const isConnect = asked.method === 'CONNECT';
		const reason =
			(isConnect ? reasonAgainstHostOfTunnel(asked, own) : reasonAgainstHost(asked, own)) ??
			reasonAgainstOrigin(asked, own);
		return reason === undefined ? undefined : {status: 403, reason};
	};
}

function reasonAgainstHost({authority, headers}: Asked, own: Own): string | undefined {
	const given = headers.get('host');
	if (authority !== undefined && !isOwn(authority, own)) {
		return `the host ${quote(authority)} is not this one, and ${NO_PLAIN_PROXY}`;
	}
	if (given === undefined) return `the request has no Host header; it has to be ${allowed(own)}`;
	return isOwn(given, own) ? undefined : `the host ${quote(given)} is not this one; it has to be ${allowed(own)}`;
}

/** What a client is told that asks for `http://name/path` here, because of HTTP_PROXY. */
const NO_PLAIN_PROXY =
	'this port is a proxy for CONNECT alone, which is how clients ask for https:. ' +
	'Unset HTTP_PROXY and http_proxy; lb-local status shows the bound port of each HTTP listener';

function reasonAgainstHostOfTunnel({authority = '', headers}: Asked, own: Own): string | undefined {
	const given = headers.get('host');
	const target = authority.toLowerCase();
	const allowed = [undefined, target, target.replace(/:\d+$/, '')];
	if (allowed.includes(given?.toLowerCase()) || (given !== undefined && isOwn(given, own))) return undefined;
	return `the host ${quote(given ?? '')} is not that of the target; it has to be ${quote(authority)}`;
}

function reasonAgainstOrigin({headers}: Asked, own: Own): string | undefined {
	const origin = headers.get('origin');
	const host = origin === undefined ? undefined : /^http:\/\/([^/]+)$/i.exec(origin)?.[1];
	const isOwnOrigin = host !== undefined && isOwn(host, own);
	if (origin !== undefined && !isOwnOrigin) {
		return `the origin ${quote(origin)} is not this one: pages of other sites may not talk to this port`;
	}
	const site = headers.get('sec-fetch-site');
	if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
	if (site === 'same-site' && isOwnOrigin) return undefined;
	return `Sec-Fetch-Site is ${quote(site)}: pages of other sites may not talk to this port`;
}

function isOwn(text: string, {local, named, port}: Own): boolean {
	const match = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text);
	const host = match?.[1]?.toLowerCase() ?? '';
	const given = match?.[2];
	const isRightPort = Number(given ?? HTTP_PORT) === port;
	if (named.has(host)) return given === undefined || isRightPort;
	return local.has(host) && isRightPort;
}

function allowed({local, named, port}: Own): string {
	const all = [...[...local].map(name => `${name}:${port}`), ...named];
	return `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}
