import {lstat, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {createAuthority} from '../../src/certificates/authority.ts';
import {inspectCertificate} from '../../src/certificates/inspect.ts';
import {safeBaseName, writePair} from '../../src/certificates/write-pair.ts';
import {sampleChain} from '../helpers/pem-samples.ts';
import {onPosix} from '../helpers/platforms.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const leaf = createAuthority().issue({names: ['*.web.test']});
const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

test('a pair is written under the name of its certificate, in a directory made for it', async t => {
	const directory = path.join(await temporaryFolder(t), 'certs');

	const {certFile, keyFile} = await writePair(directory, '*.web.test', leaf);

	t.is(certFile, path.join(directory, '_wildcard.web.test.crt'));
	t.is(keyFile, path.join(directory, '_wildcard.web.test.key'));
	t.is(await readFile(certFile, 'utf8'), leaf.cert);
	t.is(await readFile(keyFile, 'utf8'), leaf.key);
});

test('the chain follows the leaf in one file, and is read back from there', async t => {
	const {leaf: end, lower, upper} = sampleChain();

	const {certFile} = await writePair(await temporaryFolder(t), 'web', {
		...end,
		cert: end.cert.trimEnd(),
		chain: lower.cert + upper.cert,
	});

	t.is(await readFile(certFile, 'utf8'), end.cert + lower.cert + upper.cert);
	const {problems, pair} = inspectCertificate({cert: await readFile(certFile, 'utf8'), key: end.key});
	t.deepEqual(problems, []);
	t.is(pair?.chain, lower.cert + upper.cert);
});

onPosix('the key is for its owner alone, also where a readable file stood', async t => {
	const directory = await temporaryFolder(t);
	await writeFile(path.join(directory, 'web.key'), 'old', {mode: 0o644});

	const {certFile, keyFile} = await writePair(directory, 'web', leaf);

	t.is(await mode(keyFile), '600');
	t.is(await mode(certFile), '644');
	t.deepEqual((await readdir(directory)).sort(), ['web.crt', 'web.key'], 'no draft is left behind');
});

onPosix('a symbolic link in place of the key is replaced and its target left alone', async t => {
	const directory = await temporaryFolder(t);
	const target = path.join(directory, 'target');
	await writeFile(target, 'untouched');
	await symlink(target, path.join(directory, 'web.key'));

	const {keyFile} = await writePair(directory, 'web', leaf);

	t.is(await readFile(target, 'utf8'), 'untouched');
	t.false((await lstat(keyFile)).isSymbolicLink());
	t.is(await readFile(keyFile, 'utf8'), leaf.key);
});

test('a failed write reports the path, leaves nothing behind, and does not show the key', async t => {
	const directory = path.join(await temporaryFolder(t), 'file');
	await writeFile(directory, '');

	const error = await t.throwsAsync(writePair(directory, 'web', leaf), {code: 'FILE_UNWRITABLE'});

	t.true(error?.message.startsWith(`Cannot write the certificate to ${path.join(directory, 'web')}.crt and .key: `));
	t.false(error?.message.includes('PRIVATE'));
	t.deepEqual(await readdir(path.dirname(directory)), ['file']);
});

test('the temporary file is removed when it cannot be renamed', async t => {
	const directory = await temporaryFolder(t);
	const {certFile} = await writePair(path.join(directory, 'web.key'), 'inner', leaf);

	await t.throwsAsync(writePair(directory, 'web', leaf), {code: 'FILE_UNWRITABLE'});

	t.deepEqual(await readdir(directory), ['web.key']);
	t.is(await readFile(certFile, 'utf8'), leaf.cert);
});

const named = test.macro({
	exec(t, name: string, expected: string) {
		t.is(safeBaseName(name), expected);
	},
	title: (_, name, expected) => `${JSON.stringify(name)} is written as ${JSON.stringify(expected)}`,
});

test(named, 'web.test', 'web.test');
test(named, '*.web.test', '_wildcard.web.test');
test(named, '::1', '__1');
test(named, 'my+cert=1,a@b_c', 'my+cert=1,a@b_c');
test(named, '../../etc/passwd', '_.._.._etc_passwd');
test(named, '..', '_..');
test(named, '.hidden', '_.hidden');
test(named, 'C:\\keys', 'C__keys');
test(named, 'a/b\0c\n', 'a_b_c_');
test(named, '-out', '_-out');
test(named, '', '_');
test(named, 'nul', '_nul');
test(named, 'COM1.test', '_COM1.test');
test(named, 'console', 'console');
