import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {isAlive} from '../../../src/cli/process-life.ts';
import {eventually} from '../../helpers/patience.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

/** The developer may have an instance running. */
const ENV = {LB_LOCAL_ENDPOINT: '', LB_LOCAL_CONFIG: ''};

interface Detached {
	readonly pid: number;
	readonly endpoint: string;
	readonly log: string;
}

async function detached(t: ExecutionContext, folder: string, ...args: string[]): Promise<Detached> {
	const up = ['up', '--detach', '--json', '--ports', 'free', '--control-port', '0', ...args];
	const {code, stdout, stderr} = await runCli(up, {folder, env: ENV});
	if (code !== 0) throw new Error(stderr);
	const started: Detached = JSON.parse(stdout);
	t.teardown(() => {
		if (isAlive(started.pid)) process.kill(started.pid, 'SIGKILL');
	});
	return started;
}

test('up --detach returns when it is ready, and goes on until it is stopped', async t => {
	const folder = await temporaryFolder(t);

	const {pid, endpoint, log} = await detached(t, folder, 'http:80');

	t.is((await fetch(`${endpoint}/_lb/ready`)).status, 200);
	const ready = await runCli(['ready', '--timeout', '0s'], {folder, env: ENV});
	t.is(ready.stdout, `ready: process ${pid}, whose control port is ${endpoint}\n`);
	t.is((await stat(log)).mode & 0o777, 0o600);
	t.is((await stat(path.dirname(log))).mode & 0o777, 0o700);
	const state = await (await fetch(`${endpoint}/_lb/state`)).json();
	const {boundPort} =
		(state as {loadBalancers: {listeners: {boundPort: number}[]}[]}).loadBalancers[0]?.listeners[0] ?? {};
	await (await fetch(`http://127.0.0.1:${boundPort}/logged`)).text();
	await eventually(async () => (await readFile(log, 'utf8')).includes('"/logged"'), 'a line in the log');
	const stopped = await runCli(['stop'], {folder, env: ENV});
	t.is(stopped.code, 0);
	t.regex(await readFile(log, 'utf8'), /asked to stop, at the control port/);
	t.deepEqual(await readdir(path.join(folder, 'home/run')), []);
});

test('people are told the process, its control port and its log', async t => {
	const folder = await temporaryFolder(t);
	const args = ['up', '--detach', 'http:80', '--ports', 'free', '--control-port', '0'];

	const {code, stdout, stderr} = await runCli(args, {folder, env: ENV});

	t.is(code, 0);
	t.is(stderr, '');
	const sentence = /^started process (\d+), whose control port is (http:\S+); its output goes to (.*)\n$/;
	const [, pid, endpoint, log = ''] = sentence.exec(stdout) ?? [];
	t.teardown(() => runCli(['stop'], {folder, env: ENV}).then(() => {}));
	t.is((await fetch(`${endpoint}/_lb/live`)).status, 200);
	t.true(isAlive(Number(pid)));
	t.regex(await readFile(log, 'utf8'), /^lb-local: load balancers for tests|a new authority|lb-local \d/);
});

test('a second one in the directory is refused, and a file that a killed one has left does not count', async t => {
	const folder = await temporaryFolder(t);
	const {pid, endpoint} = await detached(t, folder, 'http:80');

	const second = await runCli(['up', '--detach', 'http:80', '--ports', 'free'], {folder, env: ENV});

	t.is(second.code, 1);
	t.is(second.stdout, '');
	t.is(
		second.stderr,
		`error: An instance of this directory is running: process ${pid}, whose control port is ${endpoint}\nhint: \`lb-local stop\` stops it; one directory has one instance in the background.\n`,
	);
	process.kill(pid, 'SIGKILL');
	await eventually(() => !isAlive(pid), 'end of the process');
	// Its process id is another one's by now, and its port nobody's.
	const stale = {endpoint, pid: process.pid, cwd: folder};
	await writeFile(path.join(folder, 'home/run', `${process.pid}.json`), JSON.stringify(stale));
	t.is((await fetch(`${(await detached(t, folder, 'http:80')).endpoint}/_lb/ready`)).status, 200);
});

test('two that are started at once become one', async t => {
	const folder = await temporaryFolder(t);
	const start = () => runCli(['up', '--detach', 'http:80', '--ports', 'free'], {folder, env: ENV});
	t.teardown(() => runCli(['stop'], {folder, env: ENV}).then(() => {}));

	const codes = (await Promise.all([start(), start(), start()])).map(({code}) => code);

	t.deepEqual(codes.sort(), [0, 1, 1]);
});

test('a lock that a killed start has left does not count', async t => {
	const folder = await temporaryFolder(t);
	await (async () => {
		const {log} = await detached(t, folder, 'http:80');
		await runCli(['stop'], {folder, env: ENV});
		await mkdir(path.join(folder, 'home/run'), {recursive: true});
		const name = path.basename(log).replace(/\.log$/, '.starting');
		await writeFile(path.join(folder, 'home/run', name), '999999999');
	})();

	const {endpoint} = await detached(t, folder, 'http:80');

	t.is((await fetch(`${endpoint}/_lb/ready`)).status, 200);
});

