import {writeFile} from 'node:fs/promises';
import {devNull} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {startEmulator} from '../../../src/index.ts';
import {deadPort} from '../../helpers/ports.ts';
import {runIn, runProgram} from '../../helpers/programs.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

/** Keys and profiles that must not be used. */
const REAL = {
	AWS_PROFILE: 'work',
	AWS_SESSION_TOKEN: 'real-token',
	AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
	AWS_SECRET_ACCESS_KEY: 'real-secret',
};

/** A home with a profile in it, and no way to any other machine. */
async function home(t: ExecutionContext) {
	const folder = await temporaryFolder(t);
	const profiles = ['default', 'work'].map(
		name => `[${name}]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = real-secret\n`,
	);
	await writeFile(path.join(folder, 'credentials'), profiles.join('\n'));
	await writeFile(path.join(folder, 'config'), '[profile work]\nregion = us-east-1\n');
	const dead = `http://127.0.0.1:${await deadPort(t)}`;
	const files = {
		AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials'),
		AWS_CONFIG_FILE: path.join(folder, 'config'),
	};
	const env = {...REAL, ...files, HTTPS_PROXY: dead, https_proxy: dead, HTTP_PROXY: '', http_proxy: '', AWS_PAGER: ''};
	return {folder, env};
}

test('env takes away what would lead to an account of AWS, where it is set', async t => {
	await using emulator = await startEmulator();
	const {folder, env} = await home(t);
	const print = (...args: string[]) => runCli(['env', '--endpoint', emulator.endpoint, ...args], {folder, env});

	const shell = await print();
	const json = JSON.parse((await print('--json')).stdout);
	const dotenv = await print('--format', 'dotenv');
	const powershell = await print('--format', 'powershell');

	t.true(shell.stdout.includes('\nunset AWS_PROFILE\nunset AWS_SESSION_TOKEN\n'), shell.stdout);
	t.like(json, {AWS_PROFILE: 'default', AWS_SESSION_TOKEN: '', AWS_ACCESS_KEY_ID: 'LBLOCALACCESSKEY0000'});
	t.true(dotenv.stdout.includes('\nAWS_PROFILE=default\nAWS_SESSION_TOKEN=\n'), dotenv.stdout);
	t.true(powershell.stdout.endsWith('\nRemove-Item Env:AWS_PROFILE\nRemove-Item Env:AWS_SESSION_TOKEN\n'));
	t.regex(shell.stderr, /^# AWS_ENDPOINT_URL_\* is for aws from 1\.29 and 2\.13 on, boto3 from 1\.28/m);
});

test('env says whose keys are needed where credentials are configured', async t => {
	const config = {control: {credentials: {AKIDEXAMPLE: 'secret'}}};
	await using emulator = await startEmulator({config});
	const {folder} = await home(t);
	const print = (env: Record<string, string>) =>
		runCli(['env', '--endpoint', emulator.endpoint], {folder, env: {AWS_ACCESS_KEY_ID: '', ...env}});

	const own = await print({AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE'});
	const real = await print(REAL);

	t.notRegex(own.stdout, /AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY/);
	t.regex(real.stdout, /^export AWS_ACCESS_KEY_ID='LBLOCALACCESSKEY0000'$/m);
	t.regex(own.stderr, /^# AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY likewise, after this/m);
});

test('env goes on where its files cannot be written, and says who needs them', async t => {
	await using emulator = await startEmulator();
	const {folder} = await home(t);
	await writeFile(path.join(folder, 'file'), '');

	const {stdout, stderr, code} = await runCli(['env', '--json', '--endpoint', emulator.endpoint], {
		folder,
		env: {LB_LOCAL_HOME: path.join(folder, 'file')},
	});

	t.is(code, 0);
	t.regex(stderr, /^warning: .*; boto3 1\.26 and 1\.27 and aws 2\.9 to 2\.12 need --endpoint-url then$/m);
	t.is(JSON.parse(stdout).AWS_SHARED_CREDENTIALS_FILE, devNull);
});

test('a run whose configuration has the keys of its environment leaves them alone', async t => {
	const {folder, env} = await home(t);
	const config = JSON.stringify({control: {credentials: {[REAL.AWS_ACCESS_KEY_ID]: REAL.AWS_SECRET_ACCESS_KEY}}});
	const script = 'console.log(process.env.AWS_ACCESS_KEY_ID, process.env.AWS_PROFILE)';
	const run = (more: object) => runCli(['run', '--', process.execPath, '-e', script], {folder, env: {...env, ...more}});

	t.is((await run({LB_LOCAL_CONFIG: config})).stdout, `${REAL.AWS_ACCESS_KEY_ID} undefined\n`);
	t.is((await run({LB_LOCAL_CONFIG: config.replace('AKIA', 'XKIA')})).stdout, 'LBLOCALACCESSKEY0000 undefined\n');
});

const BOTO3 = `
import boto3, botocore
session = boto3.Session()
print(session.get_credentials().access_key)
for name, call in (('elb', 'describe_load_balancers'), ('iam', 'list_server_certificates')):
    try:
        getattr(session.client(name), call)()
    except botocore.exceptions.ClientError as error:
        print(error)
`;

/** Of one system there may be an older one beside the newer. */
for (const python of ['python3', '/usr/bin/python3']) {
	test(`boto3 of ${python} asks the control port, and nobody else, with keys that are nobody's`, async t => {
		await using emulator = await startEmulator();
		if ((await runProgram(t, python, ['-c', 'import boto3']))?.code !== 0) {
			t.pass('boto3 is not installed: this is skipped');
			return;
		}
		const {folder, env} = await home(t);
		const ways: Record<string, string>[] = [
			JSON.parse((await runCli(['env', '--json', '--endpoint', emulator.endpoint], {folder, env})).stdout),
			emulator.env(),
		];

		for (const own of ways) {
			const ran = await runIn(t, python, ['-c', BOTO3], {folder, env: {...env, AWS_PROFILE: 'default', ...own}});

			t.is(ran?.stdout.split('\n')[0], 'LBLOCALACCESSKEY0000', ran?.stderr);
		}
		t.deepEqual(
			emulator.calls.map(({action}) => action),
			ways.flatMap(() => ['DescribeLoadBalancers', 'ListServerCertificates']),
		);
	});
}

for (const aws of ['aws', '/usr/bin/aws']) {
	test(`the AWS command line ${aws} asks the control port, and nobody else, in a run`, async t => {
		if ((await runProgram(t, 'env', [aws, '--version']))?.code !== 0) {
			t.pass('the AWS command line is not installed: this is skipped');
			return;
		}
		const {folder, env} = await home(t);
		const calls = '; curl --silent --noproxy "*" "$LB_LOCAL_ENDPOINT/_lb/calls"';
		const script = `${aws} elb describe-load-balancers; ${aws} iam list-server-certificates`;
		const profile = `${aws} --profile work elb describe-load-balancers`;

		const ran = await runCli(['run', '--', 'sh', '-c', `(${script}; ${profile}) >&2${calls}`], {folder, env});

		const {calls: asked}: {calls: {action: string}[]} = JSON.parse(ran.stdout);
		t.deepEqual(
			asked.map(({action}) => action),
			['DescribeLoadBalancers', 'ListServerCertificates'],
			ran.stderr,
		);
		t.regex(ran.stderr, /The config profile \(work\) could not be found/);
	});
}

const SDK = `
const {createRequire} = require('node:module');
const load = createRequire(process.argv[1]);
const elb = load('@aws-sdk/client-elastic-load-balancing');
const iam = load('@aws-sdk/client-iam');
(async () => {
	for (const [client, command] of [
		[new elb.ElasticLoadBalancingClient(), new elb.DescribeLoadBalancersCommand({})],
		[new iam.IAMClient(), new iam.ListServerCertificatesCommand({})],
	]) {
		await client.send(command);
		console.log((await client.config.credentials()).accessKeyId);
	}
})();
`;

test('the AWS SDK for JavaScript asks the control port with keys that are nobody’s, whatever profile was set', async t => {
	await using emulator = await startEmulator();
	const {folder, env} = await home(t);
	const print = await runCli(['env', '--json', '--endpoint', emulator.endpoint], {folder, env});
	const here = fileURLToPath(import.meta.url);

	const inRun = await runCli(['run', '--', process.execPath, '-e', SDK, here], {folder, env});
	const inEnv = await runIn(t, process.execPath, ['-e', SDK, here], {
		folder,
		env: {...env, ...JSON.parse(print.stdout)},
	});

	for (const ran of [inRun, inEnv]) {
		t.is(ran?.stdout, 'LBLOCALACCESSKEY0000\nLBLOCALACCESSKEY0000\n', ran?.stderr);
	}
	t.deepEqual(
		emulator.calls.map(({action, status}) => `${action} ${status}`),
		['DescribeLoadBalancers 200', 'ListServerCertificates 200'],
	);
});
