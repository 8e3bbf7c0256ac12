import {execFile} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {FakeAdminApi, openControlServer} from '../../control-plane/helpers/control-server.ts';
import {compiled} from '../../helpers/compiled.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

/** The developer may have an instance running. */
const ENV = {LB_LOCAL_ENDPOINT: '', http_proxy: '', HTTP_PROXY: '', all_proxy: '', ALL_PROXY: ''};

class Busy extends FakeAdminApi {
	override state() {
		const state = super.state();
		const [web] = state.loadBalancers;
		if (web === undefined) return state;
		return {
			...state,
			clock: {kind: 'manual', now: '2026-08-01T12:00:00.000Z'} as const,
			loadBalancers: [web, {...web, name: 'shop', state: 'provisioning', listeners: [], backends: []}],
			notices: ['port 443 became 10443'],
			warnings: ['certificate old: expired'],
		};
	}
}

test('status shows what runs, for people and for programs', async t => {
	const folder = await temporaryFolder(t);
	await using server = await openControlServer({own: new Busy()});
	await server.ask('POST', '/_lb/vms', {id: 'i-0000000a', address: '127.0.0.1:3000'});
	await server.ask('POST', '/_lb/health', {loadBalancer: 'web', backend: 'app-1', state: 'OutOfService'});
	const {endpoint} = server.controlPlane;

	const people = await runCli(['status', '--endpoint', endpoint], {folder, env: ENV});
	const programs = await runCli(['status', '--json'], {folder, env: {...ENV, LB_LOCAL_ENDPOINT: endpoint}});

	t.is(people.stderr, '');
	t.deepEqual(people.stdout.replace(/\d+ days left/, 'N days left').split('\n'), [
		`lb-local 1.2.3 at ${endpoint}`,
		'the clock is manual; it is 2026-08-01T12:00:00.000Z',
		'',
		'web  web-123456789.eu-west-2.lbu.outscale.com',
		'  https:443 -> http:80  on 127.0.0.1:10443',
		'    certificate for web.test, N days left',
		'    SHA-256 AB:CD',
		'  back-end app-1  echo  127.0.0.1:3000  OutOfService (Taken out of service by hand)',
		'',
		'shop  web-123456789.eu-west-2.lbu.outscale.com  provisioning',
		'  no back-ends: every request is answered 503',
		'',
		'VMs',
		'  i-0000000a  127.0.0.1:3000',
		'',
		'note: port 443 became 10443',
		'warning: certificate old: expired',
		'',
	]);
	t.is(people.code, 0);
	t.deepEqual(JSON.parse(programs.stdout), (await server.json('GET', '/_lb/state')).json);
	t.is(programs.code, 0);
});

test('status says which back-ends of lb-local are stopped', async t => {
	const folder = await temporaryFolder(t);
	class Stopped extends FakeAdminApi {
		override state() {
			const state = super.state();
			const loadBalancers = state.loadBalancers.map(each => ({
				...each,
				backends: each.backends.map(backend => ({...backend, running: false})),
			}));
			return {...state, loadBalancers};
		}
	}
	await using server = await openControlServer({own: new Stopped()});

	const {stdout} = await runCli(['status', '--endpoint', server.controlPlane.endpoint], {folder, env: ENV});

	t.regex(stdout, /^ {2}back-end app-1 {2}echo {2}127\.0\.0\.1:3000 {2}InService, stopped$/m);
});

test('status reports when nothing answers, or another server does', async t => {
	const folder = await temporaryFolder(t);
	const server = await openControlServer();
	const {endpoint} = server.controlPlane;
	await server.controlPlane.stop();

	const gone = await runCli(['status', '--endpoint', endpoint], {folder, env: ENV});
	const wrong = await runCli(['status', '--endpoint', 'localhost:8089'], {folder, env: ENV});

	t.is(gone.code, 1);
	t.is(gone.stdout, '');
	t.regex(gone.stderr, /^error: Cannot reach lb-local at .*: nothing listens there\nhint: Start it with `lb-local up`/);
	t.is(wrong.code, 2);
	t.regex(wrong.stderr, /^error: --endpoint is "localhost:8089", which is not the endpoint of a control port\n/);
});

