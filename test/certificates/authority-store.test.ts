import {execFile} from 'node:child_process';
import {chmod, mkdir, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {createAuthority} from '../../src/certificates/authority.ts';
import {defaultAuthorityDirectory} from '../../src/certificates/authority-directory.ts';
import {openAuthority} from '../../src/certificates/authority-store.ts';
import {inspectCertificate} from '../../src/certificates/inspect.ts';
import {compiled} from '../helpers/compiled.ts';
import {handshake} from '../helpers/pem-handshake.ts';
import {onPosix} from '../helpers/platforms.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

test('an authority is created on first use and then found again', async t => {
	const directory = path.join(await temporaryFolder(t), 'not', 'there', 'yet');

	const made = await openAuthority(directory);
	const found = await openAuthority(directory);

	t.is(found.pem, made.pem);
	t.is(found.keyPem, made.keyPem);
	t.is(found.file, path.join(directory, 'authority', 'authority.pem'));
	t.is(await readFile(found.file, 'utf8'), made.pem);
	await t.notThrowsAsync(handshake(made.issue({names: ['web.test']}), {ca: found.pem, servername: 'web.test'}));
});

onPosix('the folder and the key are for their owner alone', async t => {
	const directory = path.join(await temporaryFolder(t), 'home');

	const {file} = await openAuthority(directory);

	t.is(await mode(directory), '700');
	t.is(await mode(path.dirname(file)), '700');
	t.is(await mode(path.join(path.dirname(file), 'authority.key')), '600');
	t.deepEqual(await readdir(directory), ['authority']);
	t.deepEqual((await readdir(path.dirname(file))).sort(), ['authority.key', 'authority.pem']);
});

test('twenty that open it at once all get the same', async t => {
	const directory = await temporaryFolder(t);

	const all = await Promise.all(Array.from({length: 20}, () => openAuthority(directory)));

	t.is(new Set(all.map(({pem, keyPem}) => pem + keyPem)).size, 1);
	t.deepEqual(await readdir(directory), ['authority'], 'no draft is left behind');
});

test('processes that race on first use all get the same', async t => {
	const directory = await temporaryFolder(t);
	const module = pathToFileURL(compiled('src/certificates/authority-store.ts')).href;
	const script = `
		const {openAuthority} = await import('${module}');
		const {pem, keyPem, issue} = await openAuthority(process.env.DIRECTORY);
		console.log(JSON.stringify([pem, keyPem.length]));
	`;
	const run = () =>
		promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
			env: {...process.env, DIRECTORY: directory},
		});

	const outputs = await Promise.all([run(), run(), run()]);

	t.is(new Set(outputs.map(({stdout}) => stdout)).size, 1);
	t.regex(outputs[0]?.stdout ?? '', /BEGIN CERTIFICATE/);
});

interface Stored {
	readonly directory: string;
	readonly folder: string;
	readonly file: string;
	readonly keyFile: string;
}

const damaged = test.macro({
	async exec(t, damage: (stored: Stored) => Promise<unknown>, reason: (stored: Stored) => string) {
		const directory = await temporaryFolder(t);
		const {file} = await openAuthority(directory);
		const folder = path.dirname(file);
		const stored = {directory, folder, file, keyFile: path.join(folder, 'authority.key')};
		await damage(stored);
		const before = await snapshot(folder);

		const error = await t.throwsAsync(openAuthority(directory), {code: 'AUTHORITY_UNUSABLE'});

		t.is(error?.message, `The local authority in ${folder} cannot be used: ${reason(stored)}`);
		t.like(error, {
			hint: `Restore it, or remove ${folder} so that a new one is made; whoever trusted the old one must then trust the new one.`,
		});
		t.deepEqual(await snapshot(folder), before, 'nothing is made again unasked');
	},
	title: (what = '') => `an authority ${what} is refused and left as it is`,
});

