import {execFile, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {readFile, rename, writeFile} from 'node:fs/promises';
import {connect} from 'node:net';
import path from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../../src/certificates/authority.ts';
import {startFakeBackend} from '../../../src/fake-backends/fake-backend.ts';
import {eventually} from '../../helpers/patience.ts';
import {heldPort} from '../../helpers/ports.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {type CommandLine, runCli, startCli} from '../helpers/command-line.ts';

const READY = /Ctrl-C stops\./;

/** As pasted into a shell. */
async function shell(line: string): Promise<string> {
	const {stdout} = await promisify(execFile)('/bin/sh', ['-c', line], {timeout: 20_000});
	return stdout;
}

function isInstalled(t: ExecutionContext, program: string, versionOption: string): boolean {
	const isThere = spawnSync(program, [versionOption]).status === 0;
	if (!isThere) t.log(`${program} is not installed: its lines were not tried`);
	return isThere;
}

/** The bound port of the first listener in the banner with this text. */
async function boundPort(running: CommandLine, spec: string): Promise<number> {
	await running.shows('stderr', READY);
	return Number(new RegExp(`${spec} +on \\S+:(\\d+)`).exec(running.stderr)?.[1]);
}

test('every curl and openssl line that the demo prints works', async t => {
	const running = startCli(t, ['up'], {folder: await temporaryFolder(t)});
	await running.shows('stderr', READY);
	const lines = running.stderr.split('\n').map(line => line.trim());
	const curls = lines.filter(line => line.startsWith('curl '));
	const openssls = lines.filter(line => line.includes('| openssl '));
	t.is(curls.length, 3);
	t.is(openssls.length, 1);

	if (isInstalled(t, 'curl', '--version')) {
		const answers = [];
		for (const line of curls) answers.push(JSON.parse(await shell(`${line} --silent --show-error`)));
		const [web, cache, shop] = answers;
		t.like(web, {backend: 'app-1', headers: {'x-forwarded-proto': 'https', 'x-forwarded-port': '443'}});
		t.is(cache.backend, 'cache-1');
		t.is(cache.headers['x-forwarded-for'], undefined);
		t.is(shop.backend, 'shop-1');
		await running.shows('stdout', / web:443 .* GET \/ 200 -> app-1 .* ok\n/);
		// curl may close before it has read the back-end's close_notify: the system then sends a reset.
		await running.shows('stdout', / shop:443 .* tls-passthrough .* -> shop-1 .* (?:ok|client-abort .*)\n/);
	}
	if (isInstalled(t, 'openssl', 'version')) {
		for (const line of openssls) t.regex(await shell(line), /^HTTP\/1\.[01] 200 OK\r\n/);
	}
	t.is((await running.end('SIGTERM')).code, 0);
});

test('Ctrl-C ends with 130, and the ports are free', async t => {
	const running = startCli(t, ['up', '--ports', 'free', 'tcp:1'], {folder: await temporaryFolder(t)});
	const port = await boundPort(running, 'tcp:1 -> tcp:1');

	const {code, stdout, stderr} = await running.end('SIGINT');

	t.is(code, 130);
	t.is(stdout, '');
	t.regex(stderr, /no --backend was given: three echo back-ends answer/);
	const [error] = await once(connect(port, '127.0.0.1'), 'error');
	t.is(error.code, 'ECONNREFUSED');
});

test('a second signal stops at once, without waiting for exchanges in flight', async t => {
	const running = startCli(t, ['up', '--ports', 'free', 'tcp:1'], {folder: await temporaryFolder(t)});
	const client = connect(await boundPort(running, 'tcp:1 -> tcp:1'), '127.0.0.1').on('error', () => {});
	await once(client, 'connect');
	client.write('GET / HTTP/1.1\r\n');

	running.child.kill('SIGTERM');
	await running.shows('stderr', /stopping/);
	const {code} = await running.end('SIGTERM');

	t.is(code, 130);
	client.destroy();
});

test('a signal during the start ends it at once with 130, and what it was starting', async t => {
	const folder = await temporaryFolder(t);
	// A command that never listens: the start would wait half a minute for it.
	const config =
		'backends: {slow: {kind: command, run: "echo $$ > pid; exec sleep 60"}}\nloadBalancers: {web: {listeners: [http:80], backends: [slow]}}\n';
	await writeFile(path.join(folder, 'lb-local.yaml'), config);
	const running = startCli(t, ['up', '--ports', 'free'], {folder});
	let pid = Number.NaN;
	await eventually(async () => {
		pid = Number(await readFile(path.join(folder, 'pid'), 'utf8').catch(() => 'none'));
		return pid > 0;
	}, "command's pid");

	const {code} = await running.end('SIGTERM');

	t.is(code, 130);
	await eventually(() => !isAlive(pid), 'end of the command');
	t.false(isAlive(pid));
});

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		// ESRCH: there is no such process.
		return false;
	}
}

