import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test from 'ava';
import {type Emulator, type LoadBalancer, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {eventually, within} from '../helpers/patience.ts';

const WEB = {listeners: ['http:80'], backends: ['a']} as const;
const CONFIG = {
	backends: {a: {kind: 'echo'}},
	loadBalancers: {web: {...WEB, faults: [{on: 'backend:a', do: {status: 503}, times: 1}]}},
} as const;

async function statuses(lb: LoadBalancer, count: number): Promise<number[]> {
	const found: number[] = [];
	for (let i = 0; i < count; i++) found.push((await lb.fetch('/')).status);
	return found;
}

async function stopped(t: import('ava').ExecutionContext, options: object): Promise<Emulator> {
	const emulator = await startEmulator(options);
	t.teardown(() => emulator.stop());
	return emulator;
}

test('a described fault is armed before the first connection, and is written down again', async t => {
	const emulator = await stopped(t, {config: CONFIG});
	const lb = emulator.get('web');

	t.deepEqual(
		lb.faults.map(({id, text, hits}) => [id, text, hits]),
		[[1, 'backend:a status:503 times:1', 0]],
	);
	t.deepEqual(await statuses(lb, 2), [503, 200]);
	t.deepEqual(
		lb.faults.map(({rule, hits}) => [rule, hits]),
		[[{on: 'backend:a', do: {status: 503}, times: 1}, 1]],
	);
});

test('faults stay through an update; those that are described anew count anew', async t => {
	const emulator = await stopped(t, {config: CONFIG});
	const lb = emulator.get('web');
	const injected = lb.inject({on: 'listener:80', do: {status: 500}, times: 2});
	t.deepEqual(await statuses(lb, 1), [500]);

	await lb.update({idleTimeout: '30s'});

	t.deepEqual(
		lb.faults.map(({id}) => id),
		[1, injected.id],
	);
	t.deepEqual(await statuses(lb, 3), [500, 503, 200]);
	t.is(injected.hits, 2);
	await lb.update({faults: [{on: 'backend:a', do: {status: 502}, times: 1}]});
	t.deepEqual(
		lb.faults.map(({text}) => text),
		['listener:80 status:500 times:2', 'backend:a status:502 times:1'],
	);
	t.deepEqual(await statuses(lb, 2), [502, 200]);
	await t.throwsAsync(lb.update({faults: [{on: 'backend:b', do: {close: true}}]}), {
		message: 'The change is not valid:\n  faults[0].on: no back-end is named "b"; there is "a" (did you mean "a"?)',
	});
	t.is(lb.faults.length, 2);
});

test('a reset removes what was injected, and counts anew what is described', async t => {
	const emulator = await stopped(t, {config: CONFIG});
	const lb = emulator.get('web');
	const injected = lb.inject({on: 'listener:80', do: {latency: 1}});
	t.deepEqual(await statuses(lb, 2), [503, 200]);
	t.is(injected.hits, 2);

	await emulator.reset();

	const [only] = emulator.get('web').faults;
	t.is(emulator.get('web').faults.length, 1);
	t.is(only?.hits, 0);
	t.deepEqual(await statuses(emulator.get('web'), 2), [503, 200]);
	injected.remove();
	t.is(emulator.get('web').faults.length, 1, 'removing what is gone does nothing');
});

test('two emulators do not notice the faults of each other', async t => {
	const [one, other] = await Promise.all([stopped(t, {config: CONFIG}), stopped(t, {config: CONFIG})]);
	one.get('web').inject({on: 'listener:80', do: {status: 500}});

	t.deepEqual(await statuses(one.get('web'), 2), [500, 500]);
	t.deepEqual(await statuses(other.get('web'), 2), [503, 200]);
});

test('health probes are never hit', async t => {
	const lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: 1,
		healthCheck: {target: 'HTTP:80/', interval: '1s', timeout: '1s', healthy: 1, unhealthy: 1},
		faults: [{on: 'backend:a', do: {refuse: true}}],
	});
	t.teardown(() => lb.stop());

	await lb.settle();

	t.is(lb.health['a'], 'InService');
	t.is(lb.faults[0]?.hits, 0);
	t.deepEqual(await statuses(lb, 1), [503]);
	t.is(lb.faults[0]?.hits, 1);
});

