import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {startEmulator, startLoadBalancer} from '../../../src/index.ts';
import {freePorts, heldPort} from '../../helpers/ports.ts';
import {runProgram} from '../../helpers/programs.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY = /Ctrl-C stops\./;
/** The developer may have an instance running. */
const ENV = {LB_LOCAL_ENDPOINT: ''};

test('in a clone, the printed advice of the demo works', async t => {
	const folder = await temporaryFolder(t);
	// As `npm start` does.
	const env = {...process.env, ...ENV, LB_LOCAL_HOME: path.join(folder, 'home')};
	const demo = spawn(process.execPath, ['--import=tsx', 'src/cli/main.ts', 'up'], {cwd: ROOT, env});
	t.teardown(() => demo.kill('SIGKILL'));
	let told = '';
	for await (const text of demo.stderr.setEncoding('utf8')) {
		told += text;
		if (READY.test(told)) break;
	}
	const [, advice = ''] = /\((?:.*); (eval "\$\(.* env\)") points clients at it\)/.exec(told) ?? [];
	const [, endpoint] = /control port: (http:\S+)/.exec(told) ?? [];
	const [, init = ''] = /`(.* init)` writes a configuration/.exec(told) ?? [];

	const evaluated = await runProgram(t, 'env', [
		...['-C', ROOT, 'LB_LOCAL_ENDPOINT=', `LB_LOCAL_HOME=${env.LB_LOCAL_HOME}`],
		...['/bin/sh', '-c', `${advice}; echo "$OSC_ENDPOINT_API"`],
	]);
	const help = await runProgram(t, 'env', ['-C', ROOT, '/bin/sh', '-c', `${init} --help`]);

	t.is(advice, 'eval "$(node --import=tsx src/cli/main.ts env)"');
	t.is(evaluated?.stdout, `${endpoint}/api/v1\n`);
	t.is(help?.code, 0);
	demo.stderr.resume();
	demo.kill('SIGTERM');
	await once(demo, 'close');
});

test('up warns at once of a server that does not listen, and the banner shows it', async t => {
	const folder = await temporaryFolder(t);
	const {port: there} = await heldPort(t);
	const [gone = 0] = await freePorts(1);
	const config = {
		backends: {there: `127.0.0.1:${there}`, gone: `127.0.0.1:${gone}`, far: '127.0.0.1'},
		loadBalancers: {web: {listeners: [`tcp:80 -> tcp:${gone}`], backends: ['there', 'gone', 'far']}},
	};
	await writeFile(path.join(folder, 'lb-local.yaml'), JSON.stringify(config));

	const running = startCli(t, ['up', '--ports', 'free'], {folder, env: ENV});
	await running.shows('stderr', READY);
	const quiet = startCli(t, ['up', '--ports', 'free', '--quiet'], {folder, env: ENV});
	await quiet.shows('stderr', /gone of web is\n/);

	const lines = running.stderr.split('\n');
	t.deepEqual(
		lines.filter(line => line.startsWith('warning:')),
		[
			`warning: nothing listens at 127.0.0.1:${gone} yet, where back-end gone of web is`,
			`warning: nothing listens at 127.0.0.1:${gone} yet, where back-end far of web is`,
		],
	);
	const [ofThere, ofGone, ofFar] = lines
		.filter(line => line.startsWith('  back-end '))
		.map(line => line.split(/ {2,}/).at(-1));
	t.is(ofThere, 'InService');
	t.is(ofGone, `InService, nothing listens at 127.0.0.1:${gone}`);
	t.is(ofFar, `InService, nothing listens at 127.0.0.1:${gone}`);
	for (const each of [running, quiet]) t.is((await each.end('SIGTERM')).code, 0);
});

test('the reason why each back-end is out of service is shown with an exchange, and by status', async t => {
	const folder = await temporaryFolder(t);
	const [gone = 0] = await freePorts(1);
	await using emulator = await startEmulator({
		clock: 'manual',
		config: {
			backends: {gone: `127.0.0.1:${gone}`, sick: {kind: 'reply', status: 500}, out: {kind: 'echo'}},
			loadBalancers: {
				web: {
					listeners: ['http:80', 'tcp:81'],
					backends: ['gone', 'sick', 'out'],
					healthCheck: {target: 'HTTP:80/health', interval: '5s'},
				},
				none: {listeners: ['http:80', 'tcp:81'], backends: []},
			},
		},
	});
	const [web, none] = [emulator.get('web'), emulator.get('none')];
	await web.settle();
	web.setHealth('out', 'OutOfService');

	const causes: string[] = [];
	for (const lb of [web, none]) {
		t.is((await lb.fetch('http://a.test/')).status, 503);
		causes.push(lb.traffic.last().cause);
		const next = lb.traffic.next();
		const connection = await lb.connect(81).catch(() => undefined);
		connection?.on('error', () => {}).resume();
		causes.push((await next).cause);
	}
	const status = await runCli(['status', '--endpoint', emulator.endpoint], {folder, env: ENV});

	const why = [
		/^gone out of service: HTTP:80\/health: .+, \d+ (of \d+|in a row)$/,
		/^sick out of service: HTTP:80\/health answered 500, \d+ (of \d+|in a row)$/,
		/^out taken out of service by hand$/,
	];
	for (const cause of causes.slice(0, 2)) {
		const [head, ...told] = cause.replace('no back-end in service: ', 'no back-end in service; ').split('; ');
		t.is(head, 'no back-end in service');
		t.is(told.length, 3);
		for (const [index, each] of told.entries()) t.regex(each, why[index] ?? /^$/);
	}
	t.deepEqual(causes.slice(2), ['no back-end is registered', 'no back-end is registered']);
	const shown = status.stdout.split('\n').filter(line => line.startsWith('  back-end '));
	t.regex(shown[0] ?? '', / OutOfService \(HTTP:80\/health: .+\)$/);
	t.regex(shown[1] ?? '', / OutOfService \(HTTP:80\/health answered 500\)$/);
	t.regex(shown[2] ?? '', / OutOfService \(Taken out of service by hand\)$/);
});

test('of many back-ends that are out of service, the first five are shown with the reason, and the others counted', async t => {
	await using lb = await startLoadBalancer({listeners: ['http:80'], backends: 7});
	for (const {name} of lb.backends) lb.setHealth(name, 'OutOfService');

	await lb.fetch('/');

	const told = ['a', 'b', 'c', 'd', 'e'].map(name => `${name} taken out of service by hand`).join('; ');
	t.is(lb.traffic.last().cause, `no back-end in service: ${told}; and 2 more`);
});
