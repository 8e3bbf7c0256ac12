// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {launch, openPage, startScene} from '../../helpers/page-scene.ts';
import {eventually} from '../../helpers/patience.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

const rowOf = (page: Page, target: string) => page.locator('[role=row][data-key]').filter({hasText: target});

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
