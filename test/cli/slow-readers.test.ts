import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {open, readdir, readFile, writeFile} from 'node:fs/promises';
import {Agent, request} from 'node:http';
import path from 'node:path';
import test from 'ava';
import {gatedCommand} from '../helpers/gated-command.ts';
import {eventually} from '../helpers/patience.ts';
import {onLinux} from '../helpers/platforms.ts';
import {refusalAt} from '../helpers/ports.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';
import {commandLine, startCli} from './helpers/command-line.ts';
import {KEYS, startInTerminal, type Terminal, testInTerminal} from './helpers/terminal.ts';

const READY = /http:80 -> http:80 +on \S+:(\d+)[\s\S]*Ctrl-C stops\./;

/** Answers of 16 KiB to requests of 16 KiB: enough to exceed what may wait. */
const LARGE = {count: 500, body: 'x'.repeat(16 * 1024)};

/** Sends that many requests, one after another on a few connections. @returns the statuses. */
async function ask(
	port: number,
	{count, body = ''}: {readonly count: number; readonly body?: string},
): Promise<number[]> {
	const agent = new Agent({keepAlive: true, maxSockets: 4});
	const statuses = await Promise.all(
		Array.from({length: count}, async () => {
			const asked = request({port, host: '127.0.0.1', method: 'POST', agent}).end(body);
			const [response] = await once(asked, 'response');
			response.resume();
			await once(response, 'end');
			return response.statusCode;
		}),
	);
	agent.destroy();
	return statuses;
}

/** The total number of exchanges that a text reports as not shown. */
function notShown(text: string): number {
	let sum = 0;
	for (const [, count = ''] of text.matchAll(/([\d,]+) exchanges? not shown/g))
		sum += Number(count.replaceAll(',', ''));
	return sum;
}

async function ready(terminal: Terminal): Promise<number> {
	return Number((await terminal.shows(READY))[1]);
}

/** The bound port of an instance that prints nothing: read from the control port in its run file. */
async function quietPort(folder: string): Promise<number> {
	const run = path.join(folder, 'home/run');
	let file: string | undefined;
	await eventually(async () => {
		const names = await readdir(run).catch(() => []);
		file = names.find(name => /^\d+\.json$/.test(name));
		return file !== undefined;
	}, 'run file');
	const {endpoint} = JSON.parse(await readFile(path.join(run, String(file)), 'utf8'));
	const state = JSON.parse(await (await fetch(`${endpoint}/_lb/state`)).text());
	return state.loadBalancers[0].listeners[0].boundPort;
}

testInTerminal(
	'a stopped terminal stops no traffic; when it resumes it shows the latest exchanges, and how many were not shown',
	async t => {
		const terminal = startInTerminal(t, ['up', '--ports', 'free', 'http:80'], {folder: await temporaryFolder(t)});
		const port = await ready(terminal);
		terminal.type(KEYS.stop);

		const statuses = await ask(port, LARGE);
		terminal.type(KEYS.goOn);
		await terminal.shows(/exchanges not shown/);
		await ask(port, {count: 1});
		await terminal.shows(/exchanges not shown[\s\S]* POST \/ 200 .*\n$/);
		await terminal.signal('SIGTERM');

		t.is(await terminal.ended(), 0);
		t.deepEqual(new Set(statuses), new Set([200]));
		t.is(statuses.length, LARGE.count);
		t.true(notShown(terminal.shown) > 0);
		t.is(terminal.shown.match(/ POST \/ 200 /g)?.length, LARGE.count + 1 - notShown(terminal.shown));
	},
);

for (const [signal, code] of [
	['SIGTERM', 0],
	['SIGINT', 130],
] as const) {
	testInTerminal(`one ${signal} ends it in order although its terminal is stopped`, async t => {
		const terminal = startInTerminal(t, ['up', '--ports', 'free', 'http:80'], {folder: await temporaryFolder(t)});
		const port = await ready(terminal);
		terminal.type(KEYS.stop);
		await ask(port, {count: 200});

		await terminal.signal(signal);

		t.is(await terminal.ended(), code);
		t.is(await refusalAt(port), 'ECONNREFUSED');
	});
}

testInTerminal('a terminal that is closed ends it', async t => {
	const terminal = startInTerminal(t, ['up', '--ports', 'free', 'http:80'], {folder: await temporaryFolder(t)});
	const port = await ready(terminal);

	terminal.close();

	t.is(await terminal.ended(), 0);
	t.is(await refusalAt(port), 'ECONNREFUSED');
});

testInTerminal('a terminal that is closed ends it, although it prints elsewhere', async t => {
	const folder = await temporaryFolder(t);
	const terminal = startInTerminal(t, ['up', '--ports', 'free', '--quiet', 'http:80'], {
		folder,
		shell: 'exec "$@" > out 2>&1',
	});
	await eventually(() => existsSync(path.join(folder, 'home/run')));

	terminal.close();

	t.is(await terminal.ended(), 0);
});

