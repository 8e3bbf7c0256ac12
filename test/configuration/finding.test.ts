import test from 'ava';
import {show} from '../../src/base/quote.ts';
import {presentable} from '../../src/configuration/finding.ts';

const shows = test.macro({
	exec: (t, value: unknown, shown: string) => t.is(show(value), shown),
	title: (_, value, shown) => `${typeof value} is shown as ${shown}`,
});

test(shows, 'text', '"text"');
test(shows, 'a'.repeat(61), `"${'a'.repeat(60)}…"`);
test(shows, 'line\nbreak\u001b[31m', '"line\\nbreak\\u001b[31m"');
test(shows, '-----BEGIN PRIVATE KEY-----\nMIG', '(private key)');
test(shows, {key: '-----BEGIN PRIVATE KEY-----'}, '{key}');
test(shows, {a: 1, b: 2, c: 3, d: 4, e: 5}, '{a, b, c, d, …}');
test(shows, {}, '{}');
test(shows, [1, 2], 'a list of 2');
test(shows, null, 'nothing');
test(shows, 12n, '12');
test(shows, () => 1, 'a function');
test(shows, new Uint8Array(3), '3 bytes');

test('findings of one place come together, indexes by number', t => {
	const paths = [['b', 10], ['b', 9, 'z'], ['a'], ['b', 9], []];

	const ordered = presentable(paths.map(path => ({path, message: ''})));

	t.deepEqual(
		ordered.map(({path}) => path),
		[[], ['a'], ['b', 9], ['b', 9, 'z'], ['b', 10]],
	);
});
