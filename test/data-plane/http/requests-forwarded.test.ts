import test from 'ava';
import {startLoadBalancer} from '../../../src/index.ts';
import {answer, startRawBackend} from '../../helpers/raw-backend.ts';
import {forwarded, openClient, startScene} from '../../helpers/raw-scene.ts';

interface Forwarded {
	readonly rule: string;
	readonly source: string;
	readonly sent: string;
	/** What the back-end receives, to the byte. */
	readonly received: string;
}

const HOST = 'Host: a.test\r\n';
const BODY = '5\r\nhello\r\n0\r\n\r\n';

const FORWARDED: readonly Forwarded[] = [
	{
		rule: 'a plain request',
		source: 'AWS Classic ELB, X-Forwarded headers',
		sent: `GET /a?b HTTP/1.1\r\n${HOST}\r\n`,
		received: `GET /a?b HTTP/1.1\r\n${HOST}${forwarded()}\r\n`,
	},
	{
		rule: 'fields in their order, case and number, with the white space they came with',
		source: 'RFC 9110 5.3',
		sent: `GET / HTTP/1.1\r\nb:1\r\n${HOST}A:  2 \r\nB: 3\r\na:\r\n__proto__: x\r\nb: \xe9\r\n\r\n`,
		received: `GET / HTTP/1.1\r\nb:1\r\n${HOST}A:  2 \r\nB: 3\r\na:\r\n__proto__: x\r\nb: \xe9\r\n${forwarded()}\r\n`,
	},
	{
		rule: 'absolute-form, as origin-form',
		source: 'RFC 9112 3.2.2',
		sent: `GET http://b.test:81/c?d HTTP/1.1\r\nA: 1\r\n${HOST}\r\n`,
		received: `GET /c?d HTTP/1.1\r\nHost: b.test:81\r\nA: 1\r\n${forwarded()}\r\n`,
	},
	{
		rule: 'OPTIONS *',
		source: 'RFC 9112 3.2.4',
		sent: `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
		received: `OPTIONS * HTTP/1.1\r\n${HOST}${forwarded()}\r\n`,
	},
	{
		rule: 'OPTIONS of an authority, as *',
		source: 'RFC 9112 3.2.4',
		sent: `OPTIONS http://b.test HTTP/1.1\r\n${HOST}\r\n`,
		received: `OPTIONS * HTTP/1.1\r\nHost: b.test\r\n${forwarded()}\r\n`,
	},
	{
		rule: 'an unknown method in its case',
		source: 'RFC 9110 9.1',
		sent: `bReW /pot HTTP/1.1\r\n${HOST}\r\n`,
		received: `bReW /pot HTTP/1.1\r\n${HOST}${forwarded()}\r\n`,
	},
	{
		rule: 'without hop-by-hop fields',
		source: 'RFC 9110 7.6.1',
		sent: `GET / HTTP/1.1\r\n${HOST}TE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTrailer: X\r\nUpgrade: x\r\nConnection: keep-alive\r\nA: 1\r\n\r\n`,
		received: `GET / HTTP/1.1\r\n${HOST}A: 1\r\n${forwarded()}\r\n`,
	},
	{
		rule: 'without the fields that Connection names',
		source: 'RFC 9110 7.6.1; neither HAProxy nor nginx',
		sent: `GET / HTTP/1.1\r\n${HOST}Connection: x-a, X-B\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\n\r\n`,
		received: `GET / HTTP/1.1\r\n${HOST}X-C: 3\r\n${forwarded()}\r\n`,
	},
	{
		rule: 'with framing, Host and X-Forwarded-* although Connection names them',
		source: 'RFC 9110 7.6.1; abuse of hop-by-hop headers',
		sent: `POST / HTTP/1.1\r\n${HOST}Connection: host, content-length, x-forwarded-for, x-forwarded-proto, x-forwarded-port\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 2\r\n\r\nhi`,
		received: `POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n${forwarded({before: '9.9.9.9, '})}\r\nhi`,
	},
	{
		rule: 'with Transfer-Encoding although Connection names it',
		source: 'RFC 9110 7.6.1',
		sent: `POST / HTTP/1.1\r\n${HOST}Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n${BODY}`,
		received: `POST / HTTP/1.1\r\n${HOST}${forwarded()}Transfer-Encoding: chunked\r\n\r\n${BODY}`,
	},
	{
		rule: "with the client's address after its own list",
		source: 'AWS Classic ELB, X-Forwarded-For',
		sent: `GET / HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1\r\n${HOST}x-forwarded-for: 2.2.2.2, 3.3.3.3\r\n\r\n`,
		received: `GET / HTTP/1.1\r\n${HOST}${forwarded({before: '1.1.1.1, 2.2.2.2, 3.3.3.3, '})}\r\n`,
	},
	{
		rule: 'with our X-Forwarded-Proto and -Port, exactly one each',
		source: 'AWS Classic ELB, X-Forwarded-Proto',
		sent: `GET / HTTP/1.1\r\n${HOST}X-Forwarded-Proto: https\r\nx-forwarded-proto: https\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Host: kept\r\n\r\n`,
		received: `GET / HTTP/1.1\r\n${HOST}X-Forwarded-Host: kept\r\n${forwarded()}\r\n`,
	},
	{
		rule: 'without look-alikes of X-Forwarded-*',
		source: 'CGI names, RFC 3875 4.1.18',
		sent: `GET / HTTP/1.1\r\n${HOST}X_Forwarded_For: 6.6.6.6\r\nX-Forwarded_Proto: https\r\nx_forwarded-port: 1\r\n\r\n`,
		received: `GET / HTTP/1.1\r\n${HOST}${forwarded()}\r\n`,
	},
	{
		rule: 'a body with length, to the byte',
		source: 'RFC 9112 6.3',
		sent: `POST / HTTP/1.1\r\n${HOST}Content-Length: 6\r\n\r\n\0\xff\r\n\r\n`,
		received: `POST / HTTP/1.1\r\n${HOST}Content-Length: 6\r\n${forwarded()}\r\n\0\xff\r\n\r\n`,
	},
	{
		rule: 'chunk extensions with bad white space: dropped',
		source: 'RFC 9110 5.6.3, RFC 9112 7.1.1',
		sent: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5 ; a =\tb;c\r\nhello\r\n0\t;d\r\n\r\n`,
		received: `POST / HTTP/1.1\r\n${HOST}${forwarded()}Transfer-Encoding: chunked\r\n\r\n${BODY}`,
	},
	{
		rule: 'without fields that imitate framing, or what is added here',
		source: 'CGI names, RFC 3875 4.1.18',
		sent: `POST / HTTP/1.1\r\n${HOST}Content_Length: 1\r\nContent-Length: 5\r\nTransfer_Encoding: chunked\r\nX.Forwarded.For: 1.2.3.4\r\n\r\nhello`,
		received: `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n${forwarded()}\r\nhello`,
	},
	{
		rule: 'a body in chunks, extensions and trailers dropped',
		source: 'RFC 9112 7.1.1, 7.1.2',
		sent: `POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n${HOST}Trailer: X-T\r\n\r\n5;a="b"\r\nhello\r\n0;c\r\nX-T: 1\r\nContent-Length: 9\r\n\r\n`,
		received: `POST / HTTP/1.1\r\n${HOST}${forwarded()}Transfer-Encoding: chunked\r\n\r\n${BODY}`,
	},
	{
		rule: 'GET with a body',
		source: 'RFC 9110 9.3.1',
		sent: `GET / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi`,
		received: `GET / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n${forwarded()}\r\nhi`,
	},
	{
		rule: 'h2c, not offered',
		source: 'RFC 9113 3.1; h2c smuggling',
		sent: `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
		received: `GET / HTTP/1.1\r\n${HOST}${forwarded()}\r\n`,
	},
];

