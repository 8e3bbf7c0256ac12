import test from 'ava';
import {type Answer, askBy, failureText} from '../../src/page/api.ts';
import {Controller} from '../../src/page/controller.ts';
import {MOST_ROWS, Store} from '../../src/page/store.ts';
import type {AdminState, LoggedCall} from '../../src/page/wire.ts';
import {row} from '../helpers/exchange-row.ts';

const STATE: AdminState = {
	revision: 1,
	version: '1.2.3',
	pid: 1,
	endpoint: 'http://127.0.0.1:8089',
	region: 'eu-west-2',
	credentials: 'any',
	clock: {kind: 'real', now: '2026-01-01T00:00:10.000Z'},
	loadBalancers: [],
	vms: [],
	notices: [],
	warnings: [],
};

function call(number: number): LoggedCall {
	return {number, at: '2026-01-01T00:00:00.000Z', ms: 1, action: 'ReadVms', api: 'oapi', status: 200, unread: []};
}

/** A store with its page in the test's hands: frames, timers, and answers by path. */
function scene(answers: Readonly<Record<string, unknown>> = {}) {
	const frames: (() => void)[] = [];
	const timers: (() => void)[] = [];
	const asked: string[] = [];
	let paints = 0;
	const store = new Store(
		paint => frames.push(paint),
		() => 5000,
	);
	store.watch(() => paints++);
	const controller = new Controller({
		store,
		ask: async <Value>(method: string, path: string, body?: object): Promise<Answer<Value>> => {
			asked.push(`${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
			const value = answers[path.replace(/\?.*/, '')];
			if (value === undefined) return {failure: {code: 'NO_SUCH', message: `no ${path}`}};
			return {value: value as Value}; // The test gives what is asked for.
		},
		later: (_, task) => {
			timers.push(task);
			return () => {};
		},
	});
	return {
		store,
		controller,
		paint: () => {
			for (const frame of frames.splice(0)) frame();
			return paints;
		},
		expire: async () => {
			for (const task of timers.splice(0)) task();
			await new Promise(resolve => setImmediate(resolve));
		},
		taken: () => asked.splice(0),
		timers,
	};
}

test('many changes are painted once', t => {
	const {store, paint} = scene();
	for (let seq = 1; seq < 100; seq++) store.addExchanges({opened: [], ended: [row(seq)]});

	t.is(paint(), 1);
	t.is(paint(), 1);
	store.heard();
	t.is(paint(), 2);
});

test('who has stopped watching is told nothing', t => {
	const {store, paint} = scene();
	let told = 0;
	const end = store.watch(() => told++);
	store.setConnection('live');
	t.is(paint(), 1);
	t.is(store.connection, 'live');
	end();
	store.setConnection('lost');
	t.is(paint(), 2);
	t.is(told, 1);
});

test('the time is that of the emulator', t => {
	const {store} = scene();
	t.is(store.nowMs, 5000);
	store.setState({...STATE, clock: {kind: 'real', now: new Date(7000).toISOString()}});
	t.is(store.nowMs, 7000);
	store.setState({...STATE, clock: {kind: 'manual', now: '2026-01-01T00:00:10.000Z'}});
	t.is(store.nowMs, Date.parse('2026-01-01T00:00:10.000Z'));
});

test('a row that is open becomes the one that has ended; what is new is counted once', t => {
	const {store} = scene();
	store.addExchanges({opened: [row(1, {open: true, outcome: 'open'})], ended: []});
	store.addExchanges({opened: [], ended: [row(1, {status: 500}), row(2, {outcome: 'connect-refused'}), row(3)]});

	t.deepEqual(
		store.rows.rows.map(({seq, open}) => [seq, open]),
		[
			[1, false],
			[2, false],
			[3, false],
		],
	);
	t.deepEqual(store.unannounced, {count: 3, failed: 2});
});

test('pausing keeps the newest exchange that is shown, and nothing is lost', t => {
	const {store} = scene();
	store.setRows({summaries: [row(1), row(2)], older: 0, forgotten: 0});
	store.pause(true);
	store.addExchanges({opened: [], ended: [row(3)]});

	t.is(store.pausedAt, 2);
	t.is(store.rows.length, 3);
	store.pause(false);
	t.is(store.pausedAt, undefined);
	store.pause(true);
	store.clearRows();
	t.is(store.pausedAt, undefined);
});

test('older exchanges that were not read are counted, as long as the control port keeps them and there is room', t => {
	const {store} = scene();
	const forgetting = (forgotten: number): AdminState => {
		const counters = {exchanges: 0, failed: 0, forgotten};
		const web = {name: 'web', dnsName: '', state: 'active', listeners: [], backends: [], warnings: [], advice: []};
		return {...STATE, loadBalancers: [{...web, counters}]};
	};
	store.setRows({summaries: [row(90), row(91)], older: 50, forgotten: 7});
	t.is(store.totalExchanges, 52);

	store.setState(forgetting(7));
	t.is(store.older, 50);
	store.setState(forgetting(10));
	store.setState(forgetting(9));
	store.setState(forgetting(10));
	t.is(store.older, 47, 'three of them are no longer kept');
	store.addOlderRows({summaries: [row(88), row(89)], older: 45, forgotten: 10});
	t.deepEqual([store.older, store.rows.length, store.rows.oldest?.seq], [45, 4, 88]);
	store.setState(forgetting(1000));
	t.is(store.older, 0);

	store.setRows({summaries: [row(1)], older: 20_000, forgotten: 0});
	t.is(store.totalExchanges, MOST_ROWS);
	store.addExchanges({opened: [], ended: [row(2)]});
	store.addRows([row(3)]);
	t.deepEqual([store.older, store.totalExchanges], [MOST_ROWS - 3, MOST_ROWS]);
	store.clearRows();
	t.is(store.totalExchanges, 0);
});

test('calls are added once, and the latest 1,000 are kept', t => {
	const {store} = scene();
	store.setCalls([call(1)], 1);
	store.addCall(call(1));
	for (let number = 2; number <= 1002; number++) store.addCall(call(number));

	t.is(store.calls.length, 1000);
	t.is(store.calls[0]?.number, 3);
	t.is(store.totalCalls, 1002);
});

test('everything is read again, and what the record no longer has is gone', async t => {
	const {store, controller, taken} = scene({
		state: STATE,
		traffic: {summaries: [row(5)], older: 3, forgotten: 4},
		calls: {calls: [call(1)], total: 1},
	});
	store.setRows({summaries: [row(1)], older: 0, forgotten: 0});

	await controller.sync();

	t.deepEqual(taken(), ['GET state', 'GET traffic?limit=200', 'GET calls', 'GET faults']);
	t.is(store.state, STATE);
	t.deepEqual(
		store.rows.rows.map(({seq}) => seq),
		[5],
	);
	t.is(store.forgotten, 4);
	t.is(store.totalExchanges, 4);
	t.is(store.totalCalls, 1);
});

test('what fails to be read leaves what is shown', async t => {
	const {store, controller} = scene();
	store.setRows({summaries: [row(1)], older: 0, forgotten: 0});

	await controller.sync();
	await controller.readFaults();

	t.is(store.rows.length, 1);
	t.is(store.state, undefined);
	t.deepEqual(store.faults, []);
});

test('a storm of exchanges reads the state once, announces once, and reads what the stream left out once', async t => {
	const {store, controller, taken, expire, timers} = scene({
		state: STATE,
		traffic: {summaries: [row(2), row(3)], forgotten: 0},
	});
	for (let seq = 1; seq < 50; seq++) {
		controller.onEvent('exchanges', {opened: [], ended: [row(seq, {status: 503})], dropped: seq % 2});
	}

	t.is(timers.length, 3);
	await expire();
	t.deepEqual(taken().sort(), ['GET state', 'GET traffic?limit=200']);
	t.deepEqual(store.message, {kind: 'status', text: '49 new exchanges, 49 failed', number: 1});
	controller.onEvent('state', {revision: 2});
	controller.onEvent('state', {revision: 3});
	await expire();
	t.deepEqual(taken().sort(), ['GET state', 'GET traffic?limit=2000&after=0'], 'once it is over');
	t.is(store.message?.number, 1, 'nothing new is not announced');
});

test('one good exchange is announced without failures', async t => {
	const {store, controller, expire} = scene({state: STATE});
	controller.onEvent('exchanges', {opened: [], ended: [row(1)]});
	await expire();

	t.is(store.message?.text, '1 new exchange');
	store.unannounced = {count: 0, failed: 0};
	controller.onEvent('exchanges', {opened: [], ended: []});
	await expire();
	t.is(store.message?.number, 1);
});

test('what happens is said by name', t => {
	const {store, controller} = scene();
	const said = (name: 'health' | 'drained' | 'bye', data: unknown) => {
		controller.onEvent(name, data);
		return store.message?.text;
	};
	const backend = {loadBalancer: 'web', backend: 'a'};

	t.is(
		said('health', {...backend, transition: {to: 'OutOfService', because: 'HTTP 500'}}),
		'a of web is out of service: HTTP 500',
	);
	t.is(
		said('health', {...backend, transition: {to: 'InService', because: 'passed'}}),
		'a of web is in service: passed',
	);
	t.is(said('drained', backend), 'a of web has nothing in flight any more');
	t.is(said('bye', {}), 'lb-local is being stopped');
	controller.onEvent('call', call(1));
	t.is(store.totalCalls, 1);
	store.dismiss();
	t.is(store.message, undefined);
});

test('what others have cleared is read again, once for many, and a pause stays one', async t => {
	const {store, controller, expire, taken} = scene({traffic: {summaries: [], older: 0, forgotten: 0}});
	store.setRows({summaries: [row(1), row(2)], older: 0, forgotten: 0});
	store.pause(true);

	controller.onEvent('cleared', {});
	controller.onEvent('cleared', {});
	await expire();

	t.deepEqual(taken(), ['GET state', 'GET traffic?limit=200', 'GET calls', 'GET faults', 'GET state']);
	t.is(store.rows.length, 0);
	t.is(store.pausedAt, 0);
});

test('an armed fault reads the faults, once for many', async t => {
	const {store, controller, expire, taken} = scene({
		state: STATE,
		faults: {faults: [{id: 1, text: 'backend:a refuse', hits: 2}]},
	});
	controller.onEvent('fault', {});
	controller.onEvent('fault', {});
	await expire();

	t.is(taken().filter(each => each === 'GET faults').length, 1);
	t.is(store.faults.length, 1);
});

test('what the user asks for is done, and said; a failure is an alert with all that is known', async t => {
	const {store, controller, taken} = scene({
		health: {},
		state: STATE,
		reset: {},
		calls: {calls: [], total: 0},
		traffic: {summaries: [], forgotten: 0},
	});

	t.true(await controller.act('POST', 'health', {backend: 'a'}, 'a is out'));
	t.like(store.message, {kind: 'status', text: 'a is out'});
	t.deepEqual(taken(), ['POST health {"backend":"a"}', 'GET state']);
	t.false(await controller.act('POST', 'drain', {}, 'never'));
	t.like(store.message, {kind: 'alert', text: 'no drain'});
	store.setRows({summaries: [row(1)], older: 0, forgotten: 0});
	await controller.clearTraffic();
	t.is(store.rows.length, 0);
	await controller.reset();
	t.true(taken().includes('GET calls'));
});

test('what could not be cleared or reset stays', async t => {
	const {store, controller} = scene();
	store.setRows({summaries: [row(1)], older: 0, forgotten: 0});

	await controller.clearTraffic();
	await controller.reset();

	t.is(store.rows.length, 1);
	t.is(store.message?.kind, 'alert');
});

test('the control port is asked under /_lb/, and an answer that is none is a failure too', async t => {
	const seen: unknown[] = [];
	const answering = (body: string, status: number) =>
		askBy(async (url, init) => {
			seen.push([url, init]);
			return new Response(body, {status});
		});

	t.deepEqual(await answering('{"a":1}', 200)('POST', 'health', {b: 2}), {value: {a: 1}});
	t.deepEqual(await answering('{"error":{"code":"X","message":"y"}}', 409)('GET', 'state'), {
		failure: {code: 'X', message: 'y'},
	});
	for (const [body, status] of [
		['<html>', 200],
		['null', 200],
		['<html>', 502],
		['{"message":"of somebody else"}', 500],
		['{"error":"of somebody else"}', 500],
		['[]', 404],
	] as const) {
		t.deepEqual(await answering(body, status)('GET', 'state'), {
			failure: {
				code: 'UNREACHABLE',
				message: `The control port does not answer as lb-local does: status ${status}`,
				hint: 'Is lb-local still running?',
			},
		});
	}
	t.like(await askBy(() => Promise.reject(new Error('no')))('GET', 'state'), {failure: {code: 'UNREACHABLE'}});
	t.deepEqual(seen.slice(0, 2), [
		['/_lb/health', {method: 'POST', body: '{"b":2}'}],
		['/_lb/state', {method: 'GET'}],
	]);
});

test('a failure in one line: what, where, and what to do', t => {
	t.is(failureText({code: 'X', message: 'It broke'}), 'It broke');
	t.is(
		failureText({
			code: 'X',
			message: 'The request body.',
			hint: 'Try again',
			violations: [
				{path: 'do', message: 'is missing'},
				{path: '', message: 'too long'},
			],
		}),
		'The request body. do: is missing. too long. Try again',
	);
	t.is(failureText({code: 'X', message: 'No "a/../.. b"', hint: 'Or.'}), 'No "a/../.. b". Or.');
});

test('the message of what is not valid says each broken rule once, without line breaks', t => {
	t.is(
		failureText({
			code: 'INVALID_DESCRIPTION',
			message: 'The request body is not valid:\n  advance: "soon" is not a duration\n  an unknown key',
			violations: [
				{path: 'advance', message: '"soon" is not a duration'},
				{path: '', message: 'an unknown key'},
			],
		}),
		'The request body is not valid. advance: "soon" is not a duration. an unknown key',
	);
});

test('a pause before the first exchange shows none of those that come, also of another emulator', t => {
	const {store} = scene();
	store.pause(true);
	store.addExchanges({opened: [], ended: [row(1)]});
	t.is(store.pausedAt, 0);
	store.pause(false);
	store.pause(true);
	store.setRows({summaries: [], older: 0, forgotten: 0});

	t.is(store.pausedAt, 0);
});

test('a load balancer that tells no counts has forgotten nothing', t => {
	const {store} = scene();
	store.setRows({summaries: [row(5)], older: 3, forgotten: 0});
	const balancer = {name: 'web', dnsName: '', state: 'active', listeners: [], backends: [], warnings: [], advice: []};
	store.setState({...STATE, loadBalancers: [balancer]});

	t.is(store.older, 3);
});
