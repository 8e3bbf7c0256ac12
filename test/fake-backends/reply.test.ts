import test from 'ava';
import type {ReplyBackend} from '../../src/configuration/spec-backend.ts';
import {open, send, startBackend, WAYS} from './clients.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

for (const way of WAYS) {
	test(`a reply is the same for every request (${way})`, async t => {
		await using backend = await startBackend(
			{kind: 'reply', status: 503, headers: {'X-Reason': 'tired', 'Retry-After': '5'}, body: 'later é'},
			way,
		);

		for (const request of [GET, 'POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody']) {
			const {head, body} = await send(backend, request, way);

			t.regex(head, /^HTTP\/1\.1 503 Service Unavailable\r\nX-Reason: tired\r\nRetry-After: 5\r\n/);
			t.regex(head, /\r\nContent-Length: 8/);
			t.is(body, 'later é');
		}
	});
}

test('a reply without fields is an empty 200', async t => {
	await using backend = await startBackend({kind: 'reply'});

	const {head, body} = await send(backend, GET);

	t.regex(head, /^HTTP\/1\.1 200 OK\r\n/);
	t.is(body, '');
});

test('a reply with a delay is not sent earlier, even to a client that ended first', async t => {
	await using backend = await startBackend({kind: 'reply', delay: '60ms', body: 'at last'});
	const before = performance.now();

	const {body} = await send(backend, GET);

	t.is(body, 'at last');
	// By this clock, timers may fire up to a millisecond early.
	t.true(performance.now() - before >= 59);
});

test('a reply with a keep-alive time closes the connection that is idle for so long', async t => {
	await using backend = await startBackend({kind: 'reply', keepAlive: 40, body: 'done'});
	const connection = await open(backend);
	const before = performance.now();
	connection.stream.write(GET);
	t.regex(await connection.readUntil('done'), /^HTTP\/1\.1 200 /);

	await connection.untilOver();

	// By this clock, timers may fire up to a millisecond early.
	t.true(performance.now() - before >= 39);
});

test('the delay of a reply is not idle time', async t => {
	await using backend = await startBackend({kind: 'reply', delay: 90, keepAlive: 30, body: 'done'});
	const connection = await open(backend);

	connection.stream.write(GET);
	t.regex(await connection.readUntil('done'), /^HTTP\/1\.1 200 /);
	connection.stream.destroy();
});

test('a reply with a keep-alive time of 0 says so and closes', async t => {
	await using backend = await startBackend({kind: 'reply', keepAlive: 0, body: 'done'});
	const connection = await open(backend);

	connection.stream.write(GET);
	const answer = await connection.readUntil('done');
	await connection.untilOver();

	t.regex(answer, /\r\nConnection: close\r\n/);
});

test('everything wrong with a reply is reported at once', async t => {
	const given = {
		kind: 'reply',
		status: 101,
		headers: {'bad name': '1', 'x-value': 'a\nb', 'content-length': '3', 'Transfer-Encoding': 'gzip'},
		body: 'four',
		delay: '5 parsecs',
		keepAlive: -1,
	};

	// What JavaScript callers may write, the types forbid.
	const error = await t.throwsAsync(startBackend(given as unknown as ReplyBackend));

	t.is(
		error?.message,
		[
			'Back-end "a" is not valid:',
			'  status: 101 is not the status of a final answer; use 200 to 599 (1xx answers are interim; a "handler" back-end can send them)',
			'  headers["bad name"]: Header name must be a valid HTTP token ["bad name"]',
			'  headers.x-value: Invalid character in header content ["x-value"]',
			'  headers.content-length: the body has 4 bytes, not 3 (leave the header out)',
			'  headers.Transfer-Encoding: only "chunked" is spoken, not "gzip"',
			'  delay: "5 parsecs" is not a duration; write milliseconds, or "500ms", "5s", "2m"',
			'  keepAlive: -1 is not a duration; write milliseconds, or "500ms", "5s", "2m"',
		].join('\n'),
	);
});

test('a reply may be chunked, and may set its own length', async t => {
	await using chunked = await startBackend({kind: 'reply', headers: {'Transfer-Encoding': 'chunked'}, body: 'abc'});
	await using counted = await startBackend({kind: 'reply', headers: {'Content-Length': '3'}, body: 'abc'});

	t.is((await send(chunked, GET)).body, '3\r\nabc\r\n0\r\n\r\n');
	t.is((await send(counted, GET)).body, 'abc');
});
