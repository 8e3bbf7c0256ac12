import {compileTests, watchTests} from './scripts/compile-tests.mjs';

// Here, so that every way to start AVA runs what the sources are at that time: npm test, npx ava, an editor.
await (process.argv.some(arg => arg === '--watch' || arg === '-w') ? watchTests() : compileTests());

export default {
	// What is in packed/ runs in other test runners, from the packed tarball.
	files: ['test/**/*.test.ts', '!test/packed/**'],
	typescript: {compile: false, rewritePaths: {'src/': 'build/test-run/src/', 'test/': 'build/test-run/test/'}},
	require: ['./test/helpers/fail-on-wrong-counts.mjs'],
	workerThreads: false,
	// One test of a file after the other: what a test waits for is its own, and a slow machine is not made slower.
	serial: true,
	// How long no test may end before the run is given up: the last resort, far above what a test waits for by itself.
	timeout: '5m',
};
