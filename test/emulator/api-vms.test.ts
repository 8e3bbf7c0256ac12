import test from 'ava';
import {startFromFile, startWithApi} from '../helpers/emulator-scene.ts';
import {httpListener, newLoadBalancer} from '../helpers/outscale-api.ts';
import {ownHttpServer} from '../helpers/own-servers.ts';

const WEB = {LoadBalancerName: 'web'};
const VM = 'i-0000000a';
const VMS = {...WEB, BackendVmIds: [VM]};

test('a VM that nobody has declared comes in service once it is declared, and goes when that is taken back', async t => {
	const server = await ownHttpServer(t, 'hello');
	const {emulator, api} = await startWithApi(t);
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', VMS);
	const lb = emulator.get('web');

	t.deepEqual(await api.health('web'), {
		[VM]: `DOWN: lb-local does not know where ${VM} is: declare it under "vms" in the configuration, or with \`lb-local set vm ${VM} 127.0.0.1:3000\`.`,
	});
	t.is((await lb.fetch('/')).status, 503);

	await api.own('POST', 'vms', {id: VM, address: server.address});
	await api.untilUp('web', VM);
	t.is(await (await lb.fetch('/')).text(), 'hello');

	await api.own('DELETE', 'vms', {id: VM});
	t.regex((await api.health('web'))[VM] ?? '', /^DOWN: lb-local does not know/);
	t.is((await lb.fetch('/')).status, 503);
});

test('a VM that moves is out of service until its new address has passed a probe', async t => {
	const [first, second] = [await ownHttpServer(t, 'first'), await ownHttpServer(t, 'second')];
	const {emulator, api} = await startWithApi(t, {config: {vms: {[VM]: first.address}}});
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', VMS);
	await api.untilUp('web', VM);
	const lb = emulator.get('web');
	t.is(await (await lb.fetch('/')).text(), 'first');

	await api.own('POST', 'vms', {id: VM, address: second.address});
	await api.untilUp('web', VM);

	t.is(await (await lb.fetch('/')).text(), 'second');
	t.deepEqual((await api.read('web'))?.['BackendVmIds'], [VM]);
});

test('a reload of "vms" moves what it changes, and leaves what was declared in other ways', async t => {
	const [first, second] = [await ownHttpServer(t, 'first'), await ownHttpServer(t, 'second')];
	const vms = {[VM]: first.address, 'i-0000000b': first.address};
	const {emulator, api, write} = await startFromFile(t, {vms});
	await api.own('POST', 'vms', {id: 'i-0000000c', address: second.address});
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [VM, 'i-0000000b', 'i-0000000c']});
	for (const vm of [VM, 'i-0000000b', 'i-0000000c']) await api.untilUp('web', vm);

	await write({backends: {fake: {kind: 'reply', body: 'fake'}}, vms: {[VM]: 'fake'}});
	await emulator.reload();

	await api.untilUp('web', VM);
	const health = await api.health('web');
	t.regex(health['i-0000000b'] ?? '', /^DOWN: lb-local does not know/, 'no longer declared');
	t.is(health['i-0000000c'], 'UP');
	const bodies = [];
	for (let i = 0; i < 4; i++) bodies.push(await (await emulator.get('web').fetch('/')).text());
	t.deepEqual([...new Set(bodies)].sort(), ['fake', 'second']);
	t.deepEqual(emulator.warnings, []);
});

test('two ids of one machine are one back-end, and it stays while one of them does', async t => {
	const server = await ownHttpServer(t, 'hello');
	const config = {backends: {app: server.address}, vms: {[VM]: 'app', 'i-0000000b': 'app'}};
	const {emulator, api} = await startWithApi(t, {config});
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', {...WEB, BackendVmIds: [VM, 'i-0000000b']});
	await api.untilUp('web', 'i-0000000b');

	t.deepEqual(await api.health('web'), {[VM]: 'UP', 'i-0000000b': 'UP'});
	t.deepEqual(Object.keys(emulator.get('web').health), ['app']);
	await api.ok('UnlinkLoadBalancerBackendMachines', VMS);
	t.deepEqual(await api.health('web'), {'i-0000000b': 'UP'});
	t.is(await (await emulator.get('web').fetch('/')).text(), 'hello');
});

test('with faithfulHealth a VM needs as many passes as the health check asks for', async t => {
	const server = await ownHttpServer(t, 'hello');
	const config = {control: {faithfulHealth: true}, vms: {[VM]: server.address}};
	const {emulator, api} = await startWithApi(t, {config, clock: 'manual'});
	await api.ok('CreateLoadBalancer', newLoadBalancer('web', [httpListener(80)]));
	const check = {Protocol: 'TCP', Port: 80, CheckInterval: 5, Timeout: 2, HealthyThreshold: 3, UnhealthyThreshold: 2};
	await api.ok('UpdateLoadBalancer', {...WEB, HealthCheck: check});
	await api.ok('LinkLoadBalancerBackendMachines', VMS);

	const seen: string[] = [];
	for (let beat = 0; beat < 4; beat++) {
		await emulator.clock.advance('5s');
		seen.push(((await api.health('web'))[VM] ?? '').slice(0, 4));
	}

	t.is(seen.at(-1), 'UP');
	t.is(seen[0], 'DOWN', 'one pass is not enough');
	t.true((emulator.get('web').backends[0]?.health.passes ?? 0) >= 3);
	t.is(emulator.get('web').backends[0]?.health.transitions[0]?.because, 'TCP:80 passed 3 times in a row');
});

test('a VM that is taken out by hand is DOWN for the API, whatever the probes say', async t => {
	const server = await ownHttpServer(t, 'hello');
	const {emulator, api} = await startWithApi(t, {config: {vms: {[VM]: server.address}}});
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', VMS);
	await api.untilUp('web', VM);

	await api.own('POST', 'health', {loadBalancer: 'web', backend: VM, state: 'OutOfService'});

	t.deepEqual(await api.health('web'), {[VM]: 'DOWN: Taken out of service by hand.'});
	t.is(emulator.get('web').health[VM], 'OutOfService');
	await api.own('POST', 'health', {loadBalancer: 'web', backend: VM, state: 'auto'});
	t.deepEqual(await api.health('web'), {[VM]: 'UP'});
});

test('without it the first pass is enough', async t => {
	const server = await ownHttpServer(t, 'hello');
	const {emulator, api} = await startWithApi(t, {config: {vms: {[VM]: server.address}}, clock: 'manual'});
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', VMS);

	await api.untilUp('web', VM);

	const [backend] = emulator.get('web').backends;
	t.is(backend?.health.transitions[0]?.because, 'TCP:80 passed for the first time');
});
