import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rename, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {type AccessLog, openAccessLogFile} from '../../src/observability/access-log-file.ts';
import {ExchangeRecord} from '../../src/observability/exchange-record.ts';
import {Journal} from '../../src/observability/journal.ts';
import {type AccessLogTrouble, LineWriter} from '../../src/observability/line-writer.ts';
import {exchange} from '../helpers/access-log.ts';
import {eventually} from '../helpers/patience.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

function fail(trouble: AccessLogTrouble): never {
	throw trouble;
}

function write(log: AccessLog, from: number, to: number): void {
	for (let i = from; i < to; i++) log.write({log: `line ${i}`});
}

const numbered = (from: number, to: number) => Array.from({length: to - from}, (_, i) => `line ${from + i}\n`).join('');

test('a missing folder is created, lines are appended to an existing file, and flushing writes them to the disk', async t => {
	const file = path.join(await temporaryFolder(t), 'a/b/access.log');
	await mkdir(path.dirname(file), {recursive: true});
	await writeFile(file, 'before\n');
	const log = await openAccessLogFile({file, onTrouble: fail});

	write(log, 0, 2);
	await log.flush();

	t.is(await readFile(file, 'utf8'), `before\n${numbered(0, 2)}`);
	await log.close();
	const deeper = path.join(path.dirname(file), 'c/d/access.log');
	await (await openAccessLogFile({file: deeper, onTrouble: fail})).close();
	t.true(existsSync(deeper));
});

test('as a subscriber of a journal it writes a line for what has ended, and none for what has no line', async t => {
	const file = path.join(await temporaryFolder(t), 'access.log');
	const log = await openAccessLogFile({file, onTrouble: fail});
	const journal = new Journal(10);
	journal.subscribe(ended => log.write(ended));

	const record = exchange();
	for (const ended of [record, exchange({handshakeOnly: true})]) {
		journal.add(ended);
		journal.finish(ended);
	}
	await log.close();

	t.true(record instanceof ExchangeRecord);
	t.is(await readFile(file, 'utf8'), `${record.log}\n`);
});

test('closing writes what is left, and a second close changes nothing', async t => {
	const file = path.join(await temporaryFolder(t), 'access.log');
	const log = await openAccessLogFile({file, onTrouble: fail});

	write(log, 0, 5000);
	await Promise.all([log.close(), log.close()]);
	write(log, 5000, 5001);

	t.is(await readFile(file, 'utf8'), numbered(0, 5000));
	t.is(log.dropped, 1);
	await log.flush();
	await log.reopen();
});

test('lines reach the disk without a flush', async t => {
	const file = path.join(await temporaryFolder(t), 'access.log');
	const log = await openAccessLogFile({file, onTrouble: fail});

	write(log, 0, 1);
	await eventually(async () => (await readFile(file, 'utf8')) !== '', 'line');

	t.is(await readFile(file, 'utf8'), numbered(0, 1));
	await log.close();
});

test('rotation under load: every line is in one file, complete and in order', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'access.log');
	const log = await openAccessLogFile({file, onTrouble: fail});
	const sizes: number[] = [];

	for (let round = 0; round < 10; round++) {
		write(log, round * 2000, round * 2000 + 1000);
		await new Promise(resolve => setImmediate(resolve));
		const old = `${file}.${round}`;
		await rename(file, old);
		const reopened = log.reopen();
		write(log, round * 2000 + 1000, (round + 1) * 2000);
		await reopened;
		sizes.push((await readFile(old)).length);
	}
	await log.close();

	const old = await Promise.all(sizes.map((_, round) => readFile(`${file}.${round}`, 'utf8')));
	t.deepEqual(
		old.map(text => text.length),
		sizes,
		'an old file gets nothing more',
	);
	t.is([...old, await readFile(file, 'utf8')].join(''), numbered(0, 20_000));
	t.true(old[0]?.startsWith(numbered(0, 1000)), 'what came before the rotation is in the old file');
	t.is(log.dropped, 0);
});

