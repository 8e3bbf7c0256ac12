import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../src/index.ts';
import {listening} from '../helpers/own-servers.ts';
import {eventually} from '../helpers/patience.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';
import {runCli, startCli} from './helpers/command-line.ts';

// Each hint is shown, carried out, and then the command does its work. Not here:
// - "Is it stopped or very busy?" is a question;
// - "`kill -KILL …` ends it" is shown after 25 seconds of a process that does not end (commands/stop.test.ts);
// - "Set LB_LOCAL_HOME to a directory that you may write to" and "Others find this one with --endpoint" are left out of the
//   warnings that stand in their place;
// - "tcp passes TLS through to the back-ends" says why and not what to do.

/** The developer may have one running. */
const ENV = {LB_LOCAL_ENDPOINT: '', http_proxy: '', HTTP_PROXY: '', all_proxy: '', ALL_PROXY: ''};
const READY = /Ctrl-C stops/;
const UP = ['up', '--ports', 'free'];

/** Whether this command line does its work: one that stays is stopped again when it runs. */
async function works(t: ExecutionContext, args: readonly string[], folder: string): Promise<void> {
	const stays = args[0] === 'up' || args[0] === 'backend';
	const running = startCli(t, args, {folder, env: ENV});
	if (stays) await running.shows('stderr', READY);
	const {code, stderr} = await running.end(stays ? 'SIGTERM' : undefined);
	t.is(code, 0, `lb-local ${args.join(' ')}: ${stderr}`);
}

async function shows(t: ExecutionContext, args: readonly string[], hint: string, folder: string, env = {}) {
	const {code, stderr} = await runCli(args, {folder, env: {...ENV, ...env}});
	t.not(code, 0);
	t.is(stderr.slice(stderr.lastIndexOf('hint: ')), `hint: ${hint}\n`);
}

const inFolder = test.macro({
	async exec(t, wrong: readonly string[], hint: string, ...rights: readonly (readonly string[])[]) {
		const folder = await temporaryFolder(t);
		const pair = createAuthority().issue({names: ['own.test']});
		await writeFile(path.join(folder, 'cert.pem'), pair.cert);
		await writeFile(path.join(folder, 'key.pem'), pair.key);
		await writeFile(path.join(folder, 'there.yaml'), '{loadBalancers: {web: {listeners: [http:80]}}}');
		await mkdir(path.join(folder, 'folder.yaml'));

		await shows(t, wrong, hint, folder);
		for (const right of rights) await works(t, right, folder);
	},
	title: (_, wrong: readonly string[]) => `the hint on lb-local ${wrong.join(' ')} works`,
});
test(inFolder, ['chekc', 'there.yaml'], 'did you mean check?', ['check', 'there.yaml']);
test(inFolder, [...UP, '--jsn'], 'did you mean --json?', [...UP, '--json']);
test(
	inFolder,
	['up', '--ports', 'any'],
	'`lb-local help` lists the commands and their options.',
	['help'],
	['help', 'up'],
);
test(
	inFolder,
	[...UP, 'nothing'],
	'lb-local up lb-local.yaml, or lb-local up "https:443 -> http:80".',
	['init'],
	[...UP, 'lb-local.yaml'],
	[...UP, 'https:443 -> http:80'],
);
test(inFolder, [...UP, 'https:443', '-'], 'quote listeners: lb-local up "https:443 -> http:80".', [
	...UP,
	'https:443 -> http:80',
]);
test(
	inFolder,
	[...UP, '--backend', '127.0.0.1:1'],
	'lb-local up "https:443 -> http:80" --backend …; a configuration has its own.',
	[...UP, 'https:443 -> http:80', '--backend', '127.0.0.1:1'],
);
test(
	inFolder,
	[...UP, 'http:80', 'there.yaml'],
	'write the listener into the configuration, or leave the file away.',
	[...UP, 'there.yaml'],
	[...UP, 'http:80'],
);
for (const wrong of ['cert.pem', 'web.test,']) {
	test(
		inFolder,
		[...UP, 'https:443', '--certificate', wrong],
		'--certificate cert.pem,key.pem, or --certificate web.test to issue one.',
		[...UP, 'https:443', '--certificate', 'cert.pem,key.pem'],
		[...UP, 'https:443', '--certificate', 'web.test'],
	);
}
test(
	inFolder,
	[...UP, 'https:443', '--certificate', 'none.pem,key.pem'],
	'--certificate cert.pem,key.pem takes the paths of two PEM files.',
	[...UP, 'https:443', '--certificate', 'cert.pem,key.pem'],
);
test(inFolder, ['backend', 'ecko'], 'did you mean "echo"?', ['backend', 'echo']);
test(inFolder, ['cert', '--pkcs1'], 'PKCS#1 is a form of RSA keys; lb-local cert --rsa --pkcs1.', [
	'cert',
	'--rsa',
	'--pkcs1',
]);
test(
	inFolder,
	['check'],
	'lb-local check file.yaml, or lb-local init to write one.',
	['check', 'there.yaml'],
	['init'],
	['check'],
);
test(
	inFolder,
	['check', 'none.yaml'],
	'`lb-local init` writes a commented configuration to start from.',
	['init', 'none.yaml'],
	['check', 'none.yaml'],
);
test(inFolder, ['init', 'there.yaml'], '--force replaces it.', ['init', 'there.yaml', '--force']);
test(inFolder, ['init', 'new.json'], 'the configuration is written with comments, as YAML.', ['init', 'new.yaml']);
test(inFolder, ['init', 'folder.yaml', '--force'], 'choose another path.', ['init', 'other.yaml', '--force']);
test(inFolder, ['init', 'none/new.yaml'], 'Choose a path that you may write to.', ['init', 'new.yaml']);

