import test from 'ava';
import {open, readAnswer, readDocument, send, startBackend, WAYS} from './clients.ts';

for (const way of WAYS) {
	test(`an upgraded connection sends every byte back, including those that came with the request (${way})`, async t => {
		await using backend = await startBackend({kind: 'echo'}, way);
		const connection = await open(backend, way);

		connection.stream.write('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: bytes/2\r\n\r\nearly ');
		const head = await connection.readUntil('early ');
		connection.stream.end('\0late\xff');
		const rest = await connection.readAll();

		t.is(
			head,
			'HTTP/1.1 101 Switching Protocols\r\nUpgrade: bytes/2\r\nConnection: Upgrade\r\nx-lb-local-backend: a\r\n\r\nearly ',
		);
		t.deepEqual(rest, Buffer.from('\0late\xff'));
	});
}

test('a WebSocket handshake is accepted as in RFC 6455', async t => {
	await using backend = await startBackend({kind: 'echo'});

	const {head} = await send(
		backend,
		'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
	);

	// The key and its answer are the example of RFC 6455, section 1.3.
	t.regex(head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$/);
});

test('an offer of h2c is declined by answering the request', async t => {
	await using backend = await startBackend({kind: 'echo'});
	const connection = await open(backend);

	connection.stream.write(
		'GET /h2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
	);
	const answer = readAnswer((await connection.readAll()).toString());
	connection.stream.end();

	t.regex(answer.head, /^HTTP\/1\.1 200 OK\r\n/);
	t.regex(answer.head, /\r\nConnection: close$/m);
	t.is(readDocument(answer).target, '/h2');
});
