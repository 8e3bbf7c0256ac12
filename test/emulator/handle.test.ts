import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {
	type Exchange,
	type LoadBalancer,
	type LoadBalancerSpec,
	startEmulator,
	startLoadBalancer,
} from '../../src/index.ts';
import {eventually} from '../helpers/patience.ts';
import {open} from '../helpers/raw-connection.ts';
import {authority} from '../helpers/stream-pairs.ts';

async function start(
	t: ExecutionContext,
	spec: Partial<LoadBalancerSpec> = {},
	more: object = {},
): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({
		listeners: ['https:443 -> http:80', 'tcp:25 -> tcp:80'],
		backends: 3,
		authority,
		...spec,
		...more,
	});
	t.teardown(() => lb.stop());
	return lb;
}

test('port() finds the bound port by the logical one, and refuses others with the ones there are', async t => {
	const lb = await start(t);

	t.true(lb.port(443) > 1023);
	t.not(lb.port(443), lb.port(25));
	const error = t.throws(() => lb.port(80), {code: 'NO_SUCH_LISTENER'});
	t.is(error?.message, 'No listener has port 80; there are 443, 25');
	await t.throwsAsync(lb.connect(80), {code: 'NO_SUCH_LISTENER'});
});

test('url() has the bound port, and any client on the machine can use it', async t => {
	const lb = await start(t);

	t.is(lb.url(), `https://127.0.0.1:${lb.port(443)}/`);
	t.is(lb.url('/a?b=c'), `https://127.0.0.1:${lb.port(443)}/a?b=c`);
	t.is(lb.url('a'), `https://127.0.0.1:${lb.port(443)}/a`);
});

test('fetch() goes to the first listener by its DNS name, and verifies the certificate', async t => {
	const lb = await start(t);

	const response = await lb.fetch('/path?query');

	t.is(response.status, 200);
	const {request, client} = lb.traffic.last();
	t.is(request.target, '/path?query');
	t.is(request.headers['host'], lb.dnsName);
	t.is(client.tls?.sni, lb.dnsName);
	t.is(lb.dnsName, 'lb-954435761.eu-west-2.lbu.outscale.com');
});

test('fetch() of a full URL chooses the listener by its port', async t => {
	const lb = await start(t, {listeners: ['https:443 -> http:80', 'http:8080 -> http:80']});

	t.is((await lb.fetch('http://some.name.test:8080/x', {method: 'PUT', body: 'abc'})).status, 200);

	t.is(lb.traffic.last().listener, 8080);
	t.is(lb.traffic.last().request.headers['host'], 'some.name.test:8080');
	t.is(lb.traffic.last().request.text, 'abc');
	const error = await t.throwsAsync(lb.fetch('http://some.name.test/'));
	t.regex(String(error?.cause), /No listener has port 80/);
});

test('connect() resolves with a stream that is ready, TLS where the listener speaks it', async t => {
	const lb = await start(t, {
		listeners: ['ssl:443 -> tcp:80', 'tcp:25 -> tcp:80'],
		backends: [{kind: 'tcp', mode: 'echo'}],
	});

	for (const port of [443, 25]) {
		const stream = await lb.connect(port);
		stream.end('ping');
		t.is(String((await once(stream, 'data'))[0]), 'ping');
	}

	await t.throwsAsync(lb.connect(443, {servername: 'not.in.the.certificate.test'}), {
		code: 'ERR_TLS_CERT_ALTNAME_INVALID',
	});
	const raw = await lb.connect(443, {tls: false});
	raw.destroy();
});

test('after stop() fetch and connect say that it was stopped', async t => {
	const lb = await start(t);
	await lb.stop();

	await t.throwsAsync(lb.fetch('/'), {code: 'STOPPED'});
	await t.throwsAsync(lb.connect(25), {code: 'STOPPED'});
});

test('backend() finds a back-end by its name, and suggests one for a typo', async t => {
	const lb = await start(t);

	await (await lb.fetch('/')).text();

	t.is(lb.backend('a').received.length, 1);
	t.is(lb.backend('b').received.length, 0);
	t.regex(lb.backend('a').url, /^http:\/\/127\.0\.0\.1:\d+$/);
	const error = t.throws(() => lb.backend('d'), {code: 'NO_SUCH_BACKEND'});
	t.is(error?.message, 'No back-end is named "d"; there is "a", "b" or "c"');
});

test('a back-end that is stopped refuses for real, and comes back on the same port', async t => {
	const lb = await start(t, {
		listeners: ['tcp:25'],
		backends: ['x', 'y'].map(name => ({kind: 'tcp', mode: 'banner', name, data: name}) as const),
	});
	const {url} = lb.backend('x');
	const hear = async () => String((await once(await lb.connect(25), 'data'))[0]);

	await lb.backend('x').stop();
	t.is((await hear()) + (await hear()), 'yy');
	await lb.backend('x').start();
	t.is([await hear(), await hear()].sort().join(''), 'xy');

	t.is(lb.backend('x').url, url);
});

