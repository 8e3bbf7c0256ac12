// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser} from 'playwright-core';
import {launch, openPage, startScene} from '../../helpers/page-scene.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

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
