import {once} from 'node:events';
import {rm, writeFile} from 'node:fs/promises';
import {get} from 'node:http';
import {connect, createServer} from 'node:net';
import path from 'node:path';
import {connect as connectTls} from 'node:tls';
import test from 'ava';
import type {AdminState} from '../../src/control-plane/admin/state.ts';
import {type Config, type LoadBalancer, startEmulator} from '../../src/index.ts';
import {authority, startFromFile} from '../helpers/emulator-scene.ts';
import {listening} from '../helpers/own-servers.ts';
import {freePorts, heldPort} from '../helpers/ports.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const NOTHING = {added: [], changed: [], removed: []};
const WEB = {listeners: ['http:80'], backends: ['app']} as const;

async function answerer(lb: LoadBalancer): Promise<string> {
	const response = await lb.fetch('/');
	if (response.status !== 200) throw new Error(`answered ${response.status}`);
	// An echo back-end's answer is JSON.
	return ((await response.json()) as {backend: string}).backend;
}

/** Asks over and over until told to stop. Resolves with how often it was answered. */
async function repeat(ask: () => Promise<unknown>, stopped: () => boolean): Promise<number> {
	let count = 0;
	for (; !stopped(); count++) await ask();
	return count;
}

test('only what differs is touched: the rest keeps its ports, its connections and its back-ends', async t => {
	const app = {kind: 'echo', count: 2} as const;
	const {emulator, write} = await startFromFile(t, {
		backends: {app, old: {kind: 'reply', body: 'old'}},
		loadBalancers: {
			web: {listeners: ['http:80', 'tcp:81'], backends: ['app']},
			shop: {listeners: ['http:80'], backends: ['app-1', 'old']},
			gone: {listeners: ['http:80'], backends: ['old']},
		},
	});
	const web = emulator.get('web');
	const ports = [web.port(80), web.port(81), emulator.get('shop').port(80)];
	const fakes = [web.backend('app-1').url, web.backend('app-2').url];
	const gone = emulator.get('gone').port(80);
	const open = await web.connect(81);
	open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
	await once(open, 'data');

	await write({
		backends: {app, fresh: {kind: 'echo'}},
		loadBalancers: {
			web: {listeners: ['http:80', 'tcp:81'], backends: ['app']},
			shop: {listeners: ['http:80', 'http:82'], backends: ['app-1', 'fresh']},
			api: {listeners: ['http:80'], backends: ['fresh']},
		},
	});
	const reloaded = await emulator.reload();

	t.deepEqual(reloaded, {
		loadBalancers: {added: ['api'], changed: ['shop'], removed: ['gone']},
		certificates: NOTHING,
		backends: {added: ['fresh'], changed: [], removed: ['old']},
	});
	t.deepEqual(emulator.loadBalancers.map(({name}) => name).sort(), ['api', 'shop', 'web']);
	t.deepEqual([web.port(80), web.port(81), emulator.get('shop').port(80)], ports);
	t.deepEqual([web.backend('app-1').url, web.backend('app-2').url], fakes);
	t.deepEqual(Object.keys(emulator.get('shop').health), ['app-1', 'fresh']);
	t.is(emulator.get('shop').backend('fresh').url, emulator.get('api').backend('fresh').url, 'shared: one fake');
	t.is(await answerer(emulator.get('api')), 'fresh');
	open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
	await once(open, 'data');
	open.destroy();
	const [error] = await once(connect(gone, '127.0.0.1'), 'error');
	t.is(error.code, 'ECONNREFUSED');
});

test('what is the same changes nothing, though it is written in another way', async t => {
	const {emulator, file} = await startFromFile(t, {backends: {app: {kind: 'echo'}}, loadBalancers: {web: WEB}});
	const lb = emulator.get('web');
	const before = [lb.port(80), lb.backend('app').url];

	await writeFile(
		file,
		'backends: {app: {kind: echo}}\n# the same\nloadBalancers:\n  web:\n    listeners: ["http:80 -> http:80"]\n    backends: [app]\n',
	);
	const reloaded = await emulator.reload();

	t.deepEqual(reloaded, {loadBalancers: NOTHING, certificates: NOTHING, backends: NOTHING});
	t.is(emulator.get('web'), lb);
	t.deepEqual([lb.port(80), lb.backend('app').url], before);
});

