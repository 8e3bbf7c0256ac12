import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {negotiableWith} from '../codec/negotiation.ts';
import {
	type Account,
	runningIn,
	type UsableCertificate,
	withLoadBalancer,
	withoutLoadBalancer,
} from '../model/account.ts';
import {
	type AccessLogSettings,
	type AccountListener,
	type AccountLoadBalancer,
	NO_ACCESS_LOG,
} from '../model/account-load-balancer.ts';
import {isHttp, type ListenerPorts} from '../model/listener.ts';
import type {NormalisedListener, NormalisedLoadBalancer} from '../model/normalised.ts';
import {type NamedPolicy, type NamedStickiness, negotiationOn, stickinessOn} from '../model/policy.ts';
import {backendOf} from '../model/resolve.ts';
import {SETTINGS} from '../model/settings.ts';
import type {Context, Operation} from './context.ts';
import {withoutUnusedPorts} from './enabled-policies.ts';
import {type GivenRule, withGivenRules} from './given-rules.ts';
import {certificateOf, isShownAt, withoutUnused} from './kept-certificates.ts';
import {newLoadBalancer} from './new-load-balancer.ts';
import {type Registrations, registrationsOf, reregistered, vmsWithout} from './registrations.ts';

/** A part of a load balancer that the library and the configuration have a word for. */
export type NormalisedPart = Exclude<keyof NormalisedLoadBalancer, 'name' | 'internal' | 'pendingBackends'>;

/** A load balancer as the library or the configuration has it. */
export interface PutLoadBalancer {
	readonly normalised: NormalisedLoadBalancer;
	/** The parts that change; undefined: all. Those of a load balancer that is new are all taken. */
	readonly parts?: ReadonlySet<NormalisedPart> | undefined;
	/** What its listeners show, by logical port. One that the configuration names is looked up in the account. */
	readonly certificates: ReadonlyMap<number, UsableCertificate>;
	/** Whether the configuration describes it, where it is new. */
	readonly isConfigured?: boolean;
	/** Back-ends that have been drained since the change was asked for, by name: they stay away. */
	readonly drained?: ReadonlySet<string> | undefined;
}

/**
 * `create()` and `update()` of the library, and what a configuration says of one load balancer. What it has no word for
 * stays as it is: tags, ids, policies that no listener uses, the place it stands in.
 */
export const putLoadBalancer: Operation<PutLoadBalancer, AccountLoadBalancer> = input => (before, context) => {
	const {normalised} = input;
	const {name} = normalised;
	const previous = runningIn(before, name);
	const isGiven = (part: NormalisedPart) =>
		previous === undefined || input.parts === undefined || input.parts.has(part);
	const registered = isGiven('backends') ? register(input, before, context) : undefined;
	let account: Account = registered === undefined ? before : {...before, vms: registered.vms};
	if (previous === undefined) account = withoutLoadBalancer(account, name);

	const made = isGiven('listeners') ? listenersOf(input, previous, account, context) : undefined;
	account = made?.account ?? account;
	const {isConfigured = false} = input;
	const base = previous ?? {...newOfLibrary(name, account, context), isConfigured};
	if (previous === undefined) account = {...account, serial: account.serial + 1};

	const loadBalancer: AccountLoadBalancer = {
		...base,
		...made?.parts,
		...(registered === undefined ? {} : reregistered(base, registered.backends)),
		...pick(normalised, PLAIN.filter(isGiven)),
		...(isGiven('accessLog') ? {accessLog: accessLogOf(normalised), logTarget: normalised.accessLog} : {}),
	};
	account = withLoadBalancer(account, loadBalancer);
	if (isGiven('rules') || isGiven('listeners') || isGiven('backends')) {
		const rules = isGiven('rules')
			? writtenRules(normalised, registered ?? known(loadBalancer, account), previous, before)
			: sameRules(name, registered, before);
		account = withGivenRules(account, rules, loadBalancer, context);
	}
	account = withoutUnused(account, name);
	if (registered === undefined || previous === undefined) return {account, result: loadBalancer};
	// What it no longer registers leaves the account, as all of its VMs do when it goes itself.
	return {account: {...account, vms: vmsWithout(previous, account, context)}, result: loadBalancer};
};

/** `stop()` of the library, and a load balancer that the configuration no longer has: what it brought goes with it. */
export const removeLoadBalancer: Operation<{readonly name: string}, undefined> =
	({name}) =>
	(account, context) => {
		const gone = account.loadBalancers.get(name);
		if (gone === undefined) return {account, result: undefined};
		const rest = withoutLoadBalancer(account, name);
		return {account: {...withoutUnused(rest, name), vms: vmsWithout(gone, rest, context)}, result: undefined};
	};

/** Parts that the account keeps as they are given. */
const PLAIN = ['healthCheck', 'address', 'faults', 'source', ...SETTINGS] as const satisfies readonly NormalisedPart[];

function pick<Value, Key extends keyof Value>(value: Value, keys: readonly Key[]): Partial<Pick<Value, Key>> {
	const picked: Partial<Pick<Value, Key>> = {};
	for (const key of keys) picked[key] = value[key];
	return picked;
}

/** What the cloud would have given it at its creation: it stands in the public Cloud, and has always been there. */
function newOfLibrary(name: string, {serial}: Account, context: Context): AccountLoadBalancer {
	const {identifiers, wallMs} = context;
	return newLoadBalancer(
		{
			name,
			scheme: 'internet-facing',
			placement: {kind: 'public', subregions: [`${identifiers.region}a`], securityGroups: []},
			publicIp: {address: identifiers.publicIp(serial), own: false},
			life: {phase: 'changing', sinceMs: Number.NEGATIVE_INFINITY},
			creation: {serial, wallMs, asked: undefined},
		},
		context,
	);
}

