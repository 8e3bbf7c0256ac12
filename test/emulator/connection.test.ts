import {readFile} from 'node:fs/promises';
import test from 'ava';
import type {Connection} from '../../src/control-plane/admin/admin-api.ts';
import {createAuthority} from '../../src/index.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';

async function connectionAt(endpoint: string): Promise<Connection> {
	const response = await fetch(`${endpoint}/_lb/connect`);
	// The route answers in the shape that its type says.
	return (await response.json()) as Connection;
}

test('/_lb/connect tells the variables of env(), and lines that trust the authority of this emulator by its file', async t => {
	const own = createAuthority();
	const {emulator} = await startWithApi(t, {authority: own});

	const {env, authority, trust} = await connectionAt(emulator.endpoint);

	t.deepEqual(env, emulator.env());
	t.is(env['LB_LOCAL_ENDPOINT'], emulator.endpoint);
	t.is(authority.file, emulator.ca.file);
	t.is(await readFile(authority.file, 'utf8'), own.pem);
	t.regex(authority.fingerprint256, /^(?:[\dA-F]{2}:){31}[\dA-F]{2}$/);
	t.true(Date.parse(authority.notAfter) > Date.now());
	t.deepEqual(
		trust.map(({name}) => name),
		['chromium', 'firefox', 'debian', 'macos', 'windows', 'java', 'node', 'python', 'curl', 'git'],
	);
	for (const {name, trust: lines} of trust) t.true(lines.join('\n').includes(authority.file), name);
	t.notRegex(JSON.stringify({env, authority, trust}), /PRIVATE KEY/);
});

test('/_lb/connect tells no configured key', async t => {
	const credentials = {OWNACCESSKEY12345678: 'own-secret-key-of-a-test'};
	const {emulator} = await startWithApi(t, {config: {control: {credentials}}});

	const told = JSON.stringify(await connectionAt(emulator.endpoint));

	t.false(told.includes('own-secret-key-of-a-test'));
	t.false(told.includes('OSC_SECRET_KEY'), 'they are for the client to set');
});
