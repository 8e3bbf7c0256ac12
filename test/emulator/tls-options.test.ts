import {generateKeyPairSync} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {inspectCertificate} from '../../src/certificates/inspect.ts';
import {type Listener, type LoadBalancer, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {runCli} from '../cli/helpers/command-line.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {sample} from '../helpers/pem-samples.ts';
import {authority} from '../helpers/stream-pairs.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';
import {type Hello, hello} from '../helpers/tickets.ts';

const backends = [{kind: 'tcp', mode: 'echo'}] as const;
const root = sample({name: 'root', ca: true});
const RSA_ONLY = 'ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA';
const OLD = ['TLSv1', 'TLSv1.1'] as const;
const ALL = [...OLD, 'TLSv1.2', 'TLSv1.3'] as const;

const pairOf = ({cert, key}: {readonly cert: string; readonly key: string}) => ({cert, key});
const ofKeys = (keys: ReturnType<typeof generateKeyPairSync>) =>
	pairOf(sample({name: 'own.test', dns: ['own.test'], issuer: root, keys}));
const EC = pairOf(authority.issue({names: ['own.test']}));
const RSA = pairOf(authority.issue({names: ['own.test'], key: 'rsa'}));
const ED25519 = ofKeys(generateKeyPairSync('ed25519') as never);
const RSA_PSS = ofKeys(generateKeyPairSync('rsa-pss', {modulusLength: 2048}) as never);
const onCurve = (namedCurve: string) => ofKeys(generateKeyPairSync('ec', {namedCurve}) as never);

const start = (...listeners: Omit<Listener, 'listen'>[]) =>
	startLoadBalancer({
		authority,
		backends,
		listeners: listeners.map((more, index): Listener => ({listen: `ssl:${index + 1} -> tcp:9`, ...more})),
	});

/** Shakes hands, as a client that takes every cipher there is. */
const shake = (lb: LoadBalancer, version: Hello['version'], port = 1) =>
	hello({
		port: lb.port(port),
		version,
		ca: [authority.pem, root.cert],
		ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:ALL:@SECLEVEL=0',
	});

/** Settings of a listener that work together, and the versions it speaks. */
const TOGETHER: readonly [string, Omit<Listener, 'listen'>, readonly Hello['version'][]][] = [
	['minVersion TLSv1 alone', {tls: {minVersion: 'TLSv1'}}, ALL],
	['minVersion TLSv1 and an RSA certificate', {certificate: RSA, tls: {minVersion: 'TLSv1'}}, ALL],
	['minVersion TLSv1 and ciphers', {tls: {minVersion: 'TLSv1', ciphers: 'ECDHE+AES'}}, ALL],
	['minVersion TLSv1.1 and ciphers', {tls: {minVersion: 'TLSv1.1', ciphers: 'ECDHE+AES'}}, ALL.slice(1)],
	['minVersion TLSv1 and RSA ciphers', {tls: {minVersion: 'TLSv1', ciphers: RSA_ONLY}}, ALL],
	['RSA ciphers', {tls: {ciphers: RSA_ONLY}}, ['TLSv1.2', 'TLSv1.3']],
	['static RSA ciphers', {tls: {ciphers: 'AES128-SHA'}}, ['TLSv1.2', 'TLSv1.3']],
	['DHE ciphers', {tls: {ciphers: 'DHE-RSA-AES128-GCM-SHA256'}}, ['TLSv1.2', 'TLSv1.3']],
	['ciphers with commas', {tls: {ciphers: 'TLS_AES_128_GCM_SHA256, AES128-SHA'}}, ['TLSv1.2', 'TLSv1.3']],
	['suites of TLS 1.3 alone', {tls: {ciphers: 'TLS_AES_128_GCM_SHA256'}}, ['TLSv1.3']],
	['security level 3', {tls: {ciphers: 'ECDHE+AESGCM:@SECLEVEL=3'}}, ['TLSv1.2', 'TLSv1.3']],
	['an Ed25519 certificate', {certificate: ED25519}, ['TLSv1.2', 'TLSv1.3']],
	['an RSA-PSS certificate', {certificate: RSA_PSS}, ['TLSv1.2', 'TLSv1.3']],
	['a certificate on P-384', {certificate: onCurve('P-384'), tls: {minVersion: 'TLSv1'}}, ALL],
	['a certificate on P-521', {certificate: onCurve('P-521'), tls: {minVersion: 'TLSv1'}}, ALL],
];

for (const [name, settings, versions] of TOGETHER) {
	test(`${name}: a client of each version that was asked for shakes hands, and no other`, async t => {
		await using lb = await start(settings);

		for (const version of ALL) {
			const heard = await shake(lb, version).catch((error: Error) => error);
			t.is(!(heard instanceof Error), versions.includes(version), `${version}: ${heard}`);
		}
	});
}

/** Settings that leave one of them without effect. */
const APART: readonly [string, Omit<Listener, 'listen'>, RegExp][] = [
	[
		'an EC certificate and RSA ciphers',
		{certificate: EC, tls: {ciphers: RSA_ONLY}},
		/listeners\[0\]\.certificate: no cipher of this listener goes with its EC key in TLSv1\.2 \(use a certificate with an RSA key/,
	],
	[
		'an RSA certificate and EC ciphers',
		{certificate: RSA, tls: {ciphers: 'ECDHE+ECDSA'}},
		/goes with its RSA key in TLSv1\.2 \(use a certificate with an EC key/,
	],
	[
		'an Ed25519 certificate and TLS 1.0',
		{certificate: ED25519, tls: {minVersion: 'TLSv1'}},
		/goes with its ED25519 key in TLSv1, TLSv1\.1/,
	],
	[
		'an RSA-PSS certificate and TLS 1.1',
		{certificate: RSA_PSS, tls: {minVersion: 'TLSv1.1'}},
		/goes with its RSA-PSS key in TLSv1\.1/,
	],
	[
		'an RSA-PSS certificate and static RSA',
		{certificate: RSA_PSS, tls: {ciphers: 'AES128-SHA'}},
		/goes with its RSA-PSS key in TLSv1\.2/,
	],
	[
		'TLS 1.0 and ciphers of TLS 1.2',
		{tls: {minVersion: 'TLSv1', ciphers: 'ECDHE+AESGCM'}},
		/listeners\[0\]\.tls\.ciphers: no cipher in "ECDHE\+AESGCM" can be used in TLSv1,/,
	],
	[
		'TLS 1.3 and ciphers of TLS 1.2',
		{tls: {minVersion: 'TLSv1.3', ciphers: 'ECDHE+AESGCM'}},
		/can be used in TLSv1\.3,/,
	],
	[
		'TLS 1.0 and security level 1',
		{tls: {minVersion: 'TLSv1', ciphers: 'ECDHE+AES:@SECLEVEL=1'}},
		/security level 1 .* forbids TLS 1\.0/,
	],
	[
		'an issued RSA certificate and security level 3',
		{tls: {ciphers: 'ECDHE+aRSA:@SECLEVEL=3'}},
		/listeners\[0\]\.tls\.ciphers: OpenSSL .* ee key too small/,
	],
	[
		'an RSA certificate and security level 3',
		{certificate: RSA, tls: {ciphers: 'ECDHE+aRSA:@SECLEVEL=3'}},
		/listeners\[0\]\.certificate: OpenSSL .* ee key too small/,
	],
	[
		'a certificate on secp256k1',
		{certificate: onCurve('secp256k1')},
		/listeners\[0\]\.certificate\.cert: cert has an EC key on the curve secp256k1, which TLS clients do not offer; allowed are P-256, P-384 and P-521/,
	],
	['a certificate on P-224', {certificate: onCurve('secp224r1')}, /on the curve secp224r1/],
	['a certificate on a Brainpool curve', {certificate: onCurve('brainpoolP256r1')}, /on the curve brainpoolP256r1/],
];

for (const [name, settings, message] of APART) {
	test(`${name}: refused at once, with the reason, at the start and on an update`, async t => {
		await t.throwsAsync(start(settings), {code: 'INVALID_DESCRIPTION', message});

		await using lb = await start({});
		await t.throwsAsync(lb.update({listeners: [{listen: 'ssl:1 -> tcp:9', ...settings}]}), {
			code: 'INVALID_DESCRIPTION',
			message,
		});
		t.false((await shake(lb, 'TLSv1.3')).resumed, 'and the listener goes on as it was');
	});
}

test('a DSA certificate is refused', t => {
	const {publicKey, privateKey} = generateKeyPairSync('dsa', {modulusLength: 2048, divisorLength: 256});

	const {problems} = inspectCertificate(ofKeys({publicKey, privateKey} as never));

	t.is(
		problems[0]?.message,
		'cert has a key of type "dsa", which TLS clients do not offer; allowed are RSA, EC and Ed25519',
	);
});

test('listeners share what was issued, one certificate for each kind of key, and get another when they need it', async t => {
	await using lb = await start({}, {tls: {ciphers: RSA_ONLY}}, {}, {tls: {minVersion: 'TLSv1', ciphers: RSA_ONLY}});
	const prints = () => lb.listeners.map(({certificate}) => certificate?.fingerprint256);
	const [ec, rsa] = prints();

	t.deepEqual(prints(), [ec, rsa, ec, rsa]);
	t.not(ec, rsa);
	await lb.update({
		listeners: [
			{listen: 'ssl:1 -> tcp:9', tls: {ciphers: RSA_ONLY}},
			{listen: 'ssl:2 -> tcp:9', tls: {ciphers: RSA_ONLY}},
			'ssl:3 -> tcp:9',
		],
	});

	t.deepEqual(prints(), [rsa, rsa, ec]);
	t.is((await shake(lb, 'TLSv1.2', 1)).fingerprint, String(rsa));
});

test('setCertificate() refuses what the listener’s ciphers cannot serve, and takes what they can', async t => {
	await using lb = await start({tls: {ciphers: RSA_ONLY}});
	const before = lb.listeners[0]?.certificate?.fingerprint256;

	await t.throwsAsync(lb.setCertificate(1, EC), {
		code: 'INVALID_DESCRIPTION',
		message: /certificate: no cipher of this listener goes with its EC key in TLSv1\.2/,
	});
	t.is(lb.listeners[0]?.certificate?.fingerprint256, before);
	await lb.setCertificate(1, RSA);

	t.not((await shake(lb, 'TLSv1.2')).fingerprint, String(before));
});

test('the API refuses a certificate that the listener’s ciphers cannot serve, and one that no client can use', async t => {
	const {emulator, api} = await startWithApi(t);
	const lb = await emulator.create({
		name: 'web',
		listeners: [{listen: 'ssl:1 -> tcp:9', tls: {ciphers: RSA_ONLY}}],
		backends,
	});
	const before = lb.listeners[0]?.certificate?.fingerprint256;
	const k1 = onCurve('secp256k1');
	const {ServerCertificate} = await api.ok('CreateServerCertificate', {Name: 'ec', Body: EC.cert, PrivateKey: EC.key});

	const swap = await api.refusal('UpdateLoadBalancer', {
		LoadBalancerName: 'web',
		LoadBalancerPort: 1,
		ServerCertificateId: ServerCertificate.Orn,
	});
	const upload = await api.refusal('CreateServerCertificate', {Name: 'k1', Body: k1.cert, PrivateKey: k1.key});

	t.regex(swap, /^409 9002: [\s\S]*no cipher of this listener goes with its EC key in TLSv1\.2/);
	t.regex(upload, /^4\d\d .*Body has an EC key on the curve secp256k1/);
	t.is(lb.listeners[0]?.certificate?.fingerprint256, before);
});

const CONFIG = `certificates:
  web: {names: [web.test]}
loadBalancers:
  web:
    listeners: [{listen: "ssl:1 -> tcp:9", certificate: web, tls: {ciphers: ${RSA_ONLY}}}]
`;

test('check and up refuse a named certificate that a listener cannot serve, at its place', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'lb.yaml');
	await writeFile(file, CONFIG);
	const message =
		/lb\.yaml:5:\d+: loadBalancers\.web\.listeners\[0\]\.certificate: no cipher of this listener goes with its EC key in TLSv1\.2 \(use a certificate with an RSA key/;

	const {code, stderr} = await runCli(['check', 'lb.yaml'], {folder});
	await t.throwsAsync(startEmulator({config: file, authority}), {code: 'CONFIG_INVALID', message});

	t.is(code, 2);
	t.regex(stderr, message);
	await writeFile(file, CONFIG.replace('[web.test]', '[web.test], key: rsa'));
	const mended = await runCli(['check', 'lb.yaml'], {folder});
	t.is(mended.code, 0, mended.stderr);
});
