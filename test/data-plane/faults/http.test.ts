import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import type {Fault, FaultRule} from '../../../src/model/fault.ts';
import type {Outcome} from '../../../src/observability/exchange.ts';
import {eventually, within} from '../../helpers/patience.ts';
import {openClient, type Scene, startScene, type Way} from '../../helpers/raw-scene.ts';

const BODY = 'GET /a HTTP/1.1';
const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';

/**
 * What a client sees of one request: status and body of an answer, or what came and how the connection ended: `503 later`,
 * `reset`, `200 GET /a… end`.
 */
async function seenBy(scene: Scene, request = REQUEST): Promise<string> {
	const client = await scene.client();
	client.write(request);
	const whole = client.message().then(
		({line, body}) => `${line.split(' ')[1]} ${body.trimEnd()}`,
		() => undefined,
	);
	const over = client.untilOver().then(how => {
		const [head = '', body = ''] = client.received.split('\r\n\r\n');
		if (head === '') return how;
		return head.startsWith('HTTP/1.1 ') ? `${head.slice(9, 12)} ${body}… ${how}` : `garbage… ${how}`;
	});
	return within('answer, or the end of the connection', Promise.race([whole.then(seen => seen ?? over), over]));
}

interface Expected {
	readonly seen: string;
	readonly outcome: Outcome;
	/** How many connections the back-end has had, and requests. */
	readonly backend: readonly [connections: number, requests: number];
}

const fires = test.macro<[place: 'listener' | 'backend', fault: Fault, ways: readonly [Way, Way], expected: Expected]>({
	async exec(t, place, fault, [front, back], {seen, outcome, backend}) {
		await using scene = await startScene({front, back});
		const {lb} = scene;
		const on: FaultRule['on'] = place === 'listener' ? 'listener:80' : `backend:${lb.backends[0]?.name ?? ''}`;
		{
			using armed = lb.inject({on, do: fault, times: 1});

			t.is(await seenBy(scene), seen);

			t.is(armed.hits, 1);
			await eventually(() => lb.traffic.last()?.outcome !== 'open');
			const exchange = lb.traffic.last();
			t.is(exchange?.fault, armed.text);
			t.is(exchange?.outcome, outcome);
			t.true(exchange?.cause.includes(`fault: ${armed.text}`));
			t.deepEqual([scene.backend.accepted.length, scene.backend.requests.length], backend);
		}
		t.is(await seenBy(scene), `200 ${BODY}`, 'once it is removed, nothing is wrong');
		t.is(lb.traffic.last()?.fault, undefined);
		t.deepEqual(lb.faults, []);
	},
	title: (_, place, fault, [front, back]) => `${JSON.stringify(fault)} at a ${place}, ${front} to ${back}`,
});

for (const ways of [
	['http', 'http'],
	['https', 'https'],
] as const) {
	const at = (
		place: 'listener' | 'backend',
		fault: Fault,
		seen: string,
		outcome: Outcome,
		connections: number,
		requests: number,
	) => test(fires, place, fault, ways, {seen, outcome, backend: [connections, requests]});
	at('listener', {status: 429, body: 'later', headers: {'Retry-After': '1'}}, '429 later', 'fault', 0, 0);
	at('listener', {contentLength: 100}, `200 ${BODY}… end`, 'fault', 1, 1);
	at('backend', {status: 429, body: 'later', headers: {'Retry-After': '1'}}, '429 later', 'fault', 0, 0);
	at('backend', {contentLength: 100}, `200 ${BODY}… reset`, 'backend-reset', 1, 1);
}

test('a limit ends the connection after so many bytes', async t => {
	await using scene = await startScene();
	using armed = scene.lb.inject({on: 'listener:80', do: {limit: 30}});

	const client = await scene.client();
	client.write(REQUEST);

	t.is(await client.untilOver(), 'end');
	t.is(client.received.length, 30);
	t.is(armed.hits, 1);
});

