import {createHash, type KeyObject, randomBytes, sign, type X509Certificate} from 'node:crypto';
import {EmulatorError} from '../base/errors.ts';
import {bitString, der, integer, nothing, objectIdentifier, octetString, sequence, time} from './der.ts';
import {exportPublicKey} from './ec-key.ts';
import {type Extension, encodeExtension, encodeName, SUBJECT_KEY_IDENTIFIER} from './extensions.ts';
import {writePem} from './pem.ts';
import {readSigner, type SignerNames} from './signer.ts';

/** Everything a certificate states about its subject. */
export interface Statement {
	/** Attributes of the subject, each once. */
	readonly subject: Readonly<Record<string, string>>;
	readonly publicKey: KeyObject;
	readonly notBefore: Date;
	readonly notAfter: Date;
	/** The key identifiers are added here. */
	readonly extensions: readonly Extension[];
}

/** The signer: a key and the names of its owner; no names for a self-signed certificate. */
export interface Signer {
	readonly key: KeyObject;
	readonly names?: SignerNames | undefined;
}

export interface BuiltCertificate {
	readonly pem: string;
	/** SHA-256, in upper-case hexadecimal with colons. */
	readonly fingerprint256: string;
	/** What the certificates it signs say about it. */
	readonly names: SignerNames;
}

// RFC 5280, section 4.2.1.
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';

/** RFC 5758, section 3.2: with ECDSA the parameters are absent; RFC 4055, section 5: with RSA they are NULL. */
const SIGNATURES: Readonly<Record<string, () => Buffer>> = {
	ec: () => sequence(objectIdentifier('1.2.840.10045.4.3.2')),
	rsa: () => sequence(objectIdentifier('1.2.840.113549.1.1.11'), nothing()),
};

/**
 * Builds and signs one certificate: `der.ts` encodes it, `node:crypto` signs it. node-forge, which takes 60 ms of a
 * cold start to load, only reads certificates that other programs made.
 *
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when the signer's key is neither EC nor RSA.
 * @see RFC 5280, section 4.1
 */
export function buildCertificate(statement: Statement, signer: Signer): BuiltCertificate {
	const algorithm = algorithmOf(signer.key);
	const subject = encodeName(statement.subject);
	const publicKey = exportPublicKey(statement.publicKey);
	const ownId = keyIdentifier(publicKey);
	const names = {name: subject, keyId: ownId};
	const {name: issuer, keyId: issuerId} = signer.names ?? names;
	const extensions = [
		...statement.extensions.map(encodeExtension),
		sequence(objectIdentifier(SUBJECT_KEY_IDENTIFIER), octetString(octetString(ownId))),
		...(issuerId === undefined
			? []
			: [sequence(objectIdentifier(AUTHORITY_KEY_IDENTIFIER), octetString(sequence(der(0x80, issuerId))))]),
	];
	const tbs = sequence(
		// Version 3 is written as 2.
		der(0xa0, integer(Buffer.of(2))),
		integer(randomSerial()),
		algorithm,
		// The signer's name byte for byte, because names are compared in this form; for a self-signed certificate its own.
		issuer,
		sequence(time(statement.notBefore), time(statement.notAfter)),
		subject,
		publicKey,
		der(0xa3, sequence(...extensions)),
	);
	const certificate = sequence(tbs, algorithm, bitString(sign('sha256', tbs, signer.key)));
	const bytes = createHash('sha256').update(certificate).digest('hex').toUpperCase().match(/../g) ?? [];
	return {pem: writePem('CERTIFICATE', certificate), fingerprint256: bytes.join(':'), names};
}

/** 16 random bytes, positive and without leading zeros: RFC 5280, section 4.1.2.2, allows up to 20. */
function randomSerial(): Buffer {
	const bytes = randomBytes(16);
	bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
	return bytes;
}

function algorithmOf(key: KeyObject): Buffer {
	const type = key.asymmetricKeyType ?? 'secret';
	const known = SIGNATURES[type];
	if (known !== undefined) return known();
	throw new EmulatorError(
		'AUTHORITY_UNUSABLE',
		`The authority's key is of type "${type}"; EC and RSA keys can sign here`,
	);
}

/** RFC 7093, section 2, method 1: the first 160 bits of the SHA-256 of the key's BIT STRING. */
function keyIdentifier(spki: Buffer): Buffer {
	return createHash('sha256').update(keyBits(spki)).digest().subarray(0, 20);
}

/** The bits of the key, which follow the algorithm in a SubjectPublicKeyInfo: RFC 5280, section 4.1. */
function keyBits(spki: Buffer): Buffer {
	const algorithm = contentAt(spki, contentAt(spki, 0).start);
	const bits = contentAt(spki, algorithm.end);
	// A BIT STRING starts with the number of unused bits.
	return spki.subarray(bits.start + 1, bits.end);
}

/** The offsets of the content of the value at an offset. Node wrote it, so it is complete. */
function contentAt(bytes: Buffer, offset: number): {start: number; end: number} {
	const first = bytes[offset + 1] ?? 0;
	const more = first < 0x80 ? 0 : first & 0x7f;
	const start = offset + 2 + more;
	return {start, end: start + (more === 0 ? first : bytes.readUIntBE(offset + 2, more))};
}

/**
 * The subject of a signer, as in its certificate, and the identifier of its key. For our own certificates both are
 * encoded again and looked up in the bytes; others are read by node-forge.
 */
export function namesOf(certificate: X509Certificate): SignerNames {
	return ownNamesOf(certificate) ?? readSigner(certificate);
}

function ownNamesOf({subject, issuer, raw, publicKey}: X509Certificate): SignerNames | undefined {
	const own = /^O=(.+)\nCN=(.+)$/.exec(subject);
	if (own === null || issuer !== subject) return undefined;
	const [, organizationName = '', commonName = ''] = own;
	const name = encodeName({organizationName, commonName});
	const keyId = keyIdentifier(exportPublicKey(publicKey));
	const isOurs = raw.indexOf(name) !== raw.lastIndexOf(name) && raw.includes(octetString(octetString(keyId)));
	return isOurs ? {name, keyId} : undefined;
}
