import test from 'ava';
import type {Answer} from '../../src/page/api.ts';
import {RecordReader} from '../../src/page/record-reader.ts';
import {Store} from '../../src/page/store.ts';
import type {ExchangeSummary, TrafficPage} from '../../src/page/wire.ts';
import {row} from '../helpers/exchange-row.ts';

function rowsFrom(first: number, last: number): ExchangeSummary[] {
	return Array.from({length: last - first + 1}, (_, index) => row(first + index));
}

/** A reader over a record in the test's hands, which answers when it is told to. */
function scene(record: ExchangeSummary[]) {
	const asked: string[] = [];
	const timers: (() => void)[] = [];
	const held: (() => void)[] = [];
	const how = {isHeld: false, fails: false};
	const store = new Store(
		() => {},
		() => 0,
	);
	const pageOf = (path: string): TrafficPage => {
		const query = new URLSearchParams(path.replace(/^.*\?/, ''));
		const [after, before, limit] = ['after', 'before', 'limit'].map(key => Number(query.get(key) ?? Number.NaN));
		const found = record.filter(({seq}) => !(seq <= (after ?? 0)) && !(seq >= (before ?? 0)));
		const summaries = Number.isNaN(after) ? found.slice(-(limit ?? 0)) : found.slice(0, limit);
		const older = record.filter(({seq}) => seq < (summaries[0]?.seq ?? 0)).length;
		const [oldest, newest] = [record[0]?.seq ?? 0, record.at(-1)?.seq ?? 0];
		return {summaries, oldest, newest, forgotten: 0, older, more: summaries.length < found.length};
	};
	const reader = new RecordReader({
		store,
		ask: async <Value>(method: string, path: string): Promise<Answer<Value>> => {
			asked.push(`${method} ${path}`);
			if (how.isHeld) await new Promise<void>(resolve => held.push(resolve));
			if (how.fails) return {failure: {code: 'UNREACHABLE', message: 'gone'}};
			return {value: pageOf(path) as Value}; // Nothing but the traffic is asked for.
		},
		later: (_, task) => {
			timers.push(task);
			return () => {};
		},
	});
	const expire = async () => {
		for (const task of timers.splice(0)) task();
		await new Promise(resolve => setImmediate(resolve));
	};
	const release = () => {
		for (const answer of held.splice(0)) answer();
	};
	return {store, reader, record, how, expire, release, taken: () => asked.splice(0)};
}

test('the newest rows are read first, and the others in parts, each once', async t => {
	const {store, reader, taken} = scene(rowsFrom(1, 4500));
	await reader.readNewest();
	t.deepEqual([store.rows.oldest?.seq, store.rows.length, store.older], [4301, 200, 4300]);

	for (let part = 0; part < 4; part++) await reader.readOlder();

	t.deepEqual(taken(), [
		'GET traffic?limit=200',
		'GET traffic?limit=2000&before=4301',
		'GET traffic?limit=2000&before=2301',
		'GET traffic?limit=2000&before=301',
	]);
	t.deepEqual(store.rows.rows, rowsFrom(1, 4500));
	t.is(store.older, 0);
});

test('one part is read at a time', async t => {
	const {store, reader, how, release, taken} = scene(rowsFrom(1, 4500));
	await reader.readNewest();
	taken();
	how.isHeld = true;
	const reading = reader.readOlder();
	await reader.readOlder();
	release();
	await reading;

	t.deepEqual(taken(), ['GET traffic?limit=2000&before=4301']);
	t.is(store.rows.length, 2200);
});

test('older rows are not put before others than they were asked for', async t => {
	const {store, reader, record, how, release, taken} = scene(rowsFrom(1, 300));
	await reader.readNewest();
	how.isHeld = true;
	const reading = reader.readOlder();
	how.isHeld = false;
	record.splice(0, 300, ...rowsFrom(500, 900));
	await reader.readNewest();
	release();
	await reading;

	t.deepEqual([store.rows.oldest?.seq, store.older], [701, 201]);
	taken();
	await reader.readOlder();
	t.deepEqual(taken(), ['GET traffic?limit=2000&before=701'], 'it can be asked for again');
	t.is(store.rows.oldest?.seq, 500);
});

test('what cannot be read stays to be read', async t => {
	const {store, reader, how} = scene(rowsFrom(1, 300));
	await reader.readNewest();
	how.fails = true;
	await reader.readOlder();
	await reader.readNewest();
	t.deepEqual([store.rows.length, store.older], [200, 100]);

	how.fails = false;
	await reader.readOlder();
	t.is(store.rows.length, 300);
});

test('an empty record has nothing older', async t => {
	const {store, reader, taken} = scene([]);
	await reader.readNewest();
	await reader.readOlder();

	t.deepEqual(taken(), ['GET traffic?limit=200']);
	t.is(store.totalExchanges, 0);
});

test('what the stream left out is read in parts, from where it began or from the oldest that is shown as open', async t => {
	const {store, reader, record, expire, taken} = scene([row(7), row(9)]);
	await reader.readNewest();
	record.push(...rowsFrom(20, 4020));
	taken();
	reader.missed();
	store.addExchanges({opened: [], ended: [row(4020)]});
	reader.missed();
	await expire();
	t.deepEqual(taken(), ['GET traffic?limit=200'], 'the latest while more may come');
	await expire();
	t.deepEqual(taken(), [
		'GET traffic?limit=2000&after=9',
		'GET traffic?limit=2000&after=2019',
		'GET traffic?limit=2000&after=4019',
	]);
	t.deepEqual(store.rows.rows, record);

	store.addExchanges({opened: [row(9, {open: true})], ended: []});
	reader.missed();
	await expire();
	await expire();
	t.is(taken()[1], 'GET traffic?limit=2000&after=8');
	t.false(store.rows.rows[1]?.open);
});

test('of what the stream left out, nothing is read that is older than all rows', async t => {
	const {store, reader, expire, taken} = scene(rowsFrom(1, 1000));
	const reading = reader.readNewest();
	reader.missed();
	await reading;
	await expire();
	await expire();

	t.deepEqual(taken(), ['GET traffic?limit=200', 'GET traffic?limit=200', 'GET traffic?limit=2000&after=800']);
	t.deepEqual([store.rows.length, store.older], [200, 800]);
});

test('all that the stream left out is read where there is no row yet', async t => {
	const {store, reader, how, expire, taken} = scene(rowsFrom(1, 3));
	reader.missed();
	how.fails = true;
	await expire();
	how.fails = false;
	await expire();

	t.deepEqual(taken(), ['GET traffic?limit=200', 'GET traffic?limit=2000&after=0']);
	t.is(store.rows.length, 3);
});

test('reading what the stream left out ends where the control port is gone', async t => {
	const {store, reader, how, expire, taken} = scene(rowsFrom(1, 5));
	await reader.readNewest();
	reader.missed();
	how.fails = true;
	await expire();
	await expire();

	t.deepEqual(taken(), ['GET traffic?limit=200', 'GET traffic?limit=200', 'GET traffic?limit=2000&after=5']);
	t.is(store.rows.length, 5);
});
