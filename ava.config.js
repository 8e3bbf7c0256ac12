import {compileTests, watchTests} from './scripts/compile-tests.mjs';
import {groupTests} from './scripts/group-tests.mjs';

// Here, so that every way to start AVA runs what the sources are at that time: npm test, npx ava, an editor.
const groups = process.env['TEST_GROUPS'] === undefined ? undefined : await groupTests();
if (groups === undefined) await (process.argv.some(arg => arg === '--watch' || arg === '-w') ? watchTests() : compileTests());

const eachFile = {
	// What is in packed/ runs in other test runners, from the packed tarball.
	// In a browser only when asked to: `npm run test:browser`.
	files:
		process.env['TEST_BROWSER'] === undefined
			? ['test/**/*.test.ts', '!test/packed/**', '!test/page/browser/**']
			: ['test/page/browser/**/*.test.ts'],
	typescript: {compile: false, rewritePaths: {'src/': 'build/test-run/src/', 'test/': 'build/test-run/test/'}},
};

export default {
	// `npm test` runs all of them, several in one process.
	...(groups === undefined ? eachFile : {files: [groups]}),
	require: ['./test/helpers/fail-on-wrong-counts.mjs'],
	workerThreads: false,
	// How long no test may end before the run is given up: the last resort, far above what a test waits for by itself.
	timeout: '5m',
};
