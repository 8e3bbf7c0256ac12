import {quote} from '../base/quote.ts';
import {alternatives} from '../base/suggest.ts';
import {readPublicKey} from '../certificates/public-key.ts';
import type {NamedBackendAuthentication, NamedNegotiation, NamedPolicy, WithPolicies} from '../model/policy.ts';
import {POLICY_TYPES, type PolicyTypeName} from '../model/policy-types.ts';
import {Refusal} from '../model/refusal.ts';
import {inOrder, type Negotiation, SECURITY_POLICIES, SSL_CIPHERS, SSL_PROTOCOLS} from '../model/security-policies.ts';
import {DEFAULT_STICKY_COOKIE, type StickinessPolicy, violationsOfPolicy} from '../model/stickiness-policy.ts';

/** AWS Classic ELB, PolicyAttribute. */
export interface PolicyAttribute {
	readonly name: string;
	readonly value: string;
}

/** A policy as CreateLoadBalancerPolicy of the ELB API describes it. */
export interface PolicyOfType {
	readonly name: string;
	readonly type: string;
	/** The types that the cloud has. */
	readonly types: readonly PolicyTypeName[];
	readonly attributes: readonly PolicyAttribute[];
	/** Whether `ProxyProtocol` must be given; where it need not and is not, it stands for `true` (*guess*). */
	readonly proxyProtocol: 'required' | 'optional';
}

/** The load balancer that a policy is made for. */
type Owner = Pick<WithPolicies, 'policies'> & {readonly name: string};

/** @throws Refusal `BAD_POLICY_KIND`, `BAD_POLICY_ATTRIBUTE`, `NO_SUCH_POLICY` */
export function policyOfType(given: PolicyOfType, owner: Owner): NamedPolicy {
	const {name} = given;
	const type = given.types.find(known => known === given.type);
	if (type === undefined) {
		const message = `${quote(given.type)} is not a type of policies; allowed are ${alternatives(given.types)}`;
		throw new Refusal('BAD_POLICY_KIND', message, given.type);
	}
	validateAttributes(type, given.attributes);
	const value = (wanted: string) => given.attributes.find(attribute => attribute.name === wanted)?.value;
	switch (type) {
		case 'AppCookieStickinessPolicyType': {
			const cookie = required(type, 'CookieName', value('CookieName'));
			return stickiness(name, {kind: 'application', cookie, ownCookie: DEFAULT_STICKY_COOKIE});
		}
		case 'LBCookieStickinessPolicyType':
			return stickiness(name, {
				kind: 'duration',
				cookie: DEFAULT_STICKY_COOKIE,
				seconds: secondsOf(value('CookieExpirationPeriod')),
			});
		case 'ProxyProtocolPolicyType': {
			const flag = value('ProxyProtocol');
			if (flag === undefined && given.proxyProtocol === 'optional')
				return {name, kind: 'proxy-protocol', sendsLine: true};
			const text = required(type, 'ProxyProtocol', flag);
			return {name, kind: 'proxy-protocol', sendsLine: readFlag('ProxyProtocol', text)};
		}
		case 'PublicKeyPolicyType': {
			const text = required(type, 'PublicKey', value('PublicKey'));
			const spki = readPublicKey(text);
			if (spki !== undefined) return {name, kind: 'public-key', text, spki};
			const message = 'PublicKey is not a public key; write the base64 of its SubjectPublicKeyInfo, as in PEM';
			throw new Refusal('BAD_POLICY_ATTRIBUTE', message, 'PublicKey');
		}
		case 'BackendServerAuthenticationPolicyType':
			return authentication(name, given.attributes, owner);
		case 'SSLNegotiationPolicyType':
			return negotiation(name, given.attributes);
	}
}

/** Validates stickiness, whatever it is used on. @throws Refusal `BAD_COOKIE_NAME`, `BAD_COOKIE_PERIOD` */
export function validatedStickiness(policy: StickinessPolicy): StickinessPolicy {
	const [violation] = violationsOfPolicy(policy);
	if (violation === undefined) return policy;
	const isApplication = policy.kind === 'application';
	const subject = isApplication ? policy.cookie : undefined;
	throw new Refusal(isApplication ? 'BAD_COOKIE_NAME' : 'BAD_COOKIE_PERIOD', violation.message, subject);
}

function stickiness(name: string, policy: StickinessPolicy): NamedPolicy {
	return {name, kind: 'stickiness', stickiness: validatedStickiness(policy)};
}

