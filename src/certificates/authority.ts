import {generateKeyPairSync, type KeyObject, randomBytes, X509Certificate} from 'node:crypto';
import {inspect} from 'node:util';
import {EmulatorError, invalidDescription, type Violation} from '../base/errors.ts';
import {madeOnce} from '../base/made-once.ts';
import {show} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import {wallMs} from '../base/timers.ts';
import {Violations} from '../base/violations.ts';
import type {PemPair} from '../model/resolved.ts';
import {buildCertificate, namesOf} from './certificate-builder.ts';
import {exportPrivateKey} from './ec-key.ts';
import {withHiddenKey} from './hidden-key.ts';
import {leafStatement} from './leaf.ts';
import {readNames} from './names.ts';
import {readCertificates, readPrivateKey} from './read-parts.ts';
import type {SignerNames} from './signer.ts';

/** A local certificate authority for tests. It signs every request. */
export interface Authority {
	/** Its certificate: what a client has to trust. */
	readonly pem: string;
	/**
	 * Its private key (PKCS#8). Read this property to store the key; printing or serialising the authority does not show
	 * it.
	 */
	readonly keyPem: string;
	/**
	 * Issues a leaf certificate with a new key. EC takes a millisecond, RSA up to a quarter of a second.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every invalid name and date; paths start at the options.
	 */
	issue(options: IssueOptions): IssuedCertificate;
}

const KEY_KINDS = ['ec', 'rsa'] as const;

export interface IssueOptions {
	/** Host names, wildcards (`*.web.test`) and IP addresses; the first becomes the common name. */
	readonly names: readonly string[];
	/** EC P-256 by default; `rsa` is RSA-2048. */
	readonly key?: 'ec' | 'rsa' | undefined;
	/** Writes the key as `BEGIN RSA PRIVATE KEY` (the cloud's form) or `BEGIN EC PRIVATE KEY`; PKCS#8 unless set. */
	readonly pkcs1?: boolean | undefined;
	/** By default a day ago, for clients whose clock is slow. */
	readonly notBefore?: Date | undefined;
	/** By default 397 days after `notBefore`; never after the authority's own end. */
	readonly notAfter?: Date | undefined;
	/** The moment that counts as the present; by default the real one. */
	readonly now?: Date | undefined;
}

/** A leaf certificate with its key and its facts. Printing it does not show the key. */
export interface IssuedCertificate extends PemPair {
	/** In the form that the certificate has: lower case, IPv6 as in RFC 5952, without repetitions. */
	readonly names: readonly string[];
	readonly notBefore: Date;
	readonly notAfter: Date;
	/** SHA-256 of the certificate, upper-case hexadecimal with colons. */
	readonly fingerprint256: string;
}

export interface AuthorityOptions {
	/** The moment that counts as the present; by default the real one. */
	readonly now?: Date | undefined;
	/** Ten years after `now` by default. */
	readonly notAfter?: Date | undefined;
}

const DAY_MS = 86_400_000;
// CA/Browser Forum ballot SC22 allows leaves 398 days; a day less, since both ends count (RFC 5280, section 4.1.2.5).
const LEAF_DAYS = 397;
const AUTHORITY_DAYS = 3652;

/** Creates a temporary authority: an EC P-256 key and a self-signed certificate. Takes about a millisecond. */
export function createAuthority(options: AuthorityOptions = {}): Authority {
	const now = options.now ?? new Date(wallMs());
	const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
	const notAfter = wholeSeconds(options.notAfter?.getTime() ?? now.getTime() + AUTHORITY_DAYS * DAY_MS);
	const {pem, names} = buildCertificate(
		{
			// Authorities in one trust store need different names, or clients try the wrong one.
			subject: {organizationName: 'lb-local', commonName: `lb-local test authority ${randomBytes(6).toString('hex')}`},
			publicKey,
			notBefore: wholeSeconds(now.getTime() - DAY_MS),
			notAfter,
			extensions: [
				{name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0},
				{name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true},
			],
		},
		{key: privateKey},
	);
	return new LocalAuthority(pem, privateKey, () => ({names, notAfter}));
}

/**
 * An authority from its certificate and key, such as a stored one or mkcert's.
 *
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when a part does not parse, the two do not belong together, or the
 * certificate is not that of an authority.
 */
export function authorityFrom(pair: PemPair): Authority {
	const read = readAuthority(pair);
	if ('authority' in read) return read.authority;
	throw new EmulatorError('AUTHORITY_UNUSABLE', `The authority cannot be used: ${read.reason}`, {hint: read.hint});
}

