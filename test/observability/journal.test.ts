import test from 'ava';
import {ExchangeRecord} from '../../src/observability/exchange-record.ts';
import {Journal} from '../../src/observability/journal.ts';

function record(backendName: string): ExchangeRecord {
	const about = {kind: 'http', loadBalancer: 'lb', listener: 80, startedAt: 0, startMs: 0} as const;
	const made = new ExchangeRecord({...about, client: {address: '127.0.0.1', port: 1}});
	made.backendName = backendName;
	return made;
}

function finished(journal: Journal, backendName: string): ExchangeRecord {
	const made = record(backendName);
	journal.add(made);
	made.outcome = 'ok';
	journal.finish(made);
	return made;
}

test('beyond its capacity the oldest are forgotten, and the counts continue', t => {
	const journal = new Journal(2);
	for (const name of ['a', 'b', 'a', 'c']) finished(journal, name);

	t.deepEqual(journal.order(), ['a', 'c']);
	t.deepEqual(journal.counts(), {a: 2, b: 1, c: 1});
	t.deepEqual([journal.length, journal.forgotten], [2, 2]);
	t.is(journal.last().backend?.name, 'c');
	t.deepEqual(
		journal.to('a').map(({id}) => id),
		[3],
	);
});

test('open exchanges are in the order and in the counts', t => {
	const journal = new Journal(10);
	finished(journal, 'a');
	journal.add(record('b'));

	t.deepEqual(journal.order(), ['a', 'b']);
	t.deepEqual(journal.counts(), {a: 1, b: 1});
});

test('last() without exchanges is an error', t => {
	t.throws(() => new Journal(10).last(), {
		code: 'NO_TRAFFIC',
		message: 'Nothing has reached this load balancer yet',
	});
});

test('next() resolves with the first exchange that ends and passes the filter', async t => {
	const journal = new Journal(10);
	const next = journal.next(({backend}) => backend?.name === 'b');
	finished(journal, 'a');
	const expected = finished(journal, 'b');

	t.is(await next, expected);
});

test('next() rejects after its timeout, with a filter that throws, and when the load balancer is stopped', async t => {
	const journal = new Journal(10);
	await t.throwsAsync(journal.next(undefined, '1ms'), {
		code: 'TRAFFIC_TIMEOUT',
		message: 'No matching exchange ended within 1 ms',
	});
	await t.throwsAsync(journal.next(undefined, 'soon' as never), {code: 'INVALID_DURATION'});
	await t.throwsAsync(journal.arrival(undefined, 'soon' as never), {code: 'INVALID_DURATION'});

	const broken = journal.next(() => {
		throw new TypeError('broken');
	});
	finished(journal, 'a');
	await t.throwsAsync(broken, {instanceOf: TypeError});

	const waiting = journal.next();
	journal.close();
	await t.throwsAsync(waiting, {code: 'TRAFFIC_TIMEOUT', message: /was stopped/});
	await t.throwsAsync(journal.next(), {code: 'TRAFFIC_TIMEOUT', message: /was stopped/});
});

test('the default timeout is 4 s, less than the 5 s of vitest and jest', async t => {
	const journal = new Journal(10);

	const [next, arrival] = await Promise.allSettled([journal.next(), journal.arrival()]);

	t.like(next, {status: 'rejected', reason: {message: 'No matching exchange ended within 4000 ms'}});
	t.like(arrival, {
		status: 'rejected',
		reason: {message: 'No matching request came to wait for its answer within 4000 ms'},
	});
});

test('a timeout may be longer than a timer of Node can wait', async t => {
	const journal = new Journal(10);
	const waiting = [2 ** 31, Number.MAX_SAFE_INTEGER, '40000m' as const].map(timeout =>
		journal.next(undefined, timeout),
	);
	// With Node's timers, a delay that is too long would fire before this one.
	await new Promise(resolve => setTimeout(resolve, 2));
	const expected = finished(journal, 'a');

	t.deepEqual(await Promise.all(waiting), [expected, expected, expected]);
});

test('an unsubscribed subscriber gets no more exchanges', t => {
	const journal = new Journal(10);
	const heard: string[] = [];
	const stop = journal.subscribe(({backend}) => heard.push(backend?.name ?? ''));
	finished(journal, 'a');
	stop();
	finished(journal, 'b');

	t.deepEqual(heard, ['a']);
});

test('what was alike is counted together, also after the record was cleared', t => {
	const journal = new Journal(2);
	for (const name of ['a', 'b', 'a']) finished(journal, name);
	const refused = record('');
	Object.assign(refused, {outcome: 'no-healthy-backend', responseStatus: 503});
	journal.finish(refused);
	journal.clear();
	finished(journal, 'a');
	finished(journal, 'a');
	finished(journal, 'a');

	t.deepEqual(journal.counts(), {a: 3});
	t.is(journal.forgotten, 1);
	t.is(journal.forgottenInAll, 2);
	const alike = {kind: 'http', handshakeOnly: false, listener: 80};
	t.like(journal.tallies, [
		{...alike, backend: 'a', statusClass: 0, outcome: 'ok', count: 5},
		{...alike, backend: 'b', statusClass: 0, outcome: 'ok', count: 1},
		{...alike, backend: '', statusClass: 5, outcome: 'no-healthy-backend', count: 1},
	]);
	t.is(journal.tallies.length, 3);
});