/** 0 and nothing stand for the browser's session (AWS Classic ELB, CreateLBCookieStickinessPolicy). */
function secondsOf(text: string | undefined): number | undefined {
	if (text === undefined || text === '') return undefined;
	if (!/^\d{1,10}$/.test(text)) {
		const message = `CookieExpirationPeriod: ${quote(text)} is not a number of seconds`;
		throw new Refusal('BAD_COOKIE_PERIOD', message, text);
	}
	return Number(text) === 0 ? undefined : Number(text);
}

function authentication(
	name: string,
	attributes: readonly PolicyAttribute[],
	owner: Owner,
): NamedBackendAuthentication {
	const publicKeys = [...new Set(attributes.map(({value}) => value))];
	if (publicKeys.length === 0) required('BackendServerAuthenticationPolicyType', 'PublicKeyPolicyName', undefined);
	for (const key of publicKeys) {
		const policy = owner.policies.find(other => other.name === key);
		if (policy === undefined) {
			const message = `load balancer ${quote(owner.name)} has no policy ${quote(key)}`;
			throw new Refusal('NO_SUCH_POLICY', message, key, owner.name);
		}
		if (policy.kind === 'public-key') continue;
		const message = `PublicKeyPolicyName: ${quote(key)} is not a policy of the type PublicKeyPolicyType`;
		throw new Refusal('BAD_POLICY_ATTRIBUTE', message, 'PublicKeyPolicyName');
	}
	return {name, kind: 'backend-authentication', publicKeys};
}

/**
 * What is not named is not offered. Beside a reference the other attributes change what it says (*guess*: AWS does not
 * tell).
 */
function negotiation(name: string, attributes: readonly PolicyAttribute[]): NamedNegotiation {
	const reference = attributes.find(attribute => attribute.name === 'Reference-Security-Policy')?.value;
	const base = reference === undefined ? NOTHING : SECURITY_POLICIES.get(reference);
	if (base === undefined) {
		const known = alternatives(SECURITY_POLICIES.keys());
		const message = `Reference-Security-Policy: ${quote(reference ?? '')} is not a predefined policy; allowed are ${known}`;
		throw new Refusal('BAD_POLICY_ATTRIBUTE', message, 'Reference-Security-Policy');
	}
	const [protocols, ciphers] = [new Set<string>(base.protocols), new Set(base.ciphers)];
	let {serverOrder} = base;
	for (const {name: attribute, value} of attributes) {
		if (attribute === 'Reference-Security-Policy') continue;
		const flag = readFlag(attribute, value);
		if (attribute === 'Server-Defined-Cipher-Order') serverOrder = flag;
		else if (attribute.startsWith('Protocol-')) setFlag(protocols, attribute.slice('Protocol-'.length), flag);
		else setFlag(ciphers, attribute, flag);
	}
	return {
		name,
		kind: 'negotiation',
		reference,
		negotiation: {
			protocols: SSL_PROTOCOLS.filter(protocol => protocols.has(protocol)),
			ciphers: inOrder(SSL_CIPHERS, [...ciphers]),
			serverOrder,
		},
	};
}

const NOTHING: Negotiation = {protocols: [], ciphers: [], serverOrder: false};

function setFlag(set: Set<string>, name: string, flag: boolean): void {
	if (flag) set.add(name);
	else set.delete(name);
}

/** Every attribute is known to the type, and given once unless the type takes several. */
function validateAttributes(type: PolicyTypeName, attributes: readonly PolicyAttribute[]): void {
	const known = new Map(POLICY_TYPES[type].attributes.map(attribute => [attribute.name, attribute]));
	const seen = new Set<string>();
	for (const {name} of attributes) {
		const attribute = known.get(name);
		if (attribute === undefined) {
			throw new Refusal('BAD_POLICY_ATTRIBUTE', `${quote(name)} is not an attribute of ${type}`, name);
		}
		if (seen.has(name) && !attribute.cardinality.endsWith('MORE')) {
			throw new Refusal('BAD_POLICY_ATTRIBUTE', `${type} takes one ${name}, and several were given`, name);
		}
		seen.add(name);
	}
}

function required(type: PolicyTypeName, attribute: string, value: string | undefined): string {
	if (value !== undefined && value !== '') return value;
	throw new Refusal('BAD_POLICY_ATTRIBUTE', `${type} needs the attribute ${attribute}`, attribute);
}

/** In any case: osc-cli writes `True`. */
function readFlag(attribute: string, text: string): boolean {
	const flag = text.toLowerCase();
	if (flag === 'true' || flag === 'false') return flag === 'true';
	throw new Refusal('BAD_POLICY_ATTRIBUTE', `${attribute}: ${quote(text)} is neither true nor false`, attribute);
}