function register({normalised, drained = new Set()}: PutLoadBalancer, account: Account, context: Context) {
	const backends = normalised.backends.filter(({name}) => !drained.has(name));
	return registrationsOf({...normalised, backends}, account, context);
}

/** The VM ids of what is registered, by the names of the back-ends. */
function known({backends}: AccountLoadBalancer, account: Account): Pick<Registrations, 'idOf'> {
	const ids = backends.flatMap(each => (each.kind === 'vm' ? [[backendOf(each, account).name, each.id] as const] : []));
	return {idOf: new Map(ids)};
}

/** The rules as they are written. What they name is registered, or was when they were written. */
function writtenRules(
	{name, rules}: NormalisedLoadBalancer,
	{idOf}: Pick<Registrations, 'idOf'>,
	previous: AccountLoadBalancer | undefined,
	before: Account,
): GivenRule[] {
	const earlier = new Map(
		previous === undefined
			? []
			: before.rules
					.filter(({loadBalancer}) => loadBalancer === name)
					.flatMap(({vmIds}) => vmIds)
					.map(id => [before.vms.get(id)?.name ?? id, id] as const),
	);
	return rules.map(({to, ...rule}) => ({
		...rule,
		vmIds: to.flatMap(backend => idOf.get(backend) ?? earlier.get(backend) ?? []),
	}));
}

/** The rules that there are. Where one of the back-ends they name is another one now, they name that. */
function sameRules(name: string, registered: Registrations | undefined, {rules, vms}: Account): GivenRule[] {
	const idNow = (id: string) => registered?.idOf.get(vms.get(id)?.name ?? id) ?? id;
	return rules
		.filter(({loadBalancer}) => loadBalancer === name)
		.map(({scope, name: written, priority, host, path: pattern, vmIds}) => ({
			name: written,
			priority,
			host,
			path: pattern,
			listener: scope.kind === 'all' ? undefined : scope.port,
			vmIds: vmIds.map(idNow),
		}));
}

/** The listeners with their ids, certificates and policies. */
function listenersOf(
	{normalised, certificates}: PutLoadBalancer,
	previous: AccountLoadBalancer | undefined,
	before: Account,
	context: Context,
): {
	readonly account: Account;
	readonly parts: Pick<AccountLoadBalancer, 'listeners' | 'policies' | 'backendPolicies'>;
} {
	let account = before;
	const {name: loadBalancer} = normalised;
	const isKeptAt = (port: number) => {
		const given = certificates.get(port);
		return given !== undefined && isShownAt({loadBalancer, port}, given, before);
	};
	const enabled = normalised.listeners.map(listener => policyFor(listener, previous));
	const listeners = normalised.listeners.map((given, index): AccountListener => {
		const {ports, certificate, stickiness: _, ...settings} = given;
		const same = previous?.listeners.find(({port}) => port === ports.port);
		const shown =
			certificate &&
			certificateOf(
				{port: ports.port, reference: certificate, given: certificates.get(ports.port), loadBalancer, isKeptAt},
				account,
				context,
			);
		account = shown?.account ?? account;
		const id = same?.id ?? context.identifiers.listenerId(account.serial);
		if (same === undefined) account = {...account, serial: account.serial + 1};
		const sticky = enabled[index]?.name ?? [];
		const policies = [sticky, negotiationKept(same, ports, previous, account.certificates.get(shown?.id ?? ''))].flat();
		return {id, certificateId: shown?.id, policies, certificate, ...ports, ...settings};
	});
	const policies = withEnabled(previous?.policies ?? [], enabled);
	const backendPolicies = withoutUnusedPorts(previous?.backendPolicies ?? new Map(), listeners);
	return {account, parts: {listeners, policies, backendPolicies}};
}

/** A file has no word in the cloud: its load balancer shows none. A folder is a bucket. */
export function accessLogOf({accessLog}: Pick<NormalisedLoadBalancer, 'accessLog'>): AccessLogSettings {
	if (accessLog?.kind !== 'folder') return NO_ACCESS_LOG;
	const {folder, prefix, intervalMinutes} = accessLog;
	return {enabled: true, bucket: path.basename(folder), prefix: prefix === '' ? undefined : prefix, intervalMinutes};
}

/** The policy that a listener's stickiness shows as: the one it had, where that says the same. */
export function policyFor(
	{ports, stickiness}: Pick<NormalisedListener, 'ports' | 'stickiness'>,
	previous: AccountLoadBalancer | undefined,
): NamedStickiness | undefined {
	if (stickiness === undefined || !isHttp(ports.protocol)) return undefined;
	const listener = previous?.listeners.find(({port}) => port === ports.port);
	const same = previous && listener && stickinessOn(listener, previous);
	if (same !== undefined && isDeepStrictEqual(same.stickiness, stickiness)) return same;
	return {name: `stickiness-${ports.port}`, kind: 'stickiness', stickiness};
}

/** The name of the SSL negotiation policy of a listener, which stays as long as the listener can negotiate something. */
function negotiationKept(
	same: AccountListener | undefined,
	{protocol}: ListenerPorts,
	previous: AccountLoadBalancer | undefined,
	certificate: UsableCertificate | undefined,
): readonly string[] {
	const policy = same && previous && negotiationOn({protocol, policies: same.policies}, previous);
	if (policy === undefined || certificate === undefined) return [];
	return negotiableWith(certificate.facts.keyType, policy.negotiation).length > 0 ? [policy.name] : [];
}

function withEnabled(before: readonly NamedPolicy[], enabled: readonly (NamedPolicy | undefined)[]): NamedPolicy[] {
	const policies = new Map(before.map(policy => [policy.name, policy]));
	for (const policy of enabled) if (policy !== undefined) policies.set(policy.name, policy);
	return [...policies.values()];
}
