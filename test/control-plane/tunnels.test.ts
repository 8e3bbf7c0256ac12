// A process of its own: ends of connections are counted.
import test from 'ava';
import type {ControlPlaneOptions} from '../../src/control-plane/server.ts';
import type {TunnelTarget} from '../../src/control-plane/tunnels.ts';
import {runs} from '../helpers/depth.ts';
import {eventually, within} from '../helpers/patience.ts';
import {deadPort} from '../helpers/ports.ts';
import {type RawBackend, startRawBackend} from '../helpers/raw-backend.ts';
import type {RawConnection} from '../helpers/raw-connection.ts';
import {comesTrue} from '../helpers/stalled.ts';
import {unanswering} from '../helpers/unanswering.ts';
import {EchoDialect, type OpenControlServer, openControlServer} from './helpers/control-server.ts';

const OPEN = 'HTTP/1.1 200 Connection established\r\n\r\n';
const CONNECT = 'CONNECT web.test:443 HTTP/1.1\r\nHost: web.test:443\r\n\r\n';

/** Nothing is done by itself at the far end of a tunnel. */
const inHand = () => new Promise<void>(() => {});

class Scene implements AsyncDisposable {
	readonly backend: RawBackend;
	readonly server: OpenControlServer;

	constructor(backend: RawBackend, server: OpenControlServer) {
		this.backend = backend;
		this.server = server;
	}

	/** A tunnel that stands, with both of its ends. */
	async tunnel(): Promise<{readonly client: RawConnection; readonly far: RawConnection}> {
		const index = this.backend.connections.length;
		const client = await this.server.connect();
		client.write(CONNECT);
		await client.until(OPEN);
		return {client, far: await this.backend.connection(index)};
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.server.controlPlane.stop();
		await this.backend[Symbol.asyncDispose]();
	}
}

/** A control port whose tunnels lead to one raw server, and what they were asked for. */
async function scene(options: Partial<ControlPlaneOptions> = {}): Promise<Scene & {asked: TunnelTarget[]}> {
	const backend = await startRawBackend({scripts: Array.from({length: 100}, () => inHand)});
	const asked: TunnelTarget[] = [];
	const routeTunnel = (target: TunnelTarget) => {
		asked.push(target);
		return {host: '127.0.0.1', port: backend.port};
	};
	return Object.assign(new Scene(backend, await openControlServer({routeTunnel, ...options})), {asked});
}

test('a CONNECT opens a tunnel: bytes go both ways as they are', async t => {
	await using there = await scene();
	const {client, far} = await there.tunnel();

	client.write('GET / HTTP/1.1\r\n\r\n\x00\xff');
	await far.until('\xff');
	far.write('\x16\x03answer');
	await client.until('answer');

	t.is(far.received, 'GET / HTTP/1.1\r\n\r\n\x00\xff');
	t.is(client.received, `${OPEN}\x16\x03answer`);
	t.deepEqual(there.asked, [{host: 'web.test', port: 443}]);
});

test('what comes together with the CONNECT goes through the tunnel first', async t => {
	await using there = await scene();
	const client = await there.server.connect();

	client.write(`${CONNECT}first,`);
	const far = await there.backend.connection(0);
	await far.until('first,');
	client.write('second');
	await far.until('second');

	t.is(far.received, 'first,second');
});

test('who has sent everything still hears the answer, on either side', async t => {
	await using there = await scene();
	const one = await there.tunnel();
	const other = await there.tunnel();

	one.client.end('question');
	t.is(await one.far.untilEnd(), 'question');
	one.far.end('answer');
	t.is(await one.client.untilEnd(), `${OPEN}answer`);
	other.far.end('greeting');
	await other.client.untilEnd();
	other.client.end('goodbye');
	t.is(await other.far.untilEnd(), 'goodbye');

	t.deepEqual(await Promise.all([one.client, one.far, other.client, other.far].map(end => end.untilOver())), [
		'end',
		'end',
		'end',
		'end',
	]);
});

test('a client that ends together with its CONNECT hears the answer', async t => {
	await using there = await scene();
	const client = await there.server.connect();

	client.end(`${CONNECT}question`);
	const far = await there.backend.connection(0);
	t.is(await far.untilEnd(), 'question');
	far.end('answer');

	t.is(await client.untilEnd(), `${OPEN}answer`);
});

