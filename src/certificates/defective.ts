import {createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate} from 'node:crypto';
import {wallMs} from '../base/timers.ts';
import type {PemPair} from '../model/resolved.ts';
import type {TlsDefect} from '../model/tls-defect.ts';
import {type Authority, createAuthority, type IssuedCertificate} from './authority.ts';
import {buildCertificate, namesOf, type Signer} from './certificate-builder.ts';
import {exportPrivateKey} from './ec-key.ts';
import {withHiddenKey} from './hidden-key.ts';
import {leafStatement} from './leaf.ts';

const DAY_MS = 86_400_000;
/** RFC 6761, section 6.4: no host ever has such a name. */
const NOBODY = 'wrong-host.invalid';
/**
 * OpenSSL refuses RSA keys below 1024 bits at its security level 1, which is the lowest that clients have by default
 * (Node 20 and 22; Debian's curl and Python have 2). TLS 1.3 cannot sign with one of 512 bits.
 */
const WEAK_RSA_BITS = 768;

/**
 * Issues a certificate that has this one defect, and else is as good as any. Dates are those of the real clock: clients
 * know no other.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` as `authority.issue()`.
 */
export function issueDefective(authority: Authority, names: readonly string[], defect: TlsDefect): PemPair {
	const nowMs = wallMs();
	switch (defect) {
		case 'expired':
			return authority.issue({names, notAfter: new Date(nowMs - DAY_MS)});
		case 'not-yet-valid':
			return authority.issue({names, notBefore: new Date(nowMs + DAY_MS)});
		case 'wrong-host':
			return authority.issue({names: [NOBODY]});
		case 'untrusted-ca': {
			const stranger = createAuthority();
			return withHiddenKey({...stranger.issue({names}), chain: stranger.pem});
		}
		case 'self-signed':
			return reissued(authority.issue({names}), newEcKey());
		case 'weak-key':
			return reissued(
				authority.issue({names}),
				generateKeyPairSync('rsa', {modulusLength: WEAK_RSA_BITS}),
				signerOf(authority),
			);
		case 'incomplete-chain': {
			const issued = authority.issue({names});
			return reissued(issued, newEcKey(), intermediateOf(authority, issued));
		}
	}
}

interface KeyPair {
	readonly publicKey: KeyObject;
	readonly privateKey: KeyObject;
}

/** The same statement about another key. @param signer the subject itself by default. */
function reissued(issued: IssuedCertificate, {publicKey, privateKey}: KeyPair, signer?: Signer): PemPair {
	const {pem: cert} = buildCertificate(leafStatement({...issued, publicKey}), signer ?? {key: privateKey});
	return withHiddenKey({cert, key: exportPrivateKey(privateKey)});
}

/** An intermediate authority, whose certificate no client is ever sent. */
function intermediateOf(authority: Authority, {notBefore, notAfter}: IssuedCertificate): Signer {
	const {publicKey, privateKey} = newEcKey();
	const {names} = buildCertificate(
		{
			subject: {
				organizationName: 'lb-local',
				commonName: `lb-local test intermediate ${randomBytes(6).toString('hex')}`,
			},
			publicKey,
			notBefore,
			notAfter,
			extensions: [
				{name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0},
				{name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true},
			],
		},
		signerOf(authority),
	);
	return {key: privateKey, names};
}

function signerOf({keyPem, pem}: Authority): Signer {
	return {key: createPrivateKey(keyPem), names: namesOf(new X509Certificate(pem))};
}

function newEcKey(): KeyPair {
	return generateKeyPairSync('ec', {namedCurve: 'P-256'});
}
