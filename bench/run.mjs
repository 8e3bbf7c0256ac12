// What `lb-local run -- true` costs beside `up` to listening and its stop, with one HTTPS load balancer, in one interleaved
// run: milliseconds by the clock, and of CPU of all processes. Needs `npm run build`, and bash.
//   node bench/run.mjs [rounds]
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const rounds = Number(process.argv[2] ?? 20);
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'lb-local-'));
const env = {...process.env, LB_LOCAL_HOME: path.join(folder, 'home'), LB_LOCAL_ENDPOINT: '', LB_LOCAL_CONFIG: ''};
const config = {
	backends: {app: {kind: 'echo'}},
	loadBalancers: {web: {listeners: ['https:443 -> http:80'], backends: ['app']}},
};
writeFileSync(path.join(folder, 'lb-local.json'), JSON.stringify(config));

/** `up` says on standard error where it listens; then it is told to stop. */
const WAYS = {
	run: 'exec "$0" "$1" run -- true',
	'up, stop':
		'exec 3< <("$0" "$1" up --ports free 2>&1); up=$!; while read -r line <&3; do case $line in *"Ctrl-C stops"*) break;; esac; done; kill $up; wait $up; true',
	'empty Node': 'exec "$0" -e 0',
};

async function measure(script) {
	const timed = `TIMEFORMAT="%R %U %S"; { time bash -c '${script.replaceAll("'", "'\\''")}' "$0" "$1" 2>/dev/null >&2; } 2>&1`;
	const child = spawn('bash', ['-c', timed, process.execPath, main], {
		cwd: folder,
		env,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	let told = '';
	child.stdout.on('data', data => {
		told += data;
	});
	await once(child, 'close');
	const [wall, user, system] = told
		.trim()
		.split(' ')
		.map(seconds => Number(seconds) * 1000);
	return {wall, cpu: user + system};
}

const times = Object.fromEntries(Object.keys(WAYS).map(way => [way, []]));
for (const script of Object.values(WAYS)) for (let i = 0; i < 3; i++) await measure(script);
for (let round = 0; round < rounds; round++) {
	const ways = Object.entries(WAYS);
	for (const [way, script] of round % 2 === 0 ? ways : ways.reverse()) times[way].push(await measure(script));
}
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
console.log(
	`Node ${process.version}, ${rounds} rounds, milliseconds\n\n| | clock, median | least | CPU, median | least |`,
);
console.log('|---|---|---|---|---|');
for (const [way, all] of Object.entries(times)) {
	const columns = ['wall', 'cpu'].flatMap(kind => {
		const values = all.map(each => each[kind]);
		return [median(values), Math.min(...values)];
	});
	console.log(`| ${way} | ${columns.map(ms => ms.toFixed(0)).join(' | ')} |`);
}
const over = times.run.map(({wall}, round) => wall - times['up, stop'][round].wall);
console.log(`\nrun over up and its stop (bar: 150 ms by the clock): ${median(over).toFixed(0)}`);
rmSync(folder, {recursive: true});
