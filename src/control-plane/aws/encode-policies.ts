import type {NamedPolicy} from '../../model/policy.ts';
import {POLICY_TYPES, type PolicyAttributeType, type PolicyTypeName} from '../../model/policy-types.ts';
import {SECURITY_POLICIES, SSL_CIPHERS, SSL_PROTOCOLS} from '../../model/security-policies.ts';
import {members, type XmlElements} from './xml.ts';

/**
 * A policy with its attributes.
 *
 * @see botocore, service model elb/2012-06-01, PolicyDescription
 */
export function encodePolicy(policy: NamedPolicy): XmlElements {
	const attributes = attributesOf(policy);
	return {
		PolicyName: policy.name,
		PolicyTypeName: typeOf(policy),
		PolicyAttributeDescriptions: members(
			attributes.map(([AttributeName, value]) => ({AttributeName, AttributeValue: String(value)})),
		),
	};
}

/** AWS Classic ELB, PolicyTypeDescription. */
export function encodePolicyType(name: PolicyTypeName): XmlElements {
	const {description, attributes} = POLICY_TYPES[name];
	return {
		PolicyTypeName: name,
		Description: description,
		PolicyAttributeTypeDescriptions: members(attributes.map(encodeAttributeType)),
	};
}

/**
 * What DescribeLoadBalancerPolicies describes without a load balancer: AWS's predefined policies, and samples of stickiness
 * with the values that Eucalyptus shows, which copied the API (*guess*).
 */
export function samplePolicies(): readonly NamedPolicy[] {
	const predefined = [...SECURITY_POLICIES].map(
		([name, negotiation]): NamedPolicy => ({name, kind: 'negotiation', negotiation, reference: undefined}),
	);
	return [
		...predefined,
		{
			name: 'ELBSample-AppCookieStickinessPolicy',
			kind: 'stickiness',
			stickiness: {kind: 'application', cookie: 'ELBSampleCookie', ownCookie: ''},
		},
		{
			name: 'ELBSample-LBCookieStickinessPolicy',
			kind: 'stickiness',
			stickiness: {kind: 'duration', cookie: '', seconds: 100},
		},
	];
}

function encodeAttributeType({name, type, cardinality, defaultValue}: PolicyAttributeType): XmlElements {
	return {AttributeName: name, AttributeType: type, DefaultValue: defaultValue, Cardinality: cardinality};
}

function typeOf(policy: NamedPolicy): PolicyTypeName {
	switch (policy.kind) {
		case 'stickiness':
			return policy.stickiness.kind === 'application'
				? 'AppCookieStickinessPolicyType'
				: 'LBCookieStickinessPolicyType';
		case 'negotiation':
			return 'SSLNegotiationPolicyType';
		case 'proxy-protocol':
			return 'ProxyProtocolPolicyType';
		case 'public-key':
			return 'PublicKeyPolicyType';
		case 'backend-authentication':
			return 'BackendServerAuthenticationPolicyType';
	}
}

type Attribute = readonly [name: string, value: string | number | boolean];

function attributesOf(policy: NamedPolicy): readonly Attribute[] {
	switch (policy.kind) {
		case 'stickiness': {
			const {stickiness} = policy;
			if (stickiness.kind === 'application') return [['CookieName', stickiness.cookie]];
			return stickiness.seconds === undefined ? [] : [['CookieExpirationPeriod', stickiness.seconds]];
		}
		case 'negotiation': {
			const {
				reference,
				negotiation: {protocols, ciphers, serverOrder},
			} = policy;
			return [
				...(reference === undefined ? [] : [['Reference-Security-Policy', reference] as const]),
				...SSL_PROTOCOLS.map(protocol => [`Protocol-${protocol}`, protocols.includes(protocol)] as const),
				['Server-Defined-Cipher-Order', serverOrder],
				...SSL_CIPHERS.map(cipher => [cipher, ciphers.includes(cipher)] as const),
			];
		}
		case 'proxy-protocol':
			return [['ProxyProtocol', policy.sendsLine]];
		case 'public-key':
			return [['PublicKey', policy.text]];
		case 'backend-authentication':
			return policy.publicKeys.map(name => ['PublicKeyPolicyName', name] as const);
	}
}