testInTerminal('SIGHUP makes it read its files again while its terminal is open', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'lb.json'), '{"loadBalancers": {"web": {"listeners": ["http:80"]}}}');
	const terminal = startInTerminal(t, ['up', '--ports', 'free', 'lb.json'], {folder});
	await ready(terminal);

	await writeFile(path.join(folder, 'lb.json'), '{"loadBalancers": 1}');
	await terminal.shows(/error: [\s\S]*nothing has changed/);
	await terminal.signal('SIGHUP');
	// A known problem is reported again only on request.
	await terminal.shows(/(?:error: [\s\S]*nothing has changed[\s\S]*){2}/);
	await terminal.signal('SIGTERM');

	t.is(await terminal.ended(), 0);
});

test.serial(
	'a pipe that nobody reads stops no traffic, and one SIGTERM ends it; the number of exchanges not shown is reported',
	async t => {
		const running = startCli(t, ['up', '--ports', 'free', '--json', 'http:80'], {folder: await temporaryFolder(t)});
		const port = Number((await running.shows('stderr', READY))[1]);
		running.child.stdout.pause();

		const statuses = await ask(port, LARGE);
		await running.shows(
			'stderr',
			/warning: [\d,]+ exchanges not shown: standard output is not read as fast as they come/,
		);
		running.child.kill('SIGTERM');
		await once(running.child, 'exit');
		running.child.stdout.resume();
		const {code, stdout, stderr} = await running.end();

		t.is(code, 0);
		t.deepEqual(new Set(statuses), new Set([200]));
		const whole = stdout.split('\n').slice(0, -1);
		for (const line of whole) t.is(JSON.parse(line).outcome, 'ok');
		t.is(whole.length + notShown(stderr), LARGE.count);
	},
);

testInTerminal('prose that nobody reads stops nothing', async t => {
	const folder = await temporaryFolder(t);
	const terminal = startInTerminal(t, ['up', '--ports', 'free', 'http:80'], {folder, shell: 'exec "$@" > out'});
	const port = await ready(terminal);
	const endpoint = /control port: (\S+)/.exec(terminal.shown)?.[1];
	terminal.type(KEYS.stop);

	for (let i = 0; i < 50; i++) {
		// Each call becomes a line of prose.
		const called = await fetch(`${endpoint}/api/v1/ReadLoadBalancers`, {method: 'POST', body: '{}'});
		t.is(called.status, 200);
		await called.text();
	}
	const statuses = await ask(port, {count: 1});
	await terminal.signal('SIGTERM');

	t.is(await terminal.ended(), 0);
	t.deepEqual(statuses, [200]);
	t.regex(await readFile(path.join(folder, 'out'), 'utf8'), /^\S+ lb:80 .* POST \/ 200 .* ok\n$/);
});

test.serial('--quiet prints no exchanges', async t => {
	const folder = await temporaryFolder(t);
	const config = {control: {port: 0}, loadBalancers: {web: {listeners: ['http:80'], accessLog: './access.log'}}};
	await writeFile(path.join(folder, 'lb.json'), JSON.stringify(config));
	const running = startCli(t, ['up', '--ports', 'free', '--quiet', 'lb.json'], {folder});
	const port = await quietPort(folder);

	const statuses = await ask(port, {count: 3});
	const {code, stdout, stderr} = await running.end('SIGTERM');

	t.deepEqual(statuses, [503, 503, 503]);
	t.deepEqual({code, stdout, stderr}, {code: 0, stdout: '', stderr: ''});
});

test.serial('SIGHUP while it starts does not end it: the files are read again once it is up', async t => {
	const folder = await temporaryFolder(t);
	const command = await gatedCommand(t);
	const config = {
		backends: {app: {kind: 'command', run: command.run}},
		loadBalancers: {web: {listeners: ['http:80'], backends: ['app'], accessLog: './access.log'}},
	};
	await writeFile(path.join(folder, 'lb.json'), JSON.stringify(config));
	const running = startCli(t, ['up', '--ports', 'free', 'lb.json'], {folder});
	await command.reached;

	running.child.kill('SIGHUP');
	await command.open();
	await running.shows('stderr', READY);

	t.is((await running.end('SIGTERM')).code, 0);
});

// Where /dev/full is.
onLinux('output that cannot be written is a failure, and told', async t => {
	const folder = await temporaryFolder(t);
	const {program, args, env} = commandLine(['init', '--help'], {folder});
	const full = await open('/dev/full', 'w');
	t.teardown(() => full.close());

	const child = spawn(program, args, {cwd: folder, env, stdio: ['ignore', full.fd, 'pipe']});
	let stderr = '';
	child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	const [code] = await once(child, 'close');

	t.is(code, 1);
	t.regex(stderr, /^error: .*ENOSPC/);
});
