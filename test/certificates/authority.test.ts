import {createHash, generateKeyPairSync, type KeyObject, X509Certificate} from 'node:crypto';
import {inspect} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {authorityFrom, createAuthority} from '../../src/certificates/authority.ts';
import {buildCertificate} from '../../src/certificates/certificate-builder.ts';
import {inspectCertificate} from '../../src/certificates/inspect.ts';
import {runs} from '../helpers/depth.ts';
import {handshake} from '../helpers/pem-handshake.ts';
import {openssl} from '../helpers/pem-openssl.ts';
import {sample} from '../helpers/pem-samples.ts';

const DAY_MS = 86_400_000;

test('a client that trusts the authority accepts its leaf by name, wildcard and address', async t => {
	const authority = createAuthority();
	const leaf = authority.issue({names: ['web.test', '*.web.test', '127.0.0.1', '::1']});

	for (const servername of ['web.test', 'api.web.test', undefined]) {
		const peer = await handshake(leaf, {ca: authority.pem, ...(servername === undefined ? {} : {servername})});
		t.is(peer.fingerprint256, leaf.fingerprint256);
	}
});

test('a client refuses a name that the leaf does not have', async t => {
	const authority = createAuthority();
	const leaf = authority.issue({names: ['web.test']});

	await t.throwsAsync(handshake(leaf, {ca: authority.pem, servername: 'shop.test'}), {
		code: 'ERR_TLS_CERT_ALTNAME_INVALID',
	});
});

test('a client that trusts another authority refuses the leaf', async t => {
	const leaf = createAuthority().issue({names: ['web.test']});

	await t.throwsAsync(handshake(leaf, {ca: createAuthority().pem, servername: 'web.test'}), {
		code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	});
});

test('two authorities work in one trust store', async t => {
	const [one, other] = [createAuthority(), createAuthority()];

	for (const authority of [one, other]) {
		const leaf = authority.issue({names: ['web.test']});
		await t.notThrowsAsync(handshake(leaf, {ca: one.pem + other.pem, servername: 'web.test'}));
	}
});

for (const key of ['ec', 'rsa'] as const) {
	test(`OpenSSL verifies an ${key.toUpperCase()} leaf by the strict rules of RFC 5280`, async t => {
		const authority = createAuthority();
		const leaf = authority.issue({names: ['web.test', '::1'], key});
		const files = {'ca.pem': authority.pem, 'leaf.pem': leaf.cert};

		const verified = await openssl(
			t,
			['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem', 'leaf.pem'],
			files,
		);
		const text = await openssl(t, ['x509', '-in', 'leaf.pem', '-noout', '-text'], files);

		t.true(new X509Certificate(leaf.cert).verify(new X509Certificate(authority.pem).publicKey));
		if (verified === undefined || text === undefined) return;
		t.is(verified, 'leaf.pem: OK\n');
		t.regex(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/);
		t.regex(
			text,
			key === 'ec'
				? /Key Usage: critical\s+Digital Signature\n/
				: /Key Usage: critical\s+Digital Signature, Key Encipherment\n/,
		);
		t.regex(text, /TLS Web Server Authentication, TLS Web Client Authentication/);
		t.regex(text, /DNS:web\.test, IP Address:0:0:0:0:0:0:0:1/);
		t.regex(text, key === 'ec' ? /NIST CURVE: P-256/ : /Public-Key: \(2048 bit\)/);
	});
}

test('a key is identified as in RFC 7093, and a leaf points at the key of its authority', t => {
	const authority = createAuthority();
	const {raw, publicKey} = new X509Certificate(authority.pem);
	const point = publicKey.export({type: 'spki', format: 'der'}).subarray(-65);

	const identifier = createHash('sha256').update(point).digest().subarray(0, 20);

	t.true(raw.includes(Buffer.concat([Buffer.of(0x04, 0x14), identifier])), 'subject key identifier');
	const leaf = new X509Certificate(authority.issue({names: ['web.test']}).cert).raw;
	t.true(leaf.includes(Buffer.concat([Buffer.of(0x80, 0x14), identifier])), 'authority key identifier');
});

