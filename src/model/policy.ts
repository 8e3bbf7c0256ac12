import {isHttp, isSecure, type Protocol} from './listener.ts';
import type {Negotiation} from './security-policies.ts';
import type {StickinessPolicy} from './stickiness-policy.ts';

/** Binds clients to back-ends. For listeners that read requests. */
export interface NamedStickiness {
	readonly name: string;
	readonly kind: 'stickiness';
	readonly stickiness: StickinessPolicy;
}

/** What a listener offers to its clients in TLS. */
export interface NamedNegotiation {
	readonly name: string;
	readonly kind: 'negotiation';
	readonly negotiation: Negotiation;
	/** The predefined policy that it was made from (`Reference-Security-Policy`), or is. */
	readonly reference: string | undefined;
}

/** Whether the connections to a back-end port begin with a PROXY line. */
export interface NamedProxyProtocol {
	readonly name: string;
	readonly kind: 'proxy-protocol';
	readonly sendsLine: boolean;
}

/** A public key of back-ends. It is enabled nowhere by itself: policies of back-end authentication name it. */
export interface NamedPublicKey {
	readonly name: string;
	readonly kind: 'public-key';
	/** As it was given. */
	readonly text: string;
	/** Base64 of its SubjectPublicKeyInfo in DER. */
	readonly spki: string;
}

/** The public keys that the back-ends of a port may have. */
export interface NamedBackendAuthentication {
	readonly name: string;
	readonly kind: 'backend-authentication';
	/** Names of policies of public keys. */
	readonly publicKeys: readonly string[];
}

/** A policy of a load balancer. Its name is unique there, whatever its kind. */
export type NamedPolicy =
	| NamedStickiness
	| NamedNegotiation
	| NamedProxyProtocol
	| NamedPublicKey
	| NamedBackendAuthentication;

export type PolicyKind = NamedPolicy['kind'];

/** What the policies of a back-end port ask of the connections that are made to it. */
export interface BackendRules {
	readonly sendsProxyLine: boolean;
	/** Base64 of the SubjectPublicKeyInfo that back-ends may have; undefined: any. Where TLS is spoken to them. */
	readonly publicKeys: readonly string[] | undefined;
}

export const NO_BACKEND_RULES: BackendRules = {sendsProxyLine: false, publicKeys: undefined};

/** A load balancer, as far as its policies matter. */
export interface WithPolicies {
	readonly policies: readonly NamedPolicy[];
	readonly backendPolicies: ReadonlyMap<number, readonly string[]>;
}

/** The names of the policies that are enabled on a listener. */
interface Enabling {
	readonly protocol: Protocol;
	readonly policies: readonly string[];
}

/** The stickiness policy that is enabled on a listener, where it has an effect. */
export function stickinessOn(
	{protocol, policies: names}: Enabling,
	{policies}: Pick<WithPolicies, 'policies'>,
): NamedStickiness | undefined {
	if (!isHttp(protocol)) return undefined;
	return policies.find(
		(policy): policy is NamedStickiness => policy.kind === 'stickiness' && names.includes(policy.name),
	);
}

/** The SSL negotiation policy that is enabled on a listener, where it has an effect. */
export function negotiationOn(
	{protocol, policies: names}: Enabling,
	{policies}: Pick<WithPolicies, 'policies'>,
): NamedNegotiation | undefined {
	if (!isSecure(protocol)) return undefined;
	return policies.find(
		(policy): policy is NamedNegotiation => policy.kind === 'negotiation' && names.includes(policy.name),
	);
}

/** What the policies of the listener's back-end port ask for. */
export function backendRulesOf(
	{backendProtocol, backendPort}: {readonly backendProtocol: Protocol; readonly backendPort: number},
	{policies, backendPolicies}: WithPolicies,
): BackendRules {
	const names = backendPolicies.get(backendPort);
	if (names === undefined) return NO_BACKEND_RULES;
	const enabled = policies.filter(({name}) => names.includes(name));
	const authentications = enabled.filter(policy => policy.kind === 'backend-authentication');
	const keys = authentications.flatMap(({publicKeys}) => publicKeys);
	return {
		sendsProxyLine: enabled.some(policy => policy.kind === 'proxy-protocol' && policy.sendsLine),
		publicKeys:
			authentications.length === 0 || !isSecure(backendProtocol)
				? undefined
				: policies.flatMap(policy => (policy.kind === 'public-key' && keys.includes(policy.name) ? [policy.spki] : [])),
	};
}
