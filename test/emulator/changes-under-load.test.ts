// A process of its own: it counts the process's descriptors.
import {once} from 'node:events';
import {readdir} from 'node:fs/promises';
import type {Duplex} from 'node:stream';
import test from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../src/index.ts';
import {runs} from '../helpers/depth.ts';

const CHANGES = runs(1000);

async function descriptors(): Promise<number | undefined> {
	return process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : undefined;
}

/** Goes on asking over one connection of a TCP listener until told to stop. Resolves with how often it was answered. */
async function ask(socket: Duplex, stopped: () => boolean): Promise<number> {
	let count = 0;
	for (; !stopped(); count++) {
		socket.write('ping');
		await once(socket, 'data');
	}
	return count;
}

async function fetchOn(lb: LoadBalancer, stopped: () => boolean): Promise<number> {
	let count = 0;
	for (; !stopped(); count++) {
		const {status} = await lb.fetch('/');
		if (status !== 200) throw new Error(`answered ${status}`);
	}
	return count;
}

test.serial(`listeners come, change and go ${CHANGES} times, and others lose nothing`, async t => {
	await using lb = await startLoadBalancer({
		listeners: ['http:80', 'tcp:81'],
		backends: [{name: 'a', kind: 'echo'}],
		record: {exchanges: 100, bodyBytes: 0},
	});
	await using tcp = await startLoadBalancer({listeners: ['tcp:81'], backends: [{kind: 'tcp', mode: 'echo'}]});
	const socket = await tcp.connect(81);
	await lb.fetch('/');
	await lb.update({listeners: ['http:80', 'tcp:81', 'tcp:90']});
	await lb.update({listeners: ['http:80', 'tcp:81']});
	const before = await descriptors();
	let done = false;
	const load = Promise.all([fetchOn(lb, () => done), ask(socket, () => done)]);

	for (let change = 0; change < CHANGES; change++) {
		// Added, then of another protocol on the same port, then removed; and the same on the load balancer under test.
		const changing = (['tcp:90', 'http:90'] as const)[change % 3];
		await lb.update({listeners: changing === undefined ? ['http:80', 'tcp:81'] : ['http:80', 'tcp:81', changing]});
		await tcp.update({listeners: change % 2 === 0 ? ['tcp:81', 'tcp:91'] : ['tcp:81']});
	}
	done = true;

	const [requests, pings] = await load;
	t.true(requests > 10, `${requests} requests`);
	t.true(pings > 10, `${pings} pings`);
	await lb.update({listeners: ['http:80', 'tcp:81']});
	await tcp.update({listeners: ['tcp:81']});
	await new Promise(resolve => setImmediate(resolve));
	const after = await descriptors();
	// The load's own connections and the pooled ones behind them come and go; what leaked would be there a thousand times.
	if (before !== undefined && after !== undefined) t.true(after <= before + 8, `${before} descriptors, then ${after}`);
	socket.destroy();
});
