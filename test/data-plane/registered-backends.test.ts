import test, {type ExecutionContext} from 'ava';
import {RegisteredBackends} from '../../src/data-plane/registered-backends.ts';
import type {HealthChange} from '../../src/data-plane/services.ts';
import type {ResolvedLoadBalancer} from '../../src/model/resolved.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {eventually, within} from '../helpers/patience.ts';
import {deadPort} from '../helpers/ports.ts';
import {checkOf, type Probed, startProbed} from '../helpers/probing.ts';
import {advisorOf, resolvedBackend, resolvedLoadBalancer, servicesOf} from '../helpers/running-pieces.ts';

const CHECK = checkOf('TCP:80', {intervalMs: 5000, healthyThreshold: 2, unhealthyThreshold: 2});

/** What is registered with a load balancer of this description, and what is told of its health. */
function register(t: ExecutionContext, more: Partial<ResolvedLoadBalancer> = {}) {
	const clock = new HandClock();
	const changes: HealthChange[] = [];
	const described = (other: Partial<ResolvedLoadBalancer> = {}) =>
		resolvedLoadBalancer({healthCheck: CHECK, ...more, ...other});
	const services = servicesOf(clock, change => changes.push(change));
	const registered = new RegisteredBackends(described(), services, advisorOf(services));
	t.teardown(() => registered.stopProbing());
	const update = (other: Partial<ResolvedLoadBalancer> = {}) => registered.update(described(other));
	return {registered, update, clock, changes, probes: () => registered.all.map(({health}) => health.probes)};
}

async function alive(t: ExecutionContext): Promise<Probed> {
	const started = await startProbed(socket => void socket.resume());
	t.teardown(() => started[Symbol.asyncDispose]());
	return started;
}

const names = (backends: readonly {readonly name: string}[]) => backends.map(({name}) => name);

const [A, B, C] = [resolvedBackend('a', 1), resolvedBackend('b', 2), resolvedBackend('c', 3)];
const VM = resolvedBackend('i-0000000a', 4, {startsPending: true, undeclared: true});

test('nothing is registered before the first update', t => {
	t.deepEqual(register(t, {backends: [A]}).registered.all, []);
});

test('back-ends are registered in the order in which they are described', t => {
	const {registered, update} = register(t);

	t.deepEqual(update({backends: [B, A, C]}), []);

	t.deepEqual(names(registered.all), ['b', 'a', 'c']);
	t.deepEqual(
		registered.all.map(({order}) => order),
		[0, 1, 2],
	);
});

test('a back-end that is described as before stays the very one, in its place, whatever order is described', t => {
	const {registered, update} = register(t);
	update({backends: [A, B]});
	const [a, b] = registered.all;

	t.deepEqual(update({backends: [C, {...B, ports: new Map()}, A]}), []);

	t.deepEqual(names(registered.all), ['a', 'b', 'c']);
	t.is(registered.all[0], a);
	t.is(registered.all[1], b);
});

test('a back-end that is described otherwise is another one, which comes last', t => {
	const {registered, update} = register(t);
	update({backends: [A, B]});
	const [a] = registered.all;

	t.deepEqual(update({backends: [{...A, port: 9}, B]}), a === undefined ? [] : [a]);

	t.deepEqual(
		registered.all.map(({name, order, description}) => [name, order, description.port]),
		[
			['b', 1, 2],
			['a', 2, 9],
		],
	);
});

test('what is no longer registered is told, and nothing else has happened to it', t => {
	const {registered, update} = register(t);
	update({backends: [A, B, C]});
	const [a, , c] = registered.all;

	const removed = update({backends: [B]});

	t.deepEqual(names(removed), ['a', 'c']);
	t.is(removed[0], a);
	t.is(removed[1], c);
	t.true(a?.inService);
	t.deepEqual(names(registered.all), ['b']);
});

test('a place in the order is not given twice', t => {
	const {registered, update} = register(t);
	update({backends: [A, B]});
	update({backends: [A]});
	update({backends: [A, B]});

	t.deepEqual(
		registered.all.map(({order}) => order),
		[0, 2],
	);
});

test('a back-end can be removed by itself, once', t => {
	const {registered, update} = register(t);
	update({backends: [A, B]});
	const [a] = registered.all;
	if (a === undefined) return t.fail();

	t.true(registered.remove(a));
	t.deepEqual(names(registered.all), ['b']);
	t.false(registered.remove(a));
});

const STARTS: readonly (readonly [what: string, more: Partial<ResolvedLoadBalancer>, inService: readonly boolean[]])[] =
	[
		['a back-end starts in service, unless it says otherwise', {}, [true, false, false]],
		['with the health of the cloud every back-end starts pending', {faithfulHealth: true}, [false, false, false]],
	];

for (const [what, more, inService] of STARTS) {
	test(what, t => {
		const {registered, update} = register(t, more);

		update({backends: [A, {...B, startsPending: true}, VM]});

		t.deepEqual(
			registered.all.map(backend => backend.inService),
			inService,
		);
	});
}

test('whether back-ends start pending is what the last description says', t => {
	const {registered, update} = register(t);
	update({backends: [A]});
	update({backends: [A, B], faithfulHealth: true});

	t.deepEqual(
		registered.all.map(({inService}) => inService),
		[true, false],
	);
});

