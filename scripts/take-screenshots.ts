// `npm run screenshots`: pictures of the page for README.md and docs/page.md, the same from run to run on one machine.
//
//   npm run screenshots                     docs/images, 1280 pixels wide, light and dark
//   npm run screenshots -- /tmp/look 320    another folder and width
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {type Browser, chromium, type Page} from 'playwright-core';
import {buildChangedPage} from './build-page.mjs';
import {ROOT} from './bundles.mjs';
import {startScene} from './screenshots/scene.ts';
import {openSteadyPage, VIEWS} from './screenshots/steady-page.ts';

const [folder = path.join(ROOT, 'docs/images'), width = '1280'] = process.argv.slice(2);

async function takeAll(browser: Browser): Promise<void> {
	const emulator = await startScene();
	try {
		for (const colorScheme of ['light', 'dark'] as const) {
			const page = await openSteadyPage(browser, emulator, {
				colorScheme,
				viewport: {width: Number(width), height: 720},
			});
			for (const {name, show} of VIEWS) {
				await show(page);
				await take(page, `${name}-${colorScheme}`);
			}
			await page.context().close();
		}
	} finally {
		await emulator.stop();
	}
}

async function take(page: Page, name: string): Promise<void> {
	// The list of exchanges, and a dialog, fill the window.
	const fullPage = !/^(?:traffic|connect)/.test(name);
	await page.screenshot({path: path.join(folder, `${name}.png`), fullPage, animations: 'disabled'});
}

await buildChangedPage(path.join(ROOT, 'dist/page'));
await mkdir(folder, {recursive: true});
const browser = await chromium.launch({
	executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
	// The last two: edges of what is painted again in part are the same as of what is painted at once, on any processor.
	args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-partial-raster', '--disable-skia-runtime-opts'],
});
try {
	await takeAll(browser);
} finally {
	await browser.close();
}
