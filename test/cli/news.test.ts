import test from 'ava';
import {News} from '../../src/cli/news.ts';
import type {Output} from '../../src/cli/output.ts';

test('what is new is told once, also when what was told before has gone', t => {
	const lines: string[] = [];
	const plain: Output['paintProse'] = (_, text) => text;
	const add = (line: string) => lines.push(line);
	const output: Output = {
		data: add,
		say: add,
		warn: add,
		fail: () => {},
		stream: () => () => {},
		paintData: plain,
		paintProse: plain,
	};
	const emulator = {notices: ['a', 'b', 'c'], warnings: ['w']};
	const news = new News(emulator, output, {quiet: false});

	news.tell();
	t.deepEqual(lines.splice(0), ['note: a', 'note: b', 'note: c', 'w']);
	emulator.notices = ['b', 'd'];
	emulator.warnings = [];
	news.tell();
	t.deepEqual(lines.splice(0), ['note: d']);
	emulator.warnings = ['w'];
	news.tell();
	t.deepEqual(lines, ['w']);
});
