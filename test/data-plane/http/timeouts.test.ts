import test from 'ava';
import {answer} from '../../helpers/raw-backend.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';
import {startScene} from '../../helpers/raw-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

// Serial: beside others, a test of 300 ms may find its own process too busy to keep them.

const silent = async (connection: RawConnection): Promise<void> => {
	await connection.untilOver();
};

/** Writes one byte at a time, each as soon as the last one is through, until the connection is over. */
async function trickle(client: RawConnection, bytes: Iterable<string>): Promise<void> {
	for (const byte of bytes) {
		if (client.ended || client.closed) return;
		await client.writeAll(byte).catch(() => undefined);
		await new Promise(resolve => setImmediate(resolve));
	}
}

function* endless(): Generator<string> {
	yield* 'GET / HTTP/1.1\r\nHost: a\r\n';
	for (;;) yield* 'A: b\r\n';
}

for (const front of ['http', 'https'] as const) {
	test.serial(
		`${front}: a head that is not complete in time is answered 408, however it trickles [RFC 9110 15.5.9]`,
		async t => {
			await using scene = await startScene({front, spec: {headTimeout: '150ms', idleTimeout: '5s'}});
			const client = await scene.client();

			const [{head}] = await Promise.all([client.message(), trickle(client, endless())]);

			t.regex(head, /^HTTP\/1\.1 408 Request Timeout\r\n/);
			t.regex(head, /\r\nConnection: close\r\n/);
			const {outcome, cause, backend} = scene.lb.traffic.last();
			t.is(outcome, 'client-timeout');
			t.is(cause, 'no complete head within 150 ms');
			t.is(backend, undefined);
			t.is(await client.untilOver(), 'end');
			await scene.fresh(t);
		},
	);

	test.serial(`${front}: a back-end that does not answer in time: 504, and its connection is closed`, async t => {
		await using scene = await startScene({front, scripts: [silent], spec: {idleTimeout: '300ms'}});
		const client = await scene.send(GET);

		t.is((await client.message()).line, 'HTTP/1.1 504 Gateway Timeout');

		t.like(scene.lb.traffic.last(), {
			outcome: 'idle-timeout',
			cause: 'no bytes for 300 ms from the back-end',
			response: {by: 'load-balancer'},
		});
		t.is(await (await scene.backend.connection(0)).untilOver(), 'reset');
		await scene.fresh(t);
		t.is(scene.backend.connections.length, 2);
	});
}

test.serial('after a 504 the client may go on', async t => {
	await using scene = await startScene({scripts: [silent], spec: {idleTimeout: '300ms'}});
	const client = await scene.send(GET + GET);

	t.is((await client.message()).line, 'HTTP/1.1 504 Gateway Timeout');
	t.is((await client.message()).body, 'GET / HTTP/1.1');
});

test.serial('pipelined bytes do not give a silent back-end more time', async t => {
	await using scene = await startScene({scripts: [silent], spec: {idleTimeout: '300ms'}});
	const client = await scene.send(GET);

	const [{line}] = await Promise.all([client.message(), trickle(client, endless())]);

	t.is(line, 'HTTP/1.1 504 Gateway Timeout');
});

test.serial('a back-end that stops in the midst of its answer: both connections are cut, visibly', async t => {
	await using scene = await startScene({
		scripts: [answer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')],
		spec: {idleTimeout: '300ms'},
	});
	const recorded = scene.lb.traffic.next(undefined, '60s');
	const client = await scene.send(GET);

	t.is(await client.untilOver(), 'reset');

	t.like(await recorded, {
		outcome: 'idle-timeout',
		cause: 'no bytes for 300 ms',
		response: {status: 200, by: 'backend'},
	});
	t.is(await (await scene.backend.connection(0)).untilOver(), 'reset');
	await scene.fresh(t);
});

test.serial('a back-end that answers slowly, but goes on, is waited for', async t => {
	let told = 0;
	await using scene = await startScene({
		scripts: [
			async connection => {
				await connection.message();
				connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n');
				await new Promise<void>(resolve => {
					const timer = setInterval(() => {
						connection.write('x');
						if (++told < 10) return;
						clearInterval(timer);
						resolve();
					}, 60);
				});
			},
		],
		spec: {idleTimeout: '400ms'},
	});
	const client = await scene.send(GET);

	t.is((await client.message()).body, 'xxxxxxxxxx');
});

test.serial('a client that sends its body slowly, but goes on, is waited for', async t => {
	await using scene = await startScene({spec: {idleTimeout: '400ms'}});
	const client = await scene.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n');
	let sent = 0;
	const timer = setInterval(() => {
		client.write('x');
		if (++sent === 10) clearInterval(timer);
	}, 60);

	t.is((await client.message()).body, 'POST / HTTP/1.1');
	t.is(scene.backend.requests[0]?.body, 'xxxxxxxxxx');
});

test.serial('a client that stops in the midst of its body: 408, and the back-end sees no complete request', async t => {
	await using scene = await startScene({scripts: [silent], spec: {idleTimeout: '300ms'}});
	const client = await scene.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');

	t.is((await client.message()).line, 'HTTP/1.1 408 Request Timeout');

	t.like(scene.lb.traffic.last(), {
		outcome: 'client-timeout',
		cause: 'no bytes for 300 ms in the midst of the request',
	});
	t.is(await (await scene.backend.connection(0)).untilOver(), 'reset');
	t.is(await client.untilOver(), 'end');
	await scene.fresh(t);
});

test.serial('a back-end that reads no more of a body: the fault is its own, 504', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				connection.stream.pause();
				await connection.when('close', () => connection.closed);
			},
		],
		spec: {idleTimeout: '300ms'},
	});
	const client = await scene.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n');
	const part = 'x'.repeat(1_000_000);
	const sending = (async () => {
		for (let i = 0; i < 50 && !client.ended && !client.closed; i++) await client.writeAll(part);
	})();

	await client.until('HTTP/1.1 504 Gateway Timeout\r\n');

	t.is(scene.lb.traffic.last().outcome, 'idle-timeout');
	client.reset();
	await sending.catch(() => undefined);
	await scene.fresh(t);
});

