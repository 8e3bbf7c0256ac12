import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {readRunFiles, writeRunFile} from '../../src/cli/run-file.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const ENDPOINT = 'http://127.0.0.1:8089';

/** A process id that no process has. */
async function goneProcess(): Promise<number> {
	const child = spawn(process.execPath, ['--version'], {stdio: 'ignore'});
	await once(child, 'close');
	return child.pid ?? 0;
}

test('a running instance has a file, for its user only, until it stops', async t => {
	const env = {LB_LOCAL_HOME: await temporaryFolder(t)};

	const remove = await writeRunFile({endpoint: ENDPOINT, config: 'lb-local.yaml'}, env);
	const running = await readRunFiles(env);
	const file = path.join(env.LB_LOCAL_HOME, 'run', `${process.pid}.json`);
	const {mode} = await stat(file);
	await remove();
	await remove();

	const config = path.resolve('lb-local.yaml');
	t.deepEqual(running, [{endpoint: ENDPOINT, pid: process.pid, cwd: process.cwd(), config}]);
	t.is(mode & 0o777, 0o600);
	t.deepEqual(await readRunFiles(env), []);
	t.deepEqual(await readdir(path.dirname(file)), []);
});

test('files of processes that have ended are removed', async t => {
	const env = {LB_LOCAL_HOME: await temporaryFolder(t)};
	const folder = path.join(env.LB_LOCAL_HOME, 'run');
	const pid = await goneProcess();
	await mkdir(folder);
	await writeFile(path.join(folder, `${pid}.json`), JSON.stringify({endpoint: ENDPOINT, pid, cwd: '/'}));

	t.deepEqual(await readRunFiles(env), []);
	t.deepEqual(await readdir(folder), []);
});

test('a file that is not a run file is ignored and kept', async t => {
	const env = {LB_LOCAL_HOME: await temporaryFolder(t)};
	const folder = path.join(env.LB_LOCAL_HOME, 'run');
	await mkdir(folder);
	const names = ['notes.txt', '0.json', '-1.json', '1e3.json', '99999999999999999999.json', `${process.pid}.json`];
	for (const name of names) await writeFile(path.join(folder, name), '{"endpoint": 1');
	const another = path.join(folder, `${process.ppid}.json`);
	await writeFile(another, JSON.stringify({endpoint: ENDPOINT, pid: process.pid, cwd: '/'}));

	t.deepEqual(await readRunFiles(env), []);
	t.is((await readdir(folder)).length, names.length + 1);
	t.regex(await readFile(another, 'utf8'), /127\.0\.0\.1/);
});

test('an unreadable folder means no instances, and a folder that is read-only is reported', async t => {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'file'), '');
	const env = {LB_LOCAL_HOME: path.join(folder, 'file')};

	t.deepEqual(await readRunFiles(env), []);
	const error = await t.throwsAsync(writeRunFile({endpoint: ENDPOINT}, env));
	t.like(error, {code: 'FILE_UNWRITABLE'});
	t.true(error?.message.startsWith(`Cannot write ${path.join(env.LB_LOCAL_HOME, 'run', `${process.pid}.json`)}: `));
});
