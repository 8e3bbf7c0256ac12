import {access, chmod, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import path from 'node:path';
import test from 'ava';
import {openerFor} from '../../../src/cli/browser.ts';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {listening} from '../../helpers/own-servers.ts';
import {eventually} from '../../helpers/patience.ts';
import {temporaryFolder} from '../../helpers/temporary-folder.ts';
import {runCli} from '../helpers/command-line.ts';

const NONE = {BROWSER: '', CI: '', DISPLAY: '', WAYLAND_DISPLAY: '', WSL_DISTRO_NAME: ''};
const PAGE = 'http://127.0.0.1:8089/_lb/';

const opens = test.macro({
	exec: (t, platform: NodeJS.Platform, env: Record<string, string>, opener: readonly string[] | undefined) => {
		const found = openerFor(PAGE, platform, {...NONE, ...env});
		t.deepEqual(found && [found.program, ...found.args], opener && [...opener, PAGE]);
	},
	title: (_, platform, env) => `a browser on ${platform}, ${JSON.stringify(env)}`,
});

test(opens, 'darwin', {}, ['open']);
test(opens, 'win32', {}, ['rundll32', 'url.dll,FileProtocolHandler']);
test(opens, 'linux', {DISPLAY: ':0'}, ['xdg-open']);
test(opens, 'linux', {WAYLAND_DISPLAY: 'wayland-0'}, ['xdg-open']);
test(opens, 'linux', {WSL_DISTRO_NAME: 'Debian'}, ['explorer.exe']);
test(opens, 'linux', {}, undefined);
test(opens, 'linux', {BROWSER: 'firefox'}, ['firefox']);
test(opens, 'darwin', {BROWSER: 'none'}, undefined);
test(opens, 'darwin', {CI: 'true', BROWSER: 'firefox'}, undefined);

test('open prints the address, and starts the browser with it', async t => {
	const folder = await temporaryFolder(t);
	await using emulator = await startEmulator({port: 0, authority});
	const browser = path.join(folder, 'browser');
	await writeFile(browser, `#!/bin/sh\necho "$1" > '${folder}/draft' && mv '${folder}/draft' '${folder}/opened'\n`);
	await chmod(browser, 0o755);
	const env = {...NONE, LB_LOCAL_ENDPOINT: emulator.endpoint, BROWSER: browser};

	const {code, stdout, stderr} = await runCli(['open'], {folder, env});

	t.deepEqual([code, stdout, stderr], [0, `${emulator.endpoint}/_lb/\n`, '']);
	const file = path.join(folder, 'opened');
	await eventually(
		() =>
			access(file).then(
				() => true,
				() => false,
			),
		'the browser is started',
	);
	t.is(await readFile(file, 'utf8'), `${emulator.endpoint}/_lb/\n`);
});

test('where there is no browser, or it cannot be started, open prints the address and says so', async t => {
	const folder = await temporaryFolder(t);
	await using emulator = await startEmulator({port: 0, authority});
	const env = {...NONE, LB_LOCAL_ENDPOINT: emulator.endpoint};
	const address = `${emulator.endpoint}/_lb/\n`;

	const none = await runCli(['open'], {folder, env: {...env, BROWSER: 'none'}});
	const broken = await runCli(['open'], {folder, env: {...env, BROWSER: path.join(folder, 'nothing')}});
	const printed = await runCli(['open', '--print'], {folder, env: {...env, BROWSER: path.join(folder, 'nothing')}});

	t.deepEqual([none.code, none.stdout], [0, address]);
	t.is(none.stderr, 'there is no browser here; open the address in one yourself\n');
	t.deepEqual([broken.code, broken.stdout], [0, address]);
	t.regex(broken.stderr, /^no browser could be started: .*ENOENT.*; open the address in one yourself\n$/);
	t.deepEqual([printed.code, printed.stdout, printed.stderr], [0, address, '']);
});

test('nothing is opened of another program, nor where nothing runs', async t => {
	const folder = await temporaryFolder(t);
	const stranger = createServer((_, response) => response.end('hello'));
	const port = await listening(t, stranger);
	const env = {...NONE, LB_LOCAL_ENDPOINT: `http://127.0.0.1:${port}`, BROWSER: path.join(folder, 'nothing')};

	const {code, stdout, stderr} = await runCli(['open'], {folder, env});

	t.not(code, 0);
	t.is(stdout, '');
	t.regex(stderr, /CONTROL_STRANGER|another program|is not lb-local/);
});
