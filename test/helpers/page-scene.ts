import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import type {ExecutionContext} from 'ava';
import {type Browser, type BrowserContextOptions, chromium, type Page} from 'playwright-core';
import {type Config, type Emulator, type EmulatorOptions, startEmulator} from '../../src/index.ts';
import {authority} from './emulator-scene.ts';
import {PATIENCE_MS} from './patience.ts';

/** A fixed scene: termination, a rule, stickiness, a back-end that fails its probes, passthrough; the clock stands still. */
export const SCENE: Config = {
	backends: {
		'app-1': {kind: 'echo'},
		'app-2': {kind: 'echo'},
		api: {kind: 'reply', headers: {'Content-Type': 'application/json'}, body: '{"items":[1,2,3]}'},
		broken: {kind: 'reply', status: 500},
		mail: {kind: 'tcp', mode: 'echo'},
	},
	loadBalancers: {
		web: {
			listeners: [
				{
					listen: 'https:443 -> http:80',
					certificate: {names: ['web.test', 'www.web.test']},
					stickiness: {seconds: 300},
				},
				'http:80',
			],
			backends: ['app-1', 'app-2', 'api', 'broken'],
			healthCheck: {target: 'HTTP:80/health', unhealthy: 2},
			rules: [{priority: 10, name: 'api', path: '/api/*', to: ['api']}],
		},
		mail: {listeners: ['tcp:25'], backends: ['mail']},
	},
};

/** The scene with some traffic: a rule, a body, a failure. */
export async function startScene(
	t: Pick<ExecutionContext, 'teardown'>,
	options: EmulatorOptions = {},
): Promise<Emulator> {
	const emulator = await startEmulator({port: 0, authority, clock: 'manual', config: SCENE, ...options});
	t.teardown(() => emulator.stop());
	const web = emulator.get('web');
	await web.settle();
	await web.fetch('/');
	await web.fetch('/cart', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"item":1}'});
	await web.fetch('/api/items');
	web.setHealth('api', 'OutOfService');
	await web.fetch('/api/items');
	return emulator;
}

/** @param options what the browser is told beside what it needs here. */
export function launch(...options: string[]): Promise<Browser> {
	return chromium.launch({
		executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
		// In a container there is no user to sandbox for, and little shared memory.
		args: ['--no-sandbox', '--disable-dev-shm-usage', ...options],
	});
}

interface OpenOptions extends BrowserContextOptions {
	readonly hash?: string;
	/** Whether the test asks for something that is refused. */
	readonly isRefused?: boolean;
	/** Whether the test takes the connection away. */
	readonly isCut?: boolean;
}

/** A tab that shows the page. When the test ends, nothing must have been logged, and nothing asked of anybody else. */
export async function openPage(
	t: ExecutionContext,
	browser: Browser,
	{endpoint}: Pick<Emulator, 'endpoint'>,
	{hash = '#/map', isRefused = false, isCut = false, ...options}: OpenOptions = {},
): Promise<Page> {
	const context = await browser.newContext({viewport: {width: 1400, height: 900}, ...options});
	context.setDefaultTimeout(PATIENCE_MS);
	const page = await context.newPage();
	const odd: string[] = [];
	page.on('console', message => {
		// The browser tells of each answer that refuses something, and of what the policy stops.
		const text = message.text();
		const isExpected =
			(isRefused && /status of 4|TrustedHTML/.test(text)) || (isCut && /Failed to load resource: net::/.test(text));
		if (!isExpected) odd.push(`console: ${text}`);
	});
	page.on('pageerror', error => odd.push(`error: ${error.message}`));
	page.on('request', request => {
		if (!request.url().startsWith(`${endpoint}/_lb/`) && !request.url().startsWith('blob:')) odd.push(request.url());
	});
	t.teardown(async () => {
		await context.close();
		// Too late for an assertion.
		if (odd.length > 0) throw new Error(`The page was not quiet:\n${odd.join('\n')}`);
	});
	await page.goto(`${endpoint}/_lb/${hash}`);
	await page.getByText('live', {exact: false}).first().waitFor();
	return page;
}

/** A tab whose connection may be lost, which the browser logs. @returns with it the errors that nobody has caught. */
export async function openTab(t: Pick<ExecutionContext, 'teardown'>, browser: Browser) {
	const context = await browser.newContext();
	t.teardown(() => context.close());
	const page = await context.newPage();
	const errors: Error[] = [];
	page.on('pageerror', error => errors.push(error));
	return {context, page, errors};
}

/** What axe finds against WCAG 2.2 AA, as text. The policy of the page runs no script tag, so it is there beforehand. */
export async function violationsIn(page: Page): Promise<string[]> {
	const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
	await page.evaluate(axe);
	// It runs in the page, where axe is a global.
	const found: unknown = await page.evaluate(
		`axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations.map(({id, nodes}) => id + ': ' + nodes.map(({html, any}) => html.slice(0, 120) + ' ' + (any[0]?.message ?? '')).join(' | ')))`,
	);
	return Array.isArray(found) ? found.map(String) : ['axe did not run'];
}
