// The ELB API of a build: create to first byte, and many load balancers created, described page by page and deleted.
//   npm run build && node bench/elb.mjs [BUILD…]      each the folder of a checkout; "." unless said otherwise
// ROUNDS (5). CPU milliseconds of the whole process, client included, and milliseconds by the clock; medians.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

const rounds = Number(process.env.ROUNDS ?? 5);

if (process.argv[2] === '--run') await run(process.argv[3]);
else await compare(process.argv.slice(2));

async function compare(given) {
	const builds = given.length === 0 ? ['.'] : given;
	const found = builds.map(() => ({}));
	for (let round = 0; round < rounds; round++) {
		const order = [...builds.keys()];
		for (const index of round % 2 === 0 ? order : order.reverse()) {
			for (const [step, figures] of Object.entries(await runIn(builds[index]))) {
				found[index][step] = [...(found[index][step] ?? []), figures];
			}
		}
	}
	console.log(`| step | ${builds.map(build => `${path.basename(path.resolve(build))}: ms, CPU ms`).join(' | ')} |`);
	console.log(`|---|${builds.map(() => '---').join('|')}|`);
	for (const step of Object.keys(found[0])) {
		const cells = found.map(each => {
			const [wall, cpu] = ['wall', 'cpu'].map(kind => median(each[step].map(figures => figures[kind])).toFixed(1));
			return `${wall}, ${cpu}`;
		});
		console.log(`| ${step} | ${cells.join(' | ')} |`);
	}
}

async function runIn(build) {
	const script = fileURLToPath(import.meta.url);
	const child = spawn(process.execPath, [script, '--run', path.resolve(build)], {stdio: ['ignore', 'pipe', 'inherit']});
	let out = '';
	child.stdout.on('data', data => {
		out += data;
	});
	const [code] = await once(child, 'close');
	if (code !== 0) throw new Error(`${build} ended with ${code}`);
	return JSON.parse(out);
}

function median(values) {
	return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** One process: the steps with one build. */
async function run(build) {
	const {startEmulator} = await import(pathToFileURL(path.join(build, 'dist/index.js')).href);
	const emulator = await startEmulator({
		config: {backends: {app: {kind: 'echo'}}, vms: {'i-0000000a': 'app'}, control: {port: 0}},
	});
	const figures = {};
	const measure = async (name, task) => {
		const [before, start] = [process.cpuUsage(), performance.now()];
		await task();
		const {user, system} = process.cpuUsage(before);
		figures[name] = {wall: performance.now() - start, cpu: (user + system) / 1000};
	};
	const call = async (action, parameters = {}) => {
		const body = new URLSearchParams({Action: action, Version: '2012-06-01', ...parameters});
		const answer = await fetch(emulator.endpoint, {method: 'POST', body});
		const text = await answer.text();
		if (!answer.ok) throw new Error(`${action}: ${text}`);
		return text;
	};
	const creation = name => ({
		LoadBalancerName: name,
		'AvailabilityZones.member.1': 'eu-west-2a',
		'Listeners.member.1.Protocol': 'HTTP',
		'Listeners.member.1.LoadBalancerPort': 80,
		'Listeners.member.1.InstancePort': 8080,
	});
	const toFirstByte = async name => {
		await call('CreateLoadBalancer', creation(name));
		await call('RegisterInstancesWithLoadBalancer', {
			LoadBalancerName: name,
			'Instances.member.1.InstanceId': 'i-0000000a',
		});
		const lb = emulator.get(name);
		await lb.settle();
		await (await fetch(lb.url('/'))).text();
	};
	for (let n = 0; n < 10; n++) await toFirstByte(`warm-${n}`);
	await measure('create, register, first byte (one, warm)', () => toFirstByte('measured'));
	for (let n = 0; n < 10; n++) await call('DeleteLoadBalancer', {LoadBalancerName: `warm-${n}`});
	await call('DeleteLoadBalancer', {LoadBalancerName: 'measured'});
	const names = Array.from({length: 500}, (_, n) => `lb-${n}`);
	await measure('500 created', async () => {
		for (const name of names) await call('CreateLoadBalancer', creation(name));
	});
	await measure('500 described, 50 a page', async () => {
		let count = 0;
		for (let marker = ''; marker !== undefined; ) {
			const text = await call('DescribeLoadBalancers', {PageSize: 50, ...(marker === '' ? {} : {Marker: marker})});
			count += text.split('<LoadBalancerName>').length - 1;
			marker = /<NextMarker>(.*?)</.exec(text)?.[1];
		}
		if (count !== 500) throw new Error(`${count} were described`);
	});
	await measure('500 deleted', async () => {
		for (const name of names) await call('DeleteLoadBalancer', {LoadBalancerName: name});
	});
	await emulator.stop();
	process.stdout.write(JSON.stringify(figures));
}
