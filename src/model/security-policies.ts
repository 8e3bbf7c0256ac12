/** The protocols of an SSL negotiation policy, in the order in which AWS describes them (awscli, describe-load-balancer-policies). */
export const SSL_PROTOCOLS = ['SSLv2', 'TLSv1', 'SSLv3', 'TLSv1.1', 'TLSv1.2'] as const;
export type SslProtocol = (typeof SSL_PROTOCOLS)[number];

/** What a listener offers to its clients under an SSL negotiation policy. */
export interface Negotiation {
	readonly protocols: readonly SslProtocol[];
	/** OpenSSL's names, the most wanted first. */
	readonly ciphers: readonly string[];
	/** Whether the listener's order of ciphers counts, and not the client's (`Server-Defined-Cipher-Order`). */
	readonly serverOrder: boolean;
}

const PREDEFINED = [
	'ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256',
	'ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA DHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-GCM-SHA384',
	'ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 ECDHE-RSA-AES256-SHA',
	'ECDHE-ECDSA-AES256-SHA AES128-GCM-SHA256 AES128-SHA256 AES128-SHA AES256-GCM-SHA384 AES256-SHA256 AES256-SHA',
	'DHE-DSS-AES128-SHA CAMELLIA128-SHA EDH-RSA-DES-CBC3-SHA DES-CBC3-SHA ECDHE-RSA-RC4-SHA RC4-SHA',
];

const FURTHER = [
	'ECDHE-ECDSA-RC4-SHA DHE-DSS-AES256-GCM-SHA384 DHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES256-SHA256',
	'DHE-DSS-AES256-SHA256 DHE-RSA-AES256-SHA DHE-DSS-AES256-SHA DHE-RSA-CAMELLIA256-SHA DHE-DSS-CAMELLIA256-SHA',
	'CAMELLIA256-SHA EDH-DSS-DES-CBC3-SHA DHE-DSS-AES128-GCM-SHA256 DHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES128-SHA256',
	'DHE-DSS-AES128-SHA256 DHE-RSA-CAMELLIA128-SHA DHE-DSS-CAMELLIA128-SHA ADH-AES128-GCM-SHA256 ADH-AES128-SHA',
	'ADH-AES128-SHA256 ADH-AES256-GCM-SHA384 ADH-AES256-SHA ADH-AES256-SHA256 ADH-CAMELLIA128-SHA ADH-CAMELLIA256-SHA',
	'ADH-DES-CBC3-SHA ADH-DES-CBC-SHA ADH-RC4-MD5 ADH-SEED-SHA DES-CBC-SHA DHE-DSS-SEED-SHA DHE-RSA-SEED-SHA',
	'EDH-DSS-DES-CBC-SHA EDH-RSA-DES-CBC-SHA IDEA-CBC-SHA RC4-MD5 SEED-SHA DES-CBC3-MD5 DES-CBC-MD5 RC2-CBC-MD5',
	'PSK-AES256-CBC-SHA PSK-3DES-EDE-CBC-SHA KRB5-DES-CBC3-SHA KRB5-DES-CBC3-MD5 PSK-AES128-CBC-SHA PSK-RC4-SHA',
	'KRB5-RC4-SHA KRB5-RC4-MD5 KRB5-DES-CBC-SHA KRB5-DES-CBC-MD5 EXP-EDH-RSA-DES-CBC-SHA EXP-EDH-DSS-DES-CBC-SHA',
	'EXP-ADH-DES-CBC-SHA EXP-DES-CBC-SHA EXP-RC2-CBC-MD5 EXP-KRB5-RC2-CBC-SHA EXP-KRB5-DES-CBC-SHA',
	'EXP-KRB5-RC2-CBC-MD5 EXP-KRB5-DES-CBC-MD5 EXP-ADH-RC4-MD5 EXP-RC4-MD5 EXP-KRB5-RC4-SHA EXP-KRB5-RC4-MD5',
];

/**
 * Every cipher that a Classic Load Balancer has, in AWS's order. In a policy of one's own they are taken in this order
 * too, whatever the order of the attributes (*guess*: all that AWS publishes have it).
 *
 * @see AWS Classic ELB guide, elb-ssl-security-policy, "SSL ciphers" (awsdocs/elb-classic-load-balancers-user-guide)
 */
