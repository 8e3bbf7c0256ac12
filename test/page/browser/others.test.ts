// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser, Page} from 'playwright-core';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage, openTab, SCENE, startScene} from '../../helpers/page-scene.ts';
import {open} from '../../helpers/raw-connection.ts';

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
	const {context, page, errors} = await openTab(t, browser);
	await page.goto(`${first.endpoint}/_lb/#/traffic?x=web/2`);
	await page.getByText('POST /cart', {exact: true}).waitFor();
	await page.getByRole('button', {name: 'Pause'}).click();
	await context.setOffline(true);
	await first.stop();
	await page.getByText('no connection, trying again').waitFor();

	await using second = await startEmulator({port, authority, clock: 'manual', config: SCENE});
	const web = second.get('web');
	await web.settle();
	await web.fetch('/new-1');
	await web.fetch('/new-2');
	await context.setOffline(false);
	await page.getByRole('complementary').getByText('GET /new-2', {exact: true}).waitFor();
	await page.getByText('2 of 2 exchanges').waitFor();
	await web.fetch('/new-3');
	await page.getByRole('button', {name: '1 new'}).waitFor();
	t.is(await rows(page).count(), 2, 'it is still paused');
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
	await page.locator('dialog').waitFor({state: 'detached'});
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

test.serial('rows keep the focus out of sight, several are chosen, and the filter is in the history', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	for (let number = 0; number < 120; number++) await web.fetch(`/n/${number}`);
	const page = await openPage(t, browser, emulator, {
		hash: '#/traffic',
		permissions: ['clipboard-read', 'clipboard-write'],
		timezoneId: 'America/Bogota',
	});
	const {keyboard} = page;
	const rowWithFocus = (index: number) =>
		page.waitForFunction(of => document.activeElement?.getAttribute('aria-rowindex') === `${of}`, index);
	const follows = (pressed: boolean) => page.getByRole('button', {name: 'Follow', pressed}).waitFor();
	await rows(page).filter({hasText: '/n/119'}).focus();

	await keyboard.press('PageUp');
	await follows(false);
	await keyboard.press('End');
	await rowWithFocus(125);
	await follows(true);
	await keyboard.press('f');
	await follows(false);
	await keyboard.press('f');
	await follows(true);
	await keyboard.press('Home');
	await rowWithFocus(2);
	await page.locator('.grid').evaluate(grid => {
		grid.scrollTop = 80 * 28;
	});
	await page.locator('[aria-rowindex="85"]').waitFor();
	await rowWithFocus(2);
	await keyboard.press('ArrowDown');
	await rowWithFocus(3);
	await keyboard.press('Shift+ArrowDown');
	await rowWithFocus(4);
	await page.getByRole('button', {name: 'Copy the order as an assertion'}).click();
	await page.getByRole('status').filter({hasText: 'Copied the order as an assertion'}).waitFor();
	t.is(await page.evaluate(() => navigator.clipboard.readText()), 'assertOrder(lb, ["app-2", "api"]);');

	// 5 hours behind the whole year; the record starts with the scene.
	const startedAt = [...web.traffic][1]?.startedAt ?? 0;
	const local = new Date(startedAt - 5 * 3600_000).toISOString().slice(11, 23);
	t.true((await rows(page).filter({hasText: '/cart'}).innerText()).includes(local));
	await page.getByText(/clock manual \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/).waitFor();

	const steps = () => page.evaluate(() => history.length);
	const before = await steps();
	await page.getByRole('searchbox').pressSequentially('path:/n/7*');
	await page.getByText('11 of 124 exchanges').waitFor();
	t.is(await steps(), before, 'a letter is no step back');
	await page.getByRole('link', {name: 'Map'}).click();
	await page.getByText('Back-ends of web').first().waitFor();
	await page.goBack();
	await page.getByText('11 of 124 exchanges').waitFor();
	t.is(await page.getByRole('searchbox').inputValue(), 'path:/n/7*');
	await rows(page).first().click();
	await page.getByRole('complementary').waitFor();
	await page.goBack();
	await page.getByRole('complementary').waitFor({state: 'detached'});
	await page.reload();
	await page.getByText('11 of 124 exchanges').waitFor();
});

test.serial('hostile words of clients, back-ends and callers are text in every view', async t => {
	const evil = '<img src=x onerror=alert(1)>';
	const emulator = await startEmulator({
		port: 0,
		authority,
		config: {
			backends: {a: {kind: 'reply', headers: {'X-Evil': evil}, body: `{"a":"${evil}\u202e"}`}},
			loadBalancers: {
				web: {
					listeners: [{listen: 'http:80', stickiness: {cookie: 'evil!#$'}}],
					backends: ['a'],
					rules: [{priority: 1, path: '/~\'"*', to: ['a']}],
				},
			},
		},
	});
	t.teardown(() => emulator.stop());
	const web = emulator.get('web');
	const client = await open({port: web.port(80)});
	client.write(
		`GET /${encodeURIComponent('\u202e')}?${'<b>'.repeat(50)} HTTP/1.1\r\nHost: web.test\r\nCookie: ${evil}=1\r\nUser-Agent: ${evil}\r\n\r\n`,
	);
	await web.traffic.next().catch(() => undefined);
	await fetch(`${emulator.endpoint}/api/v1/DeleteLoadBalancer`, {
		method: 'POST',
		body: JSON.stringify({LoadBalancerName: `${evil}\u202e`}),
	});
	const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1', isRefused: true});
	const detail = page.getByRole('complementary');
	await detail.getByText('Access log line').waitFor();

	t.true((await detail.innerText()).includes(`Cookie: ${evil}=1`));
	t.true((await detail.innerText()).includes(`X-Evil: ${evil}`));
	await detail.getByRole('button', {name: 'Pretty JSON'}).click();
	t.true((await detail.innerText()).includes(`"a": "${evil}\\u{202e}"`));
	await page.getByRole('link', {name: 'Map'}).click();
	await page.getByText('path /~\'"*').waitFor();
	await page.getByText('sticky by evil!#$').waitFor();
	await page.getByRole('link', {name: /^Cloud API/}).click();
	const call = page.getByRole('row').filter({hasText: 'DeleteLoadBalancer'});
	await call.waitFor();
	t.regex(await call.innerText(), /400/);
	await page.getByRole('link', {name: /^Faults/}).click();
	await page.getByRole('textbox', {name: 'Value'}).fill(`${evil}\u202e`);
	await page.getByRole('button', {name: 'Arm'}).click();
	await page
		.getByRole('alert')
		.filter({hasText: `${evil}\\u{202e}`})
		.waitFor();
	t.is(await page.locator('#app img, #app b').count(), 0);
	client.stream.destroy();
});