test('the keep-alive race: an idempotent request is sent again, another one is answered 502', async t => {
	await using scene = await startScene();
	const {lb} = scene;
	const client = await scene.client();
	const ask = async (request: string) => {
		client.write(request);
		return (await client.message()).line;
	};
	const name = lb.backends[0]?.name ?? '';
	using armed = lb.inject({on: `backend:${name}`, do: {reset: 'on-reuse'}});

	t.is(await ask(REQUEST), 'HTTP/1.1 200 OK', 'the first one has nothing to reuse');
	t.is(armed.hits, 0);
	t.is(await ask(REQUEST), 'HTTP/1.1 200 OK', 'sent again');
	t.is(armed.hits, 1);
	t.deepEqual(
		lb.traffic.last()?.attempts.map(({reused, end}) => [reused, end]),
		[
			[true, 'backend-reset'],
			[false, 'ok'],
		],
	);
	t.is(await scene.backend.connections[0]?.untilOver(), 'reset', 'the back-end sees its idle connection go');
	t.is(await ask(POST), 'HTTP/1.1 502 Bad Gateway', 'the 502 that nobody can reproduce');
	t.is(armed.hits, 2);
	t.is(lb.traffic.last()?.outcome, 'backend-reset');
	t.is(scene.backend.requests.length, 2, 'the request that was lost has not reached the back-end');
	armed.remove();
	t.is(await ask(POST), 'HTTP/1.1 200 OK');
	t.is(await ask(POST), 'HTTP/1.1 200 OK');
	t.is(armed.hits, 2);
});

test('a client that reuses its own connection is reset, and one that comes anew is not', async t => {
	await using scene = await startScene();
	const {lb} = scene;
	using armed = lb.inject({on: 'listener:80', do: {reset: 'on-reuse'}});
	const client = await scene.client();
	client.write(REQUEST);
	t.is((await client.message()).line, 'HTTP/1.1 200 OK');

	client.write(REQUEST);

	t.is(await client.untilOver(), 'reset');
	t.is(armed.hits, 1);
	t.is(await seenBy(scene), `200 ${BODY}`);
	t.is(scene.backend.requests.length, 2);
});

test('a rule skips, hits every so many-th, and ends after so many', async t => {
	await using scene = await startScene();
	using armed = scene.lb.inject({on: 'listener:80', do: {status: 503}, skip: 1, every: 2, times: 2});
	const client = await scene.client();
	const statuses: string[] = [];
	for (let i = 0; i < 7; i++) {
		client.write(REQUEST);
		statuses.push((await client.message()).line.slice(9, 12));
	}

	t.deepEqual(statuses, ['200', '503', '200', '503', '200', '200', '200']);
	t.is(armed.hits, 2);
	t.is(scene.lb.faults.length, 1, 'it is armed until it is removed');
});

test('only requests of the path and with the field are hit', async t => {
	await using scene = await startScene();
	using armed = scene.lb.inject({on: 'listener:80', do: {status: 503}, path: '/api/*', header: 'X-Tenant=ac*'});
	const ask = async (target: string, field: string) =>
		(await seenBy(scene, `GET ${target} HTTP/1.1\r\nHost: a\r\n${field}\r\n`)).slice(0, 3);

	t.is(await ask('/api/a?b', 'x-tenant: acme\r\n'), '503');
	t.is(await ask('/api/a', 'x-tenant: other\r\n'), '200');
	t.is(await ask('/api/a', ''), '200');
	t.is(await ask('/other', 'x-tenant: acme\r\n'), '200');
	t.is(armed.hits, 1);
});

test('a delay goes by the clock of the emulator, and is exact', async t => {
	await using scene = await startScene({spec: {clock: 'manual'}});
	const {lb} = scene;
	const name = lb.backends[0]?.name ?? '';
	let served = 0;
	for (const on of ['listener:80', `backend:${name}`] as const) {
		using armed = lb.inject({on, do: {latency: '2s'}});
		const client = await scene.client();
		client.write(REQUEST);
		await eventually(() => armed.hits === 1 && client.received === '' && scene.backend.requests.length > served);
		served++;
		await lb.clock.advance(1999);
		t.is(client.received, '', 'not before its time');
		// The answer may only just have come to the load balancer.
		for (; client.received === ''; await lb.clock.advance(1)) await new Promise(setImmediate);
		t.is((await client.message()).line, 'HTTP/1.1 200 OK');
		t.is(armed.hits, 1);
	}
});

