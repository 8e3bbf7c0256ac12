import test from 'ava';
import {answer, dated} from '../../helpers/raw-backend.ts';
import {startScene} from '../../helpers/raw-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = dated('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

for (const front of ['http', 'https'] as const) {
	test(`${front}: a client that ends after its request still gets its answer`, async t => {
		await using scene = await startScene({
			front,
			scripts: [
				async connection => {
					await connection.message();
					// The answer comes only when the end of the client is known to have arrived.
					await ended;
					connection.write(OK);
				},
			],
		});
		const client = await scene.client();
		const ended = new Promise<void>(resolve => client.stream.end(GET, resolve));

		t.is((await client.message()).raw, OK);
		t.is(await client.untilOver(), 'end');
		t.is(scene.lb.traffic.last().outcome, 'ok');
	});

	test(`${front}: a client that ends after pipelined requests gets all its answers`, async t => {
		await using scene = await startScene({front});
		const client = await scene.client();
		client.end(
			'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
		);

		for (const line of ['GET /1 HTTP/1.1', 'POST /2 HTTP/1.1', 'GET /3 HTTP/1.1'])
			t.is((await client.message()).body, line);
		t.is(await client.untilOver(), 'end');
		t.is(client.unread, '');
	});

	test(`${front}: a client that resets while it waits releases the back-end`, async t => {
		await using scene = await startScene({front, scripts: [async connection => void (await connection.untilOver())]});
		const recorded = scene.lb.traffic.next(undefined, '60s');
		const client = await scene.send(GET);
		const upstream = await scene.backend.connection(0);
		await upstream.message();

		client.reset();

		t.like(await recorded, {outcome: 'client-abort', response: {status: 0}});
		t.is(await upstream.untilOver(), 'reset');
		await scene.fresh(t);
	});

	test(`${front}: a client that resets in the midst of its answer releases the back-end`, async t => {
		await using scene = await startScene({
			front,
			scripts: [
				async connection => {
					await answer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')(connection);
					await connection.untilOver();
				},
			],
		});
		const recorded = scene.lb.traffic.next(undefined, '60s');
		const client = await scene.send(GET);
		await client.until('hello');

		client.reset();

		t.is((await recorded).outcome, 'client-abort');
		t.is(await (await scene.backend.connection(0)).untilOver(), 'reset');
		await scene.fresh(t);
	});
}

test('a client that ends within a head is answered 400, with a record', async t => {
	await using scene = await startScene();
	const client = await scene.client();
	client.end('GET / HTTP/1.1\r\nHost: a\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 400 Bad Request');
	t.is(await client.untilOver(), 'end');
	t.like(scene.lb.traffic.last(), {outcome: 'client-abort', backend: undefined});
	await scene.fresh(t);
});

test('a client that resets within a head leaves a record and nothing else', async t => {
	await using scene = await startScene();
	const recorded = scene.lb.traffic.next(undefined, '60s');
	const client = await scene.client();
	await client.writeAll('GET / HTTP/1.1\r\nHost: a\r\n');
	client.reset();

	t.like(await recorded, {outcome: 'client-abort', backend: undefined});
	await scene.fresh(t);
	t.deepEqual(scene.reached, []);
});

test('a client that comes and goes without a byte is no exchange', async t => {
	await using scene = await startScene();
	const client = await scene.client();
	client.end();

	t.is(await client.untilOver(), 'end');
	t.is(scene.lb.traffic.length, 0);
});

test('a back-end that ends its side and goes on reading: the end of an answer up to the end', async t => {
	await using scene = await startScene({scripts: [answer('HTTP/1.1 200 OK\r\n\r\nhello', 'end')]});
	const client = await scene.send(GET);

	t.is((await client.message()).body, 'hello');
	t.is(scene.lb.traffic.last().outcome, 'ok');
	t.is(await (await scene.backend.connection(0)).untilOver(), 'end');
});

test('stopping the load balancer cuts what is under way, and records it', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => void (await connection.untilOver()),
			answer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
		],
	});
	const waiting = await scene.send(GET);
	await (await scene.backend.connection(0)).message();
	const reading = await scene.send(GET);
	await reading.until('hello');
	const idle = await scene.client();

	await scene.lb.stop();

	t.deepEqual(
		[...scene.lb.traffic].map(({outcome}) => outcome),
		['drained', 'drained'],
	);
	t.is(await reading.untilOver(), 'reset');
	await waiting.untilOver();
	await idle.untilOver();
	t.is(idle.received, '');
});
