import test from 'ava';
import {assertDrained, assertNoLoss, assertNoTraffic} from '../../src/assert.ts';
import {failureOf, startAsserted, visit} from '../helpers/assertion-failures.ts';
import {eventually, within} from '../helpers/patience.ts';

test('a back-end that was drained has left without loss', async t => {
	const lb = await startAsserted(t, {draining: '1h'});
	await visit(lb, '/1', '/2');

	const {message, actual} = failureOf(t, () => assertDrained(lb, 'a'));
	t.regex(message, /^Back-end a is still registered\n/);
	t.deepEqual(actual, {registered: true, open: 0, failed: 0});

	await lb.drain('a');
	t.notThrows(() => assertDrained(lb, 'a'));
	t.notThrows(() => assertNoLoss(lb));
	failureOf(t, () => assertDrained(lb, 'b'));
});

test('what is still in flight at a back-end that leaves is told', async t => {
	const held: (() => void)[] = [];
	const lb = await startAsserted(t, {
		draining: '1h',
		backends: [{name: 'a', kind: 'handler', handler: (_, response) => void held.push(() => response.end('late'))}],
	});
	const answer = lb.fetch('/slow');
	await lb.traffic.arrival();
	await eventually(() => held.length > 0);
	const drained = lb.drain('a');

	const {message, actual} = failureOf(t, () => assertDrained(lb, 'a'));
	t.deepEqual(actual, {registered: false, open: 1, failed: 0});
	t.regex(message, /^Back-end a has left, and still open there: 1\n/);
	t.regex(failureOf(t, () => assertNoLoss(lb)).message, /^Not every exchange ended well: 1 of 1 did not\n/);

	for (const answerNow of held) answerNow();
	t.is(await (await answer).text(), 'late');
	await within('end of the draining', drained);
	t.notThrows(() => assertDrained(lb, 'a'));
	t.notThrows(() => assertNoLoss(lb));
});

test('what was cut is a loss, and the message says how it ended', async t => {
	const lb = await startAsserted(t, {
		draining: false,
		backends: [{name: 'a', kind: 'handler', handler: () => {}}],
	});
	const answer = lb.fetch('/slow').then(
		({status}) => status,
		() => 0,
	);
	await lb.traffic.arrival();
	await lb.drain('a');
	await answer;

	const {message, actual} = failureOf(t, () => assertDrained(lb, 'a'));

	t.deepEqual(actual, {registered: false, open: 0, failed: 1});
	t.regex(message, /^Back-end a left with loss\n[\s\S]*\n> web:80 #1 GET \/slow .*drained/);
	t.deepEqual(failureOf(t, () => assertNoLoss(lb)).actual, ['drained']);
});

test('an answer of a back-end is no loss, whatever its status; nobody to answer is one', async t => {
	const lb = await startAsserted(t, {backends: [{name: 'a', kind: 'reply', status: 500}]});
	t.regex(failureOf(t, () => assertNoLoss(lb)).message, /^There was no exchange\n/);
	await visit(lb, '/1');
	t.notThrows(() => assertNoLoss(lb));

	lb.setHealth('a', 'OutOfService');
	await visit(lb, '/2');

	t.regex(failureOf(t, () => assertNoLoss(lb)).message, /\n> web:80 #2 GET \/2 503 by the load balancer/);
	t.notThrows(() => assertNoLoss(lb.traffic.to('a')));
	failureOf(t, () => assertNoTraffic(lb, 'a'));
});

test('an answer that a fault has made in the place of a back-end, or cut, is a loss; one that is merely late is none', async t => {
	const lb = await startAsserted(t, {backends: [{name: 'a', kind: 'reply', status: 503, body: 'its own'}]});
	await visit(lb, '/1');
	{
		using late = lb.inject({on: 'backend:a', do: {latency: 1}});
		await visit(lb, '/2');
		t.is(late.hits, 1);
		t.notThrows(() => assertNoLoss(lb));
	}

	for (const fault of [{status: 503, body: 'later'}, {contentLength: 3}]) {
		using armed = lb.inject({on: 'backend:a', do: fault});
		await visit(lb, '/3');

		t.is(armed.hits, 1);
		const {status, complete} = lb.traffic.last().response;
		t.deepEqual([status, complete], [503, 'status' in fault]);
		t.deepEqual(failureOf(t, () => assertNoLoss([lb.traffic.last()])).actual, ['fault']);
	}
	t.regex(failureOf(t, () => assertNoLoss(lb)).message, /: 2 of 4 did not\n[\s\S]*\(?fault: backend:a status:503/);
});
