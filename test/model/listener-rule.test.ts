import test from 'ava';
import fc from 'fast-check';
import {compileRules, type ListenerRule, matchingRule, violationsOfRules} from '../../src/model/listener-rule.ts';

const to = ['a'];

function match(rules: readonly ListenerRule[], host: string, path: string): string | undefined {
	return matchingRule(compileRules(rules), {host, path})?.rule.name;
}

const RULES: readonly ListenerRule[] = [
	{name: 'low', priority: 1, path: '*', to},
	{name: 'exact', priority: 50, path: '/exact', to},
	{name: 'docs', priority: 100, path: '/docs/*', to},
	{name: 'api', priority: 200, host: 'API.example.com', path: '', to},
	{name: 'both', priority: 300, host: 'api.example.com', path: '/docs/*', to},
];

const MATCHES: readonly (readonly [host: string, path: string, name: string | undefined])[] = [
	['api.example.com', '/docs/a', 'both'],
	['api.example.com', '/Docs/a', 'api'],
	['Api.Example.COM:8080', '/', 'api'],
	['www.example.com', '/docs/a', 'docs'],
	['www.example.com', '/docs/?x=/y', 'docs'],
	['www.example.com', '/docs?/docs/', 'low'],
	['www.example.com', '/x?/docs/a', 'low'],
	['www.example.com', '/exact?x', 'exact'],
	['www.example.com', '/exact/', 'low'],
	['', '*', 'low'],
	['www.example.com', '/docs%2Fa', 'low'],
];

for (const [host, path, name] of MATCHES) {
	test(`a request of "${host}" for ${path} goes by the rule ${name}`, t => {
		t.is(match(RULES, host, path), name);
		t.is(match([...RULES].reverse(), host, path), name);
	});
}

test('no rule, and no rule that matches, is no match', t => {
	t.is(match([], 'a', '/'), undefined);
	t.is(match([{name: 'x', priority: 1, host: 'a', to}], 'b', '/'), undefined);
});

test('an IPv6 address is compared with its brackets and without its port', t => {
	const rules = [{name: 'v6', priority: 1, host: '*1]', to}];

	t.is(match(rules, '[::1]:8080', '/'), 'v6');
	t.is(match(rules, '[::1]', '/'), 'v6');
	t.is(match(rules, '[::12]:1', '/'), undefined);
	t.is(match(rules, '[', '/'), undefined);
});

test('of the rules that match, the one of the highest priority wins, however they are ordered', t => {
	const rule = fc.record({
		priority: fc.integer({min: 1, max: 19_999}),
		path: fc.constantFrom('/a*', '/*', '/b', '*'),
		to: fc.constant(to),
	});
	const rules = fc.uniqueArray(rule, {selector: ({priority}) => priority, maxLength: 8});
	fc.assert(
		fc.property(rules, fc.constantFrom('/a', '/b', '/c', '*'), (list, path) => {
			const matching = list.filter(each => matchingRule(compileRules([each]), {host: '', path}) !== undefined);
			const highest = matching.reduce((max, each) => Math.max(max, each.priority), 0);
			const found = matchingRule(compileRules(list), {host: '', path})?.rule.priority ?? 0;
			t.is(found, highest);
		}),
	);
});

test('the order of what was described is left alone', t => {
	const rules = Object.freeze([...RULES]);
	compileRules(rules);

	t.deepEqual(rules, RULES);
});

test('rules within the rules break none', t => {
	t.deepEqual(violationsOfRules(RULES, ['a']), []);
	t.deepEqual(violationsOfRules([{name: '', priority: 19_999, path: '/', host: '', to: ['a', 'b']}], ['b', 'a']), []);
	t.deepEqual(
		violationsOfRules(
			[
				{name: '', priority: 1, path: '/', to},
				{name: '', priority: 2, path: '/', to},
			],
			to,
		),
		[],
	);
});

test('a rule without any pattern is refused', t => {
	t.deepEqual(violationsOfRules([{priority: 1, host: '', path: '', to}], to), [
		{path: [0], message: 'a rule needs `host`, `path` or both, and has neither'},
	]);
});

for (const priority of [0, 20_000, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
	test(`the priority ${priority} is refused`, t => {
		t.deepEqual(violationsOfRules([{priority, path: '/', to}], to), [
			{
				path: [0, 'priority'],
				message: `${priority} is not a priority; allowed are whole numbers from 1 to 19999`,
				hint: 'the rule with the highest number is tried first',
			},
		]);
	});
}

test('a back-end that is not registered is refused, with the one that was meant', t => {
	t.deepEqual(violationsOfRules([{priority: 1, path: '/', to: ['web-1', 'wbe-2']}], ['web-1', 'web-2']), [
		{
			path: [0, 'to', 1],
			message: 'no back-end is named "wbe-2"; allowed is "web-1" or "web-2"',
			hint: 'did you mean "web-2"?',
		},
	]);
});

test('a back-end named twice, and no back-end at all, are refused', t => {
	const rules = [
		{priority: 1, path: '/', to: ['a', 'a']},
		{priority: 2, path: '/', to: []},
	];

	t.deepEqual(violationsOfRules(rules, to), [
		{path: [0, 'to', 1], message: 'back-end "a" is in `to` twice: to[0] names it'},
		{path: [1, 'to'], message: 'a rule needs at least one back-end in `to`'},
	]);
});

test('names that objects inherit are not back-ends', t => {
	t.is(violationsOfRules([{priority: 1, path: '/', to: ['__proto__', 'constructor']}], to).length, 2);
});

test('two rules of one priority or one name are refused at the later one', t => {
	const rules = [
		{name: 'x', priority: 7, path: '/', to},
		{name: 'x', priority: 7, path: '/', to},
	];

	t.deepEqual(violationsOfRules(rules, to), [
		{
			path: [1, 'priority'],
			message: 'two rules have the priority 7: rules[0] has it already',
			hint: 'priorities are unique, so that the order of rules is certain',
		},
		{path: [1, 'name'], message: 'two rules have the name "x": rules[0] has it already', hint: undefined},
	]);
});

test('two rules of one priority that belong to different listeners are no rivals, those of every listener are', t => {
	const rules = [
		{listener: 443, priority: 7, path: '/', to},
		{listener: 80, priority: 7, path: '/', to},
		{listener: 80, priority: 7, path: '/', to},
		{priority: 7, path: '/', to},
	];

	t.deepEqual(
		violationsOfRules(rules, to).map(({path, message}) => ({path, message})),
		[
			{path: [2, 'priority'], message: 'two rules have the priority 7: rules[1] has it already'},
			{path: [3, 'priority'], message: 'two rules have the priority 7: rules[0] has it already'},
		],
	);
});

test('a name that a terminal would obey and a private key are not repeated as they are', t => {
	const rules = [{name: 'x', priority: 1, host: '-----BEGIN PRIVATE KEY-----\nMIGH', path: '/', to: ['\u001b[31m']}];

	const text = violationsOfRules(rules, ['\u001b[2J', 'PRIVATE KEY MIGH'])
		.map(({message, hint}) => `${message} ${hint}`)
		.join();

	t.notRegex(text, /\u001b|MIGH/);
	t.true(text.includes('(private key)'));
});

test('all faults of all rules are told at once, in the order of the rules', t => {
	const rules = [
		{priority: 0, host: 'a b', path: '/*/*/*/*', to: ['nobody']},
		{priority: 1, to: []},
	];

	t.deepEqual(
		violationsOfRules(rules, to).map(({path}) => path),
		[[0, 'priority'], [0, 'host'], [0, 'path'], [0, 'to', 0], [1], [1, 'to']],
	);
});
