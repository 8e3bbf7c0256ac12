// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {type Config, startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage, startScene, violationsIn} from '../../helpers/page-scene.ts';
import {eventually} from '../../helpers/patience.ts';
import {showView} from './show-view.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const LONG = 'a-back-end-with-a-name-that-only-a-generator-gives-0123456789';
const BALANCER = 'a-load-balancer-with-a-long-name';

/** Long names, a path that breaks nowhere, two load balancers. */
const LONG_SCENE: Config = {
	backends: {[LONG]: {kind: 'echo'}, broken: {kind: 'reply', status: 500}},
	loadBalancers: {
		[BALANCER]: {
			listeners: ['http:80'],
			backends: [LONG, 'broken'],
			healthCheck: {target: `HTTP:80/${'health'.repeat(30)}`},
			rules: [{priority: 10, name: 'long', path: `/${'segment'.repeat(15)}/*`, to: [LONG]}],
			faults: [{on: `backend:${LONG}`, do: {latency: '0ms'}, path: `/${'never'.repeat(20)}`}],
		},
		shop: {listeners: ['http:81 -> http:80'], backends: [LONG]},
	},
};

async function startLongScene(t: Parameters<typeof startScene>[0]) {
	const emulator = await startEmulator({port: 0, authority, clock: 'manual', config: LONG_SCENE});
	t.teardown(() => emulator.stop());
	await emulator.get(BALANCER).settle();
	await emulator.get(BALANCER).fetch(`/${'<b>'.repeat(800)}`, {headers: {'x-long': 'x'.repeat(2000)}});
	await emulator.get('shop').fetch('/');
	await fetch(`${emulator.endpoint}/api/v1/ReadVms`, {
		method: 'POST',
		body: JSON.stringify({Filters: {SubnetIds: ['subnet-1']}, [`Unknown${'Field'.repeat(30)}`]: 1}),
	});
	return emulator;
}

/** Each view, and what is there once it is shown. */
const VIEWS = [
	['map', 'broken'],
	['traffic', 'shop:81'],
	[`traffic?x=${BALANCER}/1`, 'Access log line'],
	['calls', 'ReadVms'],
	['certificates', 'Systems, browsers, git'],
	['advice', 'would bite in production'],
	['faults', 'Arm a fault'],
] as const;

/** What scrolls sideways, the list of exchanges apart. */
const wide = (page: Page) =>
	page.evaluate(() =>
		[document.documentElement, ...document.querySelectorAll('main *, dialog, dialog *')]
			.filter(each => {
				const scrolls = each === document.documentElement || getComputedStyle(each).overflowX === 'auto';
				return scrolls && !each.matches('.grid') && each.scrollWidth > each.clientWidth;
			})
			.map(each => `${each.tagName} ${each.className}: ${each.scrollWidth} of ${each.clientWidth}`),
	);

for (const [width, height] of [
	[320, 256],
	[600, 800],
	[899, 800],
] as const) {
	test.serial(
		`nothing scrolls sideways in a window of ${width} pixels, whatever names and texts there are`,
		async t => {
			const page = await openPage(t, browser, await startLongScene(t), {viewport: {width, height}});

			for (const view of VIEWS) {
				await showView(page, view);
				t.deepEqual(await wide(page), [], view[0]);
				t.deepEqual(await violationsIn(page), [], view[0]);
			}
			await page.getByRole('button', {name: 'Connect, and keys'}).click();
			await page.getByText('Send a request').waitFor();
			t.deepEqual(await wide(page), [], 'connect');
		},
	);
}

test.serial('in a wide window only the page itself never scrolls sideways', async t => {
	const page = await openPage(t, browser, await startLongScene(t), {viewport: {width: 900, height: 800}});

	for (const view of VIEWS) {
		await showView(page, view);
		const [scrollWidth, clientWidth] = await page.evaluate(() => {
			const {scrollWidth: all, clientWidth: seen} = document.documentElement;
			return [all, seen];
		});
		t.is(scrollWidth, clientWidth, view[0]);
	}
});

test.serial('a window is narrow below 900 pixels, and no sooner', async t => {
	const page = await openPage(t, browser, await startLongScene(t), {hash: `#/traffic?x=${BALANCER}/1`});
	const detail = page.getByRole('complementary');
	const shown = async (width: number) => {
		await page.setViewportSize({width, height: 800});
		await page.evaluate(() => {
			location.hash = '#/calls';
		});
		await page.getByRole('row').filter({hasText: 'ReadVms'}).waitFor();
		const isTable = await page.locator('thead').isVisible();
		await page.goBack();
		await detail.getByText('Access log line').waitFor();
		const {x = 0} = (await detail.boundingBox()) ?? {};
		return {isTable, standsBeside: x > 0};
	};

	t.deepEqual(await shown(900), {isTable: true, standsBeside: true});
	t.deepEqual(await shown(899), {isTable: false, standsBeside: false});
});

test.serial('in a narrow window each row of a table is a list of names and values', async t => {
	const page = await openPage(t, browser, await startLongScene(t), {
		viewport: {width: 320, height: 800},
		hash: '#/calls',
	});
	const row = page.getByRole('row').filter({hasText: 'ReadVms'});
	await row.waitFor();

	const names = await row
		.locator('td')
		.evaluateAll(cells => cells.map(cell => getComputedStyle(cell, '::before').content.replaceAll('"', '')));
	t.deepEqual(names.slice(0, 5), ['No.: ', 'Time: ', 'API: ', 'Status: ', 'Time taken: ']);
	t.false(await page.locator('thead').isVisible());
	const boxes = await row.locator('th, td:not(:empty)').evaluateAll(cells =>
		cells.map(cell => {
			const {left, right} = cell.getBoundingClientRect();
			return left >= 0 && right <= innerWidth;
		}),
	);
	t.deepEqual([...new Set(boxes)], [true]);
});

