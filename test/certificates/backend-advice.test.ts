import {once} from 'node:events';
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {connect, type TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import type {BackendSpec, LoadBalancer} from '../../src/index.ts';
import {advised, authority, said} from '../helpers/advised.ts';
import {ownTlsServer} from '../helpers/own-servers.ts';
import {type Sample, sample, sampleChain} from '../helpers/pem-samples.ts';
import {runProgram, testWith} from '../helpers/programs.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const DAY_MS = 86_400_000;
const at = (days: number) => new Date(Date.now() + days * DAY_MS);

type Version = 'TLSv1.2' | 'TLSv1.3';
const VERSIONS: readonly Version[] = ['TLSv1.2', 'TLSv1.3'];

/** A handshake with a back-end, through a TCP listener, by a client that takes any certificate. */
async function shakeHands(lb: LoadBalancer, {version = 'TLSv1.2', servername}: Asking = {}): Promise<void> {
	const only = {minVersion: version, maxVersion: version};
	const named = servername === undefined ? {} : {servername};
	const socket = connect({port: lb.port(443), host: '127.0.0.1', rejectUnauthorized: false, ...only, ...named});
	await once(socket, 'secureConnect');
	socket.destroy();
}

interface Asking {
	readonly version?: Version;
	readonly servername?: string;
}

const passing = (t: ExecutionContext, ...backends: readonly BackendSpec[]) =>
	advised(t, {listeners: ['tcp:443'], backends: [...backends]});

const fake = (tls: Exclude<Extract<BackendSpec, {kind: 'echo'}>['tls'], undefined>) =>
	({kind: 'echo', name: 'app', tls}) as const;

/** A server of the user's own, which shows these certificates. */
async function ownServer(t: ExecutionContext, {key}: Pick<Sample, 'key'>, ...certs: readonly string[]) {
	const end = (socket: TLSSocket) => void socket.on('error', () => {}).resume();
	const {address} = await ownTlsServer(t, {cert: certs.join(''), key}, end);
	return {kind: 'address', name: 'app', host: '127.0.0.1', port: Number(address.split(':')[1])} as const;
}

for (const version of VERSIONS) {
	for (const [defect, code, message] of [
		[
			'expired',
			'certificate-expired',
			/^Back-end app through listener 443: The certificate expired 1 day ago, on \d{4}-/,
		],
		[
			'not-yet-valid',
			'certificate-not-yet-valid',
			/^Back-end app through listener 443: The certificate is not valid before \d{4}-/,
		],
		[
			'wrong-host',
			'certificate-name-mismatch',
			/^Back-end app through listener 443: The certificate does not have the name "app\.test" that a client asked for; it has "wrong-host\.invalid"$/,
		],
		[
			'incomplete-chain',
			'certificate-chain-incomplete',
			/^Back-end app through listener 443: The certificate is sent without the one that signed it, which is no root/,
		],
	] as const) {
		test(`a fake back-end whose certificate is ${defect}, over ${version}`, async t => {
			const names = ['app.test'];
			const bad = await passing(t, fake({names, defect}));
			const good = await passing(t, fake({names}));

			for (const lb of [bad, good]) {
				await shakeHands(lb, {version, servername: 'app.test'});
				await shakeHands(lb, {version, servername: 'app.test'});
			}

			t.deepEqual(said(good), []);
			t.deepEqual(said(bad), [`${code} app:443 certain 2`]);
			const [advice] = bad.advice;
			t.regex(advice?.message ?? '', message);
			t.regex(advice?.fix ?? '', /^(?:Renew it at|Look at the clock|Add the name to .* of the|Have) .*\.$/);
			t.is(advice?.seen, [...bad.traffic][0]);
			t.is(advice?.certificate?.fingerprint256, bad.backend('app').certificate?.fingerprint);
		});
	}
}

test('a fake back-end whose certificate has another defect, and one that detects TLS, are no matter of these codes', async t => {
	for (const tls of [
		'detect',
		true,
		{names: ['app.test'], defect: 'self-signed'},
		{names: ['app.test'], defect: 'untrusted-ca'},
	] as const) {
		const lb = await passing(t, fake(tls));

		await shakeHands(lb, {servername: typeof tls === 'object' ? 'app.test' : lb.dnsName});
		await shakeHands(lb);

		t.deepEqual(said(lb), [], JSON.stringify(tls));
	}
});

test('a name that a client asks for, and none at all', async t => {
	const lb = await passing(t, fake({names: ['app.test', '*.app.test']}));

	for (const servername of ['app.test', 'www.app.test', undefined]) {
		await shakeHands(lb, {version: 'TLSv1.3', ...(servername === undefined ? {} : {servername})});
	}
	t.deepEqual(said(lb), []);
	await shakeHands(lb, {version: 'TLSv1.3', servername: 'a.b.app.test'});
	t.deepEqual(said(lb), ['certificate-name-mismatch app:443 certain 1']);
});

test("the end of a back-end's certificate comes nearer by the clock of the emulator", async t => {
	const issued = authority.issue({names: ['app.test'], notAfter: at(30.5)});
	const lb = await advised(t, {
		clock: 'manual',
		healthCheck: {interval: '600s'},
		listeners: ['tcp:443'],
		backends: [await ownServer(t, issued, issued.cert)],
	});
	await shakeHands(lb);
	t.deepEqual(said(lb), []);

	await lb.clock.advance('24h');
	await shakeHands(lb);

	t.deepEqual(said(lb), ['certificate-near-its-end app:443 certain 1']);
	t.regex(lb.advice[0]?.message ?? '', /^Back-end app through listener 443: The certificate expires in 29 days/);
	t.is(
		lb.advice[0]?.fix,
		'Renew it at the back-end: a TCP listener passes it on as it is, and clients refuse it once it has ended.',
	);
});

const {root, upper, lower, leaf} = sampleChain();

test('a server of your own shows its certificate over TLS 1.2, and hides it over TLS 1.3', async t => {
	const old = sample({name: 'web.test', dns: ['web.test'], issuer: lower, notAfter: at(-1.5)});
	const lb = await passing(t, await ownServer(t, old, old.cert, lower.cert, upper.cert));

	await shakeHands(lb, {version: 'TLSv1.3', servername: 'other.test'});
	t.deepEqual(said(lb), []);
	await shakeHands(lb, {servername: 'other.test'});

	t.deepEqual(said(lb), ['certificate-expired app:443 certain 1', 'certificate-name-mismatch app:443 certain 1']);
	t.is(lb.advice[0]?.certificate?.fingerprint256, old.x509.fingerprint256);
});

test('a certificate of its chain that has ended', async t => {
	const ended = sample({name: 'lower', ca: true, issuer: root, notAfter: at(-3.5)});
	const below = sample({name: 'web.test', dns: ['web.test'], issuer: ended});
	const lb = await passing(t, await ownServer(t, below, below.cert, ended.cert));

	await shakeHands(lb, {servername: 'web.test'});

	t.deepEqual(said(lb), ['certificate-expired app:443 certain 1']);
	t.regex(lb.advice[0]?.message ?? '', /The chain's certificate "lower" expired 3 days ago/);
});

test('a chain that is sent out of order, and those in order, with and without their root', async t => {
	const wrong = await passing(t, await ownServer(t, leaf, leaf.cert, upper.cert, lower.cert));
	const right = await passing(t, await ownServer(t, leaf, leaf.cert, lower.cert, upper.cert));
	const whole = await passing(t, await ownServer(t, leaf, leaf.cert, lower.cert, upper.cert, root.cert));

	for (const lb of [wrong, right, whole]) await shakeHands(lb, {servername: 'web.test'});

	t.deepEqual(said(wrong), ['certificate-chain-out-of-order app:443 certain 1']);
	t.is(
		wrong.advice[0]?.message,
		'Back-end app through listener 443: Its chain is sent out of order; the right one is "web.test", "lower", "upper"',
	);
	t.deepEqual(said(right), []);
	t.deepEqual(said(whole), []);
});

testWith('openssl')('a certificate alone that says where its issuer is found, and one that does not', async t => {
	const folder = await temporaryFolder(t);
	const file = (name: string) => path.join(folder, name);
	await writeFile(file('ca.pem'), upper.cert);
	await writeFile(file('ca.key'), upper.key);
	const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '90'];
	const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-subj', '/CN=web.test'];
	const out = ['-keyout', file('key'), '-out', file('cert')];
	const extensions = ['subjectAltName=DNS:web.test', 'authorityInfoAccess=caIssuers;URI:http://ca.test/upper.crt'];
	const made = await runProgram(t, 'openssl', [
		...args,
		...signer,
		...out,
		...extensions.flatMap(each => ['-addext', each]),
	]);
	t.is(made?.code, 0, made?.stderr);
	const [cert, key] = await Promise.all([readFile(file('cert'), 'utf8'), readFile(file('key'), 'utf8')]);
	const alone = await passing(t, await ownServer(t, {key}, cert));
	const complete = await passing(t, await ownServer(t, {key}, cert, upper.cert));
	const silent = await passing(t, await ownServer(t, leaf, leaf.cert));

	for (const lb of [alone, complete, silent]) await shakeHands(lb, {servername: 'web.test'});

	t.deepEqual(said(alone), ['certificate-chain-incomplete app:443 likely 1']);
	t.deepEqual(said(complete), []);
	t.deepEqual(said(silent), []);
});

test('plain bytes, a refused handshake and an injected fault say nothing of a certificate', async t => {
	const lb = await passing(t, fake({names: ['app.test'], defect: 'expired'}));
	const plain = await lb.connect(443);
	plain.end('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
	plain.resume();
	await once(plain, 'close');
	const refused = connect({port: lb.port(443), host: '127.0.0.1', maxVersion: 'TLSv1.2', ciphers: 'PSK'});
	await once(refused, 'error');
	{
		using _ = lb.inject({on: 'backend:app', do: {latency: '1ms'}});
		await shakeHands(lb, {version: 'TLSv1.3'});
	}
	t.deepEqual(
		said(lb).filter(each => each.startsWith('certificate')),
		[],
	);

	await shakeHands(lb, {version: 'TLSv1.3'});
	t.deepEqual(
		said(lb).filter(each => each.startsWith('certificate')),
		['certificate-expired app:443 certain 1'],
	);
});

test('each back-end has its own', async t => {
	const lb = await advised(t, {
		listeners: ['tcp:443', 'tcp:8443'],
		backends: [
			{kind: 'echo', name: 'one', tls: {names: ['x.test'], defect: 'expired'}},
			{kind: 'echo', name: 'two', tls: {names: ['x.test'], defect: 'expired'}},
		],
	});

	for (let n = 0; n < 4; n++) await shakeHands(lb, {version: 'TLSv1.3'});

	t.deepEqual(said(lb), ['certificate-expired one:443 certain 2', 'certificate-expired two:443 certain 2']);
});
