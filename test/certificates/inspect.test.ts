import {createPrivateKey, createPublicKey} from 'node:crypto';
import {inspect} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../src/certificates/authority.ts';
import {inspectCertificate} from '../../src/certificates/inspect.ts';
import {writePem} from '../../src/certificates/pem.ts';
import type {PemPair} from '../../src/model/resolved.ts';
import {handshake} from '../helpers/pem-handshake.ts';
import {sample, sampleChain} from '../helpers/pem-samples.ts';

const DAY_MS = 86_400_000;
const authority = createAuthority();
const ec = authority.issue({names: ['web.test', '127.0.0.1']});
const rsa = authority.issue({names: ['rsa.test'], key: 'rsa', pkcs1: true});
const {root, upper, lower, leaf} = sampleChain();

test('a good pair has no problems and no warnings, and has its facts', t => {
	const {problems, warnings, facts, pair} = inspectCertificate(ec);

	t.deepEqual(problems, []);
	t.deepEqual(warnings, []);
	t.like(facts, {
		names: ['web.test', '127.0.0.1'],
		subject: 'O=lb-local test certificate, CN=web.test',
		notBefore: ec.notBefore,
		notAfter: ec.notAfter,
		fingerprint256: ec.fingerprint256,
		keyType: 'ec',
	});
	t.regex(facts?.issuer ?? '', /^O=lb-local, CN=lb-local test authority [0-9a-f]{12}$/);
	t.regex(facts?.serial ?? '', /^[0-9A-F]{32}$/);
	t.deepEqual({...pair}, {cert: ec.cert, key: ec.key});
	t.is(inspectCertificate(rsa).facts?.keyType, 'rsa');
});

test('printing an inspection does not print the key', t => {
	t.false(inspect(inspectCertificate(ec), {depth: null}).includes('PRIVATE KEY'));
});

/** One problem, word for word, without any part of the key. */
function refuses(t: ExecutionContext, pair: PemPair, ...expected: readonly (readonly [string, string, string?])[]) {
	const {problems, pair: ready} = inspectCertificate(pair);

	t.deepEqual(
		problems.map(({part, message, hint}) => (hint === undefined ? [part, message] : [part, message, hint])),
		expected.map(each => [...each]),
	);
	t.is(ready, undefined);
	const secrets = pair.key.split('\n').filter(line => line.length > 40);
	for (const secret of secrets) t.false(JSON.stringify(problems).includes(secret));
}
const problem = test.macro({exec: refuses, title: (what = '') => `${what} is a problem`});

