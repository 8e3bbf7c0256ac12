import {inspect} from 'node:util';
import test from 'ava';
import {type Emulator, type LoadBalancer, startEmulator} from '../../src/index.ts';
import {authority, startWithApi} from '../helpers/emulator-scene.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';
import {ownHttpServer} from '../helpers/own-servers.ts';

const WEB = {name: 'web', listeners: ['http:80'], backends: 1} as const;

const names = ({loadBalancers}: Emulator) => loadBalancers.map(({name}) => name).sort();

const statusOf = async (lb: LoadBalancer) => (await lb.fetch('/')).status;

test('each scope has its own load balancers under the same names, and the emulator has all of them', async t => {
	await using emulator = await startEmulator();
	const [one, two] = [emulator.scope('worker-1'), emulator.scope('worker-2')];

	const [mine, yours] = await Promise.all([one.create(WEB), two.create(WEB)]);

	t.deepEqual([mine.name, yours.name], ['worker-1-web', 'worker-2-web']);
	t.deepEqual(
		[names(one), names(two), names(emulator)],
		[['worker-1-web'], ['worker-2-web'], ['worker-1-web', 'worker-2-web']],
	);
	t.is(one.get('web'), mine);
	t.is(emulator.get('worker-2-web'), yours);
	t.is(await statusOf(mine), 200);
	t.is(mine.traffic.length, 1);
	t.is(yours.traffic.length, 0);
});

test('a scope of a name that begins like another one has nothing of it', async t => {
	await using emulator = await startEmulator();
	const [one, ten] = [emulator.scope('worker-1'), emulator.scope('worker-10')];
	await one.create(WEB);
	await ten.create(WEB);

	await one.reset();

	t.deepEqual([names(one), names(ten)], [[], ['worker-10-web']]);
});

test('a reset of a scope leaves the others as they are: traffic, health and all', async t => {
	await using emulator = await startEmulator({
		config: {
			backends: {a: {kind: 'echo'}},
			loadBalancers: {
				'w1-kept': {listeners: ['http:80'], backends: ['a']},
				other: {listeners: ['http:80'], backends: ['a']},
			},
		},
	});
	const [one, two] = [emulator.scope('w1'), emulator.scope('w2')];
	await one.create(WEB);
	const yours = await two.create(WEB);
	await statusOf(yours);
	yours.setHealth('a', 'OutOfService');
	const other = emulator.get('other');
	await statusOf(other);
	const kept = one.get('kept');
	const port = kept.port(80);
	await statusOf(kept);
	kept.setHealth('a', 'OutOfService');

	await one.reset();

	t.deepEqual(names(emulator), ['other', 'w1-kept', 'w2-web']);
	t.is(one.get('kept').port(80), port, 'what is as the configuration has it goes on running');
	t.is(kept.traffic.length, 0);
	t.is(await statusOf(one.get('kept')), 200);
	t.is(yours.traffic.length, 1);
	t.deepEqual(yours.health, {a: 'OutOfService'});
	t.is(other.traffic.length, 1);
});

test('a stop of a scope stops its load balancers, and nothing else', async t => {
	await using emulator = await startEmulator();
	const [one, two] = [emulator.scope('w1'), emulator.scope('w2')];
	await one.create(WEB);
	const yours = await two.create(WEB);

	await one.stop();
	await one.stop();

	t.deepEqual(names(emulator), ['w2-web']);
	t.is(await statusOf(yours), 200);
	const error = await t.throwsAsync(() => one.create(WEB), {code: 'STOPPED'});
	t.is(error?.message, 'The scope "w1-" has been stopped');
	t.throws(() => one.get('web'), {code: 'STOPPED'});
	await t.throwsAsync(() => one.reset(), {code: 'STOPPED'});
	await two.create({...WEB, name: 'more'});
	t.deepEqual(names(two), ['w2-more', 'w2-web']);
});

test('events of a scope are those of its load balancers', async t => {
	await using emulator = await startEmulator();
	const [one, two] = [emulator.scope('w1'), emulator.scope('w2')];
	const heard: string[] = [];
	one.events.on('exchange', ({loadBalancer}) => heard.push(loadBalancer));
	one.events.on('exchange', ({loadBalancer}) => heard.push(loadBalancer));
	const [mine, yours] = [await one.create(WEB), await two.create(WEB)];

	await statusOf(yours);
	await statusOf(mine);

	t.deepEqual(heard, ['w1-web', 'w1-web']);
	await one.stop();
	t.is(emulator.events.listenerCount('exchange'), 0);
});

