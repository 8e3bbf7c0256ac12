import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {untilGone} from '../../../src/cli/commands/stop.ts';
import {startEmulator} from '../../../src/index.ts';
import {FakeAdminApi, openControlServer} from '../../control-plane/helpers/control-server.ts';
import {compiled} from '../../helpers/compiled.ts';
import {listening} from '../../helpers/own-servers.ts';
import {PATIENCE_MS} from '../../helpers/patience.ts';
import {onLinux} from '../../helpers/platforms.ts';
import {runProgram} from '../../helpers/programs.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

/** The developer may have an instance running. */
const ENV = {LB_LOCAL_ENDPOINT: '', http_proxy: '', HTTP_PROXY: '', all_proxy: '', ALL_PROXY: ''};

async function startHere(t: Parameters<typeof startCli>[0], folder: string) {
	const running = startCli(t, ['up', 'http:80', '--ports', 'free'], {folder, env: ENV});
	await running.shows('stderr', /Ctrl-C stops/);
	const [, endpoint = ''] = await running.shows('stderr', /control port: (http:\S+)/);
	return {running, endpoint};
}

/** A running instance writes a file for the other commands while it prints its banner. */
async function isFindable(folder: string): Promise<void> {
	await runCli(['status', '--wait'], {folder, env: ENV});
}

test('stop ends the instance of this directory in order, and returns when it has ended', async t => {
	const folder = await temporaryFolder(t);
	const {running, endpoint} = await startHere(t, folder);
	await isFindable(folder);

	const stopped = await runCli(['stop'], {folder, env: ENV});

	t.is(stopped.stderr, '');
	t.is(stopped.stdout, `stopped process ${running.child.pid}, whose control port was ${endpoint}\n`);
	t.is(stopped.code, 0);
	const ended = await running.end();
	t.is(ended.code, 0);
	t.is(ended.signal, null);
	t.regex(ended.stderr, /asked to stop, at the control port\nstopping; /);
	t.deepEqual(await readdir(path.join(folder, 'home', 'run')), []);
});

