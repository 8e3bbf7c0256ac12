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

const rows = (page: Page) => page.locator('[role=row][data-key]');

test.serial('what others clear, reset and delete is gone from the page, and who reads an exchange goes on', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/2', isRefused: true});
	const detail = page.getByRole('complementary');
	await detail.getByText('Access log line').waitFor();
	await page.waitForFunction(() => document.querySelectorAll('[role=row][data-key]').length === 4);

	emulator.get('web').traffic.clear();

	await page.getByText('No exchange yet').waitFor();
	await detail.getByText('Exchange 2 of load balancer "web" is no longer kept').waitFor();
	t.regex(await detail.innerText(), /POST \/cart.*Access log line/s);

	await fetch(`${emulator.endpoint}/api/v1/ReadVms`, {method: 'POST', body: '{}'});
	await page.getByRole('link', {name: /^Cloud API\s*1$/}).waitFor();
	await emulator.get('web').fetch('/until-reset');
	await page.getByRole('row').filter({hasText: '/until-reset'}).waitFor();
	await emulator.reset();
	await page.getByText('No exchange yet').waitFor();
	await page.getByRole('link', {name: /Cloud API/}).click();
	await page.getByText("Nobody has called the cloud's API yet").waitFor();

	await page.goBack();
	await emulator.get('web').fetch('/until-deleted');
	await page.getByRole('row').filter({hasText: '/until-deleted'}).waitFor();
	await emulator.get('web').stop();
	await emulator.get('mail').stop();
	await page.getByText('No exchange yet').waitFor();
	for (const [view, text] of [
		['Map', 'There is no load balancer yet'],
		['Certificates', 'No listener takes TLS off'],
		['Advice', 'Nothing that was seen so far'],
		['Faults', 'No fault is armed'],
	] as const) {
		await page.getByRole('link', {name: view}).click();
		await page.getByText(text).waitFor();
	}
	t.is(await rows(page).count(), 0);
});

test.serial('another emulator at the port counts anew, also for what is open and paused', async t => {
	const first = await startScene(t);
	const port = Number(new URL(first.endpoint).port);
	const context = await browser.newContext();
	t.teardown(() => context.close());
	const page = await context.newPage();
	const errors: Error[] = [];
	page.on('pageerror', error => errors.push(error));
	await page.goto(`${first.endpoint}/_lb/#/traffic?x=web/2`);
	await page.getByText('POST /cart', {exact: true}).waitFor();
	await page.getByRole('button', {name: 'Pause'}).click();
	await first.stop();
	await page.getByText('no connection, trying again').waitFor();

	await using second = await startEmulator({port, authority, clock: 'manual', config: SCENE});
	const web = second.get('web');
	await web.settle();
	await page.getByRole('link', {name: /^Traffic\s*0$/}).waitFor();
	await web.fetch('/new-1');
	await web.fetch('/new-2');
	await page.getByRole('complementary').getByText('GET /new-2', {exact: true}).waitFor();
	await page.getByRole('button', {name: '2 new'}).waitFor();
	t.is(await rows(page).count(), 0, 'it is still paused');
	t.deepEqual(errors, []);
});

test.serial('who uses the keyboard keeps the place where a button or its row goes away', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator);
	const focused = () =>
		page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName);
	const until = (label: string) =>
		page.waitForFunction(it => document.activeElement?.getAttribute('aria-label') === it, label);

	await page.getByRole('button', {name: 'Out: app-1 of web'}).focus();
	await page.keyboard.press('Enter');
	await page.getByRole('button', {name: 'Auto: app-1 of web'}).waitFor();
	await until('In: app-1 of web');
	await page.getByRole('button', {name: 'Drain app-1 of web'}).focus();
	await page.keyboard.press('Enter');
	await page.getByRole('dialog').getByRole('button', {name: 'Drain'}).press('Enter');
	await page.getByRole('rowheader', {name: 'app-1'}).waitFor({state: 'detached'});
	await until('Back-ends of web, a table');

	emulator.get('web').inject({on: 'backend:app-2', do: {status: 503}});
	await page.getByRole('link', {name: /Faults/}).click();
	emulator.get('web').inject({on: 'backend:app-2', do: {close: true}});
	await page.getByRole('button', {name: 'Remove backend:app-2 close'}).focus();
	await page.keyboard.press('Enter');
	await page.getByRole('button', {name: 'Remove backend:app-2 close'}).waitFor({state: 'detached'});
	t.is(await focused(), 'Armed faults, a table');
});