test('signature algorithms are written as RFC 5758 and RFC 4055 require: without parameters, and with NULL', t => {
	const rsa = sample({name: 'rsa', ca: true, rsaBits: 2048});

	const byEc = new X509Certificate(createAuthority().issue({names: ['web.test']}).cert).raw.toString('hex');
	const byRsa = new X509Certificate(authorityFrom(rsa).issue({names: ['web.test']}).cert).raw.toString('hex');

	// Once inside what is signed, once beside it.
	t.is(byEc.split('300a06082a8648ce3d040302').length, 3);
	t.is(byRsa.split('300d06092a864886f70d01010b0500').length, 3);
});

test('a wildcard is in the common name as UTF8String, since PrintableString has no asterisk', t => {
	const {raw} = new X509Certificate(createAuthority().issue({names: ['*.web.test']}).cert);

	t.true(raw.includes(Buffer.concat([Buffer.of(0x0c, 10), Buffer.from('*.web.test')])));
});

test('the authority says what it is, and is one', async t => {
	const authority = createAuthority();
	const x509 = new X509Certificate(authority.pem);

	t.true(x509.ca);
	t.true(x509.verify(x509.publicKey));
	t.regex(x509.subject, /CN=lb-local test authority [0-9a-f]{12}$/);
	const text = await openssl(t, ['x509', '-in', 'ca.pem', '-noout', '-text'], {'ca.pem': authority.pem});
	if (text === undefined) return;
	t.regex(text, /X509v3 Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
	t.regex(text, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
	t.regex(text, /Subject Key Identifier/);
});

test('serial numbers are positive, 16 bytes, and never the same', t => {
	const authority = createAuthority();

	const serials = Array.from(
		{length: 50},
		() => new X509Certificate(authority.issue({names: ['a.test']}).cert).serialNumber,
	);

	t.is(new Set(serials).size, 50);
	for (const serial of serials) t.regex(serial, /^[4-7][0-9A-F]{31}$/);
});

test('a leaf begins a day ago and ends within the 398 days of ballot SC22', t => {
	const now = new Date('2030-05-06T07:08:09.123Z');

	const leaf = createAuthority({now}).issue({names: ['web.test'], now});

	t.is(leaf.notBefore.toISOString(), '2030-05-05T07:08:09.000Z');
	t.is(leaf.notAfter.getTime() - leaf.notBefore.getTime(), 397 * DAY_MS);
});

test('an authority lives for ten years, and its leaves no longer than itself', t => {
	const now = new Date('2030-01-01T00:00:00Z');
	const authority = createAuthority({now});
	const nearlyOver = new Date('2039-12-01T00:00:00Z');

	const leaf = authority.issue({names: ['web.test'], now: nearlyOver});

	t.is(new Date(new X509Certificate(authority.pem).validTo).toISOString(), '2040-01-01T00:00:00.000Z');
	t.is(leaf.notAfter.toISOString(), '2040-01-01T00:00:00.000Z');
});

test('a leaf that is issued as expired begins before its end, and clients refuse it as expired', async t => {
	const authority = createAuthority();
	const leaf = authority.issue({names: ['web.test'], notAfter: new Date('2020-01-01T00:00:00Z')});

	t.true(leaf.notBefore < leaf.notAfter);
	await t.throwsAsync(handshake(leaf, {ca: authority.pem, servername: 'web.test'}), {code: 'CERT_HAS_EXPIRED'});
});

test('a leaf that is not valid yet is refused by clients as such', async t => {
	const authority = createAuthority();
	const leaf = authority.issue({names: ['web.test'], notBefore: new Date(Date.now() + 2 * DAY_MS)});

	await t.throwsAsync(handshake(leaf, {ca: authority.pem, servername: 'web.test'}), {code: 'CERT_NOT_YET_VALID'});
});

test('a date after 2049 is written with a year of four digits', t => {
	const leaf = createAuthority().issue({names: ['web.test'], notAfter: new Date('2061-02-03T04:05:06Z')});

	t.is(new Date(new X509Certificate(leaf.cert).validTo).toISOString(), '2061-02-03T04:05:06.000Z');
});

test('a first name that is too long for a common name is only in the alternative names', t => {
	const name = `${'a'.repeat(40)}.${'b'.repeat(40)}.test`;

	const leaf = createAuthority().issue({names: [name]});

	t.is(new X509Certificate(leaf.cert).subject, 'O=lb-local test certificate');
	t.deepEqual(inspectCertificate(leaf).facts?.names, [name]);
});

const keyForm = test.macro({
	exec(t, options: {key: 'ec' | 'rsa'; pkcs1: boolean}, begin: string) {
		const leaf = createAuthority().issue({names: ['web.test'], ...options});

		t.is(leaf.key.split('\n')[0], begin);
		t.deepEqual(inspectCertificate(leaf).problems, []);
	},
	title: (_, {key, pkcs1}, begin) => `a key of type ${key}${pkcs1 ? ' in its own form' : ''} starts with ${begin}`,
});

test(keyForm, {key: 'ec', pkcs1: false}, '-----BEGIN PRIVATE KEY-----');
test(keyForm, {key: 'ec', pkcs1: true}, '-----BEGIN EC PRIVATE KEY-----');
test(keyForm, {key: 'rsa', pkcs1: false}, '-----BEGIN PRIVATE KEY-----');
test(keyForm, {key: 'rsa', pkcs1: true}, '-----BEGIN RSA PRIVATE KEY-----');

test('everything wrong with a request is reported at once', t => {
	const options = {
		names: ['a b', 'https://web.test'],
		key: 'rsaa',
		notBefore: new Date('2031-01-01'),
		notAfter: new Date('2030-01-01'),
	};

	// As a JavaScript caller may write it.
	const error = t.throws(() => createAuthority().issue(options as unknown as {names: string[]}), {
		code: 'INVALID_DESCRIPTION',
	});

	t.is(
		error?.message,
		`The certificate is not valid:
  names[0]: "a b" holds white space, which no name may (give each name as an item of its own)
  names[1]: "https://web.test" is more than a name; allowed is a host name such as "web.test", a wildcard such as "*.web.test", or an IP address (did you mean "web.test"?)
  key: unknown key type "rsaa"; allowed are "ec" or "rsa" (did you mean "rsa"?)
  notAfter: notAfter 2030-01-01T00:00:00.000Z is not after notBefore 2031-01-01T00:00:00.000Z`,
	);
});

test('an invalid date is refused', t => {
	t.throws(() => createAuthority().issue({names: ['web.test'], notAfter: new Date('soon')}), {
		message: 'The certificate is not valid:\n  notAfter: notAfter is not a date from 1950 to 9999',
	});
});

test('an authority does not show its key when it is printed or serialised', t => {
	const authority = createAuthority();
	const [, secret = ''] = authority.keyPem.split('\n');

	const shown = [
		inspect(authority),
		inspect(authority, {showHidden: true, getters: true, depth: null}),
		inspect({authority}),
		JSON.stringify(authority),
		JSON.stringify({...authority}),
		String(authority),
	];

	t.is(secret.length, 64);
	for (const text of shown) {
		t.false(text.includes('PRIVATE KEY') || text.includes(secret), text);
	}
});

test('an issued certificate prints without its key, and is a plain pair to everything else', t => {
	const leaf = createAuthority().issue({names: ['web.test']});

	t.false(inspect({leaf}).includes('BEGIN PRIVATE KEY'));
	t.is({...leaf}.key, leaf.key);
	t.deepEqual(Object.keys(leaf), ['cert', 'key', 'names', 'notBefore', 'notAfter', 'fingerprint256']);
});

test('an authority that was stored signs as before', async t => {
	const authority = createAuthority();

	const again = authorityFrom({cert: authority.pem, key: authority.keyPem});

	t.is(again.pem, authority.pem);
	await t.notThrowsAsync(handshake(again.issue({names: ['web.test']}), {ca: authority.pem, servername: 'web.test'}));
});

test("an RSA authority of somebody else's making signs too", async t => {
	const usage = {name: 'keyUsage', critical: true, keyCertSign: true} as const;
	const foreign = sample({name: 'mkcert root', ca: true, rsaBits: 2048, extensions: [usage]});

	const leaf = authorityFrom(foreign).issue({names: ['web.test']});

	await t.notThrowsAsync(handshake(leaf, {ca: foreign.cert, servername: 'web.test'}));
	const verified = await openssl(t, ['verify', '-x509_strict', '-CAfile', 'ca.pem', 'leaf.pem'], {
		'ca.pem': foreign.cert,
		'leaf.pem': leaf.cert,
	});
	t.true(verified === undefined || verified === 'leaf.pem: OK\n');
});

const unusable = test.macro({
	exec(t, pair: {cert: string; key: string}, message: string) {
		t.throws(() => authorityFrom(pair), {
			code: 'AUTHORITY_UNUSABLE',
			message: `The authority cannot be used: ${message}`,
		});
	},
	title: (what = '') => `${what} makes no authority`,
});

const one = createAuthority();
const leafOfOne = one.issue({names: ['web.test']});
test(
	"another authority's key",
	unusable,
	{cert: one.pem, key: createAuthority().keyPem},
	'its key does not belong to its certificate',
);
test('a leaf', unusable, leafOfOne, "its certificate is not an authority's (CA:FALSE)");
test(
	'a key in place of the certificate',
	unusable,
	{cert: one.keyPem, key: one.pem},
	'cert is a private key, and key is a certificate: the two are swapped',
);
test(
	'a cut-off certificate',
	unusable,
	{cert: one.pem.slice(0, 300), key: one.keyPem},
	'cert is not readable PEM: The CERTIFICATE block at line 1 is cut off: it has no END line',
);

test('a key that can sign no certificate is refused by its type', t => {
	const {publicKey, privateKey} = generateKeyPairSync('ed25519');
	const dates = {notBefore: new Date(), notAfter: new Date(Date.now() + DAY_MS)};

	t.throws(
		() => buildCertificate({subject: {commonName: 'x'}, publicKey, extensions: [], ...dates}, {key: privateKey}),
		{
			code: 'AUTHORITY_UNUSABLE',
			message: 'The authority\'s key is of type "ed25519"; EC and RSA keys can sign here',
		},
	);
});

test('a key that looks like ASN.1 inside is carried unchanged', t => {
	// Forge reads what is in a BIT STRING when it can: a point of 65 bytes that starts with 04 3f is an OCTET STRING to it.
	const publicKey = keyThatStartsWith(0x3f);
	const dates = {notBefore: new Date(), notAfter: new Date(Date.now() + DAY_MS)};
	const {privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});

	const {pem: cert} = buildCertificate(
		{subject: {commonName: 'x'}, publicKey, extensions: [], ...dates},
		{key: privateKey},
	);

	t.true(new X509Certificate(cert).publicKey.equals(publicKey));
});

function keyThatStartsWith(byte: number): KeyObject {
	for (;;) {
		const {publicKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
		if (publicKey.export({type: 'spki', format: 'der'}).at(-64) === byte) return publicKey;
	}
}

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9_-]{0,20}[a-z0-9])?$/);
const host = fc
	.tuple(fc.boolean(), fc.array(label, {minLength: 2, maxLength: 4}), fc.stringMatching(/^[a-z]{2,10}$/))
	.map(([wildcard, labels, top]) => [...(wildcard ? ['*'] : []), ...labels, top].join('.'));
const address = fc.oneof(fc.ipV4(), fc.ipV6());

test('any valid names that are issued come back from the inspection the same', t => {
	const authority = createAuthority();
	fc.assert(
		fc.property(fc.array(fc.oneof(host, address), {minLength: 1, maxLength: 12}), names => {
			const leaf = authority.issue({names});

			const {facts, problems, warnings} = inspectCertificate(leaf);

			t.deepEqual(problems, []);
			t.deepEqual(warnings, []);
			t.deepEqual(facts?.names, leaf.names);
			t.deepEqual(
				new Set(facts?.names.filter(name => !name.includes(':'))),
				new Set(names.filter(name => !name.includes(':'))),
			);
		}),
		{numRuns: runs(60, 20)},
	);
});