/** One that runs in this folder, and its control port. */
async function up(t: ExecutionContext, folder: string, env = {}) {
	const running = startCli(t, [...UP, 'http:80'], {folder, env: {...ENV, ...env}});
	const [, endpoint = ''] = await running.shows('stderr', /control port: (http:\S+)/);
	await running.shows('stderr', READY);
	return {running, endpoint};
}

test('hints on where the running instance is, and on its parts, work', async t => {
	const folder = await temporaryFolder(t);
	const elsewhere = await temporaryFolder(t);
	const stranger = createServer((_, response) => response.end('hello'));
	const strange = `http://127.0.0.1:${await listening(t, stranger)}`;
	const {running, endpoint} = await up(t, folder);
	const seen = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
		runCli(args, {folder, env: {...ENV, ...env}}).then(({code}) => t.is(code, 0));
	const byBoth = async () => {
		await seen(['status', '--endpoint', endpoint]);
		await seen(['status'], {LB_LOCAL_ENDPOINT: endpoint});
	};

	await shows(t, ['status', '--endpoint', '127.0.0.1'], 'write it like http://127.0.0.1:8089.', folder);
	const where = 'Say where it is with --endpoint or LB_LOCAL_ENDPOINT; `lb-local up` prints it.';
	await shows(t, ['status', '--endpoint', strange], where, folder);
	await byBoth();

	const example = 'lb-local set health web/app-1 OutOfService; `lb-local status` shows their names.';
	await shows(t, ['set', 'health', 'app-1'], '`lb-local help` lists the commands and their options.', folder);
	await shows(t, ['set', 'health', 'app-1', 'OutOfService'], example, folder);
	const status = await runCli(['status', '--json'], {folder, env: ENV});
	const [{name, backends}] = JSON.parse(status.stdout).loadBalancers;
	const target = `${name}/${backends[0].name}`;
	await seen(['set', 'health', target, 'OutOfService']);
	await shows(t, ['set', 'health', `${name}x/a`, 'auto'], `did you mean "${name}"?`, folder);
	await shows(t, ['set', 'health', `${target}1`, 'auto'], `did you mean "${backends[0].name}"?`, folder);

	const backend = backends[0].name;
	await shows(
		t,
		['fault', 'add', name, `backend:${backend}`, 'rest'],
		'lb-local fault add web backend:app-1 reset:on-reuse',
		folder,
	);
	await seen(['fault', 'add', name, `backend:${backend}`, 'reset:on-reuse']);
	await shows(t, ['fault', 'remove', name], '`lb-local fault list` shows their ids.', folder);
	const {stdout} = await runCli(['fault', 'list'], {folder, env: ENV});
	await seen(['fault', 'remove', stdout.split(' ')[0] ?? '']);

	const home = {LB_LOCAL_HOME: path.join(folder, 'home')};
	await shows(t, ['stop'], '--endpoint chooses one, wherever it was started.', elsewhere, home);
	const stopped = await runCli(['stop', '--endpoint', endpoint], {folder: elsewhere, env: {...ENV, ...home}});
	t.is(stopped.code, 0);
	await running.end();
	const start = 'Start it with `lb-local up`, or say where it is with --endpoint or LB_LOCAL_ENDPOINT.';
	await shows(t, ['status', '--endpoint', endpoint], start, folder);
	const again = await up(t, folder);
	await seen(['status', '--wait']);
	await again.running.end('SIGTERM');
});

test('hints on choosing one of several instances work', async t => {
	const folder = await temporaryFolder(t);
	const [one, two] = [await up(t, folder), await up(t, folder)];
	// Both have written where they are.
	for (const {running} of [one, two]) await isFindable(folder, running.child.pid);

	await shows(t, ['status'], '--endpoint or LB_LOCAL_ENDPOINT chooses one.', folder);
	t.is((await runCli(['status', '--endpoint', one.endpoint], {folder, env: ENV})).code, 0);
	t.is((await runCli(['status'], {folder, env: {...ENV, LB_LOCAL_ENDPOINT: two.endpoint}})).code, 0);
	await shows(t, ['stop'], '--endpoint chooses one.', folder);
	t.is((await runCli(['stop', '--endpoint', one.endpoint], {folder, env: ENV})).code, 0);
	t.is((await one.running.end()).code, 0);
	t.is((await runCli(['stop'], {folder, env: ENV})).code, 0);
});

function isFindable(folder: string, pid: number | undefined): Promise<void> {
	return eventually(
		() =>
			readFile(path.join(folder, 'home', 'run', `${pid}.json`)).then(
				() => true,
				() => false,
			),
		'file of the running instance',
	);
}

test('the advice on a home folder that is read-only works', async t => {
	const folder = await temporaryFolder(t);

	// No folder can be created there, on Linux not even by root.
	const {running, endpoint} = await up(t, folder, {LB_LOCAL_HOME: '/sys/lb-local'});
	const [, advised = ''] = await running.shows('stderr', /status` needs --endpoint (\S+) then\n/);
	t.is(advised, endpoint);
	t.is((await runCli(['status', '--endpoint', advised], {folder, env: ENV})).code, 0);
	await running.end('SIGTERM');
});