test.serial('an address with nonsense shows a page that says what it does not find', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator, {isRefused: true});
	const shows = async (hash: string, text: string) => {
		await page.evaluate(to => {
			location.hash = to;
		}, hash);
		await page.getByText(text).first().waitFor();
	};

	await shows('#/traffic?x=web/999999999999999', 'has recorded no exchange "999999999999999"');
	await shows('#/nope', 'Back-ends of web');
	await shows('#/traffic?x=a/../../b/1', 'No load balancer is named "a/../../b"');
	await shows('#%', 'Back-ends of web');
	await shows('#/traffic?f=%&x=%ff/1', 'No exchange passes the filter');
	await shows('#/', 'Back-ends of web');
	await shows('#/traffic?x=<img src=x onerror=alert(1)>/1', 'named "<img src=x onerror=alert(1)>"');
	await shows('#/traffic?x=\u202eweb/1', 'Exchange 1 of \\u{202e}web');
	await shows(`#/traffic?f=${'a'.repeat(100_000)}`, 'No exchange passes the filter');
	await shows(`#/traffic?f=${encodeURIComponent('status:<b>\u202e')}`, '"status:<b>\\u{202e}": a status is needed');
	await shows('#/traffic', '4 of 4 exchanges');
	t.is(await page.locator('main img, main b').count(), 0);
});

test.serial('an answer that is not one of lb-local is a failure, and what is shown stays', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator, {isRefused: true});
	await page.getByRole('rowheader', {name: 'app-1'}).waitFor();
	for (const [status, contentType, body] of [
		[200, 'text/html', '<h1>hello</h1>'],
		[404, 'application/json', '{"message":"nothing here"}'],
		[404, 'application/json', '{"error":"nothing here"}'],
	] as const) {
		await page.route(/_lb\/(?!events)/, route => route.fulfill({status, contentType, body}));
		await page.getByRole('button', {name: 'Out: app-1 of web'}).click();
		const alert = page.getByRole('alert').filter({hasText: `does not answer as lb-local does: status ${status}`});
		await alert.waitFor();
		await alert.getByRole('button', {name: 'Close'}).click();
		await page.unrouteAll();
	}
	t.is(await page.getByRole('rowheader').count(), 5);
	t.is(emulator.get('web').health['app-1'], 'InService');
});

test.serial('a browser that keeps nothing keeps settings until the page is closed', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator);
	await page.evaluate(() =>
		Object.defineProperty(window, 'localStorage', {
			get: () => {
				throw new DOMException('It is blocked', 'SecurityError');
			},
		}),
	);
	const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);

	for (const [name, shown] of [
		['light', 'light'],
		['dark', 'dark'],
		['system', undefined],
	] as const) {
		await page.getByRole('button', {name: /^Theme/}).click();
		await page.getByRole('button', {name: `Theme: ${name}`}).waitFor();
		t.is(await theme(), shown);
	}
	await page.keyboard.press('?');
	await page.getByRole('checkbox').uncheck();
	await page.keyboard.press('Escape');
	await page.getByRole('dialog').waitFor({state: 'detached'});
	await page.keyboard.press('?');
	await page.getByRole('button', {name: 'Connect, and keys'}).click();
	t.false(await page.getByRole('checkbox').isChecked());
	t.is(await page.getByRole('dialog').count(), 1);
});

test.serial('tabs that nobody looks at leave the connections of the browser to the one that is seen', async t => {
	const emulator = await startScene(t);
	const context = await browser.newContext();
	t.teardown(() => context.close());
	// Playwright has every tab say that it is seen.
	const look = (page: Page, state: 'visible' | 'hidden') =>
		page.evaluate(to => {
			Object.defineProperty(document, 'visibilityState', {configurable: true, value: to});
			document.dispatchEvent(new Event('visibilitychange'));
		}, state);
	const pages: Page[] = [];
	// A browser has six connections for each host.
	for (let tab = 0; tab < 7; tab++) {
		const page = await context.newPage();
		await page.clock.install();
		await page.goto(`${emulator.endpoint}/_lb/#/traffic`);
		await rows(page).filter({hasText: '/cart'}).waitFor();
		pages.push(page);
		if (tab === 6) break;
		await look(page, 'hidden');
		await page.clock.fastForward(5500);
		await page.getByText('paused while hidden').waitFor();
	}
	await emulator.get('web').fetch('/meanwhile');
	const [one, last] = [pages[0], pages[6]];
	if (one === undefined || last === undefined) return t.fail('there are no tabs');
	await rows(last).filter({hasText: '/meanwhile'}).waitFor();
	t.is(await rows(one).filter({hasText: '/meanwhile'}).count(), 0);

	await look(one, 'visible');

	await rows(one).filter({hasText: '/meanwhile'}).waitFor();
	await one.getByText('● live').waitFor();
});
