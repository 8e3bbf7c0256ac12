import {closeSync, openSync, writeSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {BoundedLog} from '../../src/cli/detached-log.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

test('a log that is full becomes the one before, and is begun anew', async t => {
	const file = path.join(await temporaryFolder(t), 'a.log');
	const fd = openSync(file, 'a');
	t.teardown(() => closeSync(fd));
	const sink = {
		isStuck: false,
		write: (bytes: Buffer, done: (error: Error | null, written: number) => void) => done(null, writeSync(fd, bytes)),
	};
	writeSync(fd, 'before\n');
	const log = new BoundedLog(sink, {fd, file, maxBytes: 20});
	const write = (text: string) => log.write(Buffer.from(text), () => {});

	write('one\n');
	t.is(await readFile(file, 'utf8'), 'before\none\n');
	write('two two two\n');
	t.is(await readFile(file, 'utf8'), 'two two two\n');
	t.is(await readFile(`${file}.1`, 'utf8'), 'before\none\n');
	write('three three\n');
	write('four\n');

	t.is(await readFile(file, 'utf8'), 'three three\nfour\n');
	t.is(await readFile(`${file}.1`, 'utf8'), 'two two two\n');
});
