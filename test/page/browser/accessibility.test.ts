// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {launch, openPage, startScene, violationsIn} from '../../helpers/page-scene.ts';
import {showView} from './show-view.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

/** Each view, and what is there once it is shown. */
const VIEWS = [
	['map', 'Back-ends of web'],
	['traffic', '/cart web.test'],
	['traffic?x=web/2', 'Access log line'],
	['calls', "Nobody has called the cloud's API yet."],
	['certificates', 'Systems, browsers, git'],
	['advice', 'would bite in production'],
	['faults', 'Arm a fault'],
] as const;

async function showConnect(page: Page): Promise<void> {
	await showView(page, VIEWS[0]);
	await page.getByRole('button', {name: 'Connect, and keys'}).click();
	await page.getByRole('dialog').getByText('Send a request').waitFor();
}

for (const [colorScheme, width] of [
	['light', 1400],
	['dark', 1400],
	['light', 320],
	['dark', 320],
] as const) {
	test.serial(`axe finds nothing in any view, ${colorScheme}, ${width} pixels wide`, async t => {
		const page = await openPage(t, browser, await startScene(t), {colorScheme, viewport: {width, height: 800}});

		for (const view of VIEWS) {
			await showView(page, view);
			t.deepEqual(await violationsIn(page), [], view[0]);
		}
		await showConnect(page);
		t.deepEqual(await violationsIn(page), [], 'connect');
	});
}

/** What does not fit into the window, or is cut. In the list of exchanges cells are cut, and the detail has all of them. */
const misfits = (page: Page) =>
	page.evaluate(() => {
		const found: string[] = [];
		const {scrollWidth, clientWidth} = document.documentElement;
		if (scrollWidth > clientWidth) found.push(`the document is ${scrollWidth} wide`);
		for (const each of document.querySelectorAll('#app *')) {
			const {overflowX} = getComputedStyle(each);
			const isSeen = each.closest('.hidden, .skip, .grid, details:not([open]) > :not(summary)') === null;
			const isCut = overflowX !== 'auto' && overflowX !== 'visible' && each.scrollWidth > each.clientWidth;
			const {right, left, width: room} = each.getBoundingClientRect();
			const isOut = room > 0 && each.closest('.scroll') === null && (right > clientWidth + 1 || left < -1);
			if (isSeen && (isCut || isOut)) found.push(`${each.tagName} ${each.className} ${each.textContent}`.slice(0, 120));
		}
		return found;
	});

test.serial('at 400 % zoom nothing is cut, and nothing scrolls sideways but wide tables', async t => {
	// WCAG 2.2, success criterion 1.4.10: 1280 by 1024 pixels at 400 % are 320 by 256 of CSS.
	const page = await openPage(t, browser, await startScene(t), {viewport: {width: 320, height: 256}});

	for (const view of VIEWS) {
		await showView(page, view);
		t.deepEqual(await misfits(page), [], view[0]);
	}
	await showConnect(page);
	t.deepEqual(await misfits(page), [], 'connect');
	await page.keyboard.press('Escape');
	await page.getByRole('button', {name: 'Drain app-1 of web'}).click();
	t.deepEqual(await misfits(page), [], 'a question');
	await page.getByRole('dialog').getByRole('button', {name: 'Cancel'}).click();
	await page.locator('dialog').waitFor({state: 'detached'});
	t.pass();
});

const styleOf = (
	page: Page,
	selector: string,
	name: 'outlineStyle' | 'backgroundColor' | 'transitionDuration' | 'color',
) =>
	page
		.locator(selector)
		.first()
		.evaluate((element, of) => getComputedStyle(element)[of], name);

test.serial('with forced colours the current view, the chosen row and the times are still told apart', async t => {
	const page = await openPage(t, browser, await startScene(t), {forcedColors: 'active', hash: '#/traffic'});
	await page.getByRole('row').filter({hasText: '/cart'}).click();
	await page.getByText('Access log line').waitFor();

	t.is(await styleOf(page, 'nav a[aria-current]', 'outlineStyle'), 'solid');
	t.is(await styleOf(page, 'nav a:not([aria-current])', 'outlineStyle'), 'none');
	t.is(await styleOf(page, '.row[aria-selected=true]', 'outlineStyle'), 'solid');
	t.not(await styleOf(page, '.waterfall .bar span', 'backgroundColor'), await styleOf(page, 'body', 'backgroundColor'));
	t.deepEqual(await violationsIn(page), []);
});

