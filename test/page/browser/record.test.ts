// A process of its own: it starts a browser.
import {readFile} from 'node:fs/promises';
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {launch, openPage, startScene, violationsIn} from '../../helpers/page-scene.ts';
import {open} from '../../helpers/raw-connection.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const rows = (page: Page) => page.locator('[role=row][data-key]');
const link = (page: Page) => page.getByRole('link', {name: 'NDJSON'});

/** What the link saves: the name of the file, and its lines. */
async function save(page: Page, press: () => Promise<void> = () => link(page).click()) {
	const waiting = page.waitForEvent('download');
	await press();
	const download = await waiting;
	const text = await readFile(await download.path(), 'utf8');
	const lines = text.split('\n');
	if (lines.pop() !== '') throw new Error('The last line has no end');
	return {name: download.suggestedFilename(), lines};
}

const targetsIn = (lines: readonly string[]) =>
	lines.map(line => (JSON.parse(line) as {request: {target: string}}).request.target);

test.serial('the list is saved as whole exchanges, by the keyboard as well', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic'});
	await page.getByText('4 of 4 exchanges').waitFor();
	const whole = [...emulator.get('web').traffic].map(exchange => JSON.stringify(exchange));

	t.deepEqual(await save(page), {name: 'lb-local-traffic.ndjson', lines: whole});
	await link(page).focus();
	t.deepEqual((await save(page, () => page.keyboard.press('Enter'))).lines, whole);
	t.regex(page.url(), /#\/traffic$/, 'the page stays');
	t.deepEqual(await violationsIn(page), []);
});

test.serial(
	'what is saved is what the list shows: the filter, and where it is paused nothing that came later',
	async t => {
		const emulator = await startScene(t);
		const web = emulator.get('web');
		const page = await openPage(t, browser, emulator, {hash: '#/traffic?f=path:/api+-status:200'});
		await page.getByText('1 of 4 exchanges').waitFor();
		const evil = '/api/"<img/src=x>&filter=%23%0A+{}';
		const client = await open({port: web.port(80)});
		t.teardown(() => client.stream.destroy());
		client.write(`GET ${evil} HTTP/1.1\r\nHost: web.test\r\nX-Evil: <script>\xff"\\\xe2\x80\xa8\r\n\r\n`);
		await page.getByText('2 of 5 exchanges').waitFor();
		await page.getByRole('button', {name: 'Pause'}).click();
		await web.fetch('/api/later');
		await page.getByRole('button', {name: '1 new'}).waitFor();

		t.deepEqual(targetsIn((await save(page)).lines), ['/api/items', evil]);
		await page.getByRole('button', {name: '1 new'}).click();
		await page.getByText('3 of 6 exchanges').waitFor();
		t.deepEqual(targetsIn((await save(page)).lines), ['/api/items', evil, '/api/later']);
		// Text that would end a parameter of an address, or a line.
		await page.getByRole('searchbox').fill('"<img/src=x>&filter=%23%0a+{" -"é#+%"');
		await page.getByText('1 of 6 exchanges').waitFor();
		t.deepEqual(targetsIn((await save(page)).lines), [evil]);
	},
);

test.serial('a filter that is not understood saves nothing: the list takes it for text', async t => {
	const page = await openPage(t, browser, await startScene(t), {hash: '#/traffic?f=stats:5xx'});
	await page.getByText('did you mean "status"?').waitFor();

	t.is(await link(page).count(), 0);
	t.is(await page.getByText('NDJSON').getAttribute('href'), null);
	t.deepEqual(await violationsIn(page), []);
	await page.getByRole('searchbox').fill('status:5xx');
	await page.getByText('1 of 4 exchanges').waitFor();
	t.deepEqual(targetsIn((await save(page)).lines), ['/api/items']);
});

test.serial('a filter looks at the whole of a long target, in the list as in what is saved', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const long = `/long/${'a'.repeat(300)}/needle`;
	await web.fetch(long);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?f=needle'});
	await page.getByText('1 of 5 exchanges').waitFor();

	t.deepEqual(targetsIn((await save(page)).lines), [long]);
	for (const [filter, count] of [
		['path:/long/*/needle', 1],
		['-needle', 4],
		['-path:/long/*/other', 5],
		['nedle', 0],
	] as const) {
		await page.getByRole('searchbox').fill(filter);
		await page.getByText(`${count} of 5 exchanges`).waitFor();
		t.is((await save(page)).lines.length, count, filter);
	}
});

test.serial('an empty record is an empty file', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic'});
	await page.getByText('4 of 4 exchanges').waitFor();
	emulator.get('web').traffic.clear();
	await page.getByText('No exchange yet').waitFor();

	t.deepEqual((await save(page)).lines, []);
	t.is(await rows(page).count(), 0);
});
