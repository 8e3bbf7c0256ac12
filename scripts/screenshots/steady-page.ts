import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import type {Emulator} from '../../src/index.ts';
import {SCENE_END_MS, steadyAnswers} from './steady.ts';

interface View {
	/** Of its picture. */
	readonly name: string;
	/** Resolves when everything of it is there. */
	readonly show: (page: Page) => Promise<void>;
}

/** Goes to a place of the page, and waits for what comes last there. */
function at(hash: string, last: (page: Page) => ReturnType<Page['locator']>): View['show'] {
	return async page => {
		await page.evaluate(`location.hash = '#/${hash}'`);
		await last(page).first().waitFor();
	};
}

export const VIEWS: readonly View[] = [
	{name: 'map', show: at('map', page => page.getByRole('region', {name: 'mail', exact: true}))},
	{name: 'traffic', show: at('traffic', page => page.getByRole('gridcell', {name: '/api/items?page=2'}))},
	{name: 'traffic-detail', show: at('traffic?x=web/2', page => page.getByText('Access log line'))},
	{name: 'calls', show: at('calls', page => page.getByRole('rowheader', {name: 'ReadVmsHealth'}))},
	{name: 'certificates', show: at('certificates', page => page.getByText('Systems, browsers, git'))},
	{name: 'advice', show: at('advice', page => page.getByText('What to do:'))},
	{name: 'faults', show: at('faults', page => page.getByRole('form', {name: 'Arm a fault'}))},
	{
		name: 'connect',
		show: async page => {
			await page.getByRole('button', {name: 'Connect, and keys'}).click();
			await page.getByText('Send a request').waitFor();
		},
	},
];

/** A tab that shows the scene as it is in every run, with the time and the time zone of the pictures. */
export async function openSteadyPage(
	browser: Browser,
	emulator: Emulator,
	options: BrowserContextOptions,
): Promise<Page> {
	const steady = steadyAnswers(emulator);
	const context = await browser.newContext({timezoneId: 'UTC', locale: 'en-GB', reducedMotion: 'reduce', ...options});
	await context.clock.setFixedTime(SCENE_END_MS);
	// What is neither a file of the page nor the stream of events, which tells nothing while nothing happens.
	await context.route(/\/_lb\/(?!page\/|events|$)/, async route => {
		const response = await route.fetch();
		await route.fulfill({response, body: steady(await response.text())});
	});
	const page = await context.newPage();
	await page.goto(`${emulator.endpoint}/_lb/`);
	await page.getByText('● live').waitFor();
	return page;
}
