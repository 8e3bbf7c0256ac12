// What keeping the account costs: the same steps with several builds, in turns; medians of CPU time and ratios to the
// first. Usage: node bench/account.mjs BUILD…, each the folder of a checkout in which `npm run build` has run. ROUNDS is
// how often each is run (5).
import {fileURLToPath} from 'node:url';
import {interleaved, median, printTable} from './interleaved.mjs';

const script = fileURLToPath(new URL('account-run.mjs', import.meta.url));
const builds = process.argv.slice(2);
const found = await interleaved(script, builds, Number(process.env.ROUNDS ?? 5));
printTable('step, CPU ms', builds, found, (figures, first) => {
	const ms = median(figures);
	return `${ms.toFixed(1)} (${(ms / median(first)).toFixed(2)})`;
});