test('a fault in the file changes nothing and is told with its place', async t => {
	const {emulator, file, write} = await startFromFile(t, {backends: {app: {kind: 'echo'}}, loadBalancers: {web: WEB}});
	await write({backends: {app: {kind: 'reply'}}, loadBalancers: {api: {listeners: ['http:80'], backends: ['ap']}}});

	const error = await t.throwsAsync(emulator.reload(), {code: 'CONFIG_INVALID'});

	t.true(
		error.message.includes(`${file}:13:5: loadBalancers.api.backends[0]: no back-end is named "ap"`),
		error.message,
	);
	t.deepEqual(
		emulator.loadBalancers.map(({name}) => name),
		['web'],
	);
	t.is(await answerer(emulator.get('web')), 'app');
});

test('a fault in the file is a warning of the state until it is mended', async t => {
	const {emulator, file, write} = await startFromFile(t, {backends: {app: {kind: 'echo'}}, loadBalancers: {web: WEB}});
	const warnings = async () => {
		const state = await (await fetch(`${emulator.endpoint}/_lb/state`)).json();
		return state as Pick<AdminState, 'warnings' | 'revision'>;
	};
	const before = await warnings();
	t.deepEqual(before.warnings, []);
	await writeFile(file, 'backends: [');
	await t.throwsAsync(emulator.reload());
	const bad = await warnings();
	t.is(bad.warnings.length, 1);
	t.regex(
		bad.warnings[0] ?? '',
		/^the configuration cannot be carried out, and what ran before goes on: .*lb\.json:1:12: /,
	);
	t.true(bad.revision > before.revision, 'whoever looks at it is told');

	await write({backends: {app: {kind: 'echo'}}, loadBalancers: {web: WEB}});
	await emulator.reload();
	t.deepEqual((await warnings()).warnings, []);
});

test('a file that has become empty, or is gone, stops nothing', async t => {
	const {emulator, file} = await startFromFile(t, {backends: {app: {kind: 'echo'}}, loadBalancers: {web: WEB}});

	for (const [text, what] of [
		['', /: the configuration is empty/],
		['# all of it\n', /: the configuration is empty/],
		['{}', /is not valid: it describes nothing any more$/],
	] as const) {
		await writeFile(file, text);
		await t.throwsAsync(emulator.reload(), {code: 'CONFIG_INVALID', message: what});
	}
	await rm(file);
	await t.throwsAsync(emulator.reload(), {code: 'CONFIG_NOT_FOUND'});

	t.is(await answerer(emulator.get('web')), 'app');
});

test('a port that a stranger holds keeps the whole reload from happening', async t => {
	const {port: taken, release} = await heldPort(t);
	const [one = 0, two = 0, three = 0] = await freePorts(3);
	const app = {kind: 'echo'} as const;
	const before: Config = {
		backends: {app},
		loadBalancers: {
			web: {listeners: [`http:${one}`], backends: ['app']},
			shop: {listeners: [`http:${two}`], backends: ['app']},
		},
	};
	const {emulator, file, write} = await startFromFile(t, before, {ports: 'exact'});
	await write({
		backends: {app, other: {kind: 'command', run: 'exit 0', port: three}},
		loadBalancers: {
			web: {listeners: [`http:${three}`], backends: ['app']},
			api: {listeners: [`http:${taken}`], backends: []},
		},
	});

	const error = await t.throwsAsync(emulator.reload(), {code: 'PORT_UNAVAILABLE'});

	t.regex(error.message, new RegExp(`^${file}:22:17: Cannot listen on 127\\.0\\.0\\.1:${taken}`));
	t.deepEqual(
		emulator.loadBalancers.map(({name}) => name),
		['web', 'shop'],
	);
	t.is(emulator.get('web').port(one), one);
	t.is(await answerer(emulator.get('web')), 'app');
	t.is(await answerer(emulator.get('shop')), 'app');
	const [refused] = await once(connect(three, '127.0.0.1'), 'error');
	t.is(refused.code, 'ECONNREFUSED', 'what was bound for it is free again');

	await release();
	t.deepEqual((await emulator.reload()).loadBalancers, {added: ['api'], changed: ['web'], removed: ['shop']});
});