/** As `authorityFrom`, but returns the reason of a failure, for callers that add to it. */
export function readAuthority({
	cert,
	key,
}: PemPair): {authority: Authority} | {reason: string; hint?: string | undefined} {
	const certificates = readCertificates(cert, 'cert', key);
	const privateKey = readPrivateKey(key, cert);
	const [problem] = [...certificates.problems, ...privateKey.problems];
	if (problem !== undefined) return {reason: problem.message, hint: problem.hint};
	const [first] = certificates.certificates;
	if (first === undefined || privateKey.key === undefined) return {reason: 'its certificate or its key is missing'};
	if (!first.x509.checkPrivateKey(privateKey.key)) return {reason: 'its key does not belong to its certificate'};
	if (!first.x509.ca) return {reason: "its certificate is not an authority's (CA:FALSE)"};
	const {x509, text} = first;
	const facts = () => ({names: namesOf(x509), notAfter: new Date(x509.validTo)});
	return {authority: new LocalAuthority(text, privateKey.key, facts)};
}

/** The facts of an authority's own certificate that its signatures need. */
interface OwnFacts {
	readonly names: SignerNames;
	readonly notAfter: Date;
}

class LocalAuthority implements Authority {
	readonly pem: string;
	readonly #key: KeyObject;
	/** Read once, because it signs many certificates. */
	readonly #facts: () => OwnFacts;

	constructor(pem: string, key: KeyObject, facts: () => OwnFacts) {
		this.pem = pem;
		this.#key = key;
		this.#facts = madeOnce(facts);
	}

	get keyPem(): string {
		return exportKey(this.#key, 'pkcs8');
	}

	issue(options: IssueOptions): IssuedCertificate {
		const {names, kind, notBefore, notAfter} = readIssueOptions(options, this.#facts().notAfter);
		const {publicKey, privateKey} = generateKey(kind);
		const {pem: cert, fingerprint256} = buildCertificate(leafStatement({names, publicKey, notBefore, notAfter}), {
			key: this.#key,
			names: this.#facts().names,
		});
		const form = options.pkcs1 !== true ? 'pkcs8' : kind === 'rsa' ? 'pkcs1' : 'sec1';
		return withHiddenKey({cert, key: exportKey(privateKey, form), names, notBefore, notAfter, fingerprint256});
	}

	/** Without this method, `showHidden` together with `getters` would print the key. */
	[inspect.custom](): string {
		const {subject, validTo} = new X509Certificate(this.pem);
		return `Authority ${inspect({subject, validTo})}`;
	}
}

interface ReadIssueOptions {
	readonly names: readonly string[];
	readonly kind: 'ec' | 'rsa';
	readonly notBefore: Date;
	readonly notAfter: Date;
}

function readIssueOptions(options: IssueOptions, authorityEnds: Date): ReadIssueOptions {
	const names = readNames(options.names);
	const violations = new Violations<Violation>();
	for (const violation of 'violations' in names ? names.violations : []) {
		violations.push(() => ({...violation, path: ['names', ...violation.path]}));
	}
	const kind = options.key ?? 'ec';
	if (!KEY_KINDS.includes(kind)) {
		const message = `unknown key type ${show(kind)}; allowed are ${alternatives(KEY_KINDS)}`;
		violations.push({path: ['key'], message, hint: didYouMean(String(kind), KEY_KINDS)});
	}
	const dates = datesOf(options, authorityEnds);
	for (const [key, date] of Object.entries(dates)) {
		const year = date.getUTCFullYear();
		// RFC 5280, section 4.1.2.5: years have four digits.
		if (!(year >= 1950 && year <= 9999)) {
			violations.push({path: [key], message: `${key} is not a date from 1950 to 9999`});
		}
	}
	if (dates.notAfter <= dates.notBefore) {
		const message = `notAfter ${dates.notAfter.toISOString()} is not after notBefore ${dates.notBefore.toISOString()}`;
		violations.push({path: ['notAfter'], message});
	}
	if (violations.length > 0 || 'violations' in names) throw invalidDescription('The certificate', violations);
	return {names: names.names, kind, ...dates};
}

function datesOf({notBefore, notAfter, now = new Date(wallMs())}: IssueOptions, authorityEnds: Date) {
	const lifeMs = LEAF_DAYS * DAY_MS;
	const yesterdayMs = now.getTime() - DAY_MS;
	// A certificate that expired before yesterday must begin before its end.
	const expiredEarlier = notAfter !== undefined && notAfter.getTime() <= yesterdayMs;
	const fromMs = notBefore?.getTime() ?? (expiredEarlier ? notAfter.getTime() - lifeMs : yesterdayMs);
	const endMs = fromMs + lifeMs;
	const untilMs =
		notAfter?.getTime() ?? (authorityEnds.getTime() > fromMs ? Math.min(endMs, authorityEnds.getTime()) : endMs);
	return {notBefore: wholeSeconds(fromMs), notAfter: wholeSeconds(untilMs)};
}

function generateKey(kind: 'ec' | 'rsa') {
	return kind === 'rsa'
		? generateKeyPairSync('rsa', {modulusLength: 2048})
		: generateKeyPairSync('ec', {namedCurve: 'P-256'});
}

function exportKey(key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1'): string {
	return type === 'pkcs8' ? exportPrivateKey(key) : key.export({type, format: 'pem'}).toString();
}

/** Dates in certificates have no fractions of a second. */
function wholeSeconds(timeMs: number): Date {
	return new Date(Math.floor(timeMs / 1000) * 1000);
}
