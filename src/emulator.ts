import type {LoadBalancerSpec} from './configuration/spec.ts';
import type {Emulator} from './emulator/emulator.ts';
import type {LoadBalancer} from './emulator/load-balancer.ts';
import {EMULATOR_OPTIONS, type EmulatorOptions, readOptions} from './emulator/options.ts';
import {RunningEmulator} from './emulator/running-emulator.ts';
import {callerUnderTest} from './emulator/still-open.ts';

export type {Call, Emulator, EmulatorEvents} from './emulator/emulator.ts';
export type {Notice, NoticeTopic} from './emulator/notices.ts';

/**
 * Starts an emulator, with everything its configuration describes.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` or `CONFIG_INVALID` with every violation, `CONFIG_NOT_FOUND`,
 * `PORT_UNAVAILABLE`, `COMMAND_FAILED`; then nothing is left running.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const startedAt = callerUnderTest(startEmulator);
	return RunningEmulator.start(readOptions(options), options.config, {opensControlPort: true, startedAt});
}

/**
 * Starts one load balancer with an emulator of its own: what most tests want. Stopping it stops both.
 *
 * @throws EmulatorError as {@link startEmulator} and {@link Emulator.create}.
 */
export async function startLoadBalancer(spec: LoadBalancerSpec & EmulatorOptions): Promise<LoadBalancer> {
	const startedAt = callerUnderTest(startLoadBalancer);
	// A caller without types may pass anything; only what is an object has options to take out.
	const all: Record<string, unknown> = typeof spec === 'object' && spec !== null ? {...spec} : {};
	const options: Record<string, unknown> = {};
	for (const name of EMULATOR_OPTIONS) {
		if (name in all) options[name] = all[name];
		delete all[name];
	}
	const read = readOptions(options);
	const opensControlPort = read.port !== undefined;
	const emulator = await RunningEmulator.start(read, options['config'], {opensControlPort, startedAt});
	return emulator.createAlone(typeof spec === 'object' ? all : spec);
}
