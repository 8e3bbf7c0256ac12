import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import {isIP} from '../base/ip.ts';
import {type Account, rulesOf, withLoadBalancer, withoutLoadBalancer} from '../model/account.ts';
import {
	type CloudAccessLog,
	type CloudListener,
	type CloudLoadBalancer,
	type CloudPolicy,
	type CloudRule,
	NO_ACCESS_LOG,
	type Registration,
} from '../model/cloud-load-balancer.ts';
import {isHttp} from '../model/listener.ts';
import type {PemPair, ScopedRule} from '../model/load-balancer.ts';
import type {NormalisedBackend, NormalisedListener, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Context} from '../operations/context.ts';
import {bringCertificate, withoutUnused} from './adopt-certificates.ts';

export {adoptCertificate, forgetCertificate} from './adopt-certificates.ts';

/** A load balancer that runs without having come through an API. */
export interface Adopted {
	readonly described: NormalisedLoadBalancer;
	/** What its listeners show, by logical port. */
	readonly certificates: ReadonlyMap<number, PemPair>;
}

/**
 * The account with a load balancer as the library or the configuration describes it. What it had before is kept where
 * only the cloud has a word for it: tags, ids, policies that no listener uses, the place it stands in.
 */
export function adoptLoadBalancer(before: Account, {described, certificates}: Adopted, context: Context): Account {
	let account = before;
	const {name} = described;
	const former = account.loadBalancers.get(name);
	const previous = former?.life.phase === 'deleting' ? undefined : former;
	const registered = registrations(described, account, context);
	const enabled = described.listeners.map(listener => policyFor(listener, previous));
	const listeners = described.listeners.map(({ports, certificate}, index): CloudListener => {
		const same = previous?.listeners.find(({port}) => port === ports.port);
		const pair = certificate === undefined ? undefined : certificates.get(ports.port);
		let certificateId: string | undefined;
		if (pair !== undefined) {
			const wanted = certificate?.kind === 'named' ? certificate.name : `${name}-${ports.port}`;
			const brought = bringCertificate(account, {name: wanted, pair, broughtBy: name}, context);
			account = brought.account;
			certificateId = brought.id;
		}
		const id = same?.id ?? context.identifiers.listenerId(account.serial);
		if (same === undefined) account = {...account, serial: account.serial + 1};
		const policy = enabled[index];
		return {...ports, id, certificateId, policies: policy === undefined ? [] : [policy.name]};
	});
	const loadBalancer: CloudLoadBalancer = {
		...(previous ?? bornHere(name, account, context)),
		listeners,
		healthCheck: described.healthCheck,
		accessLog: accessLogOf(described),
		policies: withEnabled(previous?.policies ?? [], enabled),
		backends: registered.backends,
		securedCookies: described.securedCookies,
	};
	const rules = rulesFor(described, listeners, registered.idOf, {...account, serial: account.serial + 1}, context);
	const kept = withoutLoadBalancer(account, previous === undefined ? name : '');
	const next = withLoadBalancer({...kept, rules: rules.rules, serial: rules.serial}, loadBalancer);
	return {...withoutUnused(next, name), vms: registered.vms};
}

/** The account without a load balancer that has been stopped, and without what it brought. */
export function forgetLoadBalancer(account: Account, name: string, {identifiers}: Context): Account {
	const {vms} = account;
	const rest = withoutLoadBalancer(account, name);
	const used = new Set([...rest.loadBalancers.values()].flatMap(({backends}) => backends).map(idOfVm));
	const own = new Set(account.loadBalancers.get(name)?.backends.map(idOfVm));
	const isMade = (id: string, backend: string) =>
		[backend, `${name}/${backend}`].some(of => identifiers.resourceId('i', of) === id);
	// Ids that somebody has declared go on meaning what they were declared to be.
	const kept = [...vms].filter(([id, backend]) => !own.has(id) || used.has(id) || !isMade(id, backend.name));
	return {...withoutUnused(rest, name), vms: kept.length === vms.size ? vms : new Map(kept)};
}

function idOfVm(registration: Registration): string | undefined {
	return registration.kind === 'vm' ? registration.id : undefined;
}

/** What the cloud would have given it at its creation: it stands in the public Cloud, and has always been there. */
function bornHere(name: string, {serial}: Account, {identifiers}: Context) {
	return {
		name,
		dnsName: identifiers.dnsName(name, false),
		scheme: 'internet-facing',
		tags: new Map<string, string>(),
		placement: {kind: 'public', subregion: `${identifiers.region}a`},
		publicIp: {address: identifiers.publicIp(serial), own: false},
		life: {phase: 'changing', sinceMs: Number.NEGATIVE_INFINITY},
	} as const;
}

/** A file has no word in the cloud: its load balancer shows none. A folder is a bucket. */
function accessLogOf({accessLog}: NormalisedLoadBalancer): CloudAccessLog {
	if (accessLog?.kind !== 'folder') return NO_ACCESS_LOG;
	const {folder, prefix, intervalMinutes} = accessLog;
	return {enabled: true, bucket: path.basename(folder), prefix: prefix === '' ? undefined : prefix, intervalMinutes};
}