test.serial('who asks for more contrast gets quiet words in the colour of the others', async t => {
	const emulator = await startScene(t);
	const usual = await openPage(t, browser, emulator);
	const page = await openPage(t, browser, emulator, {contrast: 'more'});
	const quiet = (of: Page) => styleOf(of, '.dns', 'color');
	await showView(usual, VIEWS[0]);
	await showView(page, VIEWS[0]);

	t.is(await quiet(page), await styleOf(page, 'body', 'color'));
	t.not(await quiet(usual), await styleOf(usual, 'body', 'color'));
});

test.serial('who asks for less motion gets none', async t => {
	const emulator = await startScene(t);
	const moves = async (reducedMotion: 'reduce' | 'no-preference') => {
		const page = await openPage(t, browser, emulator, {reducedMotion, hash: '#/traffic?x=web/2'});
		return styleOf(page, '.waterfall .bar span', 'transitionDuration');
	};

	t.is(await moves('reduce'), '0s');
	t.is(await moves('no-preference'), '0.15s');
});

test.serial('each switch is reached and used by the keyboard alone', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator);
	const {keyboard} = page;
	/** Goes on with Tab until something of that name has the focus, and presses a key there. */
	const use = async (name: string, key = 'Enter') => {
		for (let steps = 0; steps < 150; steps++) {
			await keyboard.press('Tab');
			const label = await page.evaluate(() => {
				const {activeElement: it} = document;
				return (
					it?.getAttribute('aria-label') ?? it?.closest('label')?.firstChild?.textContent?.trim() ?? it?.textContent
				);
			});
			if (label !== name) continue;
			await keyboard.press(key);
			return;
		}
		t.fail(`${name} is not reached by Tab`);
	};
	const said = (text: string) => page.getByRole('status').filter({hasText: text}).waitFor();
	await page.getByRole('rowheader', {name: 'app-1'}).waitFor();

	await use('Out: app-1 of web');
	await said('app-1 of web is out of service');
	await use('In: app-1 of web');
	await said('app-1 of web is in service');
	await use('Auto: app-1 of web');
	await said('The probes decide about app-1 of web');
	await use('Stop app-2 of web');
	await page.getByRole('dialog').waitFor();
	await use('Stop');
	await said('app-2 of web is stopped');
	await use('Start app-2 of web');
	await said('app-2 of web is started');
	await use('Drain app-2 of web');
	await page.getByRole('dialog').waitFor();
	await use('Drain');
	await page.getByRole('rowheader', {name: 'app-2'}).waitFor({state: 'detached'});
	t.false('app-2' in web.health);

	await use('Fault at app-1 of web');
	await page.getByRole('form', {name: 'Arm a fault'}).waitFor();
	await use('Fault', 's');
	await use('Arm');
	await said('Armed status at backend:app-1');
	t.deepEqual(
		web.faults.map(({rule}) => rule),
		[{on: 'backend:app-1', do: {status: 503}}],
	);
	await use('Remove backend:app-1 status:503 of web');
	await page.getByText('No fault is armed').waitFor();
	const before = emulator.clock.now();
	await use('Advance');
	await said('The clock was advanced by 30s');
	t.is(emulator.clock.now() - before, 30_000);
	await use('Theme: system');
	t.is(await page.evaluate(() => document.documentElement.dataset['theme']), 'light');

	await keyboard.press('/');
	await page.waitForFunction(() => document.activeElement?.id === 'filter');
	await use('Pause');
	await page.getByRole('button', {name: 'Pause', pressed: true}).waitFor();
	await use('Clear…');
	await page.getByRole('dialog').waitFor();
	await use('Clear');
	await page.getByText('No exchange yet').waitFor();
	t.is(web.traffic.length, 0);
	await use('Reset…');
	await page.getByRole('dialog').waitFor();
	await use('Reset');
	await said('Everything is as the configuration says');
	t.true('app-2' in emulator.get('web').health);
});
