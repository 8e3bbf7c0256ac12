// The budgets of the page, in Chromium: node bench/page.mjs [DIST] after `npm run build`.
// How soon it can be used, how many nodes 10,000 exchanges have, how long a filter takes, the longest task while 500
// exchanges come each second, the memory of the tab, and what one open page costs the process at full load.
import {Agent, request} from 'node:http';
import path from 'node:path';
import {chromium} from 'playwright-core';

const dist = path.resolve(process.argv[2] ?? 'dist');
const {startEmulator} = await import(path.join(dist, 'index.js'));
const agent = new Agent({keepAlive: true, maxSockets: 16});

const emulator = await startEmulator({
	record: {exchanges: 10_000},
	config: {
		backends: {a: {kind: 'reply'}, b: {kind: 'reply', status: 500}},
		loadBalancers: {web: {listeners: ['http:80'], backends: ['a', 'b']}},
	},
});
const port = emulator.get('web').port(80);
let sent = 0;

function one() {
	return new Promise((resolve, reject) => {
		const options = {agent, host: '127.0.0.1', port, path: `/n/${sent++}`, headers: {Host: 'web.test'}};
		request(options, response => response.resume().once('end', resolve))
			.on('error', reject)
			.end();
	});
}

async function many(count) {
	let left = count;
	await Promise.all(
		Array.from({length: 16}, async () => {
			while (left-- > 0) await one();
		}),
	);
}

/** As fast as it goes for so long. @returns requests for each second of processor time of this process. */
async function atFullLoad(ms) {
	const before = process.cpuUsage();
	const start = sent;
	const until = performance.now() + ms;
	await Promise.all(
		Array.from({length: 16}, async () => {
			while (performance.now() < until) await one();
		}),
	);
	const {user, system} = process.cpuUsage(before);
	return (sent - start) / ((user + system) / 1e6);
}

async function rounds() {
	const values = [];
	for (let round = 0; round < 5; round++) values.push(await atFullLoad(1500));
	return values.sort((a, b) => a - b);
}

await many(20_000);
// Before any page: whoever has left is remembered for a while.
const alone = await rounds();
const browser = await chromium.launch({
	executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-dev-shm-usage', '--enable-precise-memory-info'],
});
const open = async () => {
	const page = await browser.newPage({viewport: {width: 1400, height: 900}});
	const start = performance.now();
	await page.goto(`${emulator.endpoint}/_lb/#/traffic`);
	await page.getByText('10,000 of 10,000 exchanges').waitFor();
	return {page, ms: performance.now() - start};
};
const {page, ms} = await open();
console.log(`usable with 10,000 exchanges: ${Math.round(ms)} ms (budget 1000)`);
console.log(`nodes: ${await page.evaluate(() => document.querySelectorAll('*').length)} (budget 1500)`);
const filterMs = await page.evaluate(async () => {
	const field = document.getElementById('filter');
	const start = performance.now();
	field.value = 'status:5xx path:/n/1';
	field.dispatchEvent(new Event('input', {bubbles: true}));
	await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 0)));
	return performance.now() - start;
});
console.log(`filter, with the frame that shows it: ${Math.round(filterMs)} ms (budget 50 for the filter)`);
await page.evaluate(() => {
	globalThis.longest = 0;
	new PerformanceObserver(list => {
		for (const {duration} of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
	}).observe({entryTypes: ['longtask']});
});
const end = performance.now() + 10_000;
while (performance.now() < end) {
	await many(50);
	await new Promise(resolve => setTimeout(resolve, 100));
}
console.log(
	`longest task in 10 s of about 500 a second: ${Math.round(await page.evaluate(() => globalThis.longest))} ms (budget 500)`,
);
console.log(`heap: ${Math.round((await page.evaluate(() => performance.memory.usedJSHeapSize)) / 1e6)} MB (budget 60)`);
await page.close();
const reader = await browser.newPage();
await reader.goto(`${emulator.endpoint}/_lb/#/traffic`);
await reader.getByText('live').first().waitFor();
const watched = await rounds();
const shown = values => values.map(each => Math.round(each)).join(' ');
console.log(`requests for each second of processor time, no page: ${shown(alone)}; one page: ${shown(watched)}`);
await browser.close();
agent.destroy();
await emulator.stop();
