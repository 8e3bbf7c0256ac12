import test from 'ava';
import {endedByCloseNotify} from '../../../src/base/reset.ts';
import type {Fault, FaultRule} from '../../../src/model/fault.ts';
import type {Outcome} from '../../../src/observability/exchange.ts';
import {startStream, WAYS, type Way} from '../../helpers/faulty-stream.ts';
import {eventually, within} from '../../helpers/patience.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';

const fires = test.macro<[way: Way, place: 'listener' | 'backend', fault: Fault, seen: string, outcome: Outcome]>({
	async exec(t, way, place, fault, seen, outcome) {
		await using stream = await startStream(way);
		const {lb} = stream;
		const on: FaultRule['on'] = place === 'listener' ? 'listener:80' : `backend:${stream.name}`;
		{
			using armed = lb.inject({on, do: fault, times: 1});

			t.is(await stream.echo(), seen);

			t.is(armed.hits, 1);
			if (seen !== 'hello world') await eventually(() => [...lb.traffic].at(-1)?.outcome === outcome, 'the outcome');
			t.is(lb.traffic.last().fault, armed.text);
		}
		t.is(await stream.echo(), 'hello world', 'once it is removed, nothing is wrong');
		t.is(lb.traffic.last().fault, undefined);
	},
	title: (_, way, place, fault) => `${way}: ${JSON.stringify(fault)} at a ${place}`,
});

for (const way of ['tcp', 'ssl', 're-encrypted', 'passthrough'] as const) {
	const {client: isTls} = WAYS[way];
	const endsTls = WAYS[way].listen.startsWith('ssl');
	const cut = isTls ? 'no handshake' : undefined;
	for (const place of ['listener', 'backend'] as const) {
		test(fires, way, place, {latency: 1}, 'hello world', 'ok');
		test(fires, way, place, {bandwidth: 1_000_000}, 'hello world', 'ok');
		test(fires, way, place, {slice: 100, delay: 1}, 'hello world', 'ok');
	}
	if (way === 'tcp') {
		test(fires, way, 'listener', {limit: 5}, 'hello… end', 'fault');
		test(fires, way, 'backend', {limit: 5}, 'hello… end', 'ok');
	}
	// An SSL listener's own handshake comes before its back-end is dialled.
	const atBackend = endsTls ? 'reset' : (cut ?? 'reset');
	test(fires, way, 'backend', {refuse: true}, atBackend, 'connect-refused');
	test(fires, way, 'backend', {reset: true}, atBackend, 'backend-reset');
	if (!endsTls) {
		test(fires, way, 'listener', {reset: true}, cut ?? 'reset', 'fault');
		test(fires, way, 'listener', {close: true}, cut ?? 'end', 'fault');
	}
}

test(fires, 'ssl', 'listener', {tls: 'alert'}, 'no handshake', 'fault');
test(fires, 'ssl', 'listener', {tls: 'wrong-certificate'}, 'no handshake', 'fault');
test(fires, 're-encrypted', 'backend', {tls: 'alert'}, 'reset', 'backend-tls');
test(fires, 'ssl', 'listener', {tls: 'truncate'}, 'hello … end', 'fault');

test('TLS that is truncated at an SSL listener ends without a close_notify, and the back-end sees the end', async t => {
	await using stream = await startStream('ssl');
	using armed = stream.lb.inject({on: 'listener:80', do: {tls: 'truncate'}, times: 1});
	/** Whether the client has got a close_notify. */
	const isNotified = async (client: RawConnection) => {
		const notified = new Promise<boolean>(resolve => {
			client.stream.once('end', () => resolve(endedByCloseNotify(client.raw)));
		});
		return within('end of TLS', notified);
	};
	const cut = await stream.client();
	const cutEnds = isNotified(cut);
	cut.write('hello world');
	t.false(await cutEnds);
	t.is(cut.received, 'hello ');
	t.is(armed.hits, 1);
	const atBackend = await stream.backend.connection();
	t.is(await atBackend.untilEnd(), '', 'read on demand');
	t.is(await atBackend.untilOver(), 'end');

	const whole = await stream.client();
	const wholeEnds = isNotified(whole);
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