test('listeners and back-ends on the command line are one load balancer', async t => {
	const folder = await temporaryFolder(t);
	await using one = await startFakeBackend({name: 'one', behaviour: {kind: 'echo'}});
	await using two = await startFakeBackend({name: 'two', behaviour: {kind: 'echo'}});
	const args = [
		'up',
		'--ports',
		'free',
		'--backend',
		`127.0.0.1:${one.port}`,
		`127.0.0.1:${two.port}`,
		'--',
		'http:80',
		'->',
		'http:3000',
	];
	const running = startCli(t, args, {folder});
	const port = await boundPort(running, 'http:80 -> http:3000');

	const names = [];
	for (let i = 0; i < 3; i++) {
		const response = await fetch(`http://127.0.0.1:${port}/`);
		names.push(JSON.parse(await response.text()).backend);
	}
	await running.end('SIGTERM');

	t.deepEqual(names, ['one', 'two', 'one']);
	t.regex(running.stdout, new RegExp(`lb:80 .* GET / 200 -> 127\\.0\\.0\\.1:${one.port} `));
});

test('with --json stdout has one object for each exchange, and nothing else', async t => {
	const running = startCli(t, ['up', '--ports', 'free', '--json', '--quiet', 'http:80', '--host', '127.0.0.1'], {
		folder: await temporaryFolder(t),
	});
	// With --quiet no port is printed; the process itself is asked.
	const loud = startCli(t, ['up', '--ports', 'free', '--json', 'http:80'], {folder: await temporaryFolder(t)});
	const port = await boundPort(loud, 'http:80 -> http:80');

	await (await fetch(`http://127.0.0.1:${port}/path`, {method: 'POST', body: 'hello'})).text();
	await loud.shows('stdout', /\n/);
	const {stdout} = await loud.end('SIGTERM');

	const [line = '', ...rest] = stdout.split('\n');
	t.deepEqual(rest, ['']);
	t.like(JSON.parse(line), {
		id: 1,
		kind: 'http',
		loadBalancer: 'lb',
		listener: 80,
		outcome: 'ok',
		request: {method: 'POST', target: '/path', body: 'hello'},
	});
	running.child.kill('SIGKILL');
});

test('the configuration of the folder runs, and the banner shows it', async t => {
	const folder = await temporaryFolder(t);
	const authority = createAuthority();
	const expired = authority.issue({names: ['old.test'], notAfter: new Date('2020-01-01')});
	await writeFile(path.join(folder, 'old.crt'), expired.cert);
	await writeFile(path.join(folder, 'old.key'), expired.key);
	await writeFile(
		path.join(folder, 'lb-local.yaml'),
		[
			'certificates: {old: {cert: old.crt, key: old.key}}',
			'backends: {app: {kind: echo, count: 2}}',
			'loadBalancers:',
			'  web: {listeners: [{listen: "https:443 -> http:80", certificate: old}], backends: [app]}',
			'  idle: {listeners: [http:80]}',
		].join('\n'),
	);

	const running = startCli(t, ['up', '--ports', 'free'], {folder});
	await running.shows('stderr', READY);
	const {code, stderr} = await running.end('SIGTERM');

	t.is(code, 0);
	t.regex(stderr, /^lb-local \d+\.\d+\.\d+: load balancers for tests, not for production, on loopback only$/m);
	t.regex(stderr, /^configuration: lb-local\.yaml$/m);
	t.regex(stderr, /^web {2}web-\d+\.[\w.-]+$/m);
	t.regex(
		stderr,
		/^ {2}https:443 -> http:80 {2}on 127\.0\.0\.1:\d+\n {4}certificate for old\.test, expired \d+ days ago\n {4}SHA-256 [0-9A-F:]{95}$/m,
	);
	t.regex(stderr, /warning: .*expired/);
	t.regex(stderr, /^ {2}back-end app-2 {2}echo {2}127\.0\.0\.1:\d+ {2}InService$/m);
	t.regex(stderr, /^idle .*\n {2}http:80 -> http:80 {2}on 127\.0\.0\.1:\d+\n {2}no back-ends:/m);
	t.false(stderr.includes('PRIVATE KEY'));
});

