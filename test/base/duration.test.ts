import test from 'ava';
import {millisecondsIn, readDuration, readingsOf} from '../../src/base/duration.ts';

test('a duration is a number of milliseconds, or text with one of four units', t => {
	const durations = [0, 1.5, '500ms', '5s', '1.5m', '2h', ' 1s '];

	t.deepEqual(durations.map(millisecondsIn), [0, 1.5, 500, 5000, 90_000, 7_200_000, 1000]);
});

test('anything else is not a duration', t => {
	const others = [
		'60',
		'',
		's',
		'1d',
		'1 s',
		'-1s',
		'1e3s',
		'.5s',
		-1,
		Number.NaN,
		Number.POSITIVE_INFINITY,
		true,
		null,
	];

	t.deepEqual(
		others.map(millisecondsIn),
		others.map(() => undefined),
	);
	t.throws(() => readDuration('60' as '60s'), {
		code: 'INVALID_DURATION',
		message: '"60" is not a duration',
	});
});

test('both meanings of a number without a unit are named', t => {
	t.is(readingsOf(5), '"5s" for seconds, "5ms" for milliseconds');
	t.is(readingsOf(' 1.5 '), '"1.5s" for seconds, "1.5ms" for milliseconds');
	t.deepEqual(
		[-1, Number.POSITIVE_INFINITY, 1e21, '5s', '', 'x', true, null, {}].map(readingsOf),
		Array.from({length: 9}, () => undefined),
	);
});
