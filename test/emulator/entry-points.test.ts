import test from 'ava';
import {CONFIG, startFromFile} from '../helpers/emulator-scene.ts';
import {gatedCommand} from '../helpers/gated-command.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';

// One load balancer is changed through several entry points at once: the API, the library, the configuration.

test('a call that comes while the configuration is reloaded keeps what the reload brings', async t => {
	const {emulator, api, write} = await startFromFile(t);
	const command = await gatedCommand(t);
	const backends = {...CONFIG.backends, c: {kind: 'command', run: command.run}} as const;
	const web = {listeners: ['http:80', 'http:81'], backends: ['a', 'c']} as const;
	await write({...CONFIG, backends, loadBalancers: {web}});
	const reloading = emulator.reload();
	await command.reached;

	const linking = api.ok('LinkLoadBalancerBackendMachines', {
		LoadBalancerName: 'web',
		BackendVmIds: ['i-0000000b'],
	});
	// It has been read by the time that a later call is answered.
	await api.ok('ReadLoadBalancers');
	await command.open();
	await Promise.all([reloading, linking]);

	t.deepEqual(
		emulator.get('web').backends.map(({name}) => name),
		['a', 'c', 'b'],
	);
	t.deepEqual(
		emulator.get('web').listeners.map(({port}) => port),
		[80, 81],
	);
	const {LoadBalancers} = await api.ok('ReadLoadBalancers');
	t.is(LoadBalancers[0].BackendVmIds.length, 3);
	t.is(LoadBalancers[0].Listeners.length, 2);
});

test('a name that the library is about to give is not given by a call', async t => {
	const {emulator, api} = await startFromFile(t);
	const command = await gatedCommand(t);
	const creating = emulator.create({
		name: 'shop',
		listeners: ['http:82'],
		backends: [{kind: 'command', run: command.run}],
	});
	await command.reached;

	const second = api.send('CreateLoadBalancer', newLoadBalancer('shop'));
	await api.ok('ReadLoadBalancers');
	await command.open();

	const shop = await creating;
	const {status, body} = await second;
	t.is(status, 409);
	t.is(JSON.parse(body).Errors[0].Code, '9013');
	t.deepEqual(
		shop.listeners.map(({port}) => port),
		[82],
	);
});

test('a load balancer that starts slowly does not bring back an old configuration', async t => {
	const {emulator, write} = await startFromFile(t);
	const command = await gatedCommand(t);
	const creating = emulator.create({
		name: 'slow',
		listeners: ['http:80'],
		backends: [{kind: 'command', run: command.run}],
	});
	await command.reached;
	await write({
		...CONFIG,
		certificates: {fresh: {names: ['fresh.test']}},
		backends: {...CONFIG.backends, d: {kind: 'echo'}},
	});
	await emulator.reload();
	await command.open();
	await creating;

	const lb = await emulator.create({
		name: 'next',
		listeners: [{listen: 'https:443 -> http:80', certificate: 'fresh'}],
		backends: ['d'],
	});

	t.deepEqual(lb.listeners[0]?.certificate?.names, ['fresh.test']);
	// Kept by the configuration: it goes on when nobody uses it.
	const url = lb.backend('d').url;
	await lb.stop();
	t.is((await fetch(url)).status, 200);
});

test('the library changes what the API has made', async t => {
	const {emulator, api} = await startFromFile(t);
	await api.ok('CreateLoadBalancer', newLoadBalancer('shop'));
	await api.ok('LinkLoadBalancerBackendMachines', {
		LoadBalancerName: 'shop',
		BackendVmIds: ['i-0000000b', 'i-0000000c'],
	});
	const shop = emulator.get('shop');
	await shop.settle();

	await shop.update({rules: [{priority: 1, path: '/c', to: ['i-0000000c']}], idleTimeout: '5s'});

	t.is((await shop.fetch('/')).status, 200);
	t.is((await shop.fetch('/c')).status, 503, 'nobody has said where that VM is');
	const {ListenerRules} = await api.ok('ReadListenerRules');
	t.deepEqual(ListenerRules[0].VmIds, ['i-0000000c']);
	await api.ok('DeleteLoadBalancerListeners', {LoadBalancerName: 'shop', LoadBalancerPorts: [80]});
	await shop.update({backends: ['a'], rules: []});
	await shop.update({listeners: ['http:81']});
	t.is((await shop.fetch('/c')).status, 200);
	await t.throwsAsync(shop.update({backends: ['a', 'a']}), {code: 'INVALID_DESCRIPTION'});
});

test('a reset that is asked for during a reload goes back to what the reload brings', async t => {
	const {emulator, api, write} = await startFromFile(t);
	const command = await gatedCommand(t);
	const backends = {...CONFIG.backends, c: {kind: 'command', run: command.run}} as const;
	await write({...CONFIG, backends, loadBalancers: {web: {listeners: ['http:81'], backends: ['a', 'c']}}});
	const reloading = emulator.reload();
	await command.reached;

	const resetting = api.own('POST', 'reset');
	// It has been read by the time that a later call is answered.
	await api.ok('ReadLoadBalancers');
	await command.open();
	await reloading;
	await t.notThrowsAsync(resetting);

	t.deepEqual(
		emulator.get('web').listeners.map(({port}) => port),
		[81],
	);
	t.deepEqual(Object.keys(emulator.get('web').health), ['a', 'c']);
});
