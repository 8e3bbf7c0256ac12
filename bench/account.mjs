// What keeping the account costs: the same steps with several builds, in turns; medians of CPU time and ratios to the
// first. Usage: node bench/account.mjs BUILD…, each the folder of a checkout in which `npm run build` has run. ROUNDS is
// how often each is run (5).
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const RUN = fileURLToPath(new URL('account-run.mjs', import.meta.url));
const builds = process.argv.slice(2);
const rounds = Number(process.env.ROUNDS ?? 5);

/** @returns CPU ms by step. */
async function run(build) {
	const child = spawn(process.execPath, [RUN, path.resolve(build)], {stdio: ['ignore', 'pipe', 'inherit']});
	let out = '';
	child.stdout.on('data', data => {
		out += data;
	});
	const [code] = await once(child, 'close');
	if (code !== 0) throw new Error(`${build} ended with ${code}`);
	return JSON.parse(out);
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const found = builds.map(() => ({}));
for (let round = 0; round < rounds; round++) {
	const order = [...builds.keys()];
	for (const index of round % 2 === 0 ? order : order.reverse()) {
		for (const [step, ms] of Object.entries(await run(builds[index]))) {
			found[index][step] = [...(found[index][step] ?? []), ms];
		}
	}
}
console.log(`| step, CPU ms | ${builds.map(build => path.basename(path.resolve(build))).join(' | ')} |`);
console.log(`|---|${builds.map(() => '---').join('|')}|`);
for (const step of Object.keys(found[0])) {
	const medians = found.map(each => median(each[step]));
	const cells = medians.map(ms => `${ms.toFixed(1)} (${(ms / medians[0]).toFixed(2)})`);
	console.log(`| ${step} | ${cells.join(' | ')} |`);
}
