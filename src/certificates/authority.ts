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
import {readNames} from './names.ts';
import {readCertificates, readPrivateKey} from './read-parts.ts';
import type {SignerNames} from './signer.ts';

/** A certificate authority of this machine's own, for tests. It signs whatever it is asked to. */
export interface Authority {
	/** Its certificate: what a client has to trust. */
	readonly pem: string;
	/** Its private key (PKCS#8). Read it to store it; it never shows when the authority is printed or serialised. */
	readonly keyPem: string;
	/**
	 * Issues a leaf certificate with a key of its own. EC takes a millisecond, RSA up to a quarter of a second.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every name and date that cannot be; paths start at the options.
	 */
	issue(options: IssueOptions): IssuedCertificate;
}

const KEY_KINDS = ['ec', 'rsa'] as const;

export interface IssueOptions {
	/** Host names, wildcards (`*.web.test`) and IP addresses; the first becomes the common name. */
	readonly names: readonly string[];
	/** EC P-256 unless said otherwise; `rsa` is RSA-2048. */
	readonly key?: 'ec' | 'rsa' | undefined;
	/** Writes the key as `BEGIN RSA PRIVATE KEY` (the cloud's form) or `BEGIN EC PRIVATE KEY`; PKCS#8 unless set. */
	readonly pkcs1?: boolean | undefined;
	/** A day ago unless said otherwise, for clients whose clock is late. */
	readonly notBefore?: Date | undefined;
	/** 397 days after `notBefore` unless said otherwise, and never past the authority's own end. */
	readonly notAfter?: Date | undefined;
	/** What "a day ago" counts from; the present unless said otherwise. */
	readonly now?: Date | undefined;
}

/** A leaf certificate with its key, and what it says. When it is printed, its key is not. */
export interface IssuedCertificate extends PemPair {
	/** In the form they have in the certificate: lower case, IPv6 as RFC 5952 writes it, none twice. */
	readonly names: readonly string[];
	readonly notBefore: Date;
	readonly notAfter: Date;
	/** SHA-256 of the certificate, upper-case hexadecimal with colons. */
	readonly fingerprint256: string;
}

export interface AuthorityOptions {
	/** What the dates count from; the present unless said otherwise. */
	readonly now?: Date | undefined;
	/** Ten years after `now` unless said otherwise. */
	readonly notAfter?: Date | undefined;
}

const DAY_MS = 86_400_000;
// CA/Browser Forum ballot SC22 allows leaves 398 days; a day less, since both ends count (RFC 5280, section 4.1.2.5).
const LEAF_DAYS = 397;
const AUTHORITY_DAYS = 3652;
// X.520, upper bound of a common name.
const MAX_COMMON_NAME = 64;

/** Makes a throw-away authority: an EC P-256 key and a certificate that signs itself. About a millisecond. */
export function createAuthority(options: AuthorityOptions = {}): Authority {
	const now = options.now ?? new Date(wallMs());
	const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
	const notAfter = wholeSeconds(options.notAfter?.getTime() ?? now.getTime() + AUTHORITY_DAYS * DAY_MS);
	const {pem, names} = buildCertificate(
		{
			// Two authorities in one trust store must differ in name, or clients try the wrong one.
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
 * An authority out of its certificate and key, such as a stored one or mkcert's.
 *
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when a part does not parse, the two do not belong together, or the
 * certificate is no authority's.
 */
export function authorityFrom(pair: PemPair): Authority {
	const read = readAuthority(pair);
	if ('authority' in read) return read.authority;
	throw new EmulatorError('AUTHORITY_UNUSABLE', `The authority cannot be used: ${read.reason}`, {hint: read.hint});
}

/** `authorityFrom` for those who have more to say about the failure. */
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

/** What an authority's own certificate says, for those that it signs. */
interface OwnFacts {
	readonly names: SignerNames;
	readonly notAfter: Date;
}

class LocalAuthority implements Authority {
	readonly pem: string;
	readonly #key: KeyObject;
	/** Read once: it signs many. */
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
		const [first = ''] = names;
		const {pem: cert, fingerprint256} = buildCertificate(
			{
				subject: {
					organizationName: 'lb-local test certificate',
					...(first.length <= MAX_COMMON_NAME ? {commonName: first} : {}),
				},
				publicKey,
				notBefore,
				notAfter,
				extensions: [
					{name: 'basicConstraints', critical: true, cA: false},
					{name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: kind === 'rsa'},
					{name: 'extKeyUsage', serverAuth: true, clientAuth: true},
					{name: 'subjectAltName', names},
				],
			},
			{key: this.#key, names: this.#facts().names},
		);
		const form = options.pkcs1 !== true ? 'pkcs8' : kind === 'rsa' ? 'pkcs1' : 'sec1';
		return withHiddenKey({cert, key: exportKey(privateKey, form), names, notBefore, notAfter, fingerprint256});
	}

	/** Without this, `showHidden` and `getters` together would print the key. */
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
		// RFC 5280, section 4.1.2.5: four digits.
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
	// A certificate that is to have expired long ago began before it ended.
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

/** Certificates know no fractions of a second. */
function wholeSeconds(timeMs: number): Date {
	return new Date(Math.floor(timeMs / 1000) * 1000);
}
