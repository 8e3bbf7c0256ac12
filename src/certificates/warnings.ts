import type {X509Certificate} from 'node:crypto';
import {quote} from '../base/quote.ts';
import {nameOf} from './chain.ts';
import {alternativeNames, commonName} from './facts.ts';
import type {ReadCertificate} from './read-parts.ts';

export const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
// CA/Browser Forum Baseline Requirements, section 6.1.5.
const MIN_RSA_BITS = 2048;
// RFC 5280, section 4.2.1.12: id-kp-serverAuth, and anyExtendedKeyUsage.
const SERVER_PURPOSES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** What works here but may fail elsewhere: dates, names, sizes and purposes of a leaf and its chain. */
export function warningsOf(leaf: ReadCertificate, chain: readonly ReadCertificate[], now: Date): string[] {
	return [
		...dateWarnings('The certificate', datesOf(leaf), now),
		...chain.flatMap(each => dateWarnings(namedInChain(each), datesOf(each), now)),
		...nameWarnings(leaf.x509),
		...keyWarnings(leaf.x509),
		...purposeWarnings(leaf.x509),
		...chain
			.filter(({x509}) => !x509.ca)
			.map(
				each => `The chain's certificate ${nameOf(each)} is no authority's (CA:FALSE); clients refuse what it signed`,
			),
	];
}

/** What a certificate of a chain is called in messages. */
export function namedInChain(certificate: ReadCertificate): string {
	return `The chain's certificate ${nameOf(certificate)}`;
}

interface Dates {
	readonly notBefore: Date;
	readonly notAfter: Date;
}

export function datesOf({x509}: ReadCertificate): Dates {
	return {notBefore: new Date(x509.validFrom), notAfter: new Date(x509.validTo)};
}

/**
 * Warnings about the dates of `what`, such as "The certificate".
 *
 * @param soonDays how long before its end that is worth a warning.
 */
export function dateWarnings(
	what: string,
	{notBefore: from, notAfter: until}: Dates,
	now: Date,
	soonDays = SOON_DAYS,
): string[] {
	if (now < from) return [`${what} is not valid before ${day(from)}, ${span(from.getTime() - now.getTime())} from now`];
	if (now > until) return [`${what} expired ${span(now.getTime() - until.getTime())} ago, on ${day(until)}`];
	const leftMs = until.getTime() - now.getTime();
	return leftMs < soonDays * DAY_MS ? [`${what} expires in ${span(leftMs)}, on ${day(until)}`] : [];
}

function nameWarnings(x509: X509Certificate): string[] {
	if (alternativeNames(x509).length > 0) return [];
	const common = commonName(x509);
	// RFC 9110, section 4.3.4; RFC 9525, section 2: only subject alternative names count.
	if (common === undefined) return ['The certificate names no host: no client accepts it'];
	return [
		`The certificate has no subject alternative name, only the common name ${quote(common)}, which most clients do not look at`,
	];
}

function keyWarnings(x509: X509Certificate): string[] {
	const bits = rsaBits(x509);
	if (bits === undefined || bits >= MIN_RSA_BITS) return [];
	return [`The certificate's key is RSA with ${bits} bits; most clients refuse less than ${MIN_RSA_BITS}`];
}

function purposeWarnings(x509: X509Certificate): string[] {
	const warnings: string[] = [];
	if (x509.ca) warnings.push("The certificate is an authority's own (CA:TRUE); some clients refuse it for a server");
	// Node calls the extended key usage `keyUsage`; it is undefined when the certificate has none.
	const purposes: readonly string[] | undefined = x509.keyUsage;
	if (purposes !== undefined && purposes.length > 0 && !purposes.some(purpose => SERVER_PURPOSES.includes(purpose))) {
		warnings.push(
			'The certificate is not meant for servers (its extended key usage lacks serverAuth); clients refuse it',
		);
	}
	return warnings;
}

function rsaBits(x509: X509Certificate): number | undefined {
	try {
		const {asymmetricKeyType, asymmetricKeyDetails} = x509.publicKey;
		return asymmetricKeyType?.startsWith('rsa') ? asymmetricKeyDetails?.modulusLength : undefined;
	} catch {
		// OpenSSL cannot read the key, so its size is unknown.
		return undefined;
	}
}

/** `2026-11-22`, in UTC. */
function day(date: Date): string {
	return date.toISOString().slice(0, 10);
}

/** Whole days, or hours when it is less than one day. */
function span(ms: number): string {
	const [count, unit] = ms >= DAY_MS ? [Math.floor(ms / DAY_MS), 'day'] : [Math.floor(ms / 3_600_000), 'hour'];
	if (count === 0) return 'less than an hour';
	return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
