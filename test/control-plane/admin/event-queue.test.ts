import test from 'ava';
import {EventQueue} from '../../../src/control-plane/admin/event-queue.ts';

const MIB = 1024 * 1024;

test('what waits goes out as one piece, in order', async t => {
	const queue = new EventQueue(() => {});
	t.true(queue.push('a'));
	t.true(queue.push('b'));

	t.deepEqual(await queue.next(), {done: false, value: 'ab'});
});

test('a reader that waits is woken, and the end comes after everything else', async t => {
	let left = 0;
	const queue = new EventQueue(() => left++);
	const next = queue.next();
	queue.push('a');
	t.deepEqual(await next, {done: false, value: 'a'});
	queue.push('b');
	queue.end();

	t.deepEqual(await queue.next(), {done: false, value: 'b'});
	t.is(left, 0);
	t.deepEqual(await queue.next(), {done: true, value: undefined});
	t.is(left, 1);
});

test('no more than 1 MiB waits, and one event can take the place of all of it', async t => {
	const queue = new EventQueue(() => {});
	t.true(queue.push('a'.repeat(MIB - 1)));
	t.true(queue.push('b'));
	t.false(queue.push('c'));

	queue.replaceBy('resync');

	t.deepEqual(await queue.next(), {done: false, value: 'resync'});
	t.true(queue.push('d'.repeat(MIB)));
});

test('a reader that goes away ends its wait, once', async t => {
	let left = 0;
	const queue = new EventQueue(() => left++);
	const next = queue.next();

	await queue.return();
	await queue.return();

	t.deepEqual(await next, {done: true, value: undefined});
	t.is(left, 1);
	t.true(queue.push('nobody reads this'));
	t.deepEqual(await queue.next(), {done: true, value: undefined});
});