export const SSL_CIPHERS: readonly string[] = [...PREDEFINED, ...FURTHER].flatMap(line => line.split(' '));

/** What all policies since 2014 share: ECDHE and AES without DHE. */
const COMMON = SSL_CIPHERS.slice(0, 19).filter(cipher => !cipher.startsWith('DHE-'));
const DHE = ['DHE-RSA-AES128-SHA', 'DHE-DSS-AES128-SHA'];
const RC4 = ['ECDHE-RSA-RC4-SHA', 'RC4-SHA'];
const ALL_TLS: readonly SslProtocol[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2'];

/** The suites of TLS 1.0 that have a certificate, but for IDEA; those of SSL 2.0 are called `-MD5` as well. */
const BEFORE_TLS_1_2 = SSL_CIPHERS.filter(
	cipher => !/^(?:ECDHE|ADH|EXP-ADH|IDEA)-|^(?:DES-CBC3?|RC2-CBC)-MD5$|(?:SHA256|SHA384)$/.test(cipher),
);

/**
 * AWS's predefined security policies, the newest first, as DescribeLoadBalancerPolicies lists them.
 *
 * @see AWS Classic ELB guide, elb-security-policy-table, of 2018 (2016-08 to 2015-02) and of 2015 (2015-05 to 2011-08);
 * where both tell of a policy they agree. That 2011-08 has no further ciphers is a *guess*. For the two samples:
 * razorpay/terraform-aws-ssl-ciphers, which copied the answer of DescribeLoadBalancerPolicies.
 */
export const SECURITY_POLICIES: ReadonlyMap<string, Negotiation> = new Map([
	policy('2016-08', ALL_TLS, COMMON),
	policy(
		'TLS-1-2-2017-01',
		['TLSv1.2'],
		COMMON.filter(cipher => !cipher.endsWith('-SHA')),
	),
	policy('TLS-1-1-2017-01', ['TLSv1.1', 'TLSv1.2'], COMMON),
	policy('2015-05', ALL_TLS, [...COMMON, 'DES-CBC3-SHA']),
	policy('2015-03', ALL_TLS, [...COMMON, ...DHE, 'DES-CBC3-SHA']),
	policy('2015-02', ALL_TLS, [...COMMON, ...DHE]),
	policy('2014-10', ALL_TLS, [...COMMON, ...DHE, ...RC4]),
	policy('2014-01', ['SSLv3', ...ALL_TLS], [...COMMON, ...DHE, ...RC4]),
	[
		'ELBSecurityPolicy-2011-08',
		{
			protocols: inOrder(SSL_PROTOCOLS, ['SSLv3', 'TLSv1']),
			ciphers: inOrder(SSL_CIPHERS, [
				...DHE,
				'AES128-SHA',
				'AES256-SHA',
				'CAMELLIA128-SHA',
				'EDH-RSA-DES-CBC3-SHA',
				'DES-CBC3-SHA',
				'RC4-SHA',
			]),
			serverOrder: false,
		},
	],
	['ELBSample-ELBDefaultCipherPolicy', {protocols: ['TLSv1', 'SSLv3'], ciphers: BEFORE_TLS_1_2, serverOrder: false}],
	[
		'ELBSample-OpenSSLDefaultCipherPolicy',
		{
			protocols: ['TLSv1', 'SSLv3'],
			ciphers: inOrder(SSL_CIPHERS, ['AES128-SHA', 'AES256-SHA', 'DES-CBC3-SHA', 'RC4-SHA', 'RC4-MD5']),
			serverOrder: false,
		},
	],
]);

/** Those of `all` that are among `some`, in the order of `all`. */
export function inOrder<Item>(all: readonly Item[], some: readonly Item[]): Item[] {
	return all.filter(item => some.includes(item));
}

function policy(
	name: string,
	protocols: readonly SslProtocol[],
	ciphers: readonly string[],
): readonly [string, Negotiation] {
	const negotiation = {
		protocols: inOrder(SSL_PROTOCOLS, protocols),
		ciphers: inOrder(SSL_CIPHERS, ciphers),
		serverOrder: true,
	};
	return [`ELBSecurityPolicy-${name}`, negotiation];
}
