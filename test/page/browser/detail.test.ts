// A process of its own: it starts a browser.
import {once} from 'node:events';
import {connect} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import type {Browser, Page} from 'playwright-core';
import {type Emulator, startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage, startScene} from '../../helpers/page-scene.ts';
import {eventually} from '../../helpers/patience.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const rowOf = (page: Page, target: string | RegExp) => page.locator('[role=row][data-key]').filter({hasText: target});

test.serial('the total is that of the exchange, and the TLS handshake before it is said beside it', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator);
	let outcome = 'ok';
	await page.route('**/_lb/traffic/web/1', async route => {
		const response = await route.fetch();
		const exchange = await response.json();
		const ms = {tls: 16, connect: 0.4, firstByte: 4.5, total: outcome === 'open' ? 0 : 4.7};
		await route.fulfill({response, json: {...exchange, outcome, ms}});
	});
	await page.goto(`${emulator.endpoint}/_lb/#/traffic?x=web/1`);
	const timing = page.getByRole('table', {name: /^Timing/});
	await timing.waitFor();

	const rows = [
		['TLS, before it', '16 ms'],
		['connect', '0.4 ms'],
		['first byte', '4.1 ms'],
		['body', '0.2 ms'],
	];
	const shown = () =>
		timing
			.getByRole('row')
			.evaluateAll(all => all.map(row => [...row.querySelectorAll('th, td.number')].map(cell => cell.textContent)));
	t.is(await timing.locator('caption').innerText(), 'Timing: 4.7 ms in total, after a TLS handshake of 16 ms');
	t.deepEqual(await shown(), rows);
	const bars = await timing.locator('.bar span').evaluateAll(all =>
		all.map(bar => {
			const {left, right} = bar.getBoundingClientRect();
			return {left: Math.round(left), right: Math.round(right), fill: getComputedStyle(bar).backgroundColor};
		}),
	);
	t.true((bars[0]?.right ?? 0) <= (bars[1]?.left ?? 0) + 1, 'its bar ends where the exchange begins');
	t.not(bars[0]?.fill, bars[1]?.fill);

	outcome = 'open';
	await page.reload();
	await timing.getByText('it is still open').waitFor();
	t.is(await timing.locator('caption').innerText(), 'Timing: it is still open, after a TLS handshake of 16 ms');
	t.deepEqual(await shown(), rows.slice(0, 3));
});

test.serial(
	'an exchange of another day than that of the clock has its date, in the list and in its detail',
	async t => {
		const emulator = await startScene(t);
		const web = emulator.get('web');
		const dayMs = 24 * 3600_000;
		const start = emulator.clock.now();
		const midnight = Math.ceil(start / dayMs) * dayMs;
		const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
		await emulator.clock.advance(midnight - start - 1000);
		await web.fetch('/before');
		await fetch(`${emulator.endpoint}/api/v1/ReadVms`, {method: 'POST', body: '{}'});
		const page = await openPage(t, browser, emulator, {hash: '#/traffic', timezoneId: 'UTC'});
		const timeOf = (target: string) => rowOf(page, target).locator('.time').innerText();
		const widths = () =>
			page
				.locator('.row .time')
				.evaluateAll(all => all.map(cell => [cell.scrollWidth <= cell.clientWidth, cell.clientWidth]));
		await rowOf(page, '/before').waitFor();
		t.is(await timeOf('/before'), '23:59:59.000');

		await emulator.clock.advance(2000);
		await web.fetch('/after');
		await rowOf(page, '/after').waitFor();
		const yesterday = dayOf(midnight - 1);
		await eventually(async () => (await timeOf('/before')).startsWith(yesterday), 'date in the row of yesterday');

		t.is(await timeOf('/before'), `${yesterday} 23:59:59.000`);
		t.is(await timeOf('/after'), '00:00:01.000');
		const [head, ...others] = await widths();
		for (const [fits, width] of others) {
			t.true(Boolean(fits), 'nothing of a date is cut off');
			t.is(width, head?.[1], 'columns stand below their heads');
		}
		await rowOf(page, '/after').click();
		await page.getByText(`began ${dayOf(midnight)} 00:00:01.000`).waitFor();
		await rowOf(page, '/before').click();
		await page.getByText(`began ${yesterday} 23:59:59.000`).waitFor();
		await page.getByRole('link', {name: /Cloud API/}).click();
		const call = page.getByRole('row').filter({hasText: 'ReadVms'}).locator('[data-name=Time]');
		t.is(await call.innerText(), `${yesterday} 23:59:59.000`);

		const east = await openPage(t, browser, emulator, {hash: '#/traffic', timezoneId: 'Asia/Tokyo'});
		await rowOf(east, '/before').waitFor();
		t.is(await rowOf(east, '/before').locator('.time').innerText(), '08:59:59.000', 'a day of whoever looks');
	},
);

