import {generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult, X509Certificate} from 'node:crypto';
import {buildCertificate, namesOf} from '../../src/certificates/certificate-builder.ts';
import type {Extension} from '../../src/certificates/extensions.ts';

/** A certificate with its key as objects and as text, made by hand where an `Authority` would refuse or not go so far. */
export interface Sample {
	readonly cert: string;
	readonly key: string;
	readonly keyObject: KeyObject;
	readonly x509: X509Certificate;
}

export interface SampleOptions {
	readonly name: string;
	/** Signs itself when left out. */
	readonly issuer?: Sample;
	readonly ca?: boolean;
	/** DNS names; none leaves the extension out. */
	readonly dns?: readonly string[];
	readonly rsaBits?: number;
	/** EC P-256 or RSA unless given. */
	readonly keys?: KeyPairKeyObjectResult;
	readonly notBefore?: Date;
	readonly notAfter?: Date;
	readonly extensions?: readonly Extension[];
}

const DAY_MS = 86_400_000;

/** Makes one certificate. */
export function sample(options: SampleOptions): Sample {
	const {name, issuer, ca = false, dns = [], rsaBits, extensions = []} = options;
	const pair =
		options.keys ??
		(rsaBits === undefined
			? generateKeyPairSync('ec', {namedCurve: 'P-256'})
			: generateKeyPairSync('rsa', {modulusLength: rsaBits}));
	const {pem: cert} = buildCertificate(
		{
			subject: {commonName: name},
			publicKey: pair.publicKey,
			notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
			notAfter: options.notAfter ?? new Date(Date.now() + 90 * DAY_MS),
			extensions: [
				{name: 'basicConstraints', critical: true, cA: ca},
				...(dns.length === 0 ? [] : [{name: 'subjectAltName' as const, names: dns}]),
				...extensions,
			],
		},
		{key: issuer?.keyObject ?? pair.privateKey, names: issuer && namesOf(issuer.x509)},
	);
	return {
		cert,
		key: pair.privateKey.export({type: 'pkcs8', format: 'pem'}).toString(),
		keyObject: pair.privateKey,
		x509: new X509Certificate(cert),
	};
}

/** A root, two authorities below it, and a leaf for `web.test`. */
export function sampleChain(): {
	readonly root: Sample;
	readonly upper: Sample;
	readonly lower: Sample;
	readonly leaf: Sample;
} {
	const root = sample({name: 'root', ca: true});
	const upper = sample({name: 'upper', ca: true, issuer: root});
	const lower = sample({name: 'lower', ca: true, issuer: upper});
	const leaf = sample({name: 'web.test', dns: ['web.test'], issuer: lower});
	return {root, upper, lower, leaf};
}
