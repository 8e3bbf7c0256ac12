// Runs one script with several builds, in turns, so that what else the machine does falls on all of them alike.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';

/**
 * @param script prints one JSON object of figures by step; its argument is the folder of a build.
 * @returns of each build the figures of all rounds, by step.
 */
export async function interleaved(script, builds, rounds) {
	const found = builds.map(() => ({}));
	for (let round = 0; round < rounds; round++) {
		const order = [...builds.keys()];
		for (const index of round % 2 === 0 ? order : order.reverse()) {
			for (const [step, figure] of Object.entries(await run(script, builds[index]))) {
				found[index][step] = [...(found[index][step] ?? []), figure];
			}
		}
	}
	return found;
}

async function run(script, build) {
	const child = spawn(process.execPath, [script, path.resolve(build)], {stdio: ['ignore', 'pipe', 'inherit']});
	let out = '';
	child.stdout.on('data', data => {
		out += data;
	});
	const [code] = await once(child, 'close');
	if (code !== 0) throw new Error(`${build} ended with ${code}`);
	return JSON.parse(out);
}

export function median(values) {
	return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** A table with a column for each build. */
export function printTable(title, builds, found, cell) {
	const heads = builds.map(build => path.basename(path.resolve(build)));
	console.log(`| ${title} | ${heads.join(' | ')} |\n|---|${builds.map(() => '---').join('|')}|`);
	for (const step of Object.keys(found[0])) {
		console.log(`| ${step} | ${found.map(each => cell(each[step], found[0][step])).join(' | ')} |`);
	}
}
