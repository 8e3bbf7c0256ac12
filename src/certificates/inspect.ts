import type {KeyObject, X509Certificate} from 'node:crypto';
import {createSecureContext} from 'node:tls';
import {messageOf} from '../base/errors.ts';
import {wallMs} from '../base/timers.ts';
import type {PemPair} from '../model/resolved.ts';
import {isRoot, nameOf, orderChain} from './chain.ts';
import {type CertificateFacts, factsOf} from './facts.ts';
import {withHiddenKey} from './hidden-key.ts';
import {joinPem} from './pem.ts';
import {type Problem, type ReadCertificate, readCertificates, readPrivateKey} from './read-parts.ts';
import {warningsOf} from './warnings.ts';

/** How the warning of a leaf behind other certificates ends. */
export const NOT_FIRST = 'is not the first in cert; it has been put first';

/** The result of inspecting a certificate and its key. Only `pair.key` contains key material. */
export interface Inspection {
	/** All reasons why it cannot be used; empty when it can. */
	readonly problems: readonly Problem[];
	/** What works here but may fail elsewhere, one sentence each. */
	readonly warnings: readonly string[];
	/** The facts of the leaf; present when it could be read. */
	readonly facts?: CertificateFacts;
	/** The ordered pair, present when there are no problems: only the leaf, its key, the chain with the issuer first. */
	readonly pair?: PemPair;
}

export interface InspectOptions {
	/** What the dates are compared with; the present by default. */
	readonly now?: Date | undefined;
}

/**
 * Reads and validates a user's certificate before it is used. Expired and not-yet-valid ones are accepted with a
 * warning, because tests need them.
 *
 * The certificates may be in any order and in either part; the leaf is the one that fits the key.
 */
export function inspectCertificate(pair: PemPair, options: InspectOptions = {}): Inspection {
	const cert = readCertificates(pair.cert, 'cert', pair.key);
	const chain = pair.chain === undefined ? {certificates: [], problems: []} : readCertificates(pair.chain, 'chain');
	const key = readPrivateKey(pair.key, pair.cert);
	const problems = [...cert.problems, ...key.problems, ...chain.problems];
	const warnings: string[] = [];

	const leaf = findLeaf(cert.certificates, key.key, warnings);
	if (leaf === undefined) return {problems, warnings};
	const swapped = fits(leaf.x509, key.key) ? undefined : chain.certificates.find(({x509}) => fits(x509, key.key));
	if (swapped !== undefined) return {problems: [...problems, swappedWithChain(swapped)], warnings};
	if (key.key !== undefined && !fits(leaf.x509, key.key)) problems.push(keyOfAnother(leaf));
	const others = [...cert.certificates.filter(each => each !== leaf), ...chain.certificates];
	const ordered = orderChain(leaf, others);
	problems.push(...refusalsOfKey(leaf));
	// If a part could not be read completely, gaps in the chain are a consequence, not another problem.
	if (cert.problems.length === 0 && chain.problems.length === 0) problems.push(...ordered.problems);
	warnings.push(...ordered.warnings, ...warningsOf(leaf, ordered.chain, options.now ?? new Date(wallMs())));

	const facts = factsOf(leaf.x509);
	if (problems.length > 0 || key.text === undefined) return {problems, warnings, facts};
	const chainText = joinPem(ordered.chain);
	const ready = withHiddenKey({
		cert: leaf.text,
		key: key.text,
		...(chainText === '' ? {} : {chain: chainText}),
	});
	const refusal = refusalOfTls(ready);
	return refusal === undefined ? {problems, warnings, facts, pair: ready} : {problems: [refusal], warnings, facts};
}

/** The certificate that fits the key; without a key, the first that is not a root. */
function findLeaf(
	certificates: readonly ReadCertificate[],
	key: KeyObject | undefined,
	warnings: string[],
): ReadCertificate | undefined {
	const [first] = certificates;
	if (key === undefined) return certificates.find(({x509}) => !x509.ca) ?? first;
	const fitting = certificates.find(({x509}) => fits(x509, key));
	if (fitting === undefined) return certificates.find(({x509}) => !x509.ca) ?? first;
	if (fitting !== first) {
		warnings.push(`The certificate of the key, ${nameOf(fitting)}, ${NOT_FIRST}`);
	}
	return fitting;
}

function fits(certificate: X509Certificate, key: KeyObject | undefined): boolean {
	try {
		return key !== undefined && certificate.checkPrivateKey(key);
	} catch {
		// OpenSSL cannot read the public key, so it fits no key.
		return false;
	}
}

function swappedWithChain(leaf: ReadCertificate): Problem {
	return {
		part: 'cert',
		message: `cert does not fit the key, but ${nameOf(leaf)} in chain does: cert and chain are swapped`,
		hint: 'Put the certificate of the key in `cert`, and those of its issuers in `chain`.',
	};
}

function keyOfAnother(leaf: ReadCertificate): Problem {
	return {
		part: 'key',
		message: `key does not belong to the certificate ${nameOf(leaf)}`,
		hint: isRoot(leaf.x509) ? 'Both change together when a self-signed certificate is made again.' : undefined,
	};
}

/** What clients offer by default, in OpenSSL's names: `P-256`, `P-384` and `P-521`. */
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const OTHER_KEYS = ['rsa', 'rsa-pss', 'ed25519', 'ed448'];

/** Refuses a type of key that no client supports. */
function refusalsOfKey({x509}: ReadCertificate): Problem[] {
	try {
		const {asymmetricKeyType: type = 'unknown', asymmetricKeyDetails} = x509.publicKey;
		const {namedCurve = 'without a name'} = asymmetricKeyDetails ?? {};
		if (type === 'ec' ? CURVES.includes(namedCurve) : OTHER_KEYS.includes(type)) return [];
		const [kind, allowed] =
			type === 'ec'
				? [`an EC key on the curve ${namedCurve}`, 'P-256, P-384 and P-521']
				: [`a key of type "${type}"`, 'RSA, EC and Ed25519'];
		return [{part: 'cert', message: `cert has ${kind}, which TLS clients do not offer; allowed are ${allowed}`}];
	} catch {
		// OpenSSL itself refuses what it cannot read, in `refusalOfTls`.
		return [];
	}
}

/** What OpenSSL refuses: its rules on sizes and digests differ by release and by `--tls-cipher-list`. */
function refusalOfTls({cert, key, chain = ''}: PemPair): Problem | undefined {
	try {
		createSecureContext({cert: cert + chain, key});
		return undefined;
	} catch (error) {
		return {part: 'cert', message: `cert is refused by OpenSSL ${process.versions.openssl}: ${messageOf(error)}`};
	}
}
