// The bundles of CommonJS, for `npm run build` and for the tests, which start the command line as users have it.
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '..');

/** @type {import('esbuild').BuildOptions} */
export const COMMON = {
	absWorkingDir: ROOT,
	bundle: true,
	platform: 'node',
	// The floor of "engines" in package.json.
	target: 'node20.19',
	logLevel: 'warning',
	// valibot comes into each bundle, without its comments and what is not used of it: it is read at nearly every start.
	// fast-xml-builder does, because its CommonJS is not the same module to import and to require.
	external: ['commander', 'fastest-levenshtein', 'get-port', 'node-forge', 'tcp-port-used', 'yaml'],
};

/** @type {import('esbuild').BuildOptions} */
export const COMMON_JS = {
	...COMMON,
	format: 'cjs',
	// jest's sandbox has no import(); what is lazy becomes a lazy require().
	supported: {'dynamic-import': false},
	// get-port is an ES module only, and neither jest nor Node 20.18 and before can require() those.
	external: COMMON.external?.filter(name => name !== 'get-port') ?? [],
	define: {'import.meta.url': '__fileUrl'},
	banner: {js: "const __fileUrl = require('node:url').pathToFileURL(__filename).href;"},
};

/**
 * The command line, in one file of CommonJS: Node 20 and later read it in half the time that they need for the same
 * code as ES modules in several files. main.js comes before it, to switch on the compile cache. `lb-local ready` has a
 * file of its own.
 *
 * @type {import('esbuild').BuildOptions}
 */
export const COMMAND_LINE = {
	...COMMON_JS,
	entryPoints: {
		main: 'src/cli/main.ts',
		'run-process': 'src/cli/run-process.ts',
		'run-ready': 'src/cli/run-ready.ts',
	},
	plugins: [
		{
			name: 'a file of its own',
			setup({onResolve}) {
				onResolve({filter: /\/run-(?:process|ready)\.ts$/}, ({kind, path: given}) =>
					kind === 'entry-point' ? undefined : {path: given.replace(/\.ts$/, '.js'), external: true},
				);
			},
		},
	],
};

/** Beside the command line, for Node: package.json of the whole says that .js is an ES module. */
export const COMMON_JS_FOLDER = '{"type": "commonjs"}\n';
