import test from 'ava';
import type {Advice, Config} from '../../src/index.ts';
import {runs} from '../helpers/depth.ts';
import {startFromFile, startWithApi} from '../helpers/emulator-scene.ts';
import {openClient} from '../helpers/raw-scene.ts';

const CONFIG: Config = {
	backends: {app: {kind: 'reply', headers: {'set-cookie': 'session=secret'}}},
	loadBalancers: {web: {listeners: ['https:443 -> http:80'], backends: ['app']}},
};

async function state({endpoint}: {readonly endpoint: string}, name = 'web') {
	const answer = await fetch(`${endpoint}/_lb/state`);
	// As `AdminState` of the control plane has it.
	const {loadBalancers} = (await answer.json()) as {loadBalancers: {name: string; advice: Advice[]}[]};
	return loadBalancers.find(each => each.name === name)?.advice;
}

test('advice is an event once, and /_lb/state shows it with its count', async t => {
	const {emulator} = await startWithApi(t, {config: CONFIG});
	const told: Advice[] = [];
	emulator.events.on('advice', advice => told.push(advice));
	const lb = emulator.get('web');

	await lb.fetch('/1');
	await lb.fetch('/2');

	t.deepEqual(told, lb.advice);
	const [advice] = (await state(emulator)) ?? [];
	t.like(advice, {
		code: 'cookie-without-secure',
		loadBalancer: 'web',
		backend: 'app',
		listener: 443,
		certainty: 'certain',
		message: lb.advice[0]?.message,
		fix: lb.advice[0]?.fix,
		count: 2,
	});
	t.deepEqual(advice?.seen as unknown, {id: 1, seq: 1});
});

test('who hears that an exchange has ended finds its advice, and the advice finds the exchange', async t => {
	const {emulator} = await startFromFile(t, CONFIG);
	const lb = emulator.get('web');
	const found: unknown[] = [];
	emulator.events.on('exchange', exchange => found.push([exchange.id, lb.advice.map(({seen}) => seen?.id)]));

	await lb.fetch('/');

	t.deepEqual(found, [[1, [1]]]);
});

test('a reset forgets advice, also of a load balancer that goes on; a reload does not', async t => {
	const {emulator} = await startFromFile(t, CONFIG);
	const lb = emulator.get('web');
	let told = 0;
	emulator.events.on('advice', () => told++);
	await lb.fetch('/');

	await emulator.reload();
	lb.traffic.clear();
	t.is(lb.advice.length, 1);
	await emulator.reset();
	t.deepEqual(lb.advice, []);
	t.deepEqual(await state(emulator), []);
	await lb.fetch('/');

	t.is(lb.advice[0]?.count, 1);
	t.is(told, 2);
});

test('however many requests differ, they are one piece of advice', async t => {
	const {emulator} = await startWithApi(t, {config: {...CONFIG, loadBalancers: {}}});
	const lb = await emulator.create({
		listeners: ['http:80'],
		backends: [
			{
				kind: 'handler',
				name: 'app',
				handler: ({socket, url}, response) => {
					response.writeHead(302, {location: `http://localhost:${socket.localPort}${url}`}).end();
				},
			},
		],
	});
	const client = await openClient(lb);
	const count = runs(100_000, 1000);

	for (let i = 0; i < count; i++) {
		client.write(`GET /${i} HTTP/1.1\r\nHost: ${i}.test\r\nX-Forwarded-For: ${i}\r\n\r\n`);
		await client.message();
	}
	client.end();

	t.deepEqual(
		lb.advice.map(each => [each.code, each.count]),
		[
			['redirect-to-backend-port', count],
			['forwarded-for-forgeable', count],
		],
	);
});

test('what was advised can be read after a stop', async t => {
	const {emulator} = await startWithApi(t, {config: CONFIG});
	const lb = emulator.get('web');
	await lb.fetch('/');

	await lb.stop();

	t.is(lb.advice[0]?.code, 'cookie-without-secure');
});
