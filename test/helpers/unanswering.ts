import {fork} from 'node:child_process';
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import type {ExecutionContext} from 'ava';
import {compiled} from './compiled.ts';

/** A port that can be dialled and does not answer, while the test lasts. */
export async function unanswering(t: ExecutionContext): Promise<number> {
	const child = fork(compiled('test/helpers/full-backlog.ts'));
	t.teardown(() => child.kill('SIGKILL'));
	const [port] = await once(child, 'message');
	// The system takes one or two more than the queue is long. On loopback it answers while it is dialled, so a dial that
	// is not answered when the event loop has gone round will not be.
	const fillers: Socket[] = [];
	t.teardown(() => {
		for (const filler of fillers) filler.destroy();
	});
	for (let isFull = false; !isFull; ) {
		const filler = connect({port: Number(port), host: '127.0.0.1'});
		filler.on('error', () => {});
		fillers.push(filler);
		isFull = await Promise.race([
			once(filler, 'connect').then(() => false),
			new Promise<boolean>(resolve => setImmediate(() => setImmediate(() => resolve(filler.connecting)))),
		]);
	}
	return Number(port);
}
