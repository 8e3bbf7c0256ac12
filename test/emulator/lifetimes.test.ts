// A process of its own: it counts the process's children and listens for its warnings.
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import test from 'ava';
import {type Emulator, type LoadBalancer, type Outcome, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {runs} from '../helpers/depth.ts';
import {eventually} from '../helpers/patience.ts';
import {freePorts, heldPort, portOf, refusalAt} from '../helpers/ports.ts';
import {startStreamBackend} from '../helpers/raw-backend.ts';
import {open} from '../helpers/raw-connection.ts';
import {authority, trusting} from '../helpers/stream-pairs.ts';

/** Told where the system shows it. */
const HOLDER = process.platform === 'linux' ? 'this process' : 'another process';

const EVERYTHING = ['https:443 -> http:80', 'ssl:6379 -> tcp:6380', 'http:80', 'tcp:25'] as const;

/** What keeps the process busy, timers aside: those of the test runner come and go. */
function handles(): string[] {
	return process
		.getActiveResourcesInfo()
		.filter(kind => kind !== 'Timeout' && kind !== 'Immediate')
		.sort();
}

/** The same, once what earlier tests have closed is gone. */
async function quietHandles(): Promise<string[]> {
	for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
	return handles();
}

test.serial('after stop() the ports refuse and no handle is left', async t => {
	const before = await quietHandles();
	const lb = await startLoadBalancer({listeners: EVERYTHING, backends: 2, authority});
	const ports = lb.listeners.map(({boundPort}) => boundPort);
	await (await lb.fetch('/')).text();
	await (await lb.fetch('http://any.test/')).text();
	await lb.connect(6379);
	await lb.connect(25);
	await lb.backend('b').stop();

	await lb.stop();

	t.deepEqual(handles(), before);
	for (const port of ports) t.is(await refusalAt(port), 'ECONNREFUSED');
	t.is(lb.traffic.length, 4);
	t.true([...lb.traffic].every(({outcome}) => outcome !== 'open'));
});

test.serial('stopping twice is stopping once, at the same time and later', async t => {
	const lb = await startLoadBalancer({listeners: ['tcp:25'], backends: 1});
	await lb.connect(25);
	const port = lb.port(25);

	await Promise.all([lb.stop(), lb.stop()]);
	await lb.stop();
	await lb[Symbol.asyncDispose]();

	t.is(await refusalAt(port), 'ECONNREFUSED');
});

/** Moments at which a load balancer may be stopped, each reached for sure. */
const MOMENTS: Record<string, (lb: LoadBalancer) => Promise<Outcome>> = {
	async 'a handshake'(lb) {
		const socket = connect({port: lb.port(6379), host: '127.0.0.1'});
		socket.on('error', () => {});
		await once(socket, 'connect');
		socket.write(Buffer.from([0x16, 3, 1]));
		// The next one is accepted after it.
		await knockTls(lb);
		return 'drained';
	},
	async 'a connection attempt'(lb) {
		const client = await open({port: lb.port(26)});
		client.stream.resume();
		await eventually(() => [...lb.traffic].some(({listener}) => listener === 26));
		return 'drained';
	},
	async 'a stream'(lb) {
		const client = await open({port: lb.port(25)});
		client.stream.write('ping');
		await client.read(4);
		return 'drained';
	},
	async 'a request'(lb) {
		void lb.fetch('http://any.test/never').catch(() => {});
		await eventually(() => lb.traffic.length > 0 && lb.traffic.last().backend !== undefined);
		return 'drained';
	},
	async 'an idle keep-alive connection'(lb) {
		await (await lb.fetch('http://any.test/at-once')).text();
		return 'ok';
	},
};

async function knockTls(lb: LoadBalancer): Promise<void> {
	const client = await open({port: lb.port(6379), tls: trusting});
	client.stream.destroy();
}

for (const [moment, reach] of Object.entries(MOMENTS)) {
	test.serial(`stop() during ${moment} leaves nothing`, async t => {
		const before = await quietHandles();
		const silent = await startStreamBackend();
		const web = createServer({allowHalfOpen: true}, socket => {
			socket.on('error', () => {});
			socket.on('end', () => socket.end());
			socket.on('data', (chunk: Buffer) => {
				const text = chunk.toString();
				if (text === 'ping') socket.write('ping');
				else if (text.startsWith('GET /at-once')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
			});
		}).listen(0, '127.0.0.1');
		await once(web, 'listening');
		const lb = await startLoadBalancer({
			listeners: ['ssl:6379 -> tcp:25', 'tcp:25', 'tcp:26 -> ssl:26', 'http:80'],
			backends: [
				{kind: 'address', name: 'web', host: '127.0.0.1', ports: {25: portOf(web), 80: portOf(web), 26: silent.port}},
			],
			authority,
		});

		const expected = await reach(lb);
		await lb.stop();

		t.is([...lb.traffic].find(({outcome}) => outcome === expected)?.outcome, expected);
		t.true([...lb.traffic].every(({outcome}) => outcome !== 'open'));
		await silent[Symbol.asyncDispose]();
		web.close();
		t.deepEqual(await quietHandles(), before);
	});
}

/** An emulator with one TCP echo behind a plain listener. */
async function startEcho(): Promise<{emulator: Emulator; lb: LoadBalancer}> {
	const emulator = await startEmulator({authority});
	const lb = await emulator.create({listeners: ['tcp:25'], backends: [{kind: 'tcp', mode: 'echo'}]});
	return {emulator, lb};
}

test.serial('Emulator.stop({drainMs}) lets what is in flight finish, and takes nothing new', async t => {
	const {emulator, lb} = await startEcho();
	const port = lb.port(25);
	const client = await open({port});
	client.stream.write('ping');
	await client.read(4);

	const stopped = emulator.stop({drainMs: 60_000});
	t.is(await refusalAt(port), 'ECONNREFUSED');
	client.stream.write('pong');
	t.is((await client.read(4)).toString(), 'pong');
	client.stream.end();
	client.stream.resume();
	await stopped;

	t.is(lb.traffic.last().outcome, 'ok');
});

test.serial('Emulator.stop({drainMs}) cuts what has not finished by then', async t => {
	const {emulator, lb} = await startEcho();
	const client = await open({port: lb.port(25)});
	client.stream.write('ping');
	await client.read(4);
	client.stream.resume();
	const began = performance.now();

	await emulator.stop({drainMs: 200});

	t.is(await client.ending, 'ECONNRESET');
	t.true(performance.now() - began >= 190);
	t.is(lb.traffic.last().outcome, 'drained');
});

test.serial('a second stop() hurries the first', async t => {
	const {emulator, lb} = await startEcho();
	const client = await open({port: lb.port(25)});
	client.stream.write('ping');
	await client.read(4);
	client.stream.resume();

	const first = emulator.stop({drainMs: 3_600_000});
	await emulator.stop();
	await first;

	t.is(await client.ending, 'ECONNRESET');
	t.is(lb.traffic.last().outcome, 'drained');
});

test.serial('a stop() at any moment of the creation of a load balancer leaves neither', async t => {
	const before = await quietHandles();
	const outcomes = new Set<string>();
	for (let turns = 0; turns < 120; turns += 3) {
		const emulator = await startEmulator({authority});
		const outcome = emulator.create({listeners: ['https:443 -> http:80', 'tcp:25'], backends: 3}).then(
			() => 'created',
			error => error.code,
		);
		for (let turn = 0; turn < turns; turn++) await undefined;

		await emulator.stop();

		outcomes.add(await outcome);
		t.deepEqual(handles(), before, `stopped after ${turns} turns`);
		t.is(emulator.loadBalancers.length, 0);
	}
	t.deepEqual([...outcomes], ['STOPPED']);
});

test.serial('a stop() while a back-end of a new load balancer is starting leaves neither', async t => {
	const before = await quietHandles();
	const emulator = await startEmulator({authority});
	const run = `"${process.execPath}" -e "require('http').createServer().listen(process.env.PORT, '127.0.0.1')"`;
	const outcome = emulator.create({listeners: ['http:80'], backends: [{kind: 'command', run}]}).then(
		() => 'created',
		error => error.code,
	);
	await eventually(() => process.getActiveResourcesInfo().includes('ProcessWrap'));

	await emulator.stop();

	t.is(await outcome, 'STOPPED');
	t.deepEqual(await quietHandles(), before);
});

test.serial('many back-ends start without a warning of the process', async t => {
	const warnings: string[] = [];
	const listen = (warning: Error) => warnings.push(warning.message);
	process.on('warning', listen);
	t.teardown(() => process.off('warning', listen));

	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 20});
	await lb.update({backends: 40});
	await lb.stop();

	t.deepEqual(warnings, []);
});

