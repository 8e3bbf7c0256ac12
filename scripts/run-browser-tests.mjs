// `npm run test:browser`: the tests of the page in a real browser, where there is one. `CHROMIUM` names another program.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const KNOWN = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromium = process.env['CHROMIUM'] ?? KNOWN.find(existsSync);

if (chromium === undefined) {
	console.log(`skipped: the page in a browser, there is none of ${KNOWN.join(', ')}; CHROMIUM names another one`);
} else {
	const runner = fileURLToPath(new URL('run-tests.mjs', import.meta.url));
	const args = process.argv.length > 2 ? process.argv.slice(2) : ['test/page/browser/**/*.test.ts'];
	const child = spawn(process.execPath, [runner, ...args], {
		stdio: 'inherit',
		env: {...process.env, TEST_BROWSER: '1', CHROMIUM: chromium},
	});
	child.once('exit', status => {
		process.exitCode = status ?? 1;
	});
}
