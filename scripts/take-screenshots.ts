// `npm run screenshots`: pictures of the page for the README, of a fixed scene whose clock stands still.
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {chromium, type Page} from 'playwright-core';
import {createAuthority, type Emulator, startEmulator} from '../src/index.ts';
import {buildChangedPage} from './build-page.mjs';
import {ROOT} from './bundles.mjs';

const [folder = path.join(ROOT, 'docs/images'), width = '1280', ...themes] = process.argv.slice(2);
const VIEWS = ['map', 'traffic', 'traffic?x=web/5', 'calls', 'certificates', 'advice', 'faults'] as const;

async function startScene(): Promise<Emulator> {
	const emulator = await startEmulator({
		port: 18_089,
		clock: 'manual',
		authority: createAuthority(),
		config: {
			backends: {
				'app-1': {kind: 'echo'},
				'app-2': {kind: 'echo'},
				api: {kind: 'reply', headers: {'Content-Type': 'application/json'}, body: '{"items":[1,2,3]}'},
				old: {kind: 'reply', status: 500},
				shop: {kind: 'reply', status: 301, headers: {Location: 'https://web.test/shop'}},
				mail: {kind: 'tcp', mode: 'echo'},
			},
			loadBalancers: {
				web: {
					listeners: [{listen: 'https:443 -> http:80', certificate: {names: ['web.test', 'www.web.test']}}, 'http:80'],
					backends: ['app-1', 'app-2', 'api', 'old', 'shop'],
					healthCheck: {target: 'HTTP:80/health', unhealthy: 2},
					rules: [
						{priority: 20, name: 'api', path: '/api/*', to: ['api']},
						{priority: 10, name: 'shop', path: '/shop', to: ['shop']},
					],
				},
				mail: {listeners: ['tcp:25'], backends: ['mail']},
			},
		},
	});
	const web = emulator.get('web');
	await web.settle();
	web.setHealth('shop', 'InService');
	await web.fetch('/');
	await web.fetch('/cart', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"item":1}'});
	await web.fetch('/api/items?page=1');
	for (let turn = 0; turn < 3; turn++) await web.fetch('https://web.test/shop', {redirect: 'manual'});
	web.setHealth('api', 'OutOfService');
	await web.fetch('/api/items?page=2');
	web.inject({on: 'backend:app-2', do: {status: 503, body: 'try later'}, times: 2});
	web.inject({on: 'listener:443', do: {reset: 'on-reuse'}, skip: 3});
	for (const action of ['ReadLoadBalancers', 'ReadVms', 'ReadVmsHealth']) {
		await fetch(`${emulator.endpoint}/api/v1/${action}`, {
			method: 'POST',
			body: action === 'ReadVms' ? '{"Filters": {"SubnetIds": ["subnet-1"]}}' : '{}',
		});
	}
	return emulator;
}

async function take(page: Page, {endpoint}: Emulator, theme: string): Promise<void> {
	for (const view of VIEWS) {
		await page.goto(`${endpoint}/_lb/#/map`);
		await page.goto(`${endpoint}/_lb/#/${view}`);
		await page
			.getByRole('heading', {level: view.includes('?') ? 3 : 2})
			.first()
			.waitFor({state: 'attached'});
		await page.getByText('live').first().waitFor();
		const name = view.replace('?x=web/5', '-detail');
		const isList = view.startsWith('traffic');
		await page.screenshot({path: path.join(folder, `${name}-${theme}.png`), fullPage: !isList});
	}
}

await buildChangedPage(path.join(ROOT, 'dist/page'));
await mkdir(folder, {recursive: true});
const emulator = await startScene();
const browser = await chromium.launch({
	executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
try {
	for (const colorScheme of ['light', 'dark'] as const) {
		if (themes.length > 0 && !themes.includes(colorScheme)) continue;
		const page = await browser.newPage({colorScheme, viewport: {width: Number(width), height: 720}});
		await take(page, emulator, colorScheme);
		await page.close();
	}
} finally {
	await browser.close();
	await emulator.stop();
}
