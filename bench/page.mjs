// The budgets of the page, in Chromium: node bench/page.mjs [BUILD...] after `npm run build` there.
// How soon it can be used with 10,000 exchanges recorded, of several builds in turns: ROUNDS (15) visits of a tab that is
// open already, since a browser that starts does much else. Then, of the last build: how many nodes the page has, how long
// a filter takes, the longest task while 500 exchanges come each second, and the memory of the tab.
// LARGE=1: how soon the map can be used with 200 load balancers, or 1,000 back-ends, and how many nodes it has then.
// What an open page costs the load balancer: PAGE=1 RECORD=10000 node bench/traffic.mjs
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {Agent, request} from 'node:http';
import {loadavg} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';
import {median} from './interleaved.mjs';

const EXCHANGES = 10_000;
const rounds = Number(process.env.ROUNDS ?? 15);

if (process.argv[2] === '--serve') await serve(process.argv[3]);
else if (process.env.LARGE) await measureLarge(process.argv.length > 2 ? process.argv.slice(2) : ['.']);
else await measure(process.argv.length > 2 ? process.argv.slice(2) : ['.']);

/** One emulator, in a process of its own, which sends itself as many requests as it is told. */
async function serve(build) {
	const {startEmulator} = await import(path.resolve(build, 'dist/index.js'));
	const emulator = await startEmulator({
		port: 0,
		record: {exchanges: EXCHANGES},
		config: {
			backends: {a: {kind: 'reply'}, b: {kind: 'reply', status: 500}},
			loadBalancers: {web: {listeners: ['http:80'], backends: ['a', 'b']}},
		},
	});
	const agent = new Agent({keepAlive: true, maxSockets: 16});
	const port = emulator.get('web').port(80);
	let sent = 0;
	const one = () =>
		new Promise((resolve, reject) => {
			const options = {agent, host: '127.0.0.1', port, path: `/n/${sent++}`, headers: {Host: 'web.test'}};
			request(options, response => response.resume().once('end', resolve))
				.on('error', reject)
				.end();
		});
	process.on('message', async count => {
		let left = count;
		const many = async () => {
			while (left-- > 0) await one();
		};
		await Promise.all(Array.from({length: 16}, many));
		process.send('sent');
	});
	process.send(emulator.endpoint);
}

function launch() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-dev-shm-usage', '--enable-precise-memory-info'],
	});
}

/** So many load balancers with so many back-ends each, none of which is there. */
function largeConfig(balancers, each) {
	const addresses = Array.from({length: balancers * each}, (_, index) => [`vm-${index + 1}`, `127.0.0.1:${index + 1}`]);
	const names = addresses.map(([name]) => name);
	const balancer = (_, index) => [
		`lb-${index + 1}`,
		{listeners: ['tcp:25'], backends: names.slice(index * each, (index + 1) * each)},
	];
	return {
		backends: Object.fromEntries(addresses),
		loadBalancers: Object.fromEntries(Array.from({length: balancers}, balancer)),
	};
}

async function measureLarge(builds) {
	const browser = await launch();
	for (const [balancers, each] of [
		[200, 3],
		[1, 1000],
	]) {
		const subjects = [];
		for (const build of builds) {
			const {startEmulator} = await import(path.resolve(build, 'dist/index.js'));
			const emulator = await startEmulator({port: 0, config: largeConfig(balancers, each)});
			const page = await browser.newPage({viewport: {width: 1400, height: 900}});
			await waitUsable(page, 'document.querySelector(".balancer tbody tr")');
			subjects.push({build, emulator, page, endpoint: emulator.endpoint, found: []});
		}
		for (let round = 0; round <= rounds; round++) {
			for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
				const ms = await visit(subject, 'map');
				if (round > 0) subject.found.push(ms);
			}
		}
		for (const {build, emulator, page, found} of subjects) {
			const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
			console.log(
				`${build}: ${balancers} load balancers with ${each} back-ends each: usable after ${Math.round(median(found))} ms, ${nodes} nodes`,
			);
			await page.close();
			await emulator.stop();
		}
	}
	await browser.close();
}

