import test from 'ava';
import * as assertions from '../../src/assert.ts';
import {startEmulator} from '../../src/index.ts';
import {startAsserted, visit} from '../helpers/assertion-failures.ts';
import {authority} from '../helpers/emulator-scene.ts';

const {assertBalance, assertDrained, assertHeader, assertNoTraffic, assertOrder, assertRetried, assertWhy} = assertions;
const {assertNoHeader, assertNoLoss, assertPassthrough, assertStickiness, assertTermination} = assertions;

/** As a caller without types calls them. */
type Untyped = (...given: unknown[]) => void;
const untyped = (assertion: unknown) => assertion as Untyped;

const OF_EXCHANGES = {
	assertOrder,
	assertBalance,
	assertNoTraffic,
	assertStickiness,
	assertTermination,
	assertPassthrough,
	assertNoLoss,
};
const OF_ONE = {assertHeader, assertNoHeader, assertRetried, assertWhy};

for (const [name, assertion] of Object.entries({...OF_EXCHANGES, ...OF_ONE, assertDrained})) {
	test(`${name} says what it takes instead of a promise, an emulator, nothing, a text`, async t => {
		const emulator = await startEmulator({authority, port: 0});
		t.teardown(() => emulator.stop());
		const given = untyped(assertion);
		const is = {code: 'INVALID_EXPECTATION'} as const;

		const promise = t.throws(() => given(Promise.resolve(), 'a', 'b'), {...is, message: /not a promise of one$/});
		t.true(promise instanceof Error && 'hint' in promise && promise.hint === 'Await it first.');
		t.throws(() => given(emulator, 'a', 'b'), {...is, message: /, not an emulator$/});
		t.throws(() => given(undefined, 'a', 'b'), {...is, message: /, not undefined$/});
		t.throws(() => given(null, 'a', 'b'), {...is, message: /, not nothing$/});
		t.throws(() => given('web', 'a', 'b'), {...is, message: new RegExp(`^${name}\\(\\): takes .*, not "web"$`)});
	});
}

test('a printed exchange is not one', async t => {
	const lb = await startAsserted(t);
	await visit(lb, '/');
	const printed = JSON.parse(JSON.stringify(lb.traffic.last()));

	t.throws(() => untyped(assertHeader)(printed, 'host', 'a'), {
		code: 'INVALID_EXPECTATION',
		message: /takes an exchange/,
	});
	t.throws(() => untyped(assertOrder)([printed], ['a']), {code: 'INVALID_EXPECTATION'});
});

test('who gives a load balancer for an exchange is told how to get one', async t => {
	const lb = await startAsserted(t);

	const error = t.throws(() => untyped(assertHeader)(lb, 'host', 'a'), {code: 'INVALID_EXPECTATION'});

	t.true('hint' in error && error.hint === 'The newest exchange of a load balancer is lb.traffic.last().');
});

test('a back-end that never was is an error, and not an expectation that always holds', async t => {
	const lb = await startAsserted(t, {backends: [{name: 'app-1', kind: 'echo'}]});
	const is = {code: 'NO_SUCH_BACKEND', message: 'No back-end is named "app-2"; there is "app-1"'} as const;

	t.throws(() => assertNoTraffic(lb, 'app-2'), is);
	t.throws(() => assertOrder(lb, ['app-2']), is);
	t.throws(() => assertBalance(lb, {'app-2': 0}), is);
	t.throws(() => assertBalance(lb, ['app-2']), is);
	t.throws(() => assertStickiness(lb, {backend: 'app-2'}), is);
	t.throws(() => assertDrained(lb, 'app-2'), is);
});

test('a back-end that has left is still known by its traffic', async t => {
	const lb = await startAsserted(t);
	await visit(lb, '/1', '/2');
	await lb.update({backends: [{name: 'a', kind: 'echo'}]});

	t.notThrows(() => assertOrder(lb, ['a', 'b']));
});

