// A process of its own: a server with a full backlog is there for all of its tests.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type ListenerSpec, type LoadBalancer, startLoadBalancer} from '../../src/index.ts';
import {compiled} from '../helpers/compiled.ts';
import {eventually} from '../helpers/patience.ts';
import {startRawBackend} from '../helpers/raw-backend.ts';
import type {RawConnection} from '../helpers/raw-connection.ts';
import {openClient} from '../helpers/raw-scene.ts';

/** What ends a connection that has not come to its back-end yet, and what its client is answered on HTTP. */
const ENDS: Record<string, (lb: LoadBalancer) => Promise<unknown>> = {
	'stop()': lb => lb.stop(),
	'drain() of its back-end': lb => lb.drain('b'),
	'an update without its back-end': lb => lb.update({backends: []}),
	'an update without its listener': lb => lb.update({listeners: ['tcp:81']}),
};

const LISTENERS: readonly ListenerSpec[] = ['tcp:80 -> ssl:80', 'ssl:80 -> ssl:80', 'http:80 -> https:80', 'https:80'];

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A port that can be dialled and does not answer, for all tests of this file: what dials it takes nothing of it. */
let unanswering = 0;
let release = () => {};

test.before(async () => {
	const child = fork(compiled('test/helpers/full-backlog.ts'));
	const fillers: Socket[] = [];
	release = () => {
		child.kill('SIGKILL');
		for (const filler of fillers) filler.destroy();
	};
	[unanswering] = await once(child, 'message');
	// The system takes one or two more than the queue is long. On loopback it answers while it is dialled, so a dial
	// that is not answered when the event loop has gone round will not be.
	for (let isFull = false; !isFull; ) {
		const filler = connect({port: unanswering, host: '127.0.0.1'});
		filler.on('error', () => {});
		fillers.push(filler);
		isFull = await Promise.race([
			once(filler, 'connect').then(() => false),
			new Promise<boolean>(resolve => setImmediate(() => setImmediate(() => resolve(filler.connecting)))),
		]);
	}
});

test.after.always(() => release());

async function startTowards(t: ExecutionContext, listen: ListenerSpec, port: number): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({
		listeners: [{listen, proxyProtocol: true}],
		backends: [{kind: 'address', name: 'b', host: '127.0.0.1', port}],
	});
	t.teardown(() => lb.stop());
	return lb;
}

/** Asserts how a client whose connection was ended before it came to a back-end learns of it. */
async function learns(t: ExecutionContext, client: RawConnection, listen: ListenerSpec): Promise<void> {
	if (listen.startsWith('http')) {
		t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
		client.end();
	}
	await client.untilOver();
	t.is(client.unread, '');
}

for (const listen of LISTENERS) {
	for (const [what, end] of Object.entries(ENDS)) {
		test(`${listen}: ${what} ends a connection in the midst of the handshake with its back-end`, async t => {
			await using backend = await startRawBackend({scripts: [connection => connection.untilOver().then(() => {})]});
			const lb = await startTowards(t, listen, backend.port);
			const client = await openClient(lb, listen.startsWith('http:') || listen.startsWith('tcp:') ? 'http' : 'https');
			client.write(REQUEST);
			const reached = await backend.connection(0);
			await reached.until('\r\n\x16');
			const ended = lb.traffic.next();

			await end(lb);

			const {outcome} = await ended;
			t.is(outcome, 'drained');
			await learns(t, client, listen);
			await reached.untilOver();
			t.regex(reached.received, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ 80\r\n\x16/);
			t.is(reached.received.split('PROXY').length, 2);
			t.false(reached.received.includes('GET'));
			t.is(backend.connections.length, 1);
		});

		test(`${listen}: ${what} ends a connection whose back-end has not been reached`, async t => {
			const lb = await startTowards(t, listen, unanswering);
			const client = await openClient(lb, listen.startsWith('http:') || listen.startsWith('tcp:') ? 'http' : 'https');
			client.write(REQUEST);
			await eventually(() => lb.backends[0]?.inFlight === 1);
			const ended = lb.traffic.next();

			await end(lb);

			const {outcome, ms} = await ended;
			t.is(outcome, 'drained');
			t.is(ms.connect, undefined);
			await learns(t, client, listen);
		});
	}
}
