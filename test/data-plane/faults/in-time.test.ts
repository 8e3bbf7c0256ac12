import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {startStream} from '../../helpers/faulty-stream.ts';
import {eventually} from '../../helpers/patience.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';

const SENT = 'abcdefghij';

test('latency upwards holds back what the client sends, and not what comes to it', async t => {
	await using stream = await startStream('tcp', {clock: 'manual'});
	using armed = stream.lb.inject({on: 'listener:80', do: {latency: '5s'}, direction: 'up', times: 1});
	const slow = await stream.client();
	slow.write(SENT);
	const backend = await stream.backend.connection(0);
	backend.write('greeting');
	await slow.until('greeting');
	// What is sent later on another connection has come and gone by now.
	t.is(await stream.echo(), 'hello world');
	t.is(armed.hits, 1);
	t.is(stream.got[0], '');

	await stream.lb.clock.advance(4999);
	t.is(await stream.echo(), 'hello world');
	t.is(stream.got[0], '');
	await stream.lb.clock.advance(1);

	await eventually(() => stream.got[0] === SENT);
});

test('latency downwards holds back what the back-end sends, and not what goes to it', async t => {
	await using stream = await startStream('tcp', {clock: 'manual'});
	using armed = stream.lb.inject({on: 'listener:80', do: {latency: '5s'}, times: 1});
	const slow = await stream.client();
	slow.write(SENT);
	await eventually(() => stream.got[0] === SENT);
	t.is(await stream.echo(), 'hello world');
	t.is(armed.hits, 1);
	t.is(slow.received, '');

	await stream.lb.clock.advance('5s');

	await slow.until(SENT);
});

test('a limit upwards counts what the client sends', async t => {
	await using stream = await startStream('tcp');
	using armed = stream.lb.inject({on: 'listener:80', do: {limit: 4}, direction: 'up', times: 1});
	const client = await stream.client();
	client.write(SENT);

	await client.untilOver();

	await eventually(() => stream.got[0] === SENT.slice(0, 4));
	t.is(armed.hits, 1);
});

test('slices come one by one, with a pause between them', async t => {
	await using stream = await startStream('tcp', {clock: 'manual'});
	using armed = stream.lb.inject({on: 'listener:80', do: {slice: 4, delay: '1s'}});
	const client = await stream.client();
	client.write(SENT);
	await client.until('abcd');
	await eventually(() => stream.lb.traffic.last().bytes.down === SENT.length);
	t.is(client.received, 'abcd');

	await stream.lb.clock.advance(999);
	t.is(client.received, 'abcd');
	await stream.lb.clock.advance(1);
	await client.until('abcdefgh');
	t.is(client.received, 'abcdefgh');
	await stream.lb.clock.advance('1s');

	await client.until(SENT);
	t.is(armed.hits, 1);
});

/** For each request how far the clock had to be moved until it was answered, in steps of 10 ms. */
async function delays(seed: number): Promise<number[]> {
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: 1,
		clock: 'manual',
		seed,
		faults: [{on: 'backend:a', do: {latency: 500, jitter: 400}}],
	});
	const found: number[] = [];
	for (let request = 1; request <= 4; request++) {
		let isAnswered = false;
		const answer = lb.fetch('/').then(response => {
			isAnswered = response.status === 200;
		});
		await eventually(() => lb.faults[0]?.hits === request);
		let movedMs = 0;
		// The answer is held back; each round lets what the clock has set free come to the client.
		await eventually(async () => {
			if (isAnswered) return true;
			if (movedMs < 1000) {
				await lb.clock.advance(10);
				movedMs += 10;
			}
			return false;
		});
		await answer;
		found.push(lb.traffic.last().ms.total);
	}
	return found;
}

test('the jitter of a latency differs from hit to hit and from seed to seed, and keeps within its bounds', async t => {
	const [first, other] = await Promise.all([delays(1), delays(2)]);

	t.true(
		first.every(ms => ms >= 100 && ms <= 1000),
		`${first}`,
	);
	t.true(new Set(first).size > 1, `${first}`);
	t.notDeepEqual(other, first);
});

// 500 ms, give or take 400: the whole milliseconds of the first three delays of the first fault.
for (const [seed, expected] of [
	[1, [870, 563, 856]],
	[2, [289, 118, 309]],
] as const) {
	test(`with seed ${seed}, jitter delays by ${expected} ms, to the millisecond`, async t => {
		await using backend = await startStreamBackend({
			serve: ({stream}) => void stream.on('data', chunk => stream.write(chunk)),
		});
		await using lb = await startLoadBalancer({
			listeners: ['tcp:80', 'tcp:81'],
			backends: [`127.0.0.1:${backend.port}`],
			clock: 'manual',
			seed,
			faults: [{on: 'listener:80', do: {latency: 500, jitter: 400}}],
		});
		for (const [index, ms] of expected.entries()) {
			const slow = await open({port: lb.port(80), reading: 'all'});
			slow.write(SENT);
			await eventually(() => lb.traffic.length === 2 * index + 1 && lb.traffic.last().bytes.down === SENT.length);
			await lb.clock.advance(ms);
			const other = await open({port: lb.port(81), reading: 'all'});
			other.write(SENT);
			await other.until(SENT);
			t.is(slow.received, '', `not after ${ms} ms`);

			await lb.clock.advance(1);

			t.is(await slow.until(SENT), SENT);
			slow.reset();
			other.reset();
		}
	});
}