for (const {rule, source, sent, received} of FORWARDED) {
	test(`a request goes on: ${rule} [${source}]`, async t => {
		await using scene = await startScene();
		const client = await scene.send(sent);

		t.true((await client.message()).line.startsWith('HTTP/1.1 200 '));

		t.deepEqual(scene.reached, [received]);
		t.is(scene.lb.traffic.last().outcome, 'ok');
	});
}

test('the record says what the back-end received, and what was added', async t => {
	await using scene = await startScene();
	const client = await scene.send(
		'PUT /a?b HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 2\r\n\r\nhi',
	);
	await client.message();

	const {request, added, bytes} = scene.lb.traffic.last();

	t.is(request.method, 'PUT');
	t.is(request.target, '/a?b');
	t.is(request.text, 'hi');
	t.deepEqual(request.rawHeaders.slice(0, 4), ['Host', 'a', 'Content-Length', '2']);
	t.deepEqual(added, [
		['X-Forwarded-For', '9.9.9.9, 127.0.0.1'],
		['X-Forwarded-Proto', 'http'],
		['X-Forwarded-Port', '80'],
	]);
	t.deepEqual(bytes, {up: 2, down: 'PUT /a?b HTTP/1.1'.length});
});

test('an HTTPS listener says so to the back-end', async t => {
	await using scene = await startScene({front: 'https'});
	const client = await scene.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
	await client.message();

	t.deepEqual(scene.reached, [`GET / HTTP/1.1\r\n${HOST}${forwarded({front: 'https'})}\r\n`]);
});

