import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {deadPort} from '../../helpers/ports.ts';
import {answer, type Script, startRawBackend} from '../../helpers/raw-backend.ts';
import {openClient, startScene} from '../../helpers/raw-scene.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Answers one request; the next one on the same connection is read and then lost without a byte. */
const stale =
	(how: 'end' | 'reset'): Script =>
	async connection => {
		await answer(OK)(connection);
		await connection.message();
		if (how === 'reset') connection.reset();
		else connection.stream.destroy();
		await connection.untilOver();
	};

for (const front of ['http', 'https'] as const) {
	for (const back of ['http', 'https'] as const) {
		test(`${front} to ${back}: one back-end connection serves many clients in turn`, async t => {
			await using scene = await startScene({front, back});

			for (let i = 0; i < 5; i++) {
				const client = await scene.send(GET);
				await client.message();
				client.end();
				await client.untilOver();
			}

			t.is(scene.backend.connections.length, 1);
			t.deepEqual(
				[...scene.lb.traffic].map(({backend}) => backend?.reused),
				[false, true, true, true, true],
			);
		});
	}
}

for (const how of ['end', 'reset'] as const) {
	for (const [method, body] of [
		['GET', ''],
		['HEAD', ''],
		['OPTIONS', ''],
		['TRACE', ''],
		['DELETE', ''],
		['PUT', 'hello'],
	] as const) {
		test(`${method} on a reused connection that is lost (${how}) without a byte is sent once more, on a fresh one [RFC 9110 9.2.2]`, async t => {
			await using scene = await startScene({scripts: [stale(how), stale(how)]});
			const client = await scene.send(GET);
			await client.message();

			client.write(`${method} /again HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

			t.is((await client.message({bodiless: method === 'HEAD'})).line, 'HTTP/1.1 200 OK');
			const [first, second] = scene.backend.connections;
			const sent = second?.received ?? '';
			t.true(sent.startsWith(`${method} /again HTTP/1.1\r\n`) && sent.endsWith(`\r\n\r\n${body}`));
			t.true(first?.received.endsWith(sent));
			t.is(scene.backend.connections.length, 2);
			t.like(scene.lb.traffic.last(), {outcome: 'ok', backend: {reused: false}});
			await scene.fresh(t);
		});
	}

	for (const [rule, request, spec] of [
		['POST', 'POST /again HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', {}],
		['PATCH', 'PATCH /again HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', {}],
		['an unknown method', 'BREW /again HTTP/1.1\r\nHost: a\r\n\r\n', {}],
		["GET with retry: 'never'", 'GET /again HTTP/1.1\r\nHost: a\r\n\r\n', {retry: 'never'}],
		[
			'PUT with a body beyond 16 KiB',
			`PUT /again HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n${'x'.repeat(20_000)}`,
			{},
		],
	] as const) {
		test(`${rule} on a reused connection that is lost (${how}) without a byte becomes a 502, delivered once`, async t => {
			await using scene = await startScene({scripts: [stale(how)], spec});
			const client = await scene.send(GET);
			await client.message();

			client.write(request);

			t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
			t.like(scene.lb.traffic.last(), {outcome: 'backend-reset', backend: {reused: true}});
			await scene.fresh(t);
			t.deepEqual(scene.reached, []);
		});
	}

	for (const method of ['GET', 'POST']) {
		test(`${method} on a fresh connection that is lost (${how}) without a byte becomes a 502, delivered once [RFC 9112 9.3.1]`, async t => {
			await using scene = await startScene({scripts: [answer('', how)]});
			const client = await scene.send(`${method} /once HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);

			t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');

			t.is(scene.backend.connections.length, 1);
			t.like(scene.lb.traffic.last(), {outcome: 'backend-reset', response: {by: 'load-balancer'}});
			await scene.fresh(t);
			t.deepEqual(scene.reached, []);
		});
	}
}

