// What an access log costs: microseconds of one line, made and handed to the file, with the writes waited for.
// `node --import=tsx bench/access-log.ts [lines]`
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {openAccessLogFile} from '../src/observability/access-log-file.ts';
import {exchange} from '../test/helpers/access-log.ts';

const lines = Number(process.argv[2] ?? 500_000);
const folder = await mkdtemp(path.join(tmpdir(), 'lb-local-'));
const log = await openAccessLogFile({
	file: path.join(folder, 'access.log'),
	onTrouble(trouble) {
		throw trouble;
	},
});
const record = exchange();
for (const round of [1, 2, 3]) {
	const cpu = process.cpuUsage();
	const start = performance.now();
	for (let i = 0; i < lines; i++) {
		Object.assign(record, {startedAt: 1_500_000_000_000 + i});
		log.write(record);
		// As many as end in one turn of a busy loop.
		if (i % 32 === 0) await new Promise(resolve => setImmediate(resolve));
	}
	await log.flush();
	const wall = ((performance.now() - start) * 1000) / lines;
	const {user, system} = process.cpuUsage(cpu);
	process.stdout.write(
		`round ${round}: ${wall.toFixed(2)} us per line, ${((user + system) / lines).toFixed(2)} us of CPU, dropped ${log.dropped}\n`,
	);
}
await log.close();
await rm(folder, {recursive: true});