test.serial('nothing can be created once the emulator has been stopped', async t => {
	const emulator = await startEmulator();
	await emulator.stop();

	await t.throwsAsync(emulator.create({listeners: ['tcp:25']}), {code: 'STOPPED'});
});

test.serial('two load balancers of one name are refused, and the name is free again after stop()', async t => {
	const emulator = await startEmulator();
	t.teardown(() => emulator.stop());
	const first = await emulator.create({name: 'web', listeners: ['tcp:25']});

	const both = emulator.create({name: 'web', listeners: ['tcp:25']});
	const error = await t.throwsAsync(both, {code: 'NAME_TAKEN'});
	t.is(error?.message, 'There is a load balancer named "web" already');
	t.is(emulator.loadBalancers.length, 1);

	await first.stop();
	t.is(emulator.loadBalancers.length, 0);
	await emulator.create({name: 'web', listeners: ['tcp:25']});
	t.is(emulator.get('web').name, 'web');
	t.throws(() => emulator.get('wep'), {
		code: 'NO_SUCH_LOAD_BALANCER',
		message: 'No load balancer is named "wep"; there is "web"',
	});
});

test.serial('two emulators in one process do not notice each other', async t => {
	await using one = await startEmulator();
	await using other = await startEmulator();
	const first = await one.create({
		name: 'web',
		listeners: ['ssl:443 -> tcp:80'],
		backends: [{kind: 'tcp', mode: 'banner', data: '1'}],
	});
	const second = await other.create({
		name: 'web',
		listeners: ['ssl:443 -> tcp:80'],
		backends: [{kind: 'tcp', mode: 'banner', data: '2'}],
	});
	t.not(first.port(443), second.port(443));
	t.not(one.ca.pem, other.ca.pem);

	const stream = await second.connect(443);
	const [heard] = await once(stream, 'data');
	await one.stop();

	t.is(String(heard), '2');
	t.is(first.traffic.length, 0);
	t.is(second.traffic.length, 1);
	await second.connect(443);
	t.is(other.get('web'), second);
});