test('forty scopes that listen are no leak', async t => {
	const warned: Error[] = [];
	const onWarning = (warning: Error) => warned.push(warning);
	process.on('warning', onWarning);
	t.teardown(() => process.off('warning', onWarning));
	await using emulator = await startEmulator();
	for (let number = 0; number < 40; number++) emulator.scope(`w${number}`).events.on('exchange', () => {});
	await new Promise(resolve => setImmediate(resolve));
	t.deepEqual(warned, []);
});

test('a scope in a scope has both prefixes', async t => {
	await using emulator = await startEmulator();
	const inner = emulator.scope('ci').scope('w1-');
	t.is((await inner.create({listeners: ['http:80']})).name, 'ci-w1-lb');
	t.deepEqual(names(inner), ['ci-w1-lb']);
	t.regex(inspect(inner), /ci-w1-/);
});

test('an unknown name is told with what there is in the scope', async t => {
	await using emulator = await startEmulator();
	const one = emulator.scope('w1');
	await one.create(WEB);
	await emulator.create({...WEB, name: 'wob'});
	const error = t.throws(() => one.get('wob'), {code: 'NO_SUCH_LOAD_BALANCER'});
	t.is(error?.message, 'No load balancer is named "wob" in the scope "w1-"; there is "web"');
	t.like(error, {hint: 'did you mean "web"?'});
});

for (const prefix of ['', '-', '-a', 'a b', 'w/1', 'a'.repeat(31), undefined, 3]) {
	test(`the prefix ${inspect(prefix).slice(0, 10)} cannot begin a name`, async t => {
		await using emulator = await startEmulator();
		// As a caller without types may.
		t.throws(() => emulator.scope(prefix as string), {
			code: 'INVALID_DESCRIPTION',
			message: /^The scope is not valid:\n {2}prefix: .* cannot begin/,
		});
	});
}

test('a name that is too long with its prefix is refused, and what is no spec as everywhere', async t => {
	await using emulator = await startEmulator();
	const one = emulator.scope('a'.repeat(30));
	await t.throwsAsync(() => one.create(WEB), {code: 'INVALID_DESCRIPTION', message: /name/});
	for (const nonsense of [undefined, null, 3, []]) {
		// As a caller without types may.
		await t.throwsAsync(() => one.create(nonsense as unknown as typeof WEB), {code: 'INVALID_DESCRIPTION'});
	}
	t.deepEqual(names(emulator), []);
});

test('POST /_lb/reset {prefix} resets what another process made under that prefix', async t => {
	const {emulator, api} = await startWithApi(t);
	for (const name of ['w3-web', 'w3-shop', 'w30-web']) await api.send('CreateLoadBalancer', newLoadBalancer(name));
	const {cert, key} = authority.issue({names: ['w3.test']});
	for (const Name of ['w3-site', 'w30-site'])
		await api.send('CreateServerCertificate', {Name, Body: cert, PrivateKey: key});
	await statusOf(emulator.get('w3-web'));
	await statusOf(emulator.get('w30-web'));
	const calls = emulator.calls.length;

	await api.own('POST', 'reset', {prefix: 'w3'});

	t.deepEqual(names(emulator), ['w30-web']);
	t.is(emulator.get('w30-web').traffic.length, 1);
	t.is(emulator.calls.length, calls, 'others have called as well');
	const {ServerCertificates} = JSON.parse((await api.send('ReadServerCertificates')).body);
	t.deepEqual(
		ServerCertificates.map(({Name}: {Name: string}) => Name),
		['w30-site'],
	);
	await api.own('POST', 'reset', {prefix: 'w30-'});
	t.deepEqual(names(emulator), []);
	await api.own('POST', 'reset');
	t.is(emulator.calls.length, 0);
});

const [MINE, SHARED, YOURS, MOVED, NOBODYS] = ['0a', '0b', '0c', '0d', '0e'].map(end => `i-000000${end}`);

