import fc from 'fast-check';
import {apiSteps} from './api-steps.ts';
import {anyVm, type Make, type Step, type StepsOptions} from './interleaved-step.ts';
import {stepsOfLibrary} from './library-steps.ts';
import type {SimpleAccount} from './simple-account.ts';
import {afterReset, withConfiguration, withoutDeleted} from './simple-changes.ts';
import {CONFIGURED, configurations} from './simple-configurations.ts';

/** Steps that are under way at once, a batch after the other, `count` of them in all. */
export function batches(count: number, options: StepsOptions): fc.Arbitrary<readonly (readonly Step[])[]> {
	const step = anyStep(options);
	// A reload takes what stands there when it is its turn, so there is one at a time.
	const batch = fc
		.tuple(fc.array(step, {minLength: 2, maxLength: 5}), fc.option(reloads(options), {freq: 2}), fc.nat(4))
		.map(([steps, one, at]) => (one === null ? steps : [...steps.slice(0, at), one, ...steps.slice(at + 1)]));
	const few = Math.ceil(count / 3.5);
	return fc.array(batch, {minLength: few, maxLength: few, size: 'max'});
}

/** Any one step but a reload. */
export function anyStep(options: StepsOptions): Make {
	return fc.oneof(...stepsOfLibrary(options), ...apiSteps(options), ...operatorSteps());
}

export function reloads({ports, commandPort}: StepsOptions): Make {
	const all = configurations(ports, commandPort);
	return fc.nat(CONFIGURED.length - 1).map(config => ({
		label: `reload ${config}`,
		run: emulator => emulator.reload(all[config] ?? {}),
		effects: before => [withConfiguration(before, config)],
	}));
}

function operatorSteps(): Make[] {
	return [
		fc.tuple(anyVm, fc.constantFrom('127.0.0.1:9', '127.0.0.1:10')).map(([id, address]) => ({
			label: `set vm ${id} ${address}`,
			run: on => on.setVm({id, address}),
			effects: before => [{...before, vms: new Map(before.vms).set(id, address)}],
		})),
		anyVm.map(id => ({
			label: `remove vm ${id}`,
			run: on => on.removeVm(id),
			effects: before => [{...before, vms: new Map([...before.vms].filter(([other]) => other !== id))}],
		})),
		fc.constant<Step>({label: 'reset', run: on => on.reset(), effects: before => [afterReset(before)]}),
		fc.constant<Step>({
			label: 'time passes',
			run: on => on.pass(),
			effects: (before: SimpleAccount) => [withoutDeleted(before)],
		}),
	];
}

/** What became of a property, with what repeats it; undefined when it holds. */
export async function failureOf(property: fc.IAsyncProperty<unknown[]>, numRuns: number): Promise<string | undefined> {
	// A run takes long, so what fails is made smaller for a while only.
	const {failed, seed, counterexamplePath, errorInstance} = await fc.check(property, {
		numRuns,
		interruptAfterTimeLimit: 3_600_000,
		...REPLAY,
	});
	if (!failed) return undefined;
	const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
	return `seed ${seed}, path ${counterexamplePath}: ${error}`;
}

/** `FC_SEED` and `FC_PATH` of a failure repeat it. */
const {FC_SEED, FC_PATH} = process.env;
const REPLAY: fc.Parameters<unknown[]> = {
	endOnFailure: true,
	...(FC_SEED === undefined ? {} : {seed: Number(FC_SEED)}),
	...(FC_PATH === undefined ? {} : {path: FC_PATH}),
};