test('ports that move from one load balancer to another refuse nobody', async t => {
	const [one = 0, two = 0] = await freePorts(2);
	const backends = {a: {kind: 'echo'}, b: {kind: 'echo'}} as const;
	const on = (web: number, shop: number): Config => ({
		backends,
		loadBalancers: {
			web: {listeners: [`http:${web}`], backends: ['a'], draining: '10s'},
			shop: {listeners: [`http:${shop}`], backends: ['b'], draining: '10s'},
		},
	});
	const {emulator, write} = await startFromFile(t, on(one, two), {ports: 'exact'});
	let done = false;
	const load = Promise.all(
		[one, two].map(port =>
			repeat(
				async () => {
					// A connection of its own each time: one that is kept may be closed just as it is used again.
					const asked = get({host: '127.0.0.1', port, agent: false});
					const [response] = await once(asked, 'response');
					response.resume();
					await once(response, 'end');
					if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
				},
				() => done,
			),
		),
	);

	for (let swap = 0; swap < 20; swap++) {
		await write(swap % 2 === 0 ? on(two, one) : on(one, two));
		await emulator.reload();
		t.is(await answerer(emulator.get('web')), 'a');
	}
	await write({backends, loadBalancers: {next: {listeners: [`http:${one}`, `http:${two}`], backends: ['b']}}});
	await emulator.reload();
	t.is(await answerer(emulator.get('next')), 'b');
	done = true;

	for (const count of await load) t.true(count > 5, `${count} requests`);
});

test('a certificate whose file has other bytes is shown from the next handshake on, under load', async t => {
	const pairs = ['one.test', 'two.test'].map(name => authority.issue({names: [name, '127.0.0.1']}));
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'lb.json');
	const put = async (index: number) => {
		await writeFile(path.join(folder, 'own.crt'), pairs[index]?.cert ?? '');
		await writeFile(path.join(folder, 'own.key'), pairs[index]?.key ?? '');
	};
	await put(0);
	const listeners = [{listen: 'https:443 -> http:80', certificate: 'own'} as const];
	const config: Config = {
		certificates: {own: {cert: 'own.crt', key: 'own.key'}, other: {names: ['other.test']}},
		backends: {app: {kind: 'echo'}},
		loadBalancers: {
			web: {listeners, backends: ['app']},
			other: {listeners: [{listen: 'https:443 -> http:80', certificate: 'other'}], backends: ['app']},
		},
	};
	await writeFile(file, JSON.stringify(config));
	await using emulator = await startEmulator({config: file, authority});
	const byHand = await emulator.create({name: 'by-hand', listeners, backends: 1});
	const web = emulator.get('web');
	const other = emulator.get('other').listeners[0]?.certificate?.fingerprint256;
	let done = false;
	const load = repeat(
		async () => {
			const client = connectTls({host: '127.0.0.1', port: web.port(443), ca: authority.pem});
			await once(client, 'secureConnect');
			client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
			let heard = '';
			client.setEncoding('utf8').on('data', chunk => {
				heard += chunk;
			});
			await once(client, 'close');
			if (!heard.startsWith('HTTP/1.1 200 ')) throw new Error(`heard ${heard}`);
		},
		() => done,
	);

	for (let swap = 1; swap <= 10; swap++) {
		await put(swap % 2);
		t.deepEqual((await emulator.reload()).certificates, {added: [], changed: ['own'], removed: []});
		const shown = pairs[swap % 2]?.fingerprint256;
		t.is(web.listeners[0]?.certificate?.fingerprint256, shown);
		t.is(byHand.listeners[0]?.certificate?.fingerprint256, shown, 'whoever names it shows it');
	}
	done = true;

	t.true((await load) > 5);
	t.is(emulator.get('other').listeners[0]?.certificate?.fingerprint256, other, 'what is issued is not issued anew');
	await writeFile(path.join(folder, 'own.key'), pairs[1]?.key ?? '');
	await t.throwsAsync(emulator.reload(), {code: 'CONFIG_INVALID', message: /key/});
	t.is(web.listeners[0]?.certificate?.fingerprint256, pairs[0]?.fingerprint256);
});

