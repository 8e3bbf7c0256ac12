// How much the life of load balancers costs: 1,000 of them created, changed and stopped in one process, and 200 back-ends
// probed every second. Needs `npm run build`.
import {startEmulator, startLoadBalancer} from '../dist/index.js';

const COUNT = 1000;
const rssMiB = () => {
	globalThis.gc?.();
	return Math.round(process.memoryUsage().rss / 2 ** 20);
};
const timed = async task => {
	const start = performance.now();
	await task();
	return Math.round(performance.now() - start);
};

async function manyLoadBalancers() {
	const emulator = await startEmulator();
	const names = Array.from({length: COUNT}, (_, index) => `lb-${index}`);
	const round = async () => {
		const created = await timed(async () => {
			for (const name of names) {
				await emulator.create({name, listeners: ['http:80', 'tcp:81'], backends: ['127.0.0.1:9', '127.0.0.1:10']});
			}
		});
		const changed = await timed(async () => {
			for (const name of names) {
				await emulator.get(name).update({listeners: ['http:80', 'tcp:82'], backends: ['127.0.0.1:9', '127.0.0.1:11']});
			}
		});
		const stopped = await timed(async () => {
			for (const name of names) await emulator.get(name).stop();
		});
		return {created, changed, stopped};
	};
	const before = rssMiB();
	const first = await round();
	const between = rssMiB();
	const second = await round();
	console.log(
		`${COUNT} load balancers, ms:`,
		first,
		second,
		`MiB before, after one round, after two: ${before}, ${between}, ${rssMiB()}`,
	);
}

async function manyProbes(target) {
	const secure = /^(SSL|HTTPS)/.test(target);
	const backend = await startLoadBalancer({
		listeners: [secure ? 'https:80 -> http:80' : 'http:80'],
		backends: [{kind: 'reply', body: 'ok'}],
		record: {exchanges: 1, bodyBytes: 0},
	});
	const port = backend.port(80);
	const backends = Array.from({length: 200}, (_, index) => ({
		name: `b-${index}`,
		kind: 'address',
		host: '127.0.0.1',
		port,
	}));
	const measure = async healthCheck => {
		const lb = await startLoadBalancer({listeners: ['tcp:1'], backends, healthCheck});
		await new Promise(resolve => setTimeout(resolve, 1500));
		const before = process.cpuUsage();
		const start = performance.now();
		await new Promise(resolve => setTimeout(resolve, 5000));
		const {user, system} = process.cpuUsage(before);
		const probes = lb.backends.reduce((sum, {health}) => sum + health.probes, 0);
		return {percent: (user + system) / 10 / (performance.now() - start), probes};
	};
	const {percent, probes} = await measure({target, interval: '1s', timeout: '900ms'});
	console.log(
		`200 back-ends, ${target} every second: ${percent.toFixed(1)} % of a core, the probed server in the same process included; ${probes} probes`,
	);
}

await manyLoadBalancers();
for (const target of ['TCP:80', 'HTTP:80/', 'SSL:80', 'HTTPS:80/']) await manyProbes(target);
process.exit(0);
