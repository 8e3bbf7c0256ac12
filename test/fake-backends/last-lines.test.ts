import {once} from 'node:events';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {LastLines} from '../../src/fake-backends/last-lines.ts';

async function linesOf(writes: readonly (string | Buffer)[]): Promise<readonly string[]> {
	const last = new LastLines({lines: 3, characters: 5});
	const stream = new PassThrough();
	last.follow(stream);
	for (const write of writes) stream.write(write);
	stream.end();
	await once(stream, 'end');
	return last.lines;
}

test('lines are complete in any pieces, and the last needs no end', async t => {
	t.deepEqual(await linesOf(['on', 'e\ntwo\r', '\nend']), ['one', 'two', 'end']);
	t.deepEqual(await linesOf([Buffer.from('é\n').subarray(0, 1), Buffer.from('é\n').subarray(1)]), ['é']);
	t.deepEqual(await linesOf(['one\n\n']), ['one', '']);
});

test('the last lines are kept, and of a long one only its beginning', async t => {
	t.deepEqual(await linesOf(['1\n2\n3\n4\n']), ['2', '3', '4']);
	t.deepEqual(await linesOf(['123456789\nnext\n']), ['12345…', 'next']);
});

test('a line without an end is not waited for for ever', async t => {
	t.deepEqual(await linesOf(['1234', '56', 'ab\n']), ['12345…', 'ab']);
});

test('two streams share one memory', async t => {
	const last = new LastLines({lines: 3, characters: 5});
	const streams = [new PassThrough(), new PassThrough()];
	for (const stream of streams) last.follow(stream);
	for (const stream of streams) stream.end('line\n');
	await Promise.all(streams.map(stream => once(stream, 'end')));

	t.deepEqual(last.lines, ['line', 'line']);
});
