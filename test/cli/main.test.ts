import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {temporaryFolder} from '../helpers/temporary-folder.ts';
import {runCli} from './helpers/command-line.ts';

const {version} = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'));

test('--help lists the commands on stdout', async t => {
	const {code, stdout, stderr} = await runCli(['--help'], {folder: await temporaryFolder(t)});

	t.is(code, 0);
	t.is(stderr, '');
	for (const command of [
		'up',
		'backend',
		'cert',
		'check',
		'init',
		'status',
		'open',
		'traffic',
		'ready',
		'stop',
		'set',
		'env',
	])
		t.regex(stdout, new RegExp(`^  ${command}\\b`, 'm'));
	t.regex(stdout, /Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted\./);
});

test('--version prints the version of the package', async t => {
	const {code, stdout} = await runCli(['--version'], {folder: await temporaryFolder(t)});

	t.is(code, 0);
	t.is(stdout, `${version}\n`);
});

test('without a command the help goes to stderr, and the use was wrong', async t => {
	const {code, stdout, stderr} = await runCli([], {folder: await temporaryFolder(t)});

	t.is(code, 2);
	t.is(stdout, '');
	t.regex(stderr, /^Usage: lb-local/);
});

/** Wrong usage: exit code 2, and exactly this on stderr. */
const refuses = test.macro({
	exec: async (t, args: readonly string[], ...lines: readonly string[]) => {
		const {code, stdout, stderr} = await runCli(args, {folder: await temporaryFolder(t)});

		t.is(stderr, `${lines.join('\n')}\n`);
		t.is(stdout, '');
		t.is(code, 2);
	},
	title: (_, args: readonly string[], ..._lines: readonly string[]) => `lb-local ${args.join(' ')} is wrong usage`,
});

const HELP = 'hint: `lb-local help` lists the commands and their options.';
test(refuses, ['chekc'], "error: unknown command 'chekc'", 'hint: did you mean check?');
test(refuses, ['up', '--jsn'], "error: unknown option '--jsn'", 'hint: did you mean --json?');
test(
	refuses,
	['up', '--ports', 'any'],
	"error: option '--ports <rule>' argument 'any' is invalid. Allowed choices are exact, free.",
	HELP,
);
test(refuses, ['check', 'a', 'b'], "error: too many arguments for 'check'. Expected 1 argument but got 2.", HELP);
test(
	refuses,
	['up', 'nothing'],
	'error: "nothing" is neither a configuration file nor a listener',
	'hint: lb-local up lb-local.yaml, or lb-local up "https:443 -> http:80".',
);
test(
	refuses,
	['up', '--backend', '127.0.0.1:1'],
	'error: --backend goes with listeners',
	'hint: lb-local up "https:443 -> http:80" --backend …; a configuration has its own.',
);
test(
	refuses,
	['up', 'http:80', 'a.yaml'],
	'error: a configuration and listeners do not go together: a.yaml and "http:80" were given',
	'hint: write the listener into the configuration, or leave the file away.',
);
test(
	refuses,
	['backend', 'ecko'],
	'error: "ecko" is not a fake back-end; allowed are "echo", "reply", "tcp-echo", "tcp-sink", "tcp-source", "tcp-banner" or "har", each with "+tls" and ":port" if you like',
	'hint: did you mean "echo"?',
);
test(
	refuses,
	['cert', '--pkcs1'],
	'error: --pkcs1 goes with --rsa',
	'hint: PKCS#1 is a form of RSA keys; lb-local cert --rsa --pkcs1.',
);

test('FORCE_COLOR colours output that is not a terminal, NO_COLOR removes colours', async t => {
	const folder = await temporaryFolder(t);

	const forced = await runCli(['check'], {folder, env: {FORCE_COLOR: '1'}});
	const plain = await runCli(['check'], {folder, env: {NO_COLOR: '1'}});

	t.true(forced.stderr.startsWith('\u001b[31merror:\u001b[39m'));
	t.true(plain.stderr.startsWith('error:'));
});

test('a stack trace is shown only with DEBUG', async t => {
	const folder = await temporaryFolder(t);

	const asked = await runCli(['check'], {folder, env: {DEBUG: 'lb-local'}});
	const silent = await runCli(['check'], {folder});

	t.regex(asked.stderr, /\n {4}at /);
	t.notRegex(silent.stderr, /\n {4}at /);
});
