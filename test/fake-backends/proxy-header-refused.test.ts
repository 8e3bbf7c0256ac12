// A process of its own: it counts the process's sockets and timers.
import test from 'ava';
import type {ProxyProtocolMode} from '../../src/configuration/spec-backend.ts';
import type {Behaviour} from '../../src/fake-backends/behaviour.ts';
import {eventually} from '../helpers/patience.ts';
import type {RawConnection} from '../helpers/raw-connection.ts';
import {open, readAnswer, readDocument, send} from './clients.ts';
import {arrived, client, GET, HEADERS, patient, READING, startReading, TLS, V1, V2, v2} from './proxy-samples.ts';

/** Resolves to what was received until the connection ended, by an end or a reset. */
async function heardBy({stream: socket}: RawConnection): Promise<string> {
	let heard = '';
	socket.on('error', () => {});
	socket.on('data', (chunk: Buffer) => {
		heard += chunk.toString('latin1');
	});
	if (!socket.closed) await new Promise(resolve => socket.once('end', () => socket.end()).once('close', resolve));
	return heard;
}

const MALFORMED: Readonly<Record<string, Buffer>> = {
	'an address out of range': Buffer.from(`PROXY TCP4 256.0.2.1 198.51.100.7 1 2\r\n${GET}`),
	'a family that does not exist': Buffer.from(`PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n${GET}`),
	'a line that is too long': Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}\r\n${GET}`),
	'a version that does not exist': Buffer.concat([v2(0x31, 0x11, 0, 0), Buffer.from(GET)]),
	'a family that is not defined': Buffer.concat([v2(0x21, 0x41, 0, 12, ...Array(12).fill(1)), Buffer.from(GET)]),
	'a transport that is not defined': Buffer.concat([v2(0x21, 0x13, 0, 12, ...Array(12).fill(1)), Buffer.from(GET)]),
	'a family without transport': Buffer.concat([v2(0x21, 0x10, 0, 12, ...Array(12).fill(1)), Buffer.from(GET)]),
	'a command that is not defined': Buffer.concat([v2(0x22, 0x11, 0, 12, ...Array(12).fill(1)), Buffer.from(GET)]),
	'an extension longer than itself': Buffer.concat([
		v2(0x21, 0x11, 0, 15, ...Array(12).fill(1), 4, 0, 1),
		Buffer.from(GET),
	]),
	'an address that is none': Buffer.from(`PROXY TCP6 :::: ::1 1 2\r\n${GET}`),
	'a block shorter than its addresses': Buffer.concat([v2(0x21, 0x11, 0, 4, 1, 2, 3, 4), Buffer.from(GET)]),
};
/** With fewer bytes than this, a back-end that accepts a header cannot detect one. */
function shortestSign(mode: ProxyProtocolMode, header: Buffer): number {
	if (mode === 'require') return 0;
	return header === V1 ? 'PROXY '.length : 12;
}

for (const mode of READING) {
	for (const [name, bytes] of Object.entries(MALFORMED)) {
		test(`a header with ${name} gets no answer, and is counted (${mode})`, async t => {
			await using backend = await startReading(mode);
			const connection = await open(backend);

			connection.stream.write(bytes);
			const heard = await heardBy(connection);

			t.is(heard, '');
			t.is(backend.proxyFailures, 1);
			await eventually(() => backend.openConnections === 0);
		});
	}

	for (const header of [V1, V2]) {
		test(`a version ${header === V1 ? 1 : 2} header that ends at any byte is not a header (${mode})`, async t => {
			await using backend = await startReading(mode, {kind: 'tcp', mode: 'sink'});
			const shortest = shortestSign(mode, header);

			for (let length = 0; length < header.length; length++) {
				const connection = await open(backend);
				connection.stream.end(header.subarray(0, length));
				t.is(await heardBy(connection), '');
				await eventually(() => backend.openConnections === 0);
				t.is(backend.proxyFailures, Math.max(0, length + 1 - shortest), `after ${length} bytes`);
			}
		});

		test(`a reset at any byte of a version ${header === V1 ? 1 : 2} header leaves nothing behind (${mode})`, async t => {
			await using backend = await startReading(mode);
			const shortest = shortestSign(mode, header);

			for (let length = 0; length <= header.length; length++) {
				const connection = await open(backend);
				await eventually(() => backend.openConnections === 1);
				connection.stream.write(header.subarray(0, length));
				await arrived();
				connection.reset();
				await eventually(() => backend.openConnections === 0);
				const failures = Math.min(length + 1, header.length) - shortest;
				t.is(backend.proxyFailures, Math.max(0, failures), `after ${length} bytes`);
			}

			t.regex((await send(backend, Buffer.concat([header, Buffer.from(GET)]))).head, /^HTTP\/1\.1 200 /);
		});
	}

	test(`an incomplete header is waited for no longer than its timeout (${mode})`, async t => {
		await using backend = await startReading(mode, {kind: 'echo'}, {proxyHeaderTimeoutMs: 30});
		for (const beginning of [V1.subarray(0, 10), V2.subarray(0, -1)]) {
			const connection = await open(backend);
			connection.stream.write(beginning);
			t.is(await heardBy(connection), '');
		}

		t.is(backend.proxyFailures, 2);
		await eventually(() => backend.openConnections === 0);
	});

	// Alone, so that the header is in time on a busy machine too.
	test.serial(`a header that was in time cancels its deadline (${mode})`, async t => {
		const behaviour: Behaviour = {kind: 'reply', delay: 520, body: 'still here'};
		await using backend = await startReading(mode, behaviour, {proxyHeaderTimeoutMs: 500});
		const connection = await open(backend);

		connection.stream.write(V1.subarray(0, 10));
		await eventually(() => backend.openConnections === 1);
		await arrived();
		connection.stream.end(Buffer.concat([V1.subarray(10), Buffer.from(GET)]));

		t.is(readAnswer((await connection.readAll()).toString()).body, 'still here');
		t.is(backend.proxyFailures, 0);
	});

	// Alone, because it counts what the process holds.
	test.serial(`a stop ends a client that has sent no header yet, and is no failure (${mode})`, async t => {
		const held = () => process.getActiveResourcesInfo().filter(name => /TCP|Timeout/.test(name)).length;
		const before = held();
		const backend = await startReading(mode, {kind: 'echo'}, patient('detect'));
		const sockets = await Promise.all([open(backend), open(backend), open(backend)]);
		sockets[1]?.stream.write('PRO');
		sockets[2]?.stream.write(V2.subarray(0, -1));
		await eventually(() => backend.openConnections === 3);
		await arrived();

		await backend.stop();
		await Promise.all(sockets.map(each => each.untilOver()));
		await eventually(() => held() <= before);

		t.is(backend.proxyFailures, 0);
		t.is(backend.handshakeFailures, 0);
		await backend.start();
		t.regex((await send(backend, Buffer.concat([V2, Buffer.from(GET)]))).head, /^HTTP\/1\.1 200 /);
		await backend.stop();
	});
}

test('a back-end that requires a header does not wait for the first byte for ever', async t => {
	await using backend = await startReading('require', {kind: 'echo'}, {proxyHeaderTimeoutMs: 30});

	const heard = await heardBy(await open(backend));

	t.is(heard, '');
	t.is(backend.proxyFailures, 1);
});

test('a back-end that accepts a header waits for the first byte without limit', async t => {
	await using backend = await startReading('accept', {kind: 'echo'}, {proxyHeaderTimeoutMs: 20});
	const idle = await open(backend);
	// The timeout of another client ends twice meanwhile.
	for (let i = 0; i < 2; i++) {
		const connection = await open(backend);
		connection.stream.write(V1.subarray(0, 10));
		await heardBy(connection);
	}

	idle.stream.end(Buffer.concat([V1, Buffer.from(GET)]));

	t.like(readDocument(readAnswer((await idle.readAll()).toString())).proxy, {version: 1, source: client});
});

for (const tls of ['tls', 'detect'] as const) {
	test(`a probe that sends a header and leaves fails no handshake (${tls})`, async t => {
		await using backend = await startReading('require', {kind: 'echo'}, patient(tls));

		for (const header of [V1, HEADERS['v2 LOCAL']?.bytes ?? V2]) {
			const connection = await open(backend);
			connection.stream.end(header);
			await connection.readAll();
		}
		await eventually(() => backend.openConnections === 0);

		t.is(backend.handshakeFailures, 0);
		t.is(backend.proxyFailures, 0);
	});
}

test('a handshake that ends after a header has failed', async t => {
	await using backend = await startReading('require', {kind: 'echo'}, {tls: TLS.tls});
	const connection = await open(backend);

	connection.stream.end(Buffer.concat([V1, Buffer.of(0x16, 3, 1)]));
	await connection.untilOver();

	await eventually(() => backend.handshakeFailures === 1);
	t.is(backend.proxyFailures, 0);
});
