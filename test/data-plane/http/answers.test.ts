import test from 'ava';
import {answer, dated} from '../../helpers/raw-backend.ts';
import {startScene} from '../../helpers/raw-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OLD = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

interface Relayed {
	readonly rule: string;
	readonly source: string;
	readonly request?: string;
	/** What the back-end sends; `ends`: and then it ends the connection. */
	readonly answered: string;
	readonly ends?: true;
	/** What the client receives, to the byte. */
	readonly received: string;
	/** Whether the client's connection goes on. */
	readonly goesOn: boolean;
	/** Whether the back-end's connection goes on. */
	readonly reused: boolean;
}

const CHUNKS = '5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n';
const CLEAN = '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';

const RELAYED: readonly Relayed[] = [
	{
		rule: 'with length',
		source: 'RFC 9112 6.3',
		answered: 'HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nhello',
		received: 'HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nhello',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'without body',
		source: 'RFC 9112 6.3',
		answered: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'with fields in their order, case and number',
		source: 'RFC 9110 5.3',
		answered:
			'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nb:  2 \r\nset-cookie: c=3\r\n__proto__: x\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\n\r\n',
		received:
			'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nb:  2 \r\nset-cookie: c=3\r\n__proto__: x\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\n\r\n',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'without hop-by-hop fields',
		source: 'RFC 9110 7.6.1',
		answered:
			'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\nContent-Length: 0\r\n\r\n',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'without fields that imitate framing',
		source: 'CGI names, RFC 3875 4.1.18',
		answered:
			'HTTP/1.1 200 OK\r\nContent_Length: 1\r\nTransfer_Encoding: chunked\r\nA_B: 1\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 200 OK\r\nA_B: 1\r\nContent-Length: 2\r\n\r\nok',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'that closes the back-end connection, and not the client',
		source: 'RFC 9112 9.6',
		answered: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'in chunks, extensions and trailers dropped',
		source: 'RFC 9112 7.1',
		answered: `HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nTrailer: X-T\r\nA: 1\r\n\r\n${CHUNKS}`,
		received: `HTTP/1.1 200 OK\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n${CLEAN}`,
		goesOn: true,
		reused: true,
	},
	{
		rule: 'in chunks whose extensions have bad white space',
		source: 'RFC 9110 5.6.3, RFC 9112 7.1.1',
		answered:
			'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 ;a\r\nhello\r\n6; a\t=\tb\r\n world\r\n0\t; a = "b" \t; c\r\n\r\n',
		received: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CLEAN}`,
		goesOn: true,
		reused: true,
	},
	{
		rule: 'in chunks to an HTTP/1.0 client: up to the end',
		source: 'RFC 9112 7.1, 6.1',
		request: OLD,
		answered: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
		received: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world',
		goesOn: false,
		reused: true,
	},
	{
		rule: 'up to the end: chunks for the client',
		source: 'RFC 9112 6.3 rule 8',
		answered: 'HTTP/1.1 200 OK\r\nA: 1\r\n\r\nhello',
		ends: true,
		received: 'HTTP/1.1 200 OK\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'up to the end and empty',
		source: 'RFC 9112 6.3 rule 8',
		answered: 'HTTP/1.1 200 OK\r\n\r\n',
		ends: true,
		received: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'up to the end to an HTTP/1.0 client',
		source: 'RFC 9112 6.3 rule 8',
		request: OLD,
		answered: 'HTTP/1.1 200 OK\r\n\r\nhello',
		ends: true,
		received: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello',
		goesOn: false,
		reused: false,
	},
	{
		rule: 'of an HTTP/1.0 back-end',
		source: 'RFC 9112 9.3',
		answered: 'HTTP/1.0 200 OK\r\n\r\nhello',
		ends: true,
		received: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'of an HTTP/1.0 back-end to an HTTP/1.0 client',
		source: 'RFC 9112 9.3',
		request: OLD,
		answered: 'HTTP/1.0 200 OK\r\n\r\nhello',
		ends: true,
		received: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello',
		goesOn: false,
		reused: false,
	},
	{
		rule: 'of an HTTP/1.0 back-end with length',
		source: 'RFC 9112 9.3',
		answered: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'of an HTTP/1.0 back-end that keeps alive',
		source: 'RFC 9112 9.3',
		answered: 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'with length to an HTTP/1.0 client that keeps alive',
		source: 'RFC 9112 9.3',
		request: OLD,
		answered: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'to a client that closes',
		source: 'RFC 9112 9.6',
		request: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
		answered: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
		goesOn: false,
		reused: true,
	},
	{
		rule: 'to HEAD',
		source: 'RFC 9110 9.3.2',
		request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
		answered: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
		goesOn: true,
		reused: true,
	},
	{
		rule: 'to HEAD with a body all the same: dropped with its connection',
		source: 'RFC 9112 6.3 rule 1',
		request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
		answered: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'to HEAD in chunks',
		source: 'RFC 9112 6.3 rule 1',
		request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
		answered: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
		received: 'HTTP/1.1 200 OK\r\n\r\n',
		goesOn: true,
		reused: true,
	},
	{
		rule: '204',
		source: 'RFC 9110 15.3.5',
		answered: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nA: 1\r\n\r\n',
		received: 'HTTP/1.1 204 No Content\r\nA: 1\r\n\r\n',
		goesOn: true,
		reused: true,
	},
	{
		rule: '204 with a body all the same: dropped with its connection',
		source: 'RFC 9112 6.3 rule 1',
		answered: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello',
		received: 'HTTP/1.1 204 No Content\r\n\r\n',
		goesOn: true,
		reused: false,
	},
	{
		rule: '304',
		source: 'RFC 9110 15.4.5',
		answered: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n',
		received: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n',
		goesOn: true,
		reused: true,
	},
	{
		rule: '304 with a body all the same: dropped with its connection',
		source: 'RFC 9112 6.3 rule 1',
		answered: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello',
		received: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'with bytes beyond its length: dropped with their connection',
		source: 'RFC 9112 6.3',
		answered: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		goesOn: true,
		reused: false,
	},
	{
		rule: 'with bytes beyond its chunks: dropped with their connection',
		source: 'RFC 9112 7.1',
		answered:
			'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
		received: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
		goesOn: true,
		reused: false,
	},
	{
		rule: '103 before it',
		source: 'RFC 8297',
		answered: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		goesOn: true,
		reused: true,
	},
	{
		rule: '102 and 100 before it, of which 100 was not asked for',
		source: 'RFC 9110 15.2',
		answered:
			'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		goesOn: true,
		reused: true,
	},
	{
		rule: '103 before it, to an HTTP/1.0 client: swallowed',
		source: 'RFC 9110 15.2',
		request: OLD,
		answered: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		received: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok',
		goesOn: true,
		reused: true,
	},
	{
		rule: '426 without what was not asked for',
		source: 'RFC 9110 15.5.22',
		answered: 'HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n',
		received: 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n',
		goesOn: true,
		reused: true,
	},
];

for (const back of ['http', 'https'] as const) {
	for (const piecewise of [false, true]) {
		for (const {rule, source, request = GET, answered: undated, ends, received: passedOn, goesOn, reused} of RELAYED) {
			test(`an answer ${rule}, from ${back}, ${piecewise ? 'byte by byte' : 'in one piece'} [${source}]`, async t => {
				const answered = dated(undated);
				const received = dated(passedOn);
				await using scene = await startScene({
					back,
					scripts: [
						async connection => {
							await connection.message();
							if (piecewise) for (const byte of answered) await connection.writeAll(byte);
							else await connection.writeAll(answered);
							if (ends) connection.end();
						},
					],
				});
				const recorded = scene.lb.traffic.next(undefined, '60s');
				const client = await scene.send(request);

				if (goesOn) {
					const {outcome} = await recorded;
					t.is(outcome, 'ok');
					if (!reused) await (await scene.backend.connection(0)).untilOver();
					client.write(NEXT);
					await client.until('GET /next HTTP/1.1');
				} else t.is(await client.untilOver(), 'end');

				const next = dated('HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\nGET /next HTTP/1.1');
				t.is(withoutSizes(client.received), withoutSizes(goesOn ? received + next : received));
				await scene.fresh(t);
				t.is(scene.backend.connections.length, reused ? 1 : 2);
			});
		}
	}
}

/** Where chunks begin and end depends on how the bytes came; what is in them does not. */
function withoutSizes(text: string): string {
	const at = text.indexOf('Transfer-Encoding: chunked\r\n');
	if (at === -1) return text;
	const start = text.indexOf('\r\n\r\n', at) + 4;
	let data = '';
	let pos = start;
	for (;;) {
		const lineEnd = text.indexOf('\r\n', pos);
		const size = Number.parseInt(text.slice(pos, lineEnd), 16);
		data += text.slice(lineEnd + 2, lineEnd + 2 + size);
		pos = lineEnd + 2 + size + 2;
		if (size === 0) return `${text.slice(0, start)}[${data}]${text.slice(pos)}`;
	}
}

for (const status of [600, 999]) {
	test(`an answer with the status ${status} is passed on, and the record says what is wrong with it`, async t => {
		const answered = dated(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`);
		await using scene = await startScene({scripts: [answer(answered)]});
		const client = await scene.send(GET);

		t.is((await client.message()).raw, answered);

		t.like(scene.lb.traffic.last(), {
			outcome: 'ok',
			cause: `the back-end answered with a status that HTTP does not have, ${status}; clients take it for a 5xx`,
			response: {status, by: 'backend'},
		});
		t.regex(scene.lb.traffic.last().log, new RegExp(` ${status} ${status} 0 2 `));
		client.write(NEXT);
		t.is((await client.message()).body, 'GET /next HTTP/1.1');
		t.is(scene.backend.connections.length, 1);
	});
}

