import {constants} from 'node:crypto';
import {matches, openSslCiphers, type Version, versionsWith} from './cipher-list.ts';

/** What an SSL negotiation policy lets a listener offer; see `model/security-policies.ts`. */
export interface Negotiation {
	/** `TLSv1.2`, `SSLv3` and so on. */
	readonly protocols: readonly string[];
	/** OpenSSL's names, the most wanted first. */
	readonly ciphers: readonly string[];
	readonly serverOrder: boolean;
}

/** The versions that a policy can name and OpenSSL 3 has, oldest first, each with the option that leaves it out. */
const VERSIONS: readonly (readonly [Version, number])[] = [
	['TLSv1', constants.SSL_OP_NO_TLSv1],
	['TLSv1.1', constants.SSL_OP_NO_TLSv1_1],
	['TLSv1.2', constants.SSL_OP_NO_TLSv1_2],
];

/** Suites without a certificate, with a shared secret or with a key for export: a load balancer shows its certificate. */
const WITHOUT_CERTIFICATE = /^(?:ADH|PSK|KRB5|EXP)-/;

/** The part of Node's options of a TLS context that says what is negotiated. */
export interface NegotiationOptions {
	readonly minVersion: Version;
	readonly maxVersion: Version;
	readonly ciphers: string;
	readonly secureOptions: number;
}

/** The options for exactly this; undefined when OpenSSL has none of its versions. */
export function optionsOf(negotiation: Negotiation): NegotiationOptions | undefined {
	const versions = versionsOf(negotiation);
	const [minVersion, maxVersion] = [versions[0], versions.at(-1)];
	if (minVersion === undefined || maxVersion === undefined) return undefined;
	// The oldest and the newest version say nothing of what lies between them.
	const holes = VERSIONS.filter(([version]) => !versions.includes(version)).map(([, option]) => option);
	const order = negotiation.serverOrder ? constants.SSL_OP_CIPHER_SERVER_PREFERENCE : 0;
	return {
		minVersion,
		maxVersion,
		ciphers: openSslCiphers({minVersion, ciphers: listOf(negotiation)}),
		secureOptions: holes.reduce((all, option) => all | option, order),
	};
}

/**
 * The TLS versions, oldest first, in which a handshake is possible with a certificate that has this type of key.
 *
 * @param keyType as in `KeyObject.asymmetricKeyType`.
 */
export function negotiableWith(keyType: string, negotiation: Negotiation): readonly Version[] {
	const versions = versionsOf(negotiation);
	const [minVersion] = versions;
	const ciphers = listOf(negotiation);
	if (minVersion === undefined || ciphers === '') return [];
	return versionsWith(keyType, {minVersion, ciphers}).filter(version => versions.includes(version));
}

/** The protocols and ciphers that nobody can negotiate here: this OpenSSL lacks them, or they go without a certificate. */
export function withoutEffect({protocols, ciphers}: Negotiation): {
	readonly protocols: readonly string[];
	readonly ciphers: readonly string[];
} {
	return {
		protocols: protocols.filter(protocol => !VERSIONS.some(([version]) => version === protocol)),
		ciphers: ciphers.filter(cipher => WITHOUT_CERTIFICATE.test(cipher) || !matches(`${cipher}:@SECLEVEL=0`)),
	};
}

function versionsOf({protocols}: Negotiation): readonly Version[] {
	return VERSIONS.map(([version]) => version).filter(version => protocols.includes(version));
}

/** OpenSSL passes over the names that it does not know. */
function listOf({ciphers}: Negotiation): string {
	return ciphers.filter(cipher => !WITHOUT_CERTIFICATE.test(cipher)).join(':');
}
