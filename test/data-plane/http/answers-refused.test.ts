import test from 'ava';
import {REFUSED_ANSWERS} from '../../codec/refused-answers.ts';
import {REFUSED_CHUNKS} from '../../codec/refused-chunks.ts';
import {answer} from '../../helpers/raw-backend.ts';
import {startScene} from '../../helpers/raw-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

for (const [row, [head, reason, source]] of REFUSED_ANSWERS.entries()) {
	test(`row ${row}: the answer ${JSON.stringify(head.slice(0, 60))} becomes a 502 and ends the back-end connection [${source}]`, async t => {
		await using scene = await startScene({scripts: [answer(`${head}hello`)]});
		const client = await scene.send(GET);

		const {line, body} = await client.message();

		t.is(line, 'HTTP/1.1 502 Bad Gateway');
		t.is(body, '502 Bad Gateway\n');
		t.like(scene.lb.traffic.last(), {
			outcome: 'backend-invalid',
			cause: reason,
			response: {status: 502, by: 'load-balancer'},
		});
		t.is(await (await scene.backend.connection(0)).untilOver(), 'reset');
		client.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
		t.is((await client.message()).body, 'GET /next HTTP/1.1');
		await scene.fresh(t);
	});
}

for (const front of ['http', 'https'] as const) {
	for (const [rule, body, failure, source] of REFUSED_CHUNKS) {
		test(`${front}: an answer in chunks with ${rule} is never a complete one to the client [${source}]`, async t => {
			await using scene = await startScene({front, scripts: [answer(`${CHUNKED}2\r\nok\r\n${body}`)]});
			const recorded = scene.lb.traffic.next(undefined, '60s');
			const client = await scene.send(GET);

			const over = await client.untilOver();

			t.is(over, 'reset');
			// What came before the fault may have been passed on, the end of the body never.
			t.false(client.received.includes('\r\n0\r\n\r\n'));
			t.like(await recorded, {outcome: 'backend-invalid', cause: `answer refused: ${failure}`});
			t.is(await (await scene.backend.connection(0)).untilOver(), 'reset');
			await scene.fresh(t);
		});
	}
}

const TRUNCATED: readonly (readonly [rule: string, bytes: string])[] = [
	['with length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'],
	['with length, before the body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
	['in chunks, within a chunk', `${CHUNKED}a\r\nhello`],
	['in chunks, after a chunk', `${CHUNKED}5\r\nhello\r\n`],
	['in chunks, within a size', `${CHUNKED}5\r\nhello\r\n1`],
	['in chunks, within the last line', `${CHUNKED}5\r\nhello\r\n0\r\n`],
	['in chunks, within a trailer', `${CHUNKED}5\r\nhello\r\n0\r\nA: b\r\n`],
];

for (const front of ['http', 'https'] as const) {
	for (const then of ['end', 'reset'] as const) {
		for (const [rule, bytes] of TRUNCATED) {
			test(`${front}: an answer ${rule} that the back-end cuts short (${then}) is visibly cut short [RFC 9112 8]`, async t => {
				await using scene = await startScene({front, scripts: [answer(bytes, then)]});
				const recorded = scene.lb.traffic.next(undefined, '60s');
				const client = await scene.send(GET);

				t.is(await client.untilOver(), 'reset');

				t.false(client.received.includes('\r\n0\r\n\r\n'));
				t.is((await recorded).outcome, 'backend-reset');
				await scene.fresh(t);
			});
		}
	}

	test(`${front}: an answer up to the end that is reset is visibly cut short [RFC 9112 8]`, async t => {
		await using scene = await startScene({front, scripts: [answer('HTTP/1.1 200 OK\r\n\r\nhello', 'reset')]});
		const client = await scene.send('GET / HTTP/1.0\r\n\r\n');

		t.is(await client.untilOver(), 'reset');
		await scene.fresh(t);
	});
}

for (const [rule, bytes] of [
	['within the status line', 'HTTP/1.1 200'],
	['within the fields', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'],
	['after an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
] as const) {
	for (const then of ['end', 'reset'] as const) {
		test(`an answer cut short ${rule} (${then}) becomes a 502, and is not asked for again`, async t => {
			await using scene = await startScene({scripts: [answer(bytes, then)]});
			const client = await scene.send(GET);

			await client.until('HTTP/1.1 502 Bad Gateway');

			t.like(scene.lb.traffic.last(), {outcome: 'backend-reset', response: {status: 502, by: 'load-balancer'}});
			t.is(scene.backend.connections.length, 1);
			await scene.fresh(t);
		});
	}
}

const EARLY: readonly (readonly [rule: string, bytes: string, cause: string])[] = [
	[
		'a first line beyond 16 KiB',
		`HTTP/1.1 200 ${'a'.repeat(16 * 1024)}`,
		'answer refused: first line longer than 16384 bytes',
	],
	[
		'a field beyond 16 KiB',
		`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(16 * 1024)}`,
		'answer refused: field longer than 16384 bytes',
	],
	[
		'a head beyond 64 KiB',
		`HTTP/1.1 200 OK\r\n${`A: ${'a'.repeat(8000)}\r\n`.repeat(9)}`,
		'answer refused: head longer than 65536 bytes',
	],
	['a line ended by LF alone', 'HTTP/1.1 200 OK\n', 'answer refused: malformed head: a line that ends with LF only'],
	['a TLS alert', '\x15\x03\x03\0\x02\x02\x46', 'answer refused: TLS where plain HTTP is expected'],
	['the greeting of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 'answer with a malformed status line'],
	['one byte that begins no answer', 'X', 'answer with a malformed status line'],
];

for (const [rule, bytes, cause] of EARLY) {
	test(`an answer with ${rule} becomes a 502 before the rest arrives`, async t => {
		await using scene = await startScene({scripts: [answer(bytes)]});
		const client = await scene.send(GET);

		t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
		t.like(scene.lb.traffic.last(), {outcome: 'backend-invalid', cause});
		await scene.fresh(t);
	});
}

test('more than 100 interim answers are a broken back-end', async t => {
	const interim = 'HTTP/1.1 103 Early Hints\r\n\r\n';
	await using scene = await startScene({
		scripts: [
			answer(`${interim.repeat(100)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`),
			answer(`${interim.repeat(101)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`, 'end'),
		],
	});
	const fine = await scene.send('POST /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
	t.true((await fine.untilEnd()).endsWith('\r\n\r\nok'));
	(await scene.backend.connection(0)).end();

	await scene.backend.connections[0]?.when('close', () => scene.backend.connections[0]?.ended === true);
	const broken = await scene.send(GET);
	await broken.until('HTTP/1.1 502 Bad Gateway');

	t.is(broken.received.split(interim).length - 1, 100);
	t.is(scene.lb.traffic.last().cause, 'more than 100 interim answers');
});

for (const [rule, request] of [
	['to a plain request', GET],
	['to a request for h2c alone', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
] as const) {
	test(`a 101 ${rule} was not asked for: 502 [RFC 9110 15.2.2]`, async t => {
		await using scene = await startScene({
			scripts: [answer('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')],
		});
		const client = await scene.send(request);

		t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
		t.like(scene.lb.traffic.last(), {outcome: 'backend-invalid', cause: 'answer 101 that nobody asked for'});
		await scene.fresh(t);
	});
}
