import test from 'ava';
import {EventRing} from '../../../src/control-plane/admin/event-ring.ts';

test('events after a number are found, also none', t => {
	const ring = new EventRing();
	for (const text of ['1', '2', '3']) ring.add(text);

	t.is(ring.last, 3);
	t.deepEqual(ring.since('1'), ['2', '3']);
	t.deepEqual(ring.since('3'), []);
	t.deepEqual(ring.since('0'), ['1', '2', '3']);
	for (const unknown of ['4', '-1', 'x', '', '1.5', '99999999999999999']) t.is(ring.since(unknown), undefined, unknown);
});

test('2,000 events are kept, and no more than 8 MiB', t => {
	const ring = new EventRing();
	for (let index = 1; index <= 2001; index++) ring.add(`${index}`);
	t.is(ring.since('0'), undefined);
	t.is(ring.since('1')?.length, 2000);

	const large = new EventRing();
	for (let index = 0; index < 9; index++) large.add('x'.repeat(1024 * 1024));
	t.is(large.since('0'), undefined);
	t.is(large.since('1')?.length, 8);
});

test('after a gap nobody can go on', t => {
	const ring = new EventRing();
	ring.add('1');
	ring.clear();

	t.is(ring.since('1'), undefined);
	t.deepEqual(ring.since(`${ring.last}`), []);
	ring.add('3');
	t.deepEqual(ring.since('2'), ['3']);
});
