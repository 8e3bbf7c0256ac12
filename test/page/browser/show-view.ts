import type {Page} from 'playwright-core';

/** Goes to a view, by what stands after `#/`, until a text of it is there. */
export async function showView(page: Page, [hash, last]: readonly [string, string]): Promise<void> {
	await page.evaluate(to => {
		location.hash = to;
	}, `#/${hash}`);
	await page.getByText(last).first().waitFor({state: 'attached'});
}
