import {isAlike} from '../base/alike.ts';
import {type Account, runningIn, type UsableCertificate} from '../model/account.ts';
import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import {normalisedOf} from '../model/resolve.ts';
import {SETTINGS, type Timeouts} from '../model/settings.ts';
import type {Context, Operation} from './context.ts';
import {declareVm} from './declare-vm.ts';
import {putConfiguredCertificate, removeCertificate, removeConfiguredCertificate} from './kept-certificates.ts';
import {type NormalisedPart, type PutLoadBalancer, putLoadBalancer, removeLoadBalancer} from './put-load-balancer.ts';

/** A configuration and its certificates, ready to be used. */
export interface ConfigurationContent {
	readonly described: NormalisedConfig;
	readonly certificates: ReadonlyMap<string, UsableCertificate>;
}

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

export interface Configure {
	/** What the configuration said before. */
	readonly before: ConfigurationContent;
	readonly after: ConfigurationContent;
	/** How the two differ, where that is known already. */
	readonly reloaded?: Reloaded;
	/** What the listeners of load balancers that come or change show, by load balancer and logical port. */
	readonly certificates: ReadonlyMap<string, ReadonlyMap<number, UsableCertificate>>;
	/** Present where `before` is all that is described, whoever has described it; else it is what the configuration says. */
	readonly restores?: Restores | undefined;
}

export interface Restores {
	/** Whether a load balancer that is new is one of the configuration. */
	readonly isConfigured: (loadBalancer: string) => boolean;
	/** The ids of the certificates in `before`. */
	readonly certificateIds: ReadonlyMap<string, string>;
}

/**
 * A configuration that is read, or read again. Compared is what it said before, so that load balancers, and parts of
 * them, that others have made or changed meanwhile stay as they are.
 */
export const configure: Operation<Configure, undefined> = input => (account, context) => {
	const {before, after, restores} = input;
	const {loadBalancers, certificates} = input.reloaded ?? differences(before, after);
	const steps: ((account: Account) => Account)[] = [
		...[...certificates.added, ...certificates.changed].map(name => withCertificate(name, after, context)),
		...vmsThatDiffer(before, after).map(
			id => (each: Account) => declareVm({id, backend: after.described.vms.get(id)})(each, context).account,
		),
		...loadBalancers.removed.map(name => (each: Account) => {
			const isOurs = restores !== undefined || each.loadBalancers.get(name)?.isConfigured === true;
			return isOurs ? removeLoadBalancer({name})(each, context).account : each;
		}),
		...[...loadBalancers.added, ...loadBalancers.changed].map(name => withLoadBalancer(name, input, context)),
		...certificates.removed.map(name => (each: Account) => {
			const id = restores?.certificateIds.get(name);
			return id === undefined ? removeConfiguredCertificate(each, name) : removeCertificate(each, id);
		}),
	];
	return {account: steps.reduce((next, step) => step(next), account), result: undefined};
};

/** What reading a configuration again has brought. */
export function differences(before: ConfigurationContent, after: ConfigurationContent): Reloaded {
	return {
		loadBalancers: difference(before.described.loadBalancers, after.described.loadBalancers, isSame),
		certificates: difference(before.certificates, after.certificates, (one, other) => one === other),
		backends: difference(backendsByName(before), backendsByName(after), (one, other) => one === other),
	};
}

/**
 * A load balancer as the configuration has it now, and which parts of that are new; undefined where the configuration
 * says nothing of it any more. One that others have made under this name is not the configuration's.
 */
export function configuredPart(
	name: string,
	{before, after, restores}: Pick<Configure, 'before' | 'after' | 'restores'>,
	account: Account,
): Pick<PutLoadBalancer, 'normalised' | 'parts'> | undefined {
	const wanted = after.described.loadBalancers.get(name);
	if (wanted === undefined) return undefined;
	const old = before.described.loadBalancers.get(name);
	const current = runningIn(account, name);
	const isOurs = restores !== undefined || current?.isConfigured === true;
	return old === undefined || current === undefined || !isOurs
		? {normalised: wanted, parts: undefined}
		: merged(normalisedOf(current, account), old, wanted);
}

function withCertificate(name: string, {certificates}: ConfigurationContent, context: Context) {
	return (account: Account): Account => {
		const certificate = certificates.get(name);
		return certificate === undefined ? account : putConfiguredCertificate(account, name, certificate, context);
	};
}

function withLoadBalancer(name: string, input: Configure, context: Context) {
	return (account: Account): Account => {
		const part = configuredPart(name, input, account);
		if (part === undefined) return account;
		const certificates = input.certificates.get(name) ?? new Map();
		const isConfigured = input.restores?.isConfigured(name) ?? true;
		return putLoadBalancer({...part, certificates, isConfigured})(account, context).account;
	};
}

function vmsThatDiffer({described: {vms: before}}: ConfigurationContent, after: ConfigurationContent): string[] {
	const {vms} = after.described;
	return [...new Set([...before.keys(), ...vms.keys()])].filter(id => before.get(id) !== vms.get(id));
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
function backendsByName({described: {backends}}: ConfigurationContent): Map<string, NormalisedBackend> {
	return new Map([...backends.values()].flat().map(backend => [backend.name, backend]));
}

/** Whether two say the same, however they were written. */
function isSame(before: NormalisedLoadBalancer, after: NormalisedLoadBalancer): boolean {
	// What a configuration describes has the keys of its type, and no others; a snapshot of an account has more.
	const parts = Object.keys(after) as (keyof NormalisedLoadBalancer)[];
	return parts.every(part => part === 'source' || isAlike(before[part], after[part]));
}

/** What runs, with the parts changed in which the configuration differs from what it was before. */
function merged(
	current: NormalisedLoadBalancer,
	before: NormalisedLoadBalancer,
	after: NormalisedLoadBalancer,
): Required<Pick<PutLoadBalancer, 'normalised' | 'parts'>> {
	const parts = new Set<NormalisedPart>(PARTS.filter(part => !isAlike(before[part], after[part])));
	const times = TIMEOUTS.filter(key => before.timeouts[key] !== after.timeouts[key]);
	// A default check is that of the first listener at the start; later listeners never move it.
	if (!isAlike(before.source['healthCheck'], after.source['healthCheck'])) parts.add('healthCheck');
	const timeouts = {...current.timeouts, ...Object.fromEntries(times.map(key => [key, after.timeouts[key]]))};
	return {
		normalised: {...after, timeouts, source: mergedSource(current.source, before.source, after.source)},
		parts: parts.add('timeouts').add('source'),
	};
}

/** Timeouts are compared one by one. */
const PARTS: readonly NormalisedPart[] = [
	'address',
	'listeners',
	'backends',
	'rules',
	'faults',
	'accessLog',
	...SETTINGS.filter(name => name !== 'timeouts'),
];

const TIMEOUTS = ['idleMs', 'headMs', 'connectMs', 'handshakeMs'] as const satisfies readonly (keyof Timeouts)[];

function mergedSource(
	current: NormalisedLoadBalancer['source'],
	before: NormalisedLoadBalancer['source'],
	after: NormalisedLoadBalancer['source'],
): NormalisedLoadBalancer['source'] {
	const result = {...current};
	for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
		if (isAlike(before[key], after[key])) continue;
		if (key in after) result[key] = after[key];
		else delete result[key];
	}
	return result;
}
