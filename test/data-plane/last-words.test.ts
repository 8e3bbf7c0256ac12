import {Buffer} from 'node:buffer';
import test, {type ExecutionContext} from 'ava';
import {giveTo} from '../../src/data-plane/sockets/stream-owner.ts';
import type {LoadBalancer} from '../../src/index.ts';
import {open, type RawConnection} from '../helpers/raw-connection.ts';
import {openClient, startScene} from '../helpers/raw-scene.ts';
import {PAIRS, startPassage, trusting} from '../helpers/stream-pairs.ts';

/** Whether a write fails before the last words are read is up to the system: so it is tried several times. */
const ROUNDS = 10;
const BYTES = 300_000;
const LARGE = 8_000_000;
const LAST_WORDS = 'last words';

interface Reading {
	readonly text: () => string;
	/** Resolves when nothing more will come. */
	readonly over: Promise<void>;
}

/**
 * Reads all that has come even where writing fails, as a program in C or Python does. Node alone would destroy a stream
 * whose write fails, with the bytes that it has not read.
 */
function readsOn({stream}: Pick<RawConnection, 'stream'>): Reading {
	let text = '';
	const over = new Promise<void>(resolve => {
		giveTo(
			{
				streamData(memory, bytes) {
					text += memory.toString('latin1', 0, bytes);
				},
				streamEnded: () => void stream.end(() => resolve()),
				streamDrained() {},
				streamFailed() {},
				streamClosed: resolve,
			},
			stream,
		);
	});
	return {text: () => text, over};
}

async function restIsClean(t: ExecutionContext, lb: LoadBalancer): Promise<void> {
	await lb.stop();
	t.deepEqual(
		lb.backends.map(({inFlight}) => inFlight),
		[0],
	);
}

for (const pair of PAIRS.filter(({name}) => name !== 'passthrough')) {
	const tls = pair.clientTls ? trusting : undefined;

	test(`${pair.name}: the last words of a back-end that closes with bytes unread arrive`, async t => {
		await using passage = await startPassage(pair, {
			serve: async end => {
				await end.read(10);
				// Bytes that nobody has read make the system send a RST.
				end.stream.write(LAST_WORDS, () => end.stream.destroy());
			},
		});
		const {lb} = passage;
		for (let round = 0; round < ROUNDS; round++) {
			const client = await open({port: lb.port(6379), tls});
			const reading = readsOn(client);

			client.stream.write(Buffer.alloc(BYTES));

			await reading.over;
			t.is(reading.text(), LAST_WORDS);
			client.stream.destroy();
		}
		await restIsClean(t, lb);
	});

	test(`${pair.name}: the last words of a client that closes with bytes unread arrive`, async t => {
		let reading: Reading | undefined;
		await using passage = await startPassage(pair, {
			serve: end => {
				reading = readsOn(end);
				const flood = () => {
					while (!end.stream.destroyed && end.stream.write(Buffer.alloc(16 * 1024)));
					if (!end.stream.destroyed) setImmediate(flood);
				};
				flood();
			},
		});
		const {lb, server} = passage;
		for (let round = 0; round < ROUNDS; round++) {
			const client = await open({port: lb.port(6379), tls});
			await server.connection(round);
			await client.read(BYTES);

			client.stream.write(LAST_WORDS, () => client.stream.destroy());

			await reading?.over;
			t.is(reading?.text(), LAST_WORDS);
		}
		await restIsClean(t, lb);
	});
}

for (const front of ['http', 'https'] as const) {
	for (const back of ['http', 'https'] as const) {
		test(`${front} -> ${back}: an answer of a back-end that closes with the request unread arrives`, async t => {
			const tooLarge = `HTTP/1.1 413 Too Large\r\nContent-Length: ${LAST_WORDS.length}\r\nConnection: close\r\n\r\n${LAST_WORDS}`;
			await using scene = await startScene({
				front,
				back,
				scripts: Array.from({length: ROUNDS}, () => async connection => {
					connection.stream.pause();
					await connection.writeAll(tooLarge);
					connection.stream.destroy();
				}),
			});
			for (let round = 0; round < ROUNDS; round++) {
				const client = await openClient(scene.lb, front);
				const ended = scene.lb.traffic.next();

				client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${BYTES}\r\n\r\n`);
				client.stream.write(Buffer.alloc(BYTES));

				const answer = await client.message();
				t.is(answer.line, 'HTTP/1.1 413 Too Large');
				t.is(answer.body, LAST_WORDS);
				t.is((await ended).outcome, 'ok');
				client.reset();
			}
			await scene.fresh(t);
			await restIsClean(t, scene.lb);
		});
	}
}

for (const front of ['http', 'https'] as const) {
	test(`${front}: all that came of a request arrives, though its client has gone and the back-end is slow`, async t => {
		let gone = () => {};
		const clientGone = new Promise<void>(resolve => {
			gone = resolve;
		});
		await using scene = await startScene({
			front,
			scripts: [
				async connection => {
					connection.stream.pause();
					// Unread, it makes the client's system send a RST.
					await connection.writeAll('HTTP/1.1 103 Early Hints\r\n\r\n');
					await clientGone;
					connection.stream.resume();
				},
			],
		});
		const client = await openClient(scene.lb, front);
		client.stream.pause();
		const ended = scene.lb.traffic.next();

		client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${LARGE}\r\n\r\n${'b'.repeat(LARGE)}`);
		const backend = await scene.backend.connection(0);
		// The back-end's system takes no more, and the load balancer holds the client back.
		await new Promise<void>(resolve => {
			let before = -1;
			const look = () => {
				const {up} = scene.lb.traffic.last().bytes;
				if (up > 0 && up === before) resolve();
				else setImmediate(look);
				before = up;
			};
			look();
		});
		await new Promise(resolve => client.raw.once('close', resolve).resetAndDestroy());
		gone();

		await backend.when('close after the body', () => backend.closed);
		const {outcome, bytes} = await ended;
		t.is(outcome, 'client-abort');
		t.true(bytes.up > 0);
		t.is(backend.received.slice(backend.received.indexOf('\r\n\r\n') + 4).length, bytes.up);
		await restIsClean(t, scene.lb);
	});
}
