import test from 'ava';
import {assertBalance, assertNoTraffic, assertOrder} from '../../src/assert.ts';
import {failureOf, startAsserted, visit} from '../helpers/assertion-failures.ts';
import {deadPort} from '../helpers/ports.ts';

test('the order of back-ends holds, of a load balancer and of some of its exchanges', async t => {
	const lb = await startAsserted(t);
	t.notThrows(() => assertOrder(lb, []));
	await visit(lb, '/1', '/2', '/3');

	t.notThrows(() => assertOrder(lb, ['a', 'b', 'a']));
	t.notThrows(() => assertOrder(lb.traffic, ['a', 'b', 'a']));
	t.notThrows(() => assertOrder([...lb.traffic].slice(1), ['b', 'a']));
	t.notThrows(() => assertOrder(lb.traffic.to('a'), ['a', 'a']));
	failureOf(t, () => assertOrder(lb, ['a', 'b']));
	failureOf(t, () => assertOrder(lb, ['a', 'b', 'a', 'b']));
});

test('another order is told with the exchanges, why each went there, and a mark before those that break it', async t => {
	const lb = await startAsserted(t);
	await visit(lb, '/1');
	lb.setHealth('b', 'OutOfService');
	await visit(lb, '/2');

	const {message, actual, expected, operator, stack} = failureOf(t, () => assertOrder(lb, ['a', 'b']));

	t.is(
		message,
		[
			'The back-ends did not get the exchanges in this order',
			'  expected: a, b',
			'  actual:   a, a',
			'The exchanges, with > before those that break it:',
			'  web:80 #1 GET /1 200 -> a: ok',
			'      why: a chosen',
			'> web:80 #2 GET /2 200 -> a: ok',
			'      why: b taken out of service by hand; a chosen',
		].join('\n'),
	);
	t.deepEqual({actual, expected, operator}, {actual: ['a', 'a'], expected: ['a', 'b'], operator: 'assertOrder'});
	t.notRegex(stack ?? '', /at assertOrder/, 'the stack begins at who called it');
});

test('of many exchanges the message shows twenty, those that break the expectation first', async t => {
	const lb = await startAsserted(t);
	await visit(lb, ...Array.from({length: 30}, (_, index) => `/${index + 1}`));
	const order = lb.traffic.order();

	const shift = failureOf(t, () => assertOrder(lb, ['b', ...order.slice(1)]));
	t.regex(shift.message, /^> web:80 #1 GET \/1 200/m);
	t.notRegex(shift.message, /#2 /);
	t.regex(shift.message, /\n {2}and 29 more$/);

	const all = failureOf(t, () => assertOrder(lb, []));
	t.is(all.message.match(/^> /gm)?.length, 20);
	t.regex(all.message, /\n {2}and 10 more$/);
});

test('a long target is cut', async t => {
	const lb = await startAsserted(t);
	await visit(lb, `/${'x'.repeat(2000)}`);

	const {message} = failureOf(t, () => assertOrder(lb, []));

	t.true(message.length < 1000, String(message.length));
	t.regex(message, /x…$/m);
});

test('a balance is even, give or take one, among those that are registered or named', async t => {
	const lb = await startAsserted(t, {backends: 3});
	await visit(lb, '/1', '/2', '/3', '/4');

	t.notThrows(() => assertBalance(lb));
	t.notThrows(() => assertBalance(lb, ['a', 'b', 'c']));
	t.notThrows(() => assertBalance(lb, {a: 2, b: 1, c: 1}));
	t.notThrows(() => assertBalance(lb.traffic.to('b'), {b: 1}));
	t.notThrows(() => assertBalance([...lb.traffic].slice(0, 2), ['a', 'b']));
	failureOf(t, () => assertBalance(lb, ['a', 'b']));
	failureOf(t, () => assertBalance(lb, {a: 2, b: 1}));
	failureOf(t, () => assertBalance(lb, {a: 1, b: 1, c: 2}));
});

test('what is not balanced is told with the numbers, and who is out of service', async t => {
	const lb = await startAsserted(t);
	lb.setHealth('b', 'OutOfService');
	await visit(lb, '/1', '/2');

	const {message, actual} = failureOf(t, () => assertBalance(lb));

	t.deepEqual(actual, {a: 2, b: 0});
	t.regex(
		message,
		/^The exchanges were not spread like this\n {2}expected: as many to each of a, b, give or take one\n/,
	);
	t.regex(message, /\n {2}actual: {3}a: 2, b: 0\n {2}b is out of service at the moment/);
});

test('a difference of two is no balance', async t => {
	const lb = await startAsserted(t);
	await visit(lb, '/1', '/2');
	t.notThrows(() => assertBalance(lb));
	lb.setHealth('b', 'OutOfService');
	await visit(lb, '/3');
	t.notThrows(() => assertBalance(lb));
	await visit(lb, '/4');

	t.deepEqual(failureOf(t, () => assertBalance(lb)).actual, {a: 3, b: 1});
});

test('without traffic there is no balance', async t => {
	const lb = await startAsserted(t);

	t.regex(
		failureOf(t, () => assertBalance(lb)).message,
		/^No back-end got an exchange\n[\s\S]*No exchange is in the record\.$/,
	);
	failureOf(t, () => assertBalance(lb, {a: 0}));
});

test('a balance counts exchanges that are no longer kept', async t => {
	const lb = await startAsserted(t, {record: {exchanges: 1}});
	await visit(lb, '/1', '/2', '/3');

	t.is(lb.traffic.forgotten, 2);
	t.notThrows(() => assertBalance(lb, {a: 2, b: 1}));
});

test('no traffic: nothing came, or nothing went to one back-end', async t => {
	const lb = await startAsserted(t);
	t.notThrows(() => assertNoTraffic(lb));
	await visit(lb, '/1');

	t.notThrows(() => assertNoTraffic(lb, 'b'));
	t.notThrows(() => assertNoTraffic(lb.traffic.to('b')));
	const {message, actual} = failureOf(t, () => assertNoTraffic(lb));
	t.is(actual, 1);
	t.regex(message, /^There was traffic\n[\s\S]*web:80 #1 GET \/1 200 -> a: ok/);
	t.regex(failureOf(t, () => assertNoTraffic(lb, 'a')).message, /^There was traffic at back-end a\n/);
});

test('traffic that is no longer kept was traffic', async t => {
	const lb = await startAsserted(t, {record: {exchanges: 1}});
	await visit(lb, '/1', '/2', '/3', '/4');

	t.is(failureOf(t, () => assertNoTraffic(lb)).actual, 4);
	t.is(failureOf(t, () => assertNoTraffic(lb, 'a')).actual, 2);
});

test('an attempt to connect is traffic at a back-end', async t => {
	const lb = await startAsserted(t, {
		backends: [
			{name: 'dead', kind: 'address', host: '127.0.0.1', port: await deadPort(t)},
			{name: 'b', kind: 'echo'},
		],
	});
	await visit(lb, '/1');

	assertOrder(lb, ['b']);
	t.regex(failureOf(t, () => assertNoTraffic(lb, 'dead')).message, /attempts: dead connect-refused \(.+\), then b ok/);
});

test('the record of a stopped load balancer can still be judged', async t => {
	const lb = await startAsserted(t);
	await visit(lb, '/1');
	await lb.stop();

	t.notThrows(() => assertOrder(lb, ['a']));
	t.notThrows(() => assertNoTraffic(lb, 'b'));
	failureOf(t, () => assertBalance(lb, {a: 0, b: 1}));
});