/** The policy that a listener's stickiness shows as: the one it had, where that says the same. */
function policyFor(
	{ports, stickiness}: NormalisedListener,
	previous: CloudLoadBalancer | undefined,
): CloudPolicy | undefined {
	if (stickiness === undefined) return undefined;
	const before = previous?.listeners.find(({port}) => port === ports.port)?.policies[0];
	const same = previous?.policies.find(
		policy => policy.name === before && isDeepStrictEqual(policy.stickiness, stickiness),
	);
	return same ?? {name: `stickiness-${ports.port}`, stickiness};
}

function withEnabled(before: readonly CloudPolicy[], enabled: readonly (CloudPolicy | undefined)[]): CloudPolicy[] {
	const policies = new Map(before.map(policy => [policy.name, policy]));
	for (const policy of enabled) if (policy !== undefined) policies.set(policy.name, policy);
	return [...policies.values()];
}

interface Registrations {
	readonly backends: readonly Registration[];
	readonly vms: Account['vms'];
	/** The VM id of each back-end that has one, by the back-end's name. */
	readonly idOf: ReadonlyMap<string, string>;
}

/** Addresses without a port are addresses in the cloud too; everything else is a VM, because only VMs can be anything. */
function registrations(
	{name, backends, rules}: NormalisedLoadBalancer,
	account: Account,
	{identifiers}: Context,
): Registrations {
	const vms = new Map(account.vms);
	const idOf = new Map<string, string>();
	const inRules = new Set(rules.flatMap(({to}) => to));
	const registered = backends.map((backend): Registration => {
		if (isPlainAddress(backend) && !inRules.has(backend.name)) return {kind: 'address', ip: backend.name};
		const id =
			backend.kind === 'undeclared'
				? backend.name
				: (idIn(vms, backend) ?? freeId(vms, backend.name, name, identifiers.resourceId.bind(identifiers, 'i')));
		if (backend.kind !== 'undeclared') vms.set(id, backend);
		idOf.set(backend.name, id);
		return {kind: 'vm', id};
	});
	const isSame = vms.size === account.vms.size && [...vms].every(([id, backend]) => account.vms.get(id) === backend);
	return {backends: registered, idOf, vms: isSame ? account.vms : vms};
}

function isPlainAddress(backend: NormalisedBackend): boolean {
	return (
		backend.kind === 'address' &&
		backend.port === undefined &&
		backend.ports.size === 0 &&
		backend.name === backend.host &&
		isIP(backend.host) !== 0
	);
}

function idIn(vms: Account['vms'], backend: NormalisedBackend): string | undefined {
	return [...vms].find(([, other]) => other === backend || isDeepStrictEqual(other, backend))?.[0];
}

/** An id that follows from the back-end's name, or, where another back-end of that name has it, from both names. */
function freeId(vms: Account['vms'], backend: string, loadBalancer: string, idFrom: (of: string) => string): string {
	const id = idFrom(backend);
	return vms.has(id) ? idFrom(`${loadBalancer}/${backend}`) : id;
}

/** The account's rules, with those of this load balancer as it describes them: one for each listener they hold on. */
function rulesFor(
	described: NormalisedLoadBalancer,
	listeners: readonly CloudListener[],
	idOf: ReadonlyMap<string, string>,
	account: Account,
	{identifiers}: Context,
): {readonly rules: ReadonlyMap<string, CloudRule>; readonly serial: number} {
	const {name} = described;
	const before = rulesOf(account, name);
	const rules = new Map([...account.rules].filter(([, rule]) => rule.loadBalancer !== name));
	let {serial} = account;
	const httpPorts = listeners.filter(({protocol}) => isHttp(protocol)).map(({port}) => port);
	for (const rule of described.rules) {
		const ports = rule.listener === undefined ? httpPorts : [rule.listener];
		for (const [index, port] of ports.entries()) {
			const ruleName = freeName(rules, nameOfRule(rule, name, index === 0 ? undefined : port));
			const same = before.find(other => other.name === ruleName);
			rules.set(ruleName, {
				name: ruleName,
				id: same?.id ?? identifiers.ruleId(serial++),
				loadBalancer: name,
				listener: port,
				priority: rule.priority,
				host: rule.host === '' ? undefined : rule.host,
				path: rule.path === '' ? undefined : rule.path,
				vmIds: rule.to.flatMap(backend => idOf.get(backend) ?? []),
			});
		}
	}
	// Rules on TCP and SSL listeners have no effect and no word in a description: they stay while their listener does.
	for (const rule of before) {
		const listener = listeners.find(({port}) => port === rule.listener);
		if (listener !== undefined && !isHttp(listener.protocol) && !rules.has(rule.name)) rules.set(rule.name, rule);
	}
	return {rules, serial};
}

function nameOfRule({name, priority}: ScopedRule, loadBalancer: string, port: number | undefined): string {
	const own = name === undefined || name === '' ? `${loadBalancer}-${priority}` : name;
	return port === undefined ? own : `${own}-${port}`;
}

/** Names of rules are unique in an account, and those of two load balancers of a configuration need not be. */
function freeName(rules: ReadonlyMap<string, unknown>, wanted: string): string {
	let name = wanted;
	for (let count = 2; rules.has(name); count++) name = `${wanted}-${count}`;
	return name;
}
