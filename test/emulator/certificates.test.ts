import {generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {createAuthority, type EmulatorError, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {sample, sampleChain} from '../helpers/pem-samples.ts';

const DAY_MS = 86_400_000;
const WEB = sample({name: 'web.test', dns: ['web.test']});
const OTHER = sample({name: 'other.test', dns: ['other.test']});

/** What is wrong with a description, as `path: message`. */
async function violationsOf(spec: Parameters<typeof startLoadBalancer>[0]): Promise<string[]> {
	try {
		const lb = await startLoadBalancer(spec);
		await lb.stop();
		return [];
	} catch (error) {
		// Whatever else it throws fails the comparison.
		return (error as EmulatorError).violations.map(({path, message}) => `${path.join('.')}: ${message}`);
	}
}

const encrypted = generateKeyPairSync('ec', {
	namedCurve: 'P-256',
	privateKeyEncoding: {type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret'},
	publicKeyEncoding: {type: 'spki', format: 'pem'},
}).privateKey;

const REFUSED = [
	['whose key belongs to another', {cert: WEB.cert, key: OTHER.key}, 'key', /does not (belong|match|fit)/],
	['whose key is encrypted', {cert: WEB.cert, key: encrypted}, 'key', /encrypted/],
	['whose key is garbage', {cert: WEB.cert, key: 'garbage'}, 'key', /not PEM text of a private key/],
	['that is garbage', {cert: 'garbage', key: WEB.key}, 'cert', /not PEM text of a certificate/],
	[
		'that is garbage between the right lines',
		{cert: '-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n', key: WEB.key},
		'cert',
		/./,
	],
] as const;

for (const [what, certificate, part, words] of REFUSED) {
	test(`a certificate ${what} is refused, and the message keeps the key to itself`, async t => {
		const [violation = '', ...others] = await violationsOf({
			listeners: [{listen: 'https:443 -> http:80', certificate}],
			backends: 1,
		});

		t.true(violation.startsWith(`listeners.0.certificate.${part}: `), violation);
		t.regex(violation, words);
		t.deepEqual(others, []);
		t.false(violation.includes(WEB.key.slice(40, 80)));
	});
}

for (const listen of ['http:80', 'tcp:443'] as const) {
	test(`a certificate at ${listen} is refused`, async t => {
		const violations = await violationsOf({listeners: [{listen, certificate: WEB}]} as never);

		t.true(
			violations.some(text => text.startsWith('listeners.0.certificate: a certificate goes with https and ssl only')),
		);
	});
}

test('everything that is wrong is told together', async t => {
	const violations = await violationsOf({
		listeners: [
			{listen: 'https:443 -> http:80', certificate: {cert: WEB.cert, key: OTHER.key}},
			{listen: 'tcp:25', certificate: {cert: WEB.cert, key: WEB.key}},
			{listen: 'ssl:70000 -> tcp:1' as 'ssl:7 -> tcp:1', certificate: {cert: 'garbage', key: WEB.key}},
			{listen: 'http:80 -> tcp:80' as 'http:80'},
		],
		name: '-bad-',
		idleTimeout: '5 parsecs' as '5s',
	});

	const paths = violations.map(text => text.slice(0, text.indexOf(':')));
	for (const path of [
		'listeners.0.certificate.key',
		'listeners.1.certificate',
		'listeners.2.listen',
		'listeners.2.certificate.cert',
		'listeners.3.listen',
		'name',
		'idleTimeout',
	]) {
		t.true(paths.includes(path), `${path} is missing in ${JSON.stringify(violations, null, 1)}`);
	}
	t.deepEqual(paths.length, new Set(violations).size, 'nothing is told twice');
});

const OFF_DATE = [
	[
		'expired',
		{notBefore: new Date(Date.now() - 90 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS)},
		/expired/,
		'CERT_HAS_EXPIRED',
	],
	[
		'not yet valid',
		{notBefore: new Date(Date.now() + DAY_MS), notAfter: new Date(Date.now() + 90 * DAY_MS)},
		/not (yet )?valid/,
		'CERT_NOT_YET_VALID',
	],
] as const;

for (const [what, dates, words, code] of OFF_DATE) {
	test(`a certificate that is ${what} is used, with a warning`, async t => {
		const {cert, key} = sample({name: 'web.test', dns: ['web.test'], ...dates});
		const emulator = await startEmulator();
		t.teardown(() => emulator.stop());

		const lb = await emulator.create({
			name: 'web',
			listeners: [{listen: 'ssl:443 -> tcp:80', certificate: {cert, key}}],
			backends: [{kind: 'tcp', mode: 'echo'}],
		});

		t.is(lb.warnings.length, 1);
		t.regex(lb.warnings[0] ?? '', words);
		t.true(lb.warnings[0]?.startsWith('web, listener 443: '));
		t.deepEqual(emulator.warnings, lb.warnings);
		t.deepEqual(lb.listeners[0]?.certificate?.warnings.length, 1);
		// A client that verifies refuses it, as it would elsewhere; one that does not is served.
		await t.throwsAsync(lb.connect(443), {code});
		const stream = await lb.connect(443, {tlsOptions: {rejectUnauthorized: false}});
		stream.destroy();
	});
}

test('a good certificate brings no warning, and says what it is', async t => {
	const {leaf, lower, upper} = sampleChain();
	await using lb = await startLoadBalancer({
		listeners: [
			{listen: 'ssl:443 -> tcp:80', certificate: {cert: leaf.cert, key: leaf.key, chain: lower.cert + upper.cert}},
		],
		backends: [{kind: 'tcp', mode: 'echo'}],
	});

	t.deepEqual(lb.warnings, []);
	t.deepEqual(lb.listeners[0]?.certificate?.names, ['web.test']);
	t.is(lb.listeners[0]?.certificate?.fingerprint256, leaf.x509.fingerprint256);
	(await lb.connect(443)).destroy();
});

test('a failed start leaves nothing: the names are free', async t => {
	await using emulator = await startEmulator();
	const broken = {
		name: 'web',
		listeners: [{listen: 'ssl:443 -> tcp:80', certificate: {cert: WEB.cert, key: OTHER.key}}],
	} as const;

	await t.throwsAsync(emulator.create(broken), {code: 'INVALID_DESCRIPTION'});

	t.is((await emulator.create({name: 'web', listeners: ['ssl:443 -> tcp:80']})).name, 'web');
});

test('what an authority issues can stand in a listener as it is', async t => {
	const issued = createAuthority().issue({names: ['issued.test']});
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'https:443 -> http:80', certificate: issued}],
		backends: 1,
	});

	t.is((await lb.fetch('https://issued.test/')).status, 200);
	t.is(lb.listeners[0]?.certificate?.fingerprint256, issued.fingerprint256);
});
