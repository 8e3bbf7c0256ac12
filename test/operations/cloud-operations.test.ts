import test from 'ava';
import {EmulatorError} from '../../src/base/errors.ts';
import {stateOf} from '../../src/model/life.ts';
import type {NormalisedAddress} from '../../src/model/normalised.ts';
import {registerBackends} from '../../src/operations/backends.ts';
import type {Operate} from '../../src/operations/context.ts';
import {declareVm} from '../../src/operations/declare-vm.ts';
import {addListeners, type NewListener} from '../../src/operations/listeners.ts';
import {createLoadBalancer, deleteLoadBalancer} from '../../src/operations/load-balancers.ts';
import {ONE_PLACE} from '../../src/operations/placement.ts';
import {addTags, OUTSCALE_TAGS} from '../../src/operations/tags.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {MemoryStore} from '../helpers/memory-store.ts';

function storeOf(options: {readonly lifecycleMs?: number} = {}) {
	const clock = new HandClock();
	const memory = new MemoryStore({clock, ...options});
	const store = {change: <Result>(operation: Operate<Result>) => memory.change([], operation)};
	return {memory, clock, store};
}

function listener(port: number): NewListener {
	return {protocol: 'http', port, backendProtocol: 'http', backendPort: port, certificate: undefined};
}

function creation(name: string) {
	return createLoadBalancer({
		name,
		listeners: [listener(80)],
		subregions: ['eu-west-2a'],
		subnets: [],
		securityGroups: [],
		placeRules: ONE_PLACE,
		scheme: undefined,
		publicIp: undefined,
		tags: [],
		tagRules: OUTSCALE_TAGS,
	});
}

const address = (name: string, port: number): NormalisedAddress => ({
	kind: 'address',
	name,
	host: '127.0.0.1',
	port,
	ports: new Map(),
});

test('a load balancer runs as soon as it is described, with the defaults of the cloud', async t => {
	const {store, memory} = storeOf();

	await store.change(creation('web'));

	const described = memory.running.get('web');
	t.deepEqual(described?.listeners[0]?.ports, {protocol: 'http', port: 80, backendProtocol: 'http', backendPort: 80});
	t.like(described, {source: {}, faithfulHealth: false, drainingMs: undefined, backends: []});
	t.like(described?.healthCheck, {protocol: 'tcp', port: 80, intervalMs: 30_000, healthyThreshold: 10});
	t.is(memory.account.loadBalancers.get('web')?.dnsName, 'web-954435761.eu-west-2.lbu.outscale.com');
});

test('what the data plane cannot do has not been described', async t => {
	const {store, memory} = storeOf();
	await store.change(creation('web'));
	const before = memory.account;
	memory.failures.set('web', new EmulatorError('PORT_UNAVAILABLE', 'nginx holds the port', {hint: 'Stop it.'}));

	const error = await t.throwsAsync(store.change(addListeners({loadBalancer: 'web', listeners: [listener(81)]})), {
		message: 'nginx holds the port. Stop it.',
		code: 'PORT_UNAVAILABLE',
	});

	t.truthy(error);
	t.deepEqual(memory.account, before);
	t.deepEqual(memory.running.get('web')?.listeners.length, 1);
});

test('a command that touches several load balancers is taken back from all of them', async t => {
	const {store, memory} = storeOf();
	for (const name of ['a', 'b', 'c']) {
		await store.change(creation(name));
		await store.change(registerBackends({loadBalancer: name, vmIds: ['i-00000001'], ips: []}));
	}
	const before = memory.account;
	memory.failures.set('c', new EmulatorError('NO_SUCH_BACKEND', 'not now'));

	await t.throwsAsync(store.change(declareVm({id: 'i-00000001', backend: address('i-00000001', 3000)})), {
		code: 'DATA_PLANE_REFUSED',
	});

	t.deepEqual(memory.account, before);
	t.is(memory.account.vms.size, 0);
	for (const name of ['a', 'b', 'c']) {
		t.deepEqual(memory.running.get(name)?.backends, [{kind: 'undeclared', name: 'i-00000001'}]);
	}
});

test('a VM id means what it was declared to be, before and after its registration', async t => {
	const {store, memory} = storeOf();
	await store.change(creation('web'));
	await store.change(declareVm({id: 'i-00000001', backend: address('api', 3000)}));
	await store.change(registerBackends({loadBalancer: 'web', vmIds: ['i-00000001', 'i-00000002'], ips: ['10.0.0.9']}));

	t.deepEqual(memory.running.get('web')?.backends, [
		address('api', 3000),
		{kind: 'undeclared', name: 'i-00000002'},
		{kind: 'address', name: '10.0.0.9', host: '10.0.0.9', port: undefined, ports: new Map()},
	]);
	t.deepEqual(memory.running.get('web')?.pendingBackends, new Set(['api', 'i-00000002', '10.0.0.9']));

	await store.change(declareVm({id: 'i-00000002', backend: address('i-00000002', 3001)}));
	t.deepEqual(memory.running.get('web')?.backends[1], address('i-00000002', 3001));
});

test('the data plane is not asked for what it does not see', async t => {
	const {store, memory} = storeOf();
	await store.change(creation('web'));
	await store.change(creation('other'));
	memory.calls.length = 0;

	await store.change(addTags({loadBalancers: ['web'], tags: [{key: 'a', value: 'b'}], tagRules: OUTSCALE_TAGS}));
	t.deepEqual(memory.calls, []);

	await store.change(addListeners({loadBalancer: 'web', listeners: [listener(81)]}));
	t.deepEqual(memory.calls, ['apply web']);
});

test('200 listeners added at once are all there, each on its own port', async t => {
	const {store, memory} = storeOf();
	await store.change(creation('web'));
	const ports = Array.from({length: 200}, (_, index) => 1000 + index);

	await Promise.all(ports.map(port => store.change(addListeners({loadBalancer: 'web', listeners: [listener(port)]}))));

	const described = memory.running.get('web')?.listeners.map(({ports: {port}}) => port);
	t.deepEqual(described, [80, ...ports]);
	const ids = memory.account.loadBalancers.get('web')?.listeners.map(({id}) => id);
	t.is(new Set(ids).size, 201);
});

test('a life takes the time it is given, and its name is free when it is over', async t => {
	const {store, clock, memory} = storeOf({lifecycleMs: 1000});
	const state = () => {
		const loadBalancer = memory.account.loadBalancers.get('web');
		return loadBalancer && stateOf(loadBalancer.life, memory.context());
	};
	const states = [];
	await store.change(creation('web'));
	for (let step = 0; step < 3; step++) {
		states.push(state());
		await clock.advance(500);
	}
	await store.change(addListeners({loadBalancer: 'web', listeners: [listener(81)]}));
	states.push(state());
	await clock.advance(1000);
	states.push(state());
	await store.change(deleteLoadBalancer({name: 'web'}));
	states.push(state());
	t.is(memory.running.size, 0);
	await t.throwsAsync(store.change(creation('web')), {code: 'LOAD_BALANCER_NAME_TAKEN'});
	await t.throwsAsync(store.change(deleteLoadBalancer({name: 'web'})), {code: 'LOAD_BALANCER_NOT_READY'});
	await clock.advance(1000);
	states.push(state());

	t.deepEqual(states, ['provisioning', 'starting', 'active', 'reconfiguring', 'active', 'deleting', undefined]);
	await t.notThrowsAsync(store.change(creation('web')));
});
