import test from 'ava';
import {ManualClock} from '../../src/base/manual-clock.ts';

test('time stands still until it is moved, and then moves by that amount', async t => {
	const clock = new ManualClock();
	const wallMs = clock.wallMs();

	await clock.advance(1500);

	t.is(clock.now(), 1500);
	t.is(clock.wallMs(), wallMs + 1500);
});

test('tasks that fall due run in the order of their times, at their times', async t => {
	const clock = new ManualClock();
	const seen: string[] = [];
	clock.after(30, () => void seen.push(`once at ${clock.now()}`));
	clock.every(20, () => void seen.push(`every at ${clock.now()}`));

	await clock.advance(50);

	t.deepEqual(seen, ['every at 20', 'once at 30', 'every at 40']);
});

test('tasks that are due at the same time run in the order they were set', async t => {
	const clock = new ManualClock();
	const seen: number[] = [];
	for (const number of [1, 2, 3]) clock.after(5, () => void seen.push(number));

	await clock.advance(5);

	t.deepEqual(seen, [1, 2, 3]);
});

test('a task that is due after the move does not run', async t => {
	const clock = new ManualClock();
	let calls = 0;
	clock.after(5, () => void calls++);

	await clock.advance(4.9);
	t.is(calls, 0);
	await clock.advance(0.1);
	t.is(calls, 1);
	await clock.advance(100);
	t.is(calls, 1);
});

test('a cancelled task does not run, even when one of the same time cancels it', async t => {
	const clock = new ManualClock();
	let calls = 0;
	let cancelSecond = () => {};
	clock.after(5, () => cancelSecond());
	cancelSecond = clock.after(5, () => void calls++);
	const stop = clock.every(1, () => void calls++);
	stop();

	await clock.advance(10);

	t.is(calls, 0);
});

test('a task is done before time moves on', async t => {
	const clock = new ManualClock();
	const seen: string[] = [];
	clock.after(10, async () => {
		await new Promise(resolve => setTimeout(resolve, 5));
		seen.push(`slow, at ${clock.now()}`);
	});
	clock.after(20, () => void seen.push(`next, at ${clock.now()}`));

	await clock.advance(20);

	t.deepEqual(seen, ['slow, at 10', 'next, at 20']);
});

test('a task that waits for this clock does not stop it', async t => {
	const clock = new ManualClock();
	let timedOut = false;
	clock.after(
		10,
		() =>
			new Promise(resolve =>
				clock.after(5, () => {
					timedOut = true;
					resolve();
				}),
			),
	);

	await clock.advance(20);

	t.true(timedOut);
	t.is(clock.now(), 20);
});

test('two moves at once happen one after the other', async t => {
	const clock = new ManualClock();
	const seen: number[] = [];
	clock.every(10, () => void seen.push(clock.now()));

	await Promise.all([clock.advance(15), clock.advance(15)]);

	t.deepEqual(seen, [10, 20, 30]);
});

for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
	test(`time cannot be moved by ${ms}`, async t => {
		await t.throwsAsync(new ManualClock().advance(ms), {code: 'INVALID_DURATION'});
	});
}

test('time is not moved beyond the year 9999, where dates end', async t => {
	const clock = new ManualClock();
	let calls = 0;
	clock.every(1, () => void calls++);

	for (const ms of [300_000_000_000_000, Number.MAX_VALUE]) {
		await t.throwsAsync(clock.advance(ms), {
			code: 'INVALID_DURATION',
			message: `Time cannot be moved by ${ms} ms: that is after the year 9999, where dates end`,
		});
	}

	t.is(clock.now(), 0);
	t.is(calls, 0);
});
