import {existsSync} from 'node:fs';
import {chmod, readdir, readFile, writeFile} from 'node:fs/promises';
import {connect} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {isAlive} from '../../../src/cli/process-life.ts';
import {eventually} from '../../helpers/patience.ts';
import {onLinux} from '../../helpers/platforms.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {type CliOptions, CommandLine, commandLine, runCli, startCli} from '../helpers/command-line.ts';
import {Terminal, testInTerminal} from '../helpers/terminal.ts';

/** The developer may have an instance running, or authorities of their own. */
const ENV = {
	LB_LOCAL_ENDPOINT: '',
	LB_LOCAL_CONFIG: '',
	NODE_EXTRA_CA_CERTS: '',
	SSL_CERT_FILE: '',
	REQUESTS_CA_BUNDLE: '',
	CURL_CA_BUNDLE: '',
	AWS_CA_BUNDLE: '',
};

const CONFIG = `
backends:
  app: {kind: echo, count: 2}
  broken: {kind: reply, status: 500}
loadBalancers:
  web: {listeners: ["http:80", "https:443 -> http:80"], backends: [app]}
  plain-http: {listeners: ["http:80"], backends: [broken]}
  db: {listeners: ["tcp:5432"], backends: [app]}
`;

/** A folder in which temporary files are made as well, so that a test sees what is left of them. */
async function project(t: ExecutionContext, config?: string) {
	const folder = await temporaryFolder(t);
	if (config !== undefined) await writeFile(path.join(folder, 'lb-local.yaml'), config);
	return {folder, env: {...ENV, TMPDIR: folder}};
}

function inNode(script: string): string[] {
	return ['--', process.execPath, '-e', script];
}

const PRINT_ENVIRONMENT = inNode('console.log(JSON.stringify(process.env))');

async function environment(options: CliOptions, ...args: string[]): Promise<Record<string, string>> {
	const {stdout, stderr, code} = await runCli(['run', ...args, ...PRINT_ENVIRONMENT], options);
	if (code !== 0) throw new Error(stderr);
	return JSON.parse(stdout);
}

function isOpen(port: number): Promise<boolean> {
	const socket = connect(port, '127.0.0.1');
	return new Promise<boolean>(resolve => {
		socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
	}).finally(() => socket.destroy());
}

for (const code of [0, 3]) {
	test(`a command that exits ${code} makes run exit ${code}, and standard output is the command's alone`, async t => {
		const options = await project(t, CONFIG);

		const ran = await runCli(['run', ...inNode(`console.log('mine'); process.exitCode = ${code}`)], options);

		t.deepEqual(ran, {code, signal: null, stdout: 'mine\n', stderr: ''});
	});
}

test('nothing is left behind: no port, no file', async t => {
	const options = await project(t, CONFIG);

	const env = await environment(options);

	t.deepEqual(await readdir(options.folder), ['lb-local.yaml']);
	const ports = ['LB_LOCAL_ENDPOINT', 'LB_LOCAL_WEB_URL', 'LB_LOCAL_PLAIN_HTTP_URL'].map(name =>
		Number(new URL(env[name] ?? '').port),
	);
	for (const port of ports) t.false(await isOpen(port));
});

