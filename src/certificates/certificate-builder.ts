import {createHash, type KeyObject, randomBytes, sign, type X509Certificate} from 'node:crypto';
import {createRequire} from 'node:module';
import type forge from 'node-forge';
import {EmulatorError} from '../base/errors.ts';
import {writePem} from './pem.ts';

/** Everything a certificate states about its subject. */
export interface Statement {
	/** Attributes of the subject, by forge's names (`commonName`, `organizationName`), each once. */
	readonly subject: Readonly<Record<string, string>>;
	readonly publicKey: KeyObject;
	readonly notBefore: Date;
	readonly notAfter: Date;
	/** Extensions in forge's form; the key identifiers are added here. */
	readonly extensions: readonly ForgeExtension[];
}

/** What `forge.pki` takes as an extension: a known name or an id, and what belongs to that name. */
export interface ForgeExtension {
	readonly name: 'basicConstraints' | 'keyUsage' | 'extKeyUsage' | 'subjectAltName';
	readonly critical?: boolean;
	readonly [field: string]: unknown;
}

/** Who signs: a key, and the certificate that names its owner; none when a certificate signs itself. */
export interface Signer {
	readonly key: KeyObject;
	readonly certificate?: X509Certificate | undefined;
}

interface SignatureAlgorithm {
	readonly oid: string;
	/** Whether the parameters are NULL; absent otherwise. */
	readonly withNull: boolean;
}

const require = createRequire(import.meta.url);

/** node-forge takes 30 ms to load: whoever has no certificate issued never pays. `require` keeps it. */
function library(): typeof forge {
	// A CommonJS package; what it exports is what its types say.
	return require('node-forge') as typeof forge;
}

/** The declared types leave this documented function out. */
function pkiOf({pki}: typeof forge) {
	return pki as typeof forge.pki & {getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1};
}

// RFC 5280, section 4.2.1.
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';

/** RFC 5758, section 3.2: with ECDSA the parameters are absent; RFC 4055, section 5: with RSA they are NULL. */
const SIGNATURES: Readonly<Record<string, SignatureAlgorithm>> = {
	ec: {oid: '1.2.840.10045.4.3.2', withNull: false},
	rsa: {oid: '1.2.840.113549.1.1.11', withNull: true},
};

/**
 * Builds and signs one certificate: node-forge lays out the ASN.1, `node:crypto` signs it. Forge alone cannot sign with
 * an EC key, and its RSA is a hundred times slower.
 *
 * @returns the certificate as PEM.
 * @throws EmulatorError `AUTHORITY_UNUSABLE` when the signer's key is neither EC nor RSA.
 */
export function buildCertificate(statement: Statement, signer: Signer): string {
	const certificate = library().pki.createCertificate();
	const signature = signatureOf(signer.key);
	certificate.serialNumber = randomSerial();
	certificate.siginfo.algorithmOid = signature.oid;
	certificate.validity.notBefore = statement.notBefore;
	certificate.validity.notAfter = statement.notAfter;
	// getTBSCertificate writes an RSA key where the real one is put below.
	certificate.publicKey = library().pki.rsa.setPublicKey(library().jsbn.BigInteger.ONE, library().jsbn.BigInteger.ONE);
	certificate.setSubject(
		Object.entries(statement.subject).map(([name, value]) => ({
			name,
			value,
			// Forge's default, PrintableString, has no "*" and no "_". The declared type is wrong: forge takes a Type here.
			valueTagClass: library().asn1.Type.UTF8 as number as forge.asn1.Class,
		})),
	);
	const ownId = keyIdentifier(statement.publicKey);
	const issuerId = signer.certificate === undefined ? ownId : subjectKeyIdentifierOf(signer.certificate);
	certificate.setExtensions([
		...statement.extensions,
		{id: SUBJECT_KEY_IDENTIFIER, value: octets(library().asn1.Class.UNIVERSAL, library().asn1.Type.OCTETSTRING, ownId)},
		...(issuerId === undefined
			? []
			: [
					{id: AUTHORITY_KEY_IDENTIFIER, value: sequence([octets(library().asn1.Class.CONTEXT_SPECIFIC, 0, issuerId)])},
				]),
	]);

	const algorithm = algorithmOf(signature);
	const tbs = pkiOf(library()).getTBSCertificate(certificate);
	const fields = children(tbs);
	// TBSCertificate, RFC 5280, section 4.1: version, serial, signature, issuer, validity, subject, subjectPublicKeyInfo.
	fields[2] = algorithm;
	// The signer's name byte for byte, as the comparison of names wants it; its own when it signs itself.
	fields[3] = signer.certificate === undefined ? child(tbs, 5) : subjectOf(signer.certificate);
	fields[6] = library().asn1.fromDer(binary(statement.publicKey.export({type: 'spki', format: 'der'})));

	const signed = sign('sha256', derOf(tbs), signer.key);
	// A BIT STRING starts with the number of unused bits.
	const bits = octets(
		library().asn1.Class.UNIVERSAL,
		library().asn1.Type.BITSTRING,
		Buffer.concat([Buffer.of(0), signed]),
	);
	return writePem('CERTIFICATE', derOf(sequence([tbs, algorithm, bits])));
}

