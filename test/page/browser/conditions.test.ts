// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser} from 'playwright-core';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {sendMany} from '../../helpers/many-requests.ts';
import {launch, openPage, SCENE, startScene, violationsIn} from '../../helpers/page-scene.ts';
import {open} from '../../helpers/raw-connection.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

test.serial('what clients send stays text, and is seen whatever it is', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator, {hash: '#/traffic'});
	const client = await open({port: web.port(80)});
	const evil = '/<img/src=x/onerror=document.title=1>';
	client.write(
		`GET ${evil}${'a'.repeat(8000)} HTTP/1.1\r\nHost: web.test\r\nX-Evil: <script>document.title=1</script>\r\nX-Bytes: \xe2\x80\xae\xff\r\nContent-Length: 6\r\n\r\n\xff\xfe\x00<b>`,
	);
	const row = page.getByRole('row').filter({hasText: evil});
	await row.waitFor();

	await row.click();
	const detail = page.getByRole('complementary');
	await detail.getByText('<script>document.title=1</script>', {exact: true}).waitFor();
	t.regex(await detail.innerText(), /X-Bytes: .*\\u\{80\}/);
	await detail.getByText('It is not text.').waitFor();
	t.is(await page.locator('main img, main script, main b').count(), 0);
	t.regex(await page.title(), /lb-local$/);
	client.stream.destroy();
});

test.serial('a policy stops every script that is not the page', async t => {
	const page = await openPage(t, browser, await startScene(t), {isRefused: true});
	const blocked = await page.evaluate(() => {
		try {
			document.body.innerHTML = '<b>markup</b>';
			return 'not blocked';
		} catch (error) {
			return String(error);
		}
	});

	t.regex(blocked, /TrustedHTML/);
	await page.getByRole('heading', {name: 'Map'}).waitFor();
});

test.serial('everything is done by the keyboard alone', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator);
	const {keyboard} = page;
	const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
	/** Goes on with Tab until something of that name has the focus. */
	const tabTo = async (name: string) => {
		for (let steps = 0; steps < 120; steps++) {
			await keyboard.press('Tab');
			const label = await page.evaluate(
				() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
			);
			if (label === name) return;
		}
		t.fail(`${name} is not reached by Tab`);
	};

	await keyboard.press('Tab');
	t.is(await focused(), 'To the content');
	await tabTo('Out: app-1 of web');
	await keyboard.press('Enter');
	await page.getByRole('status').filter({hasText: 'app-1 of web is out of service'}).waitFor();
	t.is(web.health['app-1'], 'OutOfService');
	await tabTo('Drain app-2 of web');
	await keyboard.press('Enter');
	await page.getByRole('dialog').waitFor();
	await keyboard.press('Escape');
	await page.locator('dialog').waitFor({state: 'detached'});
	t.is(await focused(), 'Drain…', 'the focus is back where it was');

	await keyboard.press('/');
	await page.getByRole('searchbox', {name: 'Filter'}).waitFor();
	await page.waitForFunction(() => document.activeElement?.id === 'filter');
	await keyboard.type('f/p');
	t.is(await page.getByRole('searchbox').inputValue(), 'f/p', 'letters in a field are letters');
	await keyboard.press('Control+A');
	await keyboard.press('Delete');
	await page.waitForFunction(() => document.querySelectorAll('[role=row][data-key]').length === 4);
	for (let steps = 0; steps < 12 && !(await focused()).includes('/api/items'); steps++) await keyboard.press('Tab');
	await keyboard.press('Home');
	await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '2');
	await keyboard.press('ArrowDown');
	await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '3');
	await keyboard.press('Enter');
	await page.getByRole('complementary').getByRole('heading', {name: 'Exchange 2 of web'}).waitFor();
	t.is(await focused(), 'Exchange 2 of web');
	await keyboard.press('Escape');
	await page.getByRole('complementary').waitFor({state: 'detached'});
	await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '3');
	await keyboard.press('Shift+ArrowDown');
	await page.getByRole('button', {name: 'Copy the order as an assertion'}).waitFor();
	await keyboard.press('p');
	await page.waitForFunction(() => document.querySelector('button[aria-pressed=true]')?.textContent === 'Pause');
	await keyboard.press('?');
	await page.getByRole('dialog', {name: 'Connect, and keys'}).waitFor();
	await page.getByRole('checkbox', {name: 'single letters do something'}).uncheck();
	await keyboard.press('Escape');
	await page.locator('dialog').waitFor({state: 'detached'});
	await keyboard.press('?');
	await keyboard.press('ArrowUp');
	t.is(await page.getByRole('dialog').count(), 0, 'letters are switched off');
});

