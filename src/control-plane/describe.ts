import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import type {CloudListener} from '../model/cloud-load-balancer.ts';
import {isHttp} from '../model/listener.ts';
import {DEFAULT_TIMEOUTS, type ScopedRule} from '../model/load-balancer.ts';
import type {
	NormalisedAccessLog,
	NormalisedBackend,
	NormalisedListener,
	NormalisedLoadBalancer,
} from '../model/normalised.ts';
import type {StickinessPolicy} from '../model/stickiness-policy.ts';
import type {View} from './view.ts';

/** What a load balancer that comes through an API gets where the cloud has no word for it. */
export interface Defaults {
	readonly faithfulHealth: boolean;
	/** Below it, each bucket of access logs is a folder; undefined: none is written. */
	readonly accessLogFolder: string | undefined;
}

/** A description, and the view it says the same as. */
export interface Translation {
	readonly view: View;
	readonly described: NormalisedLoadBalancer;
}

/**
 * What the data plane is to run for a load balancer of the account.
 *
 * @param base what runs already. Its parts that the cloud has no word for are kept, and so is, as it was written, every
 * part that shows in the view as it did then.
 */
export function describe(view: View, base: Translation | undefined, defaults: Defaults): NormalisedLoadBalancer {
	const {loadBalancer} = view;
	const listeners = loadBalancer.listeners.map(listener => describeListener(listener, view, base));
	const running = new Map(base?.described.backends.map(backend => [backend.name, backend]));
	const backends = view.backends.map(backend => sameAs(backend, running.get(backend.name)));
	const common = base?.described ?? {
		source: {},
		address: undefined,
		faithfulHealth: defaults.faithfulHealth,
		drainMs: undefined,
		timeouts: DEFAULT_TIMEOUTS,
		retry: 'idempotent',
		upgrade: 'tunnel',
	};
	return {
		...common,
		name: loadBalancer.name,
		internal: loadBalancer.scheme === 'internal',
		listeners,
		backends,
		pendingBackends: pendingAmong(backends, base?.described),
		healthCheck: loadBalancer.healthCheck,
		rules: describeRules(view, base),
		securedCookies: loadBalancer.securedCookies,
		accessLog: describeAccessLog(view, base, defaults),
	};
}

function describeListener(listener: CloudListener, view: View, base: Translation | undefined): NormalisedListener {
	const {protocol, port, backendProtocol, backendPort} = listener;
	const ports = {protocol, port, backendProtocol, backendPort};
	const before = base?.described.listeners.find(other => other.ports.port === port);
	const pair = view.certificates.get(port);
	const isSamePair = before?.certificate !== undefined && isDeepStrictEqual(pair, base?.view.certificates.get(port));
	const described: NormalisedListener = {
		ports,
		certificate: pair === undefined ? undefined : isSamePair ? before.certificate : {kind: 'pem', pair},
		tls: before?.tls ?? {minVersion: 'TLSv1.2', ciphers: undefined},
		proxyProtocol: before?.proxyProtocol ?? false,
		stickiness: stickinessOf(listener, view),
		verifyBackend: before?.verifyBackend,
	};
	// The very same value, so that whoever compares by identity sees that nothing has changed.
	return before !== undefined && isDeepStrictEqual(before, described) ? before : described;
}

function stickinessOf(
	{protocol, policies: [enabled]}: CloudListener,
	{loadBalancer}: View,
): StickinessPolicy | undefined {
	if (enabled === undefined || !isHttp(protocol)) return undefined;
	return loadBalancer.policies.find(({name}) => name === enabled)?.stickiness;
}

/** The back-end that runs already, where it is described alike: a fake one that is shared is known by its identity. */
function sameAs(backend: NormalisedBackend, running: NormalisedBackend | undefined): NormalisedBackend {
	return running !== undefined && isDeepStrictEqual(running, backend) ? running : backend;
}

/** What the library or the configuration did not register. */
function pendingAmong(backends: readonly NormalisedBackend[], base: NormalisedLoadBalancer | undefined): Set<string> {
	const settled = new Set(base?.backends.map(({name}) => name).filter(name => !base.pendingBackends.has(name)));
	return new Set(backends.map(({name}) => name).filter(name => !settled.has(name)));
}

/** A back-end that a rule names and that is no longer registered gets nothing. */
function describeRules(view: View, base: Translation | undefined): readonly ScopedRule[] {
	if (base !== undefined && rulesAreAlike(view, base.view)) return base.described.rules;
	return effectiveRules(view).map(({name, priority, host, path, listener, vmIds}) => ({
		name,
		priority,
		host,
		path,
		listener,
		to: [...new Set(vmIds.flatMap(id => view.backendOfVm.get(id) ?? []))],
	}));
}

function rulesAreAlike(one: View, other: View): boolean {
	return (
		isDeepStrictEqual(effectiveRules(one), effectiveRules(other)) &&
		isDeepStrictEqual(one.backendOfVm, other.backendOfVm) &&
		// A rule without a port holds on every listener, so a new listener changes what it says.
		isDeepStrictEqual(httpPorts(one.loadBalancer.listeners), httpPorts(other.loadBalancer.listeners))
	);
}

/** The rules of HTTP and HTTPS listeners; those of TCP and SSL ones have no effect. */
function effectiveRules({loadBalancer, rules}: View): View['rules'] {
	const ports = httpPorts(loadBalancer.listeners);
	return rules.filter(({listener}) => ports.includes(listener));
}

function httpPorts(listeners: readonly CloudListener[]): number[] {
	return listeners.filter(({protocol}) => isHttp(protocol)).map(({port}) => port);
}

function describeAccessLog(
	{loadBalancer: {accessLog}}: View,
	base: Translation | undefined,
	{accessLogFolder}: Defaults,
): NormalisedAccessLog | undefined {
	if (base !== undefined && isDeepStrictEqual(accessLog, base.view.loadBalancer.accessLog))
		return base.described.accessLog;
	const {enabled, bucket, prefix = '', intervalMinutes} = accessLog;
	if (!enabled || bucket === undefined || accessLogFolder === undefined) return undefined;
	return {kind: 'folder', folder: path.join(accessLogFolder, bucket), prefix, intervalMinutes};
}
