// What `lb-local up` costs beside the library: CPU microseconds per request of both, over HTTP and HTTPS, and for each way
// to print exchanges. All run at once and are asked in turns, so that a machine that drifts is the same for all. Needs
// `npm run build`, and Linux, whose /proc tells the CPU time of other processes.
//   node bench/up.mjs [rounds] [requests] [http|https]
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {connect as connectTls} from 'node:tls';
import {fileURLToPath} from 'node:url';
import getPort from 'get-port';

const [rounds = '15', requests = '4000', only] = process.argv.slice(2);
const CONNECTIONS = 32;
/** Each has its code compiled by then. */
const WARM_UP = 8000;
const TICK_US = 10_000;

const root = process.env.ROOT ?? fileURLToPath(new URL('..', import.meta.url));
const {createAuthority} = await import(path.join(root, 'dist/index.js'));
const scratch = mkdtempSync(path.join(tmpdir(), 'lb-local-'));
// `up` watches the folder of its configuration and the one above, in which nothing else is to happen.
const folder = path.join(scratch, 'project', 'bench');
mkdirSync(folder, {recursive: true});
const {cert, key} = createAuthority().issue({names: ['bench.test']});
for (const [file, text] of [
	['cert.pem', cert],
	['key.pem', key],
])
	writeFileSync(path.join(folder, file), text);

const backends = [];
for (let i = 0; i < 2; i++) {
	const server = createServer((_, response) => response.end('hello\n')).listen(0, '127.0.0.1');
	await once(server, 'listening');
	backends.push(server.address().port);
}

/** The contenders: one load balancer each, of the same description. */
const WAYS = [
	['library'],
	['up, lines to a file', [], () => openSync(path.join(scratch, 'lines'), 'a')],
	['up, lines to a file beside its configuration', [], () => openSync(path.join(folder, 'lines'), 'a')],
	['up, lines to /dev/null', [], () => openSync('/dev/null', 'w')],
	['up --json to /dev/null', ['--json'], () => openSync('/dev/null', 'w')],
	['up --quiet', ['--quiet'], () => openSync(path.join(scratch, 'quiet'), 'a')],
];

async function start(secure, [name, options, stdout]) {
	const port = await getPort({host: '127.0.0.1'});
	const child =
		options === undefined ? startLibrary(secure, port) : await startUp({secure, port, options, stdout: stdout()});
	for (;;) {
		const probe = connect(port, '127.0.0.1').on('error', () => {});
		const [isUp] = await Promise.race([
			once(probe, 'connect').then(
				() => [true],
				() => [false],
			),
			once(probe, 'close').then(() => [false]),
		]);
		probe.destroy();
		if (isUp) break;
		await new Promise(resolve => setTimeout(resolve, 50));
	}
	return {name, port, child, costs: []};
}

function startLibrary(secure, port) {
	return spawn(process.execPath, [path.join(root, 'bench/entry.mjs')], {
		stdio: 'inherit',
		env: {
			...process.env,
			MODE: secure ? 'Cs' : 'Ch',
			PORT: String(port),
			BACKENDS: backends.join(','),
			CERT: path.join(folder, 'cert.pem'),
			KEY: path.join(folder, 'key.pem'),
		},
	});
}

async function startUp({secure, port, options, stdout}) {
	const protocol = secure ? 'https' : 'http';
	const config = {
		control: {port: await getPort({host: '127.0.0.1'})},
		certificates: secure ? {bench: {cert: './cert.pem', key: './key.pem'}} : {},
		backends: {one: `127.0.0.1:${backends[0]}`, two: `127.0.0.1:${backends[1]}`},
		loadBalancers: {
			bench: {
				listeners: [{listen: `${protocol}:${port} -> http:80`, ...(secure ? {certificate: 'bench'} : {})}],
				backends: ['one', 'two'],
				idleTimeout: '300s',
			},
		},
	};
	const file = path.join(folder, `${port}.json`);
	writeFileSync(file, JSON.stringify(config));
	const main = path.join(root, 'dist/cli/main.js');
	return spawn(process.execPath, [...execOptions(options), main, 'up', '--ports', 'exact', ...options, file], {
		stdio: ['ignore', stdout, openSync('/dev/null', 'w')],
		env: {...process.env, LB_LOCAL_HOME: path.join(scratch, 'home')},
	});
}

/** `PROFILE=<folder>` writes a CPU profile of each `up` when it ends. */
function execOptions(options) {
	const {PROFILE} = process.env;
	if (PROFILE === undefined) return [];
	return ['--cpu-prof', `--cpu-prof-dir=${path.join(PROFILE, options.join('') || 'plain')}`];
}

/** Asks a load balancer so many times, over connections that are kept, one request at a time on each. */
async function ask({port}, secure, count) {
	let left = count;
	const one = async () => {
		const at = {port, host: '127.0.0.1'};
		const socket = secure
			? connectTls({...at, servername: 'bench.test', ca: cert, rejectUnauthorized: false})
			: connect(at);
		await once(socket, secure ? 'secureConnect' : 'connect');
		await new Promise((resolve, reject) => {
			let seen = '';
			const next = () => {
				if (left-- > 0) socket.write('GET /path?of=request HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: bench\r\n\r\n');
				else resolve(socket.destroy());
			};
			socket.on('error', reject);
			socket.on('data', data => {
				seen += data.toString('latin1');
				if (!seen.endsWith('hello\n')) return;
				if (!seen.startsWith('HTTP/1.1 200 ')) reject(new Error(seen));
				seen = '';
				next();
			});
			next();
		});
	};
	await Promise.all(Array.from({length: CONNECTIONS}, one));
}

/** CPU microseconds that a process has used, its kernel's included: proc(5), /proc/pid/stat, utime and stime. */
function cpuOf({child}) {
	const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];

for (const secure of only === undefined ? [false, true] : [only === 'https']) {
	const contenders = [];
	for (const way of WAYS) contenders.push(await start(secure, way));
	for (const contender of contenders) await ask(contender, secure, WARM_UP);
	for (let round = 0; round < Number(rounds); round++) {
		for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
			const before = cpuOf(contender);
			await ask(contender, secure, Number(requests));
			contender.costs.push((cpuOf(contender) - before) / Number(requests));
		}
	}
	console.log(`\n${secure ? 'HTTPS' : 'HTTP'}, ${rounds} rounds of ${requests} requests, ${CONNECTIONS} connections\n`);
	console.log('| | CPU per request, us | least | requests per CPU second, library = 1 |\n|---|---|---|---|');
	const [{costs: library}] = contenders;
	for (const {name, costs} of contenders) {
		const ratio = median(costs.map((cost, round) => library[round] / cost));
		console.log(`| ${name} | ${median(costs).toFixed(1)} | ${Math.min(...costs).toFixed(1)} | ${ratio.toFixed(2)} |`);
	}
	for (const {child} of contenders) {
		child.kill();
		await once(child, 'exit');
	}
}
rmSync(scratch, {recursive: true});
process.exit();
