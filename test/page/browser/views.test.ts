// A process of its own: it starts a browser.
import test from 'ava';
import type {Browser} from 'playwright-core';
import {startEmulator} from '../../../src/index.ts';
import {authority} from '../../helpers/emulator-scene.ts';
import {launch, openPage, startScene} from '../../helpers/page-scene.ts';
import {eventually} from '../../helpers/patience.ts';

let browser: Browser;
test.before(async () => {
	browser = await launch();
});
test.after.always(() => browser?.close());

test.serial('the map shows what runs: listeners, rules, each back-end with its state and the reason', async t => {
	const page = await openPage(t, browser, await startScene(t));
	const web = page.getByRole('region', {name: 'web', exact: true});

	const row = (name: string) => web.getByRole('row').filter({has: page.getByRole('rowheader', {name})});
	t.regex(
		await web.innerText(),
		/https:443 → http:80 on 127\.0\.0\.1:\d+, certificate web\.test \(\+1\), \d+ d, sticky by AWSELB for 300 s/,
	);
	t.regex(await web.innerText(), /rule: 10 api path \/api\/\* → api/);
	t.regex(await row('app-1').innerText(), /in service.*HTTP:80\/health passed/s);
	t.regex(await row('api').innerText(), /out by hand.*Taken out of service by hand/s);
	t.regex(await row('broken').innerText(), /out.*HTTP:80\/health → HTTP 500 \(2 in a row\)/s);
	t.regex(await web.innerText(), /4 exchanges, 1 failed/);
	t.is(await row('app-1').locator('[data-name=Share]').innerText(), '33 %');
	t.is(await row('broken').locator('[data-name=Share]').innerText(), '0 %');
});

test.serial('health, draining, fakes, the clock and reset change the real thing', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator, {isRefused: true});
	const press = (name: string) => page.getByRole('button', {name, exact: true}).click();
	const said = (text: string | RegExp) => page.getByRole('status').filter({hasText: text}).waitFor();

	await press('Out: app-1 of web');
	await said('app-1 of web is out of service');
	t.is(web.health['app-1'], 'OutOfService');
	await press('Auto: app-1 of web');
	await said('The probes decide about app-1 of web');
	t.is(web.health['app-1'], 'InService');

	await press('Stop app-2 of web');
	t.regex(await page.getByRole('dialog').innerText(), /connections are refused, nothing in flight is cut\./);
	await press('Cancel');
	t.is(await page.getByRole('dialog').count(), 0);
	t.is((await fetch(web.backend('app-2').url)).status, 200);
	await press('Stop app-2 of web');
	await page.getByRole('dialog').getByRole('button', {name: 'Stop'}).click();
	await said('app-2 of web is stopped');
	await t.throwsAsync(fetch(web.backend('app-2').url));
	await press('Start app-2 of web');
	await said('app-2 of web is started');
	t.is((await fetch(web.backend('app-2').url)).status, 200);

	await press('Drain app-2 of web');
	await page.getByRole('dialog').getByRole('button', {name: 'Drain'}).click();
	// The event that it is over may come first.
	await said(/app-2 of web (is draining|has nothing in flight any more)/);
	await page.getByRole('rowheader', {name: 'app-2'}).waitFor({state: 'detached'});
	t.false('app-2' in web.health);

	const before = emulator.clock.now();
	await page.getByLabel('Advance the clock by').fill('90s');
	await press('Advance');
	await said('The clock was advanced by 90s');
	t.is(emulator.clock.now() - before, 90_000);
	await page.getByLabel('Advance the clock by').fill('soon');
	await press('Advance');
	await page
		.getByRole('alert')
		.filter({hasText: /advance: .*soon/})
		.waitFor();

	await press('Reset…');
	await page.getByRole('dialog').getByRole('button', {name: 'Reset'}).click();
	await page.getByRole('rowheader', {name: 'app-2'}).waitFor();
	await page.getByRole('link', {name: /^Traffic\s*0$/}).waitFor();
	t.is(emulator.get('web').traffic.length, 0);
});

