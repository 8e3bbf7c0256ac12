import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {readConfigText} from '../../../src/configuration/config-file.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

test('what init writes passes check', async t => {
	const folder = await temporaryFolder(t);

	const written = await runCli(['init'], {folder});
	const checked = await runCli(['check'], {folder});

	t.is(written.stdout, 'lb-local.yaml\n');
	t.is(written.code, 0);
	t.is(checked.stdout, 'lb-local.yaml: ok (3 load balancers, 4 listeners, 4 back-ends, 1 certificate)\n');
});

test('every line that is commented out is valid without its hash', async t => {
	const folder = await temporaryFolder(t);
	await runCli(['init'], {folder});
	const text = await readFile(path.join(folder, 'lb-local.yaml'), 'utf8');

	const everything = text.replaceAll(/^( *)# (\w+: )/gm, '$1$2');

	t.true(everything.length < text.length);
	const {config} = await readConfigText(everything, 'lb-local.yaml');
	t.is(config.backends.get('busy')?.[0]?.kind, 'fake');
	t.like(config.control, {port: 8089, credentials: new Map([['AKIDEXAMPLE', 'mysecretkey']])});
	t.deepEqual([...config.vms.keys()], ['i-0000000a', 'i-0000000b']);
	t.is(config.loadBalancers.get('shop')?.address, '127.0.0.2');
	const web = config.loadBalancers.get('web');
	t.like(web, {
		healthCheck: {protocol: 'http', path: '/health', intervalMs: 5000},
		rules: [{priority: 10, to: ['app-2']}],
		drainingMs: 30_000,
		accessLog: {kind: 'file', file: path.resolve('web.log')},
	});
	t.like(web?.listeners[0]?.stickiness, {kind: 'duration', seconds: 300});
});

test('a file that exists is kept, unless --force is given', async t => {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'mine.yaml');
	await writeFile(file, 'mine');

	const kept = await runCli(['init', 'mine.yaml'], {folder});
	const before = await readFile(file, 'utf8');
	const replaced = await runCli(['init', 'mine.yaml', '--force'], {folder});

	t.is(kept.code, 2);
	t.is(kept.stderr, 'error: mine.yaml exists already\nhint: --force replaces it.\n');
	t.is(before, 'mine');
	t.is(replaced.code, 0);
	t.regex(await readFile(file, 'utf8'), /^loadBalancers:/m);
});

test('a missing folder cannot be written to', async t => {
	const {code, stderr} = await runCli(['init', 'none/lb.yaml'], {folder: await temporaryFolder(t)});

	t.is(code, 1);
	t.regex(stderr, /^error: Cannot write none\/lb\.yaml: ENOENT/);
});