test('a reset of a scope takes the VMs that are registered with its load balancers alone', async t => {
	const servers = await Promise.all(['configured', 'declared'].map(name => ownHttpServer(t, name)));
	const [configured = '', declared = ''] = servers.map(({address}) => address);
	const {emulator, api} = await startWithApi(t, {config: {vms: {[`${MOVED}`]: configured, [`${YOURS}`]: configured}}});
	for (const id of [MINE, SHARED, YOURS, MOVED, NOBODYS]) await api.own('POST', 'vms', {id, address: declared});
	const registered = {'w1-web': [MINE, SHARED, MOVED], 'w2-web': [SHARED, YOURS]};
	const link = async (LoadBalancerName: string, BackendVmIds: unknown) =>
		api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds});
	for (const [name, ids] of Object.entries(registered)) {
		await api.ok('CreateLoadBalancer', newLoadBalancer(name));
		await link(name, ids);
	}
	for (const id of [SHARED, YOURS]) await api.untilUp('w2-web', `${id}`);

	await emulator.scope('w1').reset();

	t.deepEqual(await api.health('w2-web'), {[`${SHARED}`]: 'UP', [`${YOURS}`]: 'UP'}, 'what others use stays');
	t.is(await (await emulator.get('w2-web').fetch('/')).text(), 'declared', 'and where others have moved it to');
	await api.ok('CreateLoadBalancer', newLoadBalancer('w1-again'));
	await link('w1-again', [MINE, MOVED, NOBODYS]);
	for (const id of [MOVED, NOBODYS]) await api.untilUp('w1-again', `${id}`);
	const health = await api.health('w1-again');
	t.regex(health[`${MINE}`] ?? '', /^DOWN: lb-local does not know where/, 'it went with its load balancer');
	t.is(health[`${NOBODYS}`], 'UP', 'what is registered nowhere is of no scope');
	const bodies = [];
	for (let n = 0; n < 4; n++) bodies.push(await (await emulator.get('w1-again').fetch('/')).text());
	t.deepEqual([...new Set(bodies)].sort(), ['configured', 'declared'], 'what the configuration has is back');
});

test('POST /_lb/reset {prefix} does the same, and leaves a VM that a rule of another load balancer names', async t => {
	const {address} = await ownHttpServer(t, 'here');
	const {api} = await startWithApi(t);
	for (const id of [MINE, SHARED]) await api.own('POST', 'vms', {id, address});
	for (const LoadBalancerName of ['w1-web', 'w2-web']) {
		await api.ok('CreateLoadBalancer', newLoadBalancer(LoadBalancerName));
		await api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName, BackendVmIds: [MINE, SHARED]});
	}
	await api.ok('CreateListenerRule', {
		Listener: {LoadBalancerName: 'w2-web', LoadBalancerPort: 80},
		ListenerRule: {ListenerRuleName: 'shared', Priority: 1, PathPattern: '/*'},
		VmIds: [SHARED],
	});
	await api.ok('UnlinkLoadBalancerBackendMachines', {LoadBalancerName: 'w2-web', BackendVmIds: [MINE, SHARED]});

	await api.own('POST', 'reset', {prefix: 'w1'});

	await api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName: 'w2-web', BackendVmIds: [MINE, SHARED]});
	await api.untilUp('w2-web', `${SHARED}`);
	t.regex((await api.health('w2-web'))[`${MINE}`] ?? '', /^DOWN: lb-local does not know where/);
});

test('the traffic of a scope is found by its prefix', async t => {
	const {emulator, api} = await startWithApi(t);
	await statusOf(await emulator.scope('w3').create(WEB));
	await statusOf(await emulator.scope('w30').create(WEB));
	const {summaries} = await api.own('GET', 'traffic?filter=lb:w3-*');
	t.deepEqual(
		summaries.map(({lb}: {lb: string}) => lb),
		['w3-web'],
	);
});

test('a reset of a prefix that no name can have is refused', async t => {
	const {emulator} = await startWithApi(t);
	await emulator.create(WEB);
	for (const body of ['{"prefix":""}', '{"prefix":"*"}', '{"prefix":3}', '{"prefixes":"w"}']) {
		const response = await fetch(`${emulator.endpoint}/_lb/reset`, {method: 'POST', body});
		t.is(response.status, 400, body);
	}
	t.deepEqual(names(emulator), ['web']);
});

test('eight workers that make, reset and ask at once never notice each other', async t => {
	await using emulator = await startEmulator();
	const worker = async (number: number) => {
		const own = emulator.scope(`w${number}`);
		for (let round = 0; round < 5; round++) {
			const lb = await own.create({...WEB, backends: [{kind: 'reply', name: 'a', body: `${number}`}]});
			if ((await (await lb.fetch('/')).text()) !== `${number}`) throw new Error('somebody else answered');
			if (names(own).length !== 1) throw new Error('somebody else is in this scope');
			await own.reset();
			if (names(own).length > 0) throw new Error('something is left');
		}
	};
	await Promise.all(Array.from({length: 8}, (_, number) => worker(number)));
	t.deepEqual(names(emulator), []);
});