test.serial('a back-end that never says 100 to a client that waits for it: the fault is its own, 504', async t => {
	await using scene = await startScene({scripts: [silent], spec: {idleTimeout: '300ms'}});
	const client = await scene.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 504 Gateway Timeout');
	t.is(await client.untilOver(), 'end');
});

for (const front of ['http', 'https'] as const) {
	test.serial(`${front}: an idle keep-alive connection is closed, without an answer nobody asked for`, async t => {
		await using scene = await startScene({front, spec: {idleTimeout: '300ms'}});
		const client = await scene.send(GET);
		await client.message();

		t.is(await client.untilOver(), 'end');

		t.is(client.unread, '');
		t.is(scene.lb.traffic.length, 1);
	});
}

test.serial('a connection that never says anything is closed, and is no exchange', async t => {
	await using scene = await startScene({spec: {idleTimeout: '300ms'}});
	const client = await scene.client();

	t.is(await client.untilOver(), 'end');
	t.is(client.received, '');
	t.is(scene.lb.traffic.length, 0);
});

test.serial('a back-end connection at rest is closed after the idle timeout', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				await answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')(connection);
				await connection.when('close', () => connection.closed);
			},
		],
		spec: {idleTimeout: '300ms'},
	});
	await (await scene.send(GET)).message();
	const resting = await scene.backend.connection(0);

	await resting.untilEnd();

	t.false(resting.stream.writableEnded);
	await scene.fresh(t);
	t.is(scene.backend.connections.length, 2);
});

test.serial('a back-end that does not take the connection in time: 504, for what was read of the body too', async t => {
	// 192.0.2.0/24 is nobody's (RFC 5737): connecting there hangs, or is refused by the network at once.
	await using scene = await startScene({
		spec: {backends: ['192.0.2.1:9'], connectTimeout: '200ms', idleTimeout: '20s'},
	});
	const client = await scene.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');

	const {line} = await client.message();

	const {outcome} = scene.lb.traffic.last();
	if (outcome === 'connect-timeout') t.is(line, 'HTTP/1.1 504 Gateway Timeout');
	else t.is(line, 'HTTP/1.1 503 Service Unavailable');
});

test.serial(
	'a client that closes slowly still gets its last answer: 4 MiB with Connection: close, read after the linger time',
	async t => {
		const data = 'x'.repeat(4 * 1024 * 1024);
		await using scene = await startScene({
			scripts: [answer(`HTTP/1.1 200 OK\r\nContent-Length: ${data.length}\r\n\r\n${data}`)],
			// The linger time is at most the idle timeout.
			spec: {idleTimeout: '400ms'},
		});
		const recorded = scene.lb.traffic.next(undefined, '60s');
		const client = await scene.client();
		client.stream.pause();
		client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
		// Read up to where the load balancer has everything in the system's hands, and then no more for a while.
		const timer = setInterval(() => client.stream.read(), 5);
		client.stream.resume();
		await recorded;
		clearInterval(timer);

		const {body} = await client.message();

		t.is(body.length, data.length);
		t.is(await client.untilOver(), 'end');
	},
);

test.serial(
	'answered and then left open by a client that has not read it all: what the system holds still arrives',
	async t => {
		const data = 'x'.repeat(200_000);
		await using scene = await startScene({
			scripts: [answer(`HTTP/1.1 200 OK\r\nContent-Length: ${data.length}\r\n\r\n${data}`)],
			spec: {idleTimeout: '300ms'},
		});
		const recorded = scene.lb.traffic.next(undefined, '60s');
		const client = await scene.client();
		client.stream.pause();
		client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
		await recorded;
		// Far longer than the linger time: three idle timeouts of another connection, one after the other.
		for (let i = 0; i < 3; i++) await (await scene.client()).untilOver();

		client.stream.resume();

		t.is((await client.message()).body.length, data.length);
		t.is(await client.untilOver(), 'end');
	},
);
