// Puts the test files into a few groups, each for one process: a process for each of 200 files would be a third of what
// `npm test` costs. A file that says so in a line of its own, `// A process of its own: …`, gets one. In full depth only
// those files run that try more then: the others would do the same again.
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {BUILD_FOLDER, compileTests, sourcesOfTests} from './compile-tests.mjs';

const FOLDER = path.join(BUILD_FOLDER, 'groups');
const NAMED_TESTS = new URL('named-tests.mjs', import.meta.url).href;
const OWN_PROCESS = /^\/\/ A process of its own: \S/m;
const HELPERS = path.join('test', 'helpers');
/** Says whether a run is in full depth. */
const DEPTH = 'depth.ts';

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
	const isWanted = process.env['TEST_DEPTH'] === 'full' ? await importing(DEPTH) : () => true;
	for (const source of await sourcesOfTests()) {
		const text = await readFile(source, 'utf8');
		if (!isWanted(text)) continue;
		if (OWN_PROCESS.test(text)) alone.push([source]);
		else together[count++ % GROUPS].push(source);
	}
	for (const [index, sources] of [...together, ...alone].entries()) {
		await writeFile(path.join(FOLDER, `${index + 1}.test.mjs`), loading(sources));
	}
	return 'build/test-run/groups/*.test.mjs';
}

/** @returns whether a text imports a helper, itself or by way of another helper. */
async function importing(helper) {
	const texts = new Map();
	for (const name of await readdir(HELPERS)) {
		if (name.endsWith('.ts')) texts.set(name, await readFile(path.join(HELPERS, name), 'utf8'));
	}
	const found = new Set([helper]);
	const imports = text => [...found].some(name => text.includes(`/${name}'`));
	for (let before = 0; before < found.size; ) {
		before = found.size;
		for (const [name, text] of texts) if (imports(text)) found.add(name);
	}
	return imports;
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
