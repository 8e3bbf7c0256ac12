import test from 'ava';
import {testWith} from '../../helpers/programs.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli, startCli} from '../helpers/command-line.ts';

test('env --proxy also exports the proxy, in both spellings, and keeps what NO_PROXY says', async t => {
	const folder = await temporaryFolder(t);
	const up = startCli(t, ['up', 'http:80', '--ports', 'free', '--control-port', '0'], {folder});
	const [, endpoint] = await up.shows('stderr', /control port: (http:\S+)/);

	const without = await runCli(['env', '--json'], {folder});
	const {stdout, code} = await runCli(['env', '--json', '--proxy'], {
		folder,
		env: {NO_PROXY: 'internal.test, ::1', no_proxy: 'other.test'},
	});

	t.is(code, 0);
	const direct = 'internal.test,::1,other.test,localhost,127.0.0.1';
	t.like(JSON.parse(stdout), {HTTPS_PROXY: endpoint, https_proxy: endpoint, NO_PROXY: direct, no_proxy: direct});
	t.deepEqual(
		Object.keys(JSON.parse(without.stdout)).filter(name => /proxy/i.test(name)),
		[],
	);
	await up.end('SIGTERM');
});

testWith('curl')('run --proxy leads the command to the names of load balancers', async t => {
	const folder = await temporaryFolder(t);
	const config = {
		certificates: {web: {names: ['web.test']}},
		backends: {app: {kind: 'echo'}},
		loadBalancers: {web: {listeners: [{listen: 'https:443 -> http:80', certificate: 'web'}], backends: ['app']}},
	};
	const env = {LB_LOCAL_CONFIG: JSON.stringify(config), HTTPS_PROXY: '', https_proxy: '', NO_PROXY: '', no_proxy: ''};
	const curl = ['--', 'curl', '--silent', '--verbose', 'https://web.test/'];

	const {code, stdout, stderr} = await runCli(['run', '--proxy', ...curl], {folder, env});

	t.is(code, 0, stderr);
	t.is(JSON.parse(stdout).backend, 'app');
	t.not((await runCli(['run', ...curl], {folder, env})).code, 0);
});

testWith('curl')('--proxy-unknown tunnel lets other names through, and is refuse unless said otherwise', async t => {
	const folder = await temporaryFolder(t);
	const curl = ['--proxy', '--', 'curl', '--silent', '--verbose', '--max-time', '60', 'https://nobody.invalid/'];
	const env = {LB_LOCAL_CONFIG: '{}', NO_PROXY: '', no_proxy: ''};

	const refused = await runCli(['run', ...curl], {folder, env});
	const led = await runCli(['run', '--proxy-unknown', 'tunnel', ...curl], {folder, env});
	const wrong = await runCli(['up', '--proxy-unknown', 'all'], {folder});

	t.regex(refused.stderr, /HTTP\/1\.1 403 "nobody\.invalid:443" is neither /);
	t.regex(led.stderr, /HTTP\/1\.1 502 "nobody\.invalid:443" \(nobody\.invalid:443\) cannot be reached: /);
	t.is(wrong.code, 2);
	t.regex(wrong.stderr, /Allowed choices are refuse, tunnel/);
});
