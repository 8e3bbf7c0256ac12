import {generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {exportPrivateKey, exportPublicKey} from '../../src/certificates/ec-key.ts';

const KEYS = {
	// Several, for coordinates that begin with zeros or a high bit.
	'P-256': () => Array.from({length: 2000}, () => generateKeyPairSync('ec', {namedCurve: 'P-256'})),
	'P-384': () => [generateKeyPairSync('ec', {namedCurve: 'P-384'})],
	'RSA-2048': () => [generateKeyPairSync('rsa', {modulusLength: 2048})],
	Ed25519: () => [generateKeyPairSync('ed25519')],
};

for (const [kind, generate] of Object.entries(KEYS)) {
	test(`a key of ${kind} is written as OpenSSL writes it`, t => {
		for (const {publicKey, privateKey} of generate()) {
			t.deepEqual(exportPublicKey(publicKey), publicKey.export({type: 'spki', format: 'der'}));
			t.is(exportPrivateKey(privateKey), String(privateKey.export({type: 'pkcs8', format: 'pem'})));
		}
	});
}