test.serial('a page on which nothing happens notices that a day has passed', async t => {
	const emulator = await startScene(t, {clock: 'real'});
	const page = await openPage(t, browser, emulator);
	await page.clock.install();
	await page.goto(`${emulator.endpoint}/_lb/#/traffic`);
	await page.reload();
	const time = rowOf(page, '/cart').locator('.time');
	await time.waitFor();
	t.regex(await time.innerText(), /^\d\d:\d\d:/);

	await page.clock.fastForward('24:00:00');

	await eventually(async () => /^\d{4}-\d\d-\d\d \d\d:\d\d:/.test(await time.innerText()), 'date in a row');
	t.pass();
});

/** A load balancer with so many exchanges. */
async function startWith(t: ExecutionContext, count: number): Promise<Emulator> {
	const emulator = await startEmulator({
		port: 0,
		authority,
		record: {exchanges: 10_000},
		config: {backends: {a: {kind: 'reply'}}, loadBalancers: {web: {listeners: ['http:80'], backends: ['a']}}},
	});
	t.teardown(() => emulator.stop());
	const client = connect(emulator.get('web').port(80), '127.0.0.1');
	const requests = Array.from({length: count}, (_, index) => `GET /n/${index + 1} HTTP/1.1\r\nHost: web.test\r\n\r\n`);
	client.end(requests.join(''));
	client.resume();
	await once(client, 'close');
	return emulator;
}

/** Where a row stands in the list that is seen: above 0 and at most 1. */
const placeOf = (page: Page, target: string) =>
	page.evaluate(text => {
		const grid = document.querySelector('.grid');
		const row = [...document.querySelectorAll('[role=row][data-key]')].find(each =>
			each.querySelector('.target')?.textContent?.startsWith(`${text} `),
		);
		if (grid === null || row === undefined) return undefined;
		const [around, {top, bottom}] = [grid.getBoundingClientRect(), row.getBoundingClientRect()];
		// The head of the list covers what is below it.
		const head = grid.querySelector('.head')?.getBoundingClientRect().bottom ?? 0;
		return top >= head - 1 && bottom <= around.bottom + 1 ? top : 'out of sight';
	}, target);

const isSeen = (page: Page, target: string) =>
	eventually(async () => typeof (await placeOf(page, target)) === 'number', `${target} to be seen`);

const scrollTo = (page: Page, top: number) =>
	page.locator('.grid').evaluate((grid, to) => {
		grid.scrollTop = to;
	}, top);

test.serial('an exchange that a link opens is scrolled to once, also where it is read later', async t => {
	const emulator = await startWith(t, 5000);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1234'});

	await isSeen(page, '/n/1234');
	t.is(await rowOf(page, /\/n\/1234 /).getAttribute('aria-current'), 'true');
	await page.getByRole('button', {name: 'Follow', pressed: false}).waitFor();
	const place = await placeOf(page, '/n/1234');
	await web.fetch('/new-1');
	await page.getByRole('button', {name: '1 new'}).waitFor();
	t.is(await placeOf(page, '/n/1234'), place);

	await scrollTo(page, 0);
	await rowOf(page, /\/n\/1 /).waitFor();
	await web.fetch('/new-2');
	await page.getByRole('button', {name: '2 new'}).waitFor();
	t.is(typeof (await placeOf(page, '/n/1')), 'number', 'it stays where the user has scrolled to');
	await page.getByRole('button', {name: 'Follow'}).click();
	await isSeen(page, '/new-2');
	await web.fetch('/new-3');
	await isSeen(page, '/new-3');

	// Another link, while the list follows.
	await page.evaluate(() => {
		location.hash = '#/traffic?x=web/77';
	});
	await isSeen(page, '/n/77');
	await page.getByRole('button', {name: 'Follow', pressed: false}).waitFor();
	await page.keyboard.press('Escape');
	await page.waitForFunction(() => document.activeElement?.textContent?.includes('/n/77 '));
});

test.serial('the newest exchange that a link opens is not scrolled away by those that come', async t => {
	const emulator = await startWith(t, 300);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/300'});
	await isSeen(page, '/n/300');
	await page.waitForFunction(() => document.querySelector('button[aria-pressed=true]') === null);
	const place = await placeOf(page, '/n/300');

	for (let index = 1; index <= 30; index++) await web.fetch(`/new-${index}`);
	await page.getByRole('button', {name: '30 new'}).waitFor();

	t.is(await placeOf(page, '/n/300'), place);
	await page.getByRole('button', {name: '30 new'}).click();
	await isSeen(page, '/new-30');

	// From elsewhere in the list, where it did not follow.
	await scrollTo(page, 0);
	await page.waitForFunction(() => document.querySelector('button[aria-pressed=true]') === null);
	await page.evaluate(() => {
		location.hash = '#/traffic?x=web/330';
	});
	await isSeen(page, '/new-30');
	const [last] = [await placeOf(page, '/new-30'), await page.evaluate(() => new Promise(requestAnimationFrame))];
	await web.fetch('/new-31');
	await page.getByRole('button', {name: '1 new'}).waitFor();
	t.is(await placeOf(page, '/new-30'), last);
});

