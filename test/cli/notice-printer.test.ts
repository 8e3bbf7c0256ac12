import test from 'ava';
import {NoticePrinter} from '../../src/cli/notice-printer.ts';
import type {Output} from '../../src/cli/output.ts';

test('new notices are printed once, even when older ones have been removed', t => {
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
	const noticePrinter = new NoticePrinter(emulator, output, {quiet: false});

	noticePrinter.print();
	t.deepEqual(lines.splice(0), ['note: a', 'note: b', 'note: c', 'w']);
	emulator.notices = ['b', 'd'];
	emulator.warnings = [];
	noticePrinter.print();
	t.deepEqual(lines.splice(0), ['note: d']);
	emulator.warnings = ['w'];
	noticePrinter.print();
	t.deepEqual(lines, ['w']);
});
