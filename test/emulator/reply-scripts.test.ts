import test from 'ava';
import {startEmulator, startLoadBalancer} from '../../src/index.ts';

test('a reply answers by its script, begins again after a stop and a start, and counts each back-end apart', async t => {
	const script = [
		{status: 503, times: 2},
		{status: 200, body: 'ok'},
	];
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [
			{kind: 'reply', name: 'one', script},
			{kind: 'reply', name: 'two', script},
		],
	});
	const statuses = async (count: number) => {
		const seen = [];
		for (let i = 0; i < count; i++) seen.push((await lb.fetch('/')).status);
		return seen;
	};

	t.deepEqual(await statuses(6), [503, 503, 503, 503, 200, 200]);
	await lb.backend('one').stop();
	await lb.backend('one').start();
	t.deepEqual((await statuses(2)).sort(), [200, 503]);
});

test('a script begins again at a reset of the emulator, and goes on through a reload', async t => {
	await using emulator = await startEmulator({
		config: {
			backends: {app: {kind: 'reply', script: [{status: 503}, {status: 429}, {status: 200}]}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['app']}},
		},
	});
	const next = async () => (await emulator.get('web').fetch('/')).status;

	t.is(await next(), 503);
	await emulator.reload();
	t.is(await next(), 429);
	await emulator.reset();
	t.is(await next(), 503);
});

test("a reply's times go by the emulator's clock, and so do its events", async t => {
	await using lb = await startLoadBalancer({
		clock: 'manual',
		listeners: ['http:80'],
		idleTimeout: '1h',
		backends: [
			{
				kind: 'reply',
				delay: '5m',
				script: [{path: '/events', delay: 0, events: {send: ['one', 'two'], every: '10m'}}, {path: '*'}],
			},
		],
	});

	const answer = lb.fetch('/late');
	await lb.traffic.arrival();
	await lb.clock.advance('5m');
	t.is((await answer).status, 200);

	const stream = await lb.fetch('/events');
	t.is(stream.headers.get('content-type'), 'text/event-stream');
	const text = stream.text();
	await lb.clock.advance('10m');
	t.is(await text, 'data: one\n\ndata: two\n\n');
});
