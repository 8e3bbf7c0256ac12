import {quote} from '../base/quote.ts';
import {negotiableWith} from '../codec/negotiation.ts';
import {type UsableCertificate, withLoadBalancer} from '../model/account.ts';
import type {AccountListener, AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {isHttp, isSecure} from '../model/listener.ts';
import {type NamedPolicy, type NamedStickiness, negotiationOn, type PolicyKind} from '../model/policy.ts';
import {Refusal} from '../model/refusal.ts';
import {SECURITY_POLICIES} from '../model/security-policies.ts';
import type {Operation} from './context.ts';
import {policyNamed} from './policies.ts';
import {changeable, changing, listenerOn} from './validate.ts';

export interface SetListenerPolicies {
	readonly loadBalancer: string;
	readonly port: number;
	/** The whole set, of every kind. AWS's predefined policies may be named too; the load balancer has them from then on. */
	readonly names: readonly string[];
}

/** SetLoadBalancerPoliciesOfListener of the ELB API. The load balancer, the listener and the policies are validated in this order. */
export const setListenerPolicies: Operation<SetListenerPolicies, AccountLoadBalancer> =
	({loadBalancer, port, names}) =>
	(account, context) => {
		const before = changeable(account, loadBalancer, context);
		const listener = listenerOn(before, port);
		const wanted = [...new Set(names)];
		const policies = [...before.policies, ...predefined(wanted, before)];
		const enabled = wanted.map(name => policyNamed({name: before.name, policies}, name));
		for (const policy of enabled) validateOnListener(policy, listener);
		const [, another] = enabled.filter(({kind}) => kind === 'negotiation');
		if (another !== undefined) {
			const message = `a listener has one SSL negotiation policy, and ${quote(another.name)} would be another`;
			throw new Refusal('SEVERAL_NEGOTIATION_POLICIES', message, another.name);
		}
		validateOneStickiness(enabled.filter(policy => policy.kind === 'stickiness'));
		const after: AccountListener = {...listener, policies: wanted};
		validateNegotiable(after, policies, account.certificates.get(listener.certificateId ?? ''));
		const listeners = before.listeners.map(each => (each === listener ? after : each));
		const changed = changing(before, {listeners, policies}, context);
		return {account: withLoadBalancer(account, changed), result: changed};
	};

export interface SetBackendPolicies {
	readonly loadBalancer: string;
	readonly backendPort: number;
	/** The whole set. */
	readonly names: readonly string[];
}

/** The kinds that a back-end port can have. */
const OF_BACKENDS: readonly PolicyKind[] = ['proxy-protocol', 'backend-authentication'];

/** SetLoadBalancerPoliciesForBackendServer of the ELB API. */
export const setBackendPolicies: Operation<SetBackendPolicies, AccountLoadBalancer> =
	({loadBalancer, backendPort, names}) =>
	(account, context) => {
		const before = changeable(account, loadBalancer, context);
		const listeners = before.listeners.filter(listener => listener.backendPort === backendPort);
		if (listeners.length === 0) {
			const message = `no listener of load balancer ${quote(before.name)} has the back-end port ${backendPort}`;
			throw new Refusal('NO_LISTENER_ON_BACKEND_PORT', message, String(backendPort));
		}
		const wanted = [...new Set(names)];
		for (const name of wanted) {
			const {kind} = policyNamed(before, name);
			if (!OF_BACKENDS.includes(kind)) {
				const message = `policy ${quote(name)} cannot be enabled on a back-end port: it is one of ${KINDS[kind]}`;
				throw new Refusal('POLICY_MISPLACED', message, name);
			}
			if (kind === 'backend-authentication' && !listeners.some(each => isSecure(each.backendProtocol))) {
				const message = `policy ${quote(name)} needs HTTPS or SSL towards the back-ends, and no listener speaks it to port ${backendPort}`;
				throw new Refusal('POLICY_NEEDS_TLS', message, name);
			}
		}
		const backendPolicies = new Map(before.backendPolicies);
		if (wanted.length === 0) backendPolicies.delete(backendPort);
		else backendPolicies.set(backendPort, wanted);
		const after = changing(before, {backendPolicies}, context);
		return {account: withLoadBalancer(account, after), result: after};
	};

/**
 * The names of a listener's policies when those of stickiness become `names`, as the OUTSCALE API asks for: it knows of no
 * others, and they stay.
 *
 * @throws Refusal
 */
export function withStickiness(
	loadBalancer: AccountLoadBalancer,
	listener: AccountListener,
	names: readonly string[],
): readonly string[] {
	const wanted = [...new Set(names)];
	const policies = loadBalancer.policies.filter(policy => policy.kind === 'stickiness');
	const enabled = wanted.map(name => policyNamed({name: loadBalancer.name, policies}, name));
	for (const policy of enabled) validateOnListener(policy, listener);
	validateOneStickiness(policies.filter(({name}) => wanted.includes(name)));
	const others = listener.policies.filter(name => !policies.some(policy => policy.name === name));
	return [...wanted, ...others];
}

/** What stays of the policies of back-end ports: those of ports that listeners have. */
export function withoutUnusedPorts(
	backendPolicies: AccountLoadBalancer['backendPolicies'],
	listeners: readonly AccountListener[],
): AccountLoadBalancer['backendPolicies'] {
	const ports = new Set(listeners.map(({backendPort}) => backendPort));
	if ([...backendPolicies.keys()].every(port => ports.has(port))) return backendPolicies;
	return new Map([...backendPolicies].filter(([port]) => ports.has(port)));
}

/**
 * Validates that a listener can negotiate something with this certificate and its SSL negotiation policy.
 *
 * @throws Refusal `POLICY_UNUSABLE`
 */
export function validateNegotiable(
	listener: AccountListener,
	policies: readonly NamedPolicy[],
	certificate: UsableCertificate | undefined,
): void {
	const policy = negotiationOn(listener, {policies});
	if (policy === undefined || certificate === undefined) return;
	const {keyType} = certificate.facts;
	if (negotiableWith(keyType, policy.negotiation).length > 0) return;
	const key = keyType.toUpperCase();
	const message = `policy ${quote(policy.name)} leaves nothing to negotiate on the listener of port ${listener.port}: none of its ciphers that OpenSSL has here goes with the ${key} key of the certificate`;
	throw new Refusal('POLICY_UNUSABLE', message, policy.name);
}

const KINDS: Readonly<Record<PolicyKind, string>> = {
	stickiness: 'stickiness',
	negotiation: 'SSL negotiation',
	'proxy-protocol': 'the PROXY protocol',
	'public-key': 'a public key',
	'backend-authentication': 'back-end authentication',
};

/** AWS's policies that are asked for by name, and that the load balancer does not have yet. */
function predefined(names: readonly string[], {policies}: AccountLoadBalancer): NamedPolicy[] {
	return names.flatMap(name => {
		const negotiation = SECURITY_POLICIES.get(name);
		if (negotiation === undefined || policies.some(policy => policy.name === name)) return [];
		return [{name, kind: 'negotiation', negotiation, reference: name}];
	});
}

function validateOnListener({name, kind}: NamedPolicy, {protocol, port}: AccountListener): void {
	const where = `the listener on port ${port} is ${protocol.toUpperCase()}`;
	if (kind === 'stickiness') {
		if (isHttp(protocol)) return;
		throw new Refusal('POLICY_NEEDS_HTTP', `${where}; stickiness goes with HTTP and HTTPS only`, name);
	}
	if (kind === 'negotiation') {
		if (isSecure(protocol)) return;
		throw new Refusal('POLICY_NEEDS_TLS', `${where}; SSL negotiation goes with HTTPS and SSL only`, name);
	}
	const message = `policy ${quote(name)} cannot be enabled on a listener: it is one of ${KINDS[kind]}`;
	throw new Refusal('POLICY_MISPLACED', message, name);
}

function validateOneStickiness(policies: readonly NamedStickiness[]): void {
	if (policies.length < 2) return;
	const kinds = policies.map(({stickiness}) => stickiness.kind);
	const code = kinds.every(kind => kind === 'application')
		? 'SEVERAL_APPLICATION_POLICIES'
		: kinds.every(kind => kind === 'duration')
			? 'SEVERAL_DURATION_POLICIES'
			: 'SEVERAL_POLICIES';
	throw new Refusal(code, `a listener has one stickiness policy, and ${policies.length} were given`);
}
