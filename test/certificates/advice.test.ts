import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {connect} from 'node:tls';
import test from 'ava';
import type {LoadBalancer, PemPair} from '../../src/index.ts';
import {advised, authority, said} from '../helpers/advised.ts';
import {sample, sampleChain} from '../helpers/pem-samples.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const DAY_MS = 86_400_000;
const at = (days: number) => new Date(Date.now() + days * DAY_MS);

/** What a handshake with a listener that shows this certificate leads to. */
async function shown(lb: LoadBalancer, servername = 'web.test'): Promise<string[]> {
	await shakeHands(lb, servername);
	return said(lb);
}

/** Under TLS 1.2 the server has the last word: it is done when the client is. */
async function shakeHands(lb: LoadBalancer, servername?: string): Promise<void> {
	const socket = connect({
		port: lb.port(443),
		host: '127.0.0.1',
		rejectUnauthorized: false,
		maxVersion: 'TLSv1.2',
		...(servername === undefined ? {} : {servername}),
	});
	await once(socket, 'secureConnect');
	socket.destroy();
}

const showing = (t: Parameters<typeof advised>[0], certificate: PemPair | {names: string[]}) =>
	advised(t, {listeners: [{listen: 'https:443 -> http:80', certificate}], backends: 1});

test('a certificate that has not the name a client asks for', async t => {
	const lb = await showing(t, {names: ['web.test', '*.web.test']});

	t.deepEqual(await shown(lb, 'web.test'), []);
	t.deepEqual(await shown(lb, 'www.web.test'), []);
	t.deepEqual(await shown(lb, 'shop.test'), ['certificate-name-mismatch :443 certain 1']);
	t.deepEqual(await shown(lb, 'a.b.web.test'), ['certificate-name-mismatch :443 certain 2']);

	const [advice] = lb.advice;
	t.is(
		advice?.message,
		'Listener 443: The certificate does not have the name "shop.test" that a client asked for; it has "web.test", "*.web.test"',
	);
	t.deepEqual(advice?.certificate?.names, ['web.test', '*.web.test']);
	t.is(advice?.certificate?.fingerprint256, lb.listeners[0]?.certificate?.fingerprint256);
});

test('a name that is asked for at an SSL listener, and none at all', async t => {
	const listen = {listen: 'ssl:443 -> tcp:80', certificate: {names: ['web.test']}} as const;
	const lb = await advised(t, {listeners: [listen], backends: 1});
	await shakeHands(lb);

	t.deepEqual(said(lb), []);
	t.deepEqual(await shown(lb, 'other.test'), ['certificate-name-mismatch :443 certain 1']);
});

const dates = test.macro({
	async exec(t, from: number, until: number, expected: readonly string[], message: RegExp) {
		const lb = await showing(t, authority.issue({names: ['web.test'], notBefore: at(from), notAfter: at(until)}));

		t.deepEqual(await shown(lb), expected);
		t.regex(lb.advice[0]?.message ?? '', message);
	},
	title: (name = '') => `a certificate ${name}`,
});

test(
	'near its end',
	dates,
	-1,
	29.5,
	['certificate-near-its-end :443 certain 1'],
	/^Listener 443: The certificate expires in 29 days/,
);
test(
	'that ended',
	dates,
	-9,
	-1.5,
	['certificate-expired :443 certain 1'],
	/^Listener 443: The certificate expired 1 day ago/,
);
test(
	'that is not valid yet',
	dates,
	2.5,
	90,
	['certificate-not-yet-valid :443 certain 1'],
	/^Listener 443: The certificate is not valid before/,
);
test('that has a month left', dates, -1, 31, [], /^$/);

test('the end of a certificate comes nearer by the clock of the emulator', async t => {
	const certificate = authority.issue({names: ['web.test'], notAfter: at(30.5)});
	const lb = await advised(t, {
		clock: 'manual',
		healthCheck: {interval: '600s'},
		listeners: [{listen: 'https:443 -> http:80', certificate}],
		backends: 1,
	});

	t.deepEqual(await shown(lb), []);
	await lb.clock.advance('24h');
	t.deepEqual(await shown(lb), ['certificate-near-its-end :443 certain 1']);
	t.deepEqual(lb.warnings, []);
});

test('where a warning is given, the advice has the same words', async t => {
	const lb = await showing(t, authority.issue({names: ['web.test'], notAfter: at(5.5)}));

	await shown(lb);

	const [warning = ''] = lb.warnings;
	t.true(warning.endsWith(lb.advice[0]?.message.replace('Listener 443: ', '') ?? 'none'), warning);
});

test('a chain that is out of order, and one in order', async t => {
	const {upper, lower, leaf} = sampleChain();
	const wrong = await showing(t, {cert: leaf.cert, key: leaf.key, chain: upper.cert + lower.cert});
	const right = await showing(t, {cert: leaf.cert, key: leaf.key, chain: lower.cert + upper.cert});
	const behind = await showing(t, {cert: lower.cert + leaf.cert, key: leaf.key, chain: upper.cert});

	t.deepEqual(await shown(wrong), ['certificate-chain-out-of-order :443 certain 1']);
	t.regex(wrong.advice[0]?.message ?? '', /^Listener 443: The chain was out of order and has been put in order: /);
	t.deepEqual(await shown(right), []);
	t.deepEqual(await shown(behind), ['certificate-chain-out-of-order :443 certain 1']);
});

/** A client that tells the server why it refuses a certificate, as OpenSSL's and most others do; Node's does not. */
async function strictClient(t: Parameters<typeof temporaryFolder>[0], lb: LoadBalancer, root: string): Promise<void> {
	const file = path.join(await temporaryFolder(t), 'root.pem');
	await writeFile(file, root);
	const where = ['-connect', `127.0.0.1:${lb.port(443)}`, '-servername', 'web.test'];
	const client = spawn('openssl', ['s_client', '-verify_return_error', '-CAfile', file, ...where], {stdio: 'ignore'});
	await once(client, 'exit');
}

test('a chain that is incomplete, as a client finds', async t => {
	const {root, upper, lower, leaf} = sampleChain();
	const wrong = await showing(t, {cert: leaf.cert, key: leaf.key});
	const right = await showing(t, {cert: leaf.cert, key: leaf.key, chain: lower.cert + upper.cert});

	t.deepEqual(await shown(wrong), []);
	await strictClient(t, wrong, root.cert);
	await strictClient(t, right, root.cert);

	t.deepEqual(said(wrong), ['certificate-chain-incomplete :443 possible 1']);
	t.deepEqual(said(right), []);
});

test('a certificate that nobody signed but itself has no chain', async t => {
	const own = sample({name: 'web.test', dns: ['web.test'], extensions: [{name: 'keyUsage', digitalSignature: true}]});
	const lb = await showing(t, {cert: own.cert, key: own.key});

	await strictClient(t, lb, sample({name: 'root', ca: true}).cert);

	t.is(lb.traffic.last().outcome, 'tls-handshake');
	t.deepEqual(said(lb), []);
});

test('a client that does not trust the emulator is no matter of the chain', async t => {
	const lb = await showing(t, {names: ['web.test']});

	await strictClient(t, lb, sample({name: 'root', ca: true}).cert);

	t.is(lb.traffic.last().outcome, 'tls-handshake');
	t.deepEqual(said(lb), []);
});
