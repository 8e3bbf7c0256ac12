import {createPublicKey, type KeyObject} from 'node:crypto';
import {isPrivateKey} from '../base/quote.ts';

/** More than any key has that OpenSSL takes: 16,384 bits of RSA are 3 KiB. */
const MAX_LENGTH = 16_384;

/**
 * A public key as AWS takes it: the base64 of a SubjectPublicKeyInfo, with the lines of PEM around it or without.
 *
 * @returns base64 of the DER, in one line; undefined when the text is no public key.
 * @see AWS Classic ELB, PublicKeyPolicyType
 */
export function readPublicKey(text: string): string | undefined {
	if (text.length > MAX_LENGTH || isPrivateKey(text)) return undefined;
	const body = text
		.trim()
		.replace(/^-----BEGIN PUBLIC KEY-----/, '')
		.replace(/-----END PUBLIC KEY-----$/, '')
		.replaceAll(/\s/g, '');
	if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return undefined;
	try {
		return spkiOf(createPublicKey({key: Buffer.from(body, 'base64'), format: 'der', type: 'spki'}));
	} catch {
		return undefined;
	}
}

/** Base64 of the SubjectPublicKeyInfo of a key, in DER: what two texts of the same key have in common. */
export function spkiOf(key: KeyObject): string {
	return key.export({type: 'spki', format: 'der'}).toString('base64');
}
