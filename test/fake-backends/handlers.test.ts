import {once} from 'node:events';
import test from 'ava';
import {MAX_KEPT_ERRORS} from '../../src/fake-backends/fake-backend.ts';
import {eventually} from '../helpers/patience.ts';
import {open, send, startBackend, WAYS} from './clients.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

for (const way of WAYS) {
	test(`a request handler answers for itself (${way})`, async t => {
		await using backend = await startBackend(
			{kind: 'handler', handler: (request, response) => response.end(`you asked for ${request.url}`)},
			way,
		);

		t.is((await send(backend, GET, way)).body, 'you asked for /');
		t.deepEqual(backend.errors, []);
	});

	test(`a connection handler owns the stream (${way})`, async t => {
		await using backend = await startBackend(
			{
				kind: 'socket',
				handler: socket => {
					socket.once('data', (data: Buffer) => socket.end(data.toString().toUpperCase()));
				},
			},
			way,
		);
		const connection = await open(backend, way);

		connection.stream.write('hello');
		t.is((await connection.readAll()).toString(), 'HELLO');
		connection.stream.end();
	});

	test(`a connection handler may answer long after the client ended (${way})`, async t => {
		await using backend = await startBackend(
			{
				kind: 'socket',
				handler: async socket => {
					await once(socket.resume(), 'end');
					await new Promise(resolve => setImmediate(resolve));
					socket.end('at last');
				},
			},
			way,
		);
		const connection = await open(backend, way);

		connection.stream.end();

		t.is((await connection.readAll()).toString(), 'at last');
		t.deepEqual(backend.errors, []);
	});

	test(`a connection handler that throws ends the connection, and its error is kept (${way})`, async t => {
		const failure = new TypeError('no such thing');
		await using backend = await startBackend(
			{
				kind: 'socket',
				handler: () => {
					throw failure;
				},
			},
			way,
		);

		await (await open(backend, way)).untilOver();

		t.deepEqual(backend.errors, [failure]);
	});

	test(`a peer that resets does not crash a connection handler (${way})`, async t => {
		await using backend = await startBackend({kind: 'socket', handler: socket => void socket.write('hello')}, way);
		const connection = await open(backend, way);
		await once(connection.stream, 'readable');

		if (way === 'plain') connection.reset();
		else connection.stream.destroy();
		await eventually(() => backend.openConnections === 0 || way === 'tls');

		t.deepEqual(backend.errors, []);
	});
}

test('a handler that throws results in 500', async t => {
	const failure = new RangeError('too far');
	await using backend = await startBackend({
		kind: 'handler',
		handler: (_request, response) => {
			response.setHeader('content-length', '3');
			throw failure;
		},
	});

	const {head, body} = await send(backend, GET);

	t.regex(head, /^HTTP\/1\.1 500 Internal Server Error\r\ncontent-type: text\/plain; charset=utf-8\r\n/);
	t.is(body, 'too far');
	t.deepEqual(backend.errors, [failure]);
});

test('a handler whose promise is rejected results in 500', async t => {
	await using backend = await startBackend({kind: 'handler', handler: async () => Promise.reject('no error even')});

	const {head, body} = await send(backend, GET);

	t.regex(head, /^HTTP\/1\.1 500 /);
	t.is(body, 'no error even');
	t.deepEqual(backend.errors, ['no error even']);
});

test('a handler that throws half-way through its answer is cut off', async t => {
	await using backend = await startBackend({
		kind: 'handler',
		handler: (_request, response) => {
			response.writeHead(200, {'content-length': '100'});
			response.write('half');
			throw new Error('out of words');
		},
	});
	const connection = await open(backend);

	connection.stream.write(GET);
	const {length} = await connection.readAll();
	connection.stream.end();

	t.true(length < 300);
	t.is(backend.errors.length, 1);
});

test('a handler that fails after its answer does not change it', async t => {
	await using backend = await startBackend({
		kind: 'handler',
		handler: async (_request, response) => {
			response.end('whole');
			throw new Error('too late');
		},
	});

	t.is((await send(backend, GET)).body, 'whole');
	t.is(backend.errors.length, 1);
});

test('a handler that writes after the end does not crash, and its error is kept', async t => {
	await using backend = await startBackend({
		kind: 'handler',
		handler: (_request, response) => {
			response.end('whole');
			response.write('more');
		},
	});

	t.is((await send(backend, GET)).body, 'whole');
	t.like(backend.errors[0], {code: 'ERR_STREAM_WRITE_AFTER_END'});
});

test('of a handler that always fails the latest failures are kept', async t => {
	let count = 0;
	await using backend = await startBackend({
		kind: 'handler',
		handler: () => {
			throw new Error(`failure ${++count}`);
		},
	});

	await send(backend, GET.repeat(MAX_KEPT_ERRORS + 5));

	t.is(backend.errors.length, MAX_KEPT_ERRORS);
	t.like(backend.errors[0], {message: 'failure 6'});
});