test.serial('traffic comes as it happens, is filtered and paused, and is cleared', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator, {hash: '#/traffic'});
	const grid = page.getByRole('grid', {name: 'Exchanges'});
	const row = (text: string) => grid.getByRole('row').filter({hasText: text});

	await row('/cart').waitFor();
	await web.fetch('/live');
	await row('/live').waitFor();

	const filter = page.getByRole('searchbox', {name: 'Filter'});
	await filter.fill('status:5xx');
	await row('/cart').waitFor({state: 'detached'});
	t.is(await grid.getByRole('row').count(), 2);
	t.regex(page.url(), /#\/traffic\?f=status%3A5xx$/);
	await filter.fill('header:content-type=application/json');
	await row('/cart').waitFor();
	t.is(await grid.getByRole('row').count(), 2, 'the control port decides what the rows do not have');
	await filter.fill('stats:5xx');
	await page.getByText('did you mean "status"?').waitFor();
	await filter.fill('');

	await page.getByRole('button', {name: 'Pause'}).click();
	await web.fetch('/while-paused');
	await page.getByRole('button', {name: '1 new'}).waitFor();
	t.is(await row('/while-paused').count(), 0);
	await page.getByRole('button', {name: '1 new'}).click();
	await row('/while-paused').waitFor();

	await page.getByRole('button', {name: 'Clear…'}).click();
	await page.getByRole('dialog').getByRole('button', {name: 'Clear'}).click();
	await page.getByText('No exchange yet').waitFor();
	t.is(web.traffic.length, 0);
});

test.serial('an exchange says why, what was added, and its line of the access log, and is copied', async t => {
	const emulator = await startScene(t);
	const page = await openPage(t, browser, emulator, {
		hash: '#/traffic',
		permissions: ['clipboard-read', 'clipboard-write'],
	});
	const copied = () => page.evaluate(() => navigator.clipboard.readText());
	await page.getByRole('row').filter({hasText: '/api/items'}).last().click();
	const detail = page.getByRole('complementary');
	await detail.getByText('nobody could take it').waitFor();

	t.regex(await detail.innerText(), /rule 10 api matched/);
	t.regex(await detail.innerText(), /api\s+skipped: taken out of service by hand/);
	await page.keyboard.press('Escape');
	await detail.waitFor({state: 'detached'});

	await page.getByRole('row').filter({hasText: '/cart'}).click();
	await detail.getByText('it went to app-2').waitFor();
	const text = await detail.innerText();
	t.regex(text, /\+ X-Forwarded-Proto: https/);
	t.regex(text, /SNI web\.test/);
	t.regex(text, /Timing: 0 ms in total\s+connect\s+0 ms\s+first byte\s+0 ms\s+body\s+0 ms/);
	t.regex(text, /Answer, as the client got it\s+HTTP\/1\.1 200\s/);
	t.true(text.includes([...emulator.get('web').traffic][1]?.log ?? 'no log'));
	await detail.getByRole('button', {name: 'Pretty JSON'}).first().click();
	t.regex(await detail.innerText(), /\{\n {2}"item": 1\n\}/);

	await detail.getByRole('button', {name: 'Copy the request as curl'}).click();
	await page.getByText('Copied the request as curl').waitFor();
	t.regex(
		await copied(),
		/curl --http1\.1 --cacert lb-local-ca\.pem --connect-to web.*:443:127\.0\.0\.1:\d+ .*--data-raw '\{"item":1\}'/,
	);
	await detail.getByRole('button', {name: 'Copy a test of X-Forwarded-Proto'}).click();
	await page.getByText('Copied a test of X-Forwarded-Proto').waitFor();
	t.is(await copied(), "assertHeader(lb.traffic.last(), 'x-forwarded-proto', 'https');");
	await page.keyboard.press('c');
	await page.getByText('Copied the request as curl').waitFor();
	t.regex(await copied(), /^curl -sfo/);
});

