import test from 'ava';
import fc from 'fast-check';
import type {Account} from '../../src/model/account.ts';
import {listedRules} from '../../src/model/account.ts';
import type {Rule} from '../../src/model/account-load-balancer.ts';
import type {Protocol} from '../../src/model/listener.ts';
import {type GivenRule, withGivenRules} from '../../src/operations/given-rules.ts';
import {accountListener, accountWith, CONTEXT} from '../helpers/accounts.ts';
import {runs} from '../helpers/depth.ts';

const EMPTY = accountWith([]);

function given(more: Partial<GivenRule> = {}): GivenRule {
	return {listener: undefined, host: undefined, path: '/a', priority: 1, vmIds: ['i-0000000a'], name: 'docs', ...more};
}

/** A load balancer with these listeners. */
function web(...listeners: readonly (readonly [Protocol, number])[]) {
	return {name: 'web', listeners: listeners.map(([protocol, port]) => accountListener(port, {protocol}))};
}

const BOTH = web(['http', 80], ['https', 443]);

/** A rule at one listener, as an API makes it. */
function made(name: string, port: number, {loadBalancer = 'web', id = 1} = {}): Rule {
	return {
		loadBalancer,
		scope: {kind: 'listener', port, shown: {name, id}},
		name,
		priority: 1,
		host: undefined,
		path: '/made',
		vmIds: [],
	};
}

/** `docs#1000 at 80`. */
function listed(account: Account): string[] {
	return listedRules(account).map(({name, id, listener}) => `${name}#${id} at ${listener}`);
}

test('a rule without a listener is one rule, listed once for each HTTP and HTTPS listener', t => {
	const after = withGivenRules(EMPTY, [given()], web(['http', 80], ['tcp', 25], ['https', 443], ['ssl', 26]), CONTEXT);

	t.is(after.rules.length, 1);
	t.deepEqual(listed(after), ['docs#1000 at 80', 'docs-443#1001 at 443']);
	t.is(after.serial, 2);
	t.is(EMPTY.rules.length, 0, 'the account before stays as it is');
});

test('a rule keeps what was written, and an empty pattern is none', t => {
	const rules = [
		given(),
		given({name: 'shop', host: 'shop.test', path: '', priority: 2}),
		given({name: 'x', host: ''}),
	];

	const after = withGivenRules(EMPTY, rules, BOTH, CONTEXT);

	t.deepEqual(
		after.rules.map(({scope: _, ...rule}) => rule),
		[
			{loadBalancer: 'web', name: 'docs', priority: 1, host: undefined, path: '/a', vmIds: ['i-0000000a']},
			{loadBalancer: 'web', name: 'shop', priority: 2, host: 'shop.test', path: undefined, vmIds: ['i-0000000a']},
			{loadBalancer: 'web', name: 'x', priority: 1, host: undefined, path: '/a', vmIds: ['i-0000000a']},
		],
	);
});

for (const name of [undefined, '']) {
	test(`a rule whose name is ${name === '' ? 'empty' : 'not given'} is listed by its load balancer and priority`, t => {
		const after = withGivenRules(EMPTY, [given({name, priority: 7})], BOTH, CONTEXT);

		t.deepEqual(listed(after), ['web-7#1000 at 80', 'web-7-443#1001 at 443']);
		t.is(after.rules[0]?.name, name);
	});
}

test('a rule of one listener is listed there alone, under its own name', t => {
	const after = withGivenRules(EMPTY, [given({listener: 443})], BOTH, CONTEXT);

	t.deepEqual(listed(after), ['docs#1000 at 443']);
	t.like(after.rules[0], {scope: {kind: 'listener', port: 443}});
});

test('a rule of a listener that is not there leaves', t => {
	const after = withGivenRules(EMPTY, [given({listener: 8080}), given({name: 'kept'})], BOTH, CONTEXT);

	t.deepEqual(listed(after), ['kept#1000 at 80', 'kept-443#1001 at 443']);
});

test('a rule without a listener stays where no listener is one of HTTP, and is listed nowhere', t => {
	const after = withGivenRules(EMPTY, [given()], web(['tcp', 25]), CONTEXT);

	t.is(after.rules.length, 1);
	t.deepEqual(listed(after), []);
	t.is(after.serial, 0);
});

test('names are unique in the account: those of other load balancers and of earlier rules are taken', t => {
	const others = [
		made('docs', 80, {loadBalancer: 'other', id: 50}),
		made('docs-3', 80, {loadBalancer: 'other', id: 51}),
	];
	const before = accountWith([], {rules: others});

	const after = withGivenRules(before, [given(), given(), given({listener: 80})], BOTH, CONTEXT);

	t.deepEqual(listed(after).slice(2), [
		'docs-2#1000 at 80',
		'docs-443#1001 at 443',
		'docs-4#1002 at 80',
		'docs-443-2#1003 at 443',
		'docs-5#1004 at 80',
	]);
});

