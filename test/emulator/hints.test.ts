import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import type {ServerResponse} from 'node:http';
import {createServer} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createAuthority, type EmulatorError, startEmulator, startLoadBalancer} from '../../src/index.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {listening} from '../helpers/own-servers.ts';
import {heldPort} from '../helpers/ports.ts';
import {runProgram, testWith} from '../helpers/programs.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

// Each hint is given, carried out, and then the call does its work. Not here:
// - ports below 1024 need a system and a user that refuse them (data-plane/low-port.test.ts), and `ifconfig lo0` macOS;
// - "Make room" needs a full disk, and its other half is done below;
// - "Only those that `lb-local up` runs are stopped from here" is done in cli/commands/stop.test.ts;
// - faked timers and another fetch need a process of their own (journeys/fake-timers.test.ts, fetch.test.ts), Bun and Deno
//   another runtime (base/runtime.test.ts);
// - what is never given, because another fault is told before: "Time only goes forward" and "1xx answers are interim".

type Spec = Parameters<typeof startLoadBalancer>[0];
const SPEC = {listeners: ['http:80'], backends: 1} as const satisfies Spec;

/** What an error, or the first of its violations, advises. */
async function hintOf(t: ExecutionContext, call: () => unknown): Promise<string | undefined> {
	const error = await t.throwsAsync<EmulatorError>(async () => call());
	return error?.hint ?? error?.violations[0]?.hint;
}

async function start(t: ExecutionContext, spec: object = {}) {
	const lb = await startLoadBalancer({...SPEC, ...spec} as Spec);
	t.teardown(() => lb.stop());
	return lb;
}