for (const bytes of ['', 'some bytes before it']) {
	test(`a reset is passed on as a reset, on either side${bytes === '' ? '' : `, with ${bytes}`}`, async t => {
		await using there = await scene();
		const [one, other, half] = [await there.tunnel(), await there.tunnel(), await there.tunnel()];

		if (bytes !== '') {
			await one.client.writeAll(bytes);
			await other.far.writeAll(bytes);
		}
		one.client.reset();
		other.far.reset();
		half.client.end();
		await half.far.untilEnd();
		half.far.reset();

		t.is(await one.far.untilOver(), 'reset');
		t.is(await other.client.untilOver(), 'reset');
		t.is(await half.client.untilOver(), 'reset');
	});
}

test('a reader that takes nothing holds its sender back', async t => {
	await using there = await scene();
	const {client, far} = await there.tunnel();
	client.stream.pause();
	const chunk = 'x'.repeat(65_536);
	let sent = 0;

	// More than buffers of the system hold: the sender must stop before.
	while (sent < 64 * 1024 * 1024) {
		sent += chunk.length;
		if (far.stream.write(chunk)) continue;
		if (!(await comesTrue(() => far.stream.writableLength === 0))) break;
	}
	t.true(sent < 64 * 1024 * 1024, 'the sender was never held back');
	client.stream.resume();
	far.end();
	await client.untilEnd();

	t.is(client.received.length, OPEN.length + sent);
});

test('stop() ends open tunnels on both sides, and connections that are being made', async t => {
	await using there = await scene();
	const tunnels = [await there.tunnel(), await there.tunnel()];
	const waiting = await there.server.connect();
	waiting.write(CONNECT);
	await eventually(() => there.asked.length === 3);

	await within('end of the control port', there.server.controlPlane.stop());

	for (const {client, far} of tunnels) {
		t.truthy(await client.untilOver());
		t.truthy(await far.untilOver());
	}
	t.truthy(await waiting.untilOver());
});

test('a client that leaves while its tunnel is being made leaves nothing', async t => {
	await using there = await scene();
	for (let round = 0; round < 20; round++) {
		const client = await there.server.connect();
		await client.writeAll(CONNECT);
		client.reset();
	}
	const last = await there.server.connect();
	last.write(`${CONNECT}the last one`);
	await eventually(() => there.backend.connections.some(({received}) => received === 'the last one'));
	last.reset();

	await eventually(() => there.backend.connections.every(({closed}) => closed), 'end of every connection');
	t.deepEqual(there.server.errors, []);
});

/** The ends of connections in this process, also of those that do not stand yet. */
const ends = () => process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap').length;

// Alone in the process: the connections of others would be counted.
for (const how of ['a client that leaves', 'stop()'] as const) {
	test.serial(`${how} ends a connection that nobody answers`, async t => {
		const port = await unanswering(t);
		const others = ends();
		await using there = await scene({routeTunnel: () => ({host: '127.0.0.1', port})});
		const client = await there.server.connect();
		client.write(CONNECT);
		await eventually(() => ends() === others + 3, 'connection that is being made');

		if (how === 'stop()') await within('end of the control port', there.server.controlPlane.stop());
		else client.reset();
		await client.untilOver();

		await eventually(() => ends() === others, 'end of the connection that was being made');
		t.is(client.received, '');
	});
}

test('a refused CONNECT says why in its first line and its body, and is closed', async t => {
	await using there = await scene({
		routeTunnel: ({host, port}) => ({status: 404, reason: `nothing is at ${host} “${port}”`}),
	});
	const client = await there.server.connect();

	client.write(CONNECT);
	const {line, body} = await client.message();

	t.is(line, 'HTTP/1.1 404 nothing is at web.test ?443?');
	t.is(JSON.parse(Buffer.from(body, 'latin1').toString()).error.message, 'nothing is at web.test “443”');
	t.is(JSON.parse(body).error.code, 'REQUEST_REFUSED');
	t.is(await client.untilOver(), 'end');
});

for (const target of [
	'web.test',
	'web.test:',
	'web.test:0',
	'web.test:65536',
	':443',
	'a b:443',
	'web.test:443:443',
	'[web.test]x:1',
	'/_lb/state',
	'http://web.test:443',
]) {
	test(`no target of a CONNECT: ${target}`, async t => {
		await using there = await scene();
		const client = await there.server.connect();

		client.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);

		t.regex((await client.message()).line, /^HTTP\/1\.1 400 /);
		t.deepEqual(there.asked, []);
	});
}