test.serial('six tabs are all live at once', async t => {
	const emulator = await startScene(t);
	const pages = [];
	for (let tab = 0; tab < 6; tab++) pages.push(await openPage(t, browser, emulator, {hash: '#/traffic'}));

	await emulator.get('web').fetch('/to-all');

	for (const page of pages) await page.getByRole('row').filter({hasText: '/to-all'}).waitFor();
	t.is(pages.length, 6);
});

test.serial('a page outlives its emulator, and shows the next one at its port', async t => {
	const first = await startScene(t);
	const context = await browser.newContext();
	const page = await context.newPage();
	await page.goto(`${first.endpoint}/_lb/`);
	await page.getByText('4 exchanges').waitFor();

	await first.stop();
	await page.getByText('no connection, trying again').waitFor();
	const port = Number(new URL(first.endpoint).port);
	const {web, ...rest} = SCENE.loadBalancers ?? {};
	await using second = await startEmulator({
		port,
		authority,
		config: {...SCENE, loadBalancers: {...rest, ...(web === undefined ? {} : {other: web})}},
	});

	await page.getByRole('region', {name: 'other', exact: true}).waitFor();
	await page.getByRole('link', {name: /^Traffic\s*0$/}).waitFor();
	t.is(second.endpoint, first.endpoint);
	await context.close();
});

test.serial('opened by another name it says so, and shows what is to be copied: there is no clipboard', async t => {
	await using named = await launch('--host-resolver-rules=MAP lb.test 127.0.0.1');
	const emulator = await startScene(t, {config: {...SCENE, control: {names: ['lb.test']}}});
	const {port} = new URL(emulator.endpoint);
	const page = await openPage(t, named, {endpoint: `http://lb.test:${port}`}, {hash: '#/traffic?x=web/1'});

	await page.getByText('Opened as lb.test').waitFor();
	const usual = await openPage(t, browser, emulator);
	t.is(await usual.getByText('Opened as').count(), 0);
	await page.getByRole('button', {name: 'Copy the request as fetch'}).click();

	const dialog = page.getByRole('dialog', {name: 'Copy the request as fetch'});
	t.regex(await dialog.getByRole('textbox').inputValue(), /^await lb\.fetch\('\/'/);
	t.deepEqual(await violationsIn(page), []);
});

test.serial(
	'of 10,000 exchanges few are read and few are in the document until somebody looks at the others',
	async t => {
		const emulator = await startEmulator({
			port: 0,
			authority,
			record: {exchanges: 10_000},
			config: {
				backends: {a: {kind: 'reply'}, b: {kind: 'reply', status: 500}},
				loadBalancers: {web: {listeners: ['http:80'], backends: ['a', 'b']}},
			},
		});
		t.teardown(() => emulator.stop());
		await sendMany(emulator.get('web').port(80), 10_000);
		const page = await openPage(t, browser, emulator, {hash: '#/traffic'});
		const grid = page.getByRole('grid');
		const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
		/** The requests for rows since it was asked last. */
		const read = async () => {
			const urls = await page.evaluate(() => {
				const entries = performance.getEntriesByType('resource').map(({name}) => name);
				performance.clearResourceTimings();
				return entries;
			});
			return urls.flatMap(url => /\/_lb\/(traffic\?.*)/.exec(url)?.[1] ?? []);
		};
		await page.getByText('10,000 of 10,000 exchanges').waitFor();
		await page.getByRole('gridcell', {name: '/n/9999 web.test', exact: true}).waitFor();

		t.true((await nodes()) <= 1500, `${await nodes()} nodes`);
		t.is(await grid.getAttribute('aria-rowcount'), '10001');
		t.deepEqual(await read(), ['traffic?limit=200']);

		await page.getByRole('row').last().focus();
		await page.keyboard.press('PageUp');
		await page.waitForFunction(() => Number(document.activeElement?.getAttribute('aria-rowindex')) < 9990);
		t.deepEqual(await read(), [], 'what is read is enough for a window more');
		await page.keyboard.press('Home');
		await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '2');
		t.regex(
			await page.evaluate(() => document.activeElement?.textContent ?? ''),
			/\/n\/1?\d web\.test/,
			'of 16 at a time',
		);
		t.is(await grid.getAttribute('aria-rowcount'), '10001');
		t.is((await read()).length, 5, 'the others, 2,000 at a time');

		await page.getByRole('searchbox').fill('status:5xx');
		await page.getByText('5,000 of 10,000 exchanges').waitFor();
		t.true((await nodes()) <= 1500, `${await nodes()} nodes`);
		t.deepEqual(await read(), [], 'the browser has all rows by now');

		await page.getByRole('searchbox').fill('');
		await page.getByText('10,000 of 10,000 exchanges').waitFor();
		await page.locator('.grid').evaluate(element => {
			element.scrollTop = 5000 * 28;
		});
		const before = page.locator('[aria-rowindex="5004"]');
		await before.waitFor();
		const [text, box] = [await before.innerText(), await before.boundingBox()];
		await sendMany(emulator.get('web').port(80), 100);
		await page.getByRole('button', {name: '100 new'}).waitFor();
		const after = page.locator('[aria-rowindex="4904"]');
		t.is(await after.innerText(), text);
		t.deepEqual(await after.boundingBox(), box, 'what somebody looks at stays where it is');
	},
);