const rsa = createAuthority().issue({names: ['a.test'], key: 'rsa'});
const ec = createAuthority().issue({names: ['a.test']});
const secure = (certificate: object, tls: object) => ({
	listeners: [{listen: 'https:443 -> http:80', certificate, tls}],
});
const ofRsa = {ciphers: 'ECDHE-RSA-AES128-GCM-SHA256'};
const ofEc = {ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256'};
const LISTEN = "require('net').createServer().listen(process.env.PORT, '127.0.0.1')";
const command = (program: string) => [{kind: 'command', run: `exec '${process.execPath}' -e "${program}"`}];

const atStart = test.macro({
	async exec(t, wrong: object, hint: string, ...rights: object[]) {
		t.is(await hintOf(t, () => start(t, wrong)), hint);
		for (const right of rights) await t.notThrowsAsync(start(t, right));
	},
	title: (what = '') => `the hint on ${what} works`,
});
test('an unknown rule for ports', atStart, {ports: 'fre'}, 'did you mean "free"?', {ports: 'free'});
test('an unknown clock', atStart, {clock: 'manul'}, 'did you mean "manual"?', {clock: 'manual'});
test(
	'an address beyond loopback',
	atStart,
	{address: '0.0.0.0'},
	'to listen beyond loopback, set the host of the emulator (--host)',
	{host: '0.0.0.0'},
);
test(
	'an address of another machine',
	atStart,
	{host: '192.0.2.1'},
	'Use an address of this machine; on macOS, 127.0.0.2 and up need `ifconfig lo0 alias`.',
	{host: '127.0.0.1'},
);
test(
	'a reply that says another length',
	atStart,
	{backends: [{kind: 'reply', body: 'a', headers: {'Content-Length': '9'}}]},
	'leave the header out',
	{backends: [{kind: 'reply', body: 'a', headers: {}}]},
);
test(
	'an EC key where ciphers ask for RSA',
	atStart,
	secure(ec, ofRsa),
	'use a certificate with an RSA key, or other tls.ciphers or tls.minVersion',
	secure(rsa, ofRsa),
	secure(ec, ofEc),
);
test(
	'an RSA key where ciphers ask for EC',
	atStart,
	secure(rsa, ofEc),
	'use a certificate with an EC key, or other tls.ciphers or tls.minVersion',
	secure(ec, ofEc),
	secure(rsa, ofRsa),
	secure(rsa, {ciphers: `${ofEc.ciphers}:TLS_AES_128_GCM_SHA256`, minVersion: 'TLSv1.3'}),
);
test(
	'a command that does not listen',
	atStart,
	{backends: command('')},
	'It must listen on 127.0.0.1 or ::1, and on the port it finds in PORT.',
	{backends: command(LISTEN)},
	{backends: command(LISTEN.replace('127.0.0.1', '::1'))},
);

test('both ways out of a port that somebody holds work', async t => {
	const {port, release} = await heldPort(t);
	const spec = {listeners: [`http:${port}`], ports: 'exact'};

	t.is(await hintOf(t, () => start(t, spec)), 'Stop what listens there, or choose another port.');
	await t.notThrowsAsync(start(t, {...spec, ports: 'free'}));
	await release();
	await t.notThrowsAsync(start(t, spec));
});

testWith('mkfifo')('the hint on an access log that cannot be written works', async t => {
	const folder = await temporaryFolder(t);
	const pipe = path.join(folder, 'pipe');
	await runProgram(t, 'mkfifo', [pipe]);
	// Nobody reads it.
	const hint = await hintOf(t, () => start(t, {accessLog: pipe}));
	t.is(hint, 'Make room, or choose a path that this user may write.');
	await t.notThrowsAsync(start(t, {accessLog: path.join(folder, 'log')}));
});

test('hints of the clock work', async t => {
	const real = await start(t);
	const manual = await start(t, {clock: 'manual'});

	t.is(
		await hintOf(t, () => real.clock.advance('5s')),
		"Start it with {clock: 'manual'}, or with `lb-local up --clock manual`.",
	);
	await manual.clock.advance('5s');
	const wanted = 'Give milliseconds as a number, or text such as "500ms", "5s", "1m" or "1h".';
	t.is(await hintOf(t, () => manual.clock.advance('5' as '5s')), wanted);
	for (const by of [5, '500ms', '5s', '1m', '1h'] as const) await manual.clock.advance(by);
});

test('hints of a client and its traffic work', async t => {
	const lb = await start(t);

	t.is(await hintOf(t, () => lb.traffic.last()), 'Await the client first, or await traffic.next().');
	const coming = lb.traffic.next();
	t.is(await hintOf(t, () => lb.fetch(undefined as never)), "A path starts with a slash: lb.fetch('/login').");
	t.is((await lb.fetch('/login')).status, 200);
	t.is((await coming).request?.target, '/login');
	t.is(lb.traffic.last().request?.target, '/login');

	const early = 'One that ends before the call does not count: call next() first, then the client.';
	t.is(await hintOf(t, () => lb.traffic.next(undefined, 1)), early);
	const answered = 'One that was answered at once does not wait: see traffic.last() for how it ended.';
	t.is(await hintOf(t, () => lb.traffic.arrival(undefined, 1)), answered);
	t.is(lb.traffic.last().outcome, 'ok');

	const bound = lb.port(80);
	t.is(await hintOf(t, () => lb.connect(bound)), 'Give the port as it stands in the listener, not the bound one.');
	(await lb.connect(80)).destroy();
});

test('hints on names work', async t => {
	t.is(await hintOf(t, () => startEmulator({sed: 2} as object)), 'did you mean "seed"?');
	const emulator = await startEmulator({seed: 2});
	t.teardown(() => emulator.stop());
	const lb = await emulator.create({name: 'web', listeners: ['http:80'], backends: [{kind: 'echo', name: 'app'}]});

	t.is(await hintOf(t, () => emulator.get('wb')), 'did you mean "web"?');
	t.is(emulator.get('web'), lb);
	t.is(await hintOf(t, () => lb.backend('ap')), 'did you mean "app"?');
	t.is(lb.backend('app').name, 'app');
	t.is(await hintOf(t, () => lb.setHealth('app', 'InServce' as 'auto')), 'did you mean "InService"?');
	t.notThrows(() => lb.setHealth('app', 'InService'));
	const taken = 'Give this one another name: `name` of a description, or its key in a configuration.';
	t.is(await hintOf(t, () => emulator.create({name: 'web', listeners: ['http:80']})), taken);
	await t.notThrowsAsync(emulator.create({name: 'shop', listeners: ['http:80']}));
});

test('the hint on health that nobody can tell works', async t => {
	let asked = 0;
	const lb = await start(t, {
		backends: [
			{
				kind: 'handler',
				name: 'app',
				handler: (_: unknown, to: ServerResponse) => to.writeHead(asked++ % 2 ? 200 : 500).end(),
			},
		],
		healthCheck: {target: 'HTTP:80/', healthy: 2, unhealthy: 2},
		clock: 'manual',
	});

	const hint = 'See health.lastProbe in lb.backends for what came of the last one; setHealth() decides by hand.';
	t.is(await hintOf(t, () => lb.settle()), hint);
	t.truthy(lb.backends[0]?.health.lastProbe);
	lb.setHealth('app', 'InService');
	t.deepEqual(lb.health, {app: 'InService'});
});

test('what the OUTSCALE API says was meant works', async t => {
	const {api} = await startWithApi(t, {config: {loadBalancers: {web: {listeners: ['http:80']}}}});

	t.regex((await api.send('ReadLoadBalancer', {})).body, /did you mean \\"ReadLoadBalancers\\"\?/);
	t.regex((await api.send('ReadLoadBalancers', {Filter: {}})).body, /did you mean \\"Filters\\"\?/);
	t.is((await api.send('ReadLoadBalancers', {Filters: {}})).status, 200);
});

test('the hint on a back-end of your own works', async t => {
	const port = await listening(t, createServer());
	const lb = await start(t, {
		backends: [
			{kind: 'address', name: 'own', host: '127.0.0.1', port},
			{kind: 'echo', name: 'fake'},
		],
	});

	const hint = 'Stop it where you started it; a fake back-end can be stopped and started.';
	for (const act of ['stop', 'start'] as const) t.is(await hintOf(t, () => lb.backend('own')[act]()), hint);
	await lb.backend('fake').stop();
	await lb.backend('fake').start();
});

test('hints on a configuration that is read anew work', async t => {
	const file = path.join(await temporaryFolder(t), 'lb-local.yaml');
	const web = 'loadBalancers: {web: {listeners: [http:80]}}';
	await writeFile(file, web);
	const emulator = await startEmulator({config: file});
	t.teardown(() => emulator.stop());

	await writeFile(file, '{}');
	t.is(
		await hintOf(t, () => emulator.reload()),
		'A configuration that describes nothing is taken at the start only; to stop everything, stop lb-local.',
	);
	const fromNothing = await startEmulator({config: file});
	t.deepEqual(fromNothing.loadBalancers, []);
	await fromNothing.stop();

	await emulator.create({name: 'made', listeners: ['http:80']});
	await writeFile(file, web.replace('web', 'made'));
	const taken = 'Give this one another name: `name` of a description, or its key in a configuration.';
	t.is(await hintOf(t, () => emulator.reload()), taken);
	await writeFile(file, web.replace('web', 'other'));
	await t.notThrowsAsync(emulator.reload());
});

test('hints of the control port work', async t => {
	const emulator = await startEmulator({config: {loadBalancers: {web: {listeners: ['http:80']}}}});
	t.teardown(() => emulator.stop());
	const ask = async (method: string, route: string, body?: object) => {
		const response = await fetch(emulator.endpoint + route, {method, ...(body && {body: JSON.stringify(body)})});
		return {status: response.status, json: (await response.json()) as never} as {
			status: number;
			json: {pid: number; error: {hint?: string; message: string}};
		};
	};

	t.is((await ask('GET', '/_lb/stat')).json.error.hint, 'did you mean "/_lb/state"?');
	const vm = {id: 'i-0000000a', address: '127.0.0.1:3000'};
	t.is((await ask('POST', '/_lb/vms', vm)).status, 200);
	t.is((await ask('DELETE', '/_lb/vms', {id: 'i-0000000b'})).json.error.hint, 'did you mean "i-0000000a"?');
	t.is((await ask('DELETE', '/_lb/vms', {id: 'i-0000000a'})).status, 200);
	t.is((await ask('POST', '/_lb/stop', {pid: 1})).json.error.hint, 'GET /_lb/state shows its process.');
	const {pid} = (await ask('GET', '/_lb/state')).json;
	const stopped = once(emulator.events, 'stop');
	t.is((await ask('POST', '/_lb/stop', {pid})).status, 200);
	await stopped;
});
