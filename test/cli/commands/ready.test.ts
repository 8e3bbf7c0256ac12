import {once} from 'node:events';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {FakeAdminApi, openControlServer} from '../../control-plane/helpers/control-server.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

/** The developer may have an instance running. */
const ENV = {LB_LOCAL_ENDPOINT: ''};

async function up(t: ExecutionContext, folder: string, home: string) {
	const running = startCli(t, ['up', 'http:80', '--ports', 'free'], {folder, env: {...ENV, LB_LOCAL_HOME: home}});
	const [, endpoint = ''] = await running.shows('stderr', /control port: (http:\S+)/);
	await running.shows('stderr', /Ctrl-C stops/);
	return {pid: running.child.pid, endpoint};
}

/** As `up` leaves it, of a process that runs: this one. */
async function runFileHere(folder: string, endpoint: string, pid = process.pid): Promise<void> {
	await mkdir(path.join(folder, 'home', 'run'), {recursive: true});
	await writeFile(path.join(folder, 'home', 'run', `${pid}.json`), JSON.stringify({endpoint, pid, cwd: folder}));
}

test('ready waits for an instance of this directory that is started later', async t => {
	const folder = await temporaryFolder(t);
	const home = path.join(folder, 'home');
	const waiting = startCli(t, ['ready', '--timeout', '2m'], {folder, env: ENV});

	const {pid, endpoint} = await up(t, folder, home);

	const {code, stdout, stderr} = await waiting.end();
	t.is(stderr, '');
	t.is(stdout, `ready: process ${pid}, whose control port is ${endpoint}\n`);
	t.is(code, 0);
});

test('ready never takes an instance of another directory for that of this one', async t => {
	const [folder, other] = [await temporaryFolder(t), await temporaryFolder(t)];
	const home = path.join(folder, 'home');
	const {endpoint} = await up(t, other, home);
	await runCli(['status', '--wait'], {folder: other, env: {...ENV, LB_LOCAL_HOME: home}});

	const args = ['ready', '--timeout', '100ms'];
	const alone = await runCli(args, {folder, env: ENV});
	const chosen = await runCli(args, {folder, env: {LB_LOCAL_ENDPOINT: endpoint}});
	// A file that a killed instance of this directory has left: its port is the other one's by now.
	await runFileHere(folder, endpoint);
	const stale = await runCli(args, {folder, env: ENV});
	const there = await runCli(['ready', '--endpoint', endpoint], {folder, env: ENV});

	for (const {code, stdout, stderr} of [alone, chosen, stale]) {
		t.is(
			stderr,
			'error: Not ready within 100ms: no instance of this directory answers\nhint: `lb-local up` starts one; --endpoint chooses one, wherever it was started.\n',
		);
		t.is(stdout, '');
		t.is(code, 1);
	}
	t.is(there.code, 0);
});

test('ready waits while the instance is stopping, and for verdicts when it is asked to', async t => {
	const own = new FakeAdminApi();
	await using server = await openControlServer({own});
	const endpoint = `http://127.0.0.1:${server.port}`;
	const folder = await temporaryFolder(t);
	await runFileHere(folder, endpoint);
	const ask = (...args: string[]) => runCli(['ready', '--timeout=0s', ...args], {folder, env: ENV});

	own.ready = {isStopping: false, undecided: ['web/app-1', 'web/app-2']};
	const quiet = await ask('--quiet');
	const settling = await ask('--settled');
	own.ready = {isStopping: false, undecided: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => `web/${name}`)};
	const many = await ask('--settled');
	own.ready = {isStopping: true, undecided: []};
	const stopping = await ask('--endpoint', `${endpoint}/api/v1`);

	t.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, '', '']);
	const hint = 'hint: `lb-local status` shows what runs.';
	const who = `process ${process.pid} at ${endpoint}`;
	const sooner =
		'hint: A shorter `interval` and a lower `healthy` in `healthCheck` decide sooner, and --timeout waits longer; `lb-local run --settled` waits for no interval.';
	const why = 'has no verdict yet of "web/app-1", "web/app-2"';
	t.is(settling.stderr, `error: Not ready within 0s: ${who} ${why}\n${sooner}\n`);
	t.regex(many.stderr, /"web\/e" and 2 more\n/);
	t.is(settling.code, 1);
	t.is(stopping.stderr, `error: Not ready within 0s: ${who} is stopping\n${hint}\n`);
	t.is(stopping.code, 1);
});

test('ready retries while nothing listens at --endpoint, and gives up at once where another program does', async t => {
	const folder = await temporaryFolder(t);
	const server = createServer((_, response) => response.end('{"ready": true, "pid": 1}')).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo; // A TCP server's address is an object.
	const args = ['ready', '--endpoint', `http://127.0.0.1:${port}`];

	const stranger = await runCli([...args, '--timeout', '1h'], {folder, env: ENV});
	server.closeAllConnections();
	await once(server.close(), 'close');
	const closed = await runCli([...args, '--timeout', '60ms'], {folder, env: ENV});

	t.regex(stranger.stderr, /^error: The server at http:\S+ is not lb-local, or is another version of it\nhint: /);
	t.is(stranger.code, 1);
	t.is(
		closed.stderr,
		`error: Not ready within 60ms: http://127.0.0.1:${port} does not answer: nothing listens there\nhint: \`lb-local up\` prints its control port.\n`,
	);
	t.is(closed.code, 1);
});

test('wrong usage of ready is told as that of every command', async t => {
	const folder = await temporaryFolder(t);

	const unknown = await runCli(['ready', '--setled'], {folder, env: ENV});
	const duration = await runCli(['ready', '--timeout', '30'], {folder, env: ENV});
	const endpoint = await runCli(['ready', '--endpoint', 'localhost'], {folder, env: ENV});
	const help = await runCli(['ready', '--help'], {folder, env: ENV});

	t.is(unknown.stderr, "error: unknown option '--setled'\nhint: did you mean --settled?\n");
	t.is(duration.stderr, 'error: --timeout "30" is not a duration\nhint: "30s" for seconds, "30ms" for milliseconds\n');
	t.regex(endpoint.stderr, /^error: --endpoint is "localhost", which is not the endpoint of a control port\nhint: /);
	t.deepEqual([unknown.code, duration.code, endpoint.code], [2, 2, 2]);
	t.regex(help.stdout, /^Usage: lb-local ready/);
	t.is(help.code, 0);
});

test('ready loads nothing of the rest of the command line', async t => {
	const own = new FakeAdminApi();
	await using server = await openControlServer({own});
	const folder = await temporaryFolder(t);
	await runFileHere(folder, `http://127.0.0.1:${server.port}`);
	const spy = path.join(folder, 'spy.cjs');
	const loaded = path.join(folder, 'loaded.json');
	const write = `require('node:fs').writeFileSync(${JSON.stringify(loaded)}, JSON.stringify(Object.keys(require.cache)))`;
	await writeFile(spy, `process.on('exit', () => ${write});`);

	const {code} = await runCli(['ready'], {folder, env: {...ENV, NODE_OPTIONS: `--require "${spy}"`}});

	t.is(code, 0);
	const files: string[] = JSON.parse(await readFile(loaded, 'utf8'));
	t.deepEqual(files.map(file => path.basename(file)).sort(), ['main.js', 'run-ready.js', 'spy.cjs']);
});