/** 16 random bytes, positive and without leading zeros: RFC 5280, section 4.1.2.2, allows up to 20. */
function randomSerial(): string {
	const bytes = randomBytes(16);
	bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
	return bytes.toString('hex');
}

function signatureOf(key: KeyObject): SignatureAlgorithm {
	const type = key.asymmetricKeyType ?? 'secret';
	const known = SIGNATURES[type];
	if (known !== undefined) return known;
	throw new EmulatorError(
		'AUTHORITY_UNUSABLE',
		`The authority's key is of type "${type}"; EC and RSA keys can sign here`,
	);
}

function algorithmOf({oid, withNull}: SignatureAlgorithm): forge.asn1.Asn1 {
	const id = library().asn1.create(
		library().asn1.Class.UNIVERSAL,
		library().asn1.Type.OID,
		false,
		library().asn1.oidToDer(oid).getBytes(),
	);
	return sequence(
		withNull ? [id, library().asn1.create(library().asn1.Class.UNIVERSAL, library().asn1.Type.NULL, false, '')] : [id],
	);
}

/** RFC 7093, section 2, method 1: the first 160 bits of the SHA-256 of the key's BIT STRING. */
function keyIdentifier(publicKey: KeyObject): Buffer {
	const spki = library().asn1.fromDer(binary(publicKey.export({type: 'spki', format: 'der'})));
	const bitString = derOf(child(spki, 1));
	// Behind tag and length (one byte, or one that counts the following) comes the number of unused bits, then the key.
	const length = bitString[1] ?? 0;
	const header = length < 0x80 ? 2 : 2 + (length & 0x7f);
	return createHash('sha256')
		.update(bitString.subarray(header + 1))
		.digest()
		.subarray(0, 20);
}

function subjectOf(certificate: X509Certificate): forge.asn1.Asn1 {
	return child(tbsOf(certificate), 5);
}

function subjectKeyIdentifierOf(certificate: X509Certificate): Buffer | undefined {
	const wrapped = children(tbsOf(certificate)).find(
		field => field.tagClass === library().asn1.Class.CONTEXT_SPECIFIC && Number(field.type) === 3,
	);
	if (wrapped === undefined) return undefined;
	for (const extension of children(child(wrapped, 0))) {
		const [id] = children(extension);
		const value = children(extension).at(-1);
		if (typeof id?.value !== 'string' || library().asn1.derToOid(id.value) !== SUBJECT_KEY_IDENTIFIER) continue;
		if (typeof value?.value !== 'string') continue;
		const identifier = library().asn1.fromDer(value.value).value;
		if (typeof identifier === 'string') return Buffer.from(identifier, 'latin1');
	}
	return undefined;
}

function tbsOf(certificate: X509Certificate): forge.asn1.Asn1 {
	return child(library().asn1.fromDer(binary(certificate.raw)), 0);
}

function sequence(items: forge.asn1.Asn1[]): forge.asn1.Asn1 {
	return library().asn1.create(library().asn1.Class.UNIVERSAL, library().asn1.Type.SEQUENCE, true, items);
}

function octets(tagClass: forge.asn1.Class, type: forge.asn1.Type, bytes: Uint8Array): forge.asn1.Asn1 {
	return library().asn1.create(tagClass, type, false, binary(bytes));
}

function children(node: forge.asn1.Asn1): forge.asn1.Asn1[] {
	return typeof node.value === 'string' ? [] : node.value;
}

function child(node: forge.asn1.Asn1, index: number): forge.asn1.Asn1 {
	const found = children(node)[index];
	if (found === undefined) throw new EmulatorError('BUG', `A certificate has no element ${index} where one must be`);
	return found;
}

/** Forge's bytes: one character each. */
function binary(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('latin1');
}

function derOf(node: forge.asn1.Asn1): Buffer {
	return Buffer.from(library().asn1.toDer(node).getBytes(), 'latin1');
}
