// The start-up figures of the library and the command line, each the median of several runs. Needs `npm run build`.
//   node bench/budgets.mjs [runs]
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {connect} from 'node:net';
import {fileURLToPath} from 'node:url';

const runs = Number(process.argv[2] ?? 9);
const library = new URL('../dist/index.js', import.meta.url).href;
const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];
const row = (what, values, budget) =>
	console.log(
		`| ${what} | ${median(values).toFixed(1)} | ${Math.min(...values).toFixed(1)}..${Math.max(...values).toFixed(1)} | ${budget} |`,
	);

console.log(
	`Node ${process.version}, ${runs} runs, milliseconds\n\n| what | median | min..max | budget |\n|---|---|---|---|`,
);

/** Runs a program in a fresh process; it prints one number. */
const inFreshProcess = code =>
	Array.from({length: runs}, () => Number(spawnSync(process.execPath, ['--input-type=module', '-e', code]).stdout));

row(
	'import of the library, fresh process',
	inFreshProcess(
		`const t = performance.now(); await import(${JSON.stringify(library)}); console.log(performance.now() - t)`,
	),
	60,
);

const {startLoadBalancer} = await import(library);
const spec = {listeners: ['https:443 -> http:80', 'http:80'], backends: 3};
for (let i = 0; i < 20; i++) await (await startLoadBalancer(spec)).stop();
const starts = [];
const stops = [];
const busyStops = [];
for (let i = 0; i < runs * 5; i++) {
	const t0 = performance.now();
	const lb = await startLoadBalancer(spec);
	starts.push(performance.now() - t0);
	if (i % 2 === 1) await (await lb.fetch('/')).text();
	const t1 = performance.now();
	await lb.stop();
	(i % 2 === 1 ? busyStops : stops).push(performance.now() - t1);
}
row('startLoadBalancer, two listeners, fresh certificate, three fakes, warm', starts, 30);
row('stop, nothing open', stops, 50);
row('stop, keep-alive connections open', busyStops, 50);

const manyStarts = [];
for (let i = 0; i < runs; i++) {
	const listeners = Array.from({length: 100}, (_, index) => `ssl:${index + 1} -> tcp:1`);
	const t0 = performance.now();
	const lb = await startLoadBalancer({listeners});
	manyStarts.push(performance.now() - t0);
	await lb.stop();
}
row('100 TLS listeners with one certificate, warm', manyStarts, 80);

const ups = [];
const bare = [];
for (let i = 0; i < runs; i++) {
	const t0 = performance.now();
	spawnSync(process.execPath, ['-e', '0']);
	bare.push(performance.now() - t0);
	const port = 20_000 + Math.floor(Math.random() * 10_000);
	const t1 = performance.now();
	const child = spawn(process.execPath, [cli, 'up', `http:${port}`, '--backend', '127.0.0.1:1'], {stdio: 'ignore'});
	while (!(await accepts(port)));
	ups.push(performance.now() - t1);
	child.kill('SIGTERM');
	await once(child, 'exit');
}
row('(an empty Node process, for comparison)', bare, '');
row('`lb-local up`, process start to listening', ups, 400);

function accepts(port) {
	return new Promise(resolve => {
		const socket = connect(port, '127.0.0.1');
		socket.once('connect', () => resolve(true));
		socket.once('error', () => setTimeout(resolve, 1, false));
		socket.once('close', () => resolve(false));
		socket.on('connect', () => socket.destroy());
	});
}
