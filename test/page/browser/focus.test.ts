// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {type Config, startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {sendMany} from '../../helpers/many-requests.ts';
import {launch, openPage} from '../../helpers/page-scene.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const TWO: Config = {
	backends: {a: {kind: 'reply'}},
	loadBalancers: {
		web: {listeners: ['http:80'], backends: ['a']},
		shop: {listeners: ['http:81 -> http:80'], backends: ['a']},
	},
};

/** Six exchanges of two load balancers in turn. */
async function startTwo(t: Parameters<typeof openPage>[0], hash: string, isRefused = false) {
	const emulator = await startEmulator({port: 0, authority, config: TWO, record: {exchanges: 20_000}});
	t.teardown(() => emulator.stop());
	for (let round = 1; round <= 3; round++) {
		await emulator.get('web').fetch(`/web-${round}`);
		await emulator.get('shop').fetch(`/shop-${round}`);
	}
	const page = await openPage(t, browser, emulator, {hash, isRefused});
	await page.getByText('6 of 6 exchanges').waitFor();
	return {emulator, page};
}

const row = (page: Page, target: string) => page.getByRole('row').filter({hasText: target});
/** Waits until the row has the focus: the text of the whole page has that of all rows. */
const focusIn = (page: Page, text: string) =>
	page.waitForFunction(
		of =>
			document.activeElement?.getAttribute('role') === 'row' &&
			document.activeElement.textContent?.includes(of) === true,
		text,
	);
const focusOnFilter = (page: Page) => page.waitForFunction(() => document.activeElement?.id === 'filter');

test.serial('the focus goes to the nearest row when its row is forgotten, and from there on', async t => {
	const {emulator, page} = await startTwo(t, '#/traffic');
	await row(page, '/web-2').focus();

	emulator.get('web').traffic.clear();
	await page.getByText('3 of 3 exchanges').waitFor();

	await focusIn(page, '/shop-2');
	await page.keyboard.press('ArrowDown');
	await focusIn(page, '/shop-3');
	await page.getByRole('row', {name: '/shop-3', selected: true}).waitFor();
	t.pass();
});

test.serial('the focus goes to the last row when its row and all behind it are forgotten', async t => {
	const {emulator, page} = await startTwo(t, '#/traffic');
	await row(page, '/shop-3').focus();

	emulator.get('shop').traffic.clear();

	await focusIn(page, '/web-3');
	t.pass();
});

test.serial('the focus goes to the filter when no row is left: cleared, reset, or deleted', async t => {
	const {emulator, page} = await startTwo(t, '#/traffic');
	const takeAway = [
		() => fetch(`${emulator.endpoint}/_lb/traffic`, {method: 'DELETE'}),
		() => fetch(`${emulator.endpoint}/_lb/reset`, {method: 'POST'}),
		async () => {
			await emulator.get('web').stop();
			await emulator.get('shop').stop();
		},
	];
	for (const [index, act] of takeAway.entries()) {
		await emulator.get('web').fetch(`/again-${index}`);
		await row(page, `/again-${index}`).focus();

		await act();

		await page.getByText('No exchange yet').waitFor();
		await focusOnFilter(page);
	}
	t.pass();
});

test.serial('who has the focus elsewhere keeps it there', async t => {
	const {emulator, page} = await startTwo(t, '#/traffic');
	await row(page, '/web-1').focus();
	await page.getByRole('button', {name: 'Follow'}).focus();

	emulator.get('web').traffic.clear();
	await page.getByText('3 of 3 exchanges').waitFor();

	t.is(await page.evaluate(() => document.activeElement?.textContent), 'Follow');
	await page.evaluate(() => (document.activeElement as HTMLElement).blur());
	emulator.get('shop').traffic.clear();
	await page.getByText('No exchange yet').waitFor();
	t.is(await page.evaluate(() => document.activeElement?.tagName), 'BODY');
});

test.serial('a detail that is closed when its row is gone gives the focus to the nearest row', async t => {
	const {emulator, page} = await startTwo(t, '#/traffic', true);
	await row(page, '/web-2').focus();
	await page.keyboard.press('Enter');
	await page.getByRole('heading', {name: /Exchange 2 of web/}).waitFor();

	emulator.get('web').traffic.clear();
	await page.getByText('3 of 3 exchanges').waitFor();
	await page.keyboard.press('Escape');

	await page.getByRole('complementary').waitFor({state: 'detached'});
	await focusIn(page, '/shop-2');
	t.pass();
});

test.serial('the button that shows what is new gives the focus to a row, because it goes away', async t => {
	const {emulator, page} = await startTwo(t, '#/traffic');
	await page.getByRole('button', {name: 'Pause'}).click();
	await emulator.get('web').fetch('/new');
	await page.getByRole('button', {name: '1 new'}).focus();

	await page.keyboard.press('Enter');

	await focusIn(page, '/new');
	t.pass();
});

test.serial('the oldest of 10,000 rows gives the focus on when more have come', async t => {
	const {emulator, page} = await startTwo(t, '#/traffic');
	await row(page, '/web-1').focus();
	await page.keyboard.press('f');
	await page.getByRole('button', {name: 'Follow', pressed: false}).waitFor();

	await sendMany(emulator.get('web').port(80), 10_100);

	await page.getByText('10,000 of 10,000 exchanges').waitFor();
	await page.waitForFunction(() => Number((document.activeElement as HTMLElement).dataset['key']) > 1);
	// The oldest that is there; more may be on their way.
	await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '2');
	await page.keyboard.press('ArrowDown');
	await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '3');
	t.pass();
});
