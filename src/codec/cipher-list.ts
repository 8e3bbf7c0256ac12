import {createSecureContext} from 'node:tls';
import {quote} from '../base/quote.ts';

/**
 * ECDHE with AEAD only. TLS 1.3 suites are such by definition.
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

/** What a listener may be told about TLS. */
export interface Offer {
	readonly minVersion: Version;
	/** An OpenSSL cipher list; undefined = ECDHE with AEAD only. */
	readonly ciphers: string | undefined;
}

/** Suites that no certificate of ours can serve: without one, with another kind, or with a shared secret. */
const WITHOUT_CERTIFICATE = '!aNULL:!aDSS:!PSK:!SRP';

/** What is taken out of a list for a key, so that what it can serve is left. OpenSSL treats Ed25519 and Ed448 as ECDSA. */
const NOT_SERVED_BY: Readonly<Record<string, string>> = {
	rsa: '!aECDSA',
	// Such a key signs and cannot decrypt.
	'rsa-pss': '!aECDSA:!kRSA',
	ec: '!aRSA',
	ed25519: '!aRSA',
	ed448: '!aRSA',
};

/** Keys that can sign in TLS 1.0 and 1.1, which know no signature algorithms by name (RFC 5246, section 1.2). */
const KEYS_OF_OLD = ['rsa', 'ec'];

/** The highest security level that an ordinary client and certificate can meet. */
const MAX_LEVEL = 3;

/** The list that OpenSSL is given for an offer. */
export function openSslCiphers({minVersion, ciphers}: Offer): string {
	if (ciphers === undefined) return isOld(minVersion) ? `${DEFAULT_CIPHERS}:ECDHE+AES:@SECLEVEL=0` : DEFAULT_CIPHERS;
	const {modern, rest} = partsOf(ciphers);
	// OpenSSL 3 refuses the signatures of TLS 1.0 and 1.1 above security level 0.
	const level = isOld(minVersion) && rest.length > 0 && levelOf(rest) === undefined ? ['@SECLEVEL=0'] : [];
	return [...modern, ...rest, ...level].join(':');
}

/**
 * The TLS versions, oldest first, in which an offer and a key of this type can shake hands: each has a suite that the
 * key serves.
 *
 * @param keyType as `KeyObject.asymmetricKeyType` has it.
 */
export function versionsWith(keyType: string, {minVersion, ciphers}: Offer): readonly Version[] {
	const atLeast = VERSIONS.slice(VERSIONS.indexOf(minVersion));
	const signsOld = KEYS_OF_OLD.includes(keyType);
	if (ciphers === undefined) return atLeast.filter(version => signsOld || !isOld(version));
	const {modern, rest} = partsOf(ciphers);
	const level = levelOf(rest) ?? (isOld(minVersion) ? 0 : 1);
	const taken = [WITHOUT_CERTIFICATE, NOT_SERVED_BY[keyType] ?? '', level < 3 ? '' : '!kRSA'];
	const serves = (more: string) => matches([...rest, ...taken, more].filter(part => part !== '').join(':'));
	return atLeast.filter(version => {
		// Node keeps OpenSSL's suites of TLS 1.3 where a list names none, and speaks nothing else where it names only such.
		if (version === 'TLSv1.3') return modern.length > 0 || minVersion !== 'TLSv1.3';
		if (rest.length === 0) return false;
		return isOld(version) ? signsOld && level === 0 && serves('!TLSv1.2') : serves('');
	});
}

/** The versions that an offer can be spoken in with the better one of an EC and an RSA key; EC where both are as good. */
export function bestKeyFor(offer: Offer): {readonly key: 'ec' | 'rsa'; readonly versions: readonly Version[]} {
	const [ec, rsa] = [versionsWith('ec', offer), versionsWith('rsa', offer)];
	return rsa.length > ec.length ? {key: 'rsa', versions: rsa} : {key: 'ec', versions: ec};
}

/**
 * Why a cipher list cannot be used, or would leave `minVersion` without effect; undefined when it can.
 *
 * @param minVersion as it was written; undefined: it was not.
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
	// OpenSSL says no more than "no cipher match".
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

/** OpenSSL takes four separators, Node one; and the names of TLS 1.3, all of which begin with TLS_, are kept apart. */
function partsOf(ciphers: string): {readonly modern: readonly string[]; readonly rest: readonly string[]} {
	const parts = ciphers.split(/[:,; ]/).filter(part => part !== '');
	return {
		modern: parts.filter(part => part.startsWith('TLS_')),
		rest: parts.filter(part => !part.startsWith('TLS_')),
	};
}

/** The last one counts. */
function levelOf(parts: readonly string[]): number | undefined {
	const last = parts.findLast(part => /^@SECLEVEL=\d$/.test(part));
	return last === undefined ? undefined : Number(last.at(-1));
}

function isOld(version: Version): boolean {
	return version === 'TLSv1' || version === 'TLSv1.1';
}

function matches(list: string): boolean {
	try {
		createSecureContext({ciphers: list});
		return true;
	} catch {
		return false;
	}
}
