import test from 'ava';
import {answer, dated} from '../../helpers/raw-backend.ts';
import {forwarded, startScene} from '../../helpers/raw-scene.ts';

const EXPECTING = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
const OK = dated('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

for (const front of ['http', 'https'] as const) {
	test(`${front}: Expect: 100-continue passes end to end: one 100, the body exact, then the answer [RFC 9110 10.1.1]`, async t => {
		await using scene = await startScene({
			front,
			scripts: [
				async connection => {
					await connection.until('\r\n\r\n');
					connection.write('HTTP/1.1 100 Continue\r\n\r\n');
					await connection.until('hello');
					connection.write(OK);
				},
			],
		});
		const client = await scene.send(EXPECTING);

		t.is((await client.message()).raw, 'HTTP/1.1 100 Continue\r\n\r\n');
		client.write('hello');
		t.is((await client.message()).raw, OK);

		t.is(
			scene.backend.connections[0]?.received,
			`POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n${forwarded({front})}\r\nhello`,
		);
		t.is(client.unread, '');
	});
}

test('a back-end that says 100 twice is heard once [RFC 9110 15.2.1]', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				await connection.until('\r\n\r\n');
				connection.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
				await connection.until('hello');
				connection.write(OK);
			},
		],
	});
	const client = await scene.send(EXPECTING);
	await client.message();
	client.write('hello');

	t.is((await client.message()).raw, OK);
});

test('an expectation that the back-end refuses ends the connection, so that the body cannot pass for a request', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				await connection.until('\r\n\r\n');
				connection.write('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
				await connection.untilOver();
			},
		],
	});
	const client = await scene.send(EXPECTING);

	const {head} = await client.message();
	client.write('GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n');

	t.regex(head, /^HTTP\/1\.1 417 Expectation Failed\r\n/);
	t.regex(head, /\r\nConnection: close\r\n/);
	t.is(await client.untilOver(), 'end');
	t.is(client.unread, '');
	t.is((await scene.backend.connection(0)).closed, true);
	await scene.fresh(t);
	t.deepEqual(scene.reached, []);
});

test('a client that expects 100 and sends its body at once is served alike', async t => {
	await using scene = await startScene();
	const client = await scene.send(`${EXPECTING}hello`);

	t.is((await client.message()).body, 'POST / HTTP/1.1');
	t.is(scene.reached.length, 1);
});

for (const [framing, begun, rest] of [
	['length', 'Content-Length: 10\r\n\r\nhello', 'world'],
	['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', '0\r\n\r\n'],
] as const) {
	test(`an answer that comes before a body with ${framing} ends is relayed at once, and neither connection is used again`, async t => {
		await using scene = await startScene({
			scripts: [
				async connection => {
					await connection.until('hello');
					connection.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno\n');
					await connection.untilOver();
				},
			],
		});
		const client = await scene.send(`POST / HTTP/1.1\r\nHost: a\r\n${begun}`);

		const {head, body} = await client.message();
		client.write(`${rest}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);

		t.is(body, 'no\n');
		t.regex(head, /\r\nConnection: close\r\n/);
		t.is(await client.untilOver(), 'end');
		t.is(client.unread, '');
		t.is(scene.lb.traffic.last().outcome, 'ok');
		await scene.fresh(t);
		t.deepEqual(scene.reached, []);
		t.is(scene.backend.connections.length, 2);
	});
}

test('a streamed answer may come while the body is still on its way', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				await connection.until('one');
				connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
				await connection.until('two');
				connection.write('3\r\ntwo\r\n0\r\n\r\n');
			},
		],
	});
	const client = await scene.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\none');
	await client.until('one');
	client.write('two');

	const {body} = await client.message();

	t.is(body, 'onetwo');
	t.is(await client.untilOver(), 'end');
	t.deepEqual(scene.lb.traffic.last().bytes, {up: 6, down: 6});
});

for (const [framing, begun] of [
	['length', 'Content-Length: 10\r\n\r\nhello'],
	['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
	['chunks, within the last line', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n'],
] as const) {
	test(`a client that ends in the midst of a body with ${framing} is answered 400, and the back-end sees no complete request`, async t => {
		await using scene = await startScene({scripts: [async connection => void (await connection.untilOver())]});
		const client = await scene.send(`POST / HTTP/1.1\r\nHost: a\r\n${begun}`);
		const upstream = await scene.backend.connection(0);
		await upstream.until('hello');

		client.end();

		t.regex((await client.message()).head, /^HTTP\/1\.1 400 /);
		t.is(await client.untilOver(), 'end');
		t.is(await upstream.untilOver(), 'reset');
		t.false(upstream.received.endsWith('0\r\n\r\n'));
		t.is(scene.lb.traffic.last().outcome, 'client-abort');
		await scene.fresh(t);
	});

	test(`a client that resets in the midst of a body with ${framing} takes its back-end connection along`, async t => {
		await using scene = await startScene({scripts: [async connection => void (await connection.untilOver())]});
		const ended = scene.lb.traffic.next(undefined, '60s');
		const client = await scene.send(`POST / HTTP/1.1\r\nHost: a\r\n${begun}`);
		const upstream = await scene.backend.connection(0);
		await upstream.until('hello');

		client.reset();

		t.is((await ended).outcome, 'client-abort');
		// Behind the bytes that came, which are no complete request.
		t.is(await upstream.untilOver(), 'end');
		t.false(upstream.received.endsWith('0\r\n\r\n'));
		await scene.fresh(t);
	});
}

test('an upload of 3 MiB passes to the byte, with length and in chunks, over both listeners', async t => {
	const data = Array.from({length: 48}, (_, i) => String.fromCharCode(i + 33).repeat(64 * 1024)).join('');
	for (const front of ['http', 'https'] as const) {
		await using scene = await startScene({front});
		const client = await scene.send(`PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${data.length}\r\n\r\n${data}`);
		await client.message();
		client.write('PUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
		for (let at = 0; at < data.length; at += 100_000) {
			const part = data.slice(at, at + 100_000);
			client.write(`${part.length.toString(16)}\r\n${part}\r\n`);
		}
		client.write('0\r\n\r\n');
		await client.message();

		t.true(scene.backend.requests.every(({body}) => body === data));
		t.is(scene.backend.requests.length, 2);
	}
});

test('an answer without body to a request over both TLS sides ends at once', async t => {
	await using scene = await startScene({
		front: 'https',
		back: 'https',
		scripts: [answer('HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n')],
	});
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 302 Found');
	t.is((await client.message()).body, 'GET /next HTTP/1.1');
});
