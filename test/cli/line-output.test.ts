import type {Buffer} from 'node:buffer';
import test from 'ava';
import {LineOutput} from '../../src/cli/line-output.ts';
import type {Sink} from '../../src/cli/sink.ts';
import {WaitingLines} from '../../src/cli/waiting-lines.ts';

/** A reader that takes a given number of bytes of each write, and fails at a given one. */
class Reader implements Sink {
	readonly isStuck = false;
	readonly #appetite: (number | Error)[];
	read = '';
	writes = 0;

	constructor(...appetite: (number | Error)[]) {
		this.#appetite = appetite;
	}

	write(bytes: Buffer, done: (error: Error | null, written: number) => void): void {
		this.writes++;
		const next = this.#appetite.shift() ?? bytes.length;
		if (next instanceof Error) {
			done(next, 0);
			return;
		}
		const taken = bytes.subarray(0, next);
		this.read += taken.toString();
		done(null, taken.length);
	}
}

function lines(...added: string[]): WaitingLines<string> {
	const waiting = new WaitingLines<string>({format: line => line, sizeOf: line => line.length});
	for (const line of added) waiting.add(line);
	return waiting;
}

test('what a reader does not take is retried from where it stopped', async t => {
	const reader = new Reader(3, 0, 0, 2);
	const output = new LineOutput(reader, error => t.fail(error.message));
	output.add(lines('one', 'two'));

	await output.drained();

	t.is(reader.read, 'one\ntwo\n');
	t.is(reader.writes, 5);
});

test('lines that are not urgent are written together', async t => {
	const reader = new Reader();
	const output = new LineOutput(reader, error => t.fail(error.message));
	const waiting = lines();
	output.add(waiting);

	for (const line of ['one', 'two', 'three']) {
		waiting.add(line);
		output.flushSoon();
	}
	t.is(reader.writes, 0);
	await output.drained();

	t.is(reader.read, 'one\ntwo\nthree\n');
	t.is(reader.writes, 1);
});

test('a partly written line is completed before another source has its turn', async t => {
	const reader = new Reader(2, 0);
	const output = new LineOutput(reader, error => t.fail(error.message));
	const [urgent, other] = [lines(), lines('other')];
	output.add(urgent);
	output.add(other);

	output.flush();
	urgent.add('urgent');
	output.flush();
	await output.drained();

	t.is(reader.read, 'other\nurgent\n');
});

test('a reader that takes nothing is given up after a while, and the unwritten text is known', async t => {
	const reader = new Reader(2, ...Array<number>(10_000).fill(0));
	const output = new LineOutput(reader, error => t.fail(error.message));
	const waiting = lines('one', 'two');
	output.add(waiting);

	await output.drained(100);

	t.is(output.giveUp().get(waiting), 'e\ntwo\n');
	t.true(output.isGone);
});

test('a reader that has ended is reported once, and not waited for', async t => {
	const errors: string[] = [];
	const output = new LineOutput(new Reader(new Error('gone')), ({message}) => errors.push(message));
	output.add(lines('one'));

	await output.drained();
	output.flush();
	await output.drained();

	t.deepEqual(errors, ['gone']);
	t.true(output.isGone);
});
