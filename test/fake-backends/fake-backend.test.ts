// A process of its own: it counts the process's sockets and timers.
import {once} from 'node:events';
import {createServer} from 'node:net';
import test from 'ava';
import type {EchoBackend} from '../../src/configuration/spec-backend.ts';
import type {Behaviour} from '../../src/fake-backends/behaviour.ts';
import {startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {eventually} from '../helpers/patience.ts';
import {refusalAt} from '../helpers/ports.ts';
import {open, openTls, send, serverPair, startBackend, WAYS} from './clients.ts';

/** Only named when the system shows it. */
const HOLDER = process.platform === 'linux' ? 'this process' : 'another process';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

const BEHAVIOURS: readonly Behaviour[] = [
	{kind: 'echo'},
	{kind: 'reply', delay: '1m', keepAlive: '1m'},
	{kind: 'handler', handler: () => {}},
	{kind: 'tcp', mode: 'echo'},
	{kind: 'tcp', mode: 'sink'},
	{kind: 'tcp', mode: 'source', data: Buffer.alloc(8 * 1024 * 1024)},
	{kind: 'tcp', mode: 'banner'},
	{kind: 'socket', handler: () => {}},
];

for (const way of WAYS) {
	for (const behaviour of BEHAVIOURS) {
		const kind = behaviour.kind === 'tcp' ? `tcp ${behaviour.mode}` : behaviour.kind;

		test(`stopping a back-end of kind ${kind} ends what is open and refuses the rest (${way})`, async t => {
			const backend = await startBackend(behaviour, way);
			const busy = await open(backend, way);
			busy.stream.write(GET);
			const idle = await open(backend, way);
			const shaking = await open(backend);
			await eventually(() => backend.openConnections === 3);

			await backend.stop();

			t.is(backend.openConnections, 0);
			t.is(backend.handshakeFailures, 0);
			t.is(await refusalAt(backend.port), 'ECONNREFUSED');
			await Promise.all([busy.untilOver(), idle.untilOver(), shaking.untilOver()]);
		});
	}

	test(`a back-end that is started again keeps its port (${way})`, async t => {
		await using backend = await startBackend({kind: 'echo'}, way);
		const {port} = backend;
		await send(backend, GET, way);

		await backend.stop();
		await backend.start();

		t.is(backend.port, port);
		t.regex((await send(backend, GET, way)).head, /^HTTP\/1\.1 200 /);
	});
}

test('a second stop or start changes nothing', async t => {
	const backend = await startBackend({kind: 'echo'});

	await backend.start();
	t.regex((await send(backend, GET)).head, /^HTTP\/1\.1 200 /);
	await Promise.all([backend.stop(), backend.stop()]);
	await backend.stop();

	t.is(await refusalAt(backend.port), 'ECONNREFUSED');
});

test('overlapping stops and starts run in the order of the calls', async t => {
	await using backend = await startBackend({kind: 'echo'});

	await Promise.all([backend.stop(), backend.start(), backend.stop(), backend.start()]);

	t.regex((await send(backend, GET)).head, /^HTTP\/1\.1 200 /);
});

test('a back-end whose port was taken while it was stopped says so, and starts once the port is free', async t => {
	await using backend = await startBackend({kind: 'echo'});
	await backend.stop();
	const stranger = createServer().listen(backend.port, '127.0.0.1');
	await once(stranger, 'listening');

	await t.throwsAsync(backend.start(), {
		code: 'PORT_UNAVAILABLE',
		message: `Cannot listen on 127.0.0.1:${backend.port}, which back-end "a" needs: ${HOLDER} holds the port`,
	});
	await new Promise(resolve => stranger.close(resolve));
	await backend.start();

	t.regex((await send(backend, GET)).head, /^HTTP\/1\.1 200 /);
});

test('a back-end has its address', async t => {
	await using plain = await startFakeBackend({name: 'p', host: '127.0.0.2', behaviour: {kind: 'echo'}});
	await using secure = await startBackend({kind: 'echo'}, 'tls');

	t.like(plain, {name: 'p', host: '127.0.0.2', secure: false, openConnections: 0, handshakeFailures: 0, errors: []});
	t.true(plain.port > 0);
	t.true(secure.secure);
});

test('a kind that does not exist is named, with those that do', async t => {
	// What JavaScript callers may write, the types forbid.
	const behaviour = {kind: 'ecco'} as unknown as EchoBackend;

	await t.throwsAsync(startFakeBackend({name: 'a', port: 70_000, behaviour}), {
		code: 'INVALID_DESCRIPTION',
		message: [
			'Back-end "a" is not valid:',
			'  kind: "ecco" is not allowed; use "echo", "reply", "har", "handler", "tcp" or "socket" (did you mean "echo"?)',
			'  port: 70000 is not a port; use 1 to 65535, or 0 for a free one',
		].join('\n'),
	});
});

test('a handler that is not a function is refused at the start', async t => {
	// What JavaScript callers may write, the types forbid.
	const behaviour = {kind: 'handler'} as unknown as EchoBackend;

	await t.throwsAsync(startFakeBackend({name: 'a', behaviour}), {
		message: 'Back-end "a" is not valid:\n  handler: a "handler" back-end needs a function',
	});
});

test.serial('after a stop nothing is left in the process', async t => {
	const held = () =>
		process.getActiveResourcesInfo().filter(name => /TCP|TLS|Timeout|Server|Connect/.test(name)).length;
	// What earlier tests have closed is still ending.
	await eventually(() => held() === 0);
	const before = held();

	for (const behaviour of BEHAVIOURS) {
		const backend = await startFakeBackend({
			name: 'a',
			behaviour,
			tls: {mode: 'detect', cert: serverPair.cert, key: serverPair.key},
		});
		const plain = await open(backend);
		plain.stream.write(GET);
		const secure = await openTls(backend);
		secure.stream.write(GET);
		const shaking = await open(backend);
		shaking.stream.write(Buffer.of(0x16));
		const silent = await open(backend);
		await eventually(() => backend.openConnections === 4);
		t.true(held() > before);

		await backend.stop();
		for (const {stream} of [plain, secure, shaking, silent]) stream.destroy();
		await eventually(() => held() <= before);
	}

	t.is(held(), before);
});
