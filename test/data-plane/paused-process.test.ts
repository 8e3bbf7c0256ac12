import {fork} from 'node:child_process';
import {once} from 'node:events';
import {connect} from 'node:net';

import test from 'ava';
import {compiled} from '../helpers/compiled.ts';
import {startRawBackend} from '../helpers/raw-backend.ts';
import {RawConnection} from '../helpers/raw-connection.ts';
import type {Report} from '../helpers/stream-load-balancer.ts';

const program = compiled('test/helpers/stream-load-balancer.ts');

test('a request that came while the process was stopped for longer than the idle timeout is answered', async t => {
	await using backend = await startRawBackend();
	const child = fork(program, {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
	t.teardown(() => child.kill('SIGKILL'));
	child.send({start: {listeners: ['http:80'], backends: [`127.0.0.1:${backend.port}`], idleTimeout: '300ms'}});
	const [{ports}] = (await once(child, 'message')) as [Report];
	const raw = connect({host: '127.0.0.1', port: ports?.[80] ?? 0});
	const client = new RawConnection(raw);
	await once(raw, 'connect');
	client.write('GET /first HTTP/1.1\r\nHost: a.test\r\n\r\n');
	t.is((await client.message()).body, 'GET /first HTTP/1.1');

	child.kill('SIGSTOP');
	await client.writeAll('GET /second HTTP/1.1\r\nHost: a.test\r\n\r\n');
	// The connection's idle time runs out while nobody can look.
	await passes(600);
	child.kill('SIGCONT');

	t.is((await client.message()).body, 'GET /second HTTP/1.1');
	client.reset();
	child.send('stop');
	await once(child, 'exit');
});

/** Lets real time pass: a stopped process is not told of it otherwise. */
function passes(ms: number): Promise<void> {
	const until = performance.now() + ms;
	return new Promise(resolve => {
		const look = () => (performance.now() >= until ? resolve() : setImmediate(look));
		look();
	});
}
