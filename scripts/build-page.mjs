// Bundles the page at `/_lb/` into static files. `npm run build` and `npm start` call it; users of the package build nothing.
import {copyFile, mkdir, readdir, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {gzipSync} from 'node:zlib';
import {ROOT} from './bundles.mjs';

const SOURCE = path.join(ROOT, 'src/page');
const COPIED = ['index.html', 'icon.svg'];

/** How large the scripts may be, minified and gzipped: those that are needed at once, and all of them. */
const FIRST = {bytes: 60_000, gzipped: 20_000};
const ALL = {bytes: 80_000, gzipped: 32_000};

/** What of the other rooms is in the page: `test/architecture.test.ts` allows no more. */
const SHARED = ['src/observability/traffic-filter.ts', 'src/base/suggest.ts', 'src/base/quote.ts'];

/**
 * Writes the page into a folder, which is emptied first.
 *
 * @param {string} folder
 */
export async function buildPage(folder) {
	const {build} = await import('esbuild');
	const {outputFiles} = await build({
		absWorkingDir: ROOT,
		entryPoints: {app: 'src/page/main.tsx', page: 'src/page/page.css'},
		outdir: folder,
		bundle: true,
		// What is shown first is in app.js and chunk.js; more.js comes when somebody looks at the rest (decision 0009).
		splitting: true,
		chunkNames: '[name]',
		minify: true,
		write: false,
		format: 'esm',
		platform: 'browser',
		// The oldest that know light-dark() in style sheets or do without it, and everything that the script uses.
		target: ['chrome109', 'firefox115', 'safari16.4'],
		jsx: 'transform',
		jsxFactory: 'h',
		jsxFragment: 'Fragment',
		inject: ['src/page/elements.ts'],
		legalComments: 'none',
		logLevel: 'warning',
		// That of the types would have it the other way.
		tsconfigRaw: {},
	});
	await rm(folder, {recursive: true, force: true});
	await mkdir(folder, {recursive: true});
	const scripts = outputFiles.filter(({path: file}) => file.endsWith('.js'));
	refuseLarge(
		'what the page shows first',
		scripts.filter(({path: file}) => !file.endsWith('more.js')),
		FIRST,
	);
	refuseLarge('the page', scripts, ALL);
	for (const {path: file, contents} of outputFiles) await writeFile(file, contents);
	for (const name of COPIED) await copyFile(path.join(SOURCE, name), path.join(folder, name));
}

/**
 * As `buildPage`, where a source is newer than what is there; for a process that builds nothing else meanwhile.
 *
 * @param {string} folder
 */
export async function buildChangedPage(folder) {
	const built = await stat(path.join(folder, 'app.js')).catch(() => undefined);
	const names = await readdir(SOURCE, {recursive: true});
	const sources = [...names.map(name => path.join(SOURCE, name)), ...SHARED.map(file => path.join(ROOT, file))];
	const times = await Promise.all(sources.map(async file => (await stat(file)).mtimeMs));
	if (built !== undefined && Math.max(...times) <= built.mtimeMs) return;
	await buildPage(folder);
	// Its process would stay as long as this one.
	const {stop} = await import('esbuild');
	await stop();
}

/**
 * @param {string} what
 * @param {readonly {contents: Uint8Array}[]} scripts
 * @param {{bytes: number, gzipped: number}} most
 */
function refuseLarge(what, scripts, most) {
	const bytes = scripts.reduce((sum, {contents}) => sum + contents.length, 0);
	const gzipped = scripts.reduce((sum, {contents}) => sum + gzipSync(contents).length, 0);
	if (bytes <= most.bytes && gzipped <= most.gzipped) return;
	const allowed = `${most.bytes} and ${most.gzipped}`;
	throw new Error(`The script of ${what} has ${bytes} bytes, ${gzipped} gzipped; allowed are ${allowed}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildChangedPage(path.join(ROOT, 'dist/page'));