test('what others have made or changed stays, unless the file changes that very part', async t => {
	const app = {kind: 'echo', count: 3} as const;
	const {emulator, write} = await startFromFile(t, {
		backends: {app},
		loadBalancers: {web: {listeners: ['http:80'], backends: ['app']}},
	});
	const web = emulator.get('web');
	const made = await emulator.create({name: 'made', listeners: ['http:80'], backends: ['app-3']});
	await web.update({listeners: ['http:80', 'http:90']});
	await web.drain('app-1');

	await write({
		backends: {app},
		loadBalancers: {web: {listeners: ['http:80'], backends: ['app'], idleTimeout: '5s'}, api: {listeners: ['tcp:1']}},
	});
	await emulator.reload();

	t.deepEqual(
		web.listeners.map(({port}) => port),
		[80, 90],
	);
	t.deepEqual(Object.keys(web.health), ['app-2', 'app-3']);
	t.is(await answerer(made), 'app-3');

	await write({backends: {app}, loadBalancers: {web: {listeners: ['http:81'], backends: ['app']}}});
	await emulator.reload();

	t.deepEqual(
		web.listeners.map(({port}) => port),
		[81],
	);
	t.deepEqual(
		emulator.loadBalancers.map(({name}) => name),
		['web', 'made'],
	);

	await write({backends: {}, loadBalancers: {made: {listeners: ['http:82']}}});
	const error = await t.throwsAsync(emulator.reload(), {code: 'NAME_TAKEN'});
	t.regex(error.message, /lb\.json:4:3: There is a load balancer named "made" already/);
	t.is(await answerer(made), 'app-3');

	await write({loadBalancers: {}, certificates: {x: {names: ['x.test']}}});
	await emulator.reload();
	t.is(await answerer(made), 'app-3', 'a back-end that somebody uses goes on when the file forgets it');
});

test('an update leaves alone what it does not name, whoever changed it', async t => {
	const two = authority.issue({names: ['two.test']});
	const {emulator} = await startFromFile(t, {
		backends: {app: {kind: 'echo', count: 2}},
		loadBalancers: {web: {listeners: ['https:443 -> http:80'], backends: ['app']}},
	});
	const web = emulator.get('web');
	await web.setCertificate(443, {cert: two.cert, key: two.key});
	await web.drain('app-1');

	await web.update({idleTimeout: '5s'});

	t.is(web.listeners[0]?.certificate?.fingerprint256, two.fingerprint256);
	t.deepEqual(Object.keys(web.health), ['app-2']);
});

test('the check that a load balancer started with is not moved by its listeners', async t => {
	const {emulator, write} = await startFromFile(t, {backends: {app: {kind: 'echo'}}, loadBalancers: {web: WEB}});
	const web = emulator.get('web');
	await write({
		backends: {app: {kind: 'echo'}},
		loadBalancers: {web: {listeners: ['http:90 -> http:9090'], backends: ['app']}},
	});
	await emulator.reload();

	await web.settle();

	t.is(web.backends[0]?.health.lastProbe?.target, 'TCP:80');
	await web.update({healthCheck: {target: 'HTTP:80/x'}});
	await web.update({listeners: ['http:91']});
	await web.settle();
	t.is(web.backends[0]?.health.lastProbe?.target, 'HTTP:80/x');
});

test('a back-end that is described otherwise takes the place of the old one, and that is stopped', async t => {
	const {emulator, write} = await startFromFile(t, {
		backends: {app: {kind: 'reply', body: 'one'}},
		loadBalancers: {web: WEB},
	});
	const web = emulator.get('web');
	const old = new URL(web.backend('app').url);
	t.is(await (await web.fetch('/')).text(), 'one');

	await write({backends: {app: {kind: 'reply', body: 'two'}}, loadBalancers: {web: WEB}});
	t.deepEqual((await emulator.reload()).backends, {added: [], changed: ['app'], removed: []});

	t.is(await (await web.fetch('/')).text(), 'two');
	t.not(web.backend('app').url, old.href);
	let refused: string | undefined;
	while (refused === undefined) {
		const socket = connect(Number(old.port), '127.0.0.1');
		refused = await once(socket, 'connect').then(
			() => undefined,
			error => error.code,
		);
		socket.destroy();
	}
	t.is(refused, 'ECONNREFUSED');
});

