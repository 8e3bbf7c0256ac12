import {createPrivateKey, createPublicKey, generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {readPublicKey, spkiOf} from '../../src/certificates/public-key.ts';
import {pem} from '../helpers/project-certs.ts';

const PEM = createPublicKey(pem('rsa.web.test.crt')).export({type: 'spki', format: 'pem'}).toString();
const BASE64 = PEM.replaceAll(/-----[A-Z ]+-----|\n/g, '');
const ED25519 = generateKeyPairSync('ed25519').publicKey;

const READ: readonly (readonly [string, string])[] = [
	['PEM', PEM],
	['PEM with CRLF and spaces around it', `  ${PEM.replaceAll('\n', '\r\n')}\n\n`],
	['PEM without its first and last line', PEM.replaceAll(/-----[A-Z ]+-----/g, '')],
	['base64 in one line', BASE64],
	['PEM in one line', PEM.replaceAll('\n', '')],
];
for (const [what, text] of READ) {
	test(`a public key is read from ${what}`, t => {
		t.is(readPublicKey(text), BASE64);
	});
}

test('a key of any type is read', t => {
	const base64 = spkiOf(ED25519);

	t.is(readPublicKey(base64), base64);
});

const REFUSED: readonly (readonly [string, string])[] = [
	['nothing', ''],
	['text', 'my key'],
	['base64 that is no key', 'AAAA'],
	['a certificate', pem('rsa.web.test.crt')],
	['a private key', pem('rsa.web.test.key')],
	[
		'a private key without its lines',
		createPrivateKey(pem('rsa.web.test.key')).export({type: 'pkcs8', format: 'der'}).toString('base64'),
	],
	['a key that is cut off', BASE64.slice(0, -40)],
	['more than any key has', 'A'.repeat(20_000)],
];
for (const [what, text] of REFUSED) {
	test(`${what} is no public key`, t => {
		t.is(readPublicKey(text), undefined);
	});
}
