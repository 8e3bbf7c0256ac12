import test, {type ExecutionContext} from 'ava';
import type {Config, Emulator, EmulatorOptions} from '../../src/index.ts';
import {startFromFile, startWithApi} from '../helpers/emulator-scene.ts';
import {EventReader, type Told} from '../helpers/event-reader.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';
import {eventually} from '../helpers/patience.ts';
import {startStreamBackend} from '../helpers/raw-backend.ts';
import {open} from '../helpers/raw-connection.ts';

/** A fault that is described, and a VM. */
const CONFIG: Config = {
	backends: {a: {kind: 'echo'}, b: {kind: 'echo'}},
	vms: {'i-0000000b': 'b'},
	loadBalancers: {
		web: {
			listeners: ['http:80'],
			backends: ['a'],
			// Where a fault has fired there is no advice.
			faults: [{on: 'backend:a', do: {latency: '0ms'}, path: '/never'}],
		},
	},
};
/** Nothing of it. */
const OTHER: Config = {loadBalancers: {other: {listeners: ['http:81'], backends: []}}};

const own = (emulator: Emulator, method: string, path: string, body?: object) =>
	fetch(`${emulator.endpoint}/_lb/${path}`, {method, ...(body === undefined ? {} : {body: JSON.stringify(body)})});

const call = (emulator: Emulator, action: string, body: object) =>
	fetch(`${emulator.endpoint}/api/v1/${action}`, {method: 'POST', body: JSON.stringify(body)});

interface Scene {
	readonly emulator: Emulator;
	readonly write: (config: Config) => Promise<void>;
}

/** What takes something away, whoever does it. */
const WAYS: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
	'a reset over the wire': ({emulator}) => own(emulator, 'POST', 'reset'),
	'a reset by the library': ({emulator}) => emulator.reset(),
	'a reset of a prefix': ({emulator}) => own(emulator, 'POST', 'reset', {prefix: 'web'}),
	'a reset of a scope': ({emulator}) => emulator.scope('web').reset(),
	'a stop by the library': ({emulator}) => emulator.get('web-1').stop(),
	"a deletion by the cloud's API": ({emulator}) => call(emulator, 'DeleteLoadBalancer', {LoadBalancerName: 'web-1'}),
	'a configuration that has it no more': async ({emulator, write}) => {
		await write(OTHER);
		await emulator.reload();
	},
	'a restored configuration': ({emulator}) => own(emulator, 'PUT', 'config', OTHER),
};

/** A scene with something of everything that can go, and who reads the events of it. */
async function start(t: Pick<ExecutionContext, 'teardown'>, options: Omit<EmulatorOptions, 'config'> = {}) {
	const {loadBalancers: {web} = {}, ...rest} = CONFIG;
	if (web === undefined) throw new Error('there is no load balancer');
	const {emulator, write} = await startFromFile(t, {...rest, loadBalancers: {'web-1': web}}, options);
	const lb = emulator.get('web-1');
	// It brings a warning: milliseconds are seldom meant.
	await lb.update({idleTimeout: 90});
	lb.inject({on: 'backend:a', do: {latency: '0ms'}, path: '/x'});
	emulator.inject({on: 'api', do: {latency: '0ms'}});
	await call(emulator, 'ReadVms', {});
	// It brings advice.
	await lb.fetch('/', {headers: {'x-forwarded-for': '203.0.113.9'}});
	await eventually(() => lb.advice.length > 0, 'advice');
	const state = await stateOf(emulator);
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');
	return {emulator, write, reader, state};
}

async function stateOf(emulator: Emulator) {
	// The shape of the route; a wrong one fails the test that reads it.
	return (await (await own(emulator, 'GET', 'state')).json()) as {
		readonly revision: number;
		readonly clock: {readonly now: string};
		readonly warnings: readonly string[];
		readonly vms: readonly object[];
		readonly loadBalancers: readonly {
			readonly advice: readonly object[];
			readonly draining?: readonly object[];
		}[];
	};
}

const hasRemoved = ({told}: {readonly told: readonly Told[]}, loadBalancer: string | undefined, id: number) =>
	told.some(
		({event, data}) =>
			event === 'fault' && data.change === 'removed' && data.loadBalancer === loadBalancer && data.id === id,
	);

for (const [way, act] of Object.entries(WAYS)) {
	test(`${way} tells of exchanges, faults, advice and warnings that are gone`, async t => {
		const scene = await start(t);
		const {reader, emulator, state} = scene;
		t.is(state.loadBalancers[0]?.advice.length, 1);
		t.is(state.warnings.length, 1);

		await act(scene);

		await reader.until('cleared');
		await eventually(() => hasRemoved(reader, 'web-1', 2), 'a fault that is gone');
		const after = await stateOf(emulator);
		await reader.until('state', ({revision}) => revision >= after.revision);
		t.true(after.revision > state.revision);
		t.deepEqual(
			after.loadBalancers.flatMap(({advice}) => advice),
			[],
		);
		t.deepEqual(after.warnings, []);
		t.is(hasRemoved(reader, undefined, 1), /^a reset (over|by)/.test(way));
	});
}

for (const way of ['a reset over the wire', 'a reset by the library']) {
	test(`${way} tells of calls that are gone, also where there is no load balancer`, async t => {
		const {emulator} = await startWithApi(t);
		await call(emulator, 'ReadVms', {});
		const reader = await EventReader.open(t, emulator);
		const {data: hello} = await reader.until('hello');

		await WAYS[way]?.({emulator, write: async () => {}});

		await reader.until('cleared');
		await reader.until('state', ({revision}) => revision > hello.revision);
		t.like(await (await own(emulator, 'GET', 'calls')).json(), {calls: []});
	});
}

