import test from 'ava';
import {columns, countOf, daysUntil, printable} from '../../src/cli/text.ts';

test('invisible characters are escaped', t => {
	t.is(printable('a\r\nb\u001b[31m\u0000\u007f'), 'a\\x0d\\x0ab\\x1b[31m\\x00\\x7f');
	t.is(printable('\u202etxt\u2028x\u200b'), '\\u{202e}txt\\u{2028}x\\u{200b}');
	t.is(printable('\u0085\ud800'), '\\x85\\u{d800}');
	t.is(printable('é 漢 🙂'), 'é 漢 🙂');
});

test('long text is cut', t => {
	t.is(printable('abcdef', 3), 'abc…');
});

test('columns are aligned', t => {
	t.deepEqual(
		columns([
			['a', 'bb', 'c'],
			['aaa', 'b', 'c'],
		]),
		['a    bb  c', 'aaa  b   c'],
	);
});

test('days are whole, and negative for a past moment', t => {
	const now = Date.parse('2030-01-01T12:00:00Z');

	t.is(daysUntil(new Date('2030-01-03T11:00:00Z'), now), 1);
	t.is(daysUntil(new Date('2030-01-01T11:00:00Z'), now), 0);
	t.is(daysUntil(new Date('2029-12-30T11:00:00Z'), now), -2);
});

test('a count of one is singular', t => {
	t.deepEqual(
		[0, 1, 2].map(n => countOf(n, 'listener')),
		['0 listeners', '1 listener', '2 listeners'],
	);
});
