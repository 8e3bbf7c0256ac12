import test, {type ExecutionContext} from 'ava';
import {
	type Attempt,
	type Exchange,
	type ListenerSpec,
	type LoadBalancer,
	startLoadBalancer,
} from '../../../src/index.ts';
import {deadPort} from '../../helpers/ports.ts';
import {answer, dated, type RawBackend, type Script, startRawBackend} from '../../helpers/raw-backend.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';
import {authority, openClient} from '../../helpers/raw-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = dated('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
const KEPT_LOST = 'the back-end reset a kept-alive connection before it answered';

/** Answers one request; the next one on the same connection is read, and then the connection is reset. */
const stale: Script = async connection => {
	await answer(OK)(connection);
	await answer('', 'reset')(connection);
};

const lose: Script = answer('', 'reset');

/** Names and ports of the back-ends, in the order of registration. */
type Ports = Readonly<Record<string, number>>;

async function start(
	t: ExecutionContext,
	ports: Ports,
	{listen = 'http:80 -> http:80', connectTimeout = '5s', clock = 'real'} = {},
): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({
		// Every listener of this file is written in full.
		listeners: [listen as ListenerSpec],
		backends: Object.entries(ports).map(([name, port]) => ({kind: 'address', name, host: '127.0.0.1', port})),
		// Both are text that says what it is.
		connectTimeout: connectTimeout as '5s',
		clock: clock as 'real',
		authority,
	});
	t.teardown(() => lb.stop());
	return lb;
}

async function backend(t: ExecutionContext, scripts: readonly Script[] = []): Promise<RawBackend> {
	const started = await startRawBackend({scripts});
	t.teardown(() => started[Symbol.asyncDispose]());
	return started;
}

async function open(t: ExecutionContext, lb: LoadBalancer, front: 'http' | 'https' = 'http'): Promise<RawConnection> {
	const client = await openClient(lb, front);
	t.teardown(() => client.reset());
	return client;
}

/** What does not depend on the machine; the times are judged by themselves. */
function told(t: ExecutionContext, exchange: Exchange): Omit<Attempt, 'ms'>[] {
	t.deepEqual(JSON.parse(JSON.stringify(exchange)).attempts, exchange.attempts, 'NDJSON says the same');
	const spent = exchange.attempts.reduce((sum, {ms}) => sum + ms, 0);
	if (exchange.attempts.length > 0)
		t.true(Math.abs(spent - exchange.ms.total) < 0.01, `${spent} ms of ${exchange.ms.total}`);
	return exchange.attempts.map(({ms: _, ...attempt}) => attempt);
}

test('a request that is served at once has one attempt, as the exchange went', async t => {
	const lb = await start(t, {a: (await backend(t)).port});
	const client = await open(t, lb);

	for (const reused of [false, true]) {
		client.write(GET);
		await client.message();
		t.deepEqual(told(t, lb.traffic.last()), [{backend: 'a', reused, end: 'ok', cause: ''}]);
	}
});

test('without a back-end in service, and of what is no request, there is no attempt', async t => {
	const lb = await start(t, {});
	const client = await open(t, lb);

	client.write(GET);
	await client.message();
	t.deepEqual(told(t, lb.traffic.last()), []);
	client.write('GET\r\n\r\n');
	await client.message();
	t.is(lb.traffic.last().outcome, 'bad-request');
	t.deepEqual(told(t, lb.traffic.last()), []);
});

test('a request that is sent once more shows that its kept-alive connection was lost', async t => {
	const lb = await start(t, {a: (await backend(t, [stale])).port});
	const client = await open(t, lb);
	client.write(GET);
	await client.message();

	client.write(GET);
	await client.message();

	const exchange = lb.traffic.last();
	t.like(exchange, {outcome: 'ok', cause: '', backend: {name: 'a', reused: false}});
	t.deepEqual(told(t, exchange), [
		{backend: 'a', reused: true, end: 'backend-reset', cause: KEPT_LOST},
		{backend: 'a', reused: false, end: 'ok', cause: ''},
	]);
	t.is(lb.traffic.length, 2);
});

test('a request that is lost twice shows both', async t => {
	const lb = await start(t, {a: (await backend(t, [stale, lose])).port});
	const client = await open(t, lb);
	client.write(GET);
	await client.message();

	client.write(GET);
	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');

	t.deepEqual(told(t, lb.traffic.last()), [
		{backend: 'a', reused: true, end: 'backend-reset', cause: KEPT_LOST},
		{backend: 'a', reused: false, end: 'backend-reset', cause: 'the back-end reset the connection before it answered'},
	]);
});

