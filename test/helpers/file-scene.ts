import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {type Config, createAuthority, startEmulator} from '../../src/index.ts';

export const authority = createAuthority();

/** One load balancer with one of two back-ends; the other is what a VM id means. */
export const CONFIG: Config = {
	backends: {a: {kind: 'echo'}, b: {kind: 'echo'}},
	vms: {'i-0000000b': 'b'},
	loadBalancers: {web: {listeners: ['http:80'], backends: ['a']}},
};

/** An emulator of a configuration file, and what writes that file anew. */
export async function fileScene(t: ExecutionContext) {
	const folder = await mkdtemp(path.join(tmpdir(), 'lb-local-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const file = path.join(folder, 'lb.json');
	const write = (config: Config) => writeFile(file, JSON.stringify(config));
	await write(CONFIG);
	const emulator = await startEmulator({config: file, authority});
	t.teardown(() => emulator.stop());
	return {emulator, write};
}