test('a server of the user cannot be stopped or started', async t => {
	const lb = await start(t, {backends: ['127.0.0.1:9']});
	const [{name = ''} = {}] = lb.backends;

	await t.throwsAsync(lb.backend(name).stop(), {code: 'NOT_OURS'});
	await t.throwsAsync(lb.backend(name).start(), {code: 'NOT_OURS'});
});

test('traffic.next() waits for what ends after the call and passes the filter', async t => {
	const lb = await start(t);
	await (await lb.fetch('/before')).text();

	const next = lb.traffic.next(({request}) => request.target === '/wanted');
	await (await lb.fetch('/other')).text();
	await (await lb.fetch('/wanted')).text();

	t.is((await next).id, 3);
});

test('traffic.next() gives up after its timeout, and refuses what is none', async t => {
	const lb = await start(t);

	const error = await t.throwsAsync(lb.traffic.next(undefined, '20ms'), {code: 'TRAFFIC_TIMEOUT'});
	t.is(error?.message, 'No matching exchange ended within 20 ms');
	await t.throwsAsync(async () => lb.traffic.next(undefined, 'soon' as '1s'), {code: 'INVALID_DURATION'});
});

test('traffic.next() rejects when the load balancer is stopped first, and with what its filter throws', async t => {
	const lb = await start(t);
	const never = lb.traffic.next(() => false);
	const broken = lb.traffic.next(() => {
		throw new TypeError('my own mistake');
	});
	await (await lb.fetch('/')).text();

	await t.throwsAsync(broken, {instanceOf: TypeError, message: 'my own mistake'});
	await lb.stop();
	await t.throwsAsync(never, {code: 'TRAFFIC_TIMEOUT', message: /was stopped/});
});

test('clear() forgets all, and what is still open comes back when it ends', async t => {
	const lb = await start(t, {listeners: ['tcp:25'], backends: [{kind: 'tcp', mode: 'echo'}]});
	(await lb.connect(25)).destroy();
	const client = await open({port: lb.port(25)});
	client.stream.write('ping');
	await client.read(4);
	await eventually(() => [...lb.traffic].filter(({outcome}) => outcome === 'open').length === 1);

	lb.traffic.clear();
	t.is(lb.traffic.length, 0);
	t.deepEqual(lb.traffic.order(), []);
	t.deepEqual(lb.traffic.counts(), {});
	t.throws(() => lb.traffic.last(), {code: 'NO_TRAFFIC'});
	const ended = lb.traffic.next();
	client.stream.end();
	client.stream.resume();
	await ended;

	t.deepEqual(lb.traffic.counts(), {a: 1});
	t.is(lb.traffic.last().bytes.up, 4);
});

test('counts() go on beyond what the record keeps', async t => {
	const lb = await start(t, {}, {record: {exchanges: 10}});

	for (let i = 0; i < 25; i++) await (await lb.fetch(`/${i}`)).text();

	t.is(lb.traffic.length, 10);
	t.is(lb.traffic.forgotten, 15);
	t.deepEqual(lb.traffic.counts(), {a: 9, b: 8, c: 8});
	t.deepEqual(
		[...lb.traffic].map(({request}) => request.target),
		Array.from({length: 10}, (_, index) => `/${index + 15}`),
	);
	t.is(lb.traffic.to('a').length, 4);
	t.is(lb.traffic.last().id, 25);
});

test('an emulator tells of the exchanges of all its load balancers', async t => {
	await using emulator = await startEmulator({authority});
	const heard: Exchange[] = [];
	emulator.events.on('exchange', exchange => heard.push(exchange));
	const web = await emulator.create({name: 'web', listeners: ['http:80'], backends: 1});
	const mail = await emulator.create({name: 'mail', listeners: ['http:80'], backends: 1});

	await (await web.fetch('/1')).text();
	await (await mail.fetch('/2')).text();
	await eventually(() => heard.length === 2);

	t.deepEqual(
		heard.map(({loadBalancer, request}) => `${loadBalancer} ${request.target}`),
		['web /1', 'mail /2'],
	);
});

test('the same seed gives the same DNS names, another seed others', async t => {
	const names = [];
	for (const seed of [7, 7, 8]) {
		await using lb = await startLoadBalancer({listeners: ['tcp:25'], seed});
		names.push(lb.dnsName);
	}

	t.is(names[0], names[1]);
	t.not(names[0], names[2]);
});
