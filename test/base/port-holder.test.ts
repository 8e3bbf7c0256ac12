import {spawn} from 'node:child_process';
import {once} from 'node:events';
import test from 'ava';
import {portHolder} from '../../src/base/port-holder.ts';
import {onLinux} from '../helpers/platforms.ts';
import {heldPort} from '../helpers/ports.ts';

onLinux('the process that listens on a port is named', async t => {
	const program = "const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))";
	const child = spawn(process.execPath, ['-e', program], {stdio: ['ignore', 'pipe', 'inherit']});
	t.teardown(() => child.kill());
	const [port] = await once(child.stdout, 'data');

	t.is(await portHolder(Number(port)), `node (process ${child.pid})`);
});

onLinux('a port of this process is named as its own', async t => {
	const {port} = await heldPort(t, '::1');

	t.is(await portHolder(port), 'this process');
});

test('a port without a listener has no holder', async t => {
	const {port, release} = await heldPort(t);
	await release();

	t.is(await portHolder(port), undefined);
});
