import type {KeyObject} from 'node:crypto';
import type {Statement} from './certificate-builder.ts';

// X.520, upper bound of a common name.
const MAX_COMMON_NAME = 64;

/** What every leaf certificate that is issued here states. */
export function leafStatement({
	names,
	publicKey,
	notBefore,
	notAfter,
}: {
	readonly names: readonly string[];
	readonly publicKey: KeyObject;
	readonly notBefore: Date;
	readonly notAfter: Date;
}): Statement {
	const [first = ''] = names;
	return {
		subject: {
			organizationName: 'lb-local test certificate',
			...(first.length <= MAX_COMMON_NAME ? {commonName: first} : {}),
		},
		publicKey,
		notBefore,
		notAfter,
		extensions: [
			{name: 'basicConstraints', critical: true, cA: false},
			{
				name: 'keyUsage',
				critical: true,
				digitalSignature: true,
				keyEncipherment: publicKey.asymmetricKeyType === 'rsa',
			},
			{name: 'extKeyUsage', serverAuth: true, clientAuth: true},
			{name: 'subjectAltName', names},
		],
	};
}
