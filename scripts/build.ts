// What `npm run build` makes: dist/ and schema.json. Three bundles of the same sources, so that a cold start reads a few
// files and not some hundred: ES modules for Node, one file of CommonJS for module loaders that cannot require() those
// (jest), and the declarations of what is public.
import {chmod, copyFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {type BuildOptions, build} from 'esbuild';
import {rollup} from 'rollup';
import {dts} from 'rollup-plugin-dts';
import {writeSchema} from './write-schema.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = path.join(ROOT, 'dist');

const COMMON: BuildOptions = {
	absWorkingDir: ROOT,
	bundle: true,
	platform: 'node',
	// The floor of "engines" in package.json.
	target: 'node20.19',
	logLevel: 'warning',
};

/** What is loaded lazily stays in files of its own: a cold start reads only what it needs. */
async function buildModules(): Promise<void> {
	await build({
		...COMMON,
		entryPoints: {index: 'src/index.ts', 'cli/main': 'src/cli/main.ts'},
		outdir: DIST,
		chunkNames: 'chunks/[name]-[hash]',
		format: 'esm',
		splitting: true,
		packages: 'external',
	});
	await chmod(path.join(DIST, 'cli/main.js'), 0o755);
}

async function buildCommonJs(): Promise<void> {
	await build({
		...COMMON,
		entryPoints: {index: 'src/index.ts'},
		outdir: DIST,
		outExtension: {'.js': '.cjs'},
		format: 'cjs',
		// jest's sandbox has no import(); what is lazy becomes a lazy require().
		supported: {'dynamic-import': false},
		// get-port is an ES module only, and jest cannot require() those: it comes into the bundle.
		external: ['commander', 'fastest-levenshtein', 'node-forge', 'tcp-port-used', 'valibot', 'yaml'],
		define: {'import.meta.url': '__fileUrl'},
		banner: {js: "const __fileUrl = require('node:url').pathToFileURL(__filename).href;"},
	});
}

/** One file each, so that no inner type is published. CommonJS is told apart by the name of the file alone. */
async function buildDeclarations(): Promise<void> {
	const bundle = await rollup({
		input: path.join(ROOT, 'src/index.ts'),
		plugins: [dts({tsconfig: path.join(ROOT, 'tsconfig.json')})],
		external: [/^node:/],
	});
	const file = path.join(DIST, 'index.d.ts');
	await bundle.write({file, format: 'es'});
	await bundle.close();
	await copyFile(file, path.join(DIST, 'index.d.cts'));
}

await rm(DIST, {recursive: true, force: true});
await Promise.all([buildModules(), buildCommonJs(), buildDeclarations(), writeSchema(path.join(ROOT, 'schema.json'))]);
