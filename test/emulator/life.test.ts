import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {createServer, type Server, type Socket} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type LoadBalancer, type LoadBalancerSpec, startLoadBalancer} from '../../src/index.ts';
import {listening} from '../helpers/own-servers.ts';
import {heldPort} from '../helpers/ports.ts';
import {openClient} from '../helpers/raw-scene.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const HTTP: LoadBalancerSpec = {listeners: ['http:80'], backends: 3};

/** Which back-end answers each of so many requests. */
async function answers(lb: LoadBalancer, count: number, init: RequestInit = {}, target = '/'): Promise<string[]> {
	const names: string[] = [];
	for (let i = 0; i < count; i++) names.push(await answerer(await lb.fetch(target, init)));
	return names;
}

async function answerer(response: Response): Promise<string> {
	const body = (await response.text()) || '{}';
	return response.status === 200 ? JSON.parse(body).backend : String(response.status);
}

test('a back-end that is taken out by hand gets nothing, and comes back to its place', async t => {
	await using lb = await startLoadBalancer(HTTP);

	lb.setHealth('b', 'OutOfService');

	t.deepEqual(lb.health, {a: 'InService', b: 'OutOfService', c: 'InService'});
	t.deepEqual(await answers(lb, 4), ['a', 'c', 'a', 'c']);
	t.is(lb.backends[1]?.reason, 'Taken out of service by hand.');

	lb.setHealth('b', 'auto');

	t.deepEqual(await answers(lb, 3), ['a', 'b', 'c']);
});

test('a state that is none, and a back-end that is none, are refused', async t => {
	await using lb = await startLoadBalancer(HTTP);

	t.throws(() => lb.setHealth('d', 'InService'), {code: 'NO_SUCH_BACKEND'});
	// @ts-expect-error: a typo does not compile.
	t.throws(() => lb.setHealth('a', 'OutOfServise'), {code: 'INVALID_DESCRIPTION'});
	await t.throwsAsync(lb.drain('d'), {code: 'NO_SUCH_BACKEND'});
});

test('settle() finds out who is dead, and who is back', async t => {
	await using lb = await startLoadBalancer(HTTP);
	await lb.backend('b').stop();

	await lb.settle();

	t.deepEqual(lb.health, {a: 'InService', b: 'OutOfService', c: 'InService'});
	t.is(lb.backends[1]?.health.transitions.length, 1);
	t.regex(lb.backends[1]?.health.lastProbe?.result ?? '', /refused/);
	t.deepEqual(await answers(lb, 2), ['a', 'c']);

	await lb.backend('b').start();
	await lb.settle();

	t.is(lb.health['b'], 'InService');
});

test('time that is moved by hand brings the health checks that are due, and no others', async t => {
	await using lb = await startLoadBalancer({
		...HTTP,
		clock: 'manual',
		healthCheck: {target: 'HTTP:80/', interval: '30s', timeout: '5s', healthy: 2, unhealthy: 2},
	});
	await lb.backend('a').stop();

	await lb.clock.advance('59s');
	t.is(lb.health['a'], 'InService');
	await lb.clock.advance('1s');
	t.is(lb.health['a'], 'OutOfService');

	await lb.backend('a').start();
	await lb.clock.advance('30s');
	t.is(lb.health['a'], 'OutOfService');
	await lb.clock.advance('30s');
	t.is(lb.health['a'], 'InService');
	t.is(lb.backends[0]?.health.probes, 4);
});

test('the real time is moved by nobody', async t => {
	await using lb = await startLoadBalancer(HTTP);

	await t.throwsAsync(lb.clock.advance('1s'), {code: 'CLOCK_NOT_MANUAL'});
});

test('with faithfulHealth a back-end starts out of service and needs every pass of the threshold', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: 1,
		clock: 'manual',
		faithfulHealth: true,
		healthCheck: {healthy: 3, interval: '10s'},
	});
	t.is(lb.health['a'], 'OutOfService');
	t.is(await answerer(await lb.fetch('/')), '503');

	await lb.clock.advance('20s');
	t.is(lb.health['a'], 'InService');
	t.deepEqual(await answers(lb, 1), ['a']);
});

test('the idle timeout passes by the clock', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:80'],
		backends: [{kind: 'tcp', mode: 'sink'}],
		clock: 'manual',
		idleTimeout: '60s',
	});
	const socket = await lb.connect(80);
	socket.on('error', () => {});
	socket.write('x');
	const ended = lb.traffic.next();
	await lb.clock.advance('50s');
	t.is(lb.traffic.last().outcome, 'open');

	await lb.clock.advance('11s');

	t.is((await ended).outcome, 'idle-timeout');
});

