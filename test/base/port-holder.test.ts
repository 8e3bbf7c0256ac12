import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import test from 'ava';
import {portHolder} from '../../src/base/port-holder.ts';
import {onLinux} from '../helpers/platforms.ts';

onLinux('the process that listens on a port is named', async t => {
	const program = "const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))";
	const child = spawn(process.execPath, ['-e', program], {stdio: ['ignore', 'pipe', 'inherit']});
	t.teardown(() => child.kill());
	const [port] = await once(child.stdout, 'data');

	t.is(await portHolder(Number(port)), `node (process ${child.pid})`);
});

onLinux('a port of this process is named as its own', async t => {
	const server = createServer().listen(0, '::1');
	t.teardown(() => server.close());
	await once(server, 'listening');
	// A TCP server's address is an object.
	const {port} = server.address() as AddressInfo;

	t.is(await portHolder(port), 'this process');
});

test('a port without a listener has no holder', async t => {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	// A TCP server's address is an object.
	const {port} = server.address() as AddressInfo;
	await new Promise(resolve => server.close(resolve));

	t.is(await portHolder(port), undefined);
});
