// One process of `bench/elb.mjs`: the steps with the build in the folder of its argument; figures by step on stdout.
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const build = process.argv[2];
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