test.serial('whoever scrolls meanwhile is not led to the exchange of a link', async t => {
	const emulator = await startWith(t, 5000);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic'});
	await page.getByText('5,000 of 5,000 exchanges').waitFor();
	let goOn = () => {};
	const held = new Promise<void>(resolve => {
		goOn = resolve;
	});
	await page.route('**/_lb/traffic?limit=2000&*', async route => {
		await held;
		await route.continue();
	});
	await page.evaluate(() => {
		location.hash = '#/traffic?x=web/50';
	});
	await page.getByText('Access log line').waitFor();
	await scrollTo(page, 4990 * 28 - 3000);
	await page.waitForFunction(() => document.querySelector('button[aria-pressed=true]') === null);
	goOn();
	await page.getByRole('searchbox').focus();
	await page.waitForFunction(() => {
		const read = performance.getEntriesByType('resource').filter(({name}) => name.includes('traffic?limit=2000'));
		return read.length === 3;
	});

	t.not(await page.evaluate(() => document.querySelector('.grid')?.scrollTop ?? 0), 0);
	t.is(await placeOf(page, '/n/50'), undefined);
});

test.serial(
	'a link to an exchange that does not pass its filter, or is not there, leaves the list as it is',
	async t => {
		const emulator = await startWith(t, 500);
		const page = await openPage(t, browser, emulator, {hash: '#/traffic?f=path:/n/4*&x=web/7', isRefused: true});
		await page.getByRole('heading', {name: 'Exchange 7 of web'}).waitFor();
		await page.getByText('111 of 500 exchanges').waitFor();
		await isSeen(page, '/n/499');
		t.is(await page.getByRole('button', {name: 'Follow'}).getAttribute('aria-pressed'), 'true');

		await page.goto(`${emulator.endpoint}/_lb/#/traffic?x=web/9999`);
		await page.getByText('has recorded no exchange "9999"').waitFor();
		await page.getByText('500 of 500 exchanges').waitFor();
		await isSeen(page, '/n/500');
		await emulator.get('web').fetch('/new');
		await isSeen(page, '/new');
		// Unlike a link, a click leaves the list following.
		await rowOf(page, /\/new /).click();
		await page.getByRole('heading', {name: 'Exchange 501 of web'}).waitFor();
		await emulator.get('web').fetch('/newer');
		await isSeen(page, '/newer');
		t.is(await page.getByRole('button', {name: 'Follow'}).getAttribute('aria-pressed'), 'true');
	},
);

test.serial('what no back-end received is not said to have been received', async t => {
	const emulator = await startEmulator({
		port: 0,
		authority,
		config: {backends: {gone: '127.0.0.1:1'}, loadBalancers: {web: {listeners: ['http:80'], backends: ['gone']}}},
	});
	t.teardown(() => emulator.stop());
	await emulator.get('web').fetch('/nobody');
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1'});

	await page.getByText('connect-refused').first().waitFor();
	t.is(await page.getByRole('heading', {name: 'Request, as a back-end would have received it'}).count(), 1);
	t.is(await page.getByRole('rowheader', {name: 'to its end'}).count(), 1);
	t.is(await page.getByRole('rowheader', {name: 'body'}).count(), 0);
	// Beside a detail, in a window of 1,280 pixels, the list is whole.
	await page.setViewportSize({width: 1280, height: 720});
	const [scrollWidth = 0, clientWidth = 0] = await page
		.locator('.grid')
		.evaluate(({scrollWidth: all, clientWidth: seen}) => [all, seen]);
	t.true(scrollWidth <= clientWidth, `${scrollWidth} of ${clientWidth}`);
});

test.serial('the line of the PROXY protocol is shown where it was sent, and the listener says that it is', async t => {
	const emulator = await startEmulator({port: 0, authority});
	t.teardown(() => emulator.stop());
	const web = await emulator.create({
		name: 'web',
		listeners: [{listen: 'http:80', proxyProtocol: true}],
		backends: 1,
	});
	await web.fetch('/');
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1'});

	await page.getByText(`; begins with PROXY TCP4 127.0.0.1 127.0.0.1 ${web.traffic.last().client.port} 80`).waitFor();
	await page.getByRole('link', {name: 'Map'}).click();
	await page
		.getByRole('listitem')
		.filter({hasText: /http:80 → http:80.*, PROXY protocol/})
		.waitFor();
	t.pass();
});
