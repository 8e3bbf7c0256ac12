import {existsSync} from 'node:fs';
import {connect} from 'node:net';
import test from 'ava';
import {startCommandBackend} from '../../src/fake-backends/command-backend.ts';
import {eventually} from '../helpers/patience.ts';
import {freePorts, heldPort, refusalAt} from '../helpers/ports.ts';
import {send} from './clients.ts';

/** Only named when the system shows it. */
const HOLDER = process.platform === 'linux' ? 'this process' : 'another process';

/** A program in one line, run by the same Node as the test. */
const node = (program: string) => `exec ${JSON.stringify(process.execPath)} -e ${JSON.stringify(program)}`;

const SERVE =
	"require('http').createServer((_, r) => r.end(process.env.WORD ?? 'none')).listen(process.env.PORT, '127.0.0.1')";

async function ask(backend: {readonly port: number}): Promise<string> {
	return (await send(backend, 'GET / HTTP/1.0\r\n\r\n')).body;
}

function exists(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

test('a command listens on the given port, and has ended after the stop', async t => {
	const backend = await startCommandBackend({name: 'api', run: node(SERVE), env: {WORD: 'hello'}});
	const pid = backend.pid ?? 0;

	t.true(backend.running);
	t.is(await ask(backend), 'hello');
	await Promise.all([backend.stop(), backend.stop()]);

	t.false(backend.running);
	t.is(backend.pid, undefined);
	t.false(exists(pid));
	t.not(await refusalAt(backend.port), 'accepted');
});

test('a command that is started again has the same port', async t => {
	await using backend = await startCommandBackend({name: 'api', run: node(SERVE)});
	const {port, pid} = backend;

	await backend.start();
	t.is(backend.pid, pid);
	await backend.stop();
	await backend.start();

	t.is(backend.port, port);
	t.not(backend.pid, pid);
	t.is(await ask(backend), 'none');
});

test('a command that ends before it listens says why, and with what code', async t => {
	const run = node("console.log('on it'); console.error('line 1'); console.error('no database'); process.exit(3)");

	const [port = 0] = await freePorts(1);
	const error = await t.throwsAsync(startCommandBackend({name: 'api', run, port}), {
		code: 'COMMAND_FAILED',
	});

	t.regex(
		error?.message ?? '',
		/^The command of back-end "api" exited with code 3 before it listened on 127\.0\.0\.1:\d+: exec /,
	);
	t.true(error?.message.endsWith('\n  on it\n  line 1\n  no database'));
});

test('much on standard output does not hide what standard error says, and the reverse', async t => {
	const run = node(
		"for (let i = 1; i <= 99; i++) console.log('out ' + i); for (let i = 1; i <= 99; i++) console.error('err ' + i)",
	);

	const [port = 0] = await freePorts(1);
	const error = await t.throwsAsync(startCommandBackend({name: 'api', run, port}));

	const last = (word: string) => Array.from({length: 10}, (_, index) => `  ${word} ${index + 90}`);
	t.deepEqual(error?.message.split('\n').slice(1), [...last('out'), ...last('err')]);
});

test('a command that listens only on ::1 is found there, and keeps its address', async t => {
	const serve = SERVE.replace('127.0.0.1', '::1');
	await using backend = await startCommandBackend({name: 'api', run: node(serve)});

	t.is(backend.host, '::1');
	t.is(await fetch(`http://[::1]:${backend.port}/`).then(each => each.text()), 'none');
	await backend.stop();
	await backend.start();
	t.is(backend.host, '::1');
});

test('another process on ::1 with the same port is not taken for the command', async t => {
	const {port} = await heldPort(t, '::1');

	await t.throwsAsync(startCommandBackend({name: 'api', run: node(SERVE), port}), {
		code: 'PORT_UNAVAILABLE',
		message: new RegExp(`^Cannot listen on \\[::1\\]:${port}, which the command of back-end "api" needs`),
	});
});

// Alone, so that the end is noticed before the output arrives.
test.serial('the last output of what a failed command started is reported', async t => {
	await t.throwsAsync(startCommandBackend({name: 'api', run: '(sleep 0.3; echo late >&2) & exit 1'}), {
		message: /exited with code 1 before it listened [\s\S]*\n {2}late$/,
	});
});

test('a command that does not exist says so', async t => {
	await t.throwsAsync(startCommandBackend({name: 'api', run: 'no-such-program --serve'}), {
		code: 'COMMAND_FAILED',
		message: /^The command of back-end "api" exited with code 127 before it listened [\s\S]*not found/,
	});
});

test('a command that is ended by a signal before it listens is reported with the signal', async t => {
	await t.throwsAsync(startCommandBackend({name: 'api', run: 'kill -9 $$'}), {
		message: /^The command of back-end "api" was ended by SIGKILL before it listened/,
	});
});

test('a command that never listens is given up, and ended', async t => {
	const run = 'echo $$ >&2; exec sleep 60';

	const error = await t.throwsAsync(startCommandBackend({name: 'api', run, readyTimeoutMs: 3000}), {
		code: 'COMMAND_FAILED',
		message: /^The command of back-end "api" did not listen within 3000 ms on 127\.0\.0\.1:\d+: [\s\S]*\n {2}\d+$/,
	});

	t.false(exists(Number(error?.message.split('\n').at(-1))));
});

test('a command that ignores SIGTERM is killed after two seconds', async t => {
	const backend = await startCommandBackend({
		name: 'api',
		run: node(`process.on('SIGTERM', () => console.log('no')); ${SERVE}`),
	});
	const before = performance.now();

	await backend.stop();

	t.true(performance.now() - before >= 1900);
	t.deepEqual(backend.output, ['no']);
	t.not(await refusalAt(backend.port), 'accepted');
});

test('what a command started ends with it', async t => {
	const program = `console.log(require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {stdio: 'inherit'}).pid); ${SERVE}`;
	const backend = await startCommandBackend({name: 'api', run: node(program)});
	const grandchild = Number(backend.output[0]);
	t.true(exists(grandchild));

	await backend.stop();

	t.not(await refusalAt(backend.port), 'accepted');
	await gone(grandchild);
	t.false(await runs(grandchild));
});

test('a command that ended by itself is no longer running, and what it left behind ends at the stop', async t => {
	const left = node('setInterval(() => {}, 1000)').replace('exec ', '');
	const backend = await startCommandBackend({
		name: 'api',
		run: `${left} & echo $!; ${node(`${SERVE}.on('request', () => process.exit(0))`)}`,
	});
	const grandchild = Number(backend.output[0]);

	connect(backend)
		.on('error', () => {})
		.end('GET / HTTP/1.0\r\n\r\n');
	await eventually(() => !backend.running);
	t.true(exists(grandchild));
	await backend.stop();

	await gone(grandchild);
	t.false(await runs(grandchild));
});

test('another listener on the port is not taken for the command', async t => {
	const {port} = await heldPort(t);

	await t.throwsAsync(startCommandBackend({name: 'api', run: node(SERVE), port}), {
		code: 'PORT_UNAVAILABLE',
		message: `Cannot listen on 127.0.0.1:${port}, which the command of back-end "api" needs: ${HOLDER} holds the port`,
	});
});

test("the last lines of a command's output are kept, however long they are", async t => {
	const program = `for (let i = 0; i < 500; i++) console.log('line ' + i); process.stdout.write('x'.repeat(100000) + require('os').EOL + 'end' + require('os').EOL, () => { ${SERVE} })`;
	await using backend = await startCommandBackend({name: 'api', run: node(program)});

	await eventually(() => backend.output.at(-1) === 'end');

	t.is(backend.output.length, 200);
	t.true(backend.output.every(line => line.length <= 2001));
});

test('a dozen commands at once cause no warning of Node', async t => {
	const warnings: Error[] = [];
	const keep = (warning: Error) => warnings.push(warning);
	process.on('warning', keep);

	const backends = await Promise.all(
		Array.from({length: 12}, (_, i) => startCommandBackend({name: `api-${i}`, run: node(SERVE)})),
	);
	await Promise.all(backends.map(backend => backend.stop()));
	process.off('warning', keep);

	t.deepEqual(warnings, []);
	t.is(new Set(backends.map(backend => backend.port)).size, 12);
});

test('after a stop nothing of a command is left in the process', async t => {
	const held = () => process.getActiveResourcesInfo().filter(name => /Process|Pipe|TCP|Timeout/.test(name)).length;
	// The commands of earlier tests are still ending.
	await eventually(() => !process.getActiveResourcesInfo().includes('ProcessWrap'));
	const listeners = process.listenerCount('exit');
	const before = held();

	const backend = await startCommandBackend({name: 'api', run: node(SERVE)});
	t.true(held() > before);
	await backend.stop();
	await t.throwsAsync(startCommandBackend({name: 'api', run: 'exit 1'}));
	// A daemon is no longer a descendant of the command, and keeps the other ends of the pipes.
	const daemon = `spawn('sleep', ['60'], {detached: true, stdio: 'inherit'}).pid`;
	const between = node(`console.log(require('child_process').${daemon}); process.exit()`).replace('exec ', '');
	const leaving = await startCommandBackend({name: 'api', run: `${between}; ${node(SERVE)}`});
	await eventually(() => leaving.output.length > 0);
	await leaving.stop();
	t.teardown(() => process.kill(Number(leaving.output[0])));

	await eventually(() => held() <= before);
	t.is(process.listenerCount('exit'), listeners);
});

/** A killed process stays visible until its parent has read its exit code. */
async function gone(pid: number): Promise<void> {
	await eventually(async () => !(await runs(pid)), `end of the process ${pid}`);
}

async function runs(pid: number): Promise<boolean> {
	return exists(pid) && !(await isZombie(pid));
}

/** In a container, the first process may never read exit codes. */
async function isZombie(pid: number): Promise<boolean> {
	const {readFile} = await import('node:fs/promises');
	// A process that has just ended has no file.
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ' Z ');
	return existsSync('/proc/self/stat') && / Z /.test(stat);
}