test('the filter of traffic finds what a fault has hit, and its row and its JSON name the fault', async t => {
	const emulator = await stopped(t, {config: CONFIG, port: 0});
	const lb = emulator.get('web');
	await statuses(lb, 2);

	const response = await fetch(`${emulator.endpoint}/_lb/traffic?filter=${encodeURIComponent('fault:*status:503*')}`);
	const text = await response.text();

	t.regex(text, /"fault":"backend:a status:503 times:1"/);
	t.notRegex(text, /"id":2,/);
	t.is(JSON.parse(JSON.stringify([...lb.traffic][0])).fault, 'backend:a status:503 times:1');
	t.false('fault' in JSON.parse(JSON.stringify([...lb.traffic][1])));
});

const REQUEST = (method: string) => `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;

/** What an HTTP client keeps: one connection, and whether it sends again what was lost with it. */
interface KeptAlive {
	readonly name: string;
	/** Whether this client sends such a request again on a new connection. */
	readonly retries: (method: string) => boolean;
}

/**
 * Clients by what they do when a kept-alive connection is lost under a request, as raw sockets: Node's agent hands the
 * error on (`ECONNRESET`); urllib3 sends a request that may be repeated again (`Retry.DEFAULT_ALLOWED_METHODS`); Java's
 * HttpURLConnection sends again, POST included (`sun.net.http.retryPost`, true by default).
 */
const CLIENTS: readonly KeptAlive[] = [
	{name: "Node's agent", retries: () => false},
	{name: 'urllib3', retries: method => method === 'GET'},
	{name: "Java's HttpURLConnection", retries: () => true},
];

async function ask(socket: Socket, method: string): Promise<string> {
	const over = once(socket, 'error').then(([error]: unknown[]) => (error as NodeJS.ErrnoException).code ?? ''); // Node's own.
	let text = '';
	const answer = (async () => {
		socket.write(REQUEST(method));
		while (!/\r\n\r\n/.test(text)) text += String((await once(socket, 'data'))[0]);
		return text.slice(9, 12);
	})();
	answer.catch(() => undefined);
	return within('answer', Promise.race([over, answer.catch(() => over)]));
}

async function keptAlive({retries}: KeptAlive, port: number, method: string): Promise<string> {
	let socket = connect(port, '127.0.0.1');
	const first = await ask(socket, method);
	let second = await ask(socket, method);
	if (second === 'ECONNRESET' && retries(method)) {
		socket = connect(port, '127.0.0.1');
		second = await ask(socket, method);
	}
	socket.destroy();
	return `${first} ${second}`;
}

for (const client of CLIENTS) {
	for (const method of ['GET', 'POST']) {
		test(`the keep-alive race with ${client.name}: ${method}`, async t => {
			const lb = await startLoadBalancer({
				listeners: ['http:80'],
				backends: [{kind: 'reply', name: 'a', body: ''}],
				faults: [{on: 'listener:80', do: {reset: 'on-reuse'}, times: 1}],
			});
			t.teardown(() => lb.stop());
			const port = lb.port(80);

			t.is(await keptAlive(client, port, method), `200 ${client.retries(method) ? '200' : 'ECONNRESET'}`);

			await eventually(() => lb.faults[0]?.hits === 1);
			t.is(await keptAlive(client, port, method), '200 200', 'it fires once');
			lb.inject({on: 'backend:a', do: {reset: 'on-reuse'}, times: 1});
			t.is(
				await keptAlive(client, port, method),
				method === 'GET' ? '200 200' : '502 200',
				"the load balancer's own race",
			);
		});
	}
}