test('a request is sent a second time, and not a third', async t => {
	const lose: Script = async connection => {
		await connection.message();
		connection.reset();
	};
	await using scene = await startScene({scripts: [stale('reset'), lose]});
	const client = await scene.send(GET);
	await client.message();

	client.write('GET /again HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.is(scene.backend.connections.length, 2);
	await scene.fresh(t);
	t.deepEqual(scene.reached, []);
});

test('a request that was sent a second time is not sent a third, whichever back-end it would go to', async t => {
	await using first = await startRawBackend({scripts: [stale('reset')]});
	await using second = await startRawBackend({scripts: [stale('reset')]});
	await using lb = await startLoadBalancer({
		listeners: ['http:80 -> http:80'],
		backends: [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`],
	});
	const client = await openClient(lb);
	for (let i = 0; i < 2; i++) {
		client.write(GET);
		await client.message();
	}

	// The first one's connection at rest is stale, and it refuses another; the second one's is stale too.
	first.refuse();
	client.write('GET /again HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.deepEqual([first.connections.length, second.connections.length], [1, 1]);
	client.reset();
});

test('a reused connection that answers one byte and is lost is not tried again', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				await answer(OK)(connection);
				await answer('H', 'reset')(connection);
			},
		],
	});
	const client = await scene.send(GET);
	await client.message();
	client.write('GET /again HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.is(scene.backend.connections.length, 1);
});

for (const how of ['end', 'reset', 'destroy'] as const) {
	test(`a connection at rest that the back-end ends (${how}) is not used again`, async t => {
		await using scene = await startScene();
		const client = await scene.send(GET);
		await client.message();
		const resting = await scene.backend.connection(0);

		if (how === 'end') resting.end();
		else if (how === 'reset') resting.reset();
		else resting.stream.destroy();
		await resting.untilOver();
		client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');

		t.is((await client.message()).line, 'HTTP/1.1 200 OK');
		t.is(scene.backend.connections.length, 2);
	});
}

for (const method of ['GET', 'POST']) {
	test(`${method}: a back-end that refuses the connection is passed over for the next one`, async t => {
		const dead = await deadPort(t);
		await using backend = await startRawBackend();
		await using lb = await startLoadBalancer({
			listeners: ['http:80 -> http:80'],
			backends: [`127.0.0.1:${dead}`, `127.0.0.1:${backend.port}`],
		});
		const client = await openClient(lb);

		client.write(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`);

		t.is((await client.message()).line, 'HTTP/1.1 200 OK');
		t.is(backend.requests[0]?.body, 'hello');
		client.reset();
	});
}

test('when every back-end refuses the connection, the client gets 503 and keeps its connection', async t => {
	const dead = await deadPort(t);
	const deadToo = await deadPort(t);
	await using lb = await startLoadBalancer({
		listeners: ['http:80 -> http:80'],
		backends: [`127.0.0.1:${dead}`, `127.0.0.1:${deadToo}`],
	});
	const client = await openClient(lb);

	for (let i = 0; i < 2; i++) {
		client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
		t.is(
			(await client.message()).raw.replace(/\r\nDate: [^\r]+ GMT/, ''),
			'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n\r\n503 Service Unavailable\n',
		);
		t.is(lb.traffic.last().outcome, 'connect-refused');
	}
	client.reset();
});

test('without a back-end in service the client gets 503 at once, also for pipelined requests', async t => {
	await using scene = await startScene({spec: {backends: []}});
	const client = await scene.send(GET.repeat(50));

	for (let i = 0; i < 50; i++) t.is((await client.message()).line, 'HTTP/1.1 503 Service Unavailable');

	t.like(scene.lb.traffic.last(), {outcome: 'no-healthy-backend', backend: undefined});
});

test('a body that is still on its way when 503 is answered ends the connection', async t => {
	await using scene = await startScene({spec: {backends: []}});
	const client = await scene.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhi');

	t.regex((await client.message()).head, /^HTTP\/1\.1 503 .*\r\nConnection: close\r\n/s);
	t.is(await client.untilOver(), 'end');
});