test('a path that cannot be written is refused at once, and at a rotation leaves the old file in use', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'access.log');
	const refused = {code: 'ACCESS_LOG_UNWRITABLE', message: /^Cannot write the access log .*: E/};
	await writeFile(path.join(folder, 'plain'), '');
	await t.throwsAsync(openAccessLogFile({file: folder, onTrouble: fail}), refused);
	await t.throwsAsync(openAccessLogFile({file: path.join(folder, 'plain/access.log'), onTrouble: fail}), refused);

	const log = await openAccessLogFile({file, onTrouble: fail});
	await rename(file, `${file}.1`);
	await mkdir(file);
	await t.throwsAsync(log.reopen(), refused);
	write(log, 0, 1);
	await log.close();

	t.is(await readFile(`${file}.1`, 'utf8'), numbered(0, 1));
	t.deepEqual((await readdir(folder)).sort(), ['access.log', 'access.log.1', 'plain']);
});

const onFull = existsSync('/dev/full') ? test : test.skip;

onFull('a full disk is reported once, drops what is beyond the limit, counts it, and throws nothing', async t => {
	const troubles: AccessLogTrouble[] = [];
	const onTrouble = (trouble: AccessLogTrouble) => void troubles.push(trouble);
	const log = await openAccessLogFile({file: '/dev/full', onTrouble, maxWaitingBytes: 100});

	write(log, 0, 5);
	await log.flush();
	write(log, 0, 20);
	await log.flush();
	const before = log.dropped;
	await log.close();

	t.is(before, 11);
	t.is(log.dropped, 25);
	t.is(troubles.length, 1);
	t.is(troubles[0]?.code, 'ACCESS_LOG_UNWRITABLE');
	t.regex(troubles[0]?.message ?? '', /^The access log \/dev\/full cannot be written; .*ENOSPC/);
});

test('a write that stops in the middle of a line continues there, and the limit holds meanwhile', async t => {
	let room = 10;
	let text = '';
	const sink = {
		async write(bytes: Uint8Array) {
			if (room === 0) throw Object.assign(new Error('full'), {code: 'ENOSPC'});
			const taken = bytes.subarray(0, room);
			room -= taken.length;
			text += String.fromCharCode(...taken);
			return {bytesWritten: taken.length, buffer: bytes};
		},
		async close() {},
	};
	const troubles: string[] = [];
	const writer = new LineWriter({
		what: 'It',
		// Only these two are called.
		sink: sink as never,
		open: () => t.fail() as never,
		onTrouble: ({message}) => void troubles.push(message),
		maxWaitingBytes: 40,
	});

	for (let i = 0; i < 4; i++) writer.add(`line ${i}`);
	await writer.flush();
	t.is(text, 'line 0\nlin');
	for (let i = 4; i < 9; i++) writer.add(`line ${i}`);
	t.is(writer.dropped, 2);
	room = 1000;
	await writer.flush();
	await writer.close();

	t.is(text, numbered(0, 7));
	t.is(writer.dropped, 2);
	t.is(troubles.length, 1);
});

test('a half line that could not be completed before a rotation is never continued', async t => {
	let room = 10;
	const texts = ['', ''];
	const sinkTo = (index: number) =>
		({
			async write(bytes: Uint8Array) {
				if (index === 0 && room === 0) throw Object.assign(new Error('full'), {code: 'ENOSPC'});
				const taken = index === 0 ? bytes.subarray(0, room) : bytes;
				room -= index === 0 ? taken.length : 0;
				texts[index] += String.fromCharCode(...taken);
				return {bytesWritten: taken.length, buffer: bytes};
			},
			async close() {},
			// Only these two are called.
		}) as never;
	const writer = new LineWriter({what: 'It', sink: sinkTo(0), open: async () => sinkTo(1), onTrouble() {}});

	for (let i = 0; i < 3; i++) writer.add(`line ${i}`);
	await writer.replace(async () => sinkTo(1));
	await writer.close();

	t.deepEqual(texts, ['line 0\nlin', '\nline 2\n']);
	t.is(writer.dropped, 1);
});
