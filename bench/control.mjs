// What the control plane costs. Needs `npm run build`.
//   node bench/control.mjs [runs]
import {connect} from 'node:net';
import {startEmulator} from '../dist/index.js';

const runs = Number(process.argv[2] ?? 20);
const COUNT = 500;
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
const row = (what, values, bar) =>
	console.log(
		`| ${what} | ${median(values).toFixed(1)} | ${Math.min(...values).toFixed(1)}..${Math.max(...values).toFixed(1)} | ${bar} |`,
	);
const timed = async task => {
	const start = performance.now();
	await task();
	return performance.now() - start;
};

console.log(`Node ${process.version}, milliseconds\n\n| what | median | min..max | bar |\n|---|---|---|---|`);

const first = await timed(async () => (await startEmulator()).stop());
row('`startEmulator()` and `stop()`, the first of a process', [first], '');
const starts = [];
for (let i = 0; i < runs; i++) starts.push(await timed(async () => (await startEmulator()).stop()));
row('`startEmulator()` and `stop()`, warm', starts, '');

const emulator = await startEmulator();
const call = async (action, body = {}) => {
	const headers = {'Content-Type': 'application/json'};
	const response = await fetch(`${emulator.endpoint}/api/v1/${action}`, {
		method: 'POST',
		headers,
		body: JSON.stringify(body),
	});
	const text = await response.text();
	if (response.status !== 200) throw new Error(`${action}: ${response.status} ${text}`);
	return JSON.parse(text);
};
const create = name =>
	call('CreateLoadBalancer', {
		LoadBalancerName: name,
		SubregionNames: ['eu-west-2a'],
		Listeners: [{LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP', BackendPort: 80}],
	});

/** The first byte through a listener: without a back-end in service it is that of a 503. */
const firstByte = port =>
	new Promise((resolve, reject) => {
		const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
		socket.once('error', reject);
		socket.once('data', () => {
			socket.destroy();
			resolve();
		});
	});

const firstBytes = [];
for (let i = 0; i < runs + 5; i++) {
	const name = `warm-${i}`;
	const ms = await timed(async () => {
		await create(name);
		await firstByte(emulator.get(name).port(80));
	});
	if (i >= 5) firstBytes.push(ms);
	await call('DeleteLoadBalancer', {LoadBalancerName: name});
}
row('CreateLoadBalancer to the first byte through its listener, warm', firstBytes, 30);

const names = Array.from({length: COUNT}, (_, index) => `lb-${index}`);
const phases = {};
const all = await timed(async () => {
	phases.created = await timed(async () => {
		for (const name of names) await create(name);
	});
	phases.read = await timed(async () => {
		for (const name of names) await call('ReadLoadBalancers', {Filters: {LoadBalancerNames: [name]}});
	});
	phases.listed = await timed(() => call('ReadLoadBalancers'));
	phases.deleted = await timed(async () => {
		for (const name of names) await call('DeleteLoadBalancer', {LoadBalancerName: name});
	});
});
row(`${COUNT} load balancers created, read and deleted`, [all], 10_000);
for (const [phase, ms] of Object.entries(phases)) row(`– ${phase}`, [ms], '');
await emulator.stop();
