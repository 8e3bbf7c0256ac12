import type {X509Certificate} from 'node:crypto';
import type {Problem, ReadCertificate} from './read-parts.ts';

/** How the warning of a wrong order begins. */
export const OUT_OF_ORDER = 'The chain was out of order and has been put in order';

/** A leaf's issuers in the order in which a server sends them, with problems and warnings. */
export interface OrderedChain {
	/** The leaf's issuer first, without roots, since clients have their own. */
	readonly chain: readonly ReadCertificate[];
	readonly problems: readonly Problem[];
	readonly warnings: readonly string[];
}

/**
 * Orders the certificates of a chain: each signed the one before (RFC 8446, section 4.4.2).
 *
 * Repetitions and roots are dropped, and a wrong order is corrected, each with a warning; a certificate that signed
 * none of the others is a problem.
 *
 * @param others in the order they were given.
 */
export function orderChain(leaf: ReadCertificate, others: readonly ReadCertificate[]): OrderedChain {
	const warnings: string[] = [];
	const given = withoutRepetitions(leaf, others, warnings);
	const {found, left} = followSignatures(leaf, given);
	const asGiven = given.filter(each => !left.includes(each));
	if (found.some((certificate, index) => certificate !== asGiven[index])) {
		warnings.push(`${OUT_OF_ORDER}: ${[leaf, ...found].map(nameOf).join(', ')}`);
	}
	const chain = found.filter(({x509}) => !isRoot(x509));
	for (const root of found.filter(({x509}) => isRoot(x509))) {
		warnings.push(`The root ${nameOf(root)} is left out of the chain: clients have it already, or do not trust it`);
	}
	const last = chain.at(-1) ?? leaf;
	return {chain, warnings, problems: left.map(certificate => signsNothing(certificate, last))};
}

/** The right order of certificates that were sent in another one, or undefined; those that sign nothing do not count. */
export function rightOrderOf(leaf: ReadCertificate, others: readonly ReadCertificate[]): string | undefined {
	const {found, left} = followSignatures(leaf, others);
	const asSent = others.filter(each => !left.includes(each));
	return found.some((certificate, index) => certificate !== asSent[index])
		? [leaf, ...found].map(nameOf).join(', ')
		: undefined;
}

/** The last certificate above a leaf among those that were sent with it: the leaf itself, where none signed it. */
export function topOf(leaf: ReadCertificate, others: readonly ReadCertificate[]): X509Certificate {
	return (followSignatures(leaf, others).found.at(-1) ?? leaf).x509;
}

/** Whether one certificate was signed with the key of the other. */
export function isSignedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
	return signed(issuer, subject);
}

/**
 * Whether a certificate names itself as its issuer: nothing is above it. OpenSSL does not take one for the signer of
 * itself that may sign no certificates, as that of a server.
 */
export function isSelfIssued({issuer, subject}: X509Certificate): boolean {
	return issuer === subject;
}

/** Whether a certificate is self-signed. */
export function isRoot(x509: X509Certificate): boolean {
	return signed(x509, x509);
}

/** The name of a certificate in messages: its common name, else its whole subject. */
export function nameOf({x509}: ReadCertificate): string {
	return shortName(x509.subject) ?? `the one with serial ${x509.serialNumber}`;
}

/** The common name in a distinguished name, in which Node writes one attribute per line; else all of it. Quoted. */
function shortName(distinguishedName: string | undefined): string | undefined {
	if (distinguishedName === undefined || distinguishedName === '') return undefined;
	const lines = distinguishedName.split('\n');
	const common = lines.findLast(line => line.startsWith('CN='))?.slice('CN='.length);
	return JSON.stringify(common ?? lines.join(', '));
}

function withoutRepetitions(
	leaf: ReadCertificate,
	others: readonly ReadCertificate[],
	warnings: string[],
): ReadCertificate[] {
	const seen = new Set([leaf.x509.fingerprint256]);
	return others.filter(certificate => {
		const {fingerprint256} = certificate.x509;
		if (!seen.has(fingerprint256)) {
			seen.add(fingerprint256);
			return true;
		}
		const what =
			fingerprint256 === leaf.x509.fingerprint256 ? 'The certificate itself' : `The certificate ${nameOf(certificate)}`;
		warnings.push(`${what} is repeated in ${certificate.part}; the repetition is dropped`);
		return false;
	});
}

function followSignatures(leaf: ReadCertificate, given: readonly ReadCertificate[]) {
	const found: ReadCertificate[] = [];
	const left = [...given];
	for (;;) {
		// The direct line first; a second issuer of the same certificate (cross-signing) comes after it.
		const index = [found.at(-1) ?? leaf, leaf, ...found]
			.map(subject => left.findIndex(candidate => signed(candidate.x509, subject.x509)))
			.find(each => each !== -1);
		if (index === undefined) return {found, left};
		found.push(...left.splice(index, 1));
	}
}

function signed(issuer: X509Certificate, subject: X509Certificate): boolean {
	try {
		return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
	} catch {
		// OpenSSL does not know this type of key or signature algorithm, so it cannot verify it.
		return false;
	}
}

function signsNothing(certificate: ReadCertificate, last: ReadCertificate): Problem {
	const {part, x509} = certificate;
	if (last.x509.issuer === x509.subject) {
		return {
			part,
			message: `${part}: ${nameOf(certificate)} has the name of the issuer of ${nameOf(last)}, but did not sign it`,
			hint: 'It may be an authority that was made again under the same name.',
		};
	}
	return {
		part,
		message: `${part}: ${nameOf(certificate)} signed none of the other certificates; the issuer of ${nameOf(last)} is ${shortName(last.x509.issuer) ?? 'unnamed'}`,
	};
}
