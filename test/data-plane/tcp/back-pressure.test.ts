import {once} from 'node:events';
import {pipeline} from 'node:stream/promises';
import test from 'ava';
import {runs} from '../../helpers/depth.ts';
import type {RawBackend} from '../../helpers/raw-backend.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';
import {stalls} from '../../helpers/stalled.ts';
import {join, PAIRS, startPassage} from '../../helpers/stream-pairs.ts';
import {PatternCheck, source} from '../../helpers/stream-pattern.ts';

const MIB = 1024 * 1024;
const HALTING = runs(4, 2) * MIB;
const BULK = runs(8, 2) * MIB;
/** What a sender may get rid of while nobody reads: the kernel's buffers on both connections, and next to nothing here. */
const MOST_SWALLOWED = 48 * MIB;

/** Writes until nothing more is taken, and says how much was. */
async function fill({stream}: RawConnection): Promise<number> {
	const chunk = Buffer.alloc(65_536);
	let written = 0;
	for (;;) {
		while (stream.write(chunk)) written += chunk.length;
		written += chunk.length;
		if (written > 2 * MOST_SWALLOWED || (await stalls(once(stream, 'drain')))) return written - stream.writableLength;
	}
}

for (const pair of PAIRS) {
	test.serial(`${pair.name}: a back-end is held back by a client that does not read`, async t => {
		const {client, backend} = await join(t, pair);
		client.stream.pause();

		t.true((await fill(backend)) < MOST_SWALLOWED);
	});

	test.serial(`${pair.name}: a client is held back by a back-end that does not read`, async t => {
		const {client, backend} = await join(t, pair);
		backend.stream.pause();

		t.true((await fill(client)) < MOST_SWALLOWED);
	});

	test.serial(`${pair.name}: a reader that pauses again and again gets everything`, async t => {
		const {client, backend} = await join(t, pair);
		const check = new PatternCheck();
		const halting = async function* (bytes: AsyncIterable<Buffer>) {
			for await (const chunk of bytes) {
				yield chunk;
				await new Promise(resolve => setImmediate(resolve));
			}
		};

		await Promise.all([
			pipeline(source(HALTING), backend.stream),
			pipeline(client.stream.iterator({destroyOnReturn: false}), halting, check),
		]);

		t.deepEqual([check.bytes, check.wrongAt], [HALTING, undefined]);
	});

	test.serial(`${pair.name}: stopping ends a connection whose client does not read, and is not held up`, async t => {
		const {lb, client, backend} = await join(t, pair);
		client.stream.pause();
		await fill(backend);
		const ended = lb.traffic.next();

		await lb.stop();

		t.is((await ended).outcome, 'drained');
		client.stream.resume();
		t.is(await client.ending, 'ECONNRESET');
		await backend.gone;
	});
}

for (const pair of PAIRS) {
	test.serial(`${pair.name}: bulk transfers to readers that halt do not get into each other`, async t => {
		await using passage = await startPassage(pair);
		const lengths = await Promise.all(
			Array.from({length: 8}, async (_, index) => {
				const client = await passage.client();
				// Which connection of the back-end belongs to which client, its first byte tells.
				client.stream.write(Uint8Array.of(index));
				let length = 0;
				for await (const chunk of client.stream.iterator({destroyOnReturn: false})) {
					if (!Buffer.alloc(chunk.length, index).equals(chunk)) t.fail(`bytes of another in connection ${index}`);
					length += chunk.length;
					for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
				}
				client.stream.end();
				return length;
			}).concat(answerEach(passage.server, 8, BULK)),
		);

		t.deepEqual(lengths.slice(0, 8), Array(8).fill(BULK));
	});
}

/** Sends each client so many bytes of the value it began with. */
async function answerEach(server: RawBackend, clients: number, bytes: number): Promise<number> {
	await Promise.all(
		Array.from({length: clients}, async (_, nth) => {
			const end = await server.connection(nth);
			const [value = 0] = await end.read(1);
			const block = Buffer.alloc(100_000, value);
			for (let sent = 0; sent < bytes; sent += block.length) {
				if (!end.stream.write(block.subarray(0, bytes - sent))) await once(end.stream, 'drain');
			}
			end.stream.end();
			end.stream.resume();
		}),
	);
	return bytes;
}
