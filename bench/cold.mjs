// A cold start, as one process per test file has it, against an empty Node process and peers, in turns; medians and
// ratios of CPU and wall time. Needs `npm run build`. PEERS names a folder where http-proxy-3 and mockttp are installed
// (those that are missing are left out); ROUNDS is how often each is run (7), WARM how many rounds one process makes (200).
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const {PEERS = '', ROUNDS = '7', WARM = '200'} = process.env;
const ROUND = fileURLToPath(new URL('cold-round.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const peers = ['http-proxy-3', 'mockttp'].filter(name => existsSync(path.join(PEERS, 'node_modules', name)));

/** @returns CPU and wall time of one process, in ms. */
async function run(...args) {
	const start = performance.now();
	const child = spawn(process.execPath, [ROUND, ...args], {stdio: ['ignore', 'pipe', 'inherit']});
	let out = '';
	child.stdout.on('data', data => {
		out += data;
	});
	const [code] = await once(child, 'close');
	if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
	return {cpu: Number(out) / 1000, wall: performance.now() - start};
}

/** `lb-local up` with the demo, until it tells that it listens; wall time alone. */
async function up() {
	const folder = mkdtempSync(path.join(tmpdir(), 'lb-local-bench-'));
	const start = performance.now();
	const child = spawn(process.execPath, [MAIN, 'up'], {cwd: folder, env: {...process.env, LB_LOCAL_HOME: folder}});
	await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')]);
	const wall = performance.now() - start;
	child.kill('SIGTERM');
	await once(child, 'close');
	rmSync(folder, {recursive: true, force: true});
	return {cpu: Number.NaN, wall};
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function table(title, modes, rounds, task) {
	const found = new Map(modes.map(mode => [mode, []]));
	for (let round = 0; round < rounds; round++) {
		for (const mode of round % 2 === 0 ? modes : [...modes].reverse()) found.get(mode).push(await task(mode));
	}
	const of = (mode, key) => median(found.get(mode).map(each => each[key]));
	console.log(`\n${title}\n| what | CPU, ms | ratio | wall, ms | ratio |\n|---|---|---|---|---|`);
	for (const mode of modes) {
		const cells = ['cpu', 'wall'].flatMap(key => [
			of(mode, key).toFixed(0),
			(of(mode, key) / of(modes[0], key)).toFixed(2),
		]);
		console.log(`| ${mode} | ${cells.join(' | ')} |`);
	}
}

await table('Cold', ['empty', 'import', 'node', 'fetch', ...peers], Number(ROUNDS), mode => run(mode));
if (peers.includes('http-proxy-3')) {
	await table(`Warm, ${WARM} rounds`, ['http-proxy-3', 'node', 'fetch'], 3, mode => run(mode, WARM));
}
await table('Up', ['empty', 'up'], Number(ROUNDS), mode => (mode === 'up' ? up() : run(mode)));
