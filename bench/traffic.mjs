// What the record costs a request: CPU time of the load balancer, in pairs that take turns, as the median of the ratios
// and their 95 % interval (order statistics). Every build needs `npm run build`.
//   node bench/traffic.mjs BEFORE NOW     small requests of one build against another, no reader
//   node bench/traffic.mjs NOW            the same build with a reader of GET /_lb/events and without, at RATE (5000) a second
// PAIRS (20) and SECONDS (1) of each run. With UNTOUCHED=1 nothing has asked the control port before. With PAGE=1 the reader is the page in Chromium, with the list of the traffic.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {createServer, get} from 'node:http';
import {connect} from 'node:net';
import {loadavg} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const LB = fileURLToPath(new URL('traffic-lb.mjs', import.meta.url));
const pairs = Number(process.env.PAIRS ?? 20);
const seconds = Number(process.env.SECONDS ?? 1);
const rate = Number(process.env.RATE ?? 5000);
const REQUEST = 'GET /orders HTTP/1.1\r\nHost: bench.test\r\n\r\n';
const builds = process.argv.slice(2).map(build => path.resolve(build));

if (process.argv[2] === '--backend') await serve();
else await measure();

/** The back-end, in a process of its own. */
async function serve() {
	const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
	server.keepAliveTimeout = 600_000;
	await once(server, 'listening');
	process.send(server.address().port);
}

async function start(file, ...args) {
	const child = fork(file, args);
	const died = once(child, 'exit').then(() => Promise.reject(new Error(`${file} has ended`)));
	const [message] = await Promise.race([once(child, 'message'), died]);
	died.catch(() => {});
	return {child, message};
}

async function cpuOf({child}) {
	child.send('cpu');
	const [ms] = await once(child, 'message');
	return ms;
}

/** Requests over some connections, as fast as they are answered, or so many a second. @returns how many were answered. */
async function load(port, perSecond) {
	const sockets = await Promise.all(
		Array.from({length: 20}, async () => {
			const socket = connect(port, '127.0.0.1').setNoDelay();
			await once(socket, 'connect');
			return socket;
		}),
	);
	let answered = 0;
	let isOver = false;
	const idle = [...sockets];
	for (const socket of sockets) {
		// Each answer comes as one piece: it is small.
		socket.on('data', () => {
			answered++;
			if (isOver) return;
			if (perSecond === undefined) socket.write(REQUEST);
			else idle.push(socket);
		});
	}
	const endMs = performance.now() + seconds * 1000;
	if (perSecond === undefined) for (const socket of sockets) socket.write(REQUEST);
	let sent = 0;
	const startMs = performance.now();
	while (performance.now() < endMs) {
		await new Promise(resolve => setTimeout(resolve, 2));
		if (perSecond === undefined) continue;
		const due = Math.floor(((performance.now() - startMs) / 1000) * perSecond);
		while (sent < due && idle.length > 0) {
			idle.pop().write(REQUEST);
			sent++;
		}
	}
	isOver = true;
	for (const socket of sockets) socket.destroy();
	return answered;
}

async function measure() {
	const backend = await start(fileURLToPath(import.meta.url), '--backend');
	const lbs = [];
	for (const build of builds.length === 1 ? [builds[0], builds[0]] : builds)
		lbs.push(await start(LB, build, `${backend.message}`));
	// Node reads from sockets by less optimised code once it has seen those of an HTTP server beside the load balancer's. Any
	// call of the control port does that, so both have answered one: what is measured is the reader.
	if (process.env.UNTOUCHED === undefined) for (const {message} of lbs) await askForState(message.endpoint);
	if (builds.length === 1) await (process.env.PAGE === undefined ? readEvents : openPage)(lbs[1].message.endpoint);
	const perSecond = builds.length === 1 ? rate : undefined;
	const run = async lb => {
		const before = await cpuOf(lb);
		const answered = await load(lb.message.port, perSecond);
		return {us: (((await cpuOf(lb)) - before) * 1000) / answered, answered};
	};
	for (const lb of lbs) await run(lb);
	const found = [];
	for (let pair = 0; pair < pairs; pair++) {
		const results = [];
		for (const index of pair % 2 === 0 ? [0, 1] : [1, 0]) results[index] = await run(lbs[index]);
		found.push({ratio: results[1].us / results[0].us, results});
	}
	const ratio = interval(found.map(({ratio}) => ratio));
	const us = index => median(found.map(({results}) => results[index].us)).toFixed(2);
	const each = index => Math.round(median(found.map(({results}) => results[index].answered)) / seconds);
	console.log(`CPU us a request: ${us(0)} and ${us(1)}, at ${each(0)} and ${each(1)} requests a second`);
	console.log(
		`ratio: ${ratio.value.toFixed(3)} (${ratio.from.toFixed(3)} to ${ratio.to.toFixed(3)}), ${pairs} pairs; load of the machine ${loadavg()[0].toFixed(1)}`,
	);
	if (builds.length === 1) {
		const shares = found.map(({results}) => ((results[1].us - results[0].us) * results[1].answered) / seconds / 1e4);
		const {value, from, to} = interval(shares);
		console.log(`the reader costs ${value.toFixed(1)} % of a core (${from.toFixed(1)} to ${to.toFixed(1)})`);
	}
	for (const {child} of [...lbs, backend]) child.kill();
	process.exit();
}

/** The median and its interval. Binomial: of 20 values the 6th and the 15th hold it between them with 95.9 %. */
function interval(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const low = Math.max(0, Math.floor(values.length / 2 - 0.98 * Math.sqrt(values.length)));
	return {value: median(values), from: sorted[low], to: sorted[values.length - 1 - low]};
}

async function askForState(endpoint) {
	const response = await fetch(`${endpoint}/_lb/state`);
	await response.text();
}

async function openPage(endpoint) {
	const {chromium} = await import('playwright-core');
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-dev-shm-usage'],
	});
	const page = await browser.newPage({viewport: {width: 1400, height: 900}});
	await page.goto(`${endpoint}/_lb/#/traffic`);
	await page.getByText('live').first().waitFor();
}

function readEvents(endpoint) {
	let bytes = 0;
	get(`${endpoint}/_lb/events`, response => response.on('data', chunk => (bytes += chunk.length)));
	process.on('exit', () => console.log(`the reader got ${bytes} bytes`));
}

function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
