// One process of `bench/account.mjs`: the steps with the build in the folder of its argument; CPU ms by step on stdout.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const {startEmulator} = await import(pathToFileURL(path.join(process.argv[2], 'dist/index.js')).href);
const times = {};

async function step(name, task) {
	const before = process.cpuUsage();
	const result = await task();
	const {user, system} = process.cpuUsage(before);
	times[name] = (user + system) / 1000;
	return result;
}

const caller = emulator => async (action, body) => {
	const answer = await fetch(`${emulator.endpoint}/api/v1/${action}`, {method: 'POST', body: JSON.stringify(body)});
	if (!answer.ok) throw new Error(`${action}: ${await answer.text()}`);
	return answer.json();
};
const creation = name => ({
	LoadBalancerName: name,
	Listeners: [{BackendPort: 80, LoadBalancerPort: 80, LoadBalancerProtocol: 'HTTP'}],
	SubregionNames: ['eu-west-2a'],
});
const names = count => Array.from({length: count}, (_, index) => `lb-${index}`);

{
	const emulator = await startEmulator();
	const spec = name => ({name, listeners: ['http:80'], backends: 2});
	for (const name of names(20)) await emulator.create(spec(`warm-${name}`));
	await step('200 times: create to first byte, stop', async () => {
		for (const name of names(200)) {
			const lb = await emulator.create(spec(name));
			await (await fetch(lb.url('/'))).text();
			await lb.stop();
		}
	});
	await emulator.stop();
}
{
	const emulator = await startEmulator();
	const call = caller(emulator);
	await step('500 created', async () => {
		for (const name of names(500)) await call('CreateLoadBalancer', creation(name));
	});
	await step('500 read, 20 times', async () => {
		for (let time = 0; time < 20; time++) await call('ReadLoadBalancers', {});
	});
	await step('state of 500, 20 times', async () => {
		for (let time = 0; time < 20; time++) await (await fetch(`${emulator.endpoint}/_lb/state`)).text();
	});
	await step('1,000 changes', async () => {
		for (const name of [...names(500), ...names(500)]) {
			await call('CreateLoadBalancerTags', {LoadBalancerNames: [name], Tags: [{Key: 'a', Value: 'b'}]});
		}
	});
	await step('state of 500 after the changes, 20 times', async () => {
		for (let time = 0; time < 20; time++) await (await fetch(`${emulator.endpoint}/_lb/state`)).text();
	});
	await step('500 deleted', async () => {
		for (const name of names(500)) await call('DeleteLoadBalancer', {LoadBalancerName: name});
	});
	await emulator.stop();
}
{
	const folder = mkdtempSync(path.join(tmpdir(), 'lb-local-bench-'));
	const file = path.join(folder, 'lb.json');
	const write = idleTimeout => {
		const each = name => [name, {listeners: ['http:80'], backends: ['app'], ...(name === 'lb-7' ? {idleTimeout} : {})}];
		const loadBalancers = Object.fromEntries(names(200).map(each));
		writeFileSync(file, JSON.stringify({backends: {app: {kind: 'echo'}}, loadBalancers}));
	};
	write('10s');
	const emulator = await startEmulator({config: file});
	await step('reload of 200, one differs, 10 times', async () => {
		for (let time = 0; time < 10; time++) {
			write(`${20 + time}s`);
			await emulator.reload();
		}
	});
	await emulator.stop();
	rmSync(folder, {recursive: true, force: true});
}
process.stdout.write(JSON.stringify(times));
