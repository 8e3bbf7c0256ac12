import {connect, type Socket} from 'node:net';
import {networkInterfaces} from 'node:os';
import {text} from 'node:stream/consumers';
import {TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createAuthority, type ListenerSpec, startLoadBalancer} from '../../src/index.ts';
import {startStreamBackend} from '../helpers/raw-backend.ts';

const authority = createAuthority();
const certificate = authority.issue({names: ['proxy.test', '127.0.0.1']});

/** A server that keeps the first line of each connection, and hands the rest on. */
async function lineFirst(t: ExecutionContext, serve: (socket: Socket) => void) {
	const lines: string[] = [];
	const backend = await startStreamBackend({
		serve: connection => {
			// A connection that breaks in its first line is missing among the lines.
			connection.readUntil('\r\n').then(
				line => {
					lines.push(line.slice(0, -2));
					serve(connection.raw);
				},
				() => {},
			);
		},
	});
	t.teardown(() => backend[Symbol.asyncDispose]());
	return {address: `127.0.0.1:${backend.port}`, lines};
}

function echo(socket: Socket): void {
	socket.on('data', chunk => socket.write(chunk));
	socket.on('end', () => socket.end());
	socket.resume();
}

function secureEcho(raw: Socket): void {
	const stream = new TLSSocket(raw, {isServer: true, ...certificate});
	stream.on('error', () => stream.destroy());
	echo(stream);
}

const STREAMS: [ListenerSpec, (socket: Socket) => void][] = [
	['tcp:5432 -> tcp:5432', echo],
	['ssl:5432 -> tcp:5432', echo],
	['tcp:5432 -> ssl:5432', secureEcho],
	['ssl:5432 -> ssl:5432', secureEcho],
];

for (const [listen, serve] of STREAMS) {
	test(`${listen}: one line tells of the client, before every byte of its own and before TLS`, async t => {
		const server = await lineFirst(t, serve);
		await using lb = await startLoadBalancer({
			listeners: [{listen, proxyProtocol: true}],
			backends: [server.address],
		});

		const client = await lb.connect(5432);
		client.end('PROXY TCP4 this is payload\r\n');

		t.is(await text(client), 'PROXY TCP4 this is payload\r\n');
		const {port} = lb.traffic.last().client;
		t.deepEqual(server.lines, [`PROXY TCP4 127.0.0.1 127.0.0.1 ${port} 5432`]);
		t.is(lb.traffic.last().backend?.proxyLine, server.lines[0]);
	});
}

const hasIpv6 = Object.values(networkInterfaces()).some(addresses => addresses?.some(({address}) => address === '::1'));

(hasIpv6 ? test : test.skip)('a client over IPv6 is told of as TCP6', async t => {
	const server = await lineFirst(t, echo);
	await using lb = await startLoadBalancer({
		host: '::1',
		listeners: [{listen: 'tcp:5432', proxyProtocol: true}],
		backends: [server.address],
	});

	const client = await lb.connect(5432);
	client.end('hello');

	t.is(await text(client), 'hello');
	t.deepEqual(server.lines, [`PROXY TCP6 ::1 ::1 ${lb.traffic.last().client.port} 5432`]);
});

for (const front of ['http', 'https'] as const) {
	test(`${front}: a back-end connection speaks for one client alone, and serves all its requests`, async t => {
		const server = await lineFirst(t, socket => {
			socket.on('data', (chunk: Buffer) => {
				for (const _ of chunk.toString().matchAll(/\r\n\r\n/g)) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
			});
			socket.on('end', () => socket.end());
			socket.resume();
		});
		await using lb = await startLoadBalancer({
			listeners: [{listen: `${front}:80 -> http:80`, proxyProtocol: true}],
			backends: [server.address],
		});

		const ports: number[] = [];
		for (let i = 0; i < 2; i++) {
			const client = await lb.connect(80);
			for (let request = 0; request < 3; request++) {
				client.write('GET / HTTP/1.1\r\nHost: proxy.test\r\n\r\n');
				await lb.traffic.next();
			}
			ports.push(lb.traffic.last().client.port);
			client.destroy();
		}

		t.deepEqual(
			server.lines,
			ports.map(port => `PROXY TCP4 127.0.0.1 127.0.0.1 ${port} 80`),
		);
		t.deepEqual(
			[...lb.traffic].map(({backend, response}) => [backend?.reused, response.status]),
			[false, true, true, false, true, true].map(reused => [reused, 204]),
		);
		t.deepEqual(
			[...lb.traffic].map(({backend}) => backend?.proxyLine),
			server.lines.flatMap(line => [line, line, line]),
			'also of what a kept connection carries',
		);
	});
}

test('a back-end that refused the connection was sent no line', async t => {
	await using lb = await startLoadBalancer({
		listeners: [{listen: 'http:80', proxyProtocol: true}],
		backends: ['127.0.0.1:1'],
	});

	await lb.fetch('/');
	t.is(lb.traffic.last().outcome, 'connect-refused');
	t.false('proxyLine' in (lb.traffic.last().backend ?? {}));
});

test('without the policy, a line from a client is payload on TCP and no request on HTTP', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:5432', 'http:80 -> http:80'],
		backends: [{kind: 'tcp', mode: 'echo'}],
	});
	const line = 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n';

	const tcp = connect(lb.port(5432), '127.0.0.1');
	tcp.end(line);
	const http = connect(lb.port(80), '127.0.0.1');
	http.end(`${line}GET / HTTP/1.1\r\nHost: x\r\n\r\n`);

	t.is(await text(tcp), line);
	t.regex(await text(http), /^HTTP\/1\.1 400 /);
});

for (const front of ['http', 'https'] as const) {
	test(`${front}: an echo that requires the line tells what it said`, async t => {
		await using lb = await startLoadBalancer({
			listeners: [{listen: `${front}:443 -> http:80`, proxyProtocol: true}],
			backends: [{kind: 'echo', proxyProtocol: 'require'}],
		});

		const response = await lb.fetch(`${front}://127.0.0.1:443/`);
		// The echo's document.
		const {proxy} = (await response.json()) as {proxy: unknown};

		const {port} = lb.traffic.last().client;
		t.deepEqual(proxy, {
			version: 1,
			family: 'TCP4',
			source: {address: '127.0.0.1', port},
			destination: {address: '127.0.0.1', port: 443},
		});
	});
}
