import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {createWriteStream} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {readInput} from '../../src/base/read-file.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

async function placeOf(t: ExecutionContext): Promise<string> {
	const folder = await temporaryFolder(t);
	return path.join(folder, 'input');
}

async function reasonOf(file: string): Promise<string | undefined> {
	const read = await readInput(file, 100);
	return 'unreadable' in read ? read.unreadable.reason : undefined;
}

async function textOf(file: string, maxBytes?: number): Promise<string | undefined> {
	const read = await readInput(file, maxBytes);
	return 'bytes' in read ? read.bytes.toString() : undefined;
}

test('a file is read up to its bound, and no further', async t => {
	const file = await placeOf(t);
	await writeFile(file, 'x'.repeat(100));

	t.is((await textOf(file, 100))?.length, 100);
	await writeFile(file, 'x'.repeat(101));
	t.is(await reasonOf(file), 'it is larger than 100 bytes');
	await writeFile(file, '');
	t.is(await textOf(file), '');
});

test('anything but a file is refused at once', async t => {
	const place = await placeOf(t);
	const server = createServer().listen(place);
	await once(server, 'listening');
	t.teardown(() => server.close());

	t.is(await reasonOf(path.dirname(place)), 'it is a directory');
	t.is(await reasonOf(`${place}.none`), 'there is no such file');
	t.is(await reasonOf(place), 'it is a socket or a device, not a file');
	t.is(await reasonOf('/dev/zero'), 'it is a device, not a file');
});

test('a pipe without a writer is reported, and not waited for', async t => {
	const pipe = await placeOf(t);
	execFileSync('mkfifo', [pipe]);

	t.is(await reasonOf(pipe), 'it is a pipe, and nobody writes into it');
});

test('a pipe is read to its end, in whatever pieces it comes', async t => {
	const pipe = await placeOf(t);
	execFileSync('mkfifo', [pipe]);
	const reading = textOf(pipe, 200_000);
	const writer = createWriteStream(pipe);
	await once(writer, 'open');
	writer.write('x'.repeat(100_000));
	await new Promise(resolve => writer.write('and ', resolve));
	writer.end('more');

	t.is(await reading, `${'x'.repeat(100_000)}and more`);
});

test('a pipe without an end is read up to the bound', async t => {
	const pipe = await placeOf(t);
	execFileSync('mkfifo', [pipe]);
	const reading = reasonOf(pipe);
	const writer = createWriteStream(pipe);
	writer.on('error', () => {});
	writer.write('x'.repeat(101));

	t.is(await reading, 'it is larger than 100 bytes');
	writer.destroy();
});
