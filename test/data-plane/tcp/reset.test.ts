import {once} from 'node:events';
import type {Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {ClientConnection} from '../../../src/data-plane/sockets/client-connection.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';
import {join, PAIRS} from '../../helpers/stream-pairs.ts';

for (const pair of PAIRS) {
	test(`${pair.name}: a back-end's reset reaches the client as a reset, after all that was sent before`, async t => {
		const {lb, client, backend} = await join(t, pair);
		backend.stream.write('half an ans');
		t.is((await client.read(11)).toString(), 'half an ans');
		const ended = lb.traffic.next();

		client.stream.resume();
		backend.reset();

		t.is(await client.ending, 'ECONNRESET');
		t.is((await ended).outcome, 'backend-reset');
		t.regex(lb.traffic.last().cause, /back-end reset the connection/);
	});

	test(`${pair.name}: a client's reset reaches the back-end as a reset`, async t => {
		const {lb, client, backend} = await join(t, pair);
		client.stream.write('half a requ');
		t.is((await backend.read(11)).toString(), 'half a requ');
		const ended = lb.traffic.next();

		backend.stream.resume();
		client.reset();

		t.is(await backend.ending, 'ECONNRESET');
		t.is((await ended).outcome, 'client-abort');
		t.regex(lb.traffic.last().cause, /client reset the connection/);
	});

	test(`${pair.name}: a back-end's reset right behind its last bytes is no end`, async t => {
		const {lb, client, backend} = await join(t, pair);
		backend.stream.write('!');
		await client.read(1);
		const ended = lb.traffic.next();

		client.stream.resume();
		backend.stream.write('half', () => backend.reset());

		t.is(await client.ending, 'ECONNRESET');
		t.is((await ended).outcome, 'backend-reset');
	});

	test(`${pair.name}: a back-end's reset right behind its last bytes is no end for a client that has ended`, async t => {
		const {lb, client, backend} = await join(t, pair);
		client.stream.end('question');
		t.is((await backend.readAll()).toString(), 'question');
		const ended = lb.traffic.next();

		client.stream.resume();
		backend.stream.write('half', () => backend.reset());

		t.is((await ended).outcome, 'backend-reset');
		await client.gone;
	});

	test(`${pair.name}: a client's reset right behind its last bytes is no end for a back-end that has ended`, async t => {
		const {lb, client, backend} = await join(t, pair);
		backend.stream.end('answer');
		t.is((await client.readAll()).toString(), 'answer');
		const ended = lb.traffic.next();

		backend.stream.resume();
		client.stream.write('half', () => client.reset());

		t.is((await ended).outcome, 'client-abort');
		await backend.gone;
	});

	test(`${pair.name}: a client's reset right behind its last bytes is no end`, async t => {
		const {lb, client, backend} = await join(t, pair);
		client.stream.write('!');
		await backend.read(1);
		const ended = lb.traffic.next();

		backend.stream.resume();
		client.stream.write('half', () => client.reset());

		t.is(await backend.ending, 'ECONNRESET');
		t.is((await ended).outcome, 'client-abort');
	});

	test(`${pair.name}: a reset after the other side has ended is passed on too`, async t => {
		const {lb, client, backend} = await join(t, pair);
		client.stream.end('question');
		await backend.readAll();
		backend.stream.write('half');
		await client.read(4);
		const ended = lb.traffic.next();

		client.stream.resume();
		backend.reset();

		t.is(await client.ending, 'ECONNRESET');
		t.is((await ended).outcome, 'backend-reset');
	});

	test(`${pair.name}: a client that goes on after the back-end has ended and left learns of it`, async t => {
		const {lb, client, backend} = await join(t, pair);
		backend.stream.end('done');
		t.is((await client.readAll()).toString(), 'done');
		const ended = lb.traffic.next();

		backend.reset();
		// The first byte is answered with a RST, which only the next one meets.
		while (!client.stream.destroyed) {
			client.stream.write('more');
			await new Promise(resolve => setImmediate(resolve));
		}

		t.is((await ended).outcome, 'backend-reset');
	});
}

/** An accepted socket of which the far end is another. */
async function acceptedPair(t: ExecutionContext): Promise<{accepted: Socket; far: Socket}> {
	const server = await startStreamBackend();
	t.teardown(() => server[Symbol.asyncDispose]());
	const {raw: far} = await open({port: server.port});
	t.teardown(() => far.destroy());
	const {raw: accepted} = await server.connection();
	return {accepted, far};
}

test('a connection that is reset while its end is on the way is closed, not leaked', async t => {
	const {accepted} = await acceptedPair(t);
	const outcome = new Promise(resolve => {
		accepted.once('error', resolve);
		accepted.once('close', () => resolve('closed'));
	});

	accepted.end();
	new ClientConnection(accepted).reset();

	t.is(await outcome, 'closed');
});

test('a connection that is reset with bytes still to write is reset', async t => {
	const {accepted, far} = await acceptedPair(t);
	accepted.on('error', () => {});
	const failed = once(far, 'error');

	accepted.write(Buffer.alloc(32 * 1024 * 1024));
	accepted.end();
	new ClientConnection(accepted).reset();

	far.resume();
	t.is((await failed)[0].code, 'ECONNRESET');
});
