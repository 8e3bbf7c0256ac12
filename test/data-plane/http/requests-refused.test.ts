import test, {type ExecutionContext} from 'ava';
import {REFUSED_CHUNKS} from '../../codec/refused-chunks.ts';
import {REFUSED_REQUESTS} from '../../codec/refused-requests.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';
import {type Scene, startScene, type Way} from '../../helpers/raw-scene.ts';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';

/** The load balancer's own answer: small, with its length, silent about the cause; and then the connection is closed. */
async function isRefused(t: ExecutionContext, client: RawConnection, status: number): Promise<void> {
	const {head, body, line} = await client.message();

	t.true(line.startsWith(`HTTP/1.1 ${status} `), line);
	t.regex(head, /\r\nConnection: close\r\n/);
	t.regex(head, /\r\nContent-Length: [0-9]+\r\n/);
	t.regex(body, /^[0-9]{3} [A-Za-z -]+\n$/);
	t.is(await client.untilOver(), 'end');
	t.is(client.unread, '');
}

const scenes: Partial<Record<Way, Scene>> = {};
const sceneOf = (way: Way): Scene => {
	const scene = scenes[way];
	if (scene === undefined) throw new Error('not started');
	return scene;
};

test.before(async () => {
	for (const front of ['http', 'https'] as const) {
		scenes[front] = await startScene({front, spec: {record: {exchanges: 10_000}}});
	}
});

test.after.always(async () => {
	for (const scene of Object.values(scenes)) await scene[Symbol.asyncDispose]();
});

for (const front of ['http', 'https'] as const) {
	for (const [row, {rule, source, head, status, reason}] of REFUSED_REQUESTS.entries()) {
		test(`${front}, row ${row}: ${rule} is answered ${status}, reaches no back-end, and ends the connection [${source}]`, async t => {
			const scene = sceneOf(front);
			const recorded = scene.lb.traffic.next(
				({outcome, cause}) =>
					outcome === 'bad-request' && (typeof reason === 'string' ? cause === reason : reason.test(cause)),
				'60s',
			);

			await isRefused(t, await scene.send(head + SMUGGLED), status);

			const record = await recorded;
			t.is(record.backend, undefined);
			t.is(record.response.by, 'load-balancer');
			await scene.fresh(t);
			t.deepEqual(scene.reached, []);
		});
	}
}

for (const [rule, body, failure, source] of REFUSED_CHUNKS) {
	test(`a chunked body with ${rule} that comes with its head is answered 400 and reaches no back-end [${source}]`, async t => {
		const scene = sceneOf('http');
		const recorded = scene.lb.traffic.next(({cause}) => cause === failure, '60s');

		await isRefused(t, await scene.send(CHUNKED + body + SMUGGLED), 400);

		t.is((await recorded).outcome, 'bad-request');
		await scene.fresh(t);
		t.deepEqual(scene.reached, []);
	});

	test(`a chunked body with ${rule} that comes later is answered 400, and the back-end is cut off [${source}]`, async t => {
		await using scene = await startScene({scripts: [hang]});
		const client = await scene.send(CHUNKED);
		const upstream = await scene.backend.connection(0);
		await upstream.until('\r\n\r\n');

		client.write(body + SMUGGLED);

		await isRefused(t, client, 400);
		t.is(await upstream.untilOver(), 'reset');
		t.false(upstream.received.includes('smuggled'));
		// Nothing of what came could pass for a complete body.
		t.false(upstream.received.endsWith('0\r\n\r\n'));
		t.like(scene.lb.traffic.last(), {
			outcome: 'bad-request',
			cause: failure,
			response: {status: 400, by: 'load-balancer'},
		});
		await scene.fresh(t);
		t.deepEqual(scene.reached, []);
	});
}

async function hang(connection: RawConnection): Promise<void> {
	await connection.untilOver();
}

test('a valid request before a bad one is still answered, in its turn [nginx, Node: it is lost on naive proxies]', async t => {
	await using scene = await startScene();
	const client = await scene.send(
		'GET /good HTTP/1.1\r\nHost: a\r\n\r\nGET /bad HTTP/1.1\r\n\r\nGET /never HTTP/1.1\r\nHost: a\r\n\r\n',
	);

	t.is((await client.message()).body, 'GET /good HTTP/1.1');
	await isRefused(t, client, 400);

	t.deepEqual(
		scene.backend.requests.map(({line}) => line),
		['GET /good HTTP/1.1'],
	);
	await scene.fresh(t);
});

test('a HEAD request that is refused is answered without a body [RFC 9110 9.3.2]', async t => {
	await using scene = await startScene();
	const client = await scene.send('HEAD / HTTP/1.1\r\n\r\n');

	const {head} = await client.message({bodiless: true});

	t.true(head.startsWith('HTTP/1.1 400 '), head);
	t.is(await client.untilOver(), 'end');
	t.is(client.unread, '');
});

test('405 names the methods that are allowed [RFC 9110 15.5.6]', async t => {
	await using scene = await startScene();
	const client = await scene.send('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n');

	t.regex((await client.message()).head, /\r\nAllow: GET, HEAD, POST, /);
});

const EARLY: readonly (readonly [rule: string, bytes: string, status: number, source: string])[] = [
	['a request line beyond 16 KiB', `GET /${'a'.repeat(16 * 1024)}`, 414, 'AWS ALB quotas, RFC 9112 3'],
	[
		'a field beyond 16 KiB',
		`GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(16 * 1024)}`,
		431,
		'AWS ALB quotas, RFC 6585 5',
	],
	[
		'a head beyond 64 KiB',
		`GET / HTTP/1.1\r\nHost: a\r\n${`A: ${'a'.repeat(8000)}\r\n`.repeat(9)}`,
		431,
		'AWS ALB quotas, RFC 6585 5',
	],
	['a line ended by LF alone', 'GET / HTTP/1.1\nHost: a\n', 400, 'RFC 9112 2.2'],
	['a NUL', 'GET /\0', 400, 'RFC 9110 5.5'],
	['the start of a TLS handshake', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400, 'RFC 8446 5.1'],
	['a PROXY v2 header', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 400, 'PROXY protocol 2.2'],
];

for (const [rule, bytes, status, source] of EARLY) {
	test(`${rule} is answered ${status} before the rest arrives, in one piece and in many [${source}]`, async t => {
		const scene = sceneOf('http');

		await isRefused(t, await scene.send(bytes), status);
		const client = await scene.client();
		for (let at = 0; at < bytes.length && !client.ended; at += 1500) await client.writeAll(bytes.slice(at, at + 1500));
		await isRefused(t, client, status);

		await scene.fresh(t);
		t.deepEqual(scene.reached, []);
	});
}

test('a request line of 8,000 octets is accepted [RFC 9112 3]', async t => {
	await using scene = await startScene();
	const target = `/${'a'.repeat(8000 - 'GET / HTTP/1.1'.length)}`;
	const client = await scene.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);

	t.is((await client.message()).body, `GET ${target} HTTP/1.1`);
});

test('an empty line before a request is ignored [RFC 9112 2.2]', async t => {
	await using scene = await startScene();
	const client = await scene.send(
		'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
	);

	t.is((await client.message()).body, 'POST /1 HTTP/1.1');
	t.is((await client.message()).body, 'GET /2 HTTP/1.1');
});

test('a client that ends after an empty line is let go without an answer [RFC 9112 2.2]', async t => {
	await using scene = await startScene();
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n');
	await client.message();

	client.end();

	t.is(await client.untilOver(), 'end');
	t.is(client.unread, '');
	t.is(scene.lb.traffic.length, 1);
});