test('expectations that say nothing, or what cannot be, are refused by name', async t => {
	const lb = await startAsserted(t);
	await visit(lb, '/');
	const last = lb.traffic.last();
	const refused = (assertion: unknown, ...given: unknown[]) =>
		t.throws(() => untyped(assertion)(...given), {code: 'INVALID_EXPECTATION'}).message;

	t.is(refused(assertOrder, lb, 'a'), "assertOrder(): an order is a list of names: ['a', 'b']");
	t.is(refused(assertOrder, lb, [1]), 'assertOrder(): a back-end is given by its name, not by 1');
	t.is(refused(assertNoTraffic, lb, ''), 'assertNoTraffic(): a back-end is given by its name, not by ""');
	t.regex(refused(assertBalance, lb.traffic), /^assertBalance\(\): of exchanges alone the back-ends are not known/);
	t.is(refused(assertBalance, lb, []), 'assertBalance(): there is no back-end to spread exchanges over');
	t.regex(refused(assertBalance, lb, 3), /^assertBalance\(\): expected names, .*, not 3$/);
	t.is(refused(assertBalance, lb, {a: 1.5}), 'assertBalance(): for "a" a number of exchanges is expected, not 1.5');
	t.is(refused(assertStickiness, lb, {sessions: 0}), 'assertStickiness(): sessions is a number from 1 on, not 0');
	t.is(refused(assertStickiness, lb, {session: 1}), 'assertStickiness(): "session" is not one of sessions, backend');
	t.is(refused(assertHeader, last, '', 'x'), 'assertHeader(): a field has a name, not ""');
	t.is(
		refused(assertHeader, last, 'host', undefined),
		'assertHeader(): a value is text or a regular expression, not undefined',
	);
	t.is(
		refused(assertHeader, last, 'host', 'x', {of: 'answer'}),
		'assertHeader(): of is "request" or "response", not "answer"',
	);
	t.is(refused(assertWhy, last, {}), 'assertWhy(): says nothing without any of rule, sticky, chosen, skipped, refused');
	t.is(
		refused(assertWhy, last, {chose: 'a'}),
		'assertWhy(): "chose" is not one of rule, sticky, chosen, skipped, refused',
	);
	t.is(refused(assertWhy, last, {skipped: []}), 'assertWhy(): expected a list of names, not a list of 0');
	t.is(
		refused(assertWhy, last, ['a']),
		'assertWhy(): takes an object with any of rule, sticky, chosen, skipped, refused, not a list of 1',
	);
	t.regex(
		refused(assertRetried, last, ['a']),
		/^assertRetried\(\): back-ends that were tried are a list of two or more names/,
	);
	t.regex(
		refused(assertTermination, lb, {seen: 'PEM'}),
		/^assertTermination\(\): a certificate as text is PEM, not "PEM"/,
	);
	t.regex(
		refused(assertTermination, lb, {seen: {}}),
		/^assertTermination\(\): a certificate that was seen is .*, not \{\}$/,
	);
	t.regex(refused(assertTermination, last, {seen: {fingerprint256: 'x'}}), /give the load balancer$/);
	t.regex(
		refused(assertPassthrough, lb, {certificate: {fingerprint256: 'x'}}),
		/says nothing without the one that was seen$/,
	);
});

test('what holds of all exchanges is not said where some are no longer kept', async t => {
	const lb = await startAsserted(t, {record: {exchanges: 1}});
	await visit(lb, '/1', '/2');
	const message = /^assert\w+\(\) looks at every exchange, and 1 older ones are no longer kept$/;

	t.throws(() => assertNoLoss(lb), {code: 'FORGOTTEN', message});
	t.throws(() => assertStickiness(lb), {code: 'FORGOTTEN', message});
	t.throws(() => assertDrained(lb, 'a'), {code: 'FORGOTTEN', message});
	t.notThrows(() => assertNoLoss(lb.traffic.to('b')));
});
