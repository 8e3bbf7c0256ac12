import {connect} from 'node:net';
import test from 'ava';
import {type Emulator, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {ControlPortApi, newLoadBalancer} from '../helpers/outscale-api.ts';
import {eventually, PATIENCE_MS, within} from '../helpers/patience.ts';

async function ready({endpoint}: Pick<Emulator, 'endpoint'>, query = '') {
	const response = await fetch(`${endpoint}/_lb/ready${query}`, {headers: {connection: 'close'}});
	return {status: response.status, ...((await response.json()) as Record<string, unknown>)};
}

function isOpen(port: number): Promise<boolean> {
	const socket = connect(port, '127.0.0.1');
	return new Promise(resolve => {
		socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
	}).then(answer => {
		socket.destroy();
		return answer === true;
	});
}

test('it is ready while all back-ends are out of service', async t => {
	await using emulator = await startEmulator({config: {loadBalancers: {web: {listeners: ['http:80'], backends: []}}}});

	t.like(await ready(emulator), {status: 200, ready: true, pid: process.pid});
	t.like(await ready(emulator, '?settled'), {status: 200, ready: true});
});

test('a stop says so at once, closes the listeners, lets exchanges finish, and closes the control port last', async t => {
	let finish = () => {};
	const emulator = await startEmulator();
	t.teardown(() => emulator.stop());
	const answer = new Promise<void>(resolve => {
		finish = resolve;
	});
	const lb = await emulator.create({
		listeners: ['http:80'],
		backends: [{kind: 'handler', handler: (_, response) => void answer.then(() => response.end('late'))}],
	});
	const port = lb.port(80);
	const inFlight = fetch(lb.url('/slow'));
	await lb.traffic.arrival(() => true, PATIENCE_MS);

	const stopped = emulator.stop({drainMs: 3_600_000});

	t.like(await ready(emulator), {status: 503, ready: false, reason: 'stopping', pid: process.pid});
	t.like(await ready(emulator, '?settled'), {status: 503, reason: 'stopping'});
	await eventually(async () => !(await isOpen(port)), 'closed listener');
	const live = await fetch(`${emulator.endpoint}/_lb/live`, {headers: {connection: 'close'}});
	t.is(live.status, 200);
	const state = await fetch(`${emulator.endpoint}/_lb/state`, {headers: {connection: 'close'}});
	t.is(state.status, 200);
	const refused = await new ControlPortApi(emulator).refusal('CreateLoadBalancer', newLoadBalancer('late'));
	t.regex(refused, /^409 .*stopped/);
	const reset = await fetch(`${emulator.endpoint}/_lb/reset`, {method: 'POST', headers: {connection: 'close'}});
	t.is(reset.status, 503);
	finish();
	t.is(await (await within('answer', inFlight)).text(), 'late');
	await within('stop', stopped);
	t.false(await isOpen(Number(new URL(emulator.endpoint).port)));
});

test('each back-end has to have had a verdict of its own for ?settled', async t => {
	await using emulator = await startEmulator({clock: 'manual'});
	const healthCheck = {target: 'TCP:80', interval: '5s', healthy: 2, unhealthy: 2} as const;
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: 2, healthCheck});

	t.like(await ready(emulator), {status: 200});
	t.like(await ready(emulator, '?settled'), {status: 503, reason: 'settling', undecided: ['web/a', 'web/b']});
	lb.setHealth('a', 'OutOfService');
	t.like(await ready(emulator, '?settled'), {status: 503, undecided: ['web/b']});
	await lb.backend('b').stop();
	await emulator.clock.advance('5s');
	t.like(await ready(emulator, '?settled'), {status: 503, undecided: ['web/b']});
	await emulator.clock.advance('5s');
	t.is(lb.health['b'], 'OutOfService');
	t.like(await ready(emulator, '?settled'), {status: 200, ready: true});
	await lb.backend('b').start();
	await emulator.clock.advance('5s');
	t.like(await ready(emulator, '?settled'), {status: 200}, 'a first verdict stays one');
});

test('a VM that nobody has said anything of is not waited for', async t => {
	await using emulator = await startEmulator({clock: 'manual'});
	const api = new ControlPortApi(emulator);
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	await api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName: 'web', BackendVmIds: ['i-0000000a']});

	t.like(await ready(emulator, '?settled'), {status: 200, ready: true});
});

test('a control port that is open says that everything is bound', async t => {
	// A port that the listener asks for: the control port comes after it, and cannot have taken it.
	const first = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	const port = first.port(80);
	await first.stop();

	const error = await t.throwsAsync(
		startLoadBalancer({listeners: [`http:${port}`], backends: 1, ports: 'exact', port}),
	);

	t.like(error, {code: 'PORT_UNAVAILABLE'});
	t.true(error?.message.includes('the control port'), error?.message);
	t.false(await isOpen(port));
});
