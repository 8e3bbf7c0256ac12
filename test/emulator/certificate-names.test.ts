import {once} from 'node:events';
import {connect, type TLSSocket} from 'node:tls';
import test from 'ava';
import {createAuthority, type LoadBalancer, startEmulator, startLoadBalancer} from '../../src/index.ts';

/** The names in the certificate that this listener shows. */
async function shown(lb: LoadBalancer, port: number): Promise<string | undefined> {
	const client: TLSSocket = connect({host: '127.0.0.1', port: lb.port(port), rejectUnauthorized: false});
	await once(client, 'secureConnect');
	const {subjectaltname} = client.getPeerCertificate();
	client.destroy();
	return subjectaltname;
}

test('a listener may ask for a certificate of just these names, in the library and in a configuration', async t => {
	const listeners = [{listen: 'https:443 -> http:80', certificate: {names: ['a.test', '127.0.0.1']}}] as const;
	const lb = await startLoadBalancer({listeners, backends: 1});
	t.teardown(() => lb.stop());
	const emulator = await startEmulator({config: {loadBalancers: {web: {listeners}}}});
	t.teardown(() => emulator.stop());

	const response = await lb.fetch('https://a.test/');

	t.is(response.status, 200);
	t.is(lb.traffic.last().request.headers['host'], 'a.test');
	t.is(await shown(lb, 443), 'DNS:a.test, IP Address:127.0.0.1');
	t.is(await shown(emulator.get('web'), 443), 'DNS:a.test, IP Address:127.0.0.1');
});

test('listeners with the same names share a certificate, and others have their own', async t => {
	const [a, b] = [{names: ['a.test']}, {names: ['b.test']}];
	const lb = await startLoadBalancer({
		listeners: [
			{listen: 'https:443 -> http:80', certificate: a},
			{listen: 'ssl:1 -> tcp:80', certificate: a},
			{listen: 'ssl:2 -> tcp:80', certificate: b},
			'ssl:3 -> tcp:80',
		],
		backends: 1,
	});
	t.teardown(() => lb.stop());
	const [first, second, third, fourth] = prints(lb);

	t.is(first, second);
	t.is(new Set([first, third, fourth]).size, 3);
	t.is(await shown(lb, 2), 'DNS:b.test');
});

test('an update issues another one only when the names are others', async t => {
	const listen = 'https:443 -> http:80';
	const lb = await startLoadBalancer({listeners: [{listen, certificate: {names: ['a.test']}}], backends: 1});
	t.teardown(() => lb.stop());
	const before = prints(lb);

	await lb.update({listeners: [{listen, certificate: {names: ['a.test']}}, 'http:80']});
	t.deepEqual(prints(lb), [...before, undefined]);
	await lb.update({listeners: [{listen, certificate: {names: ['b.test']}}]});

	t.is(await shown(lb, 443), 'DNS:b.test');
	await lb.update({listeners: [listen]});
	t.regex((await shown(lb, 443)) ?? '', /^DNS:lb-\d+\.eu-west-2/);
});

test('the key of an issued certificate goes with the ciphers of its listener', async t => {
	const lb = await startLoadBalancer({
		listeners: [
			{
				listen: 'https:443 -> http:80',
				certificate: {names: ['a.test']},
				tls: {ciphers: 'ECDHE-RSA-AES128-GCM-SHA256'},
			},
		],
		backends: 1,
	});
	t.teardown(() => lb.stop());

	t.is((await lb.fetch('https://a.test/')).status, 200);
});

test('setCertificate() takes names, and tells what is wrong with them', async t => {
	const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1});
	t.teardown(() => lb.stop());

	await lb.setCertificate(443, {names: ['MÜNCHEN.test']});
	const wrong = await t.throwsAsync(lb.setCertificate(443, {names: ['a b', 'ok.test', 5 as never]}));
	const none = await t.throwsAsync(lb.setCertificate(443, {names: []}));

	t.is(await shown(lb, 443), 'DNS:xn--mnchen-3ya.test');
	t.regex(
		wrong?.message ?? '',
		/certificate\.names\[0\]: "a b" holds white space.*certificate\.names\[2\]: 5 is not text/s,
	);
	t.regex(none?.message ?? '', /certificate\.names: the list is empty; a certificate needs at least one name/);
});

test('what is wrong with the names is told with its place, and nothing is started', async t => {
	const start = (certificate: unknown, listen = 'https:443 -> http:80') =>
		t.throwsAsync(startLoadBalancer({listeners: [{listen, certificate}] as never}));

	t.regex((await start({names: []}))?.message ?? '', /listeners\[0\]\.certificate\.names: the list is empty/);
	t.regex((await start({names: ['*.test', 'a b']}))?.message ?? '', /certificate\.names\[1\]: "a b" holds white space/);
	t.regex(
		(await start({names: 'a.test'}))?.message ?? '',
		/names: "a\.test" is not a list of names \(a list of one is \["a\.test"\]\)/,
	);
	t.regex((await start({names: ['a.test'], kye: 1}))?.message ?? '', /unknown key "kye"/);
	t.regex((await start({names: ['a.test']}, 'tcp:443'))?.message ?? '', /a certificate goes with https and ssl only/);
	t.regex((await start({chain: 'x', names: ['a.test']}))?.message ?? '', /"cert" is missing/);
});

test('what an authority has issued can stand there as it is, names and all', async t => {
	const certificate = createAuthority().issue({names: ['own.test']});
	const lb = await startLoadBalancer({listeners: [{listen: 'https:443 -> http:80', certificate}], backends: 1});
	t.teardown(() => lb.stop());

	t.deepEqual(prints(lb), [certificate.fingerprint256]);
});

function prints(lb: LoadBalancer): (string | undefined)[] {
	return lb.listeners.map(({certificate}) => certificate?.fingerprint256);
}

test('one that is issued by an authority near its end is warned of', async t => {
	const authority = createAuthority({notAfter: new Date(Date.now() + 3.5 * 86_400_000)});
	await using emulator = await startEmulator({authority});

	await emulator.create({name: 'web', listeners: ['https:443']});

	t.is(emulator.warnings.length, 1);
	t.regex(emulator.warnings[0] ?? '', /^web, listener 443: The certificate expires in 3 days, on \d{4}-\d\d-\d\d$/);
});
