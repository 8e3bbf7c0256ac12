import test from 'ava';
import {alternatives, didYouMean, nearest} from '../../src/base/suggest.ts';

const PROTOCOLS = ['http', 'https', 'tcp', 'ssl'];

const means = test.macro({
	exec(t, given: string, candidates: readonly string[], meant: string | undefined) {
		t.is(nearest(given, candidates), meant);
	},
	title: (what = '', given: string, _candidates: readonly string[], meant: string | undefined) =>
		what === '' ? `${given} means ${meant ?? 'nothing'}` : what,
});

test(means, 'htps', PROTOCOLS, 'https');
test(means, 'HTTPS', PROTOCOLS, 'https');
test(means, 'tpc', PROTOCOLS, undefined);
test(means, 'tcpp', PROTOCOLS, 'tcp');
test(means, 'udp', PROTOCOLS, undefined);
test('of five letters or more, two may be swapped', means, 'chekc', ['check', 'cert'], 'check');
test('a third of a long word may be wrong', means, 'loadbalancrs-x', ['loadbalancers'], 'loadbalancers');
test('more than a third may not', means, 'abcxyzuvw', ['abcdefghi'], undefined);
test('of candidates as near, the first is meant', means, 'app-3', ['app-1', 'app-2'], 'app-1');
test('nothing is near where there is no candidate', means, 'a', [], undefined);
test('a candidate as long as 200 characters is found', means, 'x'.repeat(200), ['x'.repeat(199)], 'x'.repeat(199));
test('a longer text is no typing error', means, 'x'.repeat(201), ['x'.repeat(201)], undefined);

test('the question quotes what was probably meant, and is not asked where nothing is near', t => {
	t.is(didYouMean('chekc', ['check']), 'did you mean "check"?');
	t.is(didYouMean('udp', PROTOCOLS), undefined);
});

for (const [values, text] of [
	[[], 'nothing'],
	[['a'], '"a"'],
	[['a', 'b'], '"a" or "b"'],
	[['a', 'b', 'c'], '"a", "b" or "c"'],
] as const) {
	test(`alternatives are listed: ${text}`, t => {
		t.is(alternatives(values), text);
	});
}

test('of more than 20 alternatives the number of the others is told', t => {
	const all = Array.from({length: 22}, (_, index) => `b${index}`);

	t.true(alternatives(all.slice(0, 20)).endsWith('"b18" or "b19"'));
	t.true(alternatives(all).endsWith('"b18", "b19" or 2 more'));
});
