import test from 'ava';
import {ExchangeBatch} from '../../../src/control-plane/admin/exchange-batch.ts';
import {ExchangeRecord} from '../../../src/observability/exchange-record.ts';

const client = {address: '127.0.0.1', port: 50_000};

function open(batch: ExchangeBatch, id: number): ExchangeRecord {
	const record = new ExchangeRecord({
		kind: 'http',
		loadBalancer: 'web',
		listener: 80,
		client,
		startedAt: 0,
		startMs: 0,
	});
	record.id = id;
	batch.opened(record);
	return record;
}

function end(batch: ExchangeBatch, record: ExchangeRecord): void {
	record.outcome = 'ok';
	batch.ended(record);
}

function told(batch: ExchangeBatch): {opened: number[]; ended: number[]; dropped: number | undefined} {
	const {opened, ended, dropped} = batch.toJSON();
	const ids = (rows: readonly {id: number}[]) => rows.map(({id}) => id);
	return {opened: ids(opened), ended: ids(ended), dropped};
}

test('what has ended is told once, what is open stays open', t => {
	const batch = new ExchangeBatch(10);
	t.true(batch.isEmpty);
	const [first] = [open(batch, 1), open(batch, 2)];
	end(batch, first);
	t.false(batch.isEmpty);
	t.deepEqual(told(batch), {opened: [2], ended: [1], dropped: undefined});
});

test('beyond the rows the exchanges are counted, those that have ended and those that are open', t => {
	const batch = new ExchangeBatch(2);
	for (let id = 1; id <= 5; id++) end(batch, open(batch, id));
	for (let id = 6; id <= 8; id++) open(batch, id);
	t.deepEqual(told(batch), {opened: [], ended: [4, 5], dropped: 6});
});

test('a thousand that are opened and ended leave the one that stays open', t => {
	const batch = new ExchangeBatch(3);
	open(batch, 1);
	for (let id = 2; id <= 1000; id++) end(batch, open(batch, id));
	t.deepEqual(told(batch), {opened: [], ended: [998, 999, 1000], dropped: 997});
	const next = new ExchangeBatch(3);
	open(next, 1);
	for (let id = 2; id <= 1000; id++) {
		const record = open(next, id);
		record.outcome = 'ok';
	}
	t.deepEqual(told(next), {opened: [1], ended: [], dropped: undefined});
});

test('more open ones than there are rows for are counted, however many', t => {
	const batch = new ExchangeBatch(4);
	for (let id = 1; id <= 50; id++) open(batch, id);
	t.deepEqual(told(batch), {opened: [1, 2, 3, 4], ended: [], dropped: 46});
});

/** How many rows the events have in which so many exchanges end, 100 ms each. */
function rowsOf(counts: readonly number[]): number[] {
	let batch = new ExchangeBatch();
	return counts.map(count => {
		for (let id = 1; id <= count; id++) end(batch, open(batch, id));
		const {ended, dropped = 0} = told(batch);
		batch = batch.next(100);
		return ended.length + dropped === count ? ended.length : Number.NaN;
	});
}

for (const {rule, counts, rows} of [
	{rule: 'a burst has its 100 rows', counts: [5, 100, 5, 100], rows: [5, 100, 5, 100]},
	{rule: 'what goes on has 600 a second', counts: [60, 60, 60, 90, 90, 90, 90], rows: [60, 60, 60, 90, 70, 60, 60]},
	{rule: 'a flood has few', counts: [500, 500, 101, 500], rows: [100, 10, 10, 10]},
	{rule: 'after a flood all is told again', counts: [500, 500, 70, 70, 10], rows: [100, 10, 10, 60, 10]},
]) {
	test(`rows of events: ${rule}`, t => {
		t.deepEqual(rowsOf(counts), rows);
	});
}
