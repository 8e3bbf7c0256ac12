import {isDeepStrictEqual} from 'node:util';
import {EmulatorError, type Violation} from '../base/errors.ts';
import type {Finding} from '../configuration/finding.ts';
import type {Timeouts} from '../model/load-balancer.ts';
import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Configured} from './configured.ts';
import type {Entry} from './entry.ts';
import type {Change, FailingPart, Wanted} from './wanted.ts';

/** Names of what has come, changed and gone. */
export interface Difference {
	readonly added: readonly string[];
	readonly changed: readonly string[];
	readonly removed: readonly string[];
}

/** How a configuration differs from what it was before. */
export interface Reloaded {
	readonly loadBalancers: Difference;
	readonly certificates: Difference;
	readonly backends: Difference;
}

/** What reading a configuration anew has brought. */
export function differences(before: Configured, after: Configured): Reloaded {
	return {
		loadBalancers: difference(before.described.loadBalancers, after.described.loadBalancers, isSame),
		certificates: difference(before.certificates, after.certificates, (one, other) => one === other),
		backends: difference(backendsOf(before.described), backendsOf(after.described), (one, other) => one === other),
	};
}

/**
 * What has to be done so that a fleet becomes what the configuration says by now. Compared is what it said before, so
 * that load balancers, and parts of them, that others have made or changed meanwhile stay as they are.
 */
export function planReload(before: Configured, after: Configured, entries: ReadonlyMap<string, Entry>): Change {
	const {added, changed, removed} = differences(before, after).loadBalancers;
	const wanted: Wanted[] = [];
	for (const name of [...added, ...changed]) {
		const described = after.described.loadBalancers.get(name);
		if (described === undefined) continue;
		const old = before.described.loadBalancers.get(name);
		const entry = entries.get(name);
		const ours = entry?.isConfigured === true ? entry : undefined;
		wanted.push({
			described: old === undefined || ours === undefined ? described : merged(ours.described, old, described),
			isNew: ours === undefined,
			...common(name, after),
		});
	}
	// Whoever made them, load balancers that name a certificate show what bears the name by now.
	for (const [name, entry] of entries) {
		if (wanted.some(({described}) => described.name === name) || removed.includes(name)) continue;
		if (names(entry.described).some(certificate => hasChanged(certificate, before, after))) {
			wanted.push({described: entry.described, ...common(name, after)});
		}
	}
	const unwanted = removed.flatMap(name => {
		const entry = entries.get(name);
		return entry?.isConfigured === true ? [[name, entry.described.drainMs ?? 0] as const] : [];
	});
	const kept = new Set([...after.described.backends.values()].flat());
	return {wanted, unwanted: new Map(unwanted), known: after.certificates, kept};
}

/** The names of all load balancers that a reload may concern. */
export function concerned(before: Configured, after: Configured, entries: ReadonlyMap<string, Entry>): string[] {
	const {loadBalancers, certificates} = differences(before, after);
	const others = certificates.changed.length > 0 ? entries.keys() : [];
	return [...loadBalancers.added, ...loadBalancers.changed, ...loadBalancers.removed, ...others];
}

function common(name: string, after: Configured): Omit<Wanted, 'described'> {
	const path = ['loadBalancers', name];
	return {
		path,
		refuse: after.refuse,
		isConfigured: true,
		explain: (error, part) => placed(error, after.placeOf(findingOf(part, path, after.described))),
	};
}

function findingOf(
	part: FailingPart,
	path: Violation['path'],
	{backends}: NormalisedConfig,
): Pick<Finding, 'path' | 'at'> {
	if (part === 'name') return {path, at: 'key'};
	if (typeof part === 'string') return {path: [...path, part]};
	// `app-1` is written as `app`: the first name that stands for it.
	const key = [...backends].find(([, group]) => group.includes(part))?.[0];
	return {path: key === undefined ? path : ['backends', key]};
}

/** The same failure, and it says where in the file it belongs. */
function placed(error: unknown, place: string | undefined): unknown {
	if (place === undefined || !(error instanceof EmulatorError)) return error;
	const {code, message, hint} = error;
	return new EmulatorError(code, `${place}: ${message}`, {hint, cause: error});
}

function difference<Value>(
	before: ReadonlyMap<string, Value>,
	after: ReadonlyMap<string, Value>,
	same: (one: Value, other: Value) => boolean,
): Difference {
	const isChanged = ([name, value]: readonly [string, Value]): boolean => {
		const old = before.get(name);
		return old !== undefined && !same(old, value);
	};
	return {
		added: [...after.keys()].filter(name => !before.has(name)),
		changed: [...after].filter(isChanged).map(([name]) => name),
		removed: [...before.keys()].filter(name => !after.has(name)),
	};
}

/** Each back-end by its own name: a name that stands for several is left out. */
function backendsOf({backends}: NormalisedConfig): Map<string, NormalisedBackend> {
	return new Map([...backends.values()].flat().map(backend => [backend.name, backend]));
}

function isSame({source: _, ...one}: NormalisedLoadBalancer, {source: __, ...other}: NormalisedLoadBalancer): boolean {
	return isDeepStrictEqual(one, other);
}

function names({listeners}: NormalisedLoadBalancer): string[] {
	return listeners.flatMap(({certificate}) => (certificate?.kind === 'named' ? [certificate.name] : []));
}

function hasChanged(certificate: string, before: Configured, after: Configured): boolean {
	const now = after.certificates.get(certificate);
	return now !== undefined && now !== before.certificates.get(certificate);
}

/** What runs, with the parts changed in which the configuration differs from what it was before. */
function merged(
	current: NormalisedLoadBalancer,
	before: NormalisedLoadBalancer,
	after: NormalisedLoadBalancer,
): NormalisedLoadBalancer {
	const parts = PARTS.filter(part => !isDeepStrictEqual(before[part], after[part]));
	const changed = TIMEOUTS.filter(key => before.timeouts[key] !== after.timeouts[key]);
	return {
		...current,
		...Object.fromEntries(parts.map(part => [part, after[part]])),
		timeouts: {...current.timeouts, ...Object.fromEntries(changed.map(key => [key, after.timeouts[key]]))},
		// A default check is that of the first listener at the start; later listeners never move it.
		healthCheck: isDeepStrictEqual(before.source['healthCheck'], after.source['healthCheck'])
			? current.healthCheck
			: after.healthCheck,
		source: mergedSource(current.source, before.source, after.source),
	};
}

const PARTS = [
	'address',
	'listeners',
	'backends',
	'rules',
	'faithfulHealth',
	'drainMs',
	'securedCookies',
	'accessLog',
	'retry',
	'upgrade',
] as const satisfies readonly (keyof NormalisedLoadBalancer)[];

const TIMEOUTS = ['idleMs', 'headMs', 'connectMs', 'handshakeMs'] as const satisfies readonly (keyof Timeouts)[];

function mergedSource(
	current: NormalisedLoadBalancer['source'],
	before: NormalisedLoadBalancer['source'],
	after: NormalisedLoadBalancer['source'],
): NormalisedLoadBalancer['source'] {
	const merged = {...current};
	for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
		if (isDeepStrictEqual(before[key], after[key])) continue;
		if (key in after) merged[key] = after[key];
		else delete merged[key];
	}
	return merged;
}
