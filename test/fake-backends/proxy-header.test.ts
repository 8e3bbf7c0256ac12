import {once} from 'node:events';
import test from 'ava';
import type {ProxyProtocolMode} from '../../src/configuration/spec-backend.ts';
import type {Behaviour} from '../../src/fake-backends/behaviour.ts';
import {startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {proxyHeaderOf} from '../../src/fake-backends/proxy-header.ts';
import {eventually} from '../helpers/patience.ts';
import {open, readAnswer, readDocument, send, WAYS} from './clients.ts';
import {
	arrived,
	client,
	ENDS,
	entrance,
	GET,
	HEADERS,
	patient,
	READING,
	relayTo,
	startReading,
	TLS,
	V1,
	V2,
} from './proxy-samples.ts';

for (const {way, tls} of ENDS) {
	const ends = way === tls ? way : `${way}, ${tls}ed`;
	for (const [name, {bytes, proxy}] of Object.entries(HEADERS)) {
		test(`a ${name} header is read before the request, whole or byte by byte (${ends})`, async t => {
			for (const mode of READING) {
				await using backend = await startReading(mode, {kind: 'echo'}, {tls: TLS[tls]});
				for (const pieceBytes of [1, Number.POSITIVE_INFINITY]) {
					await using relay = await relayTo(backend, bytes, pieceBytes);

					const document = readDocument(await send(relay, GET, way));

					t.deepEqual(document.proxy, proxy);
					t.is(document.peer.address, '127.0.0.1');
					t.is(document.tls === null, way === 'plain');
				}
				t.is(backend.proxyFailures, 0);
				t.is(backend.handshakeFailures, 0);
			}
		});
	}

	test(`a back-end that accepts a header serves a connection without one, whole or byte by byte (${ends})`, async t => {
		await using backend = await startReading('accept', {kind: 'echo'}, {tls: TLS[tls]});
		// The second begins as a version 1 header does, the third as one of version 2.
		for (const request of [GET, GET.replace('GET', 'PROPFIND'), `\r\n${GET}`]) {
			for (const pieceBytes of [1, Number.POSITIVE_INFINITY]) {
				await using relay = await relayTo(backend, Buffer.alloc(0), pieceBytes);

				const answer = await send(relay, request, way);

				t.is(readDocument(answer).proxy, null);
			}
		}
		t.is(backend.proxyFailures, 0);
	});

	test(`a back-end that requires a header gives no answer without one, and counts it (${ends})`, async t => {
		await using backend = await startReading('require', {kind: 'echo'}, {tls: TLS[tls]});

		if (way === 'tls') await t.throwsAsync(send(backend, GET, way));
		else t.deepEqual(await send(backend, GET, way).then(({head}) => head, codeOf), '');

		await eventually(() => backend.openConnections === 0);
		t.is(backend.proxyFailures, 1);
		t.is(backend.handshakeFailures, 0);
		await using relay = await relayTo(backend, V1, Number.POSITIVE_INFINITY);
		t.regex((await send(relay, GET, way)).head, /^HTTP\/1\.1 200 /);
		t.is(backend.proxyFailures, 1);
	});
}

/** Asserts that there was no answer, whether the connection was ended or reset. */
function codeOf(error: {readonly code?: string}): string | undefined {
	return error.code === 'ECONNRESET' ? '' : error.code;
}

test('by default, a back-end takes a header for payload, as real servers do', async t => {
	await using http = await startFakeBackend({name: 'a', behaviour: {kind: 'echo'}});
	await using off = await startReading('off');
	await using tcp = await startReading('off', {kind: 'tcp', mode: 'echo'});
	const payload = Buffer.concat([V1, V2]);

	for (const backend of [http, off]) {
		for (const header of [V1, V2]) {
			t.regex((await send(backend, Buffer.concat([header, Buffer.from(GET)]))).head, /^HTTP\/1\.1 400 /);
		}
		t.is(backend.proxyFailures, 0);
	}
	const connection = await open(tcp);
	connection.stream.end(payload);
	t.true((await connection.readAll()).equals(payload));
});

test('by default, a TLS back-end takes a header for a broken handshake', async t => {
	await using backend = await startReading('off', {kind: 'echo'}, {tls: TLS.tls});
	await using relay = await relayTo(backend, V1, Number.POSITIVE_INFINITY);

	await t.throwsAsync(send(relay, GET, 'tls'));

	await eventually(() => backend.handshakeFailures === 1);
	t.is(backend.proxyFailures, 0);
});

test('a header applies to all requests of its connection, and is read only once', async t => {
	await using backend = await startReading('accept');
	const connection = await open(backend);

	connection.stream.write(V1);
	connection.stream.write(GET);
	const first = await connection.readUntil('"tls":null}');
	connection.stream.write(GET);
	const second = await connection.readUntil('"tls":null}');
	connection.stream.end(Buffer.concat([V1, Buffer.from(GET)]));
	const third = (await connection.readAll()).toString();

	for (const answer of [first, second]) t.like(readDocument(readAnswer(answer)).proxy, {version: 1, source: client});
	t.regex(third, /^HTTP\/1\.1 400 /);
});

for (const {way, tls} of ENDS) {
	const ends = way === tls ? way : `${way}, ${tls}ed`;
	test(`a tcp echo after a header keeps half-close and every byte (${ends})`, async t => {
		await using backend = await startReading('require', {kind: 'tcp', mode: 'echo'}, {tls: TLS[tls]});
		const payload = Buffer.alloc(1024 * 1024, 'payload and more of it; ');
		for (const header of [V1, V2]) {
			await using relay = await relayTo(backend, header, Number.POSITIVE_INFINITY);
			const connection = await open(relay, way);

			connection.stream.end(payload);

			t.true((await connection.readAll()).equals(payload));
		}
	});
}

test('a header, its payload and the end may arrive in one piece', async t => {
	await using backend = await startReading('require', {kind: 'tcp', mode: 'echo'});
	for (const payload of ['', 'x', 'hello']) {
		const connection = await open(backend);

		connection.stream.end(Buffer.concat([V1, Buffer.from(payload)]));

		t.is((await connection.readAll()).toString(), payload);
	}
	t.is(backend.proxyFailures, 0);
});

for (const tls of ['plain', 'detect'] as const) {
	test(`an incomplete header at the end is served as payload by a back-end that accepts one (${tls})`, async t => {
		await using backend = await startReading('accept', {kind: 'tcp', mode: 'echo'}, {tls: TLS[tls]});
		const beginnings = [...[1, 3, 5].map(length => V1.subarray(0, length)), ...[1, 4, 11].map(n => V2.subarray(0, n))];
		for (const beginning of beginnings) {
			const connection = await open(backend);

			connection.stream.end(beginning);

			t.deepEqual(await connection.readAll(), beginning);
		}
		t.is(backend.proxyFailures, 0);
	});
}

test('bytes that begin as a header and stop are served after a while, with the rest', async t => {
	await using backend = await startReading('accept', {kind: 'tcp', mode: 'echo'}, {proxyHeaderTimeoutMs: 30});
	const connection = await open(backend);

	connection.stream.write('PRO');
	t.is(await connection.readUntil('PRO'), 'PRO');
	connection.stream.end('XY UNKNOWN\r\n');

	t.is((await connection.readAll()).toString(), 'XY UNKNOWN\r\n');
	t.is(backend.proxyFailures, 0);
});

const SILENT: readonly Behaviour[] = [
	{kind: 'echo'},
	{kind: 'reply'},
	{kind: 'tcp', mode: 'echo'},
	{kind: 'tcp', mode: 'sink'},
	{kind: 'socket', handler: socket => void socket.resume().once('end', () => socket.end())},
];
for (const behaviour of SILENT) {
	const kind = behaviour.kind === 'tcp' ? `tcp ${behaviour.mode}` : behaviour.kind;
	for (const tls of ['plain', 'tls', 'detect'] as const) {
		test(`a client that leaves without a byte is closed at once by a back-end that accepts a header (${kind}, ${tls})`, async t => {
			await using backend = await startReading('accept', behaviour, patient(tls));
			const connection = await open(backend);

			connection.stream.end();
			const said = await connection.readAll();
			await eventually(() => backend.openConnections === 0);

			t.is(said.length, 0);
			t.is(backend.proxyFailures + backend.handshakeFailures, 0);
		});
	}
}

for (const mode of ['source', 'banner'] as const) {
	test(`a tcp ${mode} speaks after the header it requires, and not before`, async t => {
		await using backend = await startReading('require', {kind: 'tcp', mode, data: 'welcome\n'}, patient('plain'));
		const connection = await open(backend);
		const heard: string[] = [];
		connection.stream.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
		connection.stream.write(V1.subarray(0, -1));
		await eventually(() => backend.openConnections === 1);
		await arrived();
		heard.push('| ');

		connection.stream.end(V1.subarray(-1));
		await once(connection.stream, 'end');

		t.is(heard.join(''), '| welcome\n');
	});

	test(`a tcp ${mode} that accepts a header speaks once the client has spoken or ended`, async t => {
		await using backend = await startReading('accept', {kind: 'tcp', mode, data: 'welcome\n'});
		const speaking = await open(backend);
		const ending = await open(backend);

		speaking.stream.write('hello');
		ending.stream.end();

		t.regex(await speaking.readUntil('\n'), /^welcome\n/);
		t.is((await ending.readAll()).toString(), 'welcome\n');
		speaking.stream.destroy();
	});
}

test('a header inside TLS is payload', async t => {
	await using backend = await startReading('accept', {kind: 'tcp', mode: 'echo'}, {tls: TLS.tls});
	const connection = await open(backend, 'tls');

	connection.stream.end(V1);

	t.deepEqual(await connection.readAll(), V1);
});

for (const way of WAYS) {
	test(`a request handler gets the header, and the address of the peer (${way})`, async t => {
		const peers: unknown[] = [];
		const behaviour: Behaviour = {
			kind: 'handler',
			handler: ({socket}, response) => {
				peers.push(socket.remoteAddress);
				response.end(JSON.stringify(proxyHeaderOf(socket) ?? null));
			},
		};
		await using backend = await startReading('accept', behaviour, {tls: TLS[way]});
		await using relay = await relayTo(backend, V2, Number.POSITIVE_INFINITY);

		const behind = await send(relay, GET, way);
		const direct = await send(backend, GET, way);

		t.like(JSON.parse(behind.body), {version: 2, family: 'TCP4', source: client, destination: entrance});
		t.is(direct.body, 'null');
		t.deepEqual(peers, ['127.0.0.1', '127.0.0.1']);
	});

	test(`a connection handler gets the header, and the bytes after it (${way})`, async t => {
		const behaviour: Behaviour = {
			kind: 'socket',
			handler: socket => {
				socket.write(`${proxyHeaderOf(socket)?.source?.address}: `);
				socket.pipe(socket);
			},
		};
		await using backend = await startReading('require', behaviour, {tls: TLS[way]});
		await using relay = await relayTo(backend, V1, 1);
		const connection = await open(relay, way);

		connection.stream.end('hello');

		t.is((await connection.readAll()).toString(), '192.0.2.1: hello');
	});
}

test('an unknown mode of headers is named, with the existing ones', async t => {
	// What JavaScript callers may write, the types forbid.
	const mode = 'acept' as ProxyProtocolMode;

	await t.throwsAsync(startReading(mode), {
		code: 'INVALID_DESCRIPTION',
		message:
			'Back-end "a" is not valid:\n  proxyProtocol: "acept" is not allowed; use "off", "accept" or "require" (did you mean "accept"?)',
	});
});
