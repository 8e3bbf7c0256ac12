// What `lb-local ready` costs over an empty Node process, in one interleaved run: milliseconds from the start of the
// process to its end, and of CPU, which says more on a busy machine. Needs `npm run build`, and bash.
//   node bench/ready.mjs [rounds]
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const rounds = Number(process.argv[2] ?? 20);
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'lb-local-'));
const env = {...process.env, LB_LOCAL_HOME: path.join(folder, 'home'), LB_LOCAL_ENDPOINT: ''};

async function run(args) {
	const timed = ['-c', 'TIMEFORMAT="%R %U %S"; time "$@"', 'bash', process.execPath, ...args];
	const child = spawn('bash', timed, {cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe']});
	let told = '';
	child.stderr.on('data', data => {
		told += data;
	});
	const [code] = await once(child, 'close');
	if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${told}`);
	const [wall, user, system] = told
		.trim()
		.split(' ')
		.map(seconds => Number(seconds) * 1000);
	return {wall, cpu: user + system};
}

const up = spawn(process.execPath, [main, 'up', 'https:443 -> http:80', '--ports', 'free', '--quiet'], {
	cwd: folder,
	env,
	stdio: 'ignore',
});
const WAYS = {empty: ['-e', '0'], ready: [main, 'ready', '--quiet']};
const times = {empty: [], ready: []};
for (const args of Object.values(WAYS)) for (let i = 0; i < 3; i++) await run(args);
for (let round = 0; round < rounds; round++) {
	const ways = Object.entries(WAYS);
	for (const [way, args] of round % 2 === 0 ? ways : ways.reverse()) times[way].push(await run(args));
}
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
console.log(
	`Node ${process.version}, ${rounds} rounds, milliseconds\n\n| | empty Node | ready | over it, median | least |`,
);
console.log('|---|---|---|---|---|');
for (const kind of ['wall', 'cpu']) {
	const [empty, ready] = [times.empty, times.ready].map(all => all.map(each => each[kind]));
	const over = ready.map((time, round) => time - empty[round]);
	const columns = [median(empty), median(ready), median(over), Math.min(...ready) - Math.min(...empty)];
	console.log(`| ${kind} | ${columns.map(ms => ms.toFixed(0)).join(' | ')} |`);
}
up.kill();
await once(up, 'exit');
rmSync(folder, {recursive: true});