test('set takes a back-end out and in, and declares a VM, at the instance that runs here', async t => {
	const folder = await temporaryFolder(t);
	await using server = await openControlServer();
	await mkdir(path.join(folder, 'home', 'run'), {recursive: true});
	const run = {endpoint: server.controlPlane.endpoint, pid: process.pid, cwd: folder};
	await writeFile(path.join(folder, 'home', 'run', `${process.pid}.json`), JSON.stringify(run));
	const set = (...args: readonly string[]) => runCli(['set', ...args], {folder, env: ENV});

	const out = await set('health', 'web/app-1', 'OutOfService');
	t.is(server.own.operator, 'OutOfService');
	const auto = await set('health', 'web/app-1', 'auto', '--json');
	const vm = await set('vm', 'i-0000000a', '127.0.0.1:3000');

	t.is(out.stdout, 'web/app-1 is OutOfService, by hand (Taken out of service by hand.)\n');
	t.is(out.code, 0);
	t.deepEqual(JSON.parse(auto.stdout), {
		health: [{loadBalancer: 'web', backend: 'app-1', state: 'InService', operator: 'auto'}],
	});
	t.is(vm.stdout, 'i-0000000a is at 127.0.0.1:3000\n');
	t.deepEqual(server.own.vms, [{id: 'i-0000000a', address: '127.0.0.1:3000'}]);
});

test('set reports what it does not understand, and changes nothing then', async t => {
	const folder = await temporaryFolder(t);
	await using server = await openControlServer();
	const set = (...args: readonly string[]) =>
		runCli(['set', ...args], {folder, env: {...ENV, LB_LOCAL_ENDPOINT: server.controlPlane.endpoint}});

	const target = await set('health', 'app-1', 'auto');
	const state = await set('health', 'web/app-1', 'Down');
	const unknown = await set('health', 'shop/app-1', 'auto');
	const vm = await set('vm', 'web', '127.0.0.1:0');

	t.is(target.code, 2);
	t.regex(
		target.stderr,
		/^error: "app-1" does not name a back-end of a load balancer; write <load-balancer>\/<back-end>\n/,
	);
	t.is(state.code, 2);
	t.regex(state.stderr, /Allowed choices are InService, OutOfService, auto\./);
	t.is(unknown.code, 1);
	t.regex(unknown.stderr, /^error: No load balancer shop\n/);
	t.is(vm.code, 2);
	t.is(
		vm.stderr,
		[
			'error: The request body is not valid:',
			'  address: "0" in "127.0.0.1:0" is not a port; allowed are 1 to 65535',
			'  id: "web" is not the id of a VM; write "i-" and 8 hexadecimal digits, such as "i-0000000a"',
			'',
		].join('\n'),
	);
	t.is(server.own.operator, 'auto');
	t.deepEqual(server.own.vms, []);
});