test('a start that fails is told as in the foreground, with its exit code, and leaves nothing', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'lb-local.yaml'), 'loadBalancers: {web: {listeners: ["htp:80"]}}');

	const foreground = await runCli(['up'], {folder, env: ENV});
	const background = await runCli(['up', '--detach'], {folder, env: ENV});
	const usage = await runCli(['up', '--detach', 'nothing'], {folder, env: ENV});

	t.is(background.stderr, foreground.stderr.replace(/^warning: .*\n/gm, ''));
	t.regex(background.stderr, /^error: lb-local\.yaml is not valid:\n/);
	t.is(background.code, 2);
	t.is(background.stdout, '');
	t.regex(usage.stderr, /^error: "nothing" is neither/);
	t.is(usage.code, 2);
	t.deepEqual(await readdir(path.join(folder, 'home/log')), []);
	t.deepEqual(await readdir(path.join(folder, 'home/run')), []);
});

test('a signal while it starts ends what is started', async t => {
	const folder = await temporaryFolder(t);
	const pidFile = path.join(folder, 'pid');
	const config = `backends: {slow: {kind: command, run: 'echo $PPID > "${pidFile}"; exec sleep 1000'}}\nloadBalancers: {web: {listeners: ["http:80"], backends: [slow]}}`;
	await writeFile(path.join(folder, 'lb-local.yaml'), config);
	const starting = startCli(t, ['up', '--detach', '--ports', 'free'], {folder, env: ENV});
	await eventually(async () => (await readFile(pidFile, 'utf8').catch(() => '')).endsWith('\n'), 'the command');
	const pid = Number(await readFile(pidFile, 'utf8'));
	t.true(isAlive(pid));

	const {code} = await starting.end('SIGINT');

	t.is(code, 130);
	await eventually(() => !isAlive(pid), 'end of what was started');
});

for (const signal of ['SIGKILL', 'SIGHUP'] as const) {
	test(`what is started ends where up --detach ends by ${signal} before it is ready`, async t => {
		const folder = await temporaryFolder(t);
		const pidFile = path.join(folder, 'pid');
		const run = `echo $PPID $$ > "${pidFile}"; exec sleep 1000`;
		const config = {
			backends: {slow: {kind: 'command', run}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['slow']}},
		};
		await writeFile(path.join(folder, 'lb-local.yaml'), JSON.stringify(config));
		const starting = startCli(t, ['up', '--detach', '--ports', 'free'], {folder, env: ENV});
		await eventually(async () => (await readFile(pidFile, 'utf8').catch(() => '')).endsWith('\n'), 'the command');
		const pids = (await readFile(pidFile, 'utf8')).trim().split(' ').map(Number);
		t.true(pids.every(isAlive));

		await starting.end(signal);

		await eventually(() => !pids.some(isAlive), 'end of what was started, and of its command');
		const [log = ''] = await readdir(path.join(folder, 'home/log'));
		t.notRegex(await readFile(path.join(folder, 'home/log', log), 'utf8'), /error:/, 'it has not failed by itself');
		// The next one starts as ever.
		await writeFile(path.join(folder, 'lb-local.yaml'), 'loadBalancers: {web: {listeners: ["http:80"]}}');
		t.is((await fetch(`${(await detached(t, folder)).endpoint}/_lb/ready`)).status, 200);
	});
}

test('up takes --clock, --health, --idle-timeout and --control-port', async t => {
	const folder = await temporaryFolder(t);
	const args = ['--clock', 'manual', '--health', 'HTTP:80/health', '--idle-timeout', '7s', '--backend', '127.0.0.1:1'];

	const {endpoint, log} = await detached(t, folder, 'http:80', ...args);

	const {clock} = (await (await fetch(`${endpoint}/_lb/state`)).json()) as {clock: {kind: string}};
	t.is(clock.kind, 'manual');
	t.regex(await readFile(log, 'utf8'), /the clock is manual/);
	const body = JSON.stringify({Filters: {}});
	const read = await fetch(`${endpoint}/api/v1/ReadLoadBalancers`, {method: 'POST', body});
	t.like(await read.json(), {LoadBalancers: [{HealthCheck: {Path: '/health', Protocol: 'HTTP', Port: 80}}]});
});

test('wrong values of these options are told', async t => {
	const folder = await temporaryFolder(t);
	const up = async (...args: string[]) => (await runCli(['up', ...args], {folder, env: ENV})).stderr;

	t.regex(await up('http:80', '--control-port', '80a'), /error: --control-port "80a" is not a port; allowed are/);
	t.regex(await up('http:80', '--idle-timeout', '60'), /idleTimeout: .*60/);
	t.regex(await up('http:80', '--health', 'HTP:80'), /healthCheck\.target: /);
	await writeFile(path.join(folder, 'lb-local.yaml'), '{}');
	t.regex(await up('--health', 'TCP:80'), /^error: --health goes with listeners\n/);
	t.regex(await up('--idle-timeout', '5s'), /^error: --idle-timeout goes with listeners\n/);
});