/** `usable` in each document that comes: milliseconds from the navigation until an expression is true. */
async function waitUsable(page, expression) {
	await page.addInitScript(`globalThis.usable = new Promise(resolve => {
		const look = () => (${expression} ? resolve(performance.now()) : requestAnimationFrame(look));
		look();
	})`);
}

async function measure(builds) {
	const browser = await launch();
	const subjects = [];
	for (const build of builds) subjects.push(await prepare(browser, build));
	for (let round = 0; round <= rounds; round++) {
		for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
			const ms = await visit(subject);
			// The first time the browser has compiled nothing.
			if (round > 0) subject.found.push(ms);
		}
	}
	for (const {build, found} of subjects) {
		// Binomial: of 15 values the 4th and the 12th hold the median between them with 96.5 %.
		const sorted = found.toSorted((a, b) => a - b);
		const low = Math.max(0, Math.floor(rounds / 2 - 0.98 * Math.sqrt(rounds)));
		const [from, to] = [sorted[low], sorted[rounds - 1 - low]].map(Math.round);
		const load = loadavg()[0].toFixed(1);
		console.log(
			`${build}: usable after ${Math.round(median(found))} ms (${from} to ${to}; budget 1000), load of the machine ${load}`,
		);
	}
	await measureOpenPage(subjects.at(-1));
	await browser.close();
	for (const {child} of subjects) child.kill();
	process.exit();
}

async function prepare(browser, build) {
	const child = fork(fileURLToPath(import.meta.url), ['--serve', build]);
	const [endpoint] = await once(child, 'message');
	await tell(child, EXCHANGES);
	const page = await browser.newPage({viewport: {width: 1400, height: 900}});
	await waitUsable(
		page,
		"document.querySelector('.counts')?.textContent.startsWith('10,000 of 10,000') && document.querySelector('[data-key]')",
	);
	return {build, child, endpoint, page, found: []};
}

async function tell(child, count) {
	child.send(count);
	await once(child, 'message');
}

/** @returns milliseconds from the navigation to the rows of a view. */
async function visit({page, endpoint}, view = 'traffic') {
	await page.goto('about:blank');
	// What the browser does about the visit before.
	await new Promise(resolve => setTimeout(resolve, 300));
	await page.goto(`${endpoint}/_lb/#/${view}`, {waitUntil: 'commit'});
	return page.evaluate(() => globalThis.usable);
}

async function measureOpenPage({page, child}) {
	console.log(`nodes: ${await page.evaluate(() => document.querySelectorAll('*').length)} (budget 1500)`);
	const filter = wanted =>
		page.evaluate(async ([text, shown]) => {
			const field = document.getElementById('filter');
			const start = performance.now();
			field.value = text;
			field.dispatchEvent(new Event('input', {bubbles: true}));
			while (!document.querySelector('.counts').textContent.endsWith(shown)) {
				await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 0)));
			}
			return Math.round(performance.now() - start);
		}, wanted);
	console.log(
		`the first filter, which reads the others: ${await filter(['is:failed', '5,000 of 10,000 exchanges'])} ms`,
	);
	await filter(['', '10,000 of 10,000 exchanges']);
	const ms = await filter(['status:2xx', '5,000 of 10,000 exchanges']);
	console.log(`a filter, with the frame that shows it: ${ms} ms (budget 50 for the filter)`);
	await page.evaluate(() => {
		globalThis.longest = 0;
		new PerformanceObserver(list => {
			for (const {duration} of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
		}).observe({entryTypes: ['longtask']});
	});
	const end = performance.now() + 10_000;
	while (performance.now() < end) {
		const next = performance.now() + 100;
		await tell(child, 50);
		await new Promise(resolve => setTimeout(resolve, Math.max(0, next - performance.now())));
	}
	const longest = Math.round(await page.evaluate(() => globalThis.longest));
	console.log(`longest task in 10 s of 500 exchanges a second: ${longest} ms (budget 500; 0: none over 50)`);
	const heap = Math.round((await page.evaluate(() => performance.memory.usedJSHeapSize)) / 1e6);
	console.log(`heap: ${heap} MB (budget 60)`);
}
