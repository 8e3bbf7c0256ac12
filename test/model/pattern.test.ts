import test from 'ava';
import fc from 'fast-check';
import {compilePattern, matchesPattern, type PatternKind, violationsOfPattern} from '../../src/model/pattern.ts';
import {runs} from '../helpers/depth.ts';
import {growth, LINEAR} from '../helpers/growth.ts';

const MATCHES: readonly (readonly [kind: PatternKind, pattern: string, subject: string, matches: boolean])[] = [
	['path', '/docs/*', '/docs/a/b', true],
	['path', '/docs/*', '/docs/', true],
	['path', '/docs/*', '/docs', false],
	['path', '/docs', '/docs', true],
	['path', '/docs', '/docs/', false],
	['path', '/Docs', '/docs', false],
	['path', '/img/?.png', '/img/a.png', true],
	['path', '/img/?.png', '/img/.png', false],
	['path', '/img/?.png', '/img/ab.png', false],
	['path', '*', '', true],
	['path', '***', '/anything', true],
	['path', '?', '', false],
	['path', '*?', '', false],
	['path', '*?', 'a', true],
	['path', '*.abc.*.abc.*.com', '.abc.x.abc.y.com', true],
	['path', '*.abc.*.abc.*.com', '.abc.abc.y.com', false],
	['path', '/a*/a', '/a', false],
	['path', '/a*/a', '/a/a', true],
	['path', '/*/v?/*', '/api/v2/users', true],
	['path', '/*/v?/*', '/v/v1/v2', true],
	['path', '/a.b', '/aXb', false],
	['path', '/$1+', '/$1+', true],
	['host', '*.Example.com', 'www.example.com', true],
	['host', '*.example.com', 'example.com', false],
	['host', 'a?.example.com', 'a1.example.com', true],
];

for (const [kind, pattern, subject, matches] of MATCHES) {
	test(`the ${kind} pattern ${pattern} ${matches ? 'matches' : 'does not match'} "${subject}"`, t => {
		t.is(matchesPattern(compilePattern(pattern, kind), subject), matches);
	});
}

/** Slow and plain: every suffix of the one against every suffix of the other. */
function reference(pattern: string, subject: string): boolean {
	if (pattern === '') return subject === '';
	if (pattern.startsWith('*')) {
		return reference(pattern.slice(1), subject) || (subject !== '' && reference(pattern, subject.slice(1)));
	}
	if (subject === '' || (!pattern.startsWith('?') && pattern[0] !== subject[0])) return false;
	return reference(pattern.slice(1), subject.slice(1));
}

test('any pattern matches what the plain definition of its wildcards says', t => {
	const pattern = fc.string({unit: fc.constantFrom('a', 'b', '?', '*'), maxLength: 9});
	const subject = fc.string({unit: fc.constantFrom('a', 'b'), maxLength: 10});
	let matched = 0;
	fc.assert(
		fc.property(pattern, subject, (text, against) => {
			const matches = matchesPattern(compilePattern(text, 'path'), against);
			if (matches) matched++;
			t.is(matches, reference(text, against), `${text} on ${against}`);
		}),
		{numRuns: runs(5000, 1000)},
	);
	t.true(matched > runs(200, 40), `only ${matched} matched`);
});

// Each of these takes a matcher that goes back over its choices longer than anybody waits.
const HOSTILE: readonly string[] = [
	`*${'a'.repeat(60)}*${'a'.repeat(60)}b*c`,
	`*${'?'.repeat(60)}*${'?'.repeat(60)}b*c`,
	`${'*a'.repeat(60)}b`,
	'*'.repeat(100_000),
	'?'.repeat(100_000),
];

for (const pattern of HOSTILE) {
	test(`the pattern ${pattern.slice(0, 8)}… of ${pattern.length} characters is judged in one pass, up to 64 KiB`, t => {
		const compiled = compilePattern(pattern, 'path');
		const subjects = ['a'.repeat(8 * 1024), 'a'.repeat(64 * 1024)] as const;

		const grown = growth(subjects, subject => {
			t.is(matchesPattern(compiled, subject), /^\*+$/.test(pattern));
		});

		t.true(grown < LINEAR, `${grown.toFixed(1)} times the work for eight times the subject`);
	});
}

test('patterns within the rules break none', t => {
	t.deepEqual(violationsOfPattern('*.example-1.com', 'host'), []);
	t.deepEqual(violationsOfPattern('/a_b-c.$/~"\'@:+?*', 'path'), []);
	t.deepEqual(violationsOfPattern('a'.repeat(128), 'path'), []);
	t.deepEqual(violationsOfPattern('***', 'host'), []);
	t.deepEqual(violationsOfPattern('', 'host'), []);
});

test('a pattern that is too long is refused, without its text', t => {
	t.deepEqual(violationsOfPattern('a'.repeat(129), 'path'), [
		{path: [], message: 'the path pattern has 129 characters; allowed are at most 128'},
	]);
});

test('a fourth wildcard is refused', t => {
	t.deepEqual(violationsOfPattern('/*/*/*/*', 'path'), [
		{path: [], message: 'the path pattern "/*/*/*/*" has 4 wildcards *; allowed are at most 3'},
	]);
});

test('characters that may not stand in a pattern are named, each once', t => {
	t.deepEqual(violationsOfPattern('/a b c&%', 'path'), [
		{
			path: [],
			message:
				'" &%" may not stand in the path pattern "/a b c&%"; allowed are letters, digits, _ - . $ / ~ " \' @ : + and the wildcards * and ?',
			hint: undefined,
		},
	]);
});

test('a port or a path in a host pattern is told from other faults', t => {
	t.is(violationsOfPattern('a.com:80', 'host')[0]?.hint, 'leave the port away: hosts are compared without it');
	t.is(violationsOfPattern('a.com/x', 'host')[0]?.hint, 'a path goes into `path`');
	t.is(violationsOfPattern('a_b', 'host')[0]?.hint, undefined);
});

test('a pattern that breaks every rule hears of all of them, in messages of bounded length', t => {
	const violations = violationsOfPattern(`${'*'.repeat(9)}\n${'\u{1F600}é'.repeat(50_000)}`, 'host');

	t.is(violations.length, 3);
	for (const {message} of violations) t.true(message.length < 400 && !message.includes('\n'), message);
});
