import {setTimeout as wait} from 'node:timers/promises';
import test from 'ava';
import {type BackendSpec, type LoadBalancer, startLoadBalancer} from '../../src/index.ts';

/** Clients that ask at once; where answers take long they ask less often, so that no requests pile up. */
const CLIENTS = 4;
const PAUSE_MS = 20;

/** Sends requests until told to stop. Resolves with the statuses, counted. */
async function load(lb: LoadBalancer, stopped: () => boolean): Promise<Map<number, number>> {
	const statuses = new Map<number, number>();
	const client = async () => {
		while (!stopped()) {
			const response = await lb.fetch('/');
			await response.arrayBuffer();
			statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
			await wait(PAUSE_MS);
		}
	};
	await Promise.all(Array.from({length: CLIENTS}, client));
	return statuses;
}

/** A back-end of one version, which takes a while to answer. */
const version = (name: string): BackendSpec => ({
	name,
	kind: 'reply',
	body: name,
	delay: '20ms',
});

test('a rolling deploy: register, probe, in service, drain, gone, and no request fails', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['https:443 -> http:80'],
		backends: [version('v1-a'), version('v1-b')],
		healthCheck: {target: 'HTTP:80/', interval: '100ms', timeout: '5s', healthy: 2, unhealthy: 2},
		draining: '10s',
		record: {exchanges: 5000, bodyBytes: 0},
	});
	let done = false;
	const loaded = load(lb, () => done);
	await lb.traffic.next();

	const running = ['v1-a', 'v1-b'];
	for (const [old, fresh] of [
		['v1-a', 'v2-a'],
		['v1-b', 'v2-b'],
	] as const) {
		running.push(fresh);
		await lb.update({backends: running.map(version)});
		await lb.settle();
		t.is(lb.health[fresh], 'InService');
		await lb.traffic.next(({backend}) => backend?.name === fresh);

		await lb.drain(old);

		running.splice(running.indexOf(old), 1);
		t.false(old in lb.health);
		await lb.update({backends: running.map(version)});
	}
	done = true;

	const statuses = await loaded;
	t.deepEqual([...statuses.keys()], [200]);
	t.deepEqual(Object.keys(lb.health), ['v2-a', 'v2-b']);
	const counts = lb.traffic.counts();
	for (const name of ['v1-a', 'v1-b', 'v2-a', 'v2-b']) t.true((counts[name] ?? 0) > 0, name);
	t.deepEqual(new Set([...lb.traffic].map(({outcome}) => outcome)), new Set(['ok']));
});

test('a back-end that dies under load is passed over at once, found out, and taken back when it returns', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [
			{name: 'a', kind: 'echo'},
			{name: 'b', kind: 'echo'},
		],
		healthCheck: {target: 'TCP:80', interval: '100ms', timeout: '5s', healthy: 2, unhealthy: 2},
		record: {exchanges: 5000, bodyBytes: 0},
	});
	let done = false;
	const loaded = load(lb, () => done);
	await lb.traffic.next(({backend}) => backend?.name === 'a');

	await lb.backend('a').stop();
	await lb.settle();
	t.deepEqual(lb.health, {a: 'OutOfService', b: 'InService'});
	await lb.backend('a').start();
	await lb.settle();
	await lb.traffic.next(({backend}) => backend?.name === 'a');
	done = true;

	const statuses = await loaded;
	// What was with it as it died is answered 502; connections that are refused go to the next one.
	t.true((statuses.get(200) ?? 0) > 0);
	t.deepEqual(
		[...statuses.keys()].filter(status => status !== 200 && status !== 502),
		[],
	);
	t.true((statuses.get(502) ?? 0) <= CLIENTS, `${statuses.get(502)} answered 502`);
});
