// What `npm run build` makes: dist/ and schema.json. Bundles of the same sources, so that a cold start reads a few
// files and not some hundred: ES modules for Node, one file of CommonJS for module loaders that cannot require() those
// (jest), the command line, and the declarations of what is public.
import {chmod, copyFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {build} from 'esbuild';
import {rollup} from 'rollup';
import {dts} from 'rollup-plugin-dts';
import {buildPage} from './build-page.mjs';
import {COMMAND_LINE, COMMON, COMMON_JS, COMMON_JS_FOLDER, ROOT} from './bundles.mjs';
import {writeSchema} from './write-schema.ts';

const DIST = path.join(ROOT, 'dist');

/** The entries of the package beside `index`. Each is one file with all it needs, so that `index` stays one as well. */
const SMALL_ENTRIES = {assert: 'src/assert.ts'};

/**
 * What is loaded lazily stays in files of its own: a cold start reads only what it needs. esbuild makes a file of
 * whatever two of those share, some twenty of them for the library itself, and Node takes its time to read each; Rollup
 * puts all that the library needs at once into one.
 */
async function buildModules(): Promise<void> {
	const {outputFiles} = await build({
		...COMMON,
		entryPoints: {index: 'src/index.ts'},
		outdir: DIST,
		chunkNames: 'chunks/[name]-[hash]',
		format: 'esm',
		splitting: true,
		write: false,
	});
	const built = new Map(outputFiles.map(file => [file.path, file.text]));
	const bundle = await rollup({
		input: path.join(DIST, 'index.js'),
		external: name => !(name.startsWith('.') || path.isAbsolute(name)),
		// esbuild leaves the names that only other chunks use of a module of Node.
		onwarn: (warning, warn) => (warning.code === 'UNUSED_EXTERNAL_IMPORT' ? undefined : warn(warning)),
		plugins: [
			{
				name: 'what esbuild has made',
				resolveId: (name, from) => (from === undefined ? name : path.resolve(path.dirname(from), name)),
				load: file => built.get(file),
			},
		],
	});
	await bundle.write({dir: DIST, format: 'es', chunkFileNames: 'chunks/[name].js', hoistTransitiveImports: false});
	await bundle.close();
}

async function buildSmallModules(): Promise<void> {
	await build({...COMMON, entryPoints: SMALL_ENTRIES, outdir: DIST, format: 'esm'});
}

async function buildCommonJs(): Promise<void> {
	const entryPoints = {index: 'src/index.ts', ...SMALL_ENTRIES};
	await build({...COMMON_JS, entryPoints, outdir: DIST, outExtension: {'.js': '.cjs'}});
}

async function buildCommandLine(): Promise<void> {
	const folder = path.join(DIST, 'cli');
	await build({...COMMAND_LINE, outdir: folder});
	await writeFile(path.join(folder, 'package.json'), COMMON_JS_FOLDER);
	await chmod(path.join(folder, 'main.js'), 0o755);
}

/** One file for each entry, so that no inner type is published. CommonJS is told apart by the name of the file alone. */
async function buildDeclarations(): Promise<void> {
	for (const [name, source] of Object.entries({index: 'src/index.ts', ...SMALL_ENTRIES})) {
		const bundle = await rollup({
			input: path.join(ROOT, source),
			plugins: [dts({tsconfig: path.join(ROOT, 'tsconfig.json')})],
			external: [/^node:/],
		});
		const file = path.join(DIST, `${name}.d.ts`);
		await bundle.write({file, format: 'es'});
		await bundle.close();
		await copyFile(file, path.join(DIST, `${name}.d.cts`));
	}
}

/** The licence of what is within the bundles asks for its own text beside them. */
async function copyLicences(): Promise<void> {
	for (const [name, file] of BUNDLED) {
		await copyFile(path.join(ROOT, 'node_modules', name, file), path.join(DIST, `licence-of-${name}.txt`));
	}
}

/** Packages within the bundles, and where each has its licence. */
const BUNDLED = [
	['fast-xml-builder', 'LICENSE'],
	['fastest-levenshtein', 'LICENSE.md'],
	['get-port', 'license'],
	['path-expression-matcher', 'LICENSE'],
	['preact', 'LICENSE'],
	['prom-client', 'LICENSE'],
	['valibot', 'LICENSE.md'],
	['xml-naming', 'LICENSE'],
] as const;

await rm(DIST, {recursive: true, force: true});
await Promise.all([
	buildModules(),
	buildSmallModules(),
	buildCommonJs(),
	buildCommandLine(),
	buildDeclarations(),
	buildPage(path.join(DIST, 'page')),
	writeSchema(path.join(ROOT, 'schema.json')),
]);
await copyLicences();
