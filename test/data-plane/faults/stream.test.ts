import test from 'ava';
import {endedByCloseNotify} from '../../../src/base/reset.ts';
import {startLoadBalancer} from '../../../src/index.ts';
import type {Fault} from '../../../src/model/fault.ts';
import {startStream} from '../../helpers/faulty-stream.ts';
import {eventually, within} from '../../helpers/patience.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {open, type RawConnection} from '../../helpers/raw-connection.ts';

/** Whether the end of TLS that this side gets is a close_notify. */
function notified({stream, raw}: RawConnection): Promise<boolean> {
	const ends = new Promise<boolean>(resolve => {
		stream.once('end', () => resolve(endedByCloseNotify(raw)));
	});
	stream.resume();
	return within('end of TLS', ends);
}

test('a client that a fault has closed is cut after 5 s of the clock where it does not end too', async t => {
	await using stream = await startStream('tcp', {clock: 'manual'});
	using armed = stream.lb.inject({on: 'listener:80', do: {close: true}, times: 1});
	const client = await stream.client();
	await client.untilEnd();
	t.is(armed.hits, 1);
	t.is(stream.lb.traffic.last().outcome, 'fault', 'the exchange is over at once');
	t.is(stream.backend.accepted.length, 0, 'no back-end is asked');

	// What it still sends is read and lost.
	client.write('hello');
	await stream.lb.clock.advance(4999);
	t.is(await stream.echo(), 'hello world');
	t.false(client.closed);
	await stream.lb.clock.advance('5s');

	await eventually(() => {
		client.write('hello');
		return client.closed;
	}, 'reset of a client that writes on');
	t.is(client.received, '');
});

test('where a limit closes a connection, neither side that stays open keeps it', async t => {
	const got: string[] = [];
	await using backend = await startStreamBackend({
		serve: ({stream}) => {
			stream.on('data', chunk => {
				got.push(String(chunk));
				stream.write('an answer');
			});
		},
	});
	await using lb = await startLoadBalancer({
		listeners: ['tcp:80'],
		backends: [`127.0.0.1:${backend.port}`],
		clock: 'manual',
	});
	using armed = lb.inject({on: 'listener:80', do: {limit: 4}});
	const client = await open({port: lb.port(80), reading: 'all'});
	client.write('hello');

	t.is(await client.untilEnd(), 'an a');

	const connection = await backend.connection();
	await connection.untilEnd();
	await eventually(() => lb.traffic.length === 1 && lb.traffic.last().outcome === 'fault');
	t.is(armed.hits, 1);
	t.deepEqual(got, ['hello']);
	client.reset();
});

/** Writes on until the connection is closed, whatever its other side has said. */
async function writeOn(connection: RawConnection): Promise<string> {
	await eventually(() => {
		if (!connection.closed) connection.write('more');
		return connection.closed;
	}, 'end of a connection that is written on');
	return connection.error?.code ?? 'no error';
}

for (const way of ['tcp', 'ssl'] as const) {
	for (const how of ['a back-end that closes', 'a fault that closes the back-end']) {
		test(`${way}: who writes on to ${how} gets a reset, after all that it had sent`, async t => {
			// The clock stands still: no timeout ends it.
			await using stream = await startStream(way, {clock: 'manual'});
			const isFault = how.startsWith('a fault');
			using armed = stream.lb.inject({on: `backend:${stream.name}`, do: {limit: 6}, skip: isFault ? 0 : 1});
			const client = await stream.client();
			if (!isFault) {
				const connection = await stream.backend.connection();
				connection.stream.removeAllListeners('data');
				connection.stream.on('data', () => connection.stream.end('hello ', () => connection.stream.destroy()));
			}
			client.write('hello world');
			t.is(await client.untilEnd(), 'hello ');

			t.regex(await writeOn(client), /^(ECONNRESET|EPIPE)$/);

			t.is(client.received, 'hello ');
			await eventually(() => stream.lb.traffic.last().outcome === 'backend-reset');
			t.is(stream.lb.traffic.last().fault, isFault ? armed.text : undefined);
		});
	}

	test(`${way}: a client that writes once while a fault closes the back-end sees an end`, async t => {
		await using stream = await startStream(way, {clock: 'manual'});
		using armed = stream.lb.inject({on: `backend:${stream.name}`, do: {close: true}, times: 1});
		const client = await stream.client();
		client.write('hello world');

		t.is(await client.untilOver(), 'end');

		t.is(armed.hits, 1);
		await eventually(() => stream.lb.traffic.last().outcome === 'fault');
	});

	test(`${way}: a back-end that a fault has closed is heard for 5 s of the clock, and reset where it writes on`, async t => {
		await using stream = await startStream(way, {clock: 'manual'});
		using armed = stream.lb.inject({on: `backend:${stream.name}`, do: {limit: 6}, times: 1});
		const client = await stream.client();
		const connection = await stream.backend.connection();
		// It does not end when the other side does.
		connection.stream.end = () => connection.stream;
		client.write('hello world');
		t.is(await client.untilEnd(), 'hello ');
		await eventually(() => connection.ended);
		t.is(stream.got[0], 'hello world', 'what was sent before is delivered');

		// What it still sends is read and lost.
		await connection.writeAll('more');
		await stream.lb.clock.advance(4999);
		t.is(await stream.echo(), 'hello world');
		t.false(connection.closed);
		await stream.lb.clock.advance('5s');

		t.regex(await writeOn(connection), /^(ECONNRESET|EPIPE)$/);
		t.is(client.received, 'hello ');
		t.false(client.closed, 'its own side is as open as it was');
		t.is(armed.hits, 1);
	});
}