for (const front of ['http', 'https'] as const) {
	test(`${front}: 3 MiB come through to the byte, with length, in chunks and up to the end`, async t => {
		const data = Array.from({length: 48}, (_, i) => String.fromCharCode(i + 33).repeat(64 * 1024)).join('');
		const half = data.length / 2;
		const chunks = [data.slice(0, half), data.slice(half)]
			.map(part => `${part.length.toString(16)}\r\n${part}\r\n`)
			.join('');
		await using scene = await startScene({
			front,
			scripts: [
				async connection => {
					await answer(`HTTP/1.1 200 OK\r\nContent-Length: ${data.length}\r\n\r\n${data}`)(connection);
					await answer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)(connection);
					await answer(`HTTP/1.1 200 OK\r\n\r\n${data}`, 'end')(connection);
				},
			],
		});
		const client = await scene.send(GET.repeat(3));

		for (let i = 0; i < 3; i++) t.true((await client.message()).body === data);
		t.is(scene.backend.connections.length, 1);
		t.deepEqual(
			[...scene.lb.traffic].map(({bytes}) => bytes.down),
			[data.length, data.length, data.length],
		);
	});
}

test('bytes on a connection at rest end it, and are delivered to nobody [Node CVE-2026-48931]', async t => {
	await using scene = await startScene();
	const client = await scene.send(GET);
	await client.message();
	const resting = await scene.backend.connection(0);

	resting.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
	await resting.untilOver();

	client.write(NEXT);
	t.is((await client.message()).body, 'GET /next HTTP/1.1');
	t.is(scene.backend.connections.length, 2);
	t.false(client.received.includes('evil'));
});

test('what the load balancer answers itself is recorded whole, and has no body for HEAD [RFC 9110 9.3.2]', async t => {
	await using scene = await startScene({spec: {backends: []}});
	const client = await scene.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');

	const {head} = await client.message({bodiless: true});
	t.regex(head, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
	t.regex(head, /\r\nContent-Length: 24\r\n/);
	t.is((await client.message()).body, '503 Service Unavailable\n');
	const recorded = [...scene.lb.traffic].map(({response: {text, complete}, bytes}) => [text, complete, bytes.down]);
	// As the access log, which counts no bytes of such an answer.
	t.deepEqual(recorded, [
		['', true, 0],
		['503 Service Unavailable\n', true, 0],
	]);
});
