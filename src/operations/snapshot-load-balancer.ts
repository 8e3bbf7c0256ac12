import {isDeepStrictEqual} from 'node:util';
import {quote} from '../base/quote.ts';
import {below, tell, type WritePlace} from '../configuration/write-values.ts';
import type {Account} from '../model/account.ts';
import {type AccountListener, type AccountLoadBalancer, DEFAULT_DRAINING_MS} from '../model/account-load-balancer.ts';
import type {NormalisedFaultRule} from '../model/fault.ts';
import {whyNever} from '../model/fault-target.ts';
import {faultText} from '../model/fault-text.ts';
import {isHttp, isSecure} from '../model/listener.ts';
import type {NormalisedListener, NormalisedLoadBalancer} from '../model/normalised.ts';
import {backendRulesOf, stickinessOn} from '../model/policy.ts';
import {normalisedOf} from '../model/resolve.ts';
import type {ScopedRule} from '../model/resolved.ts';
import {DEFAULT_LISTENER_SETTINGS, type Settings} from '../model/settings.ts';
import type {Identifiers} from './identifiers.ts';
import {accessLogOf, policyFor} from './put-load-balancer.ts';
import type {SnapshotBackends} from './snapshot-backends.ts';
import type {SnapshotCertificates} from './snapshot-certificates.ts';

export interface SnapshotContext {
	readonly account: Account;
	readonly identifiers: Identifiers;
	readonly certificates: SnapshotCertificates;
	readonly backends: SnapshotBackends;
}

/**
 * A load balancer as a configuration has it.
 *
 * @returns undefined when a configuration cannot have it.
 */
export function snapshotOfLoadBalancer(
	loadBalancer: AccountLoadBalancer,
	context: SnapshotContext,
	place: WritePlace,
): NormalisedLoadBalancer | undefined {
	const {account, backends, certificates} = context;
	const {name, listeners} = loadBalancer;
	if (listeners.length === 0) {
		tell(place, 'it has no listener, and is not written: a configuration has load balancers with listeners only');
		return undefined;
	}
	for (const remark of Object.values(REMARKS)) {
		for (const message of remark(loadBalancer, context)) tell(place, message);
	}
	const normalised = normalisedOf(loadBalancer, account);
	const registered = new Map<string, NormalisedLoadBalancer['backends'][number]>();
	for (const backend of normalised.backends) {
		const owner = {name, place: below(place, 'backends')};
		if (backend.kind !== 'undeclared') registered.set(backend.name, backends.registered(backend, owner));
		else tell(owner.place, `the VM ${backend.name} is not written: nobody has said what it means`);
	}
	for (const pending of normalised.pendingBackends) {
		if (registered.has(pending)) {
			tell(below(place, 'backends'), `${quote(pending)} starts in service, and not pending as an API registers it`);
		}
	}
	return {
		...normalised,
		internal: false,
		pendingBackends: new Set(),
		backends: [...registered.values()],
		listeners: listeners.map((listener, index) => {
			const at = below(place, 'listeners', index);
			const {sendsProxyLine} = backendRulesOf(listener, loadBalancer);
			const written = snapshotOfListener(normalised.listeners[index], certificates.referenceOf(listener, at), listener);
			return {...written, proxyProtocol: written.proxyProtocol || sendsProxyLine};
		}),
		rules: rulesOf(normalised, name => registered.get(name)?.name, below(place, 'rules')),
		faults: faultsOf(normalised, name => registered.get(name)?.name, below(place, 'faults')),
	};
}

/** Without what the protocols leave no place for, as only the cloud's API could have given it. */
function snapshotOfListener(
	normalised: NormalisedListener | undefined,
	certificate: NormalisedListener['certificate'],
	{id: _, certificateId: __, policies: ___, ...listener}: AccountListener,
): NormalisedListener {
	const {protocol, port, backendProtocol, backendPort, ...settings} = listener;
	return {
		...settings,
		ports: {protocol, port, backendProtocol, backendPort},
		certificate,
		stickiness: normalised?.stickiness,
		tls: isSecure(protocol) ? settings.tls : DEFAULT_LISTENER_SETTINGS.tls,
	};
}

/** The rules that a configuration can have: they match requests, and name what is registered. */
function rulesOf(
	{rules, listeners}: NormalisedLoadBalancer,
	writtenName: (backend: string) => string | undefined,
	place: WritePlace,
): ScopedRule[] {
	const hasHttp = listeners.some(({ports}) => isHttp(ports.protocol));
	return rules.flatMap(rule => {
		const to = rule.to.flatMap(name => writtenName(name) ?? []);
		const which = `the rule of priority ${rule.priority}`;
		if (to.length > 0 && hasHttp) {
			if (to.length < rule.to.length) tell(place, `${which} is written without the VMs that mean nothing`);
			return [{...rule, to}];
		}
		const why = hasHttp ? 'none of its back-ends is registered' : 'no listener reads requests';
		tell(place, `${which} is not written: ${why}`);
		return [];
	});
}

