// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {type Config, startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage, violationsIn} from '../../helpers/page-scene.ts';
import {eventually} from '../../helpers/patience.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const names = (count: number, prefix: string) => Array.from({length: count}, (_, index) => `${prefix}-${index + 1}`);

const BACKENDS = names(250, 'vm');
const BALANCERS = names(45, 'lb');

/** Many small load balancers, and one with many back-ends, none of which is there. */
const LARGE: Config = {
	backends: Object.fromEntries(BACKENDS.map((name, index) => [name, `127.0.0.1:${index + 1}`])),
	loadBalancers: {
		...Object.fromEntries(
			BALANCERS.map((name, index) => [name, {listeners: ['tcp:25'], backends: [BACKENDS[index] ?? '']}]),
		),
		wide: {listeners: ['tcp:26'], backends: BACKENDS},
	},
};

async function openLarge(t: Parameters<typeof openPage>[0], hash: string) {
	const emulator = await startEmulator({port: 0, authority, clock: 'manual', config: LARGE});
	t.teardown(() => emulator.stop());
	return {emulator, page: await openPage(t, browser, emulator, {hash})};
}

const balancersOf = (page: Page) =>
	page.locator('.balancer h3').evaluateAll(all => all.map(each => each.textContent ?? ''));
const rowsOf = (page: Page, name: string) =>
	page.getByRole('table', {name: `Back-ends of ${name}`, exact: true}).getByRole('row');

test.serial('a map of hundreds shows the first, and more of them when asked', async t => {
	const {page} = await openLarge(t, '#/map');

	await page.getByText('lb-15', {exact: true}).waitFor();
	t.deepEqual(await balancersOf(page), BALANCERS.slice(0, 15));
	t.true((await page.evaluate(() => document.querySelectorAll('*').length)) <= 1500);
	t.deepEqual(await violationsIn(page), []);
	await page.getByRole('button', {name: '15 more of 46'}).press('Enter');
	await page.getByText('lb-30', {exact: true}).waitFor();
	t.deepEqual(await balancersOf(page), BALANCERS.slice(0, 30));
	await page.getByRole('button', {name: '15 more of 46'}).press('Enter');
	await page.getByRole('button', {name: '1 more of 46'}).press('Enter');
	await page.getByText('wide', {exact: true}).waitFor();
	t.deepEqual(await balancersOf(page), [...BALANCERS, 'wide']);
	// The focus is where it was, so that the keyboard goes on from there.
	const button = page.getByRole('button', {name: 'The first 15 alone'});
	t.true(await button.evaluate(each => each === document.activeElement));
	await button.press('Enter');
	await eventually(async () => (await balancersOf(page)).join() === BALANCERS.slice(0, 15).join());
});

test.serial('one load balancer with hundreds of back-ends shows the first, and more of them when asked', async t => {
	const {page} = await openLarge(t, '#/map?f=wide');

	await page.getByText('vm-60', {exact: true}).waitFor();
	t.deepEqual(await balancersOf(page), ['wide']);
	// With its head.
	t.is(await rowsOf(page, 'wide').count(), 61);
	await page.getByRole('button', {name: '60 more of 250'}).click();
	await page.getByText('vm-120', {exact: true}).waitFor();
	t.is(await rowsOf(page, 'wide').count(), 121);
});

test.serial('what is looked for on the map is found, and stands in the address', async t => {
	const {emulator, page} = await openLarge(t, '#/map');
	const field = page.getByRole('searchbox', {name: 'Find'});

	await page.locator('body').press('/');
	t.true(await field.evaluate(each => each === document.activeElement));
	await field.pressSequentially('vm-249');
	await rowsOf(page, 'wide').filter({hasText: 'vm-249'}).waitFor();
	t.deepEqual(await balancersOf(page), ['wide']);
	t.is(await rowsOf(page, 'wide').count(), 2);
	t.is(new URL(page.url()).hash, '#/map?f=vm-249');

	emulator.get('wide').setHealth('vm-249', 'OutOfService');
	await page.getByText('249 of 250 back-ends in service').waitFor();
	await field.fill('is:in vm-249');
	await page.getByText('Nothing here has all of these words').waitFor();
	await field.fill('is:out');
	await rowsOf(page, 'wide').filter({hasText: 'vm-249'}).waitFor();
	t.deepEqual(await balancersOf(page), ['wide']);
	await field.fill('vm-1 nowhere');
	await page.getByText('Nothing here has all of these words').waitFor();
	await field.fill('is:gone');
	await page.getByText('is: takes in, out or stopped').waitFor();

	// It is of the map alone.
	await page
		.getByRole('navigation', {name: 'Views'})
		.getByRole('link', {name: /Traffic/})
		.click();
	await page.getByText('No exchange yet').waitFor();
	t.is(new URL(page.url()).hash, '#/traffic');
});

test.serial('the parts of the map are folded, and stay so', async t => {
	const {page} = await openLarge(t, '#/map?f=lb-1');
	const fold = page.getByRole('button', {name: 'Details of lb-1', exact: true});

	await fold.press('Enter');
	await rowsOf(page, 'lb-1').first().waitFor({state: 'detached'});
	t.is(await fold.getAttribute('aria-expanded'), 'false');
	await page.getByRole('region', {name: 'lb-1', exact: true}).getByText('1 of 1 back-end in service').waitFor();
	await page
		.getByRole('navigation', {name: 'Views'})
		.getByRole('link', {name: /Faults/})
		.click();
	await page.getByText('No fault is armed').waitFor();
	await page.getByRole('navigation', {name: 'Views'}).getByRole('link', {name: /Map/}).click();
	await rowsOf(page, 'lb-2').first().waitFor();
	t.is(await rowsOf(page, 'lb-1').count(), 0);
	await fold.press('Enter');
	await rowsOf(page, 'lb-1').first().waitFor();
});

test.serial('of many calls the newest are shown, and older ones when asked', async t => {
	const {emulator, page} = await openLarge(t, '#/calls');
	await Promise.all(
		Array.from({length: 130}, () => fetch(`${emulator.endpoint}/api/v1/ReadVms`, {method: 'POST', body: '{}'})),
	);

	const rows = page.getByRole('table', {name: 'Calls, the newest first'}).getByRole('row');
	await page.getByText('130 of 130 calls').waitFor();
	await eventually(async () => (await rows.count()) === 101);
	await rows.nth(1).filter({hasText: '130'}).waitFor();
	await page.getByRole('button', {name: '30 more of 130'}).click();
	await page.getByRole('button', {name: 'The first 100 alone'}).waitFor();
	t.is(await rows.count(), 131);
});

test.serial(
	'an exchange says of the first of many back-ends why they did not get it, and of more when asked',
	async t => {
		const {emulator, page} = await openLarge(t, '#/traffic');
		await t.throwsAsync(emulator.get('wide').fetch('/'));

		await page.getByRole('row').filter({hasText: 'wide:26'}).click();
		const rows = page.getByRole('table', {name: 'Back-ends in the order of their turns'}).getByRole('row');
		await page.getByRole('button', {name: '50 more of 250'}).click();
		await page.getByRole('button', {name: '50 more of 250'}).click();
		await eventually(async () => (await rows.count()) === 150);
		t.pass();
	},
);
