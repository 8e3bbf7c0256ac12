import type {X509Certificate} from 'node:crypto';
import {createRequire} from 'node:module';
import type forge from 'node-forge';
import {EmulatorError} from '../base/errors.ts';
import {SUBJECT_KEY_IDENTIFIER} from './extensions.ts';

/** What a certificate says about its signer. */
export interface SignerNames {
	/** The subject of the signer, in DER, byte for byte. */
	readonly name: Buffer;
	/** The identifier of the signer's key, if its certificate has one. */
	readonly keyId: Buffer | undefined;
}

const require = createRequire(import.meta.url);

/**
 * node-forge takes 60 ms of a cold start to load, so it is loaded only for an authority that another program made.
 * `require` caches it.
 */
function library(): typeof forge {
	// A CommonJS package; its exports have these types.
	return require('node-forge') as typeof forge;
}

/**
 * Reads a certificate that another program made, such as mkcert's authority: `node:crypto` does not expose these bytes.
 */
export function readSigner(certificate: X509Certificate): SignerNames {
	const tbs = child(library().asn1.fromDer(Buffer.from(certificate.raw).toString('latin1')), 0);
	return {
		name: Buffer.from(library().asn1.toDer(child(tbs, 5)).getBytes(), 'latin1'),
		keyId: subjectKeyIdentifierOf(tbs),
	};
}

function subjectKeyIdentifierOf(tbs: forge.asn1.Asn1): Buffer | undefined {
	const wrapped = children(tbs).find(
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

function children(node: forge.asn1.Asn1): forge.asn1.Asn1[] {
	return typeof node.value === 'string' ? [] : node.value;
}

function child(node: forge.asn1.Asn1, index: number): forge.asn1.Asn1 {
	const found = children(node)[index];
	if (found === undefined) throw new EmulatorError('BUG', `A certificate has no element ${index} where one must be`);
	return found;
}
