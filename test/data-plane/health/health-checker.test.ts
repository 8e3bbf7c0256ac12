import type {Socket} from 'node:net';
import test from 'ava';
import {Backend} from '../../../src/data-plane/backends/backend.ts';
import {HealthChecker, type HealthCheckerOptions} from '../../../src/data-plane/health/health-checker.ts';
import type {Health} from '../../../src/model/health.ts';
import {HandClock} from '../../helpers/hand-clock.ts';
import {answering, checkOf, services, startProbed} from '../../helpers/probing.ts';

const at = (port: number, start: 'in-service' | 'pending' = 'in-service', ports = new Map<number, number>()) =>
	new Backend({name: 'a', host: '127.0.0.1', port, ports}, 0, start);

function start(options: Partial<HealthCheckerOptions<Backend>> = {}) {
	const clock = new HandClock();
	const told: [Health['state'], string][] = [];
	const checker = new HealthChecker<Backend>({
		...services,
		clock,
		check: checkOf('HTTP:80/', {intervalMs: 1000, timeoutMs: 500}),
		firstSuccessSuffices: () => true,
		onProbed: ({health: {state, lastProbe}}) => told.push([state, lastProbe?.result ?? '']),
		...options,
	});
	return {clock, checker, told};
}

/** A back-end that answers with this status, which a test changes. */
async function startAnswering(status = 200) {
	const state = {status};
	const probed = await startProbed(socket =>
		answering(`HTTP/1.1 ${state.status} X\r\nContent-Length: 0\r\n\r\n`)(socket),
	);
	return Object.assign(probed, {state, checked: at(probed.port)});
}

test('each back-end is probed once in each interval, whether it is healthy or not', async t => {
	await using good = await startAnswering(200);
	await using bad = await startAnswering(503);
	const {clock, checker, told} = start();
	await using _ = checker;
	await checker.add(good.checked, 'at-next-beat');
	await checker.add(bad.checked, 'at-next-beat');

	await clock.advance(999);
	t.deepEqual(told, []);
	for (let beat = 0; beat < 4; beat++) await clock.advance(beat === 0 ? 1 : 1000);

	t.is(good.checked.health.probes, 4);
	t.like(bad.checked.health, {probes: 4, state: 'OutOfService', failures: 4});
	t.is(good.sockets.length, 4);
	t.is(bad.sockets.length, 4);
	t.is(told.length, 8);
});

test('a back-end goes out on its thresholds, and comes back on its thresholds', async t => {
	await using backend = await startAnswering(200);
	const {clock, checker, told} = start();
	await using _ = checker;
	await checker.add(backend.checked, 'at-next-beat');

	for (const status of [200, 500, 500, 200, 200]) {
		backend.state.status = status;
		await clock.advance(1000);
	}

	t.deepEqual(told, [
		['InService', 'pass'],
		['InService', 'HTTP 500'],
		['OutOfService', 'HTTP 500'],
		['OutOfService', 'pass'],
		['InService', 'pass'],
	]);
});

test('a pending back-end is probed at once, and its first success suffices unless told otherwise', async t => {
	await using backend = await startAnswering(200);
	for (const [firstSuccessSuffices, state] of [
		[true, 'InService'],
		[false, 'OutOfService'],
	] as const) {
		const {checker} = start({firstSuccessSuffices: () => firstSuccessSuffices});
		const checked = at(backend.port, 'pending');
		await checker.add(checked, 'at-once');

		t.like(checked.health, {state, probes: 1});
		await checker.stop();
	}
});

test('a probe that is not over lets beats pass by, and holds up no other back-end', async t => {
	let asked: () => void = () => {};
	const connected = new Promise<void>(resolve => {
		asked = resolve;
	});
	let answer: () => void = () => {};
	await using slow = await startProbed((socket: Socket) => {
		socket.resume().once('data', asked);
		answer = () => socket.write('HTTP/1.1 200 OK\r\n\r\n');
	});
	await using good = await startAnswering(200);
	const {clock, checker} = start({check: checkOf('HTTP:80/', {intervalMs: 1000, timeoutMs: 60_000})});
	await using _ = checker;
	const hanging = at(slow.port);
	await checker.add(hanging, 'at-next-beat');
	await checker.add(good.checked, 'at-next-beat');

	const beats = [clock.advance(1000), connected, clock.advance(1000), clock.advance(1000)];
	await connected;
	await good.accepted(1);
	t.is(slow.sockets.length, 1);
	answer();
	await Promise.all(beats);

	t.is(slow.sockets.length, 1);
	t.is(hanging.health.probes, 1);
	const last = clock.advance(1000);
	await slow.accepted(2);
	answer();
	await last;
	t.true((good.checked.health.probes ?? 0) >= 2);
});

test('a back-end that hangs fails at its timeout, on the clock', async t => {
	const {clock, checker, told} = start();
	await using _ = checker;
	await using slow = await startProbed(socket => void socket.on('data', () => void clock.advance(500)));
	await checker.add(at(slow.port), 'at-next-beat');

	await clock.advance(1000);

	t.deepEqual(told, [['InService', 'no answer within 500 ms']]);
	t.is(clock.waiting, 1);
});

test('settle probes until the thresholds have decided, without moving the clock', async t => {
	await using good = await startAnswering(200);
	await using bad = await startAnswering(404);
	const {clock, checker} = start({check: checkOf('HTTP:80/', {healthyThreshold: 4, unhealthyThreshold: 3})});
	await using _ = checker;
	const pending = at(good.port, 'pending');
	await checker.add(pending, 'at-next-beat');
	await checker.add(bad.checked, 'at-next-beat');

	t.deepEqual(await checker.settle(), []);

	t.like(pending.health, {state: 'InService', probes: 4});
	t.like(bad.checked.health, {state: 'OutOfService', probes: 3});
	t.is(clock.now(), 0);
});

