import test, {type ExecutionContext} from 'ava';
import {type LoadBalancerSpec, startLoadBalancer} from '../../../src/index.ts';
import {eventually} from '../../helpers/patience.ts';
import {deadPort} from '../../helpers/ports.ts';
import {type RawBackend, type StreamBackendOptions, startStreamBackend} from '../../helpers/raw-backend.ts';
import {open, type RawConnection} from '../../helpers/raw-connection.ts';
import {authority, PAIRS, serverPair, startPassage, trusting} from '../../helpers/stream-pairs.ts';

async function serverOf(t: ExecutionContext, options?: StreamBackendOptions): Promise<RawBackend> {
	const server = await startStreamBackend(options);
	t.teardown(() => server[Symbol.asyncDispose]());
	return server;
}

async function start(t: ExecutionContext, spec: LoadBalancerSpec) {
	const lb = await startLoadBalancer({...spec, authority});
	t.teardown(() => lb.stop());
	return lb;
}

const at = (name: string, port: number) => ({kind: 'address', name, host: '127.0.0.1', port}) as const;
const says = (text: string) => (end: RawConnection) => void end.stream.write(text);

/** The listeners in front of plain back-ends, and how their clients come. */
const FRONTS = [
	{listen: 'tcp:6379', tls: undefined},
	{listen: 'ssl:6379 -> tcp', tls: trusting},
] as const;

for (const {listen, tls} of FRONTS) {
	test(`${listen}: connections go round over the back-ends in the order of registration`, async t => {
		const servers = await Promise.all(['x', 'y', 'z'].map(name => serverOf(t, {serve: says(name)})));
		const lb = await start(t, {
			listeners: [listen],
			backends: servers.map((server, index) => at(`b${index}`, server.port)),
		});

		const heard: string[] = [];
		for (let i = 0; i < 7; i++) heard.push((await (await open({port: lb.port(6379), tls})).read(1)).toString());

		t.is(heard.join(''), 'xyzxyzx');
		t.deepEqual(lb.traffic.order(), ['b0', 'b1', 'b2', 'b0', 'b1', 'b2', 'b0']);
		t.deepEqual(lb.traffic.counts(), {b0: 3, b1: 2, b2: 2});
	});

	test(`${listen}: a back-end that refuses is passed over for the next`, async t => {
		const server = await serverOf(t, {serve: says('y')});
		const lb = await start(t, {
			listeners: [listen],
			backends: [at('dead', await deadPort(t)), at('dead-too', await deadPort(t)), at('alive', server.port)],
		});

		const client = await open({port: lb.port(6379), tls});
		client.stream.write('early');

		t.is((await client.read(1)).toString(), 'y');
		t.is((await (await server.connection()).read(5)).toString(), 'early');
		t.is(lb.traffic.last().backend?.name, 'alive');
		t.is(lb.traffic.last().backend?.port, server.port);
	});

	test(`${listen}: when every back-end refuses, the client is closed at once`, async t => {
		const lb = await start(t, {
			listeners: [listen],
			backends: [at('p', await deadPort(t)), at('q', await deadPort(t))],
		});
		const ended = lb.traffic.next();

		const client = await open({port: lb.port(6379), tls});

		t.is(await client.ending, 'ECONNRESET');
		const {outcome, cause, bytes} = await ended;
		t.is(outcome, 'connect-refused');
		t.regex(cause, /ECONNREFUSED 127\.0\.0\.1:\d+/);
		t.deepEqual(bytes, {up: 0, down: 0});
		t.is(lb.traffic.length, 1);
	});

	test(`${listen}: without a back-end the client is closed at once`, async t => {
		const lb = await start(t, {listeners: [listen], backends: []});
		const ended = lb.traffic.next();

		// It may hear of that while it still connects, or shakes hands.
		const heard = await open({port: lb.port(6379), tls}).then(
			client => client.ending,
			error => error.code,
		);

		// Over TLS it is told in good order, that it may not pass for a broken connection.
		t.is(heard, tls === undefined ? 'ECONNRESET' : 'end');
		const {outcome, cause, backend} = await ended;
		t.deepEqual([outcome, cause, backend], ['no-healthy-backend', 'no back-end is registered', undefined]);
	});
}

test('a back-end that takes longer than connectTimeout is passed over for the next', async t => {
	// Accepts, and never answers the handshake.
	const silent = await serverOf(t, {serve: ({stream}) => void stream.resume()});
	const speaking = await serverOf(t, {tls: serverPair, serve: says('hello')});
	const lb = await start(t, {
		listeners: ['tcp:6379 -> ssl:6380'],
		backends: [at('silent', silent.port), at('speaking', speaking.port)],
		connectTimeout: '1s',
	});

	const client = await open({port: lb.port(6379)});

	t.is((await client.read(5)).toString(), 'hello');
	t.is(lb.traffic.last().backend?.name, 'speaking');
	await eventually(() => silent.accepted.every(socket => socket.readableEnded || socket.destroyed));
});

test('when no back-end is reached within connectTimeout, the client is closed', async t => {
	const silent = await serverOf(t);
	const lb = await start(t, {
		listeners: ['tcp:6379 -> ssl:6380'],
		backends: [at('silent', silent.port)],
		connectTimeout: '100ms',
	});
	const ended = lb.traffic.next();

	const client = await open({port: lb.port(6379)});

	t.is(await client.ending, 'ECONNRESET');
	const {outcome, cause} = await ended;
	t.deepEqual([outcome, cause], ['connect-timeout', 'no connection within 100 ms']);
});

test('a client that leaves before a back-end has answered is recorded, and the attempt is given up', async t => {
	const silent = await serverOf(t);
	const lb = await start(t, {listeners: ['tcp:6379 -> ssl:6380'], backends: [at('silent', silent.port)]});
	const ended = lb.traffic.next();

	const client = await open({port: lb.port(6379)});
	await eventually(() => silent.accepted.length === 1);
	client.raw.resetAndDestroy();

	t.is((await ended).outcome, 'client-abort');
	const [attempt] = silent.accepted;
	attempt?.resume();
	await eventually(() => attempt?.readableEnded === true || attempt?.destroyed === true);
	t.is(lb.traffic.length, 1);
});

for (const pair of PAIRS) {
	test(`${pair.name}: a connection without a byte for idleTimeout is closed on both sides`, async t => {
		await using passage = await startPassage(pair, {idleTimeout: '40s', clock: 'manual'});
		const ended = passage.lb.traffic.next();

		const client = await passage.client();
		const backend = await passage.server.connection();
		client.stream.resume();
		backend.stream.resume();
		await passage.lb.clock.advance('41s');

		t.deepEqual(await Promise.all([client.ending, backend.ending]), ['end', 'end']);
		const {outcome, cause} = await ended;
		t.deepEqual([outcome, cause], ['idle-timeout', 'no bytes for 40000 ms']);
	});
}

test('bytes in one direction keep a connection from being idle', async t => {
	await using server = await startStreamBackend();
	await using lb = await startLoadBalancer({
		listeners: ['tcp:6379'],
		backends: [`127.0.0.1:${server.port}`],
		idleTimeout: '1s',
		clock: 'manual',
	});
	const client = await open({port: lb.port(6379)});
	const backend = await server.connection();

	for (let tick = 0; tick < 5; tick++) {
		backend.stream.write('.');
		t.is((await client.read(1)).toString(), '.');
		await lb.clock.advance('600ms');
	}
	const ended = lb.traffic.next();
	await lb.clock.advance('2s');

	t.is((await ended).outcome, 'idle-timeout');
});