const der = Buffer.from(ec.cert.split('\n').slice(1, -2).join(''), 'base64');
test('an empty certificate', problem, {...ec, cert: ' \n'}, ['cert', 'cert is empty']);
test('an empty key', problem, {...ec, key: ''}, ['key', 'key is empty']);
test('prose', problem, {...ec, cert: 'hello'}, ['cert', 'cert is not PEM: it has no "-----BEGIN" line']);
test('a file name', problem, {...ec, cert: './certs/web.crt'}, [
	'cert',
	'cert looks like a file name; the text of the file is required',
]);
test('DER read as text', problem, {...ec, cert: der.toString('utf8')}, [
	'cert',
	'cert is DER (binary), not PEM',
	'openssl x509 -inform der -in FILE.der -out FILE.crt',
]);
test('DER read as Latin-1', problem, {...ec, cert: der.toString('latin1')}, [
	'cert',
	'cert is DER (binary), not PEM',
	'openssl x509 -inform der -in FILE.der -out FILE.crt',
]);
test('a PKCS#12 file', problem, {...ec, cert: '0\x82\x05\x10\x02\x01\x030\x82'}, [
	'cert',
	'cert is PKCS#12, not PEM',
	'openssl pkcs12 -in FILE.p12 -nokeys -out FILE.crt',
]);
test('base64 alone', problem, {...ec, cert: der.toString('base64')}, [
	'cert',
	'cert is base64 without its BEGIN and END lines',
	'Put a BEGIN line before it and an END line after it, with the label "CERTIFICATE" and five hyphens at both ends.',
]);
test('a cut-off certificate', problem, {...ec, cert: ec.cert.slice(0, 200)}, [
	'cert',
	'cert is not readable PEM: The CERTIFICATE block at line 1 is cut off: it has no END line',
	'Copy the block again, from its BEGIN line to its END line.',
]);
test('a certificate of other bytes', problem, {...ec, cert: `\n${writePem('CERTIFICATE', Buffer.alloc(60, 1))}`}, [
	'cert',
	'cert: the certificate (line 2) does not parse: wrong tag',
]);
test('a signing request', problem, {...ec, cert: writePem('CERTIFICATE REQUEST', der)}, [
	'cert',
	'cert is a signing request, not a certificate',
	'An authority makes the certificate out of it.',
]);
test('a private key in place of the certificate', problem, {...ec, cert: rsa.key}, [
	'cert',
	'cert is a private key, not a certificate',
]);
test('a private key beside the certificate', problem, {...ec, cert: ec.cert + ec.key}, [
	'cert',
	'cert holds a private key beside its certificates',
	'Move the key to `key`: a certificate is shown to everybody.',
]);
test(
	'a swap of certificate and key',
	problem,
	{cert: ec.key, key: ec.cert},
	['cert', 'cert is a private key, and key is a certificate: the two are swapped', 'Swap them.'],
	['key', 'key is a certificate, and cert is a private key: the two are swapped', 'Swap them.'],
);
test('a certificate in place of the key', problem, {...ec, key: ec.cert}, [
	'key',
	'key is a certificate, not a private key',
]);
const publicKey = createPublicKey(ec.key).export({type: 'spki', format: 'pem'}).toString();
test('a public key', problem, {...ec, key: publicKey}, ['key', 'key is a public key; the private key is required']);
const ENCRYPTED = [
	'key',
	'key is encrypted; a key without a passphrase is required',
	'openssl pkey -in FILE.key -out PLAIN.key',
] as const;
const cipher = {format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret'} as const;
const encryptedPkcs8 = createPrivateKey(ec.key)
	.export({type: 'pkcs8', ...cipher})
	.toString();
const encryptedPkcs1 = createPrivateKey(rsa.key)
	.export({type: 'pkcs1', ...cipher})
	.toString();
test('an encrypted key', problem, {...ec, key: encryptedPkcs8}, ENCRYPTED);
test('an encrypted key of the legacy form', problem, {...rsa, key: encryptedPkcs1}, ENCRYPTED);
test('a key in the form of OpenSSH', problem, {...ec, key: writePem('OPENSSH PRIVATE KEY', der)}, [
	'key',
	"key is in OpenSSH's own form, not PEM's",
	'ssh-keygen -p -N "" -m PKCS8 -f FILE (it rewrites the file; older releases leave an Ed25519 key as it was)',
]);
test('a key of other bytes', problem, {...ec, key: writePem('PRIVATE KEY', der)}, [
	'key',
	'key does not parse: unsupported',
]);
test('two private keys', problem, {...ec, key: ec.key + rsa.key}, [
	'key',
	'key holds 2 private keys',
	'Keep the one of the certificate.',
]);
test('DH parameters in place of the key', problem, {...ec, key: writePem('DH PARAMETERS', der)}, [
	'key',
	'key holds no private key but "DH PARAMETERS"',
]);
test('the key of another certificate', problem, {...ec, key: rsa.key}, [
	'key',
	'key does not belong to the certificate "web.test"',
]);
test('a chain that is prose', problem, {...ec, chain: 'hello'}, [
	'chain',
	'chain is not PEM: it has no "-----BEGIN" line',
]);
test('a chain that holds the key', problem, {...ec, chain: ec.cert + ec.key}, [
	'chain',
	'chain holds a private key beside its certificates',
	'Move the key to `key`: a certificate is shown to everybody.',
]);
test('a chain that is a key', problem, {...ec, chain: rsa.key}, ['chain', 'chain is a private key, not a certificate']);
test('a chain with a certificate that signed nothing', problem, {...leaf, chain: lower.cert + rsa.cert + upper.cert}, [
	'chain',
	'chain: "rsa.test" signed none of the other certificates; the issuer of "upper" is "root"',
]);
test('a chain with a gap', problem, {...leaf, chain: upper.cert}, [
	'chain',
	'chain: "upper" signed none of the other certificates; the issuer of "web.test" is "lower"',
]);
const impostor = sample({name: 'lower', ca: true, issuer: upper});
test('an issuer made again under its name', problem, {...leaf, chain: impostor.cert}, [
	'chain',
	'chain: "lower" has the name of the issuer of "web.test", but did not sign it',
	'It may be an authority that was made again under the same name.',
]);
const forged = Buffer.from(leaf.x509.raw);
forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
test(
	"a certificate whose signature is not its issuer's",
	problem,
	{...leaf, cert: writePem('CERTIFICATE', forged), chain: lower.cert},
	[
		'chain',
		'chain: "lower" has the name of the issuer of "web.test", but did not sign it',
		'It may be an authority that was made again under the same name.',
	],
);
test(
	'a chain with an unreadable certificate, and only that one,',
	problem,
	{...leaf, chain: writePem('CERTIFICATE', Buffer.alloc(60, 1)) + upper.cert},
	['chain', 'chain: certificate 1 of 2 (line 1) does not parse: wrong tag'],
);
test('a swap of certificate and chain', problem, {...leaf, cert: lower.cert, chain: leaf.cert}, [
	'cert',
	'cert does not fit the key, but "web.test" in chain does: cert and chain are swapped',
	'Put the certificate of the key in `cert`, and those of its issuers in `chain`.',
]);
test(
	'everything at once',
	problem,
	{cert: 'hello', key: publicKey, chain: rsa.key},
	['cert', 'cert is not PEM: it has no "-----BEGIN" line'],
	['key', 'key is a public key; the private key is required'],
	['chain', 'chain is a private key, not a certificate'],
);

test('a part that is not text is a problem with a hint', t => {
	const buffers = {cert: Buffer.from(ec.cert), key: 5};

	// As a JavaScript caller may give it.
	const {problems} = inspectCertificate(buffers as unknown as PemPair);

	t.deepEqual(problems, [
		{
			part: 'cert',
			message: 'cert is not text; PEM text is required',
			hint: 'Read the file as text: readFile(file, "utf8").',
		},
		{part: 'key', message: 'key is not text; PEM text is required', hint: undefined},
	]);
});

test('facts are present even when the key is a problem', t => {
	t.is(inspectCertificate({...ec, key: ''}).facts?.fingerprint256, ec.fingerprint256);
});

/** The warnings, word for word, of a pair that is accepted, and a handshake with what it was turned into. */
async function accepts(t: ExecutionContext, pair: PemPair, warnings: readonly string[]) {
	const inspection = inspectCertificate(pair);

	t.deepEqual(inspection.problems, []);
	t.deepEqual(inspection.warnings, warnings);
	t.is(inspection.pair?.cert, leaf.cert);
	t.is(inspection.pair?.chain, lower.cert + upper.cert);
	if (inspection.pair === undefined) return;
	await t.notThrowsAsync(handshake(inspection.pair, {ca: root.cert, servername: 'web.test'}));
}
const chained = test.macro({exec: accepts, title: (what = '') => `${what} is put in order, and clients verify it`});

const ORDER = 'The chain was out of order and has been put in order: "web.test", "lower", "upper"';
test('a chain in order', chained, {...leaf, chain: lower.cert + upper.cert}, []);
test('a chain out of order', chained, {...leaf, chain: upper.cert + lower.cert}, [ORDER]);
test('a chain in the same text as the leaf', chained, {...leaf, cert: leaf.cert + lower.cert + upper.cert}, []);
test('a leaf that stands last', chained, {...leaf, cert: lower.cert + upper.cert + leaf.cert}, [
	'The certificate of the key, "web.test", is not the first in cert; it has been put first',
]);
test('a chain split over both parts', chained, {...leaf, cert: leaf.cert + lower.cert, chain: upper.cert}, []);
test('a chain with the leaf in it', chained, {...leaf, chain: leaf.cert + lower.cert + upper.cert}, [
	'The certificate itself is repeated in chain; the repetition is dropped',
]);
test('a chain given twice', chained, {...leaf, cert: leaf.cert + lower.cert, chain: lower.cert + upper.cert}, [
	'The certificate "lower" is repeated in chain; the repetition is dropped',
]);
test('a chain with the root in it', chained, {...leaf, chain: lower.cert + upper.cert + root.cert}, [
	'The root "root" is left out of the chain: clients have it already, or do not trust it',
]);
test(
	'a chain with Windows line ends',
	chained,
	{...leaf, chain: (lower.cert + upper.cert).replaceAll('\n', '\r\n')},
	[],
);
test(
	'a chain with explanations',
	chained,
	{...leaf, chain: `lower:\n${lower.cert}upper:\n${upper.cert.trimEnd()}`},
	[],
);

test('an empty chain is no chain', t => {
	const {problems, pair} = inspectCertificate({...ec, chain: '\n'});

	t.deepEqual(problems, []);
	t.is(pair?.chain, undefined);
});

test("a self-signed certificate uploaded as its own chain is accepted, as the cloud's own tests do it", t => {
	const self = sample({name: 'web.test', dns: ['web.test']});

	const {problems, warnings, pair} = inspectCertificate({...self, chain: self.cert});

	t.deepEqual(problems, []);
	t.deepEqual(warnings, ['The certificate itself is repeated in chain; the repetition is dropped']);
	t.deepEqual({...pair}, {cert: self.cert, key: self.key});
});

test('a key beside EC parameters, as `openssl ecparam -genkey` writes it, is read', t => {
	const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
	const key = createPrivateKey(ec.key).export({type: 'sec1', format: 'pem'}).toString();

	const {problems, pair} = inspectCertificate({...ec, key: parameters + key});

	t.deepEqual(problems, []);
	t.is(pair?.key, key);
});

const now = new Date('2030-06-15T12:00:00Z');
const dated = (fromDays: number, untilDays: number, more: {ca?: boolean} = {}) =>
	sample({
		name: 'dated.test',
		dns: ['dated.test'],
		notBefore: new Date(now.getTime() + fromDays * DAY_MS),
		notAfter: new Date(now.getTime() + untilDays * DAY_MS),
		...more,
	});

const warning = test.macro({
	exec(t, pair: PemPair, ...warnings: readonly string[]) {
		const inspection = inspectCertificate(pair, {now});

		t.deepEqual(inspection.problems, []);
		t.deepEqual(inspection.warnings, warnings);
		t.truthy(inspection.pair);
	},
	title: (what = '') => `${what} is accepted with a warning`,
});

test('an expired certificate', warning, dated(-90, -12), 'The certificate expired 12 days ago, on 2030-06-03');
test('one that expired this morning', warning, dated(-90, -0.25), 'The certificate expired 6 hours ago, on 2030-06-15');
test(
	'a certificate that is not valid yet',
	warning,
	dated(1, 90),
	'The certificate is not valid before 2030-06-16, 1 day from now',
);
test('a certificate that expires soon', warning, dated(-1, 13.5), 'The certificate expires in 13 days, on 2030-06-29');
test(
	'a certificate of an authority',
	warning,
	dated(-1, 90, {ca: true}),
	"The certificate is an authority's own (CA:TRUE); some clients refuse it for a server",
);

const long = {notBefore: new Date(now.getTime() - DAY_MS), notAfter: new Date(now.getTime() + 90 * DAY_MS)};
test(
	'a certificate with a common name alone',
	warning,
	sample({name: 'old.test', ...long}),
	'The certificate has no subject alternative name, only the common name "old.test", which most clients do not look at',
);
test(
	'a certificate for clients only',
	warning,
	sample({name: 'c', dns: ['c.test'], extensions: [{name: 'extKeyUsage', clientAuth: true}], ...long}),
	'The certificate is not meant for servers (its extended key usage lacks serverAuth); clients refuse it',
);
const expiredIssuer = sample({
	name: 'old authority',
	ca: true,
	issuer: root,
	...long,
	notAfter: new Date(now.getTime() - 2 * DAY_MS),
	notBefore: new Date(0),
});
test(
	'a chain with an expired certificate',
	warning,
	(() => {
		const below = sample({name: 'x', dns: ['x.test'], issuer: expiredIssuer, ...long});
		return {cert: below.cert, key: below.key, chain: expiredIssuer.cert};
	})(),
	'The chain\'s certificate "old authority" expired 2 days ago, on 2030-06-13',
);
const notAuthority = sample({name: 'no authority', issuer: root, ...long});
test(
	'a chain through a certificate of no authority',
	warning,
	(() => {
		const below = sample({name: 'x', dns: ['x.test'], issuer: notAuthority, ...long});
		return {cert: below.cert, key: below.key, chain: notAuthority.cert};
	})(),
	'The chain\'s certificate "no authority" is no authority\'s (CA:FALSE); clients refuse what it signed',
);

test('a certificate with only a common name is named by it', t => {
	t.deepEqual(inspectCertificate(sample({name: 'old.test'})).facts?.names, ['old.test']);
});

test('a short RSA key is warned of, or refused where OpenSSL does not take it', t => {
	const short = sample({name: 'short.test', dns: ['short.test'], rsaBits: 1024});

	const {problems, warnings} = inspectCertificate(short);

	t.deepEqual(warnings, ["The certificate's key is RSA with 1024 bits; most clients refuse less than 2048"]);
	// Newer releases of Node demand 2048 bits themselves.
	for (const {message} of problems) t.regex(message, /^cert is refused by OpenSSL .*key too small/);
});

test('a certificate that OpenSSL refuses is a problem before the start', t => {
	const tiny = sample({name: 'tiny.test', dns: ['tiny.test'], rsaBits: 512});

	const {problems, pair} = inspectCertificate(tiny);

	t.is(pair, undefined);
	t.is(problems.length, 1);
	t.regex(problems[0]?.message ?? '', /^cert is refused by OpenSSL .*key too small/);
});
