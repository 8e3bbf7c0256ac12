import {createSecureContext} from 'node:tls';
import {quote} from '../base/quote.ts';

/**
 * ECDHE with AEAD only. TLS 1.3 suites always are.
 *
 * @see RFC 9325 section 4.2
 */
const DEFAULT_CIPHERS = [
	'TLS_AES_128_GCM_SHA256',
	'TLS_AES_256_GCM_SHA384',
	'TLS_CHACHA20_POLY1305_SHA256',
	'ECDHE-ECDSA-AES128-GCM-SHA256',
	'ECDHE-RSA-AES128-GCM-SHA256',
	'ECDHE-ECDSA-AES256-GCM-SHA384',
	'ECDHE-RSA-AES256-GCM-SHA384',
	'ECDHE-ECDSA-CHACHA20-POLY1305',
	'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Oldest first. */
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type Version = (typeof VERSIONS)[number];

/** The TLS settings of a listener. */
export interface Offer {
	readonly minVersion: Version;
	/** An OpenSSL cipher list; undefined means ECDHE with AEAD only. */
	readonly ciphers: string | undefined;
}

/** Excludes suites that need no certificate, a DSA certificate, or a shared secret. */
const WITHOUT_CERTIFICATE = '!aNULL:!aDSS:!PSK:!SRP';

/** The suites to exclude for a type of key because it cannot serve them. OpenSSL treats Ed25519 and Ed448 as ECDSA. */
const NOT_SERVED_BY: Readonly<Record<string, string>> = {
	rsa: '!aECDSA',
	// Such a key can sign, but not decrypt.
	'rsa-pss': '!aECDSA:!kRSA',
	ec: '!aRSA',
	ed25519: '!aRSA',
	ed448: '!aRSA',
};

/**
 * Types of keys that can sign in TLS 1.0 and 1.1, which cannot negotiate signature algorithms (RFC 5246, section 1.2).
 */
const LEGACY_KEYS = ['rsa', 'ec'];

/** The highest security level that ordinary clients and certificates meet. */
const MAX_LEVEL = 3;

/** The list that OpenSSL gets for these settings. */
export function openSslCiphers({minVersion, ciphers}: Offer): string {
	if (ciphers === undefined) return isOld(minVersion) ? `${DEFAULT_CIPHERS}:ECDHE+AES:@SECLEVEL=0` : DEFAULT_CIPHERS;
	const {modern, rest} = partsOf(ciphers);
	// OpenSSL 3 refuses the signatures of TLS 1.0 and 1.1 above security level 0.
	const level = isOld(minVersion) && rest.length > 0 && levelOf(rest) === undefined ? ['@SECLEVEL=0'] : [];
	return [...modern, ...rest, ...level].join(':');
}

/**
 * The TLS versions, oldest first, in which a handshake is possible with these settings and this type of key: each has a
 * suite that the key can serve.
 *
 * @param keyType as in `KeyObject.asymmetricKeyType`.
 */
export function versionsWith(keyType: string, {minVersion, ciphers}: Offer): readonly Version[] {
	const atLeast = VERSIONS.slice(VERSIONS.indexOf(minVersion));
	const signsOld = LEGACY_KEYS.includes(keyType);
	if (ciphers === undefined) return atLeast.filter(version => signsOld || !isOld(version));
	const {modern, rest} = partsOf(ciphers);
	const level = levelOf(rest) ?? (isOld(minVersion) ? 0 : 1);
	const taken = [WITHOUT_CERTIFICATE, NOT_SERVED_BY[keyType] ?? '', level < 3 ? '' : '!kRSA'];
	const serves = (more: string) => matches([...rest, ...taken, more].filter(part => part !== '').join(':'));
	return atLeast.filter(version => {
		// When a list names no suite of TLS 1.3, Node keeps OpenSSL's; when it names only such, Node offers no other.
		if (version === 'TLSv1.3') return modern.length > 0 || minVersion !== 'TLSv1.3';
		if (rest.length === 0) return false;
		return isOld(version) ? signsOld && level === 0 && serves('!TLSv1.2') : serves('');
	});
}

/**
 * The type of key, EC or RSA, with which these settings allow more versions, and those versions; EC when both allow as
 * many.
 */
export function bestKeyFor(offer: Offer): {readonly key: 'ec' | 'rsa'; readonly versions: readonly Version[]} {
	const [ec, rsa] = [versionsWith('ec', offer), versionsWith('rsa', offer)];
	return rsa.length > ec.length ? {key: 'rsa', versions: rsa} : {key: 'ec', versions: ec};
}

/**
 * Why a cipher list cannot be used, or would make `minVersion` ineffective; undefined when it is good.
 *
 * @param minVersion as written; undefined when it was not given.
 */
export function refusalOfCiphers(
	ciphers: string,
	minVersion: Version | undefined,
): {readonly message: string; readonly hint?: string} | undefined {
	const {modern, rest} = partsOf(ciphers);
	const list = quote(ciphers);
	const level = levelOf(rest);
	if (level !== undefined && level > MAX_LEVEL) {
		const message = `security level ${level} in ${list} asks for more than clients and certificates have`;
		return {message, hint: `allowed are @SECLEVEL=0 to @SECLEVEL=${MAX_LEVEL}`};
	}
	// OpenSSL only says "no cipher match".
	if (!matches([...modern, ...rest].join(':'))) {
		return {message: `${list} is not an OpenSSL cipher list: no cipher matches it`};
	}
	if (minVersion !== undefined && isOld(minVersion) && level !== undefined && level > 0) {
		const message = `security level ${level} in ${list} forbids TLS 1.0 and 1.1, which minVersion ${minVersion} asks for`;
		return {message, hint: 'leave @SECLEVEL away, or write minVersion: TLSv1.2'};
	}
	const offer = {minVersion: minVersion ?? 'TLSv1.2', ciphers} as const;
	const {versions} = bestKeyFor(offer);
	if (rest.length > 0 && offer.minVersion !== 'TLSv1.3' && !versions.includes('TLSv1.2')) {
		const message = `no cipher in ${list} for TLS 1.2 and older goes with a certificate`;
		return {message, hint: 'name some that do, such as ECDHE-ECDSA-AES128-GCM-SHA256 or ECDHE-RSA-AES128-GCM-SHA256'};
	}
	if (minVersion === undefined || versions.includes(minVersion)) return undefined;
	const message = `no cipher in ${list} can be used in ${minVersion}, which minVersion asks for`;
	return {message, hint: `name one, such as ${EXAMPLES[minVersion]}, or write another minVersion`};
}

const EXAMPLES: Readonly<Record<Version, string>> = {
	TLSv1: 'ECDHE-ECDSA-AES128-SHA',
	'TLSv1.1': 'ECDHE-ECDSA-AES128-SHA',
	'TLSv1.2': 'ECDHE-ECDSA-AES128-GCM-SHA256',
	'TLSv1.3': 'TLS_AES_128_GCM_SHA256',
};

/**
 * OpenSSL accepts four separators, Node only one. The names of TLS 1.3, which all begin with TLS_, are separated from
 * the others.
 */
function partsOf(ciphers: string): {readonly modern: readonly string[]; readonly rest: readonly string[]} {
	const parts = ciphers.split(/[:,; ]/).filter(part => part !== '');
	return {
		modern: parts.filter(part => part.startsWith('TLS_')),
		rest: parts.filter(part => !part.startsWith('TLS_')),
	};
}

/** The security level in a list; the last one counts. */
function levelOf(parts: readonly string[]): number | undefined {
	const last = parts.findLast(part => /^@SECLEVEL=\d$/.test(part));
	return last === undefined ? undefined : Number(last.at(-1));
}

/** Whether OpenSSL 3 refuses a version's signatures above security level 0. */
function isOld(version: Version): boolean {
	return version === 'TLSv1' || version === 'TLSv1.1';
}

/** Whether OpenSSL has a cipher in a list. */
export function matches(list: string): boolean {
	try {
		createSecureContext({ciphers: list});
		return true;
	} catch {
		return false;
	}
}