test('a request that is lost, refused and served by another back-end shows all three', async t => {
	const first = await backend(t, [stale]);
	const second = await backend(t);
	const lb = await start(t, {a: first.port, b: second.port});
	const client = await open(t, lb);
	for (let i = 0; i < 2; i++) {
		client.write(GET);
		await client.message();
	}

	first.refuse();
	client.write(GET);
	await client.message();

	const refused = `connect ECONNREFUSED 127.0.0.1:${first.port}`;
	t.deepEqual(told(t, lb.traffic.last()), [
		{backend: 'a', reused: true, end: 'backend-reset', cause: KEPT_LOST},
		{backend: 'a', reused: false, end: 'connect-refused', cause: refused},
		{backend: 'b', reused: true, end: 'ok', cause: ''},
	]);
});

const FRONTS = [
	['http:80 -> http:80', 'http', 'http'],
	['https:80 -> http:80', 'https', 'http'],
	['tcp:80 -> tcp:80', 'http', 'tcp'],
	['ssl:80 -> tcp:80', 'https', 'tcp'],
] as const;

for (const [listen, front, layer] of FRONTS) {
	test(`${listen}: back-ends that refuse are attempts before the one that takes it`, async t => {
		const [x, y] = [await deadPort(t), await deadPort(t)];
		const lb = await start(t, {x, y, z: (await backend(t)).port}, {listen});
		const recorded = lb.traffic.next(undefined, '60s');
		const client = await open(t, lb, front);

		client.write(GET);
		await client.message();
		client.end();
		await client.untilOver();

		const exchange = await recorded;
		t.is(exchange.outcome, 'ok');
		t.deepEqual(told(t, exchange), [
			{backend: 'x', reused: false, end: 'connect-refused', cause: `connect ECONNREFUSED 127.0.0.1:${x}`},
			{backend: 'y', reused: false, end: 'connect-refused', cause: `connect ECONNREFUSED 127.0.0.1:${y}`},
			{backend: 'z', reused: false, end: 'ok', cause: ''},
		]);
	});

	test(`${listen}: where every back-end refuses, the last attempt is how the exchange ended`, async t => {
		const [x, y] = [await deadPort(t), await deadPort(t)];
		const lb = await start(t, {x, y}, {listen});
		const recorded = lb.traffic.next(undefined, '60s');
		// It may hear of that while it still shakes hands.
		const opened = open(t, lb, front).then(
			client => client.write(GET),
			() => {},
		);

		const exchange = await recorded;
		await opened;
		t.deepEqual(told(t, exchange), [
			{backend: 'x', reused: false, end: 'connect-refused', cause: `connect ECONNREFUSED 127.0.0.1:${x}`},
			{backend: 'y', reused: false, end: exchange.outcome, cause: exchange.cause},
		]);
		t.is(exchange.cause, `connect ECONNREFUSED 127.0.0.1:${y}`);
	});

	test(`${listen}: a back-end that does not answer in time is an attempt, with the time it took`, async t => {
		// Accepts, and never answers the handshake.
		const silent = await backend(t, [connection => connection.untilOver().then(() => {})]);
		const secure = layer === 'tcp' ? 'ssl' : 'https';
		const towards = `${listen.slice(0, listen.indexOf('>') + 2)}${secure}:80`;
		const lb = await start(
			t,
			{x: silent.port, y: silent.port},
			{listen: towards, connectTimeout: '1s', clock: 'manual'},
		);
		const recorded = lb.traffic.next(undefined, '60s');
		const client = await open(t, lb, front);
		client.write(GET);
		await (await silent.connection(0)).until('\x16');

		await lb.clock.advance('1500ms');
		await (await silent.connection(1)).until('\x16');
		t.like(lb.traffic.last(), {outcome: 'open', attempts: [{backend: 'x'}, {backend: 'y', end: 'open', ms: 0}]});
		await lb.clock.advance('1500ms');
		const exchange = await recorded;

		const cause = 'no connection within 1000 ms';
		t.deepEqual(told(t, exchange), [
			{backend: 'x', reused: false, end: 'connect-timeout', cause},
			{backend: 'y', reused: false, end: 'connect-timeout', cause},
		]);
		// A deadline is noticed one tick late at most.
		for (const {ms} of exchange.attempts) t.true(ms >= 1000 && ms < 1500, `${ms} ms`);
	});
}
