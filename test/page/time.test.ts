import test from 'ava';
import {ago, bytes, countOf, dateOf, dayOf, daysUntil, duration, grouped, timeOf} from '../../src/page/time.ts';

const lasts = test.macro({
	exec: (t, ms: number, text: string) => t.is(duration(ms), text),
	title: (_, ms) => `duration of ${ms} ms`,
});

test(lasts, 0, '0 ms');
test(lasts, 0.24, '0.2 ms');
test(lasts, 9.9, '9.9 ms');
test(lasts, 9.96, '10 ms');
test(lasts, 999.4, '999 ms');
test(lasts, 999.5, '1 s');
test(lasts, 59_949, '59.9 s');
test(lasts, 59_950, '1 min');
test(lasts, 7_199_000, '120 min');
test(lasts, 7_200_000, '2 h');
test(lasts, 3 * 24 * 3600_000, '3 days');

test('how long ago, in whole units', t => {
	t.is(ago(1000, 1999), 'now');
	t.is(ago(5000, 1000), 'now');
	t.is(ago(0, 2900), '2 s ago');
	t.is(ago(0, 300_000), '5 min ago');
});

test('a time has milliseconds, and its date unless that is today', t => {
	const at = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();

	t.is(timeOf(at, dayOf(at)), '03:04:05.006');
	t.is(timeOf(at), '2026-01-02 03:04:05.006');
	t.is(timeOf(at, '2026-01-03'), '2026-01-02 03:04:05.006');
	t.is(timeOf(at, '2025-01-02'), '2026-01-02 03:04:05.006');
});

test('a day ends at midnight, where whoever looks is', t => {
	const midnight = new Date(2026, 2, 1).getTime();

	t.is(dayOf(midnight), '2026-03-01');
	t.is(dayOf(midnight - 1), '2026-02-28');
	t.is(timeOf(midnight, '2026-03-01'), '00:00:00.000');
	t.is(timeOf(midnight - 1, '2026-03-01'), '2026-02-28 23:59:59.999');
});

test('days until a date, negative once it is over', t => {
	const now = Date.parse('2026-01-01T00:00:00Z');

	t.is(daysUntil('2026-01-31T12:00:00Z', now), 30);
	t.is(daysUntil('2025-12-31T12:00:00Z', now), -1);
});

test('a date is that of the control port, to the second', t => {
	t.is(dateOf('2026-01-31T12:00:59.999Z'), '2026-01-31 12:00:59 UTC');
});

test('numbers are grouped and have their noun', t => {
	t.is(grouped(999), '999');
	t.is(grouped(1_234_567), '1,234,567');
	t.is(countOf(1, 'exchange'), '1 exchange');
	t.is(countOf(1204, 'exchange'), '1,204 exchanges');
	t.is(bytes(999), '999 B');
	t.is(bytes(16_384), '16.4 kB');
	t.is(bytes(3_210_000), '3.2 MB');
});
