// Compiles src/, test/ and scripts/ for a test run, once, so that no test process needs a TypeScript loader.
// `ava.config.js` calls it before every run. A file is compiled again when its time of change is another one.
import {mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {buildChangedPage} from './build-page.mjs';
import {COMMAND_LINE, COMMON_JS_FOLDER, ROOT} from './bundles.mjs';

const SOURCES = ['src', 'test', 'scripts'];

/** Where the compiled files are, with the folders of the sources in it. */
export const BUILD_FOLDER = path.join(ROOT, 'build/test-run');

/** Compiles what has changed since the last call, and forgets what is no more. @returns how many files were compiled. */
export async function compileTests() {
	await startAnew();
	const sources = (await Promise.all(SOURCES.map(sourcesIn))).flat();
	await forgetAllBut(sources);
	const changed = [];
	for (const source of sources) if (await isChanged(source)) changed.push(source);
	if (changed.length > 0) await compile(changed);
	await buildChangedPage(path.join(BUILD_FOLDER, 'dist/page'));
	return changed.length;
}

/** What runs in other test runners, and in a browser: `npm run test:browser`. */
const ELSEWHERE = [path.join('test', 'packed'), path.join('test', 'page', 'browser')];

/** The test files that `npm test` runs, from the project's folder. */
export async function sourcesOfTests() {
	const sources = await sourcesIn('test');
	return sources
		.filter(source => source.endsWith('.test.ts') && !ELSEWHERE.some(folder => source.startsWith(folder)))
		.sort();
}

/** Compiles, and again whenever a source changes, until the process ends. */
export async function watchTests() {
	const {watch} = await import('chokidar');
	await compileTests();
	let turn = Promise.resolve();
	watch(
		SOURCES.map(folder => path.join(ROOT, folder)),
		{ignoreInitial: true},
	).on('all', () => {
		// What does not compile now is told, and compiled when it is changed again.
		turn = turn.then(compileTests).catch(error => console.error(error.message));
	});
}

/** Empties the folder when this script or the compiler is another one than the last time. */
async function startAnew() {
	const compiler = await readFile(path.join(ROOT, 'node_modules/esbuild/package.json'), 'utf8');
	const version = `${JSON.parse(compiler).version} ${ROOT} ${await readFile(fileURLToPath(import.meta.url), 'utf8')}`;
	const stamp = path.join(BUILD_FOLDER, 'made-by.txt');
	if ((await readFile(stamp, 'utf8').catch(() => '')) === version) return;
	await rm(BUILD_FOLDER, {recursive: true, force: true});
	await writeWhole(stamp, version);
}

async function sourcesIn(folder) {
	const names = await readdir(path.join(ROOT, folder), {recursive: true});
	return names.filter(name => name.endsWith('.ts')).map(name => path.join(folder, name));
}

async function forgetAllBut(sources) {
	const wanted = new Set(sources.map(source => outputOf(source)));
	for (const folder of SOURCES) {
		const names = await readdir(path.join(BUILD_FOLDER, folder), {recursive: true}).catch(() => []);
		for (const name of names) {
			const output = path.join(BUILD_FOLDER, folder, name);
			if (name.endsWith('.js') && !wanted.has(output)) await rm(output, {force: true});
		}
	}
}

/**
 * An output carries its source's time of change, which file systems round. Equal, not later: a file may be put back as
 * it was before.
 */
async function isChanged(source) {
	const [from, to] = await Promise.all([stat(path.join(ROOT, source)), stat(outputOf(source)).catch(() => undefined)]);
	return to === undefined || Math.abs(to.mtimeMs - from.mtimeMs) > 2;
}

function outputOf(source) {
	return path.join(BUILD_FOLDER, source.replace(/\.ts$/, '.js'));
}

async function compile(sources) {
	const times = new Map();
	for (const source of sources) times.set(outputOf(source), (await stat(path.join(ROOT, source))).mtime);
	const {build, stop} = await import('esbuild');
	const files = [];
	for (const isProduct of [true, false]) {
		const entryPoints = sources.filter(source => source.startsWith('src') === isProduct);
		if (entryPoints.length > 0) files.push(...(await build(options(entryPoints, isProduct))).outputFiles);
	}
	if (sources.some(source => source.startsWith('src'))) files.push(...(await build(commandLine)).outputFiles);
	// Its process would stay as long as this one.
	await stop();
	for (const {path: file, contents} of files.sort((a, b) => b.path.length - a.path.length)) {
		await writeWhole(file, contents, times.get(file));
	}
	// Read by the product, beside src/ as in the project and in the package.
	await writeWhole(path.join(BUILD_FOLDER, 'package.json'), await readFile(path.join(ROOT, 'package.json')));
	await writeWhole(path.join(BUILD_FOLDER, 'cli/package.json'), COMMON_JS_FOLDER);
}

const COMMON = {
	absWorkingDir: ROOT,
	write: false,
	logLevel: 'silent',
	format: 'esm',
	platform: 'node',
	target: 'node20',
	sourcemap: 'linked',
	sourcesContent: false,
	bundle: true,
	packages: 'external',
};

/** Each file stays a module of its own: "bundle" is asked for because imports are only resolved with it. */
function options(entryPoints, isProduct) {
	return {
		entryPoints,
		...COMMON,
		outdir: BUILD_FOLDER,
		outbase: ROOT,
		plugins: isProduct ? [importsOfCompiled] : [importsOfCompiled, pathsOfSources, namedTests],
		define: isProduct ? {} : {'import.meta.url': '__sourceUrl', 'import.meta.dirname': '__sourceFolder'},
	};
}

/** The command line as users have it: tests start it some hundred times. */
const commandLine = {
	...COMMAND_LINE,
	write: false,
	logLevel: 'silent',
	sourcemap: 'linked',
	sourcesContent: false,
	outdir: path.join(BUILD_FOLDER, 'cli'),
};

const importsOfCompiled = {
	name: 'imports of compiled files',
	setup(build) {
		build.onResolve({filter: /^\./}, ({kind, path: given}) =>
			kind === 'entry-point' ? undefined : {path: given.replace(/\.ts$/, '.js'), external: true},
		);
	},
};

/** Tests import AVA by way of a module that can tell them apart when several files share a process. */
const namedTests = {
	name: 'named tests',
	setup(build) {
		const named = new URL('named-tests.mjs', import.meta.url).href;
		build.onResolve({filter: /^ava$/}, () => ({path: named, external: true}));
	},
};

/** Tests find fixtures/, certs/ and programs in other languages beside their own sources, as they are written. */
const pathsOfSources = {
	name: 'paths of sources',
	setup(build) {
		build.onLoad({filter: /\.ts$/}, async ({path: file}) => {
			const text = await readFile(file, 'utf8');
			const url = JSON.stringify(pathToFileURL(file).href);
			// On the first line, so that the numbers of the lines stay as they are.
			const paths = `const __sourceUrl = ${url}, __sourceFolder = ${JSON.stringify(path.dirname(file))}; `;
			return {contents: text.includes('import.meta') ? paths + text : text, loader: 'ts'};
		});
	},
};

/** Never half a file: another run may read it meanwhile. */
async function writeWhole(file, contents, time) {
	await mkdir(path.dirname(file), {recursive: true});
	const draft = `${file}.${process.pid}`;
	await writeFile(draft, contents);
	if (time !== undefined) await utimes(draft, time, time);
	await rename(draft, file);
}
