import test from 'ava';
import {Deadlines, type Timed, tickFor} from '../../src/base/deadlines.ts';
import {HandClock} from '../helpers/hand-clock.ts';

/** Something with a deadline, which writes down when it was told that it is past. */
function timed(clock: HandClock, deadlineMs: number): Timed & {readonly toldAt: number[]} {
	const toldAt: number[] = [];
	return {deadlineMs, toldAt, onDeadline: () => toldAt.push(clock.now())};
}

test('a deadline is told at the first tick at which it is past, and at each one from then on', async t => {
	const clock = new HandClock();
	const deadlines = new Deadlines(clock, 100);
	const [one, other] = [timed(clock, 200), timed(clock, 201)];
	deadlines.add(one);
	deadlines.add(other);

	await clock.advance(400);

	t.deepEqual(one.toldAt, [200, 300, 400]);
	t.deepEqual(other.toldAt, [300, 400]);
});

test('a deadline that is moved is told at its new time, and one of Infinity never', async t => {
	const clock = new HandClock();
	const deadlines = new Deadlines(clock, 100);
	const [moved, never] = [timed(clock, 150), timed(clock, Number.POSITIVE_INFINITY)];
	deadlines.add(moved);
	deadlines.add(never);

	await clock.advance(100);
	moved.deadlineMs = 320;
	await clock.advance(300);

	t.deepEqual(moved.toldAt, [400]);
	t.deepEqual(never.toldAt, []);
});

test('what is deleted is told nothing, when that happens at a tick too', async t => {
	const clock = new HandClock();
	const deadlines = new Deadlines(clock, 100);
	const [deleted, last] = [timed(clock, 0), timed(clock, 0)];
	const first: Timed = {deadlineMs: 0, onDeadline: () => deadlines.delete(last)};
	for (const each of [deleted, first, last]) deadlines.add(each);

	deadlines.delete(deleted);
	await clock.advance(200);

	t.deepEqual([deleted.toldAt, last.toldAt], [[], []]);
});

test('one timer serves all, stops at the first tick without anything to watch, and starts again', async t => {
	const clock = new HandClock();
	const deadlines = new Deadlines(clock, 100);
	const [one, other] = [timed(clock, 0), timed(clock, 0)];
	t.is(clock.waiting, 0);
	deadlines.add(one);
	deadlines.add(other);
	t.is(clock.waiting, 1);

	deadlines.delete(one);
	deadlines.delete(other);
	t.is(clock.waiting, 1, 'connections that come and go one by one do not restart it');
	await clock.advance(100);
	t.is(clock.waiting, 0);
	deadlines.add(other);
	await clock.advance(100);

	t.deepEqual(other.toldAt, [200]);
});

test('another tick counts from the moment at which it is set, and the same tick changes nothing', async t => {
	const clock = new HandClock();
	const deadlines = new Deadlines(clock, 100);
	const one = timed(clock, 0);
	deadlines.add(one);
	await clock.advance(90);

	deadlines.retick(100);
	await clock.advance(10);
	deadlines.retick(30);
	await clock.advance(60);

	t.deepEqual(one.toldAt, [100, 130, 160]);
});

test('another tick starts no timer where there is nothing to watch', t => {
	const clock = new HandClock();

	new Deadlines(clock, 100).retick(30);

	t.is(clock.waiting, 0);
});

test('nothing is told once it is closed', async t => {
	const clock = new HandClock();
	const deadlines = new Deadlines(clock, 100);
	const one = timed(clock, 0);
	deadlines.add(one);

	deadlines.close();
	await clock.advance(1000);

	t.deepEqual(one.toldAt, []);
	t.is(clock.waiting, 0);
});

for (const [spans, tickMs] of [
	[[800], 100],
	[[60_000, 807], 100],
	[[60_000], 500],
	[[4001], 500],
	[[3999], 499],
	[[8], 1],
	[[1], 1],
	[[Number.POSITIVE_INFINITY], 500],
] as const) {
	test(`deadlines of ${spans.join(' and ')} ms are checked every ${tickMs} ms`, t => {
		t.is(tickFor(...spans), tickMs);
	});
}
