import {once} from 'node:events';
import {connect} from 'node:tls';
import test from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../../src/index.ts';
import {startFromFile} from '../../helpers/emulator-scene.ts';
import {eventually, within} from '../../helpers/patience.ts';
import {startRawBackend, startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';

/** What a client of a port gets that shakes hands and trusts nobody: its own code, or the names of the certificate. */
async function handshake(port: number): Promise<string> {
	const client = connect({port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'a.test'});
	const failed = once(client, 'error').then(([error]: unknown[]) => String(Object(error).code));
	const done = once(client, 'secureConnect').then(() => client.getPeerCertificate().subjectaltname ?? '');
	try {
		return await within('handshake, or its failure', Promise.race([failed, done]));
	} finally {
		client.destroy();
	}
}

for (const [how, seen] of [
	['alert', /^ERR_SSL_/],
	['wrong-certificate', /^(?!.*a\.test)/],
] as const) {
	test(`https: {"tls":"${how}"} at a listener is seen by the client, and by no back-end`, async t => {
		await using backend = await startStreamBackend();
		await using lb = await startLoadBalancer({
			listeners: [{listen: 'https:443 -> http:80', certificate: {names: ['a.test']}}],
			backends: [`127.0.0.1:${backend.port}`],
		});
		t.is(await handshake(lb.port(443)), 'DNS:a.test');
		{
			using armed = lb.inject({on: 'listener:443', do: {tls: how}});

			t.regex(await handshake(lb.port(443)), seen);

			t.is(armed.hits, 1);
		}
		t.is(await handshake(lb.port(443)), 'DNS:a.test');
		t.is(backend.accepted.length, 0);
	});
}

test('https: a stalled handshake ends by the clock', async t => {
	await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1, clock: 'manual'});
	using armed = lb.inject({on: 'listener:443', do: {tls: 'stall'}});
	const seen = handshake(lb.port(443));
	await eventually(() => armed.hits === 1);

	await eventually(async () => {
		await lb.clock.advance('10s');
		return lb.traffic.length === 1;
	});

	t.is(await seen, 'ECONNRESET');
	t.is(lb.traffic.last().fault, armed.text);
});

test('a wrong certificate of a back-end is a 502 where it is verified', async t => {
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'https:443 -> https:8443', verifyBackend: true}],
		backends: [{kind: 'echo', name: 'a', tls: true}],
	});
	t.is((await lb.fetch('/')).status, 200);
	{
		using armed = lb.inject({on: 'backend:a', do: {tls: 'wrong-certificate'}, times: 1});

		const {status} = await lb.fetch('/');

		t.is(status, 502);
		t.is(armed.hits, 1);
		t.is(lb.traffic.last().fault, armed.text);
	}
	t.is((await lb.fetch('/')).status, 200);
});

test('a PROXY line comes first, whatever is wrong with the connection behind it', async t => {
	const received: string[] = [];
	await using backend = await startStreamBackend({
		serve: ({stream}) => {
			stream.on('data', chunk => received.push(String(chunk)));
		},
	});
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'tcp:80', proxyProtocol: true}],
		backends: [`127.0.0.1:${backend.port}`],
	});
	using armed = lb.inject({on: `backend:127.0.0.1:${backend.port}`, do: {slice: 3, delay: 1}, direction: 'up'});
	const client = await open({port: lb.port(80)});
	client.write('hello');

	await eventually(() => received.join('').endsWith('hello'));

	t.regex(received.join(''), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ 80\r\nhello$/);
	t.true(received.every(each => each.length <= 3 * 20));
	t.is(armed.hits, 1);
	client.reset();
});

test('an upgrade is held back by a latency, and then goes through', async t => {
	const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n';
	await using backend = await startRawBackend({
		scripts: [
			async connection => {
				await connection.message();
				connection.write(`${answer}first`);
				await connection.until('ping');
				connection.write('pong');
			},
		],
	});
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [`127.0.0.1:${backend.port}`],
		clock: 'manual',
		upgrade: 'tunnel',
	});
	using armed = lb.inject({on: `backend:127.0.0.1:${backend.port}`, do: {latency: '2s'}, times: 1});
	const client = await open({port: lb.port(80), reading: 'all'});
	client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
	await eventually(() => armed.hits === 1);
	t.is(client.received, '');

	await eventually(async () => {
		await lb.clock.advance('1s');
		return client.received.endsWith('first');
	});
	t.true(client.received.startsWith('HTTP/1.1 101'));
	client.write('ping');

	await eventually(async () => {
		await lb.clock.advance('1s');
		return client.received.endsWith('pong');
	});
	t.is(lb.traffic.last().fault, armed.text);
	client.reset();
});

const statusOf = async (lb: LoadBalancer) => (await lb.fetch('/')).status;

test('a reload leaves a described fault as it is, with its count, unless it is described anew', async t => {
	const backends = {a: {kind: 'echo'}} as const;
	const web = {listeners: ['http:80'], backends: ['a']} as const;
	const fault = {on: 'backend:a', do: {status: 503}, times: 2} as const;
	const {emulator, write} = await startFromFile(t, {backends, loadBalancers: {web: {...web, faults: [fault]}}});
	const lb = emulator.get('web');
	t.is(await statusOf(lb), 503);

	await write({backends, loadBalancers: {web: {...web, idleTimeout: '9s', faults: [fault]}}});
	await emulator.reload();

	t.deepEqual([await statusOf(lb), await statusOf(lb)], [503, 200]);
	await write({backends, loadBalancers: {web: {...web, faults: [{...fault, do: {status: 500}, times: 1}]}}});
	await emulator.reload();
	t.deepEqual([await statusOf(lb), await statusOf(lb)], [500, 200]);
	await write({backends, loadBalancers: {web}});
	await emulator.reload();
	t.deepEqual(lb.faults, []);
});