test('a request goes by the first rule that matches it, and by round robin of its own', async t => {
	await using lb = await startLoadBalancer({
		...HTTP,
		rules: [
			{priority: 10, path: '/api/*', to: ['b', 'c']},
			{priority: 20, path: '/api/admin*', to: ['a']},
			{priority: 5, host: 'shop.*', to: ['c']},
		],
	});

	t.deepEqual(await answers(lb, 3, {}, '/api/x?y'), ['b', 'c', 'b']);
	t.deepEqual(await answers(lb, 2, {}, '/api/admin/x'), ['a', 'a']);
	t.deepEqual(await answers(lb, 2, {}, '/'), ['a', 'b']);
	const shop = await lb.fetch('http://SHOP.example:80/');
	t.is(await answerer(shop), 'c');

	lb.setHealth('a', 'OutOfService');
	t.deepEqual(await answers(lb, 1, {}, '/api/admin'), ['503']);
});

test('a client with a duration cookie stays where it is, until that is out of service', async t => {
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'http:80', stickiness: {seconds: 300}}],
		backends: 3,
		clock: 'manual',
	});
	const first = await lb.fetch('/');
	const setCookie = first.headers.get('set-cookie') ?? '';
	t.regex(setCookie, /^AWSELB=[0-9A-F]{138};PATH=\/;MAX-AGE=300$/);
	const cookie = setCookie.slice(0, setCookie.indexOf(';'));
	t.is(await answerer(first), 'a');

	const again = await lb.fetch('/', {headers: {cookie}});
	t.is(again.headers.get('set-cookie'), null);
	t.is(await answerer(again), 'a');
	t.deepEqual(await answers(lb, 3, {headers: {cookie}}), ['a', 'a', 'a']);

	lb.setHealth('a', 'OutOfService');
	const moved = await lb.fetch('/', {headers: {cookie}});
	t.regex(moved.headers.get('set-cookie') ?? '', /^AWSELB=/);
	t.is(await answerer(moved), 'b');

	lb.setHealth('a', 'auto');
	await lb.clock.advance('301s');
	t.regex((await lb.fetch('/', {headers: {cookie}})).headers.get('set-cookie') ?? '', /^AWSELB=/);
});

test('an application cookie binds as long as the application sets it, and Secure is added on https', async t => {
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'https:443 -> http:80', stickiness: {cookie: 'SESSION'}}],
		backends: ['a', 'b'].map(name => ({
			name,
			kind: 'reply' as const,
			headers: {'set-cookie': `SESSION=of-${name}; Path=/app`, 'x-backend': name},
		})),
		securedCookies: true,
	});

	const first = await lb.fetch('/');

	const cookies = first.headers.getSetCookie();
	t.is(cookies.length, 2);
	t.is(cookies[0], 'SESSION=of-a; Path=/app; Secure');
	t.regex(cookies[1] ?? '', /^AWSELB=[0-9A-F]{138}; Path=\/app; Secure$/);
	const cookie = cookies.map(each => each.slice(0, each.indexOf(';'))).join('; ');
	for (let i = 0; i < 3; i++) {
		t.is((await lb.fetch('/', {headers: {cookie}})).headers.get('x-backend'), 'a');
	}
});

/** A server that answers when told to. */
async function slowServer(
	t: ExecutionContext,
): Promise<{readonly port: number; readonly requests: Socket[]; readonly server: Server}> {
	const requests: Socket[] = [];
	const server = createServer(socket => {
		socket.on('error', () => {});
		socket.once('data', () => {
			requests.push(socket);
			server.emit('request');
		});
	});
	return {port: await listening(t, server), requests, server};
}

test('a back-end that drains finishes what it has, gets nothing new, and is then gone', async t => {
	const slow = await slowServer(t);
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [
			{name: 'slow', kind: 'address', host: '127.0.0.1', port: slow.port},
			{name: 'other', kind: 'echo'},
		],
		draining: '30s',
	});
	const waiting = lb.fetch('/');
	await once(slow.server, 'request');

	const drained = lb.drain('slow');
	t.deepEqual(await answers(lb, 2), ['other', 'other']);
	slow.requests[0]?.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

	t.is(await (await waiting).text(), 'ok');
	await drained;
	t.deepEqual(Object.keys(lb.health), ['other']);
});

