import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto';
import {EmulatorError, messageOf} from '../base/errors.ts';
import {type PemBlock, readPem, writePem} from './pem.ts';

/** The three texts of a `PemPair`. */
export type Part = 'cert' | 'key' | 'chain';

/** *Guess*: far more than any chain has, and few enough to compare each with each. */
const MAX_CERTIFICATES = 100;

/** Why a part of a certificate cannot be used. Never holds key material. */
export interface Problem {
	readonly part: Part;
	/** One sentence; it names the part. */
	readonly message: string;
	/** What to do about it. */
	readonly hint?: string | undefined;
}

/** A certificate from one part, with its place for messages. */
export interface ReadCertificate {
	readonly x509: X509Certificate;
	/** Canonical PEM of this certificate only. */
	readonly text: string;
	readonly part: Part;
}

/**
 * Reads the certificates in `cert` or `chain`; `cert` must have one. `otherKey` is the text of the key, if there is
 * one: it shows whether the two were swapped.
 */
export function readCertificates(
	text: string,
	part: 'cert' | 'chain',
	otherKey = '',
): {readonly certificates: readonly ReadCertificate[]; readonly problems: readonly Problem[]} {
	const {blocks, problems} = readBlocks(text, part);
	if (problems.length > 0) return {certificates: [], problems};

	const found: ReadCertificate[] = [];
	const refused: Problem[] = [];
	const own = blocks.filter(isCertificate);
	if (own.length > MAX_CERTIFICATES) {
		const message = `${part} holds ${own.length} certificates; allowed are at most ${MAX_CERTIFICATES}`;
		return {certificates: [], problems: [{part, message}]};
	}
	for (const [index, block] of own.entries()) {
		try {
			const x509 = new X509Certificate(block.text);
			found.push({x509, text: writePem('CERTIFICATE', x509.raw), part});
		} catch (error) {
			const which = own.length === 1 ? 'the certificate' : `certificate ${index + 1} of ${own.length}`;
			refused.push({part, message: `${part}: ${which} (line ${block.line}) does not parse: ${reasonOf(error)}`});
		}
	}
	if (blocks.some(isPrivateKey)) refused.push(keyAmongCertificates(part, own.length, otherKey));
	else if (own.length === 0 && part === 'cert') refused.push(noCertificate(blocks));
	else if (own.length === 0 && blocks.length > 0)
		refused.push({part, message: `${part} holds no certificate but ${labels(blocks)}`});
	return {certificates: found, problems: refused};
}

/** Reads the private key in `key`. `cert` is the text of the certificate: it shows whether the two were swapped. */
export function readPrivateKey(
	text: string,
	cert: string,
): {readonly key?: KeyObject; readonly text?: string; readonly problems: readonly Problem[]} {
	const {blocks, problems} = readBlocks(text, 'key');
	if (problems.length > 0) return {problems};

	const own = blocks.filter(isPrivateKey);
	const [block] = own;
	if (block === undefined) return {problems: [noKey(blocks, cert)]};
	if (own.length > 1) {
		return {
			problems: [
				{part: 'key', message: `key holds ${own.length} private keys`, hint: 'Keep the one of the certificate.'},
			],
		};
	}
	const refusal = encrypted(block) ?? foreign(block);
	if (refusal !== undefined) return {problems: [refusal]};
	try {
		return {key: createPrivateKey(block.text), text: block.text, problems: []};
	} catch (error) {
		return {problems: [{part: 'key', message: `key does not parse: ${reasonOf(error)}`}]};
	}
}

function readBlocks(
	text: unknown,
	part: Part,
): {readonly blocks: readonly PemBlock[]; readonly problems: readonly Problem[]} {
	if (typeof text !== 'string') {
		const hint = text instanceof Uint8Array ? 'Read the file as text: readFile(file, "utf8").' : undefined;
		return {blocks: [], problems: [{part, message: `${part} is not text; PEM text is required`, hint}]};
	}
	try {
		const blocks = readPem(text);
		return {blocks, problems: blocks.length === 0 && !isAbsent(text, part) ? [notPem(text, part)] : []};
	} catch (error) {
		const hint = error instanceof EmulatorError ? error.hint : undefined;
		return {blocks: [], problems: [{part, message: `${part} is not readable PEM: ${messageOf(error)}`, hint}]};
	}
}

/** A chain may be an empty text: forms and templates send one. */
function isAbsent(text: string, part: Part): boolean {
	return part === 'chain' && text.trim() === '';
}