test('what a fault holds back goes on when it is removed', async t => {
	await using scene = await startScene({spec: {clock: 'manual'}});
	const {lb} = scene;
	const name = lb.backends[0]?.name ?? '';
	for (const rule of [
		{on: 'listener:80', do: {blackhole: true}},
		{on: 'listener:80', do: {latency: '1h'}},
		{on: `backend:${name}`, do: {latency: '1h'}},
		{on: `backend:${name}`, do: {bandwidth: 1}},
	] as const) {
		const armed = lb.inject(rule);
		const client = await scene.client();
		client.write(REQUEST);
		await eventually(() => armed.hits === 1);
		t.is(client.received, '');

		armed.remove();

		t.is((await client.message()).line, 'HTTP/1.1 200 OK', armed.text);
	}
});

test('a back-end in a black hole takes no connection in time', async t => {
	await using scene = await startScene({spec: {clock: 'manual', connectTimeout: '5s'}});
	const {lb} = scene;
	using armed = lb.inject({on: `backend:${lb.backends[0]?.name ?? ''}`, do: {blackhole: true}});
	const client = await scene.client();
	client.write(REQUEST);
	await eventually(() => armed.hits === 1);

	await lb.clock.advance('6s');

	t.is((await client.message()).line, 'HTTP/1.1 504 Gateway Timeout');
	t.is(lb.traffic.last()?.outcome, 'connect-timeout');
	t.is(scene.backend.accepted.length, 0);
});

test('an upgrade that no fault hits passes while others are armed', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	t.teardown(() => lb.stop());
	const armed = lb.inject({on: 'listener:80', do: {close: true}, path: '/other'});
	const client = await openClient(lb);
	client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
	await client.until('101 Switching Protocols');
	client.write('hello');

	t.true((await client.until('hello')).endsWith('hello'));
	t.is(armed.hits, 0);
	client.reset();
});

test('a fault that is injected under way hits connections that stand', async t => {
	await using scene = await startScene();
	const client = await scene.client();
	client.write(REQUEST);
	t.is((await client.message()).line, 'HTTP/1.1 200 OK');

	using armed = scene.lb.inject({on: 'listener:80', do: {status: 500}});
	client.write(REQUEST);

	t.is((await client.message()).line, 'HTTP/1.1 500 Internal Server Error');
	t.is(armed.hits, 1);
});

test('a stop ends what is held back', async t => {
	await using scene = await startScene();
	const {lb} = scene;
	const name = lb.backends[0]?.name ?? '';
	const rules = [
		lb.inject({on: 'listener:80', do: {blackhole: true}, path: '/1'}),
		lb.inject({on: 'listener:80', do: {latency: '1h'}, path: '/2'}),
		lb.inject({on: `backend:${name}`, do: {latency: '1h'}, path: '/3'}),
		lb.inject({on: `backend:${name}`, do: {blackhole: true}, path: '/4'}),
	];
	const clients = await Promise.all(rules.map(() => scene.client()));
	for (const [index, client] of clients.entries()) client.write(`GET /${index + 1} HTTP/1.1\r\nHost: a\r\n\r\n`);
	await eventually(() => rules.every(({hits}) => hits === 1));

	await within('stop', lb.stop());

	for (const client of clients) t.true(['end', 'reset'].includes(await client.untilOver()));
	t.throws(() => lb.inject({on: 'listener:80', do: {close: true}}), {code: 'STOPPED'});
	t.deepEqual(lb.faults, []);
});

test('a fault that can never fire is refused with the reason', async t => {
	await using scene = await startScene();

	t.throws(() => scene.lb.inject({on: 'backend:nobody', do: {close: true}}), {
		code: 'INVALID_DESCRIPTION',
		message: /no back-end is named "nobody"/,
	});
	t.throws(() => scene.lb.inject({on: 'listener:80', do: {tls: 'alert'}}), {
		message:
			'The fault is not valid:\n  do.tls: a TLS fault goes with https and ssl listeners, and the one on port 80 is http',
	});
	t.throws(() => scene.lb.inject({on: 'api', do: {throttle: true}}), {
		message: /a load balancer is not the cloud's API/,
	});
	t.deepEqual(scene.lb.faults, []);
});