test('re-encrypted: who writes on to a back-end whose TLS a fault has cut gets a reset', async t => {
	await using stream = await startStream('re-encrypted', {clock: 'manual'});
	// More than a handshake needs, and less than the echo.
	using armed = stream.lb.inject({on: `backend:${stream.name}`, do: {limit: 10_000}});
	const client = await stream.client();
	client.write('hello');
	await client.until('hello');
	client.write('x'.repeat(20_000));
	t.regex(await client.untilEnd(), /^hellox*$/);

	t.regex(await writeOn(client), /^(ECONNRESET|EPIPE)$/);

	t.true(client.received.length < 10_000);
	await eventually(() => stream.lb.traffic.last().outcome === 'backend-reset');
	t.is(stream.lb.traffic.last().fault, armed.text);
});

test('TLS that is truncated at an SSL back-end is an end to its client, whose own TLS ends in good order', async t => {
	await using stream = await startStream('re-encrypted');
	using armed = stream.lb.inject({on: `backend:${stream.name}`, do: {tls: 'truncate'}, times: 1});
	const client = await stream.client();
	const clientEnds = notified(client);
	client.write('hello world');

	t.true(await clientEnds);

	t.is(client.received, 'hello ');
	t.is(armed.hits, 1);
	t.false(await notified(await stream.backend.connection()), 'the back-end gets no close_notify');
	t.is(stream.got[0], 'hello world');
	t.is(stream.lb.traffic.last().outcome, 'backend-reset');
	t.is(stream.lb.traffic.last().fault, armed.text);
	t.is(await stream.echo(), 'hello world');
});

test('TLS that is truncated at an SSL listener ends without a close_notify, and the back-end sees the end', async t => {
	await using stream = await startStream('ssl');
	using armed = stream.lb.inject({on: 'listener:80', do: {tls: 'truncate'}, times: 1});
	const cut = await stream.client();
	const cutEnds = notified(cut);
	cut.write('hello world');
	t.false(await cutEnds);
	t.is(cut.received, 'hello ');
	t.is(armed.hits, 1);
	const atBackend = await stream.backend.connection();
	t.is(await atBackend.untilEnd(), '', 'read on demand');
	t.is(await atBackend.untilOver(), 'end');

	const whole = await stream.client();
	const wholeEnds = notified(whole);
	whole.write('hello world');
	await whole.until('hello world');
	whole.end();
	t.true(await wholeEnds, 'without the fault there is one');
});

test('TLS is not truncated once the fault is removed', async t => {
	await using stream = await startStream('ssl');
	const armed = stream.lb.inject({on: 'listener:80', do: {tls: 'truncate'}});
	const client = await stream.client();
	await eventually(() => armed.hits === 1);

	armed.remove();

	client.write('hello world');
	t.is(await client.until('hello world'), 'hello world');
});

test('a TLS handshake that stalls ends by the handshake timeout of the load balancer, and when the fault is removed', async t => {
	await using stream = await startStream('ssl');
	const armed = stream.lb.inject({on: 'listener:80', do: {tls: 'stall'}});
	const handshake = stream.client().then(
		() => 'done',
		() => 'none',
	);
	await eventually(() => armed.hits === 1);

	armed.remove();

	t.is(await within('end of the handshake', handshake), 'none');
	await eventually(() => [...stream.lb.traffic].at(-1)?.outcome === 'fault');
	t.is(await stream.echo(), 'hello world');
});

test('a back-end whose handshake stalls is left in time', async t => {
	await using stream = await startStream('re-encrypted', {clock: 'manual', connectTimeout: '5s'});
	using armed = stream.lb.inject({on: `backend:${stream.name}`, do: {tls: 'stall'}});
	const client = await stream.client();
	await eventually(() => armed.hits === 1);

	await stream.lb.clock.advance('6s');

	t.is(await client.untilOver(), 'reset');
	t.is(stream.lb.traffic.last().outcome, 'connect-timeout');
});

for (const way of ['ssl', 'passthrough'] as const) {
	test(`${way}: only clients that ask for the server name are hit`, async t => {
		await using stream = await startStream(way);
		const fault: Fault = way === 'ssl' ? {tls: 'alert'} : {reset: true};
		using armed = stream.lb.inject({on: 'listener:80', do: fault, sni: 'B.test'});

		t.is(await stream.echo(), 'hello world', 'it has asked for another one');
		t.is(armed.hits, 0);
		await t.throwsAsync(stream.client('b.test'));
		t.is(armed.hits, 1);
	});
}

