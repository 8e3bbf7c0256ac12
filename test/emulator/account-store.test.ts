import test from 'ava';
import type {LoadBalancer} from '../../src/index.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {gatedCommand} from '../helpers/gated-command.ts';
import {type Answered, newLoadBalancer} from '../helpers/outscale-api.ts';
import {heldPort, refusalAt} from '../helpers/ports.ts';

async function answerer(lb: LoadBalancer): Promise<string> {
	// An echo back-end's answer is JSON.
	return ((await (await lb.fetch('/')).json()) as {backend: string}).backend;
}

test('create() starts what is new, and update() makes of what runs what is described', async t => {
	const {emulator} = await startWithApi(t);
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: 2});
	const port = lb.port(80);
	t.is(await answerer(lb), 'a');

	await lb.update({listeners: ['http:80', 'http:81'], backends: [{kind: 'echo', name: 'z'}]});

	t.is(emulator.get('web'), lb);
	t.is(lb.port(80), port);
	t.is(await answerer(lb), 'z');
	t.is((await fetch(`http://127.0.0.1:${lb.port(81)}/`)).status, 200);
});

test('a change that fails leaves what runs as it was, and of what is new nothing', async t => {
	const {port} = await heldPort(t);
	const {emulator, api} = await startWithApi(t);
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: 1});
	const bad = [{kind: 'command' as const, name: 'bad', run: 'sleep 60', port}];

	const spec = {listeners: ['http:80', 'http:81'] as const, backends: bad};
	await t.throwsAsync(lb.update(spec), {code: 'PORT_UNAVAILABLE'});
	await t.throwsAsync(emulator.create({name: 'api', ...spec}), {code: 'PORT_UNAVAILABLE'});

	t.deepEqual(emulator.loadBalancers, [lb]);
	t.throws(() => lb.port(81), {code: 'NO_SUCH_LISTENER'});
	t.is(await answerer(lb), 'a');
	t.deepEqual(Object.keys(lb.health), ['a']);
	const {loadBalancers} = await api.own('GET', 'state');
	t.deepEqual(
		loadBalancers.map(({name}: Answered) => name),
		['web'],
	);
});

test('stop() frees the name and the ports at once', async t => {
	const {port} = await heldPort(t);
	const {emulator} = await startWithApi(t);
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: [`127.0.0.1:${port}`]});
	const bound = lb.port(80);

	const stopped = lb.stop();
	const next = await emulator.create({name: 'web', listeners: ['http:80'], backends: 1});

	t.is(await refusalAt(bound), 'ECONNREFUSED');
	t.is(await answerer(next), 'a');
	await stopped;
	t.is(emulator.get('web'), next);
});

test('changes of one load balancer take turns, and those of others do not wait', async t => {
	const {emulator} = await startWithApi(t);
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: 1});
	const command = await gatedCommand(t);
	const order: string[] = [];
	const slow = lb
		.update({backends: [{kind: 'command', name: 'slow', run: command.run}]})
		.then(() => order.push('slow'));
	await command.reached;
	const after = lb.update({idleTimeout: '7s'}).then(() => order.push('after'));

	await emulator.create({name: 'api', listeners: ['http:80']}).then(() => order.push('api'));
	await command.open();
	await Promise.all([slow, after]);

	t.deepEqual(order, ['api', 'slow', 'after']);
});

test('what changes something shared takes a turn with all that use it', async t => {
	const {emulator, api} = await startWithApi(t);
	const vm = 'i-00000001';
	const creating = ['one', 'two'].map(name =>
		api
			.ok('CreateLoadBalancer', newLoadBalancer(name))
			.then(() => api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName: name, BackendVmIds: [vm]})),
	);
	await Promise.all(creating);
	const {port} = (await emulator.create({name: 'own', listeners: ['http:80'], backends: 1}))
		.backend('a')
		.url.match(/:(?<port>\d+)$/)?.groups ?? {port: ''};

	await api.own('POST', 'vms', {id: vm, address: `127.0.0.1:${port}`});

	for (const name of ['one', 'two']) {
		const lb = emulator.get(name);
		t.deepEqual(
			lb.backends.map(({address}) => address),
			[`127.0.0.1:${port}`],
		);
		await lb.settle();
		t.is(await answerer(lb), 'a');
	}
});
