import type {X509Certificate} from 'node:crypto';
import {canonicalAddress} from '../base/host-name.ts';

/** The facts in a certificate. */
export interface CertificateFacts {
	/** The host names and addresses it is valid for (subject alternative names); the common name when it has none. */
	readonly names: readonly string[];
	/** One line, such as `O=lb-local, CN=web.test`. */
	readonly subject: string;
	readonly issuer: string;
	readonly notBefore: Date;
	readonly notAfter: Date;
	/** SHA-256 of the certificate, upper-case hexadecimal with colons. */
	readonly fingerprint256: string;
	readonly keyType: 'ec' | 'rsa' | (string & {});
	/** Upper-case hexadecimal. */
	readonly serial: string;
}

/** The facts of one certificate. */
export function factsOf(x509: X509Certificate): CertificateFacts {
	const alternatives = alternativeNames(x509);
	const common = commonName(x509);
	return {
		names: alternatives.length > 0 || common === undefined ? alternatives : [common],
		subject: oneLine(x509.subject),
		issuer: oneLine(x509.issuer),
		notBefore: new Date(x509.validFrom),
		notAfter: new Date(x509.validTo),
		fingerprint256: x509.fingerprint256,
		keyType: keyTypeOf(x509),
		serial: x509.serialNumber,
	};
}

/** DNS names and IP addresses among the subject alternative names; IPv6 as in RFC 5952. */
export function alternativeNames({subjectAltName = ''}: X509Certificate): string[] {
	const names: string[] = [];
	// Node quotes a value as JSON when it could be mistaken for a list (CVE-2021-44532).
	for (const [, kind, text = ''] of subjectAltName.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)) {
		const value = text.startsWith('"') ? String(JSON.parse(text)) : text;
		if (kind === 'DNS') names.push(value);
		if (kind === 'IP Address') names.push(canonicalAddress(value));
	}
	return names;
}

/** The last common name of the subject, the one that old clients read. */
export function commonName({subject}: X509Certificate): string | undefined {
	return oneLine(subject) === ''
		? undefined
		: subject
				.split('\n')
				.findLast(line => line.startsWith('CN='))
				?.slice('CN='.length);
}

/** `unknown` when OpenSSL cannot read the key. */
function keyTypeOf(x509: X509Certificate): string {
	try {
		return x509.publicKey.asymmetricKeyType ?? 'unknown';
	} catch {
		return 'unknown';
	}
}

/** Node writes one attribute per line, and undefined for an empty name. */
function oneLine(distinguishedName: string | undefined): string {
	return (distinguishedName ?? '').split('\n').join(', ');
}
