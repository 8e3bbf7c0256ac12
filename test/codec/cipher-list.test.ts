import test from 'ava';
import {bestKeyFor, openSslCiphers, refusalOfCiphers, type Version, versionsWith} from '../../src/codec/cipher-list.ts';

/** Cipher list, oldest version, key; the possible versions. */
const SERVED: readonly [string | undefined, Version, string, readonly Version[]][] = [
	[undefined, 'TLSv1.2', 'ec', ['TLSv1.2', 'TLSv1.3']],
	[undefined, 'TLSv1.2', 'ed25519', ['TLSv1.2', 'TLSv1.3']],
	[undefined, 'TLSv1', 'rsa', ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']],
	[undefined, 'TLSv1', 'ed25519', ['TLSv1.2', 'TLSv1.3']],
	[undefined, 'TLSv1.1', 'rsa-pss', ['TLSv1.2', 'TLSv1.3']],
	[undefined, 'TLSv1.3', 'ec', ['TLSv1.3']],
	['AES128-SHA', 'TLSv1.2', 'ec', ['TLSv1.3']],
	['AES128-SHA', 'TLSv1.2', 'rsa', ['TLSv1.2', 'TLSv1.3']],
	['AES128-SHA', 'TLSv1', 'rsa', ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']],
	['AES128-SHA:@SECLEVEL=1', 'TLSv1', 'rsa', ['TLSv1.2', 'TLSv1.3']],
	['AES128-SHA:@SECLEVEL=3', 'TLSv1.2', 'rsa', ['TLSv1.3']],
	['AES128-SHA', 'TLSv1.2', 'rsa-pss', ['TLSv1.3']],
	['ECDHE-RSA-AES128-SHA', 'TLSv1.2', 'rsa-pss', ['TLSv1.2', 'TLSv1.3']],
	['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLSv1', 'ec', ['TLSv1.2', 'TLSv1.3']],
	['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLSv1.2', 'rsa', ['TLSv1.3']],
	['ECDHE-ECDSA-AES128-GCM-SHA256, AES128-SHA', 'TLSv1.1', 'rsa', ['TLSv1.1', 'TLSv1.2', 'TLSv1.3']],
	['TLS_AES_128_GCM_SHA256', 'TLSv1.2', 'ec', ['TLSv1.3']],
	['AES128-SHA', 'TLSv1.3', 'rsa', []],
	['aNULL', 'TLSv1.2', 'ec', ['TLSv1.3']],
	['PSK', 'TLSv1.2', 'rsa', ['TLSv1.3']],
];

for (const [ciphers, minVersion, key, versions] of SERVED) {
	test(`${ciphers ?? 'the default list'} from ${minVersion} on with an ${key} key`, t => {
		t.deepEqual(versionsWith(key, {minVersion, ciphers}), versions);
	});
}

test('the key that serves the most versions is the best, and EC when both serve as many', t => {
	const key = (ciphers: string | undefined, minVersion: Version = 'TLSv1.2') => bestKeyFor({minVersion, ciphers}).key;

	t.is(key(undefined), 'ec');
	t.is(key(undefined, 'TLSv1'), 'ec');
	t.is(key('ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256'), 'ec');
	t.is(key('AES128-SHA'), 'rsa');
	t.is(key('TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256'), 'rsa');
	t.is(key('ECDHE-ECDSA-AES128-GCM-SHA256:AES128-SHA', 'TLSv1'), 'rsa');
});

test('OpenSSL gets one separator, and security level 0 when an old version needs it', t => {
	const given = (ciphers: string, minVersion: Version) => openSslCiphers({ciphers, minVersion});

	t.is(
		given('AES128-SHA, AES256-SHA;ECDHE+AES TLS_AES_128_GCM_SHA256', 'TLSv1.2'),
		'TLS_AES_128_GCM_SHA256:AES128-SHA:AES256-SHA:ECDHE+AES',
	);
	t.is(given('AES128-SHA', 'TLSv1.1'), 'AES128-SHA:@SECLEVEL=0');
	t.is(given('AES128-SHA:@SECLEVEL=0', 'TLSv1'), 'AES128-SHA:@SECLEVEL=0');
	t.is(given('AES128-SHA:@SECLEVEL=2', 'TLSv1.2'), 'AES128-SHA:@SECLEVEL=2');
});

/** Cipher list, `minVersion` as written; the refusal. */
const REFUSED: readonly [string, Version | undefined, string][] = [
	['NOPE', undefined, '"NOPE" is not an OpenSSL cipher list: no cipher matches it'],
	['TLS_NOPE', undefined, '"TLS_NOPE" is not an OpenSSL cipher list: no cipher matches it'],
	['aNULL', undefined, 'no cipher in "aNULL" for TLS 1.2 and older goes with a certificate'],
	['PSK', 'TLSv1', 'no cipher in "PSK" for TLS 1.2 and older goes with a certificate'],
	[
		'DEFAULT:@SECLEVEL=4',
		undefined,
		'security level 4 in "DEFAULT:@SECLEVEL=4" asks for more than clients and certificates have',
	],
	[
		'AES128-SHA:@SECLEVEL=1',
		'TLSv1.1',
		'security level 1 in "AES128-SHA:@SECLEVEL=1" forbids TLS 1.0 and 1.1, which minVersion TLSv1.1 asks for',
	],
	[
		'ECDHE-ECDSA-AES128-GCM-SHA256',
		'TLSv1',
		'no cipher in "ECDHE-ECDSA-AES128-GCM-SHA256" can be used in TLSv1, which minVersion asks for',
	],
	[
		'TLS_AES_128_GCM_SHA256',
		'TLSv1.2',
		'no cipher in "TLS_AES_128_GCM_SHA256" can be used in TLSv1.2, which minVersion asks for',
	],
	['AES128-SHA', 'TLSv1.3', 'no cipher in "AES128-SHA" can be used in TLSv1.3, which minVersion asks for'],
];

for (const [ciphers, minVersion, message] of REFUSED) {
	test(`${ciphers} with ${minVersion ?? 'no'} minVersion is refused`, t => {
		t.is(refusalOfCiphers(ciphers, minVersion)?.message, message);
	});
}

for (const [ciphers, minVersion] of [
	['AES128-SHA', undefined],
	['AES128-SHA', 'TLSv1'],
	['ECDHE+AES:@SECLEVEL=0', 'TLSv1'],
	['TLS_AES_128_GCM_SHA256', undefined],
	['TLS_AES_128_GCM_SHA256', 'TLSv1.3'],
	['DEFAULT:@SECLEVEL=3', undefined],
	['DHE-RSA-AES128-GCM-SHA256', 'TLSv1.2'],
] as const) {
	test(`${ciphers} with ${minVersion ?? 'no'} minVersion is accepted`, t => {
		t.is(refusalOfCiphers(ciphers, minVersion), undefined);
	});
}