/** The faults that a configuration can have: those of listeners that are there, and of back-ends that are written. */
function faultsOf(
	{faults, listeners}: NormalisedLoadBalancer,
	writtenName: (backend: string) => string | undefined,
	place: WritePlace,
): NormalisedFaultRule[] {
	const target = {
		listeners: listeners.map(({ports, verifyBackend}) => ({...ports, verifiesBackends: verifyBackend !== undefined})),
		backends: faults.flatMap(({on}) => (on.kind === 'backend' ? (writtenName(on.name) ?? []) : [])),
	};
	return faults.flatMap(fault => {
		const name = fault.on.kind === 'backend' ? writtenName(fault.on.name) : undefined;
		const written = name === undefined ? fault : {...fault, on: {kind: 'backend', name} as const};
		const never = whyNever(written, target);
		if (never === undefined) return [written];
		tell(place, `the fault ${quote(faultText(fault))} is not written: ${never.message}`);
		return [];
	});
}

type Remark = (loadBalancer: AccountLoadBalancer, context: SnapshotContext) => readonly string[];

/** What is written, or follows from what is written. */
const NONE: Remark = () => [];

/** What a configuration has no word for. A field that is new does not compile until it is known which of the two it is. */
// Settings are written as a whole.
const REMARKS: {readonly [Key in Exclude<keyof AccountLoadBalancer, keyof Settings>]-?: Remark} = {
	name: NONE,
	// It follows from the name and from what else is told of here.
	dnsName: NONE,
	scheme: ({scheme}) => (scheme === 'internal' ? ['it is internal, and is written as internet-facing'] : []),
	listeners: NONE,
	healthCheck: NONE,
	accessLog: ({accessLog, logTarget}) =>
		isDeepStrictEqual(accessLog, accessLogOf({accessLog: logTarget}))
			? []
			: ['what the API knows of its access log is not written: there is no folder for it, or it is off'],
	crossZone: ({crossZone}) => (crossZone ? ['cross-zone load balancing, which is without effect, is not written'] : []),
	desyncMode: ({desyncMode}) =>
		desyncMode === 'defensive' ? [] : [`its desync mode "${desyncMode}", which is without effect, is not written`],
	drainingTimeoutMs: ({drainingMs, drainingTimeoutMs}) =>
		drainingMs !== undefined || drainingTimeoutMs === DEFAULT_DRAINING_MS
			? []
			: [`the time of its draining (${drainingTimeoutMs} ms), which is off, is not written`],
	policies: unwrittenPolicies,
	// Each is told of as a policy.
	backendPolicies: NONE,
	tags: ({tags}) => (tags.size === 0 ? [] : [`its tags are not written (${[...tags.keys()].map(quote).join(', ')})`]),
	backends: NONE,
	formerVms: NONE,
	placement: ({placement}, {identifiers}) => {
		if (placement.kind === 'public' && isDeepStrictEqual(placement.subregions, [`${identifiers.region}a`])) {
			return unwrittenGroups(placement.securityGroups);
		}
		const where =
			placement.kind === 'public'
				? placement.subregions.join(', ')
				: placement.subnets.map(({id}) => `Subnet ${id}`).join(', ') || placement.netId;
		return [`its place is not written (${where})`];
	},
	publicIp: ({publicIp}) => (publicIp?.own === true ? [`its public IP ${publicIp.address} is not written`] : []),
	life: NONE,
	creation: NONE,
	logTarget: NONE,
	address: NONE,
	faults: NONE,
	source: NONE,
	isConfigured: NONE,
};

function unwrittenGroups(groups: readonly string[]): string[] {
	return groups.length === 0 ? [] : [`its security groups are not written (${groups.join(', ')})`];
}

function unwrittenPolicies({policies, listeners, backendPolicies}: AccountLoadBalancer): string[] {
	const enabled = new Set(listeners.flatMap(each => each.policies));
	const named = new Map(
		listeners.flatMap(listener => {
			const sticky = stickinessOn(listener, {policies});
			if (sticky === undefined) return [];
			return [[sticky.name, policyFor({ports: listener, stickiness: sticky.stickiness}, undefined)?.name] as const];
		}),
	);
	return policies.flatMap(({name, kind}) => {
		const isOnPort = [...backendPolicies.values()].some(names => names.includes(name));
		if (kind === 'proxy-protocol' && isOnPort) {
			return [`the policy ${quote(name)} is written as what its listeners do, without its name`];
		}
		if (kind !== 'stickiness') return [`the policy ${quote(name)} is not written: a configuration has no policies`];
		if (!enabled.has(name)) return [`the policy ${quote(name)} is not written: no listener has it enabled`];
		const next = named.get(name);
		return next === undefined || next === name ? [] : [`the policy ${quote(name)} is called ${quote(next)} then`];
	});
}
