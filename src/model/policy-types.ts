import {SSL_CIPHERS, SSL_PROTOCOLS} from './security-policies.ts';

/** AWS Classic ELB, PolicyAttributeTypeDescription. */
export interface PolicyAttributeType {
	readonly name: string;
	readonly type: 'Boolean' | 'Long' | 'PolicyName' | 'String';
	readonly cardinality: 'ONE' | 'ZERO_OR_ONE' | 'ZERO_OR_MORE' | 'ONE_OR_MORE';
	readonly defaultValue?: string;
}

/** AWS Classic ELB, PolicyTypeDescription. */
export interface PolicyType {
	readonly description: string;
	readonly attributes: readonly PolicyAttributeType[];
}

export type PolicyTypeName =
	| 'AppCookieStickinessPolicyType'
	| 'BackendServerAuthenticationPolicyType'
	| 'LBCookieStickinessPolicyType'
	| 'ProxyProtocolPolicyType'
	| 'PublicKeyPolicyType'
	| 'SSLNegotiationPolicyType';

const flag = (name: string): PolicyAttributeType => ({
	name,
	type: 'Boolean',
	cardinality: 'ZERO_OR_ONE',
	defaultValue: 'false',
});

/**
 * The types of policies of a Classic Load Balancer, as AWS describes them.
 *
 * @see awscli, examples/elb/describe-load-balancer-policy-types.rst. It leaves the attributes of SSLNegotiationPolicyType
 * out: these are the ones that its policies have, and their default is a *guess*.
 */
export const POLICY_TYPES: Readonly<Record<PolicyTypeName, PolicyType>> = {
	ProxyProtocolPolicyType: {
		description:
			'Policy that controls whether to include the IP address and port of the originating request for TCP messages. This policy operates on TCP/SSL listeners only',
		attributes: [{name: 'ProxyProtocol', type: 'Boolean', cardinality: 'ONE'}],
	},
	PublicKeyPolicyType: {
		description:
			'Policy containing a list of public keys to accept when authenticating the back-end server(s). This policy cannot be applied directly to back-end servers or listeners but must be part of a BackendServerAuthenticationPolicyType.',
		attributes: [{name: 'PublicKey', type: 'String', cardinality: 'ONE'}],
	},
	AppCookieStickinessPolicyType: {
		description:
			'Stickiness policy with session lifetimes controlled by the lifetime of the application-generated cookie. This policy can be associated only with HTTP/HTTPS listeners.',
		attributes: [{name: 'CookieName', type: 'String', cardinality: 'ONE'}],
	},
	LBCookieStickinessPolicyType: {
		description:
			'Stickiness policy with session lifetimes controlled by the browser (user-agent) or a specified expiration period. This policy can be associated only with HTTP/HTTPS listeners.',
		attributes: [{name: 'CookieExpirationPeriod', type: 'Long', cardinality: 'ZERO_OR_ONE'}],
	},
	SSLNegotiationPolicyType: {
		description:
			'Listener policy that defines the ciphers and protocols that will be accepted by the load balancer. This policy can be associated only with HTTPS/SSL listeners.',
		attributes: [
			{name: 'Reference-Security-Policy', type: 'PolicyName', cardinality: 'ZERO_OR_ONE'},
			...SSL_PROTOCOLS.map(protocol => flag(`Protocol-${protocol}`)),
			flag('Server-Defined-Cipher-Order'),
			...SSL_CIPHERS.map(flag),
		],
	},
	BackendServerAuthenticationPolicyType: {
		description:
			'Policy that controls authentication to back-end server(s) and contains one or more policies, such as an instance of a PublicKeyPolicyType. This policy can be associated only with back-end servers that are using HTTPS/SSL.',
		attributes: [{name: 'PublicKeyPolicyName', type: 'PolicyName', cardinality: 'ONE_OR_MORE'}],
	},
};
