// A process of its own: it starts a browser.
import {readFile} from 'node:fs/promises';
import test from 'ava';
import type {Browser} from 'playwright-core';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage} from '../../helpers/page-scene.ts';
import {open} from '../../helpers/raw-connection.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

async function startEcho(t: Parameters<typeof openPage>[0], bodyBytes = 16_384) {
	const emulator = await startEmulator({
		port: 0,
		authority,
		record: {bodyBytes},
		config: {
			backends: {a: {kind: 'echo'}, mail: {kind: 'tcp', mode: 'echo'}},
			loadBalancers: {
				web: {listeners: ['http:80'], backends: ['a']},
				mail: {listeners: ['tcp:25'], backends: ['mail']},
			},
		},
	});
	t.teardown(() => emulator.stop());
	return emulator;
}

test.serial('a WebSocket counts on while it is open, says what is not kept, and ends', async t => {
	const emulator = await startEcho(t);
	const client = await open({port: emulator.get('web').port(80)});
	t.teardown(() => client.stream.destroy());
	client.write(
		'GET /chat HTTP/1.1\r\nHost: web.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
	);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1'});
	const detail = page.getByRole('complementary');
	await detail.getByText('GET /chat → 101, open').waitFor();
	await detail.getByText('0 B from the client, 0 B to it').waitFor();

	client.write('x'.repeat(300));
	await detail.getByText('300 B from the client, 300 B to it').waitFor();
	t.regex(await detail.innerText(), /Timing: it is still open\s+connect\s.*first byte\s[^\n]*\s+Request/s);
	await detail.getByText('The stream that follows was not kept.').waitFor();
	t.is(await detail.getByText('body', {exact: false}).count(), 0, 'there is none');
	client.end();

	await detail.getByText('GET /chat → 101, ok').waitFor();
	t.regex(await detail.innerText(), /Timing: .* in total\s.*first byte\s.*\sstream\s/s);
	await page.getByRole('row').filter({hasText: '/chat'}).getByText('ok', {exact: true}).waitFor();
});

test.serial('a connection of a TCP listener is said in one line, open and closed', async t => {
	const emulator = await startEcho(t);
	const client = await open({port: emulator.get('mail').port(25)});
	t.teardown(() => client.stream.destroy());
	client.write('hello');
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=mail/1'});
	const detail = page.getByRole('complementary');

	await detail.getByText('5 B from the client, 5 B to it').waitFor();
	t.regex(await detail.innerText(), /^tcp, open$/m);
	client.end();

	await detail.getByText('Access log line').waitFor();
	t.regex(await detail.innerText(), /^tcp, ok$/m);
	t.regex(await detail.innerText(), /\sstream\s/);
	t.is(await detail.getByRole('button', {name: 'Copy why there is no curl'}).count(), 1);
	t.is(await detail.getByRole('button', {name: 'Copy why there is no fetch'}).count(), 1);
});

test.serial('of a large body its beginning is shown, and all that was kept is saved', async t => {
	const emulator = await startEcho(t, 2_000_000);
	const large = `${'é'.repeat(70_000)}\r\nend\u202e`;
	await emulator.get('web').fetch('/large', {method: 'POST', body: large});
	await emulator.get('web').fetch('/small', {method: 'POST', body: 'x'.repeat(65_536)});
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1'});
	const request = page.getByRole('complementary').locator('section', {hasText: 'Request, as'});
	await request.getByText('140 kB of body').waitFor();

	t.is((await request.locator('pre').innerText()).replace(/^é+/, ''), '… (4,470 more characters)');
	const waiting = page.waitForEvent('download');
	await request.getByRole('button', {name: 'Save'}).click();
	const download = await waiting;
	t.is(download.suggestedFilename(), 'web-1-request.bin');
	t.is(await readFile(await download.path(), 'utf8'), large);

	await page.getByRole('row').filter({hasText: '/small'}).click();
	await request.getByText('65.5 kB of body').waitFor();
	t.is((await request.locator('pre').innerText()).length, 65_536, 'what is shown whole');
	t.is(await request.getByRole('button', {name: 'Save'}).count(), 0);
});

test.serial('JSON with line breaks and indents is longer than the body, and is shown whole', async t => {
	const emulator = await startEcho(t, 2_000_000);
	const items = Array.from({length: 3000}, (_, index) => ({item: index}));
	await emulator.get('web').fetch('/json', {method: 'POST', body: JSON.stringify(items)});
	const deep = `${'['.repeat(3000)}${']'.repeat(3000)}`;
	await emulator.get('web').fetch('/deep', {method: 'POST', body: deep});
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1'});
	const request = page.getByRole('complementary').locator('section', {hasText: 'Request, as'});

	await request.getByRole('button', {name: 'Pretty JSON'}).click();
	await request.getByRole('button', {name: 'Pretty JSON', pressed: true}).waitFor();
	t.is(await request.locator('pre').innerText(), JSON.stringify(items, undefined, 2));

	// 18 MB with indents.
	await page.getByRole('row').filter({hasText: '/deep'}).click();
	await request.getByText('6 kB of body').waitFor();
	await request.getByRole('button', {name: 'Pretty JSON'}).click();
	await request.getByText(/ more characters\)$/).waitFor();
	t.true((await request.locator('pre').innerText()).length < 263_000);
});