test('the command is told where everything is', async t => {
	const env = await environment(await project(t, CONFIG));

	t.regex(env['LB_LOCAL_ENDPOINT'] ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
	t.regex(env['LB_LOCAL_WEB_URL'] ?? '', /^https:\/\/127\.0\.0\.1:\d+$/);
	t.regex(env['LB_LOCAL_PLAIN_HTTP_URL'] ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
	t.regex(env['LB_LOCAL_DB_URL'] ?? '', /^127\.0\.0\.1:\d+$/);
});

test('the command trusts the certificates, and what it and the system trusted before', async t => {
	const options = await project(t, CONFIG);
	const mine = path.join(options.folder, 'mine.pem');
	await writeFile(mine, 'MINE\n');
	const files = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'AWS_CA_BUNDLE'];
	const script = `
		fetch(process.env.LB_LOCAL_WEB_URL).then(async response => {
			const texts = ${JSON.stringify(files)}.map(name => require('node:fs').readFileSync(process.env[name], 'utf8'));
			console.log(JSON.stringify({status: response.status, texts}));
		})`;

	const plain = await runCli(['run', ...inNode(script)], options);
	const withMine = await runCli(['run', ...inNode(script)], {
		...options,
		env: {...options.env, NODE_EXTRA_CA_CERTS: mine, CURL_CA_BUNDLE: mine},
	});

	t.is(plain.code, 0, plain.stderr);
	const {status, texts} = JSON.parse(plain.stdout);
	t.is(status, 200);
	const [added, ...all] = texts.map((text: string) => text.split('BEGIN CERTIFICATE').length - 1);
	t.is(added, 1);
	for (const count of all) t.true(count > 50, `${count} authorities`);
	t.is(withMine.code, 0, withMine.stderr);
	for (const text of JSON.parse(withMine.stdout).texts) t.regex(text, /^MINE\n/m);
});

test('the stored authority is used where there is one', async t => {
	const options = await project(t, CONFIG);
	await runCli(['cert', 'web.test'], options);
	const stored = await readFile(path.join(options.folder, 'home/authority/authority.pem'), 'utf8');
	const script = `process.stdout.write(require('node:fs').readFileSync(process.env.NODE_EXTRA_CA_CERTS))`;

	const {stdout} = await runCli(['run', ...inNode(script)], options);

	t.is(stdout, stored);
});

test('without a configuration there are no load balancers, and never the demo', async t => {
	const env = await environment(await project(t));

	t.deepEqual(
		Object.keys(env).filter(name => /^LB_LOCAL_.*_URL$/.test(name)),
		[],
	);
	t.regex(env['LB_LOCAL_ENDPOINT'] ?? '', /^http:/);
});

test('LB_LOCAL_CONFIG is the configuration, as text or as a path, where none is given', async t => {
	const {folder, env} = await project(t, CONFIG);
	await writeFile(path.join(folder, 'other.yaml'), 'loadBalancers: {other: {listeners: ["http:80"]}}');
	const urls = async (LB_LOCAL_CONFIG: string, ...args: string[]) =>
		Object.keys(await environment({folder, env: {...env, LB_LOCAL_CONFIG}}, ...args)).filter(name =>
			/^LB_LOCAL_.*_URL$/.test(name),
		);

	t.deepEqual(await urls('other.yaml'), ['LB_LOCAL_OTHER_URL']);
	t.deepEqual(await urls('{"loadBalancers": {"a": {"listeners": ["http:80"]}}}'), ['LB_LOCAL_A_URL']);
	t.deepEqual(await urls('loadBalancers:\n  b: {listeners: ["http:80"]}\n'), ['LB_LOCAL_B_URL']);
	t.deepEqual(await urls('other.yaml', 'lb-local.yaml'), [
		'LB_LOCAL_WEB_URL',
		'LB_LOCAL_PLAIN_HTTP_URL',
		'LB_LOCAL_DB_URL',
	]);
	const wrong = await runCli(['run', '--', 'true'], {folder, env: {...env, LB_LOCAL_CONFIG: 'a: 1\nb: 2\n'}});
	t.regex(wrong.stderr, /^error: LB_LOCAL_CONFIG is not valid:\nLB_LOCAL_CONFIG:1:1: /);
	t.is(wrong.code, 2);
	const missing = await runCli(['check'], {folder, env: {...env, LB_LOCAL_CONFIG: 'loadBalancers: {}'}});
	t.is(
		missing.stderr,
		'error: LB_LOCAL_CONFIG is "loadBalancers: {}", and there is no such file\nhint: What begins with { or has a line break is a configuration; anything else is a path.\n',
	);
	t.is(missing.code, 2);
});

test('two at once in one folder do not notice each other', async t => {
	// The control port is one that both ask for.
	const options = await project(t, `control: {port: 8089}\n${CONFIG}`);
	const script = `console.log(process.env.LB_LOCAL_ENDPOINT); process.stdin.resume().on('end', () => process.exit(0))`;
	const [one, other] = [1, 2].map(() => startCli(t, ['run', ...inNode(script)], options));

	const [first] = (await one?.shows('stdout', /http:\S+/)) ?? [];
	const [second] = (await other?.shows('stdout', /http:\S+/)) ?? [];
	one?.child.stdin.end();
	t.is((await one?.end())?.code, 0);
	t.is((await fetch(`${second}/_lb/ready`)).status, 200);
	other?.child.stdin.end();

	t.is((await other?.end())?.code, 0);
	t.not(first, second);
	t.deepEqual(await readdir(options.folder), ['lb-local.yaml']);
});

test('a run is not taken for an instance of the directory', async t => {
	const options = await project(t, CONFIG);
	const main = commandLine([], options).args.at(-1) ?? '';
	const script = `
		const {LB_LOCAL_ENDPOINT: _, ...env} = process.env;
		const {status} = require('node:child_process').spawnSync(
			process.execPath, [${JSON.stringify(main)}, 'ready', '--timeout', '0s'], {env, stdio: 'ignore'});
		console.log(status);`;

	t.is((await runCli(['run', ...inNode(script)], options)).stdout, '1\n');
});

test('exchanges that failed are shown at the end, without queries, headers and bodies', async t => {
	const options = await project(t, CONFIG);
	const script = `
		(async () => {
			await fetch(process.env.LB_LOCAL_WEB_URL + '/fine');
			for (let i = 1; i <= 12; i++) {
				await fetch(process.env.LB_LOCAL_PLAIN_HTTP_URL + '/failing/' + i + '?token=secret', {
					method: 'POST', headers: {authorization: 'secret'}, body: 'secret'});
			}
		})()`;

	const {code, stdout, stderr} = await runCli(['run', ...inNode(script)], options);

	t.is(code, 0);
	t.is(stdout, '');
	const lines = stderr.trimEnd().split('\n');
	t.is(lines[0], 'lb-local: 12 exchanges failed');
	t.is(lines.length, 12);
	t.regex(
		lines[1] ?? '',
		/^ {2}\S+ plain-http:80 127\.0\.0\.1:\d+ POST \/failing\/1 500 -> broken \(.*\) \d+\.\d ms ok \(broken chosen\)$/,
	);
	t.is(lines[11], '  and 2 more');
	t.notRegex(stderr, /secret|fine/);
});

test('a failed exchange is shown with its why', async t => {
	const config = `
backends: {broken: {kind: reply, status: 503}, gone: "127.0.0.1:1"}
loadBalancers:
  web: {listeners: ["http:80"], backends: [gone, broken]}
  none: {listeners: ["http:80"], backends: [gone], healthCheck: {target: "TCP:80", interval: 1h, unhealthy: 2}}
`;
	const options = await project(t, config);
	const script = `
		(async () => {
			await fetch(process.env.LB_LOCAL_WEB_URL);
			const body = JSON.stringify({loadBalancer: 'none', backend: 'gone', state: 'OutOfService'});
			await fetch(process.env.LB_LOCAL_ENDPOINT + '/_lb/health', {method: 'POST', body});
			await fetch(process.env.LB_LOCAL_NONE_URL);
		})()`;

	const {stderr} = await runCli(['run', ...inNode(script)], options);

	const [, first = '', second = ''] = stderr.split('\n');
	t.regex(first, / web:80 .* GET \/ 503 -> broken .* ok \(gone not reached: .*; broken chosen\)$/);
	t.regex(second, / none:80 .* GET \/ 503 -> .* no-healthy-backend \(.*gone .*\)$/);
});

test('--settled waits for a verdict of each back-end, whatever it is', async t => {
	const config = `
backends: {app: {kind: echo}, gone: "127.0.0.1:1"}
loadBalancers:
  web: {listeners: ["http:80"], backends: [app, gone], healthCheck: {target: "TCP:80", interval: 1h}}
`;
	const options = await project(t, config);
	const script = `
		fetch(process.env.LB_LOCAL_ENDPOINT + '/_lb/state').then(response => response.json()).then(state => {
			console.log(state.loadBalancers[0].backends.map(each => each.name + ' ' + each.state).join());
		})`;

	t.is((await runCli(['run', ...inNode(script)], options)).stdout, 'app InService,gone InService\n');
	t.is((await runCli(['run', '--settled', ...inNode(script)], options)).stdout, 'app InService,gone OutOfService\n');
});

test('--ports exact binds the ports as they are written, or nothing', async t => {
	const options = await project(t);
	const holder = startCli(
		t,
		['run', ...inNode('console.log(process.env.LB_LOCAL_ENDPOINT); setInterval(() => {}, 1e6)')],
		options,
	);
	const [, port = ''] = await holder.shows('stdout', /:(\d+)\n/);
	await writeFile(path.join(options.folder, 'lb-local.yaml'), `loadBalancers: {web: {listeners: ["http:${port}"]}}`);

	const free = await environment(options);
	const exact = await runCli(['run', '--ports', 'exact', '--', 'echo', 'run'], options);

	t.not(free['LB_LOCAL_WEB_URL'], `http://127.0.0.1:${port}`);
	t.is(exact.stdout, '');
	t.regex(exact.stderr, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}`));
	t.is(exact.code, 1);
	holder.child.kill();
	t.is((await holder.end()).code, 143);
	t.is((await environment(options, '--ports', 'exact'))['LB_LOCAL_WEB_URL'], `http://127.0.0.1:${port}`);
});

test('a configuration that cannot start is told, and the command is not run', async t => {
	const options = await project(t, 'loadBalancers: {web: {listeners: ["htp:80"]}}');
	const touch = ['--', 'touch', path.join(options.folder, 'ran')];

	const invalid = await runCli(['run', ...touch], options);
	const missing = await runCli(['run', 'missing.yaml', ...touch], options);
	await writeFile(
		path.join(options.folder, 'lb-local.yaml'),
		'backends: {app: {kind: command, run: "exit 7"}}\nloadBalancers: {web: {listeners: ["http:80"], backends: [app]}}',
	);
	const failing = await runCli(['run', ...touch], options);

	t.regex(invalid.stderr, /^error: lb-local\.yaml is not valid:\nlb-local\.yaml:1:35: /);
	t.regex(missing.stderr, /^error: Cannot read missing\.yaml: there is no such file\n/);
	t.regex(failing.stderr, /^error: .*app/);
	t.deepEqual([invalid.code, missing.code, failing.code], [2, 2, 1]);
	t.deepEqual(await readdir(options.folder), ['lb-local.yaml']);
});

test('without a command, the use was wrong', async t => {
	const options = await project(t, CONFIG);
	const hint = 'hint: write it after two hyphens: lb-local run -- npm test.\n';

	for (const args of [['run'], ['run', '--'], ['run', 'npm', 'test'], ['run', '--settled']]) {
		const {code, stderr} = await runCli(args, options);
		t.is(stderr, `error: no command was given\n${hint}`);
		t.is(code, 2);
	}
	const other = await runCli(['run', 'npm', '--', 'test'], options);
	t.is(other.code, 2);
	t.regex(other.stderr, /^error: "npm" is not a configuration file\n/);
});

test('what stands after -- is the command, whatever it looks like', async t => {
	const options = await project(t);
	const script = ['--', process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'];
	const args = ['--settled', '->', 'http:80', '--', '--help', '$HOME', ''];

	t.deepEqual(JSON.parse((await runCli(['run', ...script, ...args], options)).stdout), args);
});

test('a command that does not exist is 127, one that cannot be executed 126', async t => {
	const options = await project(t);
	const file = path.join(options.folder, 'script');
	await writeFile(file, 'exit 0');
	await chmod(file, 0o644);

	const missing = await runCli(['run', '--', 'no-such-command'], options);
	const plain = await runCli(['run', '--', './script'], options);

	t.deepEqual(missing, {
		code: 127,
		signal: null,
		stdout: '',
		stderr: 'error: Cannot run "no-such-command": there is no such command\n',
	});
	t.regex(plain.stderr, /^error: Cannot run ".\/script": .*EACCES/);
	t.is(plain.code, 126);
});

test('a command that is killed makes run exit with 128 and the signal', async t => {
	const options = await project(t, CONFIG);

	t.is((await runCli(['run', ...inNode("process.kill(process.pid, 'SIGKILL')")], options)).code, 137);
	t.is((await runCli(['run', ...inNode("process.kill(process.pid, 'SIGABRT')")], options)).code, 134);
});

const WAITS = `process.on('SIGINT', () => console.log('INT')).on('SIGHUP', () => console.log('HUP'))
	.on('SIGUSR2', () => console.log('USR2')).on('SIGTERM', () => { console.log('TERM'); process.exit(5); });
	setInterval(() => {}, 1e6); console.log('waits')`;

test('signals are passed to the command, and its exit code counts', async t => {
	const options = await project(t, CONFIG);
	const running = startCli(t, ['run', ...inNode(WAITS)], options);
	await running.shows('stdout', /waits/);

	for (const name of ['INT', 'HUP', 'USR2'] as const) {
		running.child.kill(`SIG${name}`);
		await running.shows('stdout', new RegExp(name));
	}
	const {code, stdout} = await running.end('SIGTERM');

	t.is(stdout, 'waits\nINT\nHUP\nUSR2\nTERM\n');
	t.is(code, 5);
});

test('a command that ignores SIGTERM goes on, with its load balancers, until it ends', async t => {
	const options = await project(t, CONFIG);
	const script = `process.on('SIGTERM', () => console.log('ignored'));
		process.stdin.on('data', () => fetch(process.env.LB_LOCAL_WEB_URL).then(({status}) => process.exit(status - 196)));
		console.log('waits')`;
	const running = startCli(t, ['run', ...inNode(script)], options);
	await running.shows('stdout', /waits/);

	running.child.kill('SIGTERM');
	await running.shows('stdout', /ignored\n/);
	running.child.kill('SIGTERM');
	await running.shows('stdout', /ignored\nignored\n/);
	running.child.stdin.write('go on');

	t.is((await running.end()).code, 4);
});

test('a command that starts children does not hold run up', async t => {
	const options = await project(t, CONFIG);
	const script = `const {pid} = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'],
		{stdio: 'ignore', detached: true}); console.log(pid); process.exit(6)`;

	const {code, stdout} = await runCli(['run', ...inNode(script)], options);

	t.teardown(() => process.kill(Number(stdout), 'SIGKILL'));
	t.is(code, 6);
	t.true(process.kill(Number(stdout), 0));
	t.deepEqual(await readdir(options.folder), ['lb-local.yaml']);
});

onLinux('the standard streams of the command block, as programs expect', async t => {
	const options = await project(t, CONFIG);
	// fcntl(2): O_NONBLOCK is 04000 in the octal flags of proc(5).
	const script = 'for fd in 0 1 2; do sed -n "s/flags://p" /proc/self/fdinfo/$fd; done';

	const {stdout} = await runCli(['run', '--', 'sh', '-c', script], options);

	const flags = stdout
		.trim()
		.split('\n')
		.map(text => Number.parseInt(text, 8));
	t.is(flags.length, 3);
	for (const flag of flags) t.is(flag & 0o4000, 0);
});

onLinux('a run that is killed takes its command and its files with it', async t => {
	const options = await project(t, CONFIG);
	const running = startCli(t, ['run', ...inNode(`console.log(process.pid); ${WAITS}`)], options);
	const [, pid = ''] = await running.shows('stdout', /(\d+)\nwaits/);
	t.teardown(() => {
		if (isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL');
	});
	const folders = async () => (await readdir(options.folder)).filter(name => name.startsWith('lb-local-'));
	t.true((await folders()).some(name => existsSync(path.join(options.folder, name, 'all.pem'))));

	running.child.kill('SIGKILL');

	await eventually(() => !isAlive(Number(pid)), 'end of the command');
	await eventually(async () => (await folders()).length === 0, 'removal of the files');
	t.regex((await running.end()).stdout, /TERM\n$/);
});

testInTerminal('the command hears a Ctrl-C once, and stays in the foreground of its terminal', async t => {
	const options = await project(t, CONFIG);
	const script = `let heard = 0; process.on('SIGINT', () => { heard++; console.log('heard ' + heard); });
		process.stdin.on('data', () => process.exit(20 + heard)); console.log('waits, ' + process.stdin.isTTY)`;
	const {program, args, env} = commandLine(['run', ...inNode(script)], {
		...options,
		env: {...options.env, NO_COLOR: '1'},
	});
	const terminal = new Terminal(program, args, {cwd: options.folder, env});
	t.teardown(() => terminal.kill());
	await terminal.shows(/waits, true/);

	terminal.type('03');
	await terminal.shows(/heard 1/);
	// Reading from a terminal is for those in its foreground.
	terminal.type('0a');

	t.is(await terminal.ended(), 21);
	t.notRegex(terminal.shown, /heard 2/);
});

test('a signal before the command runs ends run at once', async t => {
	const config =
		'backends: {slow: {kind: command, run: "echo $$ > started; exec sleep 1000"}}\nloadBalancers: {web: {listeners: ["http:80"], backends: [slow]}}';
	const options = await project(t, config);
	const running = new CommandLine(['run', '--', 'touch', 'ran'], options);
	t.teardown(() => running.child.kill('SIGKILL'));
	await eventually(() => existsSync(path.join(options.folder, 'started')), 'the command of the back-end');

	const {code} = await running.end('SIGTERM');

	t.is(code, 130);
	t.false(existsSync(path.join(options.folder, 'ran')));
});
