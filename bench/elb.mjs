// The ELB API: create to first byte, and many load balancers created, described page by page and deleted; milliseconds by
// the clock, and of CPU, the client's included. Usage: node bench/elb.mjs BUILD…, each the folder of a checkout in which
// `npm run build` has run. ROUNDS is how often each is run (5).
import {fileURLToPath} from 'node:url';
import {interleaved, median, printTable} from './interleaved.mjs';

const script = fileURLToPath(new URL('elb-run.mjs', import.meta.url));
const builds = process.argv.slice(2);
const found = await interleaved(script, builds, Number(process.env.ROUNDS ?? 5));
printTable('step: ms, CPU ms', builds, found, figures =>
	['wall', 'cpu'].map(kind => median(figures.map(each => each[kind])).toFixed(1)).join(', '),
);
