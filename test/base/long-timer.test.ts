import test from 'ava';
import {systemClock} from '../../src/base/clock.ts';
import {LONGEST_WAIT_MS, startLongTimer} from '../../src/base/long-timer.ts';

/** Resolves when timers that are due at once have called: they are called in the order in which they are due. */
function dueAtOnce(): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, 2));
}

for (const ms of [LONGEST_WAIT_MS + 1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
	test(`a wait of ${ms} ms, which is too long for Node's timers, does not end at once`, async t => {
		const called: string[] = [];
		const timer = startLongTimer(ms, () => called.push('long timer'), {keepsAlive: false});
		const cancels = [
			systemClock.after(ms, () => void called.push('after')),
			systemClock.every(ms, () => void called.push('every')),
		];

		await dueAtOnce();

		t.deepEqual(called, []);
		timer.cancel();
		for (const cancel of cancels) cancel();
	});
}

test('a wait that takes several timers calls once, after all of them', async t => {
	const called: string[] = [];
	await new Promise<void>(resolve => {
		startLongTimer(4, () => called.push('two of two'), {keepsAlive: true, longestMs: 2});
		const task = () => {
			called.push('five of one');
			setTimeout(resolve, 2);
		};
		startLongTimer(5, task, {keepsAlive: true, longestMs: 1});
		setTimeout(() => called.push('one timer'), 1);
	});

	t.deepEqual([...called].sort(), ['five of one', 'one timer', 'two of two']);
	t.is(called[0], 'one timer');
});

test('a wait can be cancelled in its first timer and in a later one', async t => {
	let calls = 0;
	const first = startLongTimer(3, () => calls++, {keepsAlive: false, longestMs: 1});
	first.cancel();
	const later = startLongTimer(1000, () => calls++, {keepsAlive: false, longestMs: 1});
	await dueAtOnce();
	await dueAtOnce();

	later.cancel();

	await dueAtOnce();
	t.is(calls, 0);
});