test('a command on a port of its own makes room for the next, and comes back when that fails', async t => {
	const [port = 0] = await freePorts(1);
	const serve = (word: string) =>
		`exec ${process.execPath} -e 'require("http").createServer((q, r) => r.end("${word}")).listen(process.env.PORT, "127.0.0.1")'`;
	const config = (run: string): Config => ({
		backends: {app: {kind: 'command', run, port}},
		loadBalancers: {web: WEB},
	});
	const {emulator, write} = await startFromFile(t, config(serve('one')));
	const web = emulator.get('web');
	t.is(await (await web.fetch('/')).text(), 'one');

	await write(config(serve('two')));
	await emulator.reload();
	t.is(await (await web.fetch('/')).text(), 'two');

	await write(config('echo no >&2; exit 3'));
	const error = await t.throwsAsync(emulator.reload(), {code: 'COMMAND_FAILED'});
	t.regex(error.message, /lb\.json:3:10: The command of back-end "app" exited with code 3/);
	t.is(await (await web.fetch('/')).text(), 'two');
});

test('a load balancer that the file forgets drains', async t => {
	const slow = createServer();
	const port = await listening(t, slow);
	const {emulator, write} = await startFromFile(t, {
		backends: {slow: `127.0.0.1:${port}`},
		loadBalancers: {
			web: {listeners: ['http:80'], backends: ['slow'], draining: '30s'},
			other: {listeners: ['http:80']},
		},
	});
	const web = emulator.get('web');
	const bound = web.port(80);
	const accepted = once(slow, 'connection');
	const waiting = web.fetch('/');
	const [socket] = await accepted;
	await once(socket, 'data');

	await write({loadBalancers: {other: {listeners: ['http:80']}}});
	await emulator.reload();

	t.throws(() => emulator.get('web'), {code: 'NO_SUCH_LOAD_BALANCER'});
	const [error] = await once(connect(bound, '127.0.0.1'), 'error');
	t.is(error.code, 'ECONNREFUSED');
	socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
	t.is(await (await waiting).text(), 'ok');

	await write({backends: {app: {kind: 'echo'}}, loadBalancers: {other: {listeners: ['http:80']}, web: WEB}});
	t.deepEqual((await emulator.reload()).loadBalancers.added, ['web']);
	t.is(await answerer(emulator.get('web')), 'app');
});

test('reloads under load lose no request on what they do not touch', async t => {
	const app = {kind: 'echo', count: 2} as const;
	const config = (turn: number): Config => ({
		backends: {app, ...(turn % 2 === 0 ? {more: {kind: 'echo'}} : {})},
		loadBalancers: {
			web: {
				listeners: ['http:80', 'tcp:81', ...(turn % 3 === 0 ? (['http:90'] as const) : [])],
				backends: turn % 2 === 0 ? ['app', 'more'] : ['app'],
				idleTimeout: `${20 + (turn % 5)}s`,
				draining: '10s',
			},
			...(turn % 2 === 0 ? {extra: {listeners: ['http:80'], backends: ['app']}} : {}),
		},
	});
	const {emulator, write} = await startFromFile(t, config(1));
	const web = emulator.get('web');
	const tunnel = await web.connect(81);
	let done = false;
	const load = Promise.all([
		repeat(
			() => answerer(web),
			() => done,
		),
		repeat(
			async () => {
				tunnel.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
				await once(tunnel, 'data');
			},
			() => done,
		),
	]);

	for (let turn = 2; turn <= 61; turn++) {
		await write(config(turn));
		await emulator.reload();
	}
	done = true;

	for (const count of await load) t.true(count > 10, `${count} requests`);
	tunnel.destroy();
});

test('a stop in the midst of a reload leaves nothing', async t => {
	const {emulator, write} = await startFromFile(t, {backends: {app: {kind: 'echo'}}, loadBalancers: {web: WEB}});
	const ports = emulator.loadBalancers.map(lb => lb.port(80));
	await write({backends: {app: {kind: 'reply'}}, loadBalancers: {web: WEB, api: WEB}});

	const reloading = emulator.reload().then(
		() => 'done',
		error => error.code,
	);
	await emulator.stop();

	t.true(['done', 'STOPPED'].includes(await reloading));
	for (const port of ports) {
		const [error] = await once(connect(port, '127.0.0.1'), 'error');
		t.is(error.code, 'ECONNREFUSED');
	}
	await t.throwsAsync(emulator.reload(), {code: 'STOPPED'});
});
