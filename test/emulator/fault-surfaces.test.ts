import test, {type ExecutionContext} from 'ava';
import {type Emulator, type FaultEvent, startEmulator} from '../../src/index.ts';
import {authority} from '../helpers/emulator-scene.ts';
import type {Answered} from '../helpers/outscale-api.ts';
import {eventually} from '../helpers/patience.ts';

async function start(t: ExecutionContext): Promise<Emulator> {
	const emulator = await startEmulator({port: 0, authority});
	t.teardown(() => emulator.stop());
	await emulator.create({name: 'web', listeners: ['http:80'], backends: 2});
	await emulator.create({name: 'shop', listeners: ['tcp:80'], backends: 1});
	return emulator;
}

async function ask(emulator: Emulator, method: string, body?: unknown): Promise<{status: number; json: Answered}> {
	const sent = body === undefined ? {} : {body: typeof body === 'string' ? body : JSON.stringify(body)};
	const response = await fetch(`${emulator.endpoint}/_lb/faults`, {method, ...sent});
	return {status: response.status, json: (await response.json()) as Answered};
}

/** Status and message of a refusal. */
async function refusal(emulator: Emulator, method: string, body?: unknown): Promise<string> {
	const {status, json} = await ask(emulator, method, body);
	const {code, message, hint} = json['error'];
	return `${status} ${code}: ${message}${hint === undefined ? '' : ` | ${hint}`}`;
}

const ids = ({json}: {json: Answered}) =>
	json['faults'].map(({loadBalancer, id}: Answered) => `${loadBalancer ?? 'api'} ${id}`);

test('a fault is armed, listed with its hits and removed over the wire', async t => {
	const emulator = await start(t);
	const rule = {on: 'backend:a', do: {status: 503}, times: 1};

	const armed = await ask(emulator, 'POST', {loadBalancer: 'web', ...rule});

	const fault = {loadBalancer: 'web', id: 1, rule, text: 'backend:a status:503 times:1', hits: 0};
	t.deepEqual(armed, {status: 200, json: {fault}});
	const statuses = [];
	for (let i = 0; i < 3; i++) statuses.push((await emulator.get('web').fetch('/')).status);
	t.deepEqual(statuses, [503, 200, 200]);
	t.deepEqual((await ask(emulator, 'GET')).json, {faults: [{...fault, hits: 1}]});
	t.is(emulator.get('web').faults.length, 1);

	const removed = await ask(emulator, 'DELETE', {loadBalancer: 'web', id: 1});
	t.deepEqual(removed.json, {removed: [{...fault, hits: 1}]});
	t.deepEqual((await ask(emulator, 'GET')).json, {faults: []});
	t.deepEqual(emulator.get('web').faults, []);
});

test("faults of the cloud's API have no load balancer", async t => {
	const emulator = await start(t);

	const {json} = await ask(emulator, 'POST', {on: 'api', do: {throttle: true}});

	t.deepEqual(json['fault'], {id: 1, rule: {on: 'api', do: {throttle: true}}, text: 'api throttle', hits: 0});
	t.is((await fetch(`${emulator.endpoint}/api/v1/ReadNets`, {method: 'POST', body: '{}'})).status, 429);
	t.is(emulator.faults[0]?.hits, 1);
	await ask(emulator, 'DELETE', {id: 1});
	t.deepEqual(emulator.faults, []);
});

test('one is removed, or those of one load balancer, or all', async t => {
	const emulator = await start(t);
	const reset = {do: {reset: true}} as const;
	for (const body of [
		{loadBalancer: 'web', on: 'backend:a', ...reset},
		{loadBalancer: 'web', on: 'backend:b', ...reset},
		{loadBalancer: 'shop', on: 'listener:80', ...reset},
		{on: 'api', do: {throttle: true}},
	]) {
		await ask(emulator, 'POST', body);
	}
	t.deepEqual(ids(await ask(emulator, 'GET')), ['web 1', 'web 2', 'shop 1', 'api 1']);

	await ask(emulator, 'DELETE', {loadBalancer: 'web', id: 1});
	t.deepEqual(ids(await ask(emulator, 'GET')), ['web 2', 'shop 1', 'api 1']);
	await ask(emulator, 'DELETE', {id: 1});
	t.deepEqual(ids(await ask(emulator, 'GET')), ['web 2', 'shop 1']);
	await ask(emulator, 'DELETE', {loadBalancer: 'shop', all: true});
	t.deepEqual(ids(await ask(emulator, 'GET')), ['web 2']);
	t.is((await ask(emulator, 'DELETE', {all: true})).json['removed'].length, 1);
	t.deepEqual((await ask(emulator, 'DELETE', {all: true})).json, {removed: []});
});

