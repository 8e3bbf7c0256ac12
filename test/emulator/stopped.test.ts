import test from 'ava';
import {type LoadBalancer, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {pem} from '../helpers/project-certs.ts';

// What a method that is called after stop() could tell of its work would be wrong: it says that there is nothing to
// work on.

const CALLS: Readonly<Record<string, (lb: LoadBalancer) => unknown>> = {
	setHealth: lb => lb.setHealth('a', 'OutOfService'),
	settle: lb => lb.settle(),
	drain: lb => lb.drain('a'),
	update: lb => lb.update({backends: 2}),
	setCertificate: lb => lb.setCertificate(443, {cert: pem('web.test.crt'), key: pem('web.test.key')}),
	fetch: lb => lb.fetch('/'),
	connect: lb => lb.connect(443),
	port: lb => lb.port(443),
	url: lb => lb.url('/'),
	'backend().start': lb => lb.backend('a').start(),
};

for (const [name, call] of Object.entries(CALLS)) {
	test(`${name}() of a load balancer that has been stopped is an error with the code STOPPED`, async t => {
		const alone = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1});
		await using emulator = await startEmulator();
		const oneOfMany = await emulator.create({listeners: ['https:443 -> http:80'], backends: 1});
		const stoppedWithAll = await startEmulator();
		const oneOfAll = await stoppedWithAll.create({listeners: ['https:443 -> http:80'], backends: 1});
		await Promise.all([alone.stop(), oneOfMany.stop(), stoppedWithAll.stop()]);

		for (const lb of [alone, oneOfMany, oneOfAll]) {
			await t.throwsAsync(async () => call(lb), {code: 'STOPPED', message: /has been stopped$|is gone/});
		}
	});
}

test('what changes a load balancer is refused from the moment that stop() is called', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	const stopping = lb.stop();

	t.throws(() => lb.setHealth('a', 'OutOfService'), {code: 'STOPPED', message: 'Load balancer "lb" has been stopped'});
	for (const name of ['settle', 'drain', 'update']) {
		await t.throwsAsync(async () => CALLS[name]?.(lb), {code: 'STOPPED'}, name);
	}
	await stopping;
	t.is(lb.backends[0]?.operator, 'auto');
});

test('settle() that is under way when the load balancer is stopped says so', async t => {
	const lb = await startLoadBalancer({
		listeners: ['tcp:80'],
		backends: [{kind: 'tcp', mode: 'sink'}],
		// The probe waits for an answer that never comes, by a clock that nobody moves.
		healthCheck: {target: 'HTTP:80/'},
		clock: 'manual',
	});
	const settling = t.throwsAsync(lb.settle(), {code: 'STOPPED'});

	await lb.stop();

	await settling;
});

test('stop() may be called again, and what happened can still be read', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 2});
	await (await lb.fetch('/')).text();
	const received = lb.backend('a').received.length;

	await Promise.all([lb.stop(), lb.stop()]);
	await lb.stop();

	t.is(received, 1);
	t.deepEqual(lb.traffic.order(), ['a']);
	t.deepEqual(
		lb.backends.map(({name, kind}) => [name, kind]),
		[
			['a', 'echo'],
			['b', 'echo'],
		],
	);
	t.is(lb.backend('a').received.length, 1);
	t.deepEqual(lb.health, {a: 'InService', b: 'InService'});
	t.is(lb.listeners.length, 1);
	await t.notThrowsAsync(lb.backend('a').stop());
});

test('a back-end that left with an update is not started again by a handle that somebody kept', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 2});
	t.teardown(() => lb.stop());
	const kept = lb.backend('b');
	const url = new URL(kept.url);
	await lb.update({backends: 1});
	// Whoever was let go is stopped in the turns after the change.
	await t.throwsAsync(
		async () => {
			for (;;) await (await fetch(url)).text();
		},
		{instanceOf: TypeError},
	);

	await t.throwsAsync(kept.start(), {code: 'STOPPED', message: 'Back-end "b" is gone with its load balancer'});
});

test('an emulator that has been stopped refuses what would need it', async t => {
	for (const port of [undefined, 0]) {
		const emulator = await startEmulator({
			config: {loadBalancers: {web: {listeners: ['http:80']}}},
			...(port === 0 ? {port} : {}),
		});
		await emulator.stop();
		await emulator.stop();

		const calls = {
			create: () => emulator.create({listeners: ['http:80']}),
			get: async () => emulator.get('web'),
			reload: () => emulator.reload(),
			reset: () => emulator.reset(),
			reopenAccessLogs: () => emulator.reopenAccessLogs(),
		};
		for (const [name, call] of Object.entries(calls)) {
			await t.throwsAsync(call, {code: 'STOPPED', message: 'The emulator has been stopped'}, name);
		}
		t.deepEqual(emulator.loadBalancers, []);
	}
});
