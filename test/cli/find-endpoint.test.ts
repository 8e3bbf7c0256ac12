import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import {type AddressInfo, createServer} from 'node:net';
import path from 'node:path';
import test from 'ava';
import {findEndpoint} from '../../src/cli/find-endpoint.ts';
import {heldPort} from '../helpers/ports.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';

/** A home with run files of processes that certainly run: this one and its parent. */
async function homeWith(
	t: Parameters<typeof temporaryFolder>[0],
	...running: readonly {pid: number; cwd: string; port: number}[]
) {
	const home = await temporaryFolder(t);
	await mkdir(path.join(home, 'run'));
	for (const {pid, cwd, port} of running) {
		const content = JSON.stringify({endpoint: `http://127.0.0.1:${port}`, pid, cwd});
		await writeFile(path.join(home, 'run', `${pid}.json`), content);
	}
	return {LB_LOCAL_HOME: home};
}

const HERE = {pid: process.pid, cwd: '/here', port: 1001};
const THERE = {pid: process.ppid, cwd: '/there', port: 1002};

test('--endpoint comes before LB_LOCAL_ENDPOINT, and that before running instances', async t => {
	const home = await homeWith(t, HERE);
	const env = {...home, LB_LOCAL_ENDPOINT: 'http://localhost:9001/'};

	t.is(await findEndpoint({given: 'http://127.0.0.1:9000/api/v1', env}), 'http://127.0.0.1:9000');
	t.is(await findEndpoint({env}), 'http://localhost:9001');
	t.is(await findEndpoint({env: {...env, LB_LOCAL_ENDPOINT: ''}}), 'http://127.0.0.1:1001');
});

test('the instance of this directory is chosen, else the only one, else the default port', async t => {
	t.is(await findEndpoint({env: await homeWith(t, HERE, THERE), cwd: '/here'}), 'http://127.0.0.1:1001');
	t.is(await findEndpoint({env: await homeWith(t, HERE, THERE), cwd: '/there'}), 'http://127.0.0.1:1002');
	t.is(await findEndpoint({env: await homeWith(t, THERE), cwd: '/here'}), 'http://127.0.0.1:1002');
	t.is(await findEndpoint({env: await homeWith(t), cwd: '/here'}), 'http://127.0.0.1:8089');
});

test('when several instances are possible they are listed', async t => {
	const elsewhere = await t.throwsAsync(findEndpoint({env: await homeWith(t, HERE, THERE), cwd: '/elsewhere'}));
	const same = await t.throwsAsync(
		findEndpoint({env: await homeWith(t, HERE, {...THERE, cwd: '/here'}), cwd: '/here'}),
	);

	t.like(elsewhere, {code: 'USAGE', hint: '--endpoint or LB_LOCAL_ENDPOINT chooses one.'});
	const lines = elsewhere?.message.split('\n') ?? [];
	t.is(lines[0], 'several instances are running, and none is chosen:');
	t.deepEqual(lines.slice(1).sort(), [
		`  http://127.0.0.1:1001 (process ${process.pid}, no configuration, in /here)`,
		`  http://127.0.0.1:1002 (process ${process.ppid}, no configuration, in /there)`,
	]);
	t.like(same, {code: 'USAGE'});
});

test('an instance that was killed and left its file is not chosen', async t => {
	const {port} = await heldPort(t);
	const closed = createServer().listen(0, '127.0.0.1');
	await once(closed, 'listening');
	const dead = {...HERE, port: (closed.address() as AddressInfo).port};
	await once(closed.close(), 'close');
	const env = await homeWith(t, dead, {...THERE, port});

	t.is(await findEndpoint({env, cwd: '/elsewhere'}), `http://127.0.0.1:${port}`);
	t.is(await findEndpoint({env, cwd: '/here'}), `http://127.0.0.1:${port}`);
});

for (const given of [
	'',
	'8089',
	'localhost:8089',
	'127.0.0.1:8089',
	'https://127.0.0.1:8089',
	'http://user:secret@127.0.0.1:8089',
	'http://127.0.0.1:8089/elsewhere',
	'http://127.0.0.1:8089/?a=1',
	'http://127.0.0.1:99999',
	'http://',
	'file:///etc/passwd',
]) {
	test(`${JSON.stringify(given)} is not an endpoint`, async t => {
		await t.throwsAsync(findEndpoint({given}), {
			code: 'USAGE',
			message: `--endpoint is ${JSON.stringify(given)}, which is not the endpoint of a control port`,
		});
	});
}
