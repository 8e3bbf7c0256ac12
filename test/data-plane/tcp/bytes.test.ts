import {pipeline} from 'node:stream/promises';
import test from 'ava';
import {runs} from '../../helpers/depth.ts';
import type {RawConnection} from '../../helpers/raw-connection.ts';
import {join, PAIRS, startPassage} from '../../helpers/stream-pairs.ts';
import {PatternCheck, source} from '../../helpers/stream-pattern.ts';

const MIB = 1024 * 1024;
const BULK = runs(32, 8) * MIB;

/** Sends the pattern and ends; checks it at the other end. */
async function transfer(from: RawConnection, to: RawConnection, bytes: number): Promise<PatternCheck> {
	const check = new PatternCheck();
	await Promise.all([pipeline(source(bytes), from.stream), pipeline(to.stream, check)]);
	return check;
}

for (const pair of PAIRS) {
	test(`${pair.name}: a back-end may speak first`, async t => {
		await using passage = await startPassage(pair, {serve: ({stream}) => void stream.write('220 ready\r\n')});

		const client = await passage.client();

		t.is((await client.read(11)).toString(), '220 ready\r\n');
	});

	test(`${pair.name}: what a client sends before the back-end connection stands is not lost`, async t => {
		await using passage = await startPassage(pair);

		const client = await passage.client();
		client.stream.write('HELO ');
		client.stream.end('x'.repeat(300_000));

		t.is((await (await passage.server.connection()).readAll()).toString(), `HELO ${'x'.repeat(300_000)}`);
	});

	test(`${pair.name}: bytes written one by one arrive in order, both ways at once`, async t => {
		const {client, backend} = await join(t, pair);
		const bytes = Uint8Array.from({length: 2000}, (_, index) => index & 0xff);

		for (const byte of bytes) {
			client.stream.write(Uint8Array.of(byte));
			backend.stream.write(Uint8Array.of(byte ^ 0xff));
		}
		client.stream.end();
		backend.stream.end();

		const [up, down] = await Promise.all([backend.readAll(), client.readAll()]);
		t.deepEqual(new Uint8Array(up), bytes);
		t.deepEqual(
			new Uint8Array(down),
			bytes.map(byte => byte ^ 0xff),
		);
	});

	test(`${pair.name}: bytes of every value pass unchanged, in writes around the sizes of buffers`, async t => {
		const {client, backend} = await join(t, pair);
		const sizes = [1, 255, 4095, 4096, 8191, 8192, 8193, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 200_000];

		for (const size of sizes) {
			const bytes = Buffer.from(Uint8Array.from({length: size}, (_, index) => (index * 7 + size) & 0xff));
			client.stream.write(bytes);
			t.true(bytes.equals(await backend.read(size)), `${size} bytes up`);
			backend.stream.write(bytes);
			t.true(bytes.equals(await client.read(size)), `${size} bytes down`);
		}
	});

	test(`${pair.name}: ${BULK / MIB} MiB pass whole in both directions at once`, async t => {
		const {lb, client, backend} = await join(t, pair);
		const ended = lb.traffic.next(undefined, '60s');

		const [up, down] = await Promise.all([transfer(client, backend, BULK), transfer(backend, client, BULK)]);

		t.deepEqual([up.bytes, up.wrongAt], [BULK, undefined]);
		t.deepEqual([down.bytes, down.wrongAt], [BULK, undefined]);
		const {bytes, outcome} = await ended;
		t.is(outcome, 'ok');
		if (pair.name !== 'passthrough') t.deepEqual(bytes, {up: BULK, down: BULK});
	});
}