test('listings keep their ids by their names, whatever else becomes of the rule', t => {
	const before = withGivenRules(EMPTY, [given(), given({name: 'help'})], BOTH, CONTEXT);

	const after = withGivenRules(
		before,
		[given({name: 'help', path: '/b'}), given({name: 'new'}), given()],
		BOTH,
		CONTEXT,
	);

	t.deepEqual(listed(after), [
		'help#1002 at 80',
		'help-443#1003 at 443',
		'new#1004 at 80',
		'new-443#1005 at 443',
		'docs#1000 at 80',
		'docs-443#1001 at 443',
	]);
	t.is(after.serial, 6, 'only what is new has a number');
});

test('a listing has no id of another load balancer that had its name', t => {
	const before = accountWith([], {rules: [made('docs', 80, {loadBalancer: 'other', id: 50})]});

	t.deepEqual(listed(withGivenRules(before, [], BOTH, CONTEXT)), ['docs#50 at 80']);
	t.deepEqual(listed(withGivenRules(before, [given({listener: 80})], BOTH, CONTEXT)), [
		'docs#50 at 80',
		'docs-2#1000 at 80',
	]);
});

test('rules of other load balancers stay the very ones, and come first', t => {
	const other = made('other', 80, {loadBalancer: 'other'});
	const before = accountWith([], {rules: [made('web', 80), other]});

	const after = withGivenRules(before, [given({listener: 80})], BOTH, CONTEXT);

	t.is(after.rules[0], other);
	t.deepEqual(listed(after), ['other#1 at 80', 'docs#1000 at 80']);
});

for (const [protocol, stays] of [
	['tcp', true],
	['ssl', true],
	['http', false],
	['https', false],
	[undefined, false],
] as const) {
	const where = protocol === undefined ? 'a listener that is gone' : `a listener of ${protocol}`;
	test(`a rule that is not given ${stays ? 'stays the very one' : 'leaves'} at ${where}`, t => {
		const rule = made('made', 25);
		const listeners = web(['http', 80], ...(protocol === undefined ? [] : [[protocol, 25] as const]));

		const after = withGivenRules(accountWith([], {rules: [rule]}), [given({listener: 80})], listeners, CONTEXT);

		t.deepEqual(listed(after), ['docs#1000 at 80', ...(stays ? ['made#1 at 25'] : [])]);
		t.is(after.rules.includes(rule), stays);
	});
}

test('a rule without effect makes room for one of its name, which has its id', t => {
	const before = accountWith([], {rules: [made('docs', 25, {id: 9})]});

	const after = withGivenRules(before, [given({listener: 80})], web(['http', 80], ['tcp', 25]), CONTEXT);

	t.deepEqual(listed(after), ['docs#9 at 80']);
});

test('a rule without a listener that is no longer given leaves, where it is listed nowhere too', t => {
	const before = withGivenRules(EMPTY, [given()], web(['tcp', 25]), CONTEXT);

	t.deepEqual(withGivenRules(before, [], web(['tcp', 25]), CONTEXT).rules, []);
});

const aRule = fc.record({
	name: fc.constantFrom(undefined, '', 'docs', 'docs-2', 'docs-443', 'web-1'),
	listener: fc.constantFrom(undefined, 80, 443, 25),
	priority: fc.constantFrom(1, 2),
});

test('names in an account are unique, and rules that are given again change nothing', t => {
	const listeners = web(['http', 80], ['https', 443], ['tcp', 25]);
	const others = ['docs', 'docs-443-2', 'web-1'].map(name => made(name, 80, {loadBalancer: 'other'}));
	fc.assert(
		fc.property(fc.array(aRule), fc.array(aRule), (first, second) => {
			const rules = second.map(given);
			const before = withGivenRules(accountWith([], {rules: others}), first.map(given), listeners, CONTEXT);

			const after = withGivenRules(before, rules, listeners, CONTEXT);

			const names = listedRules(after).map(({name}) => name);
			t.is(new Set(names).size, names.length);
			const ids = listedRules(after)
				.slice(others.length)
				.map(({id}) => id);
			t.is(new Set(ids).size, ids.length);
			t.deepEqual(withGivenRules(after, rules, listeners, CONTEXT), after);
		}),
		{numRuns: runs(5000, 500)},
	);
});