test.serial('a filter looks at all exchanges, read or not; scrolling reads what is to be seen', async t => {
	const emulator = await startEmulator({
		port: 0,
		authority,
		record: {exchanges: 5000},
		config: {backends: {a: {kind: 'reply'}}, loadBalancers: {web: {listeners: ['http:80'], backends: ['a']}}},
	});
	t.teardown(() => emulator.stop());
	await sendMany(emulator.get('web').port(80), 5000);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?f=path:/n/7*'});
	await page.getByText('111 of 5,000 exchanges', {exact: true}).waitFor();
	await page.reload();
	await page.getByText('111 of 5,000 exchanges', {exact: true}).waitFor();

	await page.goto(`${emulator.endpoint}/_lb/#/traffic`);
	await page.reload();
	await page.getByText('5,000 of 5,000 exchanges', {exact: true}).waitFor();
	await page.locator('.grid').evaluate(grid => {
		grid.scrollTop = 2940 * 28;
	});
	const row = page.locator('[aria-rowindex="2952"]');
	await row.waitFor();
	t.regex(await row.innerText(), /\/n\/29[3-6]\d\s/, 'of 16 at a time');
	t.is(await page.getByRole('button', {name: 'Follow'}).getAttribute('aria-pressed'), 'false');

	await page.reload();
	await page.getByText('5,000 of 5,000 exchanges', {exact: true}).waitFor();
	await page.getByRole('searchbox').focus();
	// 4,800 of them, 2,000 at a time.
	await page.waitForFunction(() => {
		const read = performance.getEntriesByType('resource').filter(({name}) => name.includes('traffic?limit=2000'));
		return read.length === 3;
	});
	t.is(await page.getByRole('searchbox').inputValue(), '', 'before anything is written');
});

test.serial('a filter that is too long says how long it may be, and asks nothing of anybody', async t => {
	const page = await openPage(t, browser, await startScene(t), {hash: '#/traffic'});
	const field = page.getByRole('searchbox', {name: 'Filter'});
	await page.getByText('4 of 4 exchanges').waitFor();

	await field.fill(`${'-zz '.repeat(2500)}header:x`);
	await page.getByText('a filter has at most 1000 characters, and this one has 10008').waitFor();
	await page.getByText('No exchange passes the filter').waitFor();
	await field.fill('-zz '.repeat(250));

	await page.getByText('4 of 4 exchanges').waitFor();
	t.is(await page.locator('#filter-remarks').innerText(), '');
	const asked = await page.evaluate(() => performance.getEntriesByType('resource').map(({name}) => name));
	t.false(asked.some(name => name.includes('filter=')));
});
