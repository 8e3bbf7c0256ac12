import type {Account, ServerCertificate} from './account.ts';
import type {AccountListener, AccountLoadBalancer, BackendId, Rule} from './account-load-balancer.ts';
import {isHttp} from './listener.ts';
import type {NormalisedBackend, NormalisedListener, NormalisedLoadBalancer} from './normalised.ts';
import {backendRulesOf, negotiationOn, stickinessOn} from './policy.ts';
import type {Binding, ResolvedBackend, ResolvedListener, ResolvedLoadBalancer, ScopedRule} from './resolved.ts';
import {settingsOf} from './settings.ts';

/** What is known of this machine beside the account. */
export interface ResolveOptions {
	/** The emulator's address, for a load balancer without one of its own. */
	readonly host: string;
	/** PEM of the emulator's authority. */
	readonly authorityPem: string;
	/** Where a back-end listens; undefined: it is left out. */
	readonly addressOf: (backend: NormalisedBackend) => ResolvedBackend | undefined;
	/** What to bind for a logical port. Asked for one listener after the other. */
	readonly bindingOf: (host: string, port: number) => Binding;
}

/**
 * What the data plane is to run for a load balancer: addresses, certificates and ports to bind in place of names and ids.
 * The only way from what is described to what runs.
 */
export function resolve(
	loadBalancer: AccountLoadBalancer,
	account: Account,
	{host: defaultHost, authorityPem, addressOf, bindingOf}: ResolveOptions,
): ResolvedLoadBalancer {
	const {name, dnsName, healthCheck, faults} = loadBalancer;
	const host = loadBalancer.address ?? defaultHost;
	const pending = new Set(pendingOf(loadBalancer, account));
	return {
		name,
		dnsName,
		listeners: loadBalancer.listeners.map((listener): ResolvedListener => {
			const {id: _, certificateId: __, policies: ___, verifyBackend, ...rest} = listener;
			return {
				...rest,
				bind: bindingOf(host, rest.port),
				certificate: certificateOf(listener, account)?.pair,
				stickiness: stickinessOn(listener, loadBalancer)?.stickiness,
				negotiation: negotiationOn(listener, loadBalancer)?.negotiation,
				backendRules: backendRulesOf(listener, loadBalancer),
				verifyBackend: verifyBackend && {
					ca: verifyBackend.ca === 'authority' ? authorityPem : verifyBackend.ca,
					servername: verifyBackend.servername,
				},
			};
		}),
		backends: backendsOf(loadBalancer, account).flatMap(backend => {
			const found = addressOf(backend);
			if (found === undefined) return [];
			return pending.has(backend.name) ? {...found, startsPending: true} : found;
		}),
		rules: rulesOf(loadBalancer, account),
		faults,
		healthCheck,
		...settingsOf(loadBalancer),
	};
}

/** The certificates that the listeners show, by logical port. */
export function certificatesOf(
	{listeners}: Pick<AccountLoadBalancer, 'listeners'>,
	account: Account,
): Map<number, ServerCertificate> {
	const shown = new Map<number, ServerCertificate>();
	for (const listener of listeners) {
		const certificate = certificateOf(listener, account);
		if (certificate !== undefined) shown.set(listener.port, certificate);
	}
	return shown;
}

/** The back-ends in registration order; two VM ids that mean one back-end are one. */
export function backendsOf(
	{backends}: Pick<AccountLoadBalancer, 'backends'>,
	account: Pick<Account, 'vms'>,
): readonly NormalisedBackend[] {
	const found = new Map<string, NormalisedBackend>();
	for (const registration of backends) {
		const backend = backendOf(registration, account);
		if (!found.has(backend.name)) found.set(backend.name, backend);
	}
	return [...found.values()];
}

/** The back-end that is registered by this id. */
export function backendOf(id: BackendId, {vms}: Pick<Account, 'vms'>): NormalisedBackend {
	// An address as it is: each listener's traffic goes to its own back-end port there.
	if (id.kind === 'address') return {kind: 'address', name: id.ip, host: id.ip, port: undefined, ports: new Map()};
	return vms.get(id.id) ?? {kind: 'undeclared', name: id.id};
}

/** A load balancer in the words of the library and the configuration: what a change of some of its parts starts from. */
export function normalisedOf(loadBalancer: AccountLoadBalancer, account: Account): NormalisedLoadBalancer {
	const {scheme, listeners, logTarget, ...rest} = loadBalancer;
	return {
		...rest,
		internal: scheme === 'internal',
		listeners: listeners.map((listener): NormalisedListener => {
			const {protocol, port, backendProtocol, backendPort, id: _, certificateId: __, policies: ___, ...rest} = listener;
			const ports = {protocol, port, backendProtocol, backendPort};
			const stickiness = stickinessOn(listener, loadBalancer)?.stickiness;
			return {ports, stickiness, ...rest};
		}),
		backends: backendsOf(loadBalancer, account),
		pendingBackends: new Set(pendingOf(loadBalancer, account)),
		rules: rulesOf(loadBalancer, account),
		accessLog: logTarget,
	};
}

/** Names of back-ends that start out of service, unless they have been registered otherwise too. */
function pendingOf({backends}: AccountLoadBalancer, account: Account): string[] {
	const settled = new Set(backends.filter(({isPending}) => !isPending).map(each => backendOf(each, account).name));
	return backends.map(each => backendOf(each, account).name).filter(name => !settled.has(name));
}

/** The rules that have an effect: those of HTTP and HTTPS listeners, to what is registered. */
function rulesOf(loadBalancer: AccountLoadBalancer, account: Account): ScopedRule[] {
	const {name, listeners} = loadBalancer;
	const registered = new Set(backendsOf(loadBalancer, account).map(backend => backend.name));
	const isEffective = ({scope}: Rule) =>
		scope.kind === 'all' || listeners.some(({port, protocol}) => port === scope.port && isHttp(protocol));
	return account.rules
		.filter(rule => rule.loadBalancer === name && isEffective(rule))
		.map(({name: written, priority, host, path, scope, vmIds}) => ({
			name: written,
			priority,
			host,
			path,
			listener: scope.kind === 'all' ? undefined : scope.port,
			to: [...new Set(vmIds.map(id => backendOf({kind: 'vm', id}, account).name))].filter(to => registered.has(to)),
		}));
}

function certificateOf({certificateId}: AccountListener, {certificates}: Account): ServerCertificate | undefined {
	return certificateId === undefined ? undefined : certificates.get(certificateId);
}
