import test, {type ExecutionContext} from 'ava';
import {type Emulator, startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

/** An emulator, and what runs `lb-local fault` against it. */
async function start(t: ExecutionContext, names: readonly string[] = ['web']) {
	const emulator = await startEmulator({port: 0, authority});
	t.teardown(() => emulator.stop());
	for (const name of names) await emulator.create({name, listeners: ['http:80'], backends: 2});
	const folder = await temporaryFolder(t);
	const env = {LB_LOCAL_ENDPOINT: emulator.endpoint};
	const fault = async (...args: readonly string[]) => runCli(['fault', ...args], {folder, env});
	return {emulator, fault};
}

const armed = (emulator: Emulator, name: string) => emulator.get(name).faults.map(({text}) => text);

test('fault add arms a rule, fault list shows its hits, fault remove takes it back', async t => {
	const {emulator, fault} = await start(t);

	const added = await fault('add', 'web', 'backend:a', 'status:503', 'body:try later', 'times:1');
	t.deepEqual([added.code, added.stderr], [0, '']);
	t.is(added.stdout, 'web/1 backend:a status:503 body:"try later" times:1\n');
	const response = await emulator.get('web').fetch('/');
	t.deepEqual([response.status, await response.text()], [503, 'try later']);

	const listed = await fault('list');
	t.is(listed.stdout, 'web/1  backend:a status:503 body:"try later" times:1  1 hit\n');
	const removed = await fault('remove', 'web/1');
	t.is(removed.stdout, 'removed web/1  backend:a status:503 body:"try later" times:1  1 hit\n');
	t.deepEqual(armed(emulator, 'web'), []);
	const none = await fault('list');
	t.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'lb-local: no fault is armed\n']);
});

test('the only load balancer need not be named; of several one must be', async t => {
	const one = await start(t);
	t.is((await one.fault('add', 'listener:80', 'latency:5ms')).stdout, 'web/1 listener:80 latency:5ms\n');
	t.is((await one.fault('add', 'backend:b reset:on-reuse times:2')).stdout, 'web/2 backend:b reset:on-reuse times:2\n');

	const {emulator, fault} = await start(t, ['web', 'shop']);
	const {code, stderr} = await fault('add', 'backend:a', 'refuse');
	t.is(code, 2);
	t.is(
		stderr,
		'error: Of which load balancer? Its name stands before the rule; there is "web" or "shop"\nhint: lb-local fault add web backend:app-1 reset:on-reuse\n',
	);
	t.deepEqual([armed(emulator, 'web'), armed(emulator, 'shop')], [[], []]);
	const none = await start(t, []);
	t.regex((await none.fault('add', 'backend:a', 'refuse')).stderr, /none runs/);
});

test("the cloud's API is a place of its own, also beside a load balancer with that name", async t => {
	const {emulator, fault} = await start(t, ['api', 'web']);

	t.is(
		(await fault('add', 'api', 'throttle', 'operation:Create*', 'times:2')).stdout,
		'api:1 api throttle operation:Create* times:2\n',
	);
	t.is((await fault('add', 'api', 'backend:a', 'refuse')).stdout, 'api/1 backend:a refuse\n');

	t.is(
		(await fault('list')).stdout,
		'api/1  backend:a refuse  0 hits\napi:1  api throttle operation:Create* times:2  0 hits\n',
	);
	await fault('remove', 'api:1');
	t.deepEqual([emulator.faults.length, armed(emulator, 'api')], [0, ['backend:a refuse']]);
	await fault('remove', 'api/1');
	t.deepEqual(armed(emulator, 'api'), []);
});

test('--all removes those of one load balancer, or all', async t => {
	const {emulator, fault} = await start(t, ['web', 'shop']);
	for (const name of ['web', 'shop']) emulator.get(name).inject({on: 'backend:a', do: {refuse: true}});
	emulator.inject({on: 'api', do: {throttle: true}});

	t.is((await fault('remove', '--all', 'web')).stdout, 'removed web/1  backend:a refuse  0 hits\n');
	t.is((await fault('remove', '--all')).stdout.split('\n').length, 3);
	t.deepEqual([armed(emulator, 'shop'), emulator.faults], [[], []]);
	t.is((await fault('remove', '--all')).stderr, 'lb-local: no fault was armed\n');
});

test('--json prints what the control port answers', async t => {
	const {fault} = await start(t);
	const json = async (...args: readonly string[]) => JSON.parse((await fault(...args, '--json')).stdout);
	const shown = {
		loadBalancer: 'web',
		id: 1,
		rule: {on: 'backend:a', do: {refuse: true}},
		text: 'backend:a refuse',
		hits: 0,
	};

	t.deepEqual(await json('list'), {faults: []});
	t.deepEqual(await json('add', 'web', 'backend:a', 'refuse'), {fault: shown});
	t.deepEqual(await json('list'), {faults: [shown]});
	t.deepEqual(await json('remove', 'web/1'), {removed: [shown]});
	t.deepEqual(await json('remove', '--all'), {removed: []});
});

test('what is wrong is told, with exit code 2 where the command line is, and nothing is armed', async t => {
	const {emulator, fault} = await start(t);
	const failing = async (...args: readonly string[]) => {
		const {code, stderr, stdout} = await fault(...args);
		t.is(stdout, '');
		return `${code} ${stderr}`;
	};

	t.regex(
		await failing('add', 'web', 'backend:a', 'rest:on-reuse'),
		/^2 error: "backend:a rest:on-reuse" is no fault: "rest" is no word of a fault; .*did you mean "reset"/,
	);
	t.regex(await failing('add', 'web'), /^2 error: "" is no fault: a fault needs its place/);
	t.regex(await failing('add'), /^2 error: /);
	t.regex(
		await failing('add', 'web', 'backend:c', 'refuse'),
		/^[12] error: The fault is not valid:\n.*no back-end is named "c"/s,
	);
	t.regex(await failing('add', 'shop', 'backend:a', 'refuse'), /^1 error: No load balancer is named "shop"/);
	t.regex(await failing('remove'), /^2 error: no fault is named; write its id, such as web\/1 or api:1, or --all\n/);
	t.regex(
		await failing('remove', 'web'),
		/^2 error: "web" names no fault; write its id, such as web\/1 or api:1, or --all\nhint: `lb-local fault list` shows their ids\.\n$/,
	);
	t.regex(
		await failing('remove', 'web/7'),
		/^1 error: No fault of load balancer "web" has the id 7; there is nothing\n/,
	);
	t.deepEqual(armed(emulator, 'web'), []);
});

test('the examples of the help arm what they say', async t => {
	const {emulator, fault} = await start(t, []);
	await emulator.create({
		name: 'web',
		listeners: ['https:443 -> http:80'],
		backends: [{kind: 'echo', name: 'app-1'}],
	});
	const {stdout} = await fault('add', '--help');
	const examples = [...stdout.matchAll(/\$ lb-local fault (add .*?)(?: {2,}.*)?$/gm)].map(([, line = '']) => line);

	for (const line of examples) {
		const args = [...line.matchAll(/"([^"]*)"|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
		const {code, stderr} = await fault(...args);
		t.is(code, 0, stderr);
	}

	t.is(examples.length, 4);
	t.deepEqual([armed(emulator, 'web').length, emulator.faults.length], [3, 1]);
});