test('stop prints for programs what it stopped, even when npx runs it, which forwards no signals', async t => {
	const folder = await temporaryFolder(t);
	// As with npx: another process waits for the command line, and leaves it running when it is killed.
	const wrapper = `require('child_process').spawn(process.execPath, process.argv.slice(1), {stdio: 'inherit', detached: true}).on('exit', code => process.exit(code)); process.on('SIGTERM', () => {})`;
	const main = compiled('src/cli/main.ts');
	const env = Object.entries({...ENV, LB_LOCAL_HOME: path.join(folder, 'home')}).map(pair => pair.join('='));
	const up = [process.execPath, '-e', wrapper, main, 'up', 'http:80', '--ports', 'free', '--quiet'];
	const wrapped = runProgram(t, 'env', ['-C', folder, ...env, ...up]);
	await isFindable(folder);

	const stopped = await runCli(['stop', '--json'], {folder, env: ENV});

	t.is(stopped.code, 0);
	const {pid, endpoint} = JSON.parse(stopped.stdout);
	t.true(pid > 0);
	t.regex(endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
	t.is((await wrapped)?.code, 0);
});

test('a script starts an instance in the background, waits for it, points clients at it, and stops it', async t => {
	const folder = await temporaryFolder(t);
	const lbLocal = `${process.execPath} ${compiled('src/cli/main.ts')}`;
	const script = [
		`${lbLocal} up http:80 --ports free --quiet &`,
		`${lbLocal} status --wait > status.txt`,
		`eval "$(${lbLocal} env --wait)"`,
		'echo "$LB_LOCAL_ENDPOINT"',
		`${lbLocal} stop`,
		'wait',
	].join('\n');
	const env = Object.entries({...ENV, LB_LOCAL_HOME: path.join(folder, 'home')}).map(pair => pair.join('='));

	const ran = await runProgram(t, 'env', ['-C', folder, ...env, '/bin/sh', '-ec', script]);

	const [, endpoint] =
		/^lb-local \S+ at (http:\S+)\n/.exec(await readFile(path.join(folder, 'status.txt'), 'utf8')) ?? [];
	t.regex(ran?.stdout ?? '', new RegExp(`^${endpoint}\nstopped process \\d+, whose control port was ${endpoint}\n$`));
	t.is(ran?.code, 0);
});

test('stop never stops an instance of another directory, but lists it', async t => {
	const folder = await temporaryFolder(t);
	const {running, endpoint} = await startHere(t, folder);
	await isFindable(folder);
	const elsewhere = await temporaryFolder(t);
	const env = {...ENV, LB_LOCAL_HOME: path.join(folder, 'home')};

	// As `env` has set it for the clients of the shell.
	const refused = await runCli(['stop'], {folder: elsewhere, env: {...env, LB_LOCAL_ENDPOINT: endpoint}});
	const still = await runCli(['status'], {folder, env: ENV});
	const chosen = await runCli(['stop', '--endpoint', endpoint], {folder: elsewhere, env});

	t.is(refused.code, 1);
	t.true(
		refused.stderr.startsWith(
			`error: No running instance was started in this directory; elsewhere there is\n  ${endpoint} (process ${running.child.pid}, in ${folder})\nhint: `,
		),
		refused.stderr,
	);
	t.is(still.code, 0);
	t.is(chosen.code, 0);
	t.is((await running.end()).code, 0);
});

test('a stale file whose process id and port other processes have stops nothing', async t => {
	const folder = await temporaryFolder(t);
	let asked = 0;
	class Other extends FakeAdminApi {
		override askToStop = () => void asked++;
		override state() {
			return {...super.state(), pid: 1};
		}
	}
	await using server = await openControlServer({own: new Other()});
	await mkdir(path.join(folder, 'home', 'run'), {recursive: true});
	const run = {endpoint: server.controlPlane.endpoint, pid: process.pid, cwd: folder};
	await writeFile(path.join(folder, 'home', 'run', `${process.pid}.json`), JSON.stringify(run));

	const stopped = await runCli(['stop'], {folder, env: ENV});

	t.is(stopped.code, 1);
	t.regex(stopped.stderr, /^error: No running instance was started in this directory\n/);
	t.is(asked, 0);
});

test('a program that stops its load balancers itself is not stopped from outside', async t => {
	const folder = await temporaryFolder(t);
	await using emulator = await startEmulator();

	const refused = await runCli(['stop', '--endpoint', emulator.endpoint], {folder, env: ENV});
	t.is(refused.code, 1);
	t.regex(
		refused.stderr,
		new RegExp(`^error: Process ${process.pid} is a program that stops its load balancers itself\\nhint: `),
	);

	const asked = once(emulator.events, 'stop');
	const answer = await fetch(`${emulator.endpoint}/_lb/stop`, {method: 'POST'});
	t.is(answer.status, 200);
	t.deepEqual(await answer.json(), {pid: process.pid});
	await asked;
});

test('a port that is not a control port is no reason to signal a process', async t => {
	const folder = await temporaryFolder(t);
	const port = await listening(
		t,
		createServer((_, response) => response.end('{"pid":1}')),
	);

	const refused = await runCli(['stop', '--endpoint', `http://127.0.0.1:${port}`], {folder, env: ENV});

	t.is(refused.code, 1);
	t.regex(refused.stderr, /^error: The server at .* is not lb-local, or is another version of it/);
});

/** A process that prints when it runs. */
async function started(t: ExecutionContext, program: string): Promise<ChildProcess & {readonly pid: number}> {
	const child = spawn(process.execPath, ['-e', `${program}; console.log('up'); setInterval(() => {}, 1e6)`]);
	t.teardown(() => child.kill('SIGKILL'));
	await once(child.stdout, 'data');
	return Object.assign(child, {pid: child.pid ?? 0});
}

const NOWHERE = 'http://127.0.0.1:1';

test('an instance that has named its process id and does not end gets SIGTERM', async t => {
	const child = await started(t, '');
	const ended = once(child, 'exit');

	await untilGone({pid: child.pid, endpoint: NOWHERE, isOurs: true}, {graceMs: 0, lastGraceMs: PATIENCE_MS});

	t.deepEqual(await ended, [null, 'SIGTERM']);
});

test('an instance that ends neither by itself nor by SIGTERM is reported', async t => {
	const child = await started(t, `process.on('SIGTERM', () => {})`);

	const error = await t.throwsAsync(
		untilGone({pid: child.pid, endpoint: NOWHERE, isOurs: true}, {graceMs: 0, lastGraceMs: 0}),
	);

	t.like(error, {code: 'STILL_RUNNING', message: `Process ${child.pid} was asked to stop and has not ended`});
	t.is(child.exitCode, null);
});

test('a process of another machine is never signalled, even when a process here has the same id', async t => {
	const child = await started(t, `process.on('SIGTERM', () => console.log('signalled'))`);
	const told: string[] = [];
	child.stdout?.on('data', text => told.push(String(text)));
	await using server = await openControlServer();
	const {endpoint} = server.controlPlane;

	await t.throwsAsync(untilGone({pid: child.pid, endpoint, isOurs: false}, {graceMs: 0, lastGraceMs: 0}), {
		code: 'STILL_RUNNING',
	});
	await server.controlPlane.stop();
	await untilGone({pid: child.pid, endpoint, isOurs: false});

	child.kill('SIGKILL');
	await once(child, 'close');
	t.deepEqual(told, []);
});

onLinux('a zombie, whose exit code was not read, counts as ended', async t => {
	// The shell is replaced by a program that never reads the exit code.
	const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 600']);
	t.teardown(() => parent.kill('SIGKILL'));
	const [line] = await once(parent.stdout, 'data');

	await untilGone({pid: Number(String(line)), endpoint: NOWHERE, isOurs: true}, {graceMs: PATIENCE_MS});

	t.notThrows(() => process.kill(Number(String(line)), 0));
});
