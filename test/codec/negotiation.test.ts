import test from 'ava';
import {negotiableWith, optionsOf, withoutEffect} from '../../src/codec/negotiation.ts';
import {SECURITY_POLICIES} from '../../src/model/security-policies.ts';

const ALL = ['TLSv1', 'TLSv1.1', 'TLSv1.2'];
const of = (ciphers: readonly string[], protocols: readonly string[] = ALL) => ({
	protocols,
	ciphers,
	serverOrder: true,
});

const NEGOTIABLE: readonly (readonly [string, ReturnType<typeof of>, string, readonly string[]])[] = [
	['a suite for RSA', of(['AES128-SHA']), 'rsa', ALL],
	['a suite for RSA', of(['AES128-SHA']), 'ec', []],
	['a suite for ECDSA', of(['ECDHE-ECDSA-AES128-SHA']), 'ec', ALL],
	['a suite for ECDSA', of(['ECDHE-ECDSA-AES128-SHA']), 'rsa', []],
	['a suite of TLS 1.2', of(['ECDHE-RSA-AES128-GCM-SHA256']), 'rsa', ['TLSv1.2']],
	['a suite of TLS 1.2, which is not offered', of(['AES128-GCM-SHA256'], ['TLSv1', 'TLSv1.1']), 'rsa', []],
	['a hole', of(['AES128-SHA'], ['TLSv1', 'TLSv1.2']), 'rsa', ['TLSv1', 'TLSv1.2']],
	['SSLv3 alone', of(['AES128-SHA'], ['SSLv3']), 'rsa', []],
	['no protocol', of(['AES128-SHA'], []), 'rsa', []],
	['no cipher', of([]), 'rsa', []],
	['what OpenSSL lacks', of(['RC4-SHA', 'DES-CBC3-SHA']), 'rsa', []],
	['what needs no certificate', of(['ADH-AES128-SHA', 'PSK-AES128-CBC-SHA']), 'rsa', []],
	['a suite for DSA', of(['DHE-DSS-AES128-SHA']), 'rsa', []],
];
for (const [what, negotiation, key, expected] of NEGOTIABLE) {
	test(`${what} and a key of the type ${key}: ${expected.join(', ') || 'nothing'}`, t => {
		t.deepEqual(negotiableWith(key, negotiation), expected);
	});
}

test('each predefined policy leaves something to certificates with RSA keys', t => {
	for (const [name, negotiation] of SECURITY_POLICIES) t.true(negotiableWith('rsa', negotiation).length > 0, name);
});

test('what OpenSSL lacks, and what goes without a certificate, has no effect', t => {
	const ciphers = ['AES128-SHA', 'RC4-SHA', 'EDH-RSA-DES-CBC3-SHA', 'ADH-AES128-SHA', 'EXP-RC4-MD5', 'CAMELLIA128-SHA'];

	t.deepEqual(withoutEffect(of(ciphers, ['SSLv2', 'SSLv3', 'TLSv1'])), {
		protocols: ['SSLv2', 'SSLv3'],
		ciphers: ['RC4-SHA', 'EDH-RSA-DES-CBC3-SHA', 'ADH-AES128-SHA', 'EXP-RC4-MD5'],
	});
});

test('there are no options for versions that OpenSSL lacks', t => {
	t.is(optionsOf(of(['AES128-SHA'], ['SSLv3'])), undefined);
	t.like(optionsOf(of(['AES128-SHA', 'RC4-SHA'], ['TLSv1', 'TLSv1.2'])), {
		minVersion: 'TLSv1',
		maxVersion: 'TLSv1.2',
		ciphers: 'AES128-SHA:RC4-SHA:@SECLEVEL=0',
	});
});
