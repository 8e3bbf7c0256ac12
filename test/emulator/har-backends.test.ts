import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {startEmulator} from '../../src/index.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

const harOf = (body: string) =>
	JSON.stringify({
		log: {
			entries: [
				{
					request: {method: 'GET', url: 'https://app.test/'},
					response: {status: 200, headers: [], content: {text: body}},
				},
			],
		},
	});

test('a configuration names a HAR file relative to itself, and another content is another back-end at a reload', async t => {
	const folder = await temporaryFolder(t);
	await mkdir(path.join(folder, 'recorded'));
	const har = path.join(folder, 'recorded/session.har');
	const config = path.join(folder, 'lb-local.yaml');
	await writeFile(har, harOf('first'));
	await writeFile(
		config,
		'backends: {app: {kind: har, file: ./recorded/session.har}}\nloadBalancers: {web: {listeners: ["http:80"], backends: [app]}}\n',
	);
	await using emulator = await startEmulator({config});
	const body = async () => (await emulator.get('web').fetch('/')).text();

	t.is(await body(), 'first');
	t.true(emulator.configFiles.includes(har));
	await emulator.reload();
	t.is(await body(), 'first');
	await writeFile(har, harOf('second'));
	await emulator.reload();
	t.is(await body(), 'second');
});

test('a HAR file that cannot be used is told with its place in the configuration', async t => {
	const folder = await temporaryFolder(t);
	const config = path.join(folder, 'lb-local.yaml');
	await writeFile(
		config,
		'backends:\n  app: {kind: har, file: missing.har, count: 2}\n  other: {kind: har, file: ""}\n',
	);

	const error = await t.throwsAsync(startEmulator({config}));

	t.like(error, {code: 'CONFIG_INVALID'});
	t.true(
		error?.message.includes(
			`lb-local.yaml:2:26: backends.app.file: cannot read ${folder}/missing.har: there is no such file`,
		),
		error?.message,
	);
	t.true(
		error?.message.includes('lb-local.yaml:3:28: backends.other.file: the path is empty; write that of a HAR file'),
		error?.message,
	);
	t.is(error?.message.match(/missing\.har: there/g)?.length, 1);
});