test('an invalid configuration is reported as by check, and nothing is started', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'x.yaml'), 'loadBalancers: {web: {listeners: [htps:443]}}');

	const {code, stdout, stderr} = await runCli(['up', 'x.yaml'], {folder});

	t.is(code, 2);
	t.is(stdout, '');
	t.true(
		stderr.startsWith(
			'error: x.yaml is not valid:\nx.yaml:1:35: loadBalancers.web.listeners[0]: unknown protocol "htps"',
		),
		stderr,
	);
});

test('every invalid listener and back-end of the command line is reported', async t => {
	const {code, stderr} = await runCli(['up', 'htps:443', 'http:80 -> tcp:80', '--backend', 'nowhere:x'], {
		folder: await temporaryFolder(t),
	});

	t.is(code, 2);
	t.regex(stderr, /listeners\[0\]: unknown protocol "htps"/);
	t.regex(stderr, /listeners\[1\]: a listener cannot cross layers/);
	t.regex(stderr, /backends\[0\]: "x" in "nowhere:x" is not a port/);
});

test('a port that is in use is a failure that names the port', async t => {
	const {port} = await heldPort(t);

	const {code, stderr} = await runCli(['up', `tcp:${port}`], {folder: await temporaryFolder(t)});

	t.is(code, 1);
	t.regex(stderr, new RegExp(`^error: Cannot listen on 127\\.0\\.0\\.1:${port}`));
});

test('--certificate issues one for names, or takes two files', async t => {
	const folder = await temporaryFolder(t);
	const own = createAuthority().issue({names: ['own.test']});
	await writeFile(path.join(folder, 'own.pem'), own.cert);
	await writeFile(path.join(folder, 'own.key'), own.key);

	const issued = startCli(t, ['up', '--ports', 'free', 'https:443', '--certificate', 'a.test,*.a.test'], {folder});
	const given = startCli(t, ['up', '--ports', 'free', 'ssl:1', 'tcp:2', '--certificate', 'own.pem,own.key'], {folder});
	await issued.shows('stderr', READY);
	await given.shows('stderr', READY);
	const missing = await runCli(['up', 'https:443', '--certificate', 'none.pem,none.key'], {folder});
	const pointless = await runCli(['up', 'tcp:443', '--certificate', 'a.test'], {folder});
	await Promise.all([issued.end('SIGTERM'), given.end('SIGTERM')]);

	t.regex(issued.stderr, /certificate for a\.test, \*\.a\.test, 39\d days left/);
	t.true(given.stderr.includes(`SHA-256 ${own.fingerprint256}`));
	t.is(missing.code, 2);
	t.regex(
		missing.stderr,
		/^error: Cannot read none\.pem: there is no such file; Cannot read none\.key: there is no such file\n/,
	);
	t.is(pointless.code, 2);
	t.regex(pointless.stderr, /^error: --certificate goes with https and ssl listeners, and there is none\n/);
});

test('a listener with an unquoted arrow is refused, with how to quote it', async t => {
	const folder = await temporaryFolder(t);

	const {code, stderr} = await runCli(['up', 'https:443', '-'], {folder});

	t.is(code, 2);
	t.is(
		stderr,
		'error: "-" is neither a configuration nor a listener\nhint: quote listeners: lb-local up "https:443 -> http:80".\n',
	);
});