test('an HTTP/1.0 client without Host: the back-end gets a valid HTTP/1.1 request, and the connection ends [RFC 9112 3.2]', async t => {
	await using scene = await startScene();
	const client = await scene.send('GET / HTTP/1.0\r\nA: 1\r\n\r\n');

	const {head} = await client.message();

	t.regex(head, /\r\nConnection: close\r\n/);
	t.is(await client.untilOver(), 'end');
	t.deepEqual(scene.reached, [`GET / HTTP/1.1\r\nHost: ${scene.lb.dnsName}\r\nA: 1\r\n${forwarded()}\r\n`]);
});

test('an HTTP/1.0 client that asks for keep-alive keeps its connection [RFC 9112 9.3]', async t => {
	await using scene = await startScene();
	const client = await scene.client();

	for (const path of ['/1', '/2']) {
		client.write(`GET ${path} HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n`);
		const {head, body} = await client.message();
		t.is(body, `GET ${path} HTTP/1.1`);
		t.regex(head, /\r\nConnection: keep-alive\r\n/);
	}
	t.false(client.ended);
});

test('an HTTP/1.0 client is sent no 100 and no expectation goes on for it [RFC 9110 10.1.1]', async t => {
	await using scene = await startScene({
		scripts: [answer('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
	});
	const client = await scene.send('POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx');

	t.is((await client.message()).line, 'HTTP/1.1 200 OK');
	t.false(scene.backend.connections[0]?.received.includes('Expect'));
});

for (const front of ['http', 'https'] as const) {
	test(`${front}: 100 pipelined requests are answered in order [RFC 9112 9.3.2]`, async t => {
		await using scene = await startScene({front});
		const paths = Array.from({length: 100}, (_, i) => `/${i}`);
		const client = await scene.send(
			paths
				.map((path, i) =>
					i % 3 === 0
						? `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET`
						: i % 3 === 1
							? `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${BODY}`
							: `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`,
				)
				.join(''),
		);

		for (const path of paths) t.true((await client.message()).body.endsWith(` ${path} HTTP/1.1`));

		t.deepEqual(
			scene.backend.requests.map(({line}) => line.split(' ')[1]),
			paths,
		);
		t.is(scene.backend.connections.length, 1);
	});
}

test('pipelined requests that come in pieces of any size are answered in order', async t => {
	await using scene = await startScene();
	const client = await scene.client();
	const paths = Array.from({length: 40}, (_, i) => `/${i}`);
	const bytes = paths
		.map(path => `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${BODY}`)
		.join('');

	for (let at = 0, size = 1; at < bytes.length; at += size, size = (size % 97) + 7)
		await client.writeAll(bytes.slice(at, at + size));

	for (const path of paths) t.is((await client.message()).body, `POST ${path} HTTP/1.1`);
});

test('requests over one connection go to the back-ends in turn', async t => {
	await using other = await startRawBackend();
	await using first = await startRawBackend();
	await using lb = await startLoadBalancer({
		listeners: ['http:80 -> http:80'],
		backends: [`127.0.0.1:${first.port}`, `127.0.0.1:${other.port}`],
	});
	const client = await openClient(lb);

	for (const path of ['/0', '/1', '/2', '/3']) {
		client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
		t.is((await client.message()).body, `GET ${path} HTTP/1.1`);
	}

	const paths = (requests: typeof other.requests) => requests.map(({line}) => line.split(' ')[1]);
	t.deepEqual(
		[paths(first.requests), paths(other.requests)],
		[
			['/0', '/2'],
			['/1', '/3'],
		],
	);
	t.deepEqual([first.connections.length, other.connections.length], [1, 1]);
	client.reset();
});