test.serial('every dialog opens at its top, with the focus on its title', async t => {
	const page = await openPage(t, browser, await startScene(t), {viewport: {width: 320, height: 400}});
	const dialog = page.getByRole('dialog');
	const opened = async (button: string, last: string) => {
		await page.getByRole('button', {name: button}).click();
		await dialog.getByText(last).first().waitFor();
		const seen = await dialog.evaluate(each => [document.activeElement?.textContent, each.scrollTop]);
		await page.keyboard.press('Escape');
		await page.locator('dialog').waitFor({state: 'detached'});
		return seen;
	};

	t.deepEqual(await opened('Connect, and keys', 'Send a request'), ['Connect, and keys', 0]);
	t.deepEqual(await opened('Drain app-1 of web', 'Cancel'), ['Drain app-1?', 0]);
	t.deepEqual(await opened('Stop app-1 of web', 'Cancel'), ['Stop app-1?', 0]);
	t.deepEqual(await opened('Reset…', 'Cancel'), ['Reset everything?', 0]);
});

test.serial('a text that is to be copied by hand has the focus, and is chosen', async t => {
	const emulator = await startScene(t);
	const exchange = await fetch(`${emulator.endpoint}/_lb/traffic/web/1`);
	const {copyAs} = (await exchange.json()) as {readonly copyAs: {readonly curl: string}};
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1'});
	await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', {value: undefined}));

	await page.getByRole('button', {name: 'Copy the request as curl'}).click();
	await page.getByRole('dialog').getByRole('textbox').waitFor();

	await page.waitForFunction(() => document.activeElement instanceof HTMLTextAreaElement);
	t.is(await page.evaluate(() => getSelection()?.toString()), copyAs.curl);
});

test.serial('a stopped fake says so before a probe notices, and is started by the button that stopped it', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator);
	const row = page.getByRole('region', {name: 'web', exact: true}).getByRole('row').filter({hasText: 'app-1'});
	const stop = row.getByRole('button', {name: 'Stop app-1 of web'});
	const start = row.getByRole('button', {name: 'Start app-1 of web'});
	await stop.waitFor();
	t.is(await start.count(), 0);

	await stop.click();
	await page.getByRole('dialog').getByRole('button', {name: 'Stop'}).click();
	await start.waitFor();

	t.is(await stop.count(), 0);
	t.regex(await row.innerText(), /in service\s+Stopped\./);
	t.is(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Start app-1 of web');
	await page.keyboard.press('Enter');
	await stop.waitFor();
	t.notRegex(await row.innerText(), /Stopped/);
});

test.serial('a fake that a test stops is shown as stopped in an open page', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator);
	await page.getByRole('button', {name: 'Stop app-1 of web'}).waitFor();

	await emulator.get('web').backend('app-1').stop();

	await page.getByText('Stopped.').waitFor();
	t.is(await page.getByRole('button', {name: 'Start app-1 of web'}).count(), 1);
});

test.serial('rows of several load balancers are told apart beside a detail, and the open one is marked', async t => {
	const emulator = await startLongScene(t);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=shop/1'});
	const rows = page.getByRole('grid', {name: 'Exchanges'}).locator('.rows > [role=row]');
	await page.getByText('Access log line').waitFor();
	const listeners = await rows
		.locator('.listener')
		.evaluateAll(cells => cells.map(cell => [cell.textContent, cell.scrollWidth <= cell.clientWidth]));

	t.deepEqual(listeners, [
		['a-loa…name:80', true],
		['shop:81', true],
	]);
	const current = () => rows.evaluateAll(all => all.map(each => each.getAttribute('aria-current')));
	t.deepEqual(await current(), ['false', 'true']);
	// Whatever row has the focus.
	await rows.first().focus();
	t.deepEqual(await current(), ['false', 'true']);
	const mark = (index: number) => rows.nth(index).evaluate(each => getComputedStyle(each).boxShadow);
	t.is(await mark(0), 'none');
	t.not(await mark(1), 'none');
	await page.keyboard.press('Escape');
	await eventually(async () => !(await current()).includes('true'), 'row that is not marked');
});

test.serial('what stands between backticks in advice is code, and nothing of it is lost', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator);
	await page.route('**/_lb/state', async route => {
		const response = await route.fetch();
		const state = await response.json();
		state.loadBalancers[0].advice = [
			{
				code: 'redirect-loop',
				loadBalancer: 'web',
				certainty: 'certain',
				message: 'Send `X-Forwarded-Proto` as `http`.',
				fix: 'A path of a client `<img src=x>` and `/odd',
				count: 1,
			},
		];
		await route.fulfill({response, json: state});
	});
	await page.reload();
	await page.getByRole('link', {name: 'Advice'}).click();
	const card = page.getByRole('region', {name: 'redirect-loop at web'});
	await card.waitFor();

	t.deepEqual(await card.locator('p code').allTextContents(), ['X-Forwarded-Proto', 'http', '<img src=x>']);
	t.regex(await card.innerText(), /Send X-Forwarded-Proto as http\./);
	t.true((await card.innerText()).includes('A path of a client <img src=x> and `/odd'));
	t.is(await card.locator('img').count(), 0);
});