const ROUNDS = runs(10, 2);

test.serial(`${10 * ROUNDS} load balancers start and stop in one process, and no handle is left`, async t => {
	const before = await quietHandles();
	for (let round = 0; round < ROUNDS; round++) {
		const all = await Promise.all(
			Array.from({length: 10}, () => startLoadBalancer({listeners: EVERYTHING, backends: 2, authority})),
		);
		for (const lb of all) t.is((await lb.fetch('/')).status, 200);
		await Promise.all(all.map(lb => lb.stop()));
	}

	t.deepEqual(handles(), before);
});

test.serial('the file of the authority goes with the emulator', async t => {
	const lb = await startLoadBalancer({listeners: ['tcp:25']});
	const {file} = lb.ca;
	t.true(existsSync(file));

	await lb.stop();

	t.false(existsSync(file));
});

test.serial('a listener whose port a stranger holds leaves nothing of the others', async t => {
	const {port: taken} = await heldPort(t);
	const [first = 0] = await freePorts(1);
	const before = await quietHandles();

	const starting = startLoadBalancer({
		listeners: [`tcp:${first} -> tcp:80`, `tcp:${taken} -> tcp:80`],
		backends: 2,
		ports: 'exact',
	});

	const error = await t.throwsAsync(starting, {code: 'PORT_UNAVAILABLE'});
	t.is(
		error?.message,
		`Cannot listen on 127.0.0.1:${taken}, which listener tcp:${taken} -> tcp:80 of load balancer "lb" needs: ${HOLDER} holds the port`,
	);
	t.deepEqual(handles(), before);
	t.is(await refusalAt(first), 'ECONNREFUSED');
});
