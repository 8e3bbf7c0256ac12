// `npm test`: runs AVA and shows what matters of its report: failures in full, and how many tests passed.
//
//   npm test                               every rule, once
//   npm run test:full                      in full depth, what has more depth than `npm test` tries
//   npm test -- test/codec/cookies.test.ts one file, in a process of its own
//   npm test -- --slow                     also the twenty slowest tests
//   npm test -- --watch                    AVA's own report, again after each change
//
// Everything else after `--` is given to AVA.
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {stripVTControlCharacters} from 'node:util';

const AVA = fileURLToPath(new URL('../node_modules/ava/entrypoints/cli.mjs', import.meta.url));
const OWN = ['--full', '--slow'];
const SLOWEST = 20;

const args = process.argv.slice(2);
const rest = args.filter(arg => !OWN.includes(arg));
const showsAll = rest.includes('--watch') || rest.includes('-w') || rest.includes('--tap');
const isGrouped = rest.length === 0;
/** The number of a group before the title of a test, which is the run's own affair; colours may stand around the sign. */
const GROUP = /^((?:\s|\x1b\[[\d;]*m|[✘✔-]|\[\w+\]:?)*)\d+ (?:\x1b\[[\d;]*m)*›(?:\x1b\[[\d;]*m)* /;
const startedMs = performance.now();

const child = spawn(process.execPath, [AVA, ...rest], {
	stdio: ['inherit', showsAll ? 'inherit' : 'pipe', 'inherit'],
	env: {
		...process.env,
		...(isGrouped ? {TEST_GROUPS: '1'} : {}),
		...(args.includes('--full') ? {TEST_DEPTH: 'full'} : {}),
		...(process.stdout.isTTY && !process.env['NO_COLOR'] ? {FORCE_COLOR: '1'} : {}),
	},
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const passed = child.stdout === null ? [] : await show(child.stdout);
const status = child.exitCode ?? (await new Promise(resolve => child.once('exit', resolve)));
// AVA leaves it out when others failed.
if (status !== 0 && !showsAll) console.log(`  ${passed.length} tests passed`);
if (args.includes('--slow')) showSlowest(passed);
if (!showsAll) console.log(`  in ${Math.round((performance.now() - startedMs) / 1000)} s`);
process.exitCode = status ?? 1;

/** Passes on every line but those of tests that passed. @returns those. */
async function show(stream) {
	const hidden = [];
	let isHiding = false;
	let wasBlank = false;
	for await (const given of createInterface(stream)) {
		const line = isGrouped ? given.replace(GROUP, '$1') : given;
		const text = stripVTControlCharacters(line);
		// What a test that passed has logged stands below it.
		isHiding = /^\s*✔ /.test(text) || (isHiding && /^\s+ℹ /.test(text));
		if (isHiding) {
			if (/^\s*✔ /.test(text)) hidden.push(text.trim().slice(2));
			continue;
		}
		const isBlank = text.trim() === '';
		if (!isBlank || !wasBlank) console.log(line);
		wasBlank = isBlank;
	}
	return hidden;
}

/** AVA tells the time of each test that took more than a tenth of a second, as `(1.2s)`. */
function showSlowest(titles) {
	const times = titles.flatMap(title => {
		const [, minutes = 0, seconds = 0, ms = 0] = /\((?:(\d+)m ?)?(?:([\d.]+)s)?(?:(\d+)ms)?\)$/.exec(title) ?? [];
		const tookMs = Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(ms);
		return tookMs > 0 ? [{title, tookMs}] : [];
	});
	times.sort((a, b) => b.tookMs - a.tookMs);
	for (const {title} of times.slice(0, SLOWEST)) console.log(`  ${title}`);
}