async function snapshot(folder: string): Promise<Record<string, string>> {
	const names = await readdir(folder);
	return Object.fromEntries(
		await Promise.all(names.map(async name => [name, await readFile(path.join(folder, name), 'utf8')])),
	);
}

test(
	'without its key',
	damaged,
	({keyFile}) => rm(keyFile),
	({keyFile}) => `${keyFile} is missing`,
);
test(
	'without its certificate',
	damaged,
	({file}) => rm(file),
	({file}) => `${file} is missing`,
);
test(
	'with the key of another',
	damaged,
	({keyFile}) => writeFile(keyFile, createAuthority().keyPem),
	() => 'its key does not belong to its certificate',
);
test(
	'with an empty key',
	damaged,
	({keyFile}) => writeFile(keyFile, ''),
	() => 'key is empty',
);
test(
	'with a cut-off certificate',
	damaged,
	({file}) => writeFile(file, createAuthority().pem.slice(0, 200)),
	() => 'cert is not readable PEM: The CERTIFICATE block at line 1 is cut off: it has no END line',
);
test(
	'that is expired',
	damaged,
	async ({file, keyFile}) => {
		const old = createAuthority({now: new Date('2010-01-01T00:00:00Z')});
		await writeFile(file, old.pem);
		await writeFile(keyFile, old.keyPem);
	},
	({file}) => `${file} expired on 2020-01-01`,
);

test('a directory that cannot be created is reported with its path', async t => {
	const directory = path.join(await temporaryFolder(t), 'file');
	await writeFile(directory, '');

	const error = await t.throwsAsync(openAuthority(directory));

	t.regex(error?.message ?? '', /^Cannot (?:read|store) the local authority.*file.authority/);
	t.regex(Reflect.get(error ?? {}, 'hint'), /LB_LOCAL_HOME/);
});

test('an existing empty folder is filled', async t => {
	const directory = await temporaryFolder(t);
	await mkdir(path.join(directory, 'authority'));

	const authority = await openAuthority(directory);

	t.deepEqual(inspectCertificate(authority.issue({names: ['web.test']})).problems, []);
});

onPosix('a stored authority that may only be read is enough', async t => {
	const directory = await temporaryFolder(t);
	const {pem, file} = await openAuthority(directory);
	await chmod(path.dirname(file), 0o500);
	await chmod(directory, 0o500);
	t.teardown(() => chmod(path.dirname(file), 0o700));
	t.teardown(() => chmod(directory, 0o700));

	t.is((await openAuthority(directory)).pem, pem);
});

const place = test.macro({
	exec(t, env: Record<string, string>, platform: NodeJS.Platform, expected: string) {
		t.is(defaultAuthorityDirectory(env, platform), path.join(expected));
	},
	title: (_, env, platform) => `on ${platform} with ${JSON.stringify(env)} the authority has its place`,
});

test(place, {LB_LOCAL_HOME: '/x/y', XDG_DATA_HOME: '/data', HOME: '/home/a'}, 'linux', '/x/y');
test(place, {LB_LOCAL_HOME: 'here', HOME: '/home/a'}, 'linux', path.resolve('here'));
test(place, {LB_LOCAL_HOME: '', XDG_DATA_HOME: '/data', HOME: '/home/a'}, 'linux', '/data/lb-local');
test(place, {XDG_DATA_HOME: 'relative', HOME: '/home/a'}, 'linux', '/home/a/.local/share/lb-local');
test(place, {HOME: '/home/a'}, 'linux', '/home/a/.local/share/lb-local');
test(place, {}, 'linux', path.join(homedir(), '.local/share/lb-local'));
test(place, {HOME: '/Users/a'}, 'darwin', '/Users/a/Library/Application Support/lb-local');
test(place, {LOCALAPPDATA: '/AppData', HOME: '/home/a'}, 'win32', '/AppData/lb-local');
test(place, {HOME: '/home/a'}, 'win32', '/home/a/AppData/Local/lb-local');