test('settle sees what changed just before, even where the thresholds had decided', async t => {
	await using backend = await startAnswering(200);
	await using other = await startAnswering(200);
	const {checker} = start();
	await using _ = checker;
	await checker.add(backend.checked, 'at-next-beat');
	await checker.add(other.checked, 'at-next-beat');
	await checker.settle();
	backend.state.status = 500;

	t.deepEqual(await checker.settle([backend.checked]), []);

	t.is(backend.checked.health.state, 'OutOfService');
	t.is(other.checked.health.probes, 2);
});

test('settle does not take a probe that was on its way for an answer', async t => {
	let answer: () => void = () => {};
	await using backend = await startProbed((socket: Socket) => {
		const write = (status: number) => socket.write(`HTTP/1.1 ${status} X\r\n\r\n`);
		socket.resume().once('data', () => {
			if (backend.sockets.length > 1) write(500);
		});
		if (backend.sockets.length === 1) answer = () => write(200);
	});
	const check = checkOf('HTTP:80/', {healthyThreshold: 1, unhealthyThreshold: 1});
	const {checker} = start({check});
	await using _ = checker;
	const checked = at(backend.port);
	void checker.add(checked, 'at-once');
	await backend.accepted(1);

	const settled = checker.settle();
	answer();
	await settled;

	t.like(checked.health, {state: 'OutOfService', probes: 2});
});

test('settle gives up a back-end whose results alternate, and names it', async t => {
	let count = 0;
	await using backend = await startProbed(socket =>
		answering(`HTTP/1.1 ${count++ % 2 === 0 ? 200 : 500} X\r\n\r\n`)(socket),
	);
	const {checker} = start();
	await using _ = checker;
	const checked = at(backend.port);
	await checker.add(checked, 'at-next-beat');

	t.deepEqual(await checker.settle(), [checked]);
});

test('a removed back-end is asked no more, and told of no more', async t => {
	await using backend = await startProbed(socket => void socket.resume());
	const {clock, checker, told} = start();
	await using _ = checker;
	const checked = at(backend.port);
	const first = checker.add(checked, 'at-once');
	await backend.accepted(1);
	const settled = checker.settle();

	checker.remove(checked);

	await first;
	t.deepEqual(await settled, []);
	await backend.closed();
	await clock.advance(5000);
	t.is(checked.health.probes, 0);
	t.is(backend.sockets.length, 1);
	t.deepEqual(told, []);
});

test('another target starts the count anew and drops the probe on its way; the interval counts from the change', async t => {
	await using slow = await startProbed(socket => void socket.resume());
	await using bad = await startAnswering(500);
	const {clock, checker, told} = start();
	await using _ = checker;
	const checked = at(bad.port, 'in-service', new Map([[80, slow.port]]));
	const first = checker.add(checked, 'at-once');
	await slow.accepted(1);

	checker.setCheck(checkOf('HTTP:81/', {intervalMs: 300}));
	await first;
	t.deepEqual(told, []);
	await clock.advance(300);

	t.like(checked.health, {state: 'InService', failures: 1});
	t.is(checked.health.lastProbe?.target, 'HTTP:81/');
	checker.setCheck(checkOf('HTTP:82/', {intervalMs: 300}));
	await clock.advance(300);
	t.like(checked.health, {state: 'InService', failures: 1});
	checker.setCheck(checkOf('HTTP:82/', {intervalMs: 100}));
	await clock.advance(100);
	t.like(checked.health, {state: 'OutOfService', failures: 2});
});

test('stopping in the midst of probes ends them, their sockets and timers, and says nothing', async t => {
	await using slow = await startProbed(socket => void socket.resume());
	const {clock, checker, told} = start();
	for (let i = 0; i < 30; i++) await checker.add(at(slow.port), 'at-next-beat');
	const beat = clock.advance(1000);
	await slow.accepted(30);
	const settled = checker.settle();

	await Promise.all([checker.stop(), checker.stop()]);

	await beat;
	t.is((await settled).length, 30);
	t.is(clock.waiting, 0);
	await slow.closed();
	t.deepEqual(told, []);
	await clock.advance(10_000);
	await checker.add(at(slow.port, 'pending'), 'at-once');
	checker.setCheck(checkOf('TCP:80'));
	t.is(clock.waiting, 0);
	t.is(slow.sockets.length, 30);
});

test('stopping between the turns of a large beat starts no more probes', async t => {
	await using backend = await startAnswering(200);
	const {clock, checker} = start();
	for (let i = 0; i < 200; i++) await checker.add(at(backend.port), 'at-next-beat');
	const beat = clock.advance(1000);

	await checker.stop();
	await beat;

	await backend.closed();
	t.true(backend.sockets.length < 200, String(backend.sockets.length));
});

test('hundreds of back-ends are all probed at a beat, and the event loop turns meanwhile', async t => {
	await using backend = await startAnswering(200);
	const {clock, checker, told} = start();
	await using _ = checker;
	for (let i = 0; i < 200; i++) await checker.add(at(backend.port), 'at-next-beat');
	let turns = 0;
	const count = () => {
		turns++;
		if (told.length < 200) setImmediate(count);
	};
	setImmediate(count);

	await clock.advance(1000);

	t.is(told.filter(([, result]) => result === 'pass').length, 200);
	t.true(turns > 20, String(turns));
});