test.serial(
	'without a clipboard the text is shown to be copied by hand, also where the browser refuses it',
	async t => {
		const emulator = await startScene(t);
		const page = await openPage(t, browser, emulator, {hash: '#/traffic?x=web/1'});
		const dialog = page.getByRole('dialog', {name: 'Copy the request as fetch'});
		const press = () => page.getByRole('button', {name: 'Copy the request as fetch'}).press('Enter');
		await page.evaluate(() => {
			const writeText = () => Promise.reject(new DOMException('It is refused', 'NotAllowedError'));
			Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {writeText}});
		});

		await press();

		const text = await dialog.getByRole('textbox').inputValue();
		t.regex(text, /^await lb\.fetch\('\/'/);
		t.is(await page.evaluate(() => document.getSelection()?.toString()), text, 'it is selected');
		await page.keyboard.press('Escape');
		// One that is closed has no role any more, but is there until its event has come.
		await page.locator('dialog').waitFor({state: 'detached'});
		t.is(
			await page.evaluate(() => document.activeElement?.textContent),
			'fetch',
			'the focus is back, and nothing else closed',
		);
		await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', {value: undefined}));
		await press();
		t.is(await dialog.getByRole('textbox').inputValue(), text);
	},
);

test.serial(
	'calls of the cloud show what had no effect; certificates their names and days; connect its lines',
	async t => {
		const emulator = await startScene(t);
		const page = await openPage(t, browser, emulator, {hash: '#/calls'});
		await page.getByText("Nobody has called the cloud's API yet").waitFor();
		await fetch(`${emulator.endpoint}/api/v1/CreateLoadBalancer`, {
			method: 'POST',
			body: JSON.stringify({
				LoadBalancerName: 'made',
				SubregionNames: ['eu-west-2a'],
				SecurityGroups: ['sg-12345678'],
				Listeners: [{LoadBalancerPort: 8080, LoadBalancerProtocol: 'HTTP', BackendPort: 80}],
			}),
		});
		const call = page.getByRole('row').filter({hasText: 'CreateLoadBalancer'});
		await call.waitFor();
		t.regex(await call.innerText(), /OUTSCALE\s+400\s.*3002: security groups/);
		const form = new URLSearchParams({Action: 'DeleteNothing', Version: '2012-06-01'});
		await fetch(`${emulator.endpoint}/`, {method: 'POST', body: form});
		const failed = page.getByRole('row').filter({hasText: 'DeleteNothing'});
		await failed.waitFor();
		t.regex(await failed.innerText(), /ELB\s+400\s.*InvalidAction: .*DeleteNothing/);
		form.set('Action', 'DescribeLoadBalancers');
		form.set('Nonsense', '1');
		await fetch(`${emulator.endpoint}/`, {method: 'POST', body: form});
		const unread = page.getByRole('row').filter({hasText: 'DescribeLoadBalancers'});
		t.is(await unread.locator('mark').innerText(), 'Nonsense');
		t.is(await call.locator('mark').innerText(), 'SecurityGroups');
		t.is(await failed.locator('mark').count(), 0);
		t.regex(await page.getByRole('row').nth(1).innerText(), /^3\s/, 'the newest first');

		await page.getByRole('link', {name: /Certificates/}).click();
		await page.getByRole('region', {name: 'Certificate of web:443'}).waitFor();
		t.regex(
			await page.getByRole('main').innerText(),
			/web:443.*days left.*web\.test, www\.web\.test.*From\s+issued by lb-local/s,
		);
		const trust = page.getByRole('region', {name: 'Authority'});
		await trust.getByText(`export NODE_EXTRA_CA_CERTS=${emulator.ca.file}`).waitFor();
		t.false(await trust.getByText('sudo update-ca-certificates').isVisible());
		await trust.getByText('Systems, browsers, git').click();
		t.true(await trust.getByText('sudo update-ca-certificates').isVisible());

		await page.getByRole('button', {name: 'Connect, and keys'}).click();
		const dialog = page.getByRole('dialog');
		const web = `--connect-to web.test:443:127.0.0.1:${emulator.get('web').port(443)} https://web.test/`;
		await dialog.getByText(`curl --cacert ${emulator.ca.file} ${web}`).waitFor();
		t.regex(await dialog.innerText(), /nc 127\.0\.0\.1 \d+/);
		t.deepEqual(
			(await dialog.locator('pre').innerText()).split('\n'),
			Object.entries(emulator.env()).map(([name, value]) => `export ${name}='${value}'`),
		);
	},
);

