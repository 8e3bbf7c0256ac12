import {fork} from 'node:child_process';
import {once} from 'node:events';
import {Agent, request} from 'node:http';
import test from 'ava';
import {startLoadBalancer} from '../../src/index.ts';
import {compiled} from '../helpers/compiled.ts';
import {runs} from '../helpers/depth.ts';

const WORKER = compiled('test/helpers/start-and-stop.ts');

test('a thousand requests over fifty keep-alive connections are spread to the last one', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 4});
	const agent = new Agent({keepAlive: true, maxSockets: 50});
	const port = lb.port(80);

	await Promise.all(Array.from({length: 1000}, () => get(agent, port)));
	agent.destroy();

	t.deepEqual(lb.traffic.counts(), {a: 250, b: 250, c: 250, d: 250});
	t.is(lb.traffic.length, 1000);
	t.is(new Set([...lb.traffic].map(({client}) => client.port)).size, 50);
});

const PROCESSES = runs(8, 3);
const EACH = runs(100);

test(`${PROCESSES} processes that start and stop ${EACH} load balancers each never clash, and leave nothing open`, async t => {
	const workers = Array.from({length: PROCESSES}, () => fork(WORKER, [String(EACH)]));

	const reports = await Promise.all(workers.map(async worker => (await once(worker, 'message'))[0]));
	const codes = await Promise.all(workers.map(async worker => worker.exitCode ?? (await once(worker, 'exit'))[0]));

	t.deepEqual(
		reports,
		workers.map(() => ({answered: EACH, left: []})),
	);
	t.deepEqual(
		codes,
		workers.map(() => 0),
	);
});

function get(agent: Agent, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		request({agent, host: '127.0.0.1', port, headers: {Host: 'many.test'}}, response => {
			response.resume().on('end', resolve);
		})
			.on('error', reject)
			.end();
	});
}
