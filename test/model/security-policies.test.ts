import test from 'ava';
import {SECURITY_POLICIES, SSL_CIPHERS} from '../../src/model/security-policies.ts';

/**
 * Cells of AWS's table: protocols, how many ciphers, and the rows in which the policies differ.
 *
 * @see AWS Classic ELB guide, elb-security-policy-table (2018 and 2015)
 */
const TABLE: Readonly<Record<string, readonly [string, number, readonly string[]]>> = {
	'2016-08': ['TLSv1 TLSv1.1 TLSv1.2', 18, []],
	'TLS-1-2-2017-01': ['TLSv1.2', 12, []],
	'TLS-1-1-2017-01': ['TLSv1.1 TLSv1.2', 18, []],
	'2015-05': ['TLSv1 TLSv1.1 TLSv1.2', 19, ['DES-CBC3-SHA']],
	'2015-03': ['TLSv1 TLSv1.1 TLSv1.2', 21, ['DHE-RSA-AES128-SHA', 'DHE-DSS-AES128-SHA', 'DES-CBC3-SHA']],
	'2015-02': ['TLSv1 TLSv1.1 TLSv1.2', 20, ['DHE-RSA-AES128-SHA', 'DHE-DSS-AES128-SHA']],
	'2014-10': [
		'TLSv1 TLSv1.1 TLSv1.2',
		22,
		['DHE-RSA-AES128-SHA', 'DHE-DSS-AES128-SHA', 'ECDHE-RSA-RC4-SHA', 'RC4-SHA'],
	],
	'2014-01': [
		'TLSv1 SSLv3 TLSv1.1 TLSv1.2',
		22,
		['DHE-RSA-AES128-SHA', 'DHE-DSS-AES128-SHA', 'ECDHE-RSA-RC4-SHA', 'RC4-SHA'],
	],
	'2011-08': [
		'TLSv1 SSLv3',
		8,
		['DHE-RSA-AES128-SHA', 'DHE-DSS-AES128-SHA', 'CAMELLIA128-SHA', 'EDH-RSA-DES-CBC3-SHA', 'DES-CBC3-SHA', 'RC4-SHA'],
	],
};
for (const [name, [protocols, count, more]] of Object.entries(TABLE)) {
	test(`ELBSecurityPolicy-${name} has what AWS's table says`, t => {
		const policy = SECURITY_POLICIES.get(`ELBSecurityPolicy-${name}`);

		t.is(policy?.protocols.join(' '), protocols);
		t.is(policy?.ciphers.length, count);
		t.deepEqual(
			policy?.ciphers.filter(cipher => /^(?:DHE|EDH|CAMELLIA)-?|DES|RC4/.test(cipher)),
			more,
		);
		t.is(policy?.serverOrder, name !== '2011-08');
	});
}

test('of the ciphers of TLS 1.2 alone none is of SHA-1', t => {
	const {ciphers = []} = SECURITY_POLICIES.get('ELBSecurityPolicy-TLS-1-2-2017-01') ?? {};

	t.true(ciphers.every(cipher => /-SHA(?:256|384)$/.test(cipher)));
});

test('the ciphers of a Classic Load Balancer are all different', t => {
	t.is(new Set(SSL_CIPHERS).size, SSL_CIPHERS.length);
	t.is(SSL_CIPHERS.length, 88);
});
