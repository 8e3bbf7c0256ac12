import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {type Config, createAuthority, type Emulator, type EmulatorOptions, startEmulator} from '../../src/index.ts';
import {ControlPortApi} from './outscale-api.ts';
import {temporaryFolder} from './temporary-folder.ts';

type Teardown = Parameters<typeof temporaryFolder>[0];

export const authority = createAuthority();

/** One load balancer with one of two back-ends; the other is what a VM id means. */
export const CONFIG: Config = {
	backends: {a: {kind: 'echo'}, b: {kind: 'echo'}},
	vms: {'i-0000000b': 'b'},
	loadBalancers: {web: {listeners: ['http:80'], backends: ['a']}},
};

/** An emulator with its APIs at hand. */
export async function startWithApi(
	t: Teardown,
	options: EmulatorOptions = {},
): Promise<{readonly emulator: Emulator; readonly api: ControlPortApi}> {
	const emulator = await startEmulator({port: 0, authority, ...options});
	t.teardown(() => emulator.stop());
	return {emulator, api: new ControlPortApi(emulator)};
}

/** An emulator that runs what a file says, and what writes that file anew. */
export async function startFromFile(t: Teardown, config = CONFIG, options: Omit<EmulatorOptions, 'config'> = {}) {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'lb.json');
	const write = (next: Config) => writeFile(file, JSON.stringify(next, undefined, '\t'));
	await write(config);
	return {...(await startWithApi(t, {...options, config: file})), folder, file, write};
}
