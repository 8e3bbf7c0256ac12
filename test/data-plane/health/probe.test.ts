// A process of its own: it counts the process's sockets.
import {existsSync, readFileSync} from 'node:fs';
import type {Socket} from 'node:net';
import {networkInterfaces} from 'node:os';
import test from 'ava';
import type {Clock} from '../../../src/base/clock.ts';
import {startProbe} from '../../../src/data-plane/health/probe.ts';
import type {ProbeResult} from '../../../src/model/health.ts';
import {HandClock} from '../../helpers/hand-clock.ts';
import {deadPort} from '../../helpers/ports.ts';
import {answering, checkOf, openSockets, type Probed, services, startProbed} from '../../helpers/probing.ts';

interface Ask {
	readonly host?: string;
	readonly clock?: Clock;
}

function ask({port}: {port: number}, target: string, {host = '127.0.0.1', clock = services.clock}: Ask = {}) {
	return startProbe({...services, clock, host, port, check: checkOf(target)});
}

async function resultOf(probed: {port: number}, target: string, more?: Ask): Promise<string> {
	const result = await ask(probed, target, more).result;
	return (result as ProbeResult).result;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const quiet = (socket: Socket) => void socket.resume();

test('a TCP probe passes once connected, and the back-end reads an ordinary end', async t => {
	await using probed = await startProbed(quiet);

	const before = Date.now();
	const result = await ask(probed, 'TCP:80').result;
	await probed.closed();

	t.like(result, {target: 'TCP:80', address: `127.0.0.1:${probed.port}`, result: 'pass'});
	t.true((result?.ms ?? -1) >= 0 && (result?.atMs ?? 0) >= before - 1 && (result?.atMs ?? 0) <= Date.now());
	t.deepEqual(probed.ends, ['end']);
});

test('an SSL probe passes once hands were shaken, whatever the certificate, without a name', async t => {
	const names: unknown[] = [];
	await using probed = await startProbed(
		socket => {
			socket.resume().once('secure', () => names.push((socket as {servername?: unknown}).servername));
		},
		{tls: true},
	);

	t.is(await resultOf(probed, 'SSL:443'), 'pass');
	await probed.closed();

	t.deepEqual(probed.ends, ['end']);
	t.deepEqual(names, [false]);
});

for (const tls of [false, true]) {
	const target = tls ? 'HTTPS:443/a?b' : 'HTTP:80/a?b';

	test(`${target} asks with exactly these bytes`, async t => {
		let heard = '';
		await using probed = await startProbed(
			socket => {
				socket.on('data', chunk => {
					heard += chunk;
					if (heard.endsWith('\r\n\r\n')) socket.write(OK);
				});
			},
			{tls},
		);

		t.is(await resultOf(probed, target), 'pass');
		await probed.closed();

		t.is(
			heard,
			`GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:${probed.port}\r\nUser-Agent: ELB-HealthChecker/1.0\r\nConnection: close\r\n\r\n`,
		);
		t.deepEqual(probed.ends, ['end']);
	});

	const ANSWERS: readonly (readonly [what: string, bytes: string, result: string])[] = [
		['200', OK, 'pass'],
		['200 of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n', 'pass'],
		['200 without a reason', 'HTTP/1.1 200\r\n\r\n', 'pass'],
		['200 whose body never comes', 'HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n', 'pass'],
		['200 with a broken chunk in its body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'pass'],
		['interim answers and then 200', `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)}${OK}`, 'pass'],
		['201', 'HTTP/1.1 201 Created\r\n\r\n', 'HTTP 201'],
		['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'HTTP 204'],
		['206', 'HTTP/1.1 206 Partial Content\r\n\r\n', 'HTTP 206'],
		['301', 'HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n', 'HTTP 301'],
		['404', 'HTTP/1.1 404 Not Found\r\n\r\n', 'HTTP 404'],
		['500', 'HTTP/1.1 500 Oops\r\n\r\n', 'HTTP 500'],
		['999', 'HTTP/1.1 999 No\r\n\r\n', 'HTTP 999'],
		['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'HTTP 101'],
		['endless interim answers', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(101), 'more than 100 interim answers'],
		['garbage', 'SSH-2.0-OpenSSH_9.6\r\n', 'answer with a malformed status line'],
		['status 0200', 'HTTP/1.1 0200 OK\r\n\r\n', 'answer with a malformed status line'],
		['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', 'answer with a malformed status line'],
		['lines ended by LF', 'HTTP/1.1 200 OK\n\n', 'answer refused: malformed head: a line that ends with LF only'],
		['NUL', 'HTTP/1.1 200 OK\r\nA: \0', 'answer refused: malformed head: it has a control character'],
		[
			'an endless first line',
			`HTTP/1.1 200 ${'a'.repeat(70_000)}`,
			'answer refused: first line longer than 16384 bytes',
		],
		[
			'an endless head',
			`HTTP/1.1 200 OK\r\n${`A: ${'a'.repeat(1000)}\r\n`.repeat(100)}`,
			'answer refused: head longer than 65536 bytes',
		],
		[
			'two lengths',
			'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n',
			'answer with more than one Content-Length',
		],
		[
			'both framings',
			'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
			'answer with both Content-Length and Transfer-Encoding',
		],
	];

	for (const [what, bytes, expected] of ANSWERS) {
		test(`${target}, answered with ${what}: ${expected}`, async t => {
			await using probed = await startProbed(answering(bytes), {tls});

			t.is(await resultOf(probed, target), expected);
			await probed.closed();
		});
	}

	test(`${target}, answered byte by byte, passes`, async t => {
		await using probed = await startProbed(
			socket => {
				socket.once('data', async () => {
					for (const byte of OK) {
						if (socket.writable) await new Promise(resolve => socket.write(byte, resolve));
					}
				});
			},
			{tls},
		);

		t.is(await resultOf(probed, target), 'pass');
	});

	const ENDS: readonly (readonly [what: string, bytes: string, result: string])[] = [
		['nothing', '', 'closed without an answer'],
		['half a head', 'HTTP/1.1 200 OK\r\n', 'closed in the midst of its answer'],
	];

	for (const [what, bytes, expected] of ENDS) {
		test(`${target}, ended after ${what}: ${expected}`, async t => {
			await using probed = await startProbed(socket => socket.once('data', () => socket.end(bytes)), {tls});

			t.is(await resultOf(probed, target), expected);
		});
	}

	for (const bytes of ['', 'HTTP/1.1 200 OK\r\n']) {
		test(`${target}, reset after ${bytes.length} bytes of an answer, fails and says so`, async t => {
			await using probed = await startProbed(
				(socket, raw) => {
					socket.once('data', () => {
						if (bytes === '') raw.resetAndDestroy();
						else socket.write(bytes, () => raw.resetAndDestroy());
					});
				},
				{tls},
			);

			t.regex(await resultOf(probed, target), /^(connection reset before the end|closed in the midst) of its answer$/);
		});
	}
}

for (const target of ['TCP:80', 'SSL:80', 'HTTP:80/', 'HTTPS:80/']) {
	test(`${target}: a port on which nobody listens refuses the connection`, async t => {
		const dead = await deadPort(t);

		t.is(await resultOf({port: dead}, target), 'connection refused');
	});
}

for (const target of ['SSL:443', 'HTTPS:443/']) {
	test(`${target}: a back-end that speaks plain text speaks no TLS`, async t => {
		await using probed = await startProbed(answering('HTTP/1.1 400 Bad Request\r\n\r\n'));

		t.is(await resultOf(probed, target), 'not TLS');
		await probed.closed();
	});

	test(`${target}: a back-end that ends in the handshake fails`, async t => {
		await using probed = await startProbed(socket => void socket.once('data', () => socket.end()));

		t.is(await resultOf(probed, target), 'closed during the TLS handshake');
	});

	test(`${target}: a back-end that resets in the handshake fails`, async t => {
		await using probed = await startProbed(socket => void socket.once('data', () => socket.resetAndDestroy()));

		t.is(await resultOf(probed, target), 'connection reset during the TLS handshake');
	});

	test(`${target}: a back-end that refuses the handshake with an alert fails`, async t => {
		await using probed = await startProbed(answering('\x15\x03\x03\x00\x02\x02\x28'));

		t.regex(await resultOf(probed, target), /^no TLS: .*handshake failure/);
	});

	test(`${target}: a back-end that hangs in the handshake fails in time`, async t => {
		const clock = new HandClock();
		await using probed = await startProbed(socket => void socket.on('data', () => void clock.advance(10_000)));

		t.is(await resultOf(probed, target, {clock}), 'no TLS handshake within 10000 ms');
		await probed.closed();
	});
}

test('plain HTTP asked of a TLS port fails', async t => {
	await using probed = await startProbed(quiet, {tls: true});

	t.regex(await resultOf(probed, 'HTTP:80/'), /^(answer refused: TLS where plain HTTP is expected|closed without)/);
});

for (const tls of [false, true]) {
	const target = tls ? 'HTTPS:443/' : 'HTTP:80/';

	test(`${target}: a back-end that hangs after accepting fails in time, and reads an end`, async t => {
		const clock = new HandClock();
		await using probed = await startProbed(socket => void socket.on('data', () => void clock.advance(10_000)), {tls});

		t.is(await resultOf(probed, target, {clock}), 'no answer within 10000 ms');
		t.is(clock.waiting, 0);
		await probed.closed();
		t.deepEqual(probed.ends, ['end']);
	});

	test(`${target}: an answer that trickles in for ever fails in time`, async t => {
		const clock = new HandClock();
		await using probed = await startProbed(
			socket => {
				socket.resume().once('data', async () => {
					socket.write('HTTP/1.1 200 OK\r\nA: ');
					while (socket.writable) {
						await new Promise(resolve => socket.write('a', resolve));
						await clock.advance(1000);
					}
				});
			},
			{tls},
		);

		t.is(await resultOf(probed, target, {clock}), 'no answer within 10000 ms');
		await probed.closed();
	});

	test(`${target}: a flood of interim answers fails, and is not read to its end`, async t => {
		await using probed = await startProbed(
			socket => {
				const flood = () => {
					while (socket.writable && socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)));
				};
				socket.resume().once('data', flood).on('drain', flood);
			},
			{tls},
		);

		t.is(await resultOf(probed, target), 'more than 100 interim answers');
		await probed.closed();
	});
}

test('a host that is none fails, whatever is wrong with it', async t => {
	t.is(await resultOf({port: 80}, 'TCP:80', {host: 'no-such-host.invalid'}), 'unknown host');
	t.regex(await resultOf({port: 80}, 'TCP:80', {host: 'a\0b'}), /./);
	t.regex(await resultOf({port: 70_000}, 'TCP:80'), /port/i);
});

const ipv6 = Object.values(networkInterfaces()).some(list => list?.some(each => each.address === '::1'));

(ipv6 ? test : test.skip)('an IPv6 back-end is asked with its address in brackets', async t => {
	let heard = '';
	const serve = (socket: Socket) =>
		void socket.on('data', chunk => {
			heard += chunk;
			socket.write(OK);
		});
	await using probed = await startProbed(serve, {host: '::1'});

	const result = await ask(probed, 'HTTP:80/', {host: '::1'}).result;

	t.like(result, {result: 'pass', address: `[::1]:${probed.port}`});
	t.true(heard.includes(`\r\nHost: [::1]:${probed.port}\r\n`));
});

const PHASES: readonly (readonly [string, string, boolean])[] = [
	['waiting for an answer', 'HTTP:80/', false],
	['waiting for an answer over TLS', 'HTTPS:443/', true],
	['in the handshake', 'SSL:443', false],
];

for (const [phase, target, tls] of PHASES) {
	test(`a probe that is cancelled ${phase} has no result, and is gone`, async t => {
		let asked: () => void = () => {};
		const inPhase = new Promise<void>(resolve => {
			asked = resolve;
		});
		await using probed = await startProbed(socket => void socket.once('data', asked).resume(), {tls});
		const probe = ask(probed, target);
		await inPhase;

		probe.cancel();

		t.is(await probe.result, undefined);
		await probed.closed();
		t.notThrows(() => probe.cancel());
	});
}

test('a probe that is cancelled at once has no result', async t => {
	await using probed = await startProbed(quiet);
	const probe = ask(probed, 'TCP:80');

	probe.cancel();

	t.is(await probe.result, undefined);
});

test('a probe that was cancelled after its end keeps its result', async t => {
	await using probed = await startProbed(quiet);
	const probe = ask(probed, 'TCP:80');
	const result = await probe.result;

	probe.cancel();

	t.is(result?.result, 'pass');
	t.is(await probe.result, result);
});

(existsSync('/proc/net/tcp') ? test.serial : test.serial.skip)(
	'hundreds of probes leave no socket, timer or TIME_WAIT behind',
	async t => {
		const servers: Probed[] = [];
		for (const [serve, tls] of [
			[quiet, false],
			[answering(OK), false],
			[answering(OK), true],
			[(socket: Socket) => void socket.resetAndDestroy(), false],
		] as const) {
			servers.push(await startProbed(serve, {tls}));
		}
		const ports = servers.map(({port}) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`);
		const before = openSockets();
		// Others had these ports before.
		const waitedBefore = new Set(inTimeWait(ports));
		for (let round = 0; round < 50; round++) {
			await Promise.all(
				['TCP:1', 'HTTP:1/', 'HTTPS:1/', 'SSL:1'].map(
					(target, index) => ask({port: servers[index]?.port ?? 0}, target).result,
				),
			);
		}

		await Promise.all(servers.map(server => server.closed()));
		// Fewer when what the tests before this one have closed has gone meanwhile.
		t.true(openSockets() <= before);
		const waiting = inTimeWait(ports).filter(pair => !waitedBefore.has(pair));
		t.true(waiting.length < 100, `${waiting.length} of 200 in TIME_WAIT`);
		for (const server of servers) await server[Symbol.asyncDispose]();
	},
);

/** The connections to one of these ports whose closing the system still waits for, as pairs of addresses. */
function inTimeWait(ports: readonly string[]): string[] {
	return readFileSync('/proc/net/tcp', 'utf8')
		.split('\n')
		.map(line => line.trim().split(/\s+/))
		.filter(([, , remote = '', state]) => state === '06' && ports.some(port => remote.endsWith(port)))
		.map(([, local, remote]) => `${local} ${remote}`);
}
