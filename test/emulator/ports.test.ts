import {once} from 'node:events';
import {createServer} from 'node:net';
import test from 'ava';
import {bindingFor} from '../../src/emulator/ports.ts';
import {type ListenerSpec, type Notice, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {freePorts, heldPort} from '../helpers/ports.ts';

/** Told where the system shows it. */
const HOLDER = process.platform === 'linux' ? 'this process' : 'another process';

const HOST = '127.0.0.1';
const nobody = () => false;

test('a free port is asked for unless told otherwise, whatever the number', t => {
	for (const port of [1, 80, 443, 65_535]) {
		t.deepEqual(bindingFor({host: HOST, port, mode: 'free'}, nobody), {
			host: HOST,
			port: 0,
			fallbackPorts: [],
			fallsBackWhenTaken: false,
		});
	}
});

test('an exact port is that port or nothing', t => {
	t.deepEqual(
		bindingFor({host: HOST, port: 443, mode: 'exact'}, () => true),
		{
			host: HOST,
			port: 443,
			fallbackPorts: [],
			fallsBackWhenTaken: false,
		},
	);
});

test('a port falls back to itself + 10000, then to its neighbours, then to any', t => {
	const {port, fallbackPorts, fallsBackWhenTaken} = bindingFor({host: HOST, port: 443, mode: 'fallback'}, nobody);

	t.is(port, 443);
	t.deepEqual(fallbackPorts.slice(0, 2), [10_443, 10_444]);
	t.is(fallbackPorts.at(-1), 0);
	t.false(fallsBackWhenTaken, 'a stranger is an error');
	t.true(bindingFor({host: HOST, port: 443, mode: 'fallback-always'}, nobody).fallsBackWhenTaken);
});

test('a port of another load balancer is not even tried', t => {
	const taken = (_host: string, port: number) => port === 443 || port === 10_443;

	const {port, fallbackPorts, fallsBackWhenTaken} = bindingFor({host: HOST, port: 443, mode: 'fallback'}, taken);

	t.is(port, 10_444);
	t.false(fallbackPorts.includes(443) || fallbackPorts.includes(10_443));
	t.true(fallsBackWhenTaken);
});

for (const port of [55_535, 55_536, 60_000, 65_534, 65_535]) {
	test(`the fallbacks of ${port} are ports`, t => {
		const {fallbackPorts} = bindingFor({host: HOST, port, mode: 'fallback'}, nobody);

		t.true(fallbackPorts.every(each => Number.isInteger(each) && each >= 0 && each <= 65_535 && each !== port));
		t.is(fallbackPorts.at(-1), 0);
	});
}

const tcp = (port: number): ListenerSpec => `tcp:${port} -> tcp:80`;

test.serial('an exact port is bound', async t => {
	const [port = 0] = await freePorts(1);

	await using lb = await startLoadBalancer({listeners: [tcp(port)], ports: 'exact'});

	t.is(lb.port(port), port);
});

for (const ports of ['exact', 'fallback'] as const) {
	test.serial(`a stranger's port is an error that names it (${ports})`, async t => {
		const {port} = await heldPort(t);

		const error = await t.throwsAsync(startLoadBalancer({name: 'web', listeners: [tcp(port)], ports}), {
			code: 'PORT_UNAVAILABLE',
		});

		t.is(
			error?.message,
			`Cannot listen on 127.0.0.1:${port}, which listener tcp:${port} -> tcp:80 of load balancer "web" needs: ${HOLDER} holds the port`,
		);
	});
}

test.serial('a retry after the stranger has gone works', async t => {
	const {port, release} = await heldPort(t);
	const emulator = await startEmulator({ports: 'exact'});
	t.teardown(() => emulator.stop());
	await t.throwsAsync(emulator.create({name: 'web', listeners: [tcp(port)]}), {code: 'PORT_UNAVAILABLE'});
	await release();

	const lb = await emulator.create({name: 'web', listeners: [tcp(port)]});

	t.is(lb.port(port), port);
});

test.serial("fallback-always takes another port than a stranger's, and says so", async t => {
	const {port} = await heldPort(t);
	await using emulator = await startEmulator({ports: 'fallback-always'});

	const lb = await emulator.create({name: 'web', listeners: [tcp(port)]});

	t.not(lb.port(port), port);
	t.is(emulator.notices.length, 1);
	t.true(emulator.notices[0]?.startsWith(`web, tcp:${port} -> tcp:80: bound to ${lb.port(port)} in place of ${port}`));
});

test.serial('a port of another load balancer of the emulator falls back, and the notice says why', async t => {
	const [port = 0] = await freePorts(1);
	await using emulator = await startEmulator({ports: 'fallback'});
	const first = await emulator.create({name: 'first', listeners: [tcp(port)]});

	const second = await emulator.create({name: 'second', listeners: [tcp(port)]});

	t.is(first.port(port), port);
	t.not(second.port(port), port);
	t.deepEqual(emulator.notices.length, 1);
	t.regex(emulator.notices[0] ?? '', /^second, .* \(another load balancer here has it\)$/);
});

test.serial('the notice gives that reason too where a stranger holds the first fallback', async t => {
	const [port = 0] = await freePorts(1);
	const stranger = createServer().listen(port + 10_000, HOST);
	t.teardown(() => void stranger.close());
	// Where it is refused the port, yet another stranger has it.
	await Promise.race([once(stranger, 'listening'), once(stranger, 'error')]).catch(() => {});
	await using emulator = await startEmulator({ports: 'fallback'});
	await emulator.create({name: 'first', listeners: [tcp(port)]});

	const second = await emulator.create({name: 'second', listeners: [tcp(port)]});

	t.not(second.port(port), port + 10_000);
	t.regex(emulator.notices[0] ?? '', /^second, .* \(another load balancer here has it\)$/);
});

test.serial('an exact port of another load balancer of the emulator is an error', async t => {
	const [port = 0] = await freePorts(1);
	await using emulator = await startEmulator({ports: 'exact'});
	const first = await emulator.create({name: 'first', listeners: [tcp(port)]});

	await t.throwsAsync(emulator.create({name: 'second', listeners: [tcp(port)]}), {code: 'PORT_UNAVAILABLE'});

	t.is(first.port(port), port);
	t.is(emulator.loadBalancers.length, 1);
});

test.serial('each load balancer may have a loopback address of its own, and the same port', async t => {
	const [port = 0] = await freePorts(1);
	await using emulator = await startEmulator({ports: 'exact'});
	const first = await emulator.create({name: 'first', listeners: [tcp(port)]});
	try {
		const second = await emulator.create({name: 'second', listeners: [tcp(port)], address: '127.0.0.2'});
		t.deepEqual([first.port(port), second.port(port)], [port, port]);
		t.is(second.listeners[0]?.host, '127.0.0.2');
	} catch (error) {
		// macOS has 127.0.0.1 alone, and is told so.
		t.regex(String(error), /no such address/);
	}
});

test.serial('an address that this machine has not is an error that says so', async t => {
	// RFC 5737: an address of documentation.
	const starting = startLoadBalancer({listeners: ['tcp:25'], host: '192.0.2.1'});

	const error = await t.throwsAsync(starting, {code: 'PORT_UNAVAILABLE'});

	t.regex(error?.message ?? '', /Cannot listen on 192\.0\.2\.1.*this machine has no such address/);
});

test('a port that was taken in place of another is an event with its topic and load balancer', async t => {
	const emulator = await startEmulator({port: 0, ports: 'fallback-always'});
	t.teardown(() => emulator.stop());
	const {port} = await heldPort(t);
	const noticed = once(emulator.events, 'notice');

	await emulator.create({name: 'web', listeners: [`http:${port}`], backends: 1});

	const [notice] = (await noticed) as [Notice];
	t.like(notice, {level: 'note', topic: 'ports', loadBalancer: 'web'});
	t.deepEqual(emulator.notices, [notice.text]);
});
