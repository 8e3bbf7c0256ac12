// A process of its own: it uses up the descriptors.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {connect, type Socket} from 'node:net';
import {createInterface} from 'node:readline';
import {text} from 'node:stream/consumers';
import {compiled} from '../helpers/compiled.ts';
import {onLinux} from '../helpers/platforms.ts';

const CHILD = compiled('test/helpers/few-descriptors.ts');

/** Clock ticks of processor time that a process has used, 10 ms each. */
async function ticksOf(pid: number): Promise<number> {
	const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
	return Number(fields[11]) + Number(fields[12]);
}

async function ask(port: number): Promise<string> {
	const client = connect(port, '127.0.0.1');
	client.on('error', () => {});
	client.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
	return (await text(client)).slice(0, 12);
}

// Modules that are not bundled are read many at a time, so the process needs that many descriptors to start.
onLinux('out of descriptors, accepting rests without spinning, and goes on when there are some again', async t => {
	const child = spawn('sh', ['-c', `ulimit -n 200; exec "${process.execPath}" "${CHILD}"`]);
	t.teardown(() => {
		child.kill('SIGKILL');
	});
	let complaints = '';
	child.stderr.setEncoding('utf8').on('data', chunk => {
		complaints += chunk;
	});
	const lines = createInterface(child.stdout);
	const [port] = await once(lines, 'line');
	t.is(await ask(Number(port)), 'HTTP/1.1 200');

	const idle: Socket[] = [];
	for (let i = 0; i < 300; i++) {
		const socket = connect(Number(port), '127.0.0.1');
		socket.on('error', () => {});
		idle.push(socket);
		await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
	}
	const before = await ticksOf(child.pid ?? 0);
	// The child's own clock: it tells when a second has gone by, and that its event loop still turns.
	child.stdin.write('\n');
	await once(lines, 'line');
	const used = (await ticksOf(child.pid ?? 0)) - before;
	for (const socket of idle) socket.destroy();
	// One more line: the closed connections have been seen by then.
	child.stdin.write('\n');
	await once(lines, 'line');

	t.true(used < 60, `${used * 10} ms of processor time in a second without descriptors`);
	t.is(await ask(Number(port)), 'HTTP/1.1 200', complaints);
	t.is(child.exitCode, null);
});
