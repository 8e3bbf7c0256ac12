import {X509Certificate} from 'node:crypto';
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test from 'ava';
import {type FakeBackend, startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {eventually} from '../helpers/patience.ts';
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

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const {cert, key} = serverPair;

const startDetecting = () => startFakeBackend({name: 'a', behaviour: {kind: 'echo'}, tls: {mode: 'detect', cert, key}});

/** All that a client sends before it waits for an answer. */
async function clientHello(): Promise<Buffer> {
	const heard: Buffer[] = [];
	const relay = await startFakeBackend({
		name: 'relay',
		behaviour: {kind: 'socket', handler: socket => void socket.on('data', (chunk: Buffer) => heard.push(chunk))},
	});
	const client = openTls(relay);
	client.catch(() => {});
	await eventually(() => heard.length > 0);
	await relay.stop();
	return Buffer.concat(heard);
}

/** One request; whether both ends report a resumed session, and the session for the next connection. */
async function ask(
	backend: FakeBackend,
	options: Parameters<typeof openTls>[1],
): Promise<{resumed: boolean; session: Buffer}> {
	const connection = await openTls(backend, options);
	connection.stream.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
	const answer = readAnswer((await connection.readAll()).toString());
	// With TLS 1.3 the session arrives after the handshake, but before the end of the answer.
	const session = connection.stream.getSession() ?? Buffer.alloc(0);
	connection.stream.end();
	const resumed = readDocument(answer).tls?.resumed === true && connection.stream.isSessionReused();
	return {resumed, session};
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
	for (const clientAuth of [false, true]) {
		test(`a client resumes its session over ${version}${clientAuth ? ', asked for a certificate' : ''}`, async t => {
			await using backend = await startFakeBackend({
				name: 'a',
				behaviour: {kind: 'echo'},
				tls: {mode: 'always', cert, key, clientAuth, ca: authority.pem},
			});
			const options = {minVersion: version, maxVersion: version, cert: clientPair.cert, key: clientPair.key};

			const first = await ask(backend, options);
			const second = await ask(backend, {...options, session: first.session});

			t.false(first.resumed);
			t.true(second.resumed);
		});
	}
}

test('the chain is sent after the leaf', async t => {
	await using backend = await startFakeBackend({
		name: 'a',
		behaviour: {kind: 'tcp', mode: 'echo'},
		tls: {mode: 'always', cert, key, chain: authority.pem},
	});

	// Trusts nobody, so that the issuer can only have come over the wire.
	const connection = await openTls(backend, {ca: [], rejectUnauthorized: false});

	t.deepEqual(connection.stream.getPeerCertificate(true).issuerCertificate.raw, new X509Certificate(authority.pem).raw);
	connection.stream.destroy();
});

test('an HTTP back-end accepts http/1.1 in ALPN, and refuses clients that offer only h2', async t => {
	await using backend = await startBackend({kind: 'echo'}, 'tls');

	const both = await openTls(backend, {ALPNProtocols: ['h2', 'http/1.0', 'http/1.1']});
	await t.throwsAsync(openTls(backend, {ALPNProtocols: ['h2']}), {code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'});

	t.is(both.stream.alpnProtocol, 'http/1.1');
	both.stream.destroy();
});

test('an HTTP back-end serves a client that offers only http/1.0', async t => {
	await using backend = await startBackend({kind: 'echo'}, 'tls');

	const connection = await openTls(backend, {ALPNProtocols: ['http/1.0']});
	connection.stream.write('GET / HTTP/1.0\r\nHost: x\r\n\r\n');
	const {tls} = readDocument(readAnswer((await connection.readAll()).toString()));

	t.is(connection.stream.alpnProtocol, 'http/1.0');
	t.is(tls?.alpn, 'http/1.0');
	connection.stream.destroy();
});

test('a TCP back-end selects no protocol in ALPN', async t => {
	await using backend = await startBackend({kind: 'tcp', mode: 'echo'}, 'tls');

	const connection = await openTls(backend, {ALPNProtocols: ['mqtt']});

	t.is(connection.stream.alpnProtocol, false);
	connection.stream.destroy();
});

for (const way of WAYS) {
	test(`a back-end that detects TLS serves a ${way} client`, async t => {
		await using backend = await startDetecting();

		const {tls} = readDocument(await send(backend, GET, way));

		t.is(tls === null, way === 'plain');
	});

	test(`a back-end that detects TLS serves a ${way} client whose handshake and request arrive byte by byte`, async t => {
		await using backend = await startDetecting();
		await using slow = await startFakeBackend({
			name: 'slow',
			behaviour: {kind: 'socket', handler: downstream => trickle(downstream as Socket, backend.port)},
		});

		const {target} = readDocument(await send(slow, GET.replace('/', '/slow'), way));

		t.is(target, '/slow');
	});
}

/** Forwards the client's bytes to the port one by one, and the answer unchanged. */
function trickle(downstream: Socket, port: number): void {
	const upstream = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
	upstream.on('error', () => downstream.destroy());
	upstream.pipe(downstream);
	const write = async () => {
		for await (const chunk of downstream.iterator({destroyOnReturn: false})) {
			for (const byte of chunk as Buffer) await new Promise(resolve => upstream.write(Buffer.of(byte), resolve));
		}
		upstream.end();
	};
	void write();
}

test('a back-end that detects TLS closes a client that leaves without a byte', async t => {
	await using backend = await startDetecting();
	const connection = await open(backend);

	connection.stream.end();
	await connection.untilOver();
	await eventually(() => backend.openConnections === 0);

	t.is(backend.handshakeFailures, 0);
});

test('a back-end that detects TLS survives a client that resets without a byte', async t => {
	await using backend = await startDetecting();
	const connection = await open(backend);
	await eventually(() => backend.openConnections === 1);

	connection.reset();
	await eventually(() => backend.openConnections === 0);

	t.regex((await send(backend, GET)).head, /^HTTP\/1\.1 200 /);
});

test('a plain request to a TLS back-end fails its handshake', async t => {
	await using backend = await startBackend({kind: 'echo'}, 'tls');
	const connection = await open(backend);

	connection.stream.end(GET);
	const answer = await connection.readAll();

	t.false(answer.toString('latin1').includes('HTTP/1.1'));
	await eventually(() => backend.handshakeFailures === 1);
	t.is(backend.openConnections, 0);
});

test('a probe that connects and leaves fails no handshake', async t => {
	// No test waits so long, so it is not the timeout of the handshake that closes it.
	const tls = {mode: 'always', cert, key, handshakeTimeoutMs: 3_600_000} as const;
	await using backend = await startFakeBackend({name: 'a', behaviour: {kind: 'echo'}, tls});

	const connection = await open(backend);
	await eventually(() => backend.openConnections === 1);
	connection.stream.end();
	await connection.untilOver();
	await eventually(() => backend.openConnections === 0);

	t.is(backend.handshakeFailures, 0);
});

test('a client that resets in the middle of its handshake is counted, and the next one is served', async t => {
	const hello = await clientHello();
	await using backend = await startBackend({kind: 'echo'}, 'tls');

	// After one byte, after half of its hello, and after all of it.
	for (const bytes of [1, Math.floor(hello.length / 2), hello.length]) {
		const connection = await open(backend);
		connection.stream.write(hello.subarray(0, bytes));
		if (bytes === hello.length) await once(connection.stream, 'readable');
		await eventually(() => backend.openConnections === 1);
		// Half of a hello gets no answer; only the end that follows shows that it arrived.
		if (bytes === hello.length) connection.reset();
		else connection.stream.end();
		await eventually(() => backend.openConnections === 0);
	}

	await eventually(() => backend.handshakeFailures === 3);
	t.is(backend.handshakeFailures, 3);
	t.regex((await send(backend, GET, 'tls')).head, /^HTTP\/1\.1 200 /);
});

test('fifty clients that reset at once do not disturb others', async t => {
	await using backend = await startBackend({kind: 'echo'}, 'tls');

	for (let i = 0; i < 50; i++) {
		const socket = connect({port: backend.port, host: '127.0.0.1'});
		socket.on('error', () => {});
		await once(socket, 'connect');
		socket.write(Buffer.from([0x16, 3, 1]));
		socket.resetAndDestroy();
	}

	t.regex((await send(backend, GET, 'tls')).head, /^HTTP\/1\.1 200 /);
	await eventually(() => backend.openConnections === 0);
});

test('a handshake that ends because the back-end stops has not failed', async t => {
	const hello = await clientHello();
	const backend = await startBackend({kind: 'echo'}, 'tls');
	const connection = await open(backend);
	connection.stream.write(hello);
	await once(connection.stream, 'readable');

	await backend.stop();
	await connection.untilOver();

	t.is(backend.handshakeFailures, 0);
});

test('garbage after the handshake ends the connection, and the next client is served', async t => {
	await using backend = await startBackend({kind: 'tcp', mode: 'echo'}, 'tls');
	const raw = connect({port: backend.port, host: '127.0.0.1'});
	await using relay = await startFakeBackend({
		name: 'relay',
		behaviour: {kind: 'socket', handler: downstream => void downstream.pipe(raw).pipe(downstream)},
	});
	const connection = await openTls(relay);
	connection.stream.on('error', () => {});
	// A TLS 1.3 client finishes its handshake before the server; an answer shows that both have.
	connection.stream.write('hello');
	await once(connection.stream, 'readable');

	raw.write(Buffer.alloc(100, 0x17));
	await eventually(() => backend.openConnections === 0);

	const next = await openTls(backend);
	next.stream.end('fine');
	t.is((await next.readAll()).toString(), 'fine');
	t.is(backend.handshakeFailures, 0);
	connection.stream.destroy();
});

test('a key that does not belong to the certificate is refused', async t => {
	const starting = startFakeBackend({
		name: 'shop',
		behaviour: {kind: 'echo'},
		tls: {mode: 'always', cert, key: clientPair.key},
	});

	await t.throwsAsync(starting, {
		code: 'INVALID_CERTIFICATE',
		message: /^The certificate of back-end "shop" cannot be used: .*key values mismatch/,
	});
});

test('a client that does not finish its handshake is closed', async t => {
	await using backend = await startFakeBackend({
		name: 'a',
		behaviour: {kind: 'echo'},
		tls: {mode: 'always', cert, key, handshakeTimeoutMs: 30},
	});

	// On a busy machine the time may be up before the byte is read: then the handshake has not begun, and has not failed.
	while (backend.handshakeFailures === 0) {
		const connection = await open(backend);
		connection.stream.write(Buffer.of(0x16));
		await connection.untilOver();
		await eventually(() => backend.openConnections === 0);
	}

	t.is(backend.handshakeFailures, 1);
});

// Alone, so that the handshake is in time on a busy machine too.
test.serial('a handshake that was in time cancels its deadline', async t => {
	await using backend = await startFakeBackend({
		name: 'a',
		behaviour: {kind: 'reply', delay: 520, body: 'still here'},
		tls: {mode: 'always', cert, key, handshakeTimeoutMs: 500},
	});

	t.is((await send(backend, GET, 'tls')).body, 'still here');
});
