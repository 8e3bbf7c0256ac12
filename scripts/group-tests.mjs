// Puts the test files into a few groups, each for one process: a process for each of 200 files would be a third of what
// `npm test` costs. A file that says so in a line of its own, `// A process of its own: …`, gets one.
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {BUILD_FOLDER, compileTests, sourcesOfTests} from './compile-tests.mjs';

const FOLDER = path.join(BUILD_FOLDER, 'groups');
const NAMED_TESTS = new URL('named-tests.mjs', import.meta.url).href;
const OWN_PROCESS = /^\/\/ A process of its own: \S/m;

/** Enough that no core waits long for the last one. */
const GROUPS = Math.max(8, 2 * os.availableParallelism());

/** Compiles the tests and writes the groups. @returns what AVA is to run. */
export async function groupTests() {
	await compileTests();
	await rm(FOLDER, {recursive: true, force: true});
	await mkdir(FOLDER, {recursive: true});
	const alone = [];
	const together = Array.from({length: GROUPS}, () => []);
	let count = 0;
	for (const source of await sourcesOfTests()) {
		if (OWN_PROCESS.test(await readFile(source, 'utf8'))) alone.push([source]);
		else together[count++ % GROUPS].push(source);
	}
	for (const [index, sources] of [...together, ...alone].entries()) {
		await writeFile(path.join(FOLDER, `${index + 1}.test.mjs`), loading(sources));
	}
	return 'build/test-run/groups/*.test.mjs';
}

function loading(sources) {
	const lines = sources.map(source => {
		const name = path
			.relative('test', source)
			.replace(/\.test\.ts$/, '')
			.split(path.sep)
			.join(' › ');
		const url = pathToFileURL(path.join(BUILD_FOLDER, source.replace(/\.ts$/, '.js'))).href;
		return `await load(${JSON.stringify(name)}, ${JSON.stringify(url)});`;
	});
	return [`import {declare, load} from ${JSON.stringify(NAMED_TESTS)};`, ...lines, 'declare();', ''].join('\n');
}
