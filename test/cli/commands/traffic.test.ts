import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {type Emulator, startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

async function start(t: ExecutionContext): Promise<{emulator: Emulator; folder: string; env: Record<string, string>}> {
	const emulator = await startEmulator({port: 0, authority});
	t.teardown(() => emulator.stop());
	await emulator.create({name: 'web', listeners: ['http:80'], backends: 2});
	await emulator.create({name: 'shop', listeners: ['tcp:25'], backends: [{kind: 'tcp', mode: 'echo', name: 'mail'}]});
	return {emulator, folder: await temporaryFolder(t), env: {LB_LOCAL_ENDPOINT: emulator.endpoint}};
}

/** Without what differs from run to run. */
function withoutTimes(text: string): string[] {
	return text
		.trimEnd()
		.split('\n')
		.map(line =>
			line
				.replace(/^\S+ /, '')
				.replace(/127\.0\.0\.1:\d+/, 'CLIENT')
				.replace(/[\d.]+ ms/, 'N ms'),
		);
}

test('traffic prints what is recorded, oldest first', async t => {
	const {emulator, folder, env} = await start(t);
	const web = emulator.get('web');
	await web.fetch('/1');
	const connection = await emulator.get('shop').connect(25);
	connection.end('hi');
	connection.resume();
	await once(connection, 'close');
	for (const {name} of web.backends) web.setHealth(name, 'OutOfService');
	await web.fetch('/2?secret=\u001b[31m');

	const {code, stdout, stderr} = await runCli(['traffic'], {folder, env});

	t.is(stderr, '');
	t.is(code, 0);
	t.deepEqual(withoutTimes(stdout), [
		'web:80 CLIENT GET /1 200 -> a (new connection) N ms ok',
		'shop:25 CLIENT tcp 2 up 2 down -> mail (new connection) N ms ok',
		'web:80 CLIENT GET /2?secret=%1B[31m 503 -> the load balancer itself N ms no-healthy-backend (no back-end in service: a taken out of service by hand; b taken out of service by hand)',
	]);
});

test('a filter, a load balancer and a limit leave some out', async t => {
	const {emulator, folder, env} = await start(t);
	for (const target of ['/1', '/2', '/3']) await emulator.get('web').fetch(target);

	const filtered = await runCli(['traffic', '--filter', 'path:/2'], {folder, env});
	const limited = await runCli(['traffic', '--lb', 'web', '--limit', '1'], {folder, env});
	const none = await runCli(['traffic', '--lb', 'shop'], {folder, env});

	t.deepEqual(withoutTimes(filtered.stdout), ['web:80 CLIENT GET /2 200 -> b (new connection) N ms ok']);
	t.regex(limited.stdout, /^.*GET \/3 200.*\n$/);
	t.is(none.stdout, '');
	t.is(none.code, 0);
});

test('--json prints whole exchanges, with the explanation', async t => {
	const {emulator, folder, env} = await start(t);
	await emulator.get('web').fetch('/1');

	const {stdout} = await runCli(['traffic', '--json'], {folder, env});

	t.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(emulator.get('web').traffic.last())));
});

test('what is wrong is refused with what is allowed', async t => {
	const {folder, env} = await start(t);

	const filter = await runCli(['traffic', '--filter', 'stats:5xx'], {folder, env});
	const lb = await runCli(['traffic', '--lb', 'wep'], {folder, env});
	const limit = await runCli(['traffic', '--limit', 'all'], {folder, env});

	t.regex(filter.stderr, /"stats" is no key of a filter; the keys are lb, .*did you mean "status"\?/);
	t.not(filter.code, 0);
	t.regex(lb.stderr, /No load balancer is named "wep"\nhint: did you mean "web"\?/);
	t.is(lb.code, 1);
	t.regex(limit.stderr, /--limit takes a number, not "all"/);
	t.is(limit.code, 2);
});

test('-f goes on with what ends, under the filter, until it is interrupted', async t => {
	const {emulator, folder, env} = await start(t);
	const web = emulator.get('web');
	await web.fetch('/before');
	await web.fetch('/other');

	const following = startCli(t, ['traffic', '-f', '--filter', 'header:x-shown=yes /'], {folder, env});
	// The stream is open when what is recorded has been printed: nothing matches yet.
	const shown = {headers: {'x-shown': 'yes'}};
	await web.fetch('/first', shown);
	await following.shows('stdout', /\/first/);
	await web.fetch('/hidden');
	await web.fetch('/second', shown);
	await following.shows('stdout', /\/second/);

	const {code, stdout} = await following.end('SIGINT');
	t.is(code, 130);
	t.deepEqual(
		withoutTimes(stdout).map(line => /GET (\S+)/.exec(line)?.[1]),
		['/first', '/second'],
	);
});

test('-f ends with the instance', async t => {
	const {emulator, folder, env} = await start(t);
	const following = startCli(t, ['traffic', '--follow', '--json'], {folder, env});
	await emulator.get('web').fetch('/1');
	await following.shows('stdout', /"target":"\/1"/);

	await emulator.stop();

	const {code, stdout, stderr} = await following.end();
	t.is(code, 0);
	t.is(stderr, 'lb-local: the instance has been stopped\n');
	t.is(stdout.split('\n').length, 2);
});

test('without an instance it says so', async t => {
	const folder = await temporaryFolder(t);

	for (const args of [['traffic'], ['traffic', '-f']]) {
		const {code, stderr} = await runCli(args, {folder, env: {LB_LOCAL_ENDPOINT: 'http://127.0.0.1:9'}});
		t.is(code, 1);
		t.regex(
			stderr,
			/Cannot reach lb-local at http:\/\/127\.0\.0\.1:9: nothing listens there\nhint: LB_LOCAL_ENDPOINT names it: /,
		);
	}
});

test('-f tells that the instance was lost when it is killed', async t => {
	const folder = await temporaryFolder(t);
	const up = startCli(t, ['up', 'http:80', '--control-port', '0'], {folder});
	await up.shows('stderr', /Ctrl-C stops/);
	const endpoint = /control port: (\S+)/.exec(up.stderr)?.[1] ?? '';
	const following = startCli(t, ['traffic', '-f'], {folder, env: {LB_LOCAL_ENDPOINT: endpoint}});
	const {loadBalancers: running} = (await (await fetch(`${endpoint}/_lb/state`)).json()) as {
		readonly loadBalancers: readonly {readonly listeners: readonly {readonly boundPort: number}[]}[];
	};
	await fetch(`http://127.0.0.1:${running[0]?.listeners[0]?.boundPort}/seen`);
	await following.shows('stdout', /\/seen/);

	await up.end('SIGKILL');

	const {code, stderr} = await following.end();
	t.is(stderr, 'lb-local: the connection to the instance was lost\n');
	t.is(code, 1);
});