function notPem(text: string, part: Part): Problem {
	const file = part === 'key' ? 'FILE.key' : 'FILE.crt';
	const trimmed = text.trim();
	if (trimmed === '') return {part, message: `${part} is empty`};
	// A SEQUENCE with a two-byte length: DER. Read as UTF-8, bytes from 0x80 up become U+FFFD.
	if (/^0[\x82\ufffd]/.test(text)) {
		// In PKCS#12 the version follows, the INTEGER 3: RFC 7292, section 4.
		if (text.slice(0, 12).includes('\x02\x01\x03')) {
			// The certificates must not contain the key.
			const how = part === 'key' ? '-nocerts -nodes' : '-nokeys';
			return {part, message: `${part} is PKCS#12, not PEM`, hint: `openssl pkcs12 -in FILE.p12 ${how} -out ${file}`};
		}
		const command = part === 'key' ? 'pkey' : 'x509';
		return {
			part,
			message: `${part} is DER (binary), not PEM`,
			hint: `openssl ${command} -inform der -in FILE.der -out ${file}`,
		};
	}
	if (/^MI[A-Za-z0-9+/\s]{60,}={0,2}$/.test(trimmed)) {
		const label = part === 'key' ? labelOfKey(trimmed) : 'CERTIFICATE';
		return {
			part,
			message: `${part} is base64 without its BEGIN and END lines`,
			// Complete lines would be taken for a private key, and hidden.
			hint: `Put a BEGIN line before it and an END line after it, with the label "${label}" and five hyphens at both ends.`,
		};
	}
	if (trimmed.length < 1024 && !/\s/.test(trimmed) && /[/\\]|\.(?:pem|crt|cer|key)/i.test(trimmed)) {
		return {part, message: `${part} looks like a file name; the text of the file is required`};
	}
	return {part, message: `${part} is not PEM: it has no "-----BEGIN" line`};
}

/** In PKCS#1 the INTEGER of the modulus follows the version (RFC 8017, A.1.2), in PKCS#8 a SEQUENCE (RFC 5958, section 2). */
function labelOfKey(base64: string): string {
	const start = Buffer.from(base64.slice(0, 64), 'base64').toString('latin1');
	return /^0.{2,3}\x02\x01\x00\x02/s.test(start) ? 'RSA PRIVATE KEY' : 'PRIVATE KEY';
}

function keyAmongCertificates(part: 'cert' | 'chain', certificates: number, otherKey: string): Problem {
	if (certificates > 0) {
		return {
			part,
			message: `${part} holds a private key beside its certificates`,
			hint: 'Move the key to `key`: a certificate is shown to everybody.',
		};
	}
	if (part === 'cert' && holdsCertificate(otherKey)) {
		return {part, message: 'cert is a private key, and key is a certificate: the two are swapped', hint: 'Swap them.'};
	}
	return {part, message: `${part} is a private key, not a certificate`};
}

function noCertificate(blocks: readonly PemBlock[]): Problem {
	const request = blocks.some(block => block.label.endsWith('CERTIFICATE REQUEST'));
	if (request)
		return {
			part: 'cert',
			message: 'cert is a signing request, not a certificate',
			hint: 'An authority makes the certificate out of it.',
		};
	if (blocks.some(block => block.label === 'TRUSTED CERTIFICATE')) {
		return {
			part: 'cert',
			message: 'cert is in OpenSSL\'s own "TRUSTED CERTIFICATE" form',
			hint: 'openssl x509 -in FILE.pem -out FILE.crt',
		};
	}
	return {part: 'cert', message: `cert holds no certificate but ${labels(blocks)}`};
}

function noKey(blocks: readonly PemBlock[], cert: string): Problem {
	const part = 'key';
	if (blocks.some(isCertificate)) {
		const swapped = holdsPrivateKey(cert);
		if (swapped)
			return {
				part,
				message: 'key is a certificate, and cert is a private key: the two are swapped',
				hint: 'Swap them.',
			};
		return {part, message: 'key is a certificate, not a private key'};
	}
	if (blocks.some(block => block.label.endsWith('PUBLIC KEY'))) {
		return {part, message: 'key is a public key; the private key is required'};
	}
	return {part, message: `key holds no private key but ${labels(blocks)}`};
}

function encrypted(block: PemBlock): Problem | undefined {
	const legacy = block.headers.some(header => /^Proc-Type:.*ENCRYPTED/i.test(header));
	if (!legacy && block.label !== 'ENCRYPTED PRIVATE KEY') return undefined;
	return {
		part: 'key',
		message: 'key is encrypted; a key without a passphrase is required',
		hint: 'openssl pkey -in FILE.key -out PLAIN.key',
	};
}

function foreign(block: PemBlock): Problem | undefined {
	if (block.label !== 'OPENSSH PRIVATE KEY') return undefined;
	return {
		part: 'key',
		message: "key is in OpenSSH's own form, not PEM's",
		hint: 'ssh-keygen -p -N "" -m PKCS8 -f FILE (it rewrites the file; older releases leave an Ed25519 key as it was)',
	};
}

/** `X509 CERTIFICATE` is historic: RFC 7468, section 5.1. */
function isCertificate(block: PemBlock): boolean {
	return block.label === 'CERTIFICATE' || block.label === 'X509 CERTIFICATE';
}

function isPrivateKey(block: PemBlock): boolean {
	return block.label.endsWith('PRIVATE KEY');
}

function holdsCertificate(text: string): boolean {
	return typeof text === 'string' && text.includes('-----BEGIN CERTIFICATE-----');
}

function holdsPrivateKey(text: string): boolean {
	return typeof text === 'string' && /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);
}

function labels(blocks: readonly PemBlock[]): string {
	return [...new Set(blocks.map(block => `"${block.label}"`))].join(' and ');
}

/** OpenSSL's text without its numbers: `error:0680009B:asn1 encoding routines::too long`. */
function reasonOf(error: unknown): string {
	const text = messageOf(error);
	return text.split('::').at(-1)?.trim() || text;
}
