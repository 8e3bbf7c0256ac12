import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {Duplex} from 'node:stream';
import {setImmediate as nextRound} from 'node:timers/promises';
import {connect as connectTls} from 'node:tls';
import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {every, runs} from '../../helpers/depth.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {RawConnection} from '../../helpers/raw-connection.ts';
import {authority} from '../../helpers/raw-scene.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx';
/** Far more than are served in one round. */
const CROWD = 300;

/** Whole requests that take the load balancer no wait to answer: a crowd by themselves, and a little more or less. */
for (const count of every([127, 128, 129, 130, 131, 132, 133, 134, 140], 4)) {
	test(`${count} TLS records with a request each, and one with part of one, in one piece: all are answered`, async t => {
		await using lb = await startLoadBalancer({
			listeners: ['https:443 -> http:80'],
			backends: [],
			headTimeout: '1m',
			authority,
		});
		const raw = connect(lb.port(443), '127.0.0.1');
		const held: Buffer[] = [];
		let holds = false;
		const below = new Duplex({
			read() {},
			write(chunk, _encoding, done) {
				if (holds) held.push(chunk);
				else raw.write(chunk);
				done();
			},
		});
		raw.on('data', chunk => below.push(chunk));
		raw.on('close', () => below.push(null));
		const stream = connectTls({socket: below, ca: authority.pem, host: '127.0.0.1'});
		const client = new RawConnection(stream as Socket, raw);
		await once(stream, 'secureConnect');

		holds = true;
		for (let i = 0; i < count; i++) {
			stream.write(REQUEST);
			await nextRound();
		}
		stream.write(REQUEST.slice(0, 20));
		await nextRound();
		await nextRound();
		t.is(held.length, count + 1);
		raw.write(Buffer.concat(held));
		await client.when('answers', () => answersIn(client.received) === count);
		holds = false;
		stream.write(REQUEST.slice(20));

		await client.when('one more answer', () => answersIn(client.received) === count + 1);
		t.notRegex(client.received, /HTTP\/1\.1 (?!503)/);
		raw.resetAndDestroy();
	});
}

function answersIn(text: string): number {
	return text.split('HTTP/1.1 ').length - 1;
}

test.serial('a listener that is taken away in a crowd still answers what it has read', async t => {
	const batch = 6;
	await using server = await startStreamBackend({
		serve: ({stream}) => stream.on('data', chunk => answerAll(stream, chunk)),
	});
	await using lb = await startLoadBalancer({
		listeners: ['http:80 -> http:80', 'http:81 -> http:80'],
		backends: [{kind: 'address', host: '127.0.0.1', port: server.port}],
		draining: '30s',
	});
	let midBatch = 0;
	const clients = Array.from({length: CROWD}, () => {
		const socket = connect({port: lb.port(80), host: '127.0.0.1', noDelay: true});
		let waitsFor = batch;
		let batches = 0;
		let told = false;
		socket.on('error', () => {});
		socket.write(REQUEST.repeat(batch));
		socket.on('data', chunk => {
			const text = chunk.toString('latin1');
			waitsFor -= answersIn(text);
			told ||= text.includes('Connection: close');
			if (waitsFor > 0 || told) return;
			waitsFor = batch;
			batches++;
			if (batches === 3) socket.emit('settled');
			socket.write(REQUEST.repeat(batch));
		});
		const settled = once(socket, 'settled');
		const closed = once(socket, 'close').then(() => {
			if (!told && waitsFor > 0 && waitsFor < batch) midBatch++;
		});
		return {settled, closed};
	});
	await Promise.all(clients.map(({settled}) => settled));

	await lb.update({listeners: ['http:81 -> http:80']});
	await Promise.all(clients.map(({closed}) => closed));

	t.is(midBatch, 0);
});

function answerAll(stream: Socket, requests: Buffer): void {
	stream.write(ANSWER.repeat(requests.toString('latin1').split('\r\n\r\n').length - 1));
}

test.serial('a client that waits for its turn is not idle', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80 -> http:80'],
		backends: [],
		idleTimeout: '50ms',
		clock: 'manual',
	});
	const clients = 3 * CROWD;
	let closed = 0;
	let answers = 0;
	let look = () => {};
	const sockets = Array.from({length: clients}, () => {
		const socket = connect({port: lb.port(80), host: '127.0.0.1', noDelay: true});
		socket.on('error', () => {});
		socket.write(REQUEST);
		socket.on('data', () => {
			answers++;
			look();
			socket.write(REQUEST);
		});
		socket.on('close', () => {
			closed++;
			look();
		});
		return socket;
	});

	// Whose turn it is answers for itself within a few rounds; whoever waits, for all the others, longer than it may idle.
	for (let wanted = 100; wanted <= runs(20, 5) * clients; wanted += 100) {
		await new Promise<void>(resolve => {
			look = () => {
				if (answers >= wanted || closed > 0) resolve();
			};
			look();
		});
		await lb.clock.advance('10ms');
	}

	t.is(closed, 0);
	await Promise.all(sockets.map(socket => socket.destroyed || once(socket.destroy(), 'close')));
});