test('what has not ended within the draining time is cut: a request that waits is answered 502', async t => {
	const slow = await slowServer(t);
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [{name: 'slow', kind: 'address', host: '127.0.0.1', port: slow.port}],
		draining: '30s',
		clock: 'manual',
	});
	const waiting = lb.fetch('/');
	await once(slow.server, 'request');
	const drained = lb.drain('slow');

	await lb.clock.advance('29s');
	t.is(lb.traffic.last().outcome, 'open');
	await lb.clock.advance('1s');

	t.is((await waiting).status, 502);
	await drained;
	t.is(lb.traffic.last().outcome, 'drained');
});

test('without draining what is in flight is cut at once', async t => {
	const slow = await slowServer(t);
	await using lb = await startLoadBalancer({
		listeners: ['http:80', 'tcp:81'],
		backends: [{name: 'slow', kind: 'address', host: '127.0.0.1', port: slow.port}],
	});
	const waiting = lb.fetch('/');
	await once(slow.server, 'request');
	const tunnel = await lb.connect(81);
	const cut = once(tunnel, 'error');
	tunnel.write('x');
	await once(slow.server, 'request');

	await lb.drain('slow');

	t.is((await waiting).status, 502);
	const [error] = await cut;
	t.is(error.code, 'ECONNRESET');
});

test('an update touches only what it names', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80', 'tcp:81'],
		backends: [
			{name: 'a', kind: 'echo'},
			{name: 'b', kind: 'echo'},
		],
	});
	const port = lb.port(80);
	const open = await lb.connect(81);
	open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
	await once(open, 'data');
	const a = lb.backend('a').url;

	await lb.update({
		listeners: ['http:80', 'tcp:81', 'http:82'],
		backends: [
			{name: 'a', kind: 'echo'},
			{name: 'z', kind: 'echo'},
		],
	});

	t.is(lb.port(80), port);
	t.is(lb.backend('a').url, a);
	t.deepEqual(Object.keys(lb.health), ['a', 'z']);
	t.deepEqual((await answers(lb, 2)).sort(), ['a', 'z']);
	t.is((await fetch(`http://127.0.0.1:${lb.port(82)}/`)).status, 200);
	open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
	await once(open, 'data');
	open.destroy();

	await lb.update({listeners: ['http:80']});

	t.throws(() => lb.port(82), {code: 'NO_SUCH_LISTENER'});
	t.is((await answers(lb, 1)).length, 1);
});

test('an update that cannot be carried out changes nothing and says why', async t => {
	const {port: taken} = await heldPort(t);
	const {port: own, release} = await heldPort(t);
	await release();
	await using lb = await startLoadBalancer({listeners: [`http:${own}`], backends: 2, ports: 'exact'});

	await t.throwsAsync(lb.update({listeners: [`http:${taken}`], backends: 5}), {code: 'PORT_UNAVAILABLE'});
	await t.throwsAsync(
		lb.update({
			backends: [
				{kind: 'echo', name: 'a'},
				{kind: 'echo', name: 'a'},
			],
		}),
		{
			code: 'INVALID_DESCRIPTION',
		},
	);
	await t.throwsAsync(lb.update({name: 'other'}), {code: 'INVALID_DESCRIPTION'});

	t.deepEqual(
		lb.listeners.map(({boundPort}) => boundPort),
		[own],
	);
	t.deepEqual(Object.keys(lb.health), ['a', 'b']);
	t.deepEqual(await answers(lb, 2), ['a', 'b']);
});

test('the access log is a file with a line for each request', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'logs', 'access.log');
	const lb = await startLoadBalancer({...HTTP, name: 'web', accessLog: {file}});
	await answers(lb, 2, {headers: {'user-agent': 'a "b"'}}, '/x?y=1');
	await lb.stop();

	const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');

	t.is(lines.length, 2);
	t.regex(
		lines[0] ?? '',
		/^\S+Z web 127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ \S+ \S+ \S+ 200 200 0 \d+ "GET http:\/\/\S+:80\/x\?y=1 HTTP\/1\.1" "a \\x22b\\x22" - -$/,
	);
	t.is(lb.traffic.last().log, lines[1] ?? '');
});

test('a client that has just connected when its listener goes is answered its first request', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80', 'http:81'], backends: 1, draining: '10s'});
	const fresh = await openClient(lb);
	const idle = await openClient(lb);
	idle.write('GET /idle HTTP/1.1\r\nHost: a\r\n\r\n');
	t.is((await idle.message()).line, 'HTTP/1.1 200 OK');

	await lb.update({listeners: ['http:81']});
	t.is(await idle.untilOver(), 'end');
	fresh.write('GET /fresh HTTP/1.1\r\nHost: a\r\n\r\n');

	const {line, fields} = await fresh.message();
	t.is(line, 'HTTP/1.1 200 OK');
	t.true(fields.includes('Connection: close'));
	t.is(await fresh.untilOver(), 'end');
});
