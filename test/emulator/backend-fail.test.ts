import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test from 'ava';
import {type Backend, type Fault, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {RawConnection} from '../helpers/raw-connection.ts';
import {comesTrue} from '../helpers/stalled.ts';

const portOf = ({url}: Backend) => Number(new URL(url).port);

const startEcho = () =>
	startLoadBalancer({
		listeners: ['http:80'],
		backends: 2,
		healthCheck: {target: 'HTTP:80/health', healthy: 2, unhealthy: 2},
	});

/** How a connection to a back-end ends that says nothing: `end`, or the code of its error. */
async function endingAt(port: number): Promise<string> {
	const socket = connect({port, host: '127.0.0.1'});
	const {ending} = new RawConnection(socket);
	return ending;
}

test('a back-end that fails answers 503 to everybody, its health check included, until it is disposed', async t => {
	await using lb = await startEcho();
	const a = lb.backend('a');
	{
		using _failing = a.fail();

		t.is((await lb.fetch('/')).status, 503);
		t.is(lb.traffic.last().response?.by, 'backend');
		t.is((await fetch(a.url)).status, 503);
		await lb.settle();
		t.like(lb.health, {a: 'OutOfService', b: 'InService'});
		t.is((await lb.fetch('/')).status, 200);
	}

	t.is((await fetch(a.url)).status, 200);
	await lb.settle();
	t.is(lb.health['a'], 'InService');
});

test('a status may have a body and fields', async t => {
	await using lb = await startEcho();

	using _failing = lb.backend('a').fail({status: 418, body: 'teapot', headers: {'X-Why': 'tea'}});
	const response = await lb.fetch('/', {method: 'POST', body: 'coffee'});

	t.is(response.status, 418);
	t.is(response.headers.get('x-why'), 'tea');
	t.is(await response.text(), 'teapot');
});

test('it fails on a connection that was open before', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	t.is((await lb.fetch('/')).status, 200);

	using _failing = lb.backend('a').fail();

	t.is((await lb.fetch('/')).status, 503);
	t.true(lb.traffic.last().backend?.reused);
});

for (const [how, ending] of [
	[{reset: true}, 'ECONNRESET'],
	[{close: true}, 'end'],
	[{refuse: true}, 'ECONNREFUSED'],
] as const) {
	test(`${Object.keys(how)[0]}: what is open is cut, and a new connection ends with ${ending}`, async t => {
		await using lb = await startEcho();
		const port = portOf(lb.backend('a'));
		const open = connect({port, host: '127.0.0.1'});
		const client = new RawConnection(open);
		await once(open, 'connect');
		// An answer shows that the back-end has taken the connection.
		open.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
		await client.until('"backend"');

		const failing = lb.backend('a').fail(how);
		t.is(await client.ending, ending === 'ECONNRESET' ? 'ECONNRESET' : 'end');
		t.is(await endingAt(port), ending);
		failing[Symbol.dispose]();
		failing[Symbol.dispose]();

		t.is((await fetch(lb.backend('a').url)).status, 200);
	});
}

test('blackhole: nothing comes back, on open connections neither', async t => {
	await using lb = await startEcho();
	const {url} = lb.backend('a');
	const socket: Socket = connect({port: portOf(lb.backend('a')), host: '127.0.0.1'});
	const client = new RawConnection(socket);
	socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	await client.until('"backend"');
	const before = client.received;

	const failing = lb.backend('a').fail({blackhole: true});
	socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	const fresh = new RawConnection(connect({port: portOf(lb.backend('a')), host: '127.0.0.1'}));
	fresh.stream.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');

	t.false(await comesTrue(() => client.received !== before || fresh.received !== '' || client.closed || fresh.closed));
	failing[Symbol.dispose]();
	t.is((await fetch(url)).status, 200);
	socket.destroy();
	fresh.stream.destroy();
});

test("latency goes by the emulator's clock", async t => {
	await using lb = await startLoadBalancer({clock: 'manual', listeners: ['http:80'], backends: 1});
	using _failing = lb.backend('a').fail({latency: '10s'});

	const answer = lb.fetch('/');
	await lb.traffic.arrival();
	await lb.clock.advance('10s');

	t.is((await answer).status, 200);
});

test('a TCP back-end resets its connections', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:25'],
		backends: [{kind: 'tcp', mode: 'banner', data: 'hi'}],
	});
	const port = Number(lb.backend('a').url.split(':').at(-1));

	const failing = lb.backend('a').fail();
	t.is(await endingAt(port), 'ECONNRESET');
	failing[Symbol.dispose]();

	const after = new RawConnection(connect({port, host: '127.0.0.1'}));
	t.is(await after.until('hi'), 'hi');
	after.stream.destroy();
});

test('of two failures the one that began last counts, and the other one when it is over', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	const status = async () => (await lb.fetch('/')).status;

	const first = lb.backend('a').fail({status: 500});
	const second = lb.backend('a').fail({status: 429});
	const seen = [await status()];
	second[Symbol.dispose]();
	seen.push(await status());
	first[Symbol.dispose]();
	seen.push(await status());

	t.deepEqual(seen, [429, 500, 200]);
});

test('a stop and a start do not end a failure, a reset of the emulator does', async t => {
	await using emulator = await startEmulator({
		config: {
			backends: {app: {kind: 'echo'}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['app']}},
		},
	});
	const lb = emulator.get('web');
	const backend = lb.backend('app');
	const failing = backend.fail({refuse: true});

	await backend.stop();
	await backend.start();
	t.is(await endingAt(portOf(backend)), 'ECONNREFUSED');
	await emulator.reset();
	t.is((await lb.fetch('/')).status, 200);

	// Of something that is over already.
	failing[Symbol.dispose]();
	t.is((await lb.fetch('/')).status, 200);
});

test('a stopped back-end stays stopped when its failure ends', async t => {
	await using lb = await startEcho();
	const backend = lb.backend('a');
	const failing = backend.fail({refuse: true});

	await backend.stop();
	failing[Symbol.dispose]();
	// Takes its turn after what the end of the failure has set in motion.
	await backend.stop();

	t.is(await endingAt(portOf(backend)), 'ECONNREFUSED');
});

test('what a back-end itself cannot do is refused, with what it can', async t => {
	await using lb = await startLoadBalancer({
		listeners: ['tcp:25'],
		backends: [
			{kind: 'echo'},
			{kind: 'tcp', mode: 'echo'},
			{kind: 'address', host: '127.0.0.1', port: 1, name: 'mine'},
		],
	});
	const refusal = (name: string, how: unknown) => {
		// What JavaScript callers may write, the types forbid.
		const error = t.throws<Error & {code: string}>(() => lb.backend(name).fail(how as Fault));
		return `${error?.code} ${error?.message}`;
	};

	t.regex(
		refusal('a', {bandwidth: 10}),
		/^INVALID_DESCRIPTION (?:.|\n)*do: A back-end does not fail like this by itself; allowed are \{status\}, \{latency\}, \{reset: true\}, \{close\}, \{refuse\} or \{blackhole\}/,
	);
	t.regex(refusal('a', {reset: 'on-reuse'}), /does not fail like this/);
	t.regex(
		refusal('b', {status: 503}),
		/A back-end that is not HTTP does not fail like this by itself; allowed are \{latency\},/,
	);
	t.regex(refusal('a', {status: 99}), /do\.status/);
	t.regex(refusal('a', {statsu: 503}), /^INVALID_DESCRIPTION/);
	t.is(refusal('mine', undefined), 'NOT_OURS Back-end "mine" is a server of your own: it cannot be made to fail here');
});
