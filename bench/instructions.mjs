// What a small request costs in instructions of the load balancer's process (user mode, every thread), counted by
// valgrind's cachegrind: unlike times, counts are hardly moved by what else the machine does. Two lives of the process
// with different numbers of requests; the difference leaves out the start. Needs `valgrind`, and `npm run build` in
// every build.
//   node bench/instructions.mjs BEFORE NOW    small requests of one build against another, nobody reads
//   node bench/instructions.mjs NOW           the same build with a reader of GET /_lb/events and without: as valgrind is
//                                             slow, its intervals are made longer until as many requests come in each of
//                                             them as at RATE (5000) a second. Both have answered a call before: Node reads
//                                             by less optimised code once it has seen sockets of an HTTP server.
// ROUNDS (3), FEW (20000) and MANY (60000) requests of the two lives, over CONNECTIONS (1): with one, each request is a
// turn of the event loop of its own, however busy the machine is.
import {fork, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer, get} from 'node:http';
import {connect} from 'node:net';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const LB = fileURLToPath(new URL('traffic-lb.mjs', import.meta.url));
const rounds = Number(process.env.ROUNDS ?? 3);
const rate = Number(process.env.RATE ?? 5000);
const few = Number(process.env.FEW ?? 20_000);
const many = Number(process.env.MANY ?? 60_000);
const connections = Number(process.env.CONNECTIONS ?? 1);
const REQUEST = 'GET /orders HTTP/1.1\r\nHost: bench.test\r\n\r\n';
const VALGRIND = ['--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null'];

if (process.argv[2] === '--backend') await serve();
else await measure(process.argv.slice(2).map(build => path.resolve(build)));

/** The back-end, in a process of its own. */
async function serve() {
	const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
	server.keepAliveTimeout = 600_000;
	await once(server, 'listening');
	process.send(server.address().port);
}

async function measure(builds) {
	const backend = fork(fileURLToPath(import.meta.url), ['--backend']);
	const [backendPort] = await once(backend, 'message');
	const variants =
		builds.length === 1
			? [
					{build: builds[0], reads: false},
					{build: builds[0], reads: true},
				]
			: builds.map(build => ({build, reads: false}));
	const costs = variants.map(() => []);
	const {perSecond} = await life(variants[0], {backendPort, requests: few, slowness: 1});
	const slowness = rate / perSecond;
	for (let round = 0; round < rounds; round++) {
		for (const [index, variant] of variants.entries()) {
			const short = await life(variant, {backendPort, requests: few, slowness});
			const long = await life(variant, {backendPort, requests: many, slowness});
			const perRequest = (long.instructions - short.instructions) / (many - few);
			costs[index].push(perRequest);
			const told = variant.reads ? `, ${long.rows - short.rows} rows in ${long.events - short.events} events told` : '';
			console.log(`${variant.build}${variant.reads ? ', with a reader' : ''}: ${Math.round(perRequest)}${told}`);
		}
	}
	backend.kill();
	for (const [index, {build, reads}] of variants.entries()) {
		const sorted = costs[index].toSorted((a, b) => a - b).map(Math.round);
		const ratio = (median(costs[index]) / median(costs[0])).toFixed(4);
		console.log(`${build}${reads ? ', with a reader' : ''}: ${sorted.join(' ')}, ratio of the medians ${ratio}`);
	}
}

/** Starts the load balancer, sends so many requests, stops it. */
async function life({build, reads}, {backendPort, requests, slowness}) {
	const child = spawn('valgrind', [...VALGRIND, process.execPath, LB, build, `${backendPort}`], {
		env: {...process.env, SLOWNESS: `${slowness}`},
		stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
	});
	let words = '';
	child.stderr.setEncoding('utf8').on('data', text => (words += text));
	const exited = once(child, 'exit');
	const died = exited.then(() => Promise.reject(new Error(`it ended: ${words}`)));
	const [{port, endpoint}] = await Promise.race([once(child, 'message'), died]);
	const told = {rows: 0, events: 0};
	await (await fetch(`${endpoint}/_lb/state`)).text();
	if (reads) readEvents(endpoint, told);
	const startMs = performance.now();
	await load(port, requests);
	const perSecond = (requests * 1000) / (performance.now() - startMs);
	died.catch(() => {});
	child.disconnect();
	await exited;
	const [, counted] = /I\s+refs:\s+([\d,]+)/.exec(words) ?? [];
	if (counted === undefined) throw new Error(`valgrind counted nothing: ${words}`);
	return {instructions: Number(counted.replaceAll(',', '')), perSecond, ...told};
}

/** So many requests over some connections, each as fast as it is answered. */
async function load(port, requests) {
	let sent = 0;
	await Promise.all(
		Array.from({length: connections}, async () => {
			const socket = connect(port, '127.0.0.1').setNoDelay();
			await once(socket, 'connect');
			await new Promise((resolve, reject) => {
				const next = () => {
					if (sent >= requests) return resolve();
					sent++;
					socket.write(REQUEST);
				};
				// Each answer comes as one piece: it is small.
				socket.on('data', next).on('error', reject);
				next();
			});
			socket.destroy();
		}),
	);
}

function readEvents(endpoint, told) {
	get(`${endpoint}/_lb/events`, response => {
		response.setEncoding('utf8').on('data', text => {
			told.events += text.split('event: exchanges').length - 1;
			told.rows += text.split('"seq"').length - 1;
		});
		response.on('error', () => {});
	}).on('error', () => {});
}

function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
