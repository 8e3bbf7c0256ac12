// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage, SCENE, startScene} from '../../helpers/page-scene.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const themeOf = (page: Page) => page.evaluate(() => document.documentElement.dataset['theme'] ?? 'system');
const alertOf = (page: Page, text: string | RegExp) => page.getByRole('alert').filter({hasText: text});

test.serial('a theme that is chosen in one tab is that of the others', async t => {
	const emulator = await startScene(t);
	const one = await openPage(t, browser, emulator);
	const other = await one.context().newPage();
	const errors: Error[] = [];
	other.on('pageerror', error => errors.push(error));
	await other.goto(`${emulator.endpoint}/_lb/`);

	for (const [from, to, theme] of [
		[one, other, 'light'],
		[other, one, 'dark'],
		[one, other, 'system'],
	] as const) {
		await from.getByRole('button', {name: /^Theme/}).click();
		await to.getByRole('button', {name: `Theme: ${theme}`}).waitFor();
		t.deepEqual([await themeOf(one), await themeOf(other)], [theme, theme]);
	}
	await one.evaluate(() => localStorage.setItem('lb-local-theme', 'dark'));
	await other.getByRole('button', {name: 'Theme: dark'}).waitFor();
	await one.evaluate(() => localStorage.setItem('lb-local-theme', 'pink'));
	await other.getByRole('button', {name: 'Theme: system'}).waitFor();
	t.is(await themeOf(other), 'system');
	t.deepEqual(errors, []);
});

test.serial('a browser whose storage is full keeps settings until the page is closed', async t => {
	const page = await openPage(t, browser, await startScene(t));
	await page.evaluate(() => {
		Storage.prototype.setItem = () => {
			throw new DOMException('It is full', 'QuotaExceededError');
		};
	});
	const letters = page.getByRole('checkbox', {name: 'single letters do something'});

	await page.getByRole('button', {name: 'Connect, and keys'}).click();
	await letters.uncheck();
	await page.keyboard.press('Escape');
	await page.locator('dialog').waitFor({state: 'detached'});
	await page.keyboard.press('?');
	await page.getByRole('button', {name: 'Connect, and keys'}).click();

	t.false(await letters.isChecked());
	t.is(await page.getByRole('dialog').count(), 1);
});

for (const [button, action, gone] of [
	['Drain app-1 of web', 'Drain', 'back-end'],
	['Stop app-1 of web', 'Stop', 'back-end'],
	['Drain app-1 of web', 'Drain', 'load balancer'],
	['Stop app-1 of web', 'Stop', 'load balancer'],
] as const) {
	test.serial(`${action} says what went wrong when the ${gone} has been deleted while the dialog was open`, async t => {
		const emulator = await startScene(t);
		const page = await openPage(t, browser, emulator, {isRefused: true});
		await page.getByRole('button', {name: button}).click();
		const dialog = page.getByRole('dialog');
		await dialog.waitFor();

		if (gone === 'load balancer') await emulator.get('web').stop();
		else await emulator.get('web').update({backends: [{kind: 'echo', name: 'other'}], rules: []});
		await page.getByRole('button', {name: button, includeHidden: true}).waitFor({state: 'detached'});
		await dialog.getByRole('button', {name: action}).click();

		await alertOf(
			page,
			gone === 'back-end' ? /No back-end is named "app-1"/ : /No load balancer is named "web"/,
		).waitFor();
		await page.locator('dialog').waitFor({state: 'detached'});
		// The button that had it is gone.
		await page.waitForFunction(() => document.activeElement?.id === 'content');
		t.pass();
	});
}

test.serial('each dialog closes when the server has gone away, and what was asked for says so', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator, {isCut: true});
	const dialog = page.getByRole('dialog');
	await page.getByRole('button', {name: 'Stop app-2 of web'}).click();
	await dialog.waitFor();

	await emulator.stop();
	await page.getByText('no connection, trying again').waitFor();
	for (const [button, action] of [
		['', 'Stop'],
		['Drain app-1 of web', 'Drain'],
		['Reset…', 'Reset'],
	] as const) {
		if (button !== '') await page.getByRole('button', {name: button}).click();
		await dialog.getByRole('button', {name: action}).click();
		const said = alertOf(page, 'The control port does not answer. Is lb-local still running?');
		await said.waitFor();
		await said.getByRole('button', {name: 'Close'}).click();
		await page.locator('dialog').waitFor({state: 'detached'});
	}
	await page.getByRole('button', {name: 'Connect, and keys'}).click();
	await dialog.getByText('The control port does not answer').waitFor();
	await page.keyboard.press('Escape');
	await page.locator('dialog').waitFor({state: 'detached'});
	t.is(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Connect, and keys');
	t.is(await page.getByRole('rowheader', {name: 'app-1'}).count(), 1, 'what was shown stays');
});

test.serial('what is loaded later says that it was not, and is there when the page is loaded again', async t => {
	const first = await startScene(t);
	const port = Number(new URL(first.endpoint).port);
	const page = await openPage(t, browser, first, {isCut: true});
	const help = page.getByRole('button', {name: 'Connect, and keys'});
	await page.getByRole('rowheader', {name: 'app-1'}).waitFor();
	await first.stop();
	await page.getByText('no connection, trying again').waitFor();

	await help.click();
	await alertOf(page, 'The rest of the page did not load. Load the page again once lb-local runs.').waitFor();
	t.is(await page.getByRole('dialog').count(), 0);
	await using second = await startEmulator({port, authority, clock: 'manual', config: SCENE});
	await page.getByText('● live').waitFor();
	await page.reload();
	await help.click();

	await page.getByRole('dialog', {name: 'Connect, and keys'}).waitFor();
	await page.getByText(second.endpoint).first().waitFor();
});
