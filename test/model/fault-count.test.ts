import test from 'ava';
import {countOne, delayOf, type FaultCount, fraction, isSpent, UNCOUNTED} from '../../src/model/fault-count.ts';

/** `x` for each that is hit, `.` for each that is not. */
function pattern(rule: {skip?: number; times?: number; every?: number}, length: number): string {
	const {skip = 0, times, every = 1} = rule;
	let count: FaultCount = UNCOUNTED;
	let text = '';
	for (let i = 0; i < length; i++) {
		const next = countOne({skip, times, every}, count);
		text += next.hits > count.hits ? 'x' : '.';
		count = next;
	}
	return text;
}

const counts = test.macro({
	exec(t, rule: Parameters<typeof pattern>[0], expected: string) {
		t.is(pattern(rule, expected.length), expected);
	},
	title: (_, rule, expected) => `${JSON.stringify(rule)} hits ${expected}`,
});

test(counts, {}, 'xxxx');
test(counts, {times: 2}, 'xx....');
test(counts, {skip: 2}, '..xxxx');
test(counts, {skip: 1, times: 1}, '.x....');
test(counts, {every: 3}, 'x..x..x');
test(counts, {skip: 1, every: 2, times: 2}, '.x.x.....');

test('a rule is spent once it has fired as often as it says, and never without a number', t => {
	t.false(isSpent({times: 2}, {seen: 9, hits: 1}));
	t.true(isSpent({times: 2}, {seen: 9, hits: 2}));
	t.false(isSpent({times: undefined}, {seen: 9, hits: 9}));
});

test('a delay stays within its jitter, differs from hit to hit, and is the same in every run', t => {
	const delays = Array.from({length: 200}, (_, hit) => delayOf({latencyMs: 100, jitterMs: 40}, {seed: 7, id: 1, hit}));

	t.true(delays.every(ms => ms >= 60 && ms <= 140));
	t.true(Math.min(...delays) < 70 && Math.max(...delays) > 130, 'spread over the whole of it');
	t.deepEqual(
		delays,
		delays.map((_, hit) => delayOf({latencyMs: 100, jitterMs: 40}, {seed: 7, id: 1, hit})),
	);
	t.notDeepEqual(
		delays,
		delays.map((_, hit) => delayOf({latencyMs: 100, jitterMs: 40}, {seed: 8, id: 1, hit})),
	);
});

test('a delay is never below nothing, and exact without jitter', t => {
	t.true(
		Array.from({length: 50}, (_, hit) => delayOf({latencyMs: 1, jitterMs: 50}, {seed: 1, id: 1, hit})).every(
			ms => ms >= 0,
		),
	);
	t.is(delayOf({latencyMs: 25, jitterMs: 0}, {seed: 1, id: 1, hit: 3}), 25);
	t.true(fraction(1, 2, 3) >= 0 && fraction(1, 2, 3) < 1);
});
