import {once} from 'node:events';
import {connect} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type Emulator, type EmulatorOptions, startEmulator} from '../../src/index.ts';
import {authority} from '../helpers/emulator-scene.ts';
import {EventReader} from '../helpers/event-reader.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';
import {eventually, within} from '../helpers/patience.ts';

async function start(t: ExecutionContext, options: EmulatorOptions = {}): Promise<Emulator> {
	const emulator = await startEmulator({port: 0, authority, ...options});
	t.teardown(() => emulator.stop());
	await emulator.create({name: 'web', listeners: ['http:80'], backends: 2});
	return emulator;
}

test('a stream says first whose it is, and then what happens', async t => {
	const emulator = await start(t);
	const reader = await EventReader.open(t, emulator);

	t.is(reader.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
	t.is(reader.response.headers.get('cache-control'), 'no-store');
	t.is(reader.response.headers.get('x-accel-buffering'), 'no');
	const hello = await reader.until('hello');
	t.is(typeof hello.data.instance, 'string');
	t.is(typeof hello.data.revision, 'number');
	t.is(reader.told[0], hello);

	await emulator.get('web').fetch('/1');
	// A busy machine may send an event between its beginning and its end.
	const {data} = await reader.until('exchanges', ({ended}) => ended.length > 0);
	t.deepEqual(data.opened, []);
	t.like(data.ended, [{lb: 'web', target: '/1', backend: 'a', status: 200, open: false}]);
});

test('a back-end that is stopped or started changes the state, and that is told', async t => {
	// No probe comes in between.
	const emulator = await start(t, {clock: 'manual'});
	await emulator.get('web').settle();
	const reader = await EventReader.open(t, emulator);
	const {revision} = (await reader.until('hello')).data;

	await emulator.get('web').backend('a').stop();
	const stopped = await reader.until('state', data => data.revision > revision);
	await emulator.get('web').backend('a').start();

	const started = await reader.until('state', data => data.revision > stopped.data.revision);
	t.is(started.data.revision - revision, 2);
});

test('an exchange that takes its time is told when it opens, and when it ends', async t => {
	const emulator = await start(t);
	let finish = () => {};
	const finished = new Promise<void>(resolve => {
		finish = resolve;
	});
	await emulator.create({
		name: 'slow',
		listeners: ['http:80'],
		backends: [{kind: 'handler', handler: (_, response) => void finished.then(() => response.end())}],
	});
	const reader = await EventReader.open(t, emulator);
	const answer = emulator.get('slow').fetch('/wait');

	const opened = await reader.until('exchanges', ({opened}) => opened.length > 0);
	t.like(opened.data.opened, [{lb: 'slow', target: '/wait', open: true}]);
	finish();
	await answer;

	const ended = await reader.until('exchanges', ({ended}) => ended.length > 0);
	t.is(ended.data.ended[0].seq, opened.data.opened[0].seq);
});

test('changes, calls, health and notices are events with fields', async t => {
	const emulator = await start(t);
	const reader = await EventReader.open(t, emulator);
	const {data: hello} = await reader.until('hello');

	await fetch(`${emulator.endpoint}/api/v1/CreateLoadBalancer`, {
		method: 'POST',
		body: JSON.stringify(newLoadBalancer('made')),
	});
	t.like((await reader.until('call')).data, {action: 'CreateLoadBalancer', api: 'oapi', status: 200});
	t.true((await reader.until('state')).data.revision > hello.revision);

	await emulator.create({
		name: 'sick',
		listeners: ['http:80'],
		backends: [{kind: 'reply', name: 'app', status: 500}],
		healthCheck: {target: 'HTTP:80/', interval: 50, timeout: '1s', unhealthy: 2, healthy: 2},
	});
	await emulator.get('sick').settle();
	t.like((await reader.until('health')).data, {loadBalancer: 'sick', backend: 'app', transition: {to: 'OutOfService'}});
	t.like((await reader.until('notice')).data, {level: 'warning', topic: 'durations', loadBalancer: 'sick'});

	void emulator.get('web').drain('a');
	await fetch(`${emulator.endpoint}/_lb/drain`, {
		method: 'POST',
		body: JSON.stringify({loadBalancer: 'web', backend: 'b'}),
	});
	t.deepEqual((await reader.until('drained')).data, {loadBalancer: 'web', backend: 'b'});
});

test('taking a back-end out by hand changes the revision', async t => {
	const emulator = await start(t);
	const reader = await EventReader.open(t, emulator);
	const {data: hello} = await reader.until('hello');

	emulator.get('web').setHealth('a', 'OutOfService');

	t.true((await reader.until('state')).data.revision > hello.revision);
});

test('a reader that comes back is told what it missed, and nothing twice', async t => {
	const emulator = await start(t);
	const first = await EventReader.open(t, emulator);
	await first.until('hello');
	await emulator.get('web').fetch('/1');
	// A busy machine may send an event between its beginning and its end: the end would be told to the second reader then.
	await first.until('exchanges', ({ended}) => ended.length > 0);
	const lastId = first.lastId;
	await first.close();
	await emulator.get('web').fetch('/2');
	await emulator.get('web').fetch('/3');

	const second = await EventReader.open(t, emulator, lastId);

	await eventually(() => second.targets.length >= 2);
	t.deepEqual(second.targets, ['/2', '/3']);
	t.false(second.told.some(({event}) => event === 'resync'));
	t.is(second.told[0]?.data.instance, first.told[0]?.data.instance);
});

test('a reader that comes back with a number that is not known, or too old, is told to read everything', async t => {
	const emulator = await start(t);
	for (const lastEventId of ['999999', 'nonsense', '-1']) {
		const reader = await EventReader.open(t, emulator, lastEventId);
		await reader.until('resync');
		t.is(reader.told[0]?.event, 'hello');
		await reader.close();
	}
	// More events than are kept.
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');
	const lastId = reader.lastId;
	const send = () => fetch(`${emulator.endpoint}/api/v1/ReadLoadBalancers`, {method: 'POST', body: '{}'});
	for (let round = 0; round < 70; round++) await Promise.all(Array.from({length: 30}, send));
	await reader.close();
	const back = await EventReader.open(t, emulator, lastId);
	await back.until('resync');
	t.pass();
});

test('more exchanges than one event has are counted', async t => {
	const emulator = await start(t);
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');
	const lb = emulator.get('web');
	const agents = Array.from({length: 40}, async () => {
		for (let index = 0; index < 40; index++) await lb.fetch('/');
	});
	await Promise.all(agents);

	const told = () =>
		reader.told
			.filter(({event}) => event === 'exchanges')
			.reduce((sum, {data}) => sum + data.ended.length + (data.dropped ?? 0), 0);
	await eventually(() => told() >= 1600);
	for (const {event, data} of reader.told) {
		if (event === 'exchanges') t.true(data.ended.length + data.opened.length <= 100);
	}
});

test('a reader that never reads costs a bounded queue, and the load balancer goes on', async t => {
	const emulator = await start(t);
	const stalled = connect(Number(new URL(emulator.endpoint).port), '127.0.0.1');
	t.teardown(() => stalled.destroy());
	stalled.write('GET /_lb/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
	await once(stalled, 'data');
	stalled.pause();
	const other = await EventReader.open(t, emulator);
	await other.until('hello');

	// More than its queue and the system's buffers hold: each exchange is some 400 characters.
	const lb = emulator.get('web');
	for (let round = 0; round < 40; round++) {
		await Promise.all(Array.from({length: 25}, () => lb.fetch(`/${'a'.repeat(300)}`)));
	}
	t.is(lb.traffic.length, 1000);

	t.is((await lb.fetch('/last')).status, 200);
	await eventually(() => other.targets.includes('/last'));
	t.false(other.told.some(({event}) => event === 'resync'));
});

test('there may be 16 streams; the next one is refused, and may come when one has gone', async t => {
	const emulator = await start(t);
	const readers = await Promise.all(Array.from({length: 16}, () => EventReader.open(t, emulator)));
	for (const reader of readers) await reader.until('hello');

	const refused = await fetch(`${emulator.endpoint}/_lb/events`);
	t.is(refused.status, 503);
	t.regex(await refused.text(), /TOO_MANY_STREAMS/);

	await readers[0]?.close();
	await eventually(async () => {
		const reader = await EventReader.open(t, emulator);
		const {status} = reader.response;
		if (status !== 200) await reader.close();
		return status === 200;
	});
	t.is((await fetch(`${emulator.endpoint}/_lb/events`, {method: 'HEAD'})).status, 503);
});

test('HEAD opens no stream', async t => {
	const emulator = await start(t);
	for (let index = 0; index < 20; index++) {
		t.is((await fetch(`${emulator.endpoint}/_lb/events`, {method: 'HEAD'})).status, 200);
	}
});

test('a stop ends the streams first, with a last word, while what is in flight goes on', async t => {
	const emulator = await start(t);
	const held: (() => void)[] = [];
	await emulator.create({
		name: 'slow',
		listeners: ['http:80'],
		backends: [{kind: 'handler', handler: (_, response) => void held.push(() => response.end())}],
	});
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');
	const arrived = emulator.get('slow').traffic.arrival();
	const answer = emulator.get('slow').fetch('/');
	await arrived;
	await eventually(() => held.length > 0);

	const stopped = emulator.stop({drainMs: 3_600_000});
	await within('the end of the stream', reader.ended);
	t.is(reader.told.at(-1)?.event, 'bye');
	const late = await fetch(`${emulator.endpoint}/_lb/events`);
	t.is(late.status, 503);
	await late.text();
	for (const release of held) release();
	t.is((await answer).status, 200);
	await stopped;
});

test('advice is an event, with where its exchange is found and nothing of what is in it', async t => {
	const emulator = await start(t);
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');

	await emulator.get('web').fetch('/', {headers: {'x-forwarded-for': '203.0.113.9'}});

	const {data} = await reader.until('advice');
	t.like(data, {code: 'forwarded-for-forgeable', loadBalancer: 'web', listener: 80, count: 1, seen: {id: 1, seq: 1}});
	t.false(JSON.stringify(data).includes('203.0.113.9'));
	await reader.until('state');
});

test('who clears the record, or takes a load balancer away, is told to all readers once', async t => {
	const emulator = await start(t);
	await emulator.create({name: 'other', listeners: ['http:81'], backends: 1});
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');
	const cleared = () => reader.told.filter(({event}) => event === 'cleared').length;

	emulator.get('web').traffic.clear();
	emulator.get('other').traffic.clear();
	await reader.until('cleared');
	t.is(cleared(), 1);
	await fetch(`${emulator.endpoint}/_lb/traffic`, {method: 'DELETE'});
	await eventually(() => cleared() === 2, 'what was cleared over the wire');
	await emulator.get('other').stop();
	await eventually(() => cleared() === 3, 'that a load balancer is gone');
	await emulator.get('web').fetch('/after');
	await reader.until('exchanges', ({ended}) => ended.some(({target}: {target: string}) => target === '/after'));
	t.is(cleared(), 3);
});