test('what is blackholed at a listener reaches nobody, and a stop ends it', async t => {
	await using stream = await startStream('tcp');
	const armed = stream.lb.inject({on: 'listener:80', do: {blackhole: true}});
	const client = await stream.client();
	client.write('hello');
	await eventually(() => armed.hits === 1 && stream.backend.accepted.length === 1);

	await within('stop', stream.lb.stop());

	t.is(await client.untilOver(), 'reset');
	t.is(stream.got[0], '');
});

test('bytes of a limited bandwidth come by the clock, all of them and in order', async t => {
	await using stream = await startStream('tcp', {clock: 'manual'});
	using armed = stream.lb.inject({on: 'listener:80', do: {bandwidth: 1000}});
	const client = await stream.client();
	const sent = Array.from({length: 300}, (_, index) => `${index},`).join('');
	client.write(sent);
	await eventually(() => armed.hits === 1 && (stream.lb.traffic.last().bytes.down ?? 0) === sent.length);
	t.is(client.received, '');

	await stream.lb.clock.advance(500);
	await eventually(() => client.received.length === 500);
	await stream.lb.clock.advance(sent.length);

	await client.until(sent);
	t.is(client.received, sent);
});

for (const way of ['tcp', 'ssl', 're-encrypted'] as const) {
	for (const place of ['listener', 'back-end'] as const) {
		for (const direction of ['down', 'up'] as const) {
			test(`${way}: at a ${place} the end comes late, ${direction}, as its receiver sees it`, async t => {
				await using stream = await startStream(way, {clock: 'manual'});
				const on = place === 'listener' ? ('listener:80' as const) : (`backend:${stream.name}` as const);
				using armed = stream.lb.inject({on, do: {slowClose: '5s'}, direction, times: 1});
				const client = await stream.client();
				client.write('hello');
				await client.until('hello');
				const backend = await stream.backend.connection();
				const [sender, receiver] = direction === 'down' ? [backend, client] : [client, backend];
				receiver.stream.resume();
				sender.end();
				t.is(await stream.echo(), 'hello world', 'others go on');

				let waitedMs = 0;
				for (; !receiver.ended; waitedMs += 500) {
					await stream.lb.clock.advance(500);
					await new Promise(setImmediate);
				}

				t.true(waitedMs >= 5000, `${waitedMs}`);
				t.is(armed.hits, 1);
				receiver.end();
				// No time passes any more: the connection below ends with it.
				await eventually(() =>
					[...stream.lb.traffic].some(({fault, outcome}) => fault === armed.text && outcome === 'ok'),
				);
			});
		}
	}
}

test('TLS ends at once where the fault that holds its end back is removed', async t => {
	await using stream = await startStream('re-encrypted', {clock: 'manual'});
	const armed = stream.lb.inject({on: 'listener:80', do: {slowClose: '5s'}});
	const client = await stream.client();
	client.write('hello');
	await client.until('hello');
	(await stream.backend.connection()).end();
	await stream.lb.clock.advance('1s');
	t.false(client.ended);

	armed.remove();

	t.is(await client.untilEnd(), 'hello');
});

test('the end of TLS comes late after the last of the data, however slow that is', async t => {
	await using stream = await startStream('ssl', {clock: 'manual'});
	using slow = stream.lb.inject({on: 'listener:80', do: {bandwidth: 10_000}, times: 1});
	using late = stream.lb.inject({on: 'listener:80', do: {slowClose: '5s'}, times: 1});
	/** Moves the clock until the fact holds, and says how far. */
	const waited = async (fact: () => boolean) => {
		let ms = 0;
		for (; !fact(); ms += 500) {
			await stream.lb.clock.advance(500);
			await new Promise(setImmediate);
		}
		return ms;
	};
	let client: RawConnection | undefined;
	const connects = stream.client().then(connected => {
		client = connected;
	});
	await waited(() => client !== undefined);
	await connects;
	const backend = await stream.backend.connection();
	const sent = 'x'.repeat(50_000);
	backend.end(sent);

	await waited(() => client?.received === sent);
	const ms = await waited(() => client?.ended === true);

	t.true(ms >= 5000, `${ms}`);
	t.deepEqual([slow.hits, late.hits], [1, 1]);
});

test('the end of a connection comes late', async t => {
	await using stream = await startStream('tcp', {clock: 'manual'});
	using armed = stream.lb.inject({on: `backend:${stream.name}`, do: {slowClose: '5s'}});
	const client = await stream.client();
	client.write('hello');
	await client.until('hello');
	client.end();
	await stream.backend.connections[0]?.untilEnd();
	await stream.lb.clock.advance(1);
	t.false(client.ended);

	for (; !client.ended; await stream.lb.clock.advance('1s')) await new Promise(setImmediate);

	t.is(armed.hits, 1);
	t.is(await client.untilOver(), 'end');
});