test('a reader of the output that ends stops it in order', async t => {
	const running = startCli(t, ['up', '--ports', 'free', 'http:80'], {folder: await temporaryFolder(t)});
	const port = await boundPort(running, 'http:80 -> http:80');
	running.child.stdout.destroy();

	for (let i = 0; i < 3 && running.child.exitCode === null; i++) {
		await fetch(`http://127.0.0.1:${port}/`)
			.then(response => response.text())
			.catch(() => undefined);
	}
	const {code, stderr} = await running.end();

	t.is(code, 0);
	t.notRegex(stderr, /EPIPE|error:/);
});

test('an address beyond loopback is possible, with a warning', async t => {
	const running = startCli(t, ['up', '--ports', 'free', '--host', '0.0.0.0', 'tcp:1'], {
		folder: await temporaryFolder(t),
	});
	await running.shows('stderr', READY);

	const {stderr} = await running.end('SIGTERM');

	t.regex(stderr, /^warning: 0\.0\.0\.0 is not loopback: others can reach this\./);
	t.regex(stderr, /tcp:1 -> tcp:1 {2}on 0\.0\.0\.0:\d+/);
	t.notRegex(stderr, /loopback only/);
});

test('--quiet prints no banner', async t => {
	const folder = await temporaryFolder(t);
	const running = startCli(t, ['up', '--ports', 'free', '--quiet', 'tcp:1'], {folder});
	// The authority exists as soon as the command has begun; a signal during the start ends with 130, later with 0.
	const file = path.join(folder, 'home/authority/authority.pem');
	await eventually(() => existsSync(file) || running.child.exitCode !== null, 'authority');

	const {code, stderr} = await running.end('SIGTERM');

	t.true(code === 0 || code === 130, String(code));
	t.is(stderr, '');
});

test('a back-end that its probes take out of service is reported, with the reason', async t => {
	const folder = await temporaryFolder(t);
	const config = {
		backends: {app: {kind: 'echo'}, gone: '127.0.0.1:9'},
		loadBalancers: {
			web: {
				listeners: ['http:80'],
				backends: ['app', 'gone'],
				healthCheck: {target: 'TCP:80', interval: '50ms', timeout: '10s', unhealthy: 2},
			},
		},
	};
	await writeFile(path.join(folder, 'lb.json'), JSON.stringify(config));
	const running = startCli(t, ['up', '--ports', 'free', 'lb.json'], {folder});

	await running.shows(
		'stderr',
		/^web: back-end gone is OutOfService \(TCP:80 failed 2 times in a row: .*refused.*\)$/m,
	);
	// Under load that comes before all of the start, and a signal during the start is an interruption.
	await running.shows('stderr', /Ctrl-C stops/);

	t.is((await running.end('SIGTERM')).code, 0);
});

test('SIGHUP continues in a new access log, and the stop writes the rest', async t => {
	const folder = await temporaryFolder(t);
	const config = {
		backends: {app: {kind: 'echo'}},
		loadBalancers: {web: {listeners: ['http:80'], backends: ['app'], accessLog: './access.log'}},
	};
	await writeFile(path.join(folder, 'lb.json'), JSON.stringify(config));
	const running = startCli(t, ['up', '--ports', 'free', 'lb.json'], {folder});
	const port = await boundPort(running, 'http:80 -> http:80');
	const file = path.join(folder, 'access.log');
	await fetch(`http://127.0.0.1:${port}/first`);

	await rename(file, `${file}.1`);
	running.child.kill('SIGHUP');
	await appears(file);
	await fetch(`http://127.0.0.1:${port}/second`);

	t.is((await running.end('SIGTERM')).code, 0);
	t.regex(await readFile(`${file}.1`, 'utf8'), /^\S+ web .*\/first HTTP\/1\.1".*\n$/);
	t.regex(await readFile(file, 'utf8'), /^\S+ web .*\/second HTTP\/1\.1".*\n$/);
});

/** Resolves once the file exists. */
async function appears(file: string): Promise<void> {
	await eventually(() => existsSync(file), file);
}
