import {createHash} from 'node:crypto';
import {once} from 'node:events';
import test from 'ava';
import type {TcpBackend} from '../../src/configuration/spec-backend.ts';
import {eventually} from '../helpers/patience.ts';
import {open, startBackend, WAYS} from './clients.ts';

const MIB = 1024 * 1024;

for (const way of WAYS) {
	test(`tcp echo returns what it received, and ends after the client (${way})`, async t => {
		await using backend = await startBackend({kind: 'tcp', mode: 'echo'}, way);
		const connection = await open(backend, way);

		connection.stream.write('first ');
		t.is(await connection.readUntil('first '), 'first ');
		connection.stream.end('and last');
		t.is((await connection.readAll()).toString(), 'and last');
	});

	test(`tcp echo receives bytes that arrive one by one (${way})`, async t => {
		await using backend = await startBackend({kind: 'tcp', mode: 'echo'}, way);
		const connection = await open(backend, way);
		const echoed = connection.readAll();

		for (const letter of 'letters') await new Promise(resolve => connection.stream.write(letter, resolve));
		connection.stream.end();

		t.is((await echoed).toString(), 'letters');
	});

	test(`tcp echo returns 32 MiB byte for byte (${way})`, async t => {
		await using backend = await startBackend({kind: 'tcp', mode: 'echo'}, way);
		const connection = await open(backend, way);
		const sent = createHash('sha256');
		const received = createHash('sha256');
		let receivedBytes = 0;
		connection.stream.on('data', (chunk: Buffer) => {
			receivedBytes += chunk.length;
			received.update(chunk);
		});

		for (let i = 0; i < 32; i++) {
			const chunk = Buffer.alloc(MIB, `part ${i} `);
			sent.update(chunk);
			if (!connection.stream.write(chunk)) await once(connection.stream, 'drain');
		}
		connection.stream.end();
		await once(connection.stream, 'end');

		t.is(receivedBytes, 32 * MIB);
		t.is(received.digest('hex'), sent.digest('hex'));
	});

	test(`a tcp sink reads everything, sends nothing, and ends after the client (${way})`, async t => {
		await using backend = await startBackend({kind: 'tcp', mode: 'sink'}, way);
		const connection = await open(backend, way);

		for (let i = 0; i < 4; i++) if (!connection.stream.write(Buffer.alloc(MIB))) await once(connection.stream, 'drain');
		t.false(connection.stream.readableEnded);
		connection.stream.end();

		t.is((await connection.readAll()).length, 0);
	});

	test(`a tcp source sends first, ends, and still lets the client finish (${way})`, async t => {
		await using backend = await startBackend({kind: 'tcp', mode: 'source'}, way);
		const connection = await open(backend, way);

		t.is((await connection.readAll()).toString(), 'a\n');
		await new Promise(resolve => connection.stream.write('not over yet', resolve));
		t.is(backend.openConnections, 1);
		connection.stream.end();
		await connection.untilOver();
		await eventually(() => backend.openConnections === 0);
	});

	test(`a tcp source with large data waits for a slow reader (${way})`, async t => {
		const data = Buffer.alloc(8 * MIB, '0123456789');
		await using backend = await startBackend({kind: 'tcp', mode: 'source', data}, way);
		const connection = await open(backend, way);

		const first = await connection.readUntil('0');
		const received = Buffer.concat([Buffer.from(first), await connection.readAll()]);
		connection.stream.end();

		t.true(received.equals(data));
	});

	test(`a tcp banner comes before the echo (${way})`, async t => {
		await using backend = await startBackend({kind: 'tcp', mode: 'banner'}, way);
		const connection = await open(backend, way);

		t.is(await connection.readUntil('\n'), 'a ready\r\n');
		connection.stream.end('hello');
		t.is((await connection.readAll()).toString(), 'hello');
	});
}

test('the data of a source may be text, bytes, or nothing', async t => {
	const said = async (data: string | Uint8Array) => {
		await using backend = await startBackend({kind: 'tcp', mode: 'source', data});
		const connection = await open(backend);
		connection.stream.end();
		return connection.readAll();
	};

	t.deepEqual(await said('é'), Buffer.from('é'));
	t.deepEqual(await said(new Uint8Array([0, 255])), Buffer.from([0, 255]));
	t.deepEqual(await said(''), Buffer.alloc(0));
});

test('a client that resets during large data is closed', async t => {
	await using backend = await startBackend({kind: 'tcp', mode: 'source', data: Buffer.alloc(8 * MIB)});
	const connection = await open(backend);
	await once(connection.stream, 'readable');

	connection.reset();
	await eventually(() => backend.openConnections === 0);

	t.is(backend.openConnections, 0);
});

test('a mode that does not exist is named, with those that do', async t => {
	// What JavaScript callers may write, the types forbid.
	const given = {kind: 'tcp', mode: 'ecko', data: 5} as unknown as TcpBackend;

	await t.throwsAsync(startBackend(given), {
		code: 'INVALID_DESCRIPTION',
		message: [
			'Back-end "a" is not valid:',
			'  mode: "ecko" is not allowed; use "echo", "sink", "source" or "banner" (did you mean "echo"?)',
			'  data: must be text or bytes (Uint8Array)',
		].join('\n'),
	});
});