const TARGETS: readonly (readonly [string, TunnelTarget])[] = [
	['WEB.Test:443', {host: 'web.test', port: 443}],
	['web.test.:443', {host: 'web.test', port: 443}],
	['[::1]:8443', {host: '::1', port: 8443}],
	['[0:0::1]:8443', {host: '::1', port: 8443}],
	['127.0.0.1:1', {host: '127.0.0.1', port: 1}],
];
for (const [target, read] of TARGETS) {
	test(`the target ${target} is read`, async t => {
		await using there = await scene();
		const client = await there.server.connect();

		client.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
		await client.until(OPEN);

		t.deepEqual(there.asked, [read]);
	});
}

for (const head of [
	'HTTP/1.1\r\nHost: evil.test:443',
	'HTTP/1.1\r\nHost: web.test:443\r\nHost: evil.test',
	'HTTP/1.1\r\nHost: web.test:443\r\nOrigin: http://evil.test',
	'HTTP/1.1\r\nHost: web.test:443\r\nSec-Fetch-Site: cross-site',
]) {
	test(`the guard holds for CONNECT: ${JSON.stringify(head)}`, async t => {
		await using there = await scene();
		const client = await there.server.connect();

		client.write(`CONNECT web.test:443 ${head}\r\n\r\n`);

		t.regex((await client.message()).line, /^HTTP\/1\.1 403 /);
		t.deepEqual(there.asked, []);
	});
}

for (const head of ['HTTP/1.0', 'HTTP/1.1\r\nHost: web.test', 'HTTP/1.1\r\nHost: WEB.test:443']) {
	test(`a CONNECT as clients send it: ${JSON.stringify(head)}`, async t => {
		await using there = await scene();
		const client = await there.server.connect();

		client.write(`CONNECT web.test:443 ${head}\r\n\r\n`);

		t.is(await client.until(OPEN), OPEN);
	});
}

test('a listener that nobody serves is told', async t => {
	const port = await deadPort(t);
	await using there = await scene({routeTunnel: () => ({host: '127.0.0.1', port})});
	const client = await there.server.connect();

	client.write(CONNECT);

	t.is(
		(await client.message()).line,
		`HTTP/1.1 502 "web.test:443" (127.0.0.1:${port}) cannot be reached: ECONNREFUSED`,
	);
	t.is(await client.untilOver(), 'end');
});

test('a CONNECT that follows other requests is led when they have been answered', async t => {
	let answer = () => {};
	const held = new Promise<void>(resolve => {
		answer = resolve;
	});
	class Slow extends EchoDialect {
		override async answer(...request: Parameters<EchoDialect['answer']>) {
			await held;
			return super.answer(...request);
		}
	}
	await using there = await scene({dialects: [new Slow()]});
	const client = await there.server.connect();
	const {port} = there.server;

	client.write(`POST /api/v1/X HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n${CONNECT}`);
	t.false(await comesTrue(() => client.received !== ''));
	answer();

	t.is((await client.message()).body, '{"action":"X","bytes":0}');
	await client.until(OPEN);
	t.is(client.unread, OPEN);
});

test('a tunnel that rests is not closed by the limits of requests', async t => {
	await using there = await scene({limits: {headMs: 20, requestMs: 40, idleMs: 20}});
	const {client, far} = await there.tunnel();

	t.false(await comesTrue(() => client.ended || client.closed || far.ended || far.closed));

	client.write('still here');
	t.is(await far.until('still here'), 'still here');
});

const MANY = runs(3000);
test(`${MANY} tunnels stand at once and leave nothing`, async t => {
	await using backend = await startRawBackend({scripts: []});
	await using server = await openControlServer({routeTunnel: () => ({host: '127.0.0.1', port: backend.port})});
	const clients: RawConnection[] = [];
	while (clients.length < MANY) {
		const more = await Promise.all(Array.from({length: Math.min(100, MANY - clients.length)}, () => server.connect()));
		for (const client of more) client.write(CONNECT);
		await Promise.all(more.map(client => client.until(OPEN)));
		clients.push(...more);
	}

	for (const [index, client] of clients.entries()) client.end(`GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`);
	const answers = await Promise.all(clients.map(client => client.until(' HTTP/1.1')));

	t.true(answers.every((answer, index) => answer.includes(`GET /${index} HTTP/1.1`)));
	for (const connection of backend.connections) connection.end();
	await Promise.all(clients.map(client => client.untilOver()));
	await within('end of the control port', server.controlPlane.stop());
	await eventually(() => backend.connections.every(({closed}) => closed), 'end of every connection');
});
