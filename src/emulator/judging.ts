import {type EmulatorError, formatPath, invalidDescription, type Violation} from '../base/errors.ts';
import type {DescriptionContext} from '../configuration/describe.ts';
import type {DescribedLoadBalancer} from '../configuration/described.ts';
import type {LoadBalancerSpec} from '../configuration/spec.ts';
import type {Timeouts} from '../model/load-balancer.ts';
import {violationsOfPairs} from './certificates.ts';

/** What is wrong with a load balancer that the library describes, as one error. */
export const refuseLoadBalancer = (violations: readonly Violation[]): EmulatorError =>
	invalidDescription('The load balancer', violations);

const refuseChange = (violations: readonly Violation[]): EmulatorError => invalidDescription('The change', violations);

/** Judges what `create()` was given. @throws EmulatorError `INVALID_DESCRIPTION` with every violation. */
export async function judgeSpec(spec: unknown, context: DescriptionContext): Promise<DescribedLoadBalancer> {
	const {describeLoadBalancer} = await import('../configuration/describe.ts');
	const result = describeLoadBalancer(spec, context);
	if (!('violations' in result)) return result.described;
	const told = new Set(result.violations.map(violation => formatPath(violation.path)));
	const ofPairs = violationsOfPairs(spec).filter(violation => !told.has(formatPath(violation.path)));
	throw refuseLoadBalancer([...result.violations, ...ofPairs]);
}

/**
 * Judges what `update()` was given, together with what the load balancer was described with.
 *
 * @returns what it is at the moment with the given keys changed: what another road has changed meanwhile stays.
 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation.
 */
export async function judgeUpdate(
	current: DescribedLoadBalancer,
	spec: unknown,
	context: DescriptionContext,
): Promise<DescribedLoadBalancer> {
	const {name, source} = current;
	if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
		throw refuseChange([{path: [], message: 'must be an object with the keys that change', hint: undefined}]);
	}
	if ('name' in spec && spec.name !== undefined && spec.name !== name) {
		throw refuseChange([{path: ['name'], message: `a load balancer keeps its name, which is ${JSON.stringify(name)}`}]);
	}
	const {describeLoadBalancer} = await import('../configuration/describe.ts');
	const given = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
	const result = describeLoadBalancer({...source, ...given}, context);
	if ('violations' in result) throw refuseChange(result.violations);
	return withKeys(current, result.described, new Set(Object.keys(given)));
}

/** Which part of a description each key of a spec becomes. */
const PART_OF = {
	address: 'address',
	listeners: 'listeners',
	backends: 'backends',
	rules: 'rules',
	healthCheck: 'healthCheck',
	faithfulHealth: 'faithfulHealth',
	draining: 'drainMs',
	securedCookies: 'securedCookies',
	accessLog: 'accessLog',
	retry: 'retry',
	upgrade: 'upgrade',
} as const satisfies Partial<Record<keyof LoadBalancerSpec, keyof DescribedLoadBalancer>>;

const TIMEOUT_OF = {
	idleTimeout: 'idleMs',
	headTimeout: 'headMs',
	connectTimeout: 'connectMs',
} as const satisfies Record<Exclude<keyof LoadBalancerSpec, keyof typeof PART_OF | 'name'>, keyof Timeouts>;

function withKeys(
	current: DescribedLoadBalancer,
	judged: DescribedLoadBalancer,
	given: ReadonlySet<string>,
): DescribedLoadBalancer {
	const parts = Object.entries(PART_OF).filter(([key]) => given.has(key));
	const timeouts = Object.entries(TIMEOUT_OF).filter(([key]) => given.has(key));
	return {
		...current,
		...Object.fromEntries(parts.map(([, part]) => [part, judged[part]])),
		timeouts: {...current.timeouts, ...Object.fromEntries(timeouts.map(([, key]) => [key, judged.timeouts[key]]))},
		source: judged.source,
	};
}
