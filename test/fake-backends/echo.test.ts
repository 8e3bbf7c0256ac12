import {createHash} from 'node:crypto';
import {once} from 'node:events';
import test from 'ava';
import {MAX_ECHOED_BODY_BYTES, nameAsHeader} from '../../src/fake-backends/echo.ts';
import {startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {
	authority,
	clientPair,
	open,
	openTls,
	readAnswer,
	readDocument,
	send,
	serverPair,
	startBackend,
	WAYS,
} from './clients.ts';

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const post = (body: Buffer | string) =>
	Buffer.concat([
		Buffer.from(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`),
		Buffer.from(body),
	]);

for (const way of WAYS) {
	test(`an echo returns all it received (${way})`, async t => {
		await using backend = await startBackend({kind: 'echo'}, way);

		const answer = await send(
			backend,
			'PUT /a%20b?c=1&c=2 HTTP/1.1\r\nHost: web.test\r\nX-One: 1\r\nx-one: 2\r\nX-Empty:\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n',
			way,
		);

		const {peer, tls, ...told} = readDocument(answer);
		t.deepEqual(told, {
			backend: 'a',
			method: 'PUT',
			target: '/a%20b?c=1&c=2',
			httpVersion: '1.1',
			rawHeaders: [
				'Host',
				'web.test',
				'X-One',
				'1',
				'x-one',
				'2',
				'X-Empty',
				'',
				'Transfer-Encoding',
				'chunked',
				'Trailer',
				'X-Sum',
			],
			headers: {host: 'web.test', 'x-one': '1, 2', 'x-empty': '', 'transfer-encoding': 'chunked', trailer: 'X-Sum'},
			trailers: {'x-sum': '6'},
			body: 'abc',
			bodyEncoding: 'utf8',
			bodyTruncated: false,
			bodyBytes: 3,
			bodySha256: sha256('abc'),
			proxy: null,
		});
		t.is(peer.address, '127.0.0.1');
		t.true((peer.port ?? 0) > 0);
		t.is(tls === null, way === 'plain');
		t.regex(answer.head, /^HTTP\/1\.1 200 OK\r\ncontent-type: application\/json\r\n/);
		t.regex(answer.head, /\r\nx-lb-local-backend: a\r\n/);
	});

	test(`a request that arrives byte by byte is read like any other (${way})`, async t => {
		await using backend = await startBackend({kind: 'echo'}, way);
		const connection = await open(backend, way);
		const answered = connection.readAll();

		for (const byte of post('slow')) await new Promise(resolve => connection.stream.write(Buffer.of(byte), resolve));
		connection.stream.end();

		t.is(readDocument(readAnswer((await answered).toString())).body, 'slow');
	});

	test(`a connection serves one request after another, without an announced timeout (${way})`, async t => {
		await using backend = await startBackend({kind: 'echo'}, way);
		const connection = await open(backend, way);

		connection.stream.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
		const first = await connection.readUntil('"tls":');
		connection.stream.write('GET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
		const second = await connection.readUntil('"tls":');
		connection.stream.destroy();

		t.regex(first, /"target":"\/1"/);
		t.regex(first, /Connection: keep-alive\r\n/);
		t.notRegex(first, /keep-alive:/i);
		t.regex(second, /"target":"\/2"/);
	});
}

test('a header called __proto__ is a header', async t => {
	await using backend = await startBackend({kind: 'echo'});

	const {body} = await send(backend, 'GET / HTTP/1.1\r\nHost: x\r\n__proto__: polluted\r\nconstructor: too\r\n\r\n');

	const headers: object = JSON.parse(body).headers;
	t.deepEqual(Object.entries(headers), [
		['host', 'x'],
		['__proto__', 'polluted'],
		['constructor', 'too'],
	]);
});

test('cookies in two headers are joined as cookies are', async t => {
	await using backend = await startBackend({kind: 'echo'});

	const answer = await send(backend, 'GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n');

	t.like(readDocument(answer).headers, {cookie: 'a=1; b=2'});
});

test('no header is lost when there are many', async t => {
	await using backend = await startBackend({kind: 'echo'});
	const many = Array.from({length: 3000}, (_, i) => `x-${i}: ${i}\r\n`).join('');

	const answer = await send(backend, `GET / HTTP/1.1\r\nHost: x\r\n${many}\r\n`);

	t.is(readDocument(answer).rawHeaders.length, 2 * 3001);
});

test('a body that is not text is returned in base64', async t => {
	await using backend = await startBackend({kind: 'echo'});
	const bytes = Buffer.from([0, 0xff, 0xc3, 0x28, 0x80]);

	const told = readDocument(await send(backend, post(bytes)));

	t.is(told.bodyEncoding, 'base64');
	t.deepEqual(Buffer.from(told.body, 'base64'), bytes);
	t.is(told.bodySha256, sha256(bytes));
});

test('a body that begins with a byte order mark keeps it', async t => {
	await using backend = await startBackend({kind: 'echo'});

	t.is(readDocument(await send(backend, post('\ufeffé'))).body, '\ufeffé');
});

test('of a long body the beginning is returned, and all of it counted and hashed', async t => {
	await using backend = await startBackend({kind: 'echo'});
	// The limit is in the middle of the last character.
	const body = `x${'é'.repeat(MAX_ECHOED_BODY_BYTES)}`;

	const told = readDocument(await send(backend, post(body)));

	t.true(told.bodyTruncated);
	t.is(told.bodyEncoding, 'utf8');
	t.is(told.body, body.slice(0, MAX_ECHOED_BODY_BYTES / 2));
	t.is(told.bodyBytes, Buffer.byteLength(body));
	t.is(told.bodySha256, sha256(body));
});

test('a HEAD request gets the length and no body', async t => {
	await using backend = await startBackend({kind: 'echo'});

	const {head, body} = await send(backend, 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');

	t.regex(head, /content-length: [1-9]/);
	t.is(body, '');
});

test('a client that expects 100-continue is asked to continue', async t => {
	await using backend = await startBackend({kind: 'echo'});
	const connection = await open(backend);

	connection.stream.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
	const interim = await connection.readUntil('\r\n\r\n');
	connection.stream.end('ok');
	const answer = readAnswer((await connection.readAll()).toString());

	t.is(interim, 'HTTP/1.1 100 Continue\r\n\r\n');
	t.is(readDocument(answer).body, 'ok');
});

test("the echo returns the TLS of the request, and the client's certificate", async t => {
	await using backend = await startFakeBackend({
		name: 'a',
		behaviour: {kind: 'echo'},
		tls: {mode: 'always', cert: serverPair.cert, key: serverPair.key, clientAuth: true, ca: authority.pem},
	});
	const connection = await openTls(backend, {
		cert: clientPair.cert,
		key: clientPair.key,
		ALPNProtocols: ['h2', 'http/1.1'],
		minVersion: 'TLSv1.3',
	});

	connection.stream.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	const {tls} = readDocument(readAnswer((await connection.readAll()).toString()));

	t.is(connection.stream.alpnProtocol, 'http/1.1');
	t.deepEqual(tls, {
		version: 'TLSv1.3',
		cipher: 'TLS_AES_256_GCM_SHA384',
		alpn: 'http/1.1',
		sni: 'shop.test',
		resumed: false,
		clientCertificate: {
			subject: 'O=lb-local test certificate, CN=client.test',
			fingerprint256: clientPair.fingerprint256,
			trusted: true,
		},
	});
});

test('a client without a certificate, a server name or ALPN is described as such', async t => {
	await using backend = await startBackend({kind: 'echo'}, 'tls');
	const connection = await openTls(backend, {
		servername: '',
		checkServerIdentity: () => undefined,
		maxVersion: 'TLSv1.2',
	});

	connection.stream.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	const {tls} = readDocument(readAnswer((await connection.readAll()).toString()));

	t.is(tls?.version, 'TLSv1.2');
	t.deepEqual([tls?.alpn, tls?.sni, tls?.clientCertificate], [null, null, null]);
});

test('a request that stops half-way is answered with 400, and the next client is served', async t => {
	await using backend = await startBackend({kind: 'echo'});

	const {head} = await send(backend, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');

	t.regex(head, /^HTTP\/1\.1 400 /);
	t.regex((await send(backend, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).head, /^HTTP\/1\.1 200 /);
});

test('a client that resets in the middle of its body leaves nothing behind', async t => {
	await using backend = await startBackend({kind: 'echo'});
	const connection = await open(backend);
	connection.stream.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\nhalf');
	await connection.readUntil('100 Continue');

	connection.reset();
	await once(connection.stream, 'close');

	t.regex((await send(backend, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).head, /^HTTP\/1\.1 200 /);
});

test('a name that a header cannot carry is percent-encoded in it', t => {
	t.is(nameAsHeader('app 1'), 'app 1');
	t.is(nameAsHeader('Bäcker\r\n\ud800'), 'B%C3%A4cker%0D%0A%EF%BF%BD');
});