test('env prints what a shell can evaluate, and hints on stderr', async t => {
	const folder = await temporaryFolder(t);
	await using server = await openControlServer();
	const {endpoint} = server.controlPlane;

	const {stdout, stderr, code} = await runCli(['env', '--endpoint', endpoint], {
		folder,
		env: {...ENV, http_proxy: 'http://proxy.test', NO_PROXY: 'localhost', no_proxy: ''},
	});
	const shown =
		'echo "$OSC_ENDPOINT_API $OSC_REGION $OSC_ACCESS_KEY $OSC_SECRET_KEY $OUTSCALE_OAPI_URL $LB_LOCAL_ENDPOINT"';
	const shell = await promisify(execFile)('sh', ['-c', `${stdout}\n${shown}`], {env: {PATH: process.env['PATH']}});
	const json = await runCli(['env', '--json', '--endpoint', endpoint], {folder, env: ENV});

	t.is(code, 0);
	t.is(
		shell.stdout,
		`${endpoint}/api/v1 eu-west-2 LBLOCALACCESSKEY0000 LBLOCALSECRETKEY000000000000000000000000 ${endpoint}/api/v1 ${endpoint}\n`,
	);
	t.true(stdout.split('\n').every(line => line === '' || /^export [A-Z][A-Z\d_]+='[^']*'$/.test(line)));
	t.deepEqual(stderr.split('\n'), [
		`# To set these in your shell: eval "$(node ${compiled('src/cli/main.ts')} env)"`,
		`# osc-cli reads ~/.osc/config.json instead: {"default":{"access_key":"LBLOCALACCESSKEY0000","secret_key":"LBLOCALSECRETKEY000000000000000000000000","region":"eu-west-2","endpoints":{"api":"${endpoint}"}}}`,
		'# osc-sdk-js has no variables of its own: new Configuration({basePath: process.env.OSC_ENDPOINT_API, …})',
		'# AWS_ENDPOINT_URL_* is for aws from 1.29 and 2.13 on, boto3 from 1.28, JavaScript from 3.428; AWS_DATA_PATH for aws from 2.9, boto3 from 1.26.',
		'# Older ones need --endpoint-url "$LB_LOCAL_ENDPOINT", else they ask AWS, with nobody\'s keys: your profiles are not read.',
		'# http_proxy is set: add 127.0.0.1 to NO_PROXY, or clients ask the proxy.',
		'',
	]);
	t.is(JSON.parse(json.stdout).OSC_ENDPOINT_API, `${endpoint}/api/v1`);
	t.is(json.stderr, '');
});

test('env prints what other readers take', async t => {
	await using server = await openControlServer();
	const folder = await temporaryFolder(t);
	const {endpoint} = server.controlPlane;
	const env = (...args: string[]) => runCli(['env', '--endpoint', endpoint, ...args], {folder, env: ENV});

	const dotenv = await env('--format', 'dotenv');
	const powershell = await env('--format', 'powershell');
	const [json, alias, both] = await Promise.all([
		env('--format', 'json'),
		env('--json'),
		env('--json', '--format=json'),
	]);

	const variables: Record<string, string> = JSON.parse(json.stdout);
	t.is(dotenv.stderr, '');
	t.deepEqual(
		dotenv.stdout.trimEnd().split('\n'),
		Object.entries(variables).map(([name, value]) => `${name}=${value}`),
	);
	t.true(dotenv.stdout.includes(`\nLB_LOCAL_ENDPOINT=${endpoint}\n`));
	t.deepEqual(
		powershell.stdout.trimEnd().split('\n'),
		Object.entries(variables).map(([name, value]) => `$env:${name} = '${value}'`),
	);
	t.is(alias.stdout, json.stdout);
	t.is(both.stdout, json.stdout);
	const contradiction = await env('--json', '--format', 'shell');
	t.regex(contradiction.stderr, /^error: --json and --format shell contradict each other\n/);
	t.is(contradiction.code, 2);
});

test('env does not print configured keys, and quotes values for a shell', async t => {
	class Strict extends FakeAdminApi {
		override state() {
			return {...super.state(), credentials: 'verified' as const, region: "a'b $(touch x)"};
		}
	}
	const folder = await temporaryFolder(t);
	await using server = await openControlServer({own: new Strict()});

	const {stdout, stderr} = await runCli(['env', '--endpoint', server.controlPlane.endpoint], {folder, env: ENV});
	const shell = await promisify(execFile)('sh', ['-c', `${stdout}\nprintf %s "$OSC_REGION"`]);

	t.is(shell.stdout, "a'b $(touch x)");
	t.notRegex(stdout, /OSC_ACCESS_KEY|OSC_SECRET_KEY/);
	t.regex(stderr, /^# Credentials are configured: set OSC_ACCESS_KEY and OSC_SECRET_KEY to them yourself\.$/m);
});

test('status --config prints a configuration that check accepts: YAML with comments, or JSON', async t => {
	const folder = await temporaryFolder(t);
	await using server = await openControlServer();
	// What a shell or an environment would replace stays as it is.
	const body = ['$', '{HOME}\n'].join('');
	const told = 'backends.b: a handler is code\u001b[2J';
	server.own.written = {
		backends: {a: {kind: 'reply', body}},
		loadBalancers: {web: {listeners: ['https:443 -> http:80'], backends: ['a']}},
		'x-not-written': [told],
	};
	const {endpoint} = server.controlPlane;
	const env = {...ENV, LB_LOCAL_ENDPOINT: endpoint};

	const yaml = await runCli(['status', '--config'], {folder, env});
	const json = await runCli(['status', '--config', '--json'], {folder, env});

	t.deepEqual(yaml.stdout.split('\n'), [
		`# What runs at ${endpoint}, as a configuration of lb-local.`,
		'# Not written as it is:',
		'# - backends.b: a handler is code [2J',
		'',
		'backends:',
		'  a:',
		'    kind: reply',
		'    body: |',
		`      $${body.trimEnd()}`,
		'loadBalancers:',
		'  web:',
		'    listeners:',
		'      - https:443 -> http:80',
		'    backends:',
		'      - a',
		'',
	]);
	t.is(yaml.stderr, 'warning: backends.b: a handler is code\\x1b[2J\n');
	t.is(yaml.code, 0);
	t.deepEqual(JSON.parse(json.stdout), {...server.own.written, backends: {a: {kind: 'reply', body: `$${body}`}}});
	t.is(json.stderr, yaml.stderr);
	for (const [name, text] of [
		['lb-local.yaml', yaml.stdout],
		['lb-local.json', json.stdout],
	] as const) {
		await writeFile(path.join(folder, name), text);
		const checked = await runCli(['check', name], {folder, env: ENV});
		t.is(checked.code, 0, checked.stderr);
	}
});

test('status --config of nothing is a configuration of nothing', async t => {
	const folder = await temporaryFolder(t);
	await using server = await openControlServer();
	server.own.written = {};

	const {stdout, code} = await runCli(['status', '--config', '--endpoint', server.controlPlane.endpoint], {
		folder,
		env: ENV,
	});
	await writeFile(path.join(folder, 'lb-local.yaml'), stdout);

	t.is(code, 0);
	t.regex(stdout, /\n\{\}\n$/);
	t.is((await runCli(['check'], {folder, env: ENV})).code, 0);
});
