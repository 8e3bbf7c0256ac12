// A process of its own: it starts a browser.
import {once} from 'node:events';
import {connect} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import type {Browser, Page} from 'playwright-core';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage, startScene} from '../../helpers/page-scene.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

/** Waits until it has the focus. */
async function focusOn(t: ExecutionContext, page: Page, selector: string): Promise<void> {
	await page.waitForFunction(of => document.activeElement?.matches(of) === true, selector);
	t.is(await page.locator(`${selector}:focus`).count(), 1);
}

test.serial('the focus stays in the content when the last of what it was in goes', async t => {
	const emulator = await startScene(t);
	const fault = emulator.get('web').inject({on: 'backend:app-1', do: {close: true}});
	const page = await openPage(t, browser, emulator, {hash: '#/faults'});
	await page.getByRole('button', {name: 'Remove backend:app-1 close of web', exact: true}).focus();
	fault.remove();
	await page.getByText('No fault is armed').waitFor();
	await focusOn(t, page, 'main');

	await page.getByRole('link', {name: 'Map'}).click();
	await page.getByRole('button', {name: 'Details of mail'}).focus();
	await emulator.get('mail').stop();
	await page.getByRole('region', {name: 'mail', exact: true}).waitFor({state: 'detached'});
	await focusOn(t, page, 'main');

	await page.getByRole('link', {name: '4 exchanges of web', exact: true}).focus();
	await page.keyboard.press('Enter');
	await page.getByRole('grid', {name: 'Exchanges'}).waitFor();
	await focusOn(t, page, 'main');
});

test.serial('a dialog whose button has gone gives the focus to the content', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator);
	await page.getByRole('button', {name: 'Stop mail of mail'}).press('Enter');
	await page.getByRole('dialog').waitFor();
	await emulator.get('mail').stop();
	await page.getByRole('region', {name: 'mail', exact: true, includeHidden: true}).waitFor({state: 'detached'});

	await page.keyboard.press('Escape');

	await focusOn(t, page, 'main');
});

test.serial('who asks for a fault at a back-end goes on at the form', async t => {
	const page = await openPage(t, browser, await startScene(t));
	await page.getByRole('button', {name: 'Fault at app-2 of web'}).press('Enter');

	await focusOn(t, page, '.fault-form h3');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Tab');
	t.is(await page.evaluate(() => document.activeElement?.closest('label')?.firstChild?.textContent?.trim()), 'Where');
});

test.serial('the form of faults says what was written, and takes a value for what has one', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator, {hash: '#/faults', isRefused: true});
	const form = page.getByRole('form', {name: 'Arm a fault'});
	const value = form.getByRole('textbox', {name: 'Value'});
	const arm = async (kind: string, written: string | undefined, times = '') => {
		await form.getByRole('combobox', {name: /^Fault/}).selectOption(kind);
		if (written !== undefined) await value.fill(written);
		await form.getByRole('textbox', {name: 'Times'}).fill(times);
		await form.getByRole('button', {name: 'Arm'}).click();
	};
	const refused = (text: string) => page.getByRole('alert').filter({hasText: text}).waitFor();

	await arm('latency', '');
	await refused('do.latency: "" is not a duration; write');
	await arm('bandwidth', '-1');
	await refused('do.bandwidth: -1 is not a number of bytes; allowed are whole numbers from 1 to 2147483647');
	await arm('status', 'teapot');
	await refused('do.status: "teapot" is not a status of an answer; allowed are whole numbers from 200 to 599');
	await arm('status', '418', 'often');
	await refused('times: "often" is not a number of times; allowed are whole numbers from 1');
	t.is(web.faults.length, 0);

	await arm('status', ' 418 ', ' 2 ');
	await page.getByRole('status').filter({hasText: 'Armed status at backend:app-1'}).waitFor();
	await arm('reset', '');
	await page.getByRole('status').filter({hasText: 'Armed reset at backend:app-1'}).waitFor();
	await arm('refuse', undefined);
	t.true(await value.isDisabled());
	await page.getByRole('status').filter({hasText: 'Armed refuse at backend:app-1'}).waitFor();
	t.deepEqual(
		web.faults.map(({rule}) => [rule.do, rule.times]),
		[
			[{status: 418}, 2],
			[{reset: true}, undefined],
			[{refuse: true}, undefined],
		],
	);
});

test.serial('what never came to a choice says that no back-end was asked', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const client = connect(web.port(443), '127.0.0.1');
	client.on('error', () => {});
	client.end('GET / HTTP/1.1\r\nHost: web.test\r\n\r\n');
	client.resume();
	await once(client, 'close');
	const {id} = web.traffic.last();
	const page = await openPage(t, browser, emulator, {hash: `#/traffic?x=web/${id}`});

	await page.getByRole('heading', {name: 'Why: no back-end was asked'}).waitFor();
	t.is(await page.getByRole('table', {name: 'Back-ends in the order of their turns'}).count(), 0);
});

test.serial('the name of each link to a view has its count as a word of its own', async t => {
	const page = await openPage(t, browser, await startScene(t));

	await page.getByRole('link', {name: /^Traffic\s*4$/}).waitFor();
	t.is(await page.getByRole('link', {name: 'Traffic 4', exact: true}).count(), 1);
	t.is(await page.getByRole('link', {name: 'Certificates 1', exact: true}).count(), 1);
});

test.serial('what is switched on shows it where the colours are those of the system', async t => {
	const page = await openPage(t, browser, await startScene(t), {hash: '#/traffic', forcedColors: 'active'});
	const outline = (name: string) =>
		page.getByRole('button', {name, exact: true}).evaluate(each => getComputedStyle(each).outlineStyle);

	t.is(await outline('Follow'), 'solid');
	t.is(await outline('Pause'), 'none');
});

test.serial('what takes long says that it is not done yet', async t => {
	let move = () => {};
	const emulator = await startEmulator({port: 0, authority, clock: 'manual', config: {}});
	t.teardown(() => emulator.stop());
	const page = await openPage(t, browser, emulator);
	const held = new Promise<void>(resolve => {
		move = resolve;
	});
	await page.route('**/_lb/clock', async route => {
		await held;
		await route.continue();
	});

	const before = emulator.clock.now();
	await page.getByRole('button', {name: 'Advance'}).click();
	await page.getByRole('status').filter({hasText: 'Not done yet'}).waitFor();
	move();
	await page.getByRole('status').filter({hasText: 'The clock was advanced by 30s'}).waitFor();
	t.is(emulator.clock.now() - before, 30_000);
});