test('what is pending is probed at once, all others at the next beat, and a VM that is nowhere never', async t => {
	const [atBeat, pending] = [await alive(t), await alive(t)];
	const {registered, update, clock, probes} = register(t);
	update({
		backends: [resolvedBackend('a', atBeat.port), resolvedBackend('b', pending.port, {startsPending: true}), VM],
	});

	await within('first probe', pending.accepted(1));
	await eventually(() => probes()[1] === 1, 'result of the first probe');
	await within('first probes', clock.advance(4999));
	t.deepEqual(probes(), [0, 1, 0]);
	t.is(atBeat.sockets.length, 0);
	await within('a beat', clock.advance(1));
	await within('another beat', clock.advance(5000));

	t.deepEqual(probes(), [2, 3, 0]);
	t.true(registered.all[1]?.inService);
});

test('the operator brings in service what is pending, but not a VM that is nowhere, and the reason says why', async t => {
	const [{port}, dead] = [await alive(t), await deadPort(t)];
	const {registered, update, changes} = register(t);
	update({
		backends: [
			resolvedBackend('described', port),
			resolvedBackend('alive', port, {startsPending: true}),
			resolvedBackend('dead', dead, {startsPending: true}),
			VM,
		],
	});
	const inService = () => registered.all.map(backend => backend.inService);
	t.deepEqual(inService(), [true, false, false, false]);
	t.is(registered.all[1]?.reason.description, 'Instance registration is pending');

	await eventually(() => changes.length > 0, 'change of health');
	t.deepEqual(
		changes.map(({backend}) => backend),
		['alive'],
	);
	for (const backend of registered.all) backend.operator = 'InService';
	await within('settled health', registered.settle());

	t.deepEqual(inService(), [true, true, true, false]);
	t.regex(
		registered.all[3]?.reason.description ?? '',
		/does not know where i-0000000a is: .*lb-local set vm i-0000000a/,
	);
	t.is(registered.all[3]?.health.probes, 0);
});

test('a pending back-end is probed without waiting for a beat', async t => {
	const backend = await alive(t);
	const {update} = register(t);

	update({backends: [resolvedBackend('a', backend.port, {startsPending: true})]});

	await within('probe', backend.accepted(1));
	t.is(backend.sockets.length, 1);
});

test('one pass brings what is pending in service, and with the health of the cloud the threshold does', async t => {
	const {port} = await alive(t);
	for (const [faithfulHealth, needed] of [
		[false, 1],
		[true, 2],
	] as const) {
		const {registered, update} = register(t, {faithfulHealth});
		update({backends: [resolvedBackend('a', port, {startsPending: true})]});

		await within('settled health', registered.settle());

		t.is(
			registered.all[0]?.health.transitions[0]?.because,
			`TCP:80 passed ${needed === 1 ? 'for the first time' : '2 times in a row'}`,
		);
	}
});

test('a change of health is told once, with the back-end, its load balancer and the reason', async t => {
	const [{port}, dead] = [await alive(t), await deadPort(t)];
	const {registered, update, changes} = register(t, {name: 'web'});
	update({backends: [resolvedBackend('dead', dead), resolvedBackend('alive', port)]});

	t.deepEqual(await within('settled health', registered.settle()), []);
	await within('settled health', registered.settle());

	t.deepEqual(
		changes.map(({loadBalancer, backend, transition: {from, to}}) => [loadBalancer, backend, from, to]),
		[['web', 'dead', 'InService', 'OutOfService']],
	);
	t.is(changes[0]?.transition, registered.all[0]?.health.transitions[0]);
});

test('a back-end that is no longer registered is not probed any more', async t => {
	const backend = await alive(t);
	const {registered, update, clock} = register(t);
	const [one, two, three] = ['a', 'b', 'c'].map(name => resolvedBackend(name, backend.port));
	if (one === undefined || two === undefined || three === undefined) return t.fail();
	update({backends: [one, two, three]});
	const [a, b, c] = registered.all;

	update({backends: [two, three]});
	if (b !== undefined) registered.remove(b);
	await within('a beat', clock.advance(5000));

	t.deepEqual([a?.health.probes, b?.health.probes, c?.health.probes], [0, 0, 1]);
	t.is(backend.sockets.length, 1);
});

test('another check is taken, with a beat of its own from then on', async t => {
	const {port} = await alive(t);
	const {update, clock, probes} = register(t);
	const backends = [resolvedBackend('a', port)];
	update({backends});
	await clock.advance(4000);

	update({backends, healthCheck: {...CHECK, intervalMs: 3000}});
	await within('no beat', clock.advance(2999));
	t.deepEqual(probes(), [0]);
	await within('a beat', clock.advance(1));

	t.deepEqual(probes(), [1]);
});

test('a check that is the same again does not start its beat anew', async t => {
	const {port} = await alive(t);
	const {update, clock, probes} = register(t);
	const backends = [resolvedBackend('a', port)];
	update({backends});
	await clock.advance(4000);

	update({backends, healthCheck: {...CHECK}});
	await within('a beat', clock.advance(1000));

	t.deepEqual(probes(), [1]);
});

test('nothing is probed once probing has been stopped', async t => {
	const backend = await alive(t);
	const {registered, update, clock} = register(t);
	update({backends: [resolvedBackend('a', backend.port)]});

	await within('end of the probes', registered.stopProbing());
	await clock.advance(10_000);
	update({backends: [resolvedBackend('a', backend.port), resolvedBackend('b', backend.port, {startsPending: true})]});

	t.deepEqual(names(await within('settled health', registered.settle())), ['a']);
	t.is(clock.waiting, 0);
	t.is(backend.sockets.length, 0);
});
