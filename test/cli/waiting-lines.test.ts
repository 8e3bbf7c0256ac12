import test from 'ava';
import {WaitingLines} from '../../src/cli/waiting-lines.ts';

const gapLine = (dropped: number) => `${dropped} not shown`;

function numbers(bound: {readonly items: number; readonly bytes: number}): WaitingLines<number> {
	return new WaitingLines({format: String, sizeOf: number => number, bound, gapLine});
}

test('lines are taken in order, about as many bytes as requested', t => {
	const waiting = numbers({items: 10, bytes: 1000});
	for (const number of [11, 12, 13, 14]) t.true(waiting.add(number));

	t.is(waiting.take(4), '11\n12\n');
	t.false(waiting.isEmpty);
	t.is(waiting.take(100), '13\n14\n');
	t.is(waiting.take(100), '');
	t.true(waiting.isEmpty);
});

test('beyond the limit of items the oldest are dropped, and a line in their place says how many', t => {
	const waiting = numbers({items: 2, bytes: 1000});
	for (const number of [1, 2, 3, 4]) waiting.add(number);

	t.is(waiting.take(100), '2 not shown\n');
	t.is(waiting.take(100), '3\n4\n');
	t.is(waiting.take(100), '');
});

test('beyond the limit of bytes the oldest are dropped, but one item that is larger than the limit is kept', t => {
	const waiting = numbers({items: 100, bytes: 10});

	t.deepEqual(
		[4, 5, 6, 70].map(number => waiting.add(number)),
		[true, true, false, false],
	);

	t.is(waiting.take(100), '3 not shown\n');
	t.is(waiting.take(100), '70\n');
});

test('dropped items are never formatted', t => {
	const made: number[] = [];
	const format = (number: number) => String(made.push(number));
	const waiting = new WaitingLines<number>({format, sizeOf: () => 1, bound: {items: 3, bytes: 100}, gapLine});

	// Enough to reuse the places of removed items.
	for (let number = 1; number <= 5000; number++) waiting.add(number);
	const text = [waiting.take(100), waiting.take(100)];

	t.deepEqual(made, [4998, 4999, 5000]);
	t.deepEqual(text, ['4997 not shown\n', '1\n2\n3\n']);
});

test('without a line for it, the owner gets the number of dropped items once', t => {
	const waiting = new WaitingLines<number>({format: String, sizeOf: () => 1, bound: {items: 1, bytes: 10}});
	for (const number of [1, 2, 3]) waiting.add(number);

	t.is(waiting.takeDropped(), 2);
	t.is(waiting.takeDropped(), 0);
	t.is(waiting.take(100), '3\n');
});

test('giving up counts all that was not written: waiting, dropped, and partly written', t => {
	const waiting = numbers({items: 3, bytes: 1000});
	for (const number of [10, 20, 30, 40]) waiting.add(number);
	t.is(waiting.take(100), '1 not shown\n');
	t.is(waiting.take(4), '20\n30\n');
	waiting.add(50);

	// The end of 30 is missing; 40 and 50 wait.
	t.is(waiting.giveUp('0\n'), 3);
	t.is(waiting.giveUp(''), 0);
	t.is(waiting.take(100), '');
});

test('a gap that was not yet written is not lost', t => {
	const waiting = numbers({items: 1, bytes: 1000});
	for (const number of [1, 2, 3]) waiting.add(number);
	t.is(waiting.take(100), '2 not shown\n');

	t.is(waiting.giveUp('shown\n'), 3);
});