test.serial('what was done is said for ten seconds, and what was refused until it is closed', async t => {
	const page = await openPage(t, browser, await startScene(t), {isRefused: true});
	await page.clock.install();
	await page.reload();
	await page.getByRole('button', {name: 'Out: app-1 of web'}).click();
	const done = page.getByRole('status').filter({hasText: 'app-1 of web is out of service'});
	await done.waitFor();

	await page.clock.fastForward(9000);
	t.is(await done.count(), 1);
	await page.clock.fastForward(1500);

	await done.waitFor({state: 'detached'});
	await page.getByLabel('Advance the clock by').fill('soon');
	await page.getByRole('button', {name: 'Advance'}).click();
	const refused = page.getByRole('alert').filter({hasText: 'soon'});
	await refused.waitFor();
	await page.clock.fastForward(60_000);
	t.is(await refused.count(), 1);
	await refused.getByRole('button', {name: 'Close'}).click();
	await refused.waitFor({state: 'detached'});
});

test.serial("a back-end that drains shows what is in flight and the seconds left, by the emulator's clock", async t => {
	const emulator = await startEmulator({
		port: 0,
		authority,
		clock: 'manual',
		config: {
			backends: {slow: {kind: 'reply', delay: '1h'}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['slow'], draining: '30s'}},
		},
	});
	t.teardown(() => emulator.stop());
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator);
	const waiting = web.fetch('/');
	await eventually(() => [...web.traffic][0]?.backend?.name === 'slow', 'a request at its back-end');
	const text = 'slow: deregistered, 1 request in flight';
	const advance = async (by: string) => {
		await page.getByLabel('Advance the clock by').fill(by);
		await page.getByRole('button', {name: 'Advance'}).click();
	};

	await page
		.getByRole('region', {name: 'web', exact: true})
		.locator('[data-name="In flight"]', {hasText: '1'})
		.waitFor();
	await page.getByRole('button', {name: 'Drain slow of web'}).click();
	t.regex(await page.getByRole('dialog').innerText(), /1 request in flight is given 30 s\./);
	await page.getByRole('dialog').getByRole('button', {name: 'Drain'}).click();

	await page.getByText(`${text}, 30 s left`).waitFor();
	await advance('12s');
	await page.getByText(`${text}, 18 s left`).waitFor();
	await advance('18s');
	await page.getByText(text).waitFor({state: 'detached'});
	t.is((await waiting).status, 502);
});

test.serial('a fault is armed at a back-end, fires, is counted, and is removed', async t => {
	const emulator = await startScene(t);
	const web = emulator.get('web');
	const page = await openPage(t, browser, emulator, {isRefused: true});
	await page.getByRole('button', {name: 'Fault at app-2 of web'}).click();
	const form = page.getByRole('form', {name: 'Arm a fault'});
	t.is(await form.getByRole('combobox', {name: /^Where/}).inputValue(), 'backend:app-2');
	await form.getByRole('combobox', {name: /^Fault/}).selectOption('status');
	await form.getByRole('button', {name: 'Arm'}).click();
	const row = page.getByRole('row').filter({hasText: 'backend:app-2'});
	await row.waitFor();
	t.deepEqual(
		web.faults.map(({rule}) => rule),
		[{on: 'backend:app-2', do: {status: 503}}],
	);

	web.setHealth('app-1', 'OutOfService');
	t.is((await web.fetch('/fails')).status, 503);
	await row.getByText('1 time').waitFor();
	await form.getByRole('textbox', {name: 'Times'}).fill('often');
	await form.getByRole('button', {name: 'Arm'}).click();
	await page.getByRole('alert').filter({hasText: /times/}).waitFor();
	await row.getByRole('button', {name: /^Remove/}).click();
	await page.getByText('No fault is armed').waitFor();
	t.deepEqual(web.faults, []);
	t.is((await web.fetch('/works')).status, 200);
});

test.serial("the head says the emulator's time, in the time zone of whoever looks", async t => {
	const emulator = await startEmulator({port: 0, authority});
	t.teardown(() => emulator.stop());
	const page = await openPage(t, browser, emulator, {timezoneId: 'America/Bogota'});
	// 5 hours behind the whole year.
	const minute = () => new Date(emulator.clock.now() - 5 * 3600_000).toISOString().slice(11, 16);
	const clock = page.getByText(/clock real \d\d:\d\d:\d\d$/);

	await clock.waitFor();
	await eventually(async () => (await clock.innerText()).includes(`real ${minute()}:`));
	t.pass();
});
