import {type EmulatorError, formatPath, invalidDescription, type Violation} from '../base/errors.ts';
import {madeOnce} from '../base/made-once.ts';
import {quote} from '../base/quote.ts';
import {Violations} from '../base/violations.ts';
import type {DescriptionContext, describeLoadBalancer} from '../configuration/describe.ts';
import type {LoadBalancerSpec} from '../configuration/spec.ts';
import {writeFaultRule} from '../configuration/write-fault.ts';
import {formatListener} from '../model/listener.ts';
import type {NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Timeouts} from '../model/resolved.ts';
import type {NormalisedPart} from '../operations/put-load-balancer.ts';
import {violationsOfPairs} from './certificates.ts';
import {readRecordingsOf, withDigest} from './recordings.ts';
import {unreported, violationsOfAccessLog} from './validate-files.ts';

/** What is wrong with a load balancer that the library describes, as one error. */
export const refuseLoadBalancer = (violations: Iterable<Violation>): EmulatorError =>
	invalidDescription('The load balancer', violations);

const refuseChange = (violations: Iterable<Violation>): EmulatorError => invalidDescription('The change', violations);

/** What descriptions are validated with. It is loaded at the first one. */
export type Describing = () => Promise<typeof import('../configuration/describe.ts')>;

/** For one emulator: an import() takes 50 us, even of what is loaded. */
export function describingOnce(): Describing {
	return madeOnce(() => import('../configuration/describe.ts'));
}

/** Validates what `create()` was given. @throws EmulatorError `INVALID_DESCRIPTION` with every violation. */
export async function validateSpec(
	spec: unknown,
	context: DescriptionContext,
	describing: Describing,
): Promise<NormalisedLoadBalancer> {
	const {describeLoadBalancer} = await describing();
	return soundOrRefused(describeLoadBalancer(spec, context), {
		given: spec,
		refuse: refuseLoadBalancer,
		validateLog: described => violationsOfAccessLog(described),
	});
}

interface SoundOptions {
	readonly given: unknown;
	readonly refuse: (violations: Iterable<Violation>) => EmulatorError;
	readonly validateLog: (described: NormalisedLoadBalancer) => Promise<Violation[]>;
}

/** What was described, when neither the description nor what it takes from outside is wrong. @throws all that is. */
async function soundOrRefused(
	result: ReturnType<typeof describeLoadBalancer>,
	{given, refuse, validateLog}: SoundOptions,
): Promise<NormalisedLoadBalancer> {
	const described = 'violations' in result ? result.partly : result.described;
	const found = 'violations' in result ? result.violations : new Violations<Violation>();
	const reported = new Set([...found].map(violation => formatPath(violation.path)));
	const ofFiles = described === undefined ? [] : await validateLog(described);
	const recordings = described === undefined ? undefined : await readRecordingsOf(described, reported);
	ofFiles.push(...(recordings?.violations ?? []));
	if (found.length + ofFiles.length === 0 && described !== undefined) {
		return withRecordings(described, recordings?.digests ?? new Map());
	}
	// When nothing else is wrong, pairs are validated where they are used.
	for (const violation of unreported([...ofFiles, ...violationsOfPairs(given)], reported)) found.push(violation);
	throw refuse(found);
}

function withRecordings(
	described: NormalisedLoadBalancer,
	digests: ReadonlyMap<string, string>,
): NormalisedLoadBalancer {
	if (digests.size === 0) return described;
	return {...described, backends: described.backends.map(backend => withDigest(backend, digests))};
}

/**
 * Validates what `update()` was given, together with what the load balancer was described with.
 *
 * @returns what was given, with the parts that it changes: the others stay as whoever changed them last has left them.
 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation.
 */
export async function validateUpdate(
	current: NormalisedLoadBalancer,
	spec: unknown,
	context: DescriptionContext,
	describing: Describing,
): Promise<GivenUpdate> {
	const {name} = current;
	if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
		throw refuseChange([{path: [], message: 'must be an object with the keys that change', hint: undefined}]);
	}
	if ('name' in spec && spec.name !== undefined && spec.name !== name) {
		throw refuseChange([{path: ['name'], message: `a load balancer keeps its name, which is ${quote(name)}`}]);
	}
	const {describeLoadBalancer} = await describing();
	const given = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
	const result = describeLoadBalancer(
		{...asItIs(current, given), ...given},
		{
			...context,
			// What is registered has its name, whoever registered it.
			backends: 'backends' in given ? (context.backends ?? new Map()) : withRegistered(current, context),
		},
	);
	const described = await soundOrRefused(result, {
		given,
		refuse: refuseChange,
		validateLog: async changed =>
			'accessLog' in given ? violationsOfAccessLog(changed, {before: current.accessLog}) : [],
	});
	return withKeys(current, described, new Set(Object.keys(given)));
}

/** What an update changes. */
export interface GivenUpdate {
	readonly normalised: NormalisedLoadBalancer;
	readonly parts: ReadonlySet<NormalisedPart>;
}

/** A description that says enough of what runs to validate a change by: others than the library may have changed it. */
function asItIs({name, source, listeners, backends, rules, faults}: NormalisedLoadBalancer, given: object): object {
	// Rules that are not at stake are not validated again: one may name a back-end that was drained since.
	const areAtStake = 'listeners' in given || 'backends' in given;
	const ruled = areAtStake ? rules.filter(({to}) => to.length > 0) : [];
	const registered = new Set(backends.map(backend => backend.name));
	// Nor are faults, which a back-end that was drained leaves behind.
	const kept = areAtStake ? faults.filter(({on}) => on.kind !== 'backend' || registered.has(on.name)) : [];
	return {
		...source,
		name,
		// Through an API the last listener may go; what stands here in its place is never taken over.
		listeners: listeners.length > 0 ? listeners.map(({ports}) => formatListener(ports)) : ['http:80'],
		backends: backends.map(backend => backend.name),
		faults: kept.map(writeFaultRule),
		rules: ruled.map(rule => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined))),
	};
}

function withRegistered(
	{backends}: NormalisedLoadBalancer,
	context: DescriptionContext,
): NonNullable<DescriptionContext['backends']> {
	return new Map([...(context.backends ?? []), ...backends.map(backend => [backend.name, [backend]] as const)]);
}

const TIMEOUT_OF = {
	idleTimeout: 'idleMs',
	headTimeout: 'headMs',
	connectTimeout: 'connectMs',
} as const satisfies Partial<Record<keyof LoadBalancerSpec, keyof Timeouts>>;

/** The part that a key of a description becomes. */
function partOf(key: string, normalised: NormalisedLoadBalancer): NormalisedPart | undefined {
	if (key === 'draining') return 'drainingMs';
	if (key === 'name' || key in TIMEOUT_OF) return undefined;
	// Every other key has the name of its part, and a description has all parts.
	return key in normalised ? (key as NormalisedPart) : undefined;
}

function withKeys(
	current: NormalisedLoadBalancer,
	validated: NormalisedLoadBalancer,
	given: ReadonlySet<string>,
): GivenUpdate {
	const parts = [...given].flatMap(key => partOf(key, validated) ?? []);
	const times = Object.entries(TIMEOUT_OF).filter(([key]) => given.has(key));
	const timeouts = {...current.timeouts, ...Object.fromEntries(times.map(([, key]) => [key, validated.timeouts[key]]))};
	return {normalised: {...validated, timeouts}, parts: new Set([...parts, 'timeouts', 'source'])};
}