test('every wrong request is refused with the reason, and nothing is armed or removed', async t => {
	const emulator = await start(t);
	const reset = {do: {reset: true}} as const;
	await ask(emulator, 'POST', {loadBalancer: 'web', on: 'backend:b', ...reset});
	const refused = (method: string, body?: unknown) => refusal(emulator, method, body);

	t.regex(
		await refused('POST', {on: 'backend:a', ...reset}),
		/^400 INVALID_DESCRIPTION: .*loadBalancer: name the load balancer of the fault; there is "web" or "shop"/s,
	);
	t.regex(
		await refused('POST', {loadBalancer: 'web', on: 'api', do: {throttle: true}}),
		/^400 INVALID_DESCRIPTION: .*loadBalancer: a fault of "api" has no load balancer/s,
	);
	t.regex(
		await refused('POST', {loadBalancer: 'weib', on: 'backend:a', ...reset}),
		/^404 NO_SUCH_LOAD_BALANCER: .*\| did you mean "web"\?$/,
	);
	t.regex(
		await refused('POST', {loadBalancer: 'web', on: 'backend:c', ...reset}),
		/^400 INVALID_DESCRIPTION: .*no back-end is named "c"/s,
	);
	t.regex(
		await refused('POST', {loadBalancer: 'shop', on: 'listener:80', do: {status: 503}}),
		/^400 INVALID_DESCRIPTION: .*"status" goes with http and https listeners/s,
	);
	t.regex(
		await refused('POST', {loadBalancer: 1, on: 'backend:a', ...reset}),
		/^400 INVALID_DESCRIPTION: .*loadBalancer/s,
	);
	t.regex(
		await refused('POST', {loadBalancer: 'web', on: 'backend:a', do: {resets: true}}),
		/^400 INVALID_DESCRIPTION/,
	);
	t.regex(await refused('POST', '[]'), /^400 INVALID_DESCRIPTION/);
	t.regex(await refused('POST', '{'), /^400 INVALID_DESCRIPTION: .*not JSON/s);
	t.regex(await refused('POST'), /^400 INVALID_DESCRIPTION: .*empty/s);
	t.regex(await refused('DELETE', {}), /^400 INVALID_DESCRIPTION: .*say which fault by its id/s);
	t.regex(await refused('DELETE', {id: 1, all: true}), /^400 INVALID_DESCRIPTION: .*not both/s);
	t.regex(await refused('DELETE', {id: 'web/1'}), /^400 INVALID_DESCRIPTION: .*id/s);
	t.regex(
		await refused('DELETE', {loadBalancer: 'web', id: 2}),
		/^404 NO_SUCH_FAULT: No fault of load balancer "web" has the id 2; there is "1"/,
	);
	t.regex(
		await refused('DELETE', {id: 1}),
		/^404 NO_SUCH_FAULT: No fault of the cloud's API has the id 1; there is nothing/,
	);
	t.regex(await refused('PUT', {}), /^405 METHOD_NOT_ALLOWED: .*GET, HEAD, POST, DELETE/);
	t.deepEqual(ids(await ask(emulator, 'GET')), ['web 1']);
});

test('faults survive a reload, and not a reset', async t => {
	const emulator = await startEmulator({
		port: 0,
		authority,
		config: {
			backends: {a: {kind: 'echo'}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['a'], faults: [{on: 'backend:a', do: {status: 500}}]}},
		},
	});
	t.teardown(() => emulator.stop());
	await ask(emulator, 'POST', {loadBalancer: 'web', on: 'listener:80', do: {reset: true}, path: '/never'});
	await ask(emulator, 'POST', {on: 'api', do: {throttle: true}});

	await emulator.reload();
	t.deepEqual(ids(await ask(emulator, 'GET')), ['web 1', 'web 2', 'api 1']);
	await emulator.reset();

	const {faults} = (await ask(emulator, 'GET')).json as {faults: {text: string}[]};
	t.deepEqual(
		faults.map(({text}) => text),
		['backend:a status:500'],
		'what is described is armed as before',
	);
});

test('an event tells of the faults of a load balancer, at the library and at the control port', async t => {
	const emulator = await start(t);
	const events: FaultEvent[] = [];
	emulator.events.on('fault', event => events.push(event));
	const end = new AbortController();
	const stream = await fetch(`${emulator.endpoint}/_lb/events`, {signal: end.signal});
	const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
	t.teardown(() => end.abort());
	let streamed = '';
	const read = (async () => {
		while (!streamed.includes('"removed"')) streamed += (await reader?.read())?.value ?? '';
	})();
	await eventually(() => streamed.includes('event: hello'));

	const fault = emulator.get('web').inject({on: 'backend:a', do: {status: 503}});
	for (let i = 0; i < 20; i++) await (await emulator.get('web').fetch('/')).text();
	fault.remove();
	await eventually(() => events.at(-1)?.change === 'removed');
	await read;

	const told = {loadBalancer: 'web', id: 1, text: 'backend:a status:503'};
	t.deepEqual(events[0], {change: 'armed', ...told, hits: 0});
	t.deepEqual(events.at(-2), {change: 'fired', ...told, hits: 10});
	t.deepEqual(events.at(-1), {change: 'removed', ...told, hits: 10});
	const shown = [...streamed.matchAll(/event: fault\n(?:id: .*\n)?data: (.*)\n/g)].map(([, data = '']) =>
		JSON.parse(data),
	);
	t.deepEqual(shown, events);
});