test('a reset that is refused tells of nothing', async t => {
	const {emulator, reader} = await start(t);

	t.is((await own(emulator, 'POST', 'reset', {prefix: '-'})).status, 400);
	await call(emulator, 'ReadNets', {});
	await reader.until('call', ({action}) => action === 'ReadNets');

	t.false(reader.told.some(({event}) => event === 'cleared'));
});

test('who removes faults by hand, or describes them no more, tells of each', async t => {
	const {emulator, reader} = await start(t);
	const lb = emulator.get('web-1');
	const [described, injected] = lb.faults;

	injected?.remove();
	await eventually(() => hasRemoved(reader, 'web-1', injected?.id ?? 0), 'one that was injected');
	await lb.update({faults: []});
	await eventually(() => hasRemoved(reader, 'web-1', described?.id ?? 0), 'one that was described');
	await own(emulator, 'DELETE', 'faults', {all: true});
	await eventually(() => hasRemoved(reader, undefined, 1), "one of the cloud's API");
	t.is(reader.told.filter(({event, data}) => event === 'fault' && data.change === 'removed').length, 3);
});

test('warnings and VMs that are gone are a change of the state', async t => {
	const {emulator, reader, state} = await start(t);
	let {revision} = state;
	const isTold = async () => {
		const after = await stateOf(emulator);
		t.true(after.revision > revision);
		revision = after.revision;
		await reader.until('state', data => data.revision >= revision);
		return after;
	};

	await emulator.get('web-1').update({idleTimeout: '60s'});
	t.deepEqual((await isTold()).warnings, []);
	t.is((await own(emulator, 'DELETE', 'vms', {id: 'i-0000000b'})).status, 200);
	t.false(JSON.stringify((await isTold()).vms).includes('i-0000000b'));
	emulator.get('web-1').setHealth('a', 'OutOfService');
	await isTold();
	await emulator.get('web-1').drain('a');
	await isTold();
});

test('a clock that somebody moves is a change of the state, also where nothing is due', async t => {
	const {emulator} = await startWithApi(t, {clock: 'manual'});
	const reader = await EventReader.open(t, emulator);
	const {data: hello} = await reader.until('hello');
	const before = Date.parse((await stateOf(emulator)).clock.now);

	await own(emulator, 'POST', 'clock', {advance: '30s'});

	const {data} = await reader.until('state', ({revision}) => revision > hello.revision);
	await emulator.clock.advance('30s');
	await reader.until('state', ({revision}) => revision > data.revision);
	t.is(Date.parse((await stateOf(emulator)).clock.now) - before, 60_000);
});

test('a load balancer that drains has left the record at once, and what its last exchanges do is told', async t => {
	await using backend = await startStreamBackend();
	const {emulator, write} = await startFromFile(t, {
		backends: {a: `127.0.0.1:${backend.port}`},
		loadBalancers: {slow: {listeners: ['tcp:25'], backends: ['a'], draining: '1h'}},
	});
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');
	const client = await open({port: emulator.get('slow').port(25)});
	client.write('x');
	const served = await backend.connection();
	await reader.until('exchanges', ({opened}) => opened.length === 1);

	await write(OTHER);
	await emulator.reload();

	await reader.until('cleared');
	t.like(await (await own(emulator, 'GET', 'traffic')).json(), {summaries: []});
	client.stream.destroy();
	served.stream.destroy();
	await reader.until('exchanges', ({ended}) => ended.length === 1);
	await eventually(() => reader.told.filter(({event}) => event === 'cleared').length === 2, 'the end of the record');
});

test('a back-end that has drained is a change of the state', async t => {
	const {emulator} = await startWithApi(t);
	const held: (() => void)[] = [];
	const handler = {
		kind: 'handler' as const,
		name: 'a',
		handler: (_: unknown, response: {end(): unknown}) => void held.push(() => response.end()),
	};
	const lb = await emulator.create({name: 'slow', listeners: ['http:80'], backends: [handler], draining: '1h'});
	const arrived = lb.traffic.arrival();
	const answer = lb.fetch('/wait');
	await arrived;
	await eventually(() => held.length > 0);
	const drained = lb.drain('a');
	const before = await stateOf(emulator);
	t.is(before.loadBalancers[0]?.draining?.length, 1);
	const reader = await EventReader.open(t, emulator);
	await reader.until('hello');

	for (const release of held) release();
	await Promise.all([answer, drained]);

	await reader.until('state', ({revision}) => revision > before.revision);
	await eventually(async () => (await stateOf(emulator)).loadBalancers[0]?.draining === undefined);
	t.pass();
});

test("a load balancer of the cloud's API that is deleted while others stay is gone with its exchanges", async t => {
	const {emulator} = await startWithApi(t);
	await call(emulator, 'CreateLoadBalancer', newLoadBalancer('made'));
	const reader = await EventReader.open(t, emulator);
	const {data: hello} = await reader.until('hello');

	await call(emulator, 'DeleteLoadBalancer', {LoadBalancerName: 'made'});

	await reader.until('cleared');
	await reader.until('state', ({revision}) => revision > hello.revision);
	t.deepEqual((await stateOf(emulator)).loadBalancers, []);
});
