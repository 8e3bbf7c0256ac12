import {createServer, type Socket} from 'node:net';
import type {ExecutionContext} from 'ava';
import test from 'ava';
import {ControlClient} from '../../src/cli/control-client.ts';
import {readRunningState} from '../../src/cli/running-state.ts';
import {openControlServer} from '../control-plane/helpers/control-server.ts';
import {listening} from '../helpers/own-servers.ts';

/** A server that answers every request with these bytes. */
async function stranger(t: ExecutionContext, answer: (socket: Socket) => void): Promise<string> {
	const server = createServer(socket => {
		socket.on('error', () => {});
		socket.once('data', () => answer(socket));
	});
	return `http://127.0.0.1:${await listening(t, server)}`;
}

test('it reads and changes the state', async t => {
	await using server = await openControlServer();
	const client = new ControlClient(server.controlPlane.endpoint);

	const {json, state} = await readRunningState(client);
	await client.post('/_lb/vms', {id: 'i-0000000a', address: '127.0.0.1:3000'});

	t.deepEqual(json, {...server.own.state(), revision: server.own.live.revision, vms: [], endpoint: client.endpoint});
	t.is(state.loadBalancers[0]?.listeners[0]?.certificate?.names[0], 'web.test');
	t.deepEqual(server.own.vms, [{id: 'i-0000000a', address: '127.0.0.1:3000'}]);
});

test('a refusal is thrown as the same error', async t => {
	await using server = await openControlServer();
	const client = new ControlClient(server.controlPlane.endpoint);

	await t.throwsAsync(client.post('/_lb/health', {loadBalancer: 'shop', backend: 'a', state: 'auto'}), {
		code: 'NO_SUCH_LOAD_BALANCER',
		message: 'No load balancer shop',
	});
	const error = await t.throwsAsync(client.get('/_lb/stat'));
	t.like(error, {code: 'NO_SUCH_ROUTE', hint: 'did you mean "/_lb/state"?'});
});

test('a port without a listener is reported, with what to do', async t => {
	const server = await openControlServer();
	const {endpoint} = server.controlPlane;
	await server.controlPlane.stop();

	const error = await t.throwsAsync(new ControlClient(endpoint).get('/_lb/state'));

	t.like(error, {
		code: 'CONTROL_UNREACHABLE',
		message: `Cannot reach lb-local at ${endpoint}: nothing listens there`,
		hint: 'Start it with `lb-local up`, or say where it is with --endpoint or LB_LOCAL_ENDPOINT.',
	});
});

test('a server that does not answer is not waited for', async t => {
	const endpoint = await stranger(t, () => {});

	await t.throwsAsync(new ControlClient(endpoint, 100).get('/_lb/state'), {
		code: 'CONTROL_UNREACHABLE',
		message: `No answer from ${endpoint} within 0.1 s`,
	});
});

for (const [what, bytes] of [
	['another web server', 'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\n\r\n{}'],
	['a web server without a name', 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}'],
	['one that is no web server', 'SSH-2.0-OpenSSH_9.0\r\n'],
	['another version', 'HTTP/1.1 200 OK\r\nServer: lb-local\r\nContent-Length: 15\r\n\r\n{"version":"9"}'],
	['one that sends no JSON', 'HTTP/1.1 200 OK\r\nServer: lb-local\r\nContent-Length: 3\r\n\r\n<a>'],
	['one that refuses in another form', 'HTTP/1.1 500 Oops\r\nServer: lb-local\r\nContent-Length: 4\r\n\r\nnull'],
	['one that switches protocols', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
] as const) {
	test(`${what} is not taken for lb-local`, async t => {
		const endpoint = await stranger(t, socket => socket.end(bytes));

		await t.throwsAsync(readRunningState(new ControlClient(endpoint)), {
			code: 'CONTROL_STRANGER',
			message: `The server at ${endpoint} is not lb-local, or is another version of it`,
		});
	});
}

test('the answer of another web server to a change is not trusted', async t => {
	const endpoint = await stranger(t, socket =>
		socket.end('HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\n\r\n{}'),
	);

	await t.throwsAsync(new ControlClient(endpoint).post('/_lb/vms', {}), {code: 'CONTROL_STRANGER'});
});

test('a server that closes without an answer is unreachable', async t => {
	const endpoint = await stranger(t, socket => socket.destroy());

	await t.throwsAsync(new ControlClient(endpoint).get('/_lb/state'), {code: 'CONTROL_UNREACHABLE'});
});

test('the text of a refusal cannot control a terminal', async t => {
	const body = JSON.stringify({error: {code: 'X', message: 'red \u001b[31m\nsecond'}});
	const endpoint = await stranger(t, socket =>
		socket.end(`HTTP/1.1 400 Bad\r\nServer: lb-local\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
	);

	await t.throwsAsync(new ControlClient(endpoint).get('/_lb/state'), {code: 'X', message: 'red \\x1b[31m\nsecond'});
});
