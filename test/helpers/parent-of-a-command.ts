/**
 * A program for `test/fake-backends/command-life.test.ts`: runs a load balancer with a command that has started more
 * processes, says who they are, and then does nothing, or what its argument says.
 */
import {isMainThread, parentPort, Worker} from 'node:worker_threads';
import {startLoadBalancer} from '../../src/index.ts';
import {compiled} from './compiled.ts';

const [, , how] = process.argv;

if (how === 'worker.terminate()' && isMainThread) {
	const worker = new Worker(compiled('test/helpers/parent-of-a-command.ts'));
	worker.once('message', async (text: string) => {
		await worker.terminate();
		process.stdout.write(`${text}\n`);
	});
	// Alive until the test ends it: it is the worker's end that counts.
	setInterval(() => {}, 1000);
} else {
	const sleeping = `[process.execPath, ['-e', 'process.on("SIGHUP", () => {}); setInterval(() => {}, 1000)']]`;
	const program = `
		const {spawn} = require('child_process');
		const [child, stray] = [false, true].map(detached => spawn(...${sleeping}, {detached, stdio: 'ignore'}));
		const pids = [process.pid, child.pid, stray.pid];
		require('http').createServer((_, response) => response.end(pids.join())).listen(process.env.PORT, '127.0.0.1');`;
	const run = `"$NODE" -e "$PROGRAM"`;
	process.env['NODE'] = process.execPath;
	process.env['PROGRAM'] = program;
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: [{name: 'own', kind: 'command', run}]});
	const pids = (await (await lb.fetch('/')).text()).split(',').map(Number);
	const text = JSON.stringify({pids, file: lb.ca.file});
	if (isMainThread) process.stdout.write(`${text}\n`);
	else parentPort?.postMessage(text);
	if (how === 'process.exit()') process.exit(0);
}
