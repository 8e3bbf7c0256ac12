import {once} from 'node:events';
import {type AddressInfo, connect, createServer} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../src/base/clock.ts';
import {createAuthority} from '../../src/certificates/authority.ts';
import {ReadBuffers} from '../../src/data-plane/sockets/read-buffers.ts';
import {ReadTurns} from '../../src/data-plane/sockets/read-turns.ts';
import {SecureContexts} from '../../src/data-plane/sockets/tls-settings.ts';
import {BackendHouse} from '../../src/emulator/backend-house.ts';
import {clockOf} from '../../src/emulator/clock.ts';
import {Fleet} from '../../src/emulator/fleet.ts';
import {judgeSpec} from '../../src/emulator/judging.ts';
import type {LoadBalancer, LoadBalancerSpec} from '../../src/index.ts';
import {DEFAULT_ACCOUNT_ID, DEFAULT_REGION, dnsNameOf} from '../../src/model/dns-name.ts';
import type {NormalisedLoadBalancer} from '../../src/model/normalised.ts';

const authority = createAuthority();

function startFleet(t: ExecutionContext): Fleet {
	const house = new BackendHouse(authority);
	const fleet = new Fleet({
		options: {host: '127.0.0.1', ports: 'free', seed: 1},
		dnsNameOf: ({name, internal}) => dnsNameOf(name, {seed: 1, internal}),
		endpoint: () => '',
		account: () => ({id: DEFAULT_ACCOUNT_ID, region: DEFAULT_REGION}),
		authority,
		ca: {pem: authority.pem, file: ''},
		clock: clockOf('real').handle,
		services: {
			clock: systemClock,
			buffers: new ReadBuffers(),
			readTurns: new ReadTurns(),
			contexts: new SecureContexts(),
			seed: 1,
			onHealthChange: () => {},
			record: {exchanges: 10, bodyBytes: 0},
		},
		house,
		warnings: [],
		notices: [],
		onExchange: () => {},
		update: () => Promise.resolve(),
	});
	t.teardown(async () => {
		await fleet.stop(0);
		await house.stop();
	});
	return fleet;
}

const described = (spec: LoadBalancerSpec): Promise<NormalisedLoadBalancer> => judgeSpec(spec, {certificateNames: []});

async function refusal(port: number): Promise<string> {
	const [error] = await once(connect(port, '127.0.0.1'), 'error');
	return error.code;
}

async function answerer(lb: LoadBalancer): Promise<string> {
	// An echo back-end's answer is JSON.
	return ((await (await lb.fetch('/')).json()) as {backend: string}).backend;
}

test('apply() starts what is new, and makes what runs what is described', async t => {
	const fleet = startFleet(t);
	const lb = await fleet.apply(await described({name: 'web', listeners: ['http:80'], backends: 2}));
	const port = lb.port(80);
	t.is(await answerer(lb), 'a');

	const same = await fleet.apply(
		await described({name: 'web', listeners: ['http:80', 'http:81'], backends: [{kind: 'echo', name: 'z'}]}),
	);

	t.is(same, lb);
	t.is(lb.port(80), port);
	t.is(await answerer(lb), 'z');
	t.is((await fetch(`http://127.0.0.1:${lb.port(81)}/`)).status, 200);
});

test('an apply() that fails leaves what runs as it was, and of what is new nothing', async t => {
	const stranger = createServer().listen(0, '127.0.0.1');
	await once(stranger, 'listening');
	t.teardown(() => stranger.close());
	const {port} = stranger.address() as AddressInfo; // A TCP server's address is an object.
	const fleet = startFleet(t);
	const lb = await fleet.apply(await described({name: 'web', listeners: ['http:80'], backends: 1}));
	const bad = [{kind: 'command' as const, name: 'bad', run: 'sleep 60', port}];

	const spec = {listeners: ['http:80', 'http:81'] as const, backends: bad};
	await t.throwsAsync(fleet.apply(await described({name: 'web', ...spec})), {code: 'PORT_UNAVAILABLE'});
	await t.throwsAsync(fleet.apply(await described({name: 'api', ...spec})), {code: 'PORT_UNAVAILABLE'});

	t.deepEqual([...fleet.entries.keys()], ['web']);
	t.throws(() => lb.port(81), {code: 'NO_SUCH_LISTENER'});
	t.is(await answerer(lb), 'a');
	t.deepEqual(Object.keys(lb.health), ['a']);
});

test('remove() frees the name and the ports at once, and what is in flight has its time', async t => {
	const slow = createServer().listen(0, '127.0.0.1');
	await once(slow, 'listening');
	t.teardown(() => slow.close());
	const {port} = slow.address() as AddressInfo; // As above.
	const fleet = startFleet(t);
	const lb = await fleet.apply(await described({name: 'web', listeners: ['http:80'], backends: [`127.0.0.1:${port}`]}));
	const bound = lb.port(80);
	const accepted = once(slow, 'connection');
	const waiting = lb.fetch('/');
	const [socket] = await accepted;
	await once(socket, 'data');

	let gone = false;
	const removed = fleet.remove('web', {drainMs: 30_000}).then(() => {
		gone = true;
	});
	const next = await fleet.apply(await described({name: 'web', listeners: ['http:80'], backends: 1}));

	t.is(await refusal(bound), 'ECONNREFUSED');
	t.is(await answerer(next), 'a');
	t.false(gone);
	socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
	t.is(await (await waiting).text(), 'ok');
	await removed;
	await t.throwsAsync(fleet.remove('nobody'), {code: 'NO_SUCH_LOAD_BALANCER'});
});

test('changes of one load balancer wait for each other, and those of others do not', async t => {
	const fleet = startFleet(t);
	const order: string[] = [];
	let release: () => void = () => {};
	const held = fleet.inTurn(
		'web',
		() =>
			new Promise<void>(resolve => {
				release = resolve;
			}),
	);
	const web = fleet.apply(await described({name: 'web', listeners: ['http:80']})).then(() => order.push('web'));

	await fleet.apply(await described({name: 'api', listeners: ['http:80']})).then(() => order.push('api'));
	release();
	await Promise.all([held, web]);

	t.deepEqual(order, ['api', 'web']);
});
