import type {ConfigText} from './configuration/config-text.ts';
import type {Config, LoadBalancerSpec} from './configuration/spec.ts';
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
	const begin = async (emulator: RunningEmulator) => {
		await emulator.openControlPort();
		return emulator;
	};
	return RunningEmulator.start(readOptions(options), options.config, {startedAt, begin});
}

/** What the command line starts: a configuration as the library takes it or as the text of one, or one load balancer. */
export interface Described {
	readonly config?: string | Config | ConfigText | undefined;
	readonly spec?: LoadBalancerSpec | undefined;
}

/**
 * As {@link startEmulator}, for the command line.
 *
 * @throws EmulatorError as {@link startEmulator} and {@link Emulator.create}.
 */
export async function startDescribed(
	{config, spec}: Described,
	options: Omit<EmulatorOptions, 'config'>,
): Promise<Emulator> {
	const begin = async (emulator: RunningEmulator) => {
		if (spec !== undefined) await emulator.create(spec);
		await emulator.openControlPort();
		return emulator;
	};
	return RunningEmulator.start(readOptions(options), config, {startedAt: undefined, begin});
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
	const begin = async (emulator: RunningEmulator) => {
		const loadBalancer = await emulator.createAlone(typeof spec === 'object' ? all : spec);
		if (read.port !== undefined) await emulator.openControlPort();
		return loadBalancer;
	};
	return RunningEmulator.start(read, options['config'], {startedAt, begin});
}
