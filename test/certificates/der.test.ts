import {X509Certificate} from 'node:crypto';
import test from 'ava';
import forge from 'node-forge';
import {integer, objectIdentifier, time} from '../../src/certificates/der.ts';
import {encodeExtension} from '../../src/certificates/extensions.ts';
import {createAuthority} from '../../src/index.ts';

for (const [title, written, expected] of [
	['a number whose first bit is set stays positive', integer(Buffer.of(0x80)), '02020080'],
	['a number has no leading zeros', integer(Buffer.of(0, 0, 5)), '020105'],
	['zero is one byte', integer(Buffer.of(0)), '020100'],
	['an identifier with large parts', objectIdentifier('1.2.840.113549.1.1.11'), '06092a864886f70d01010b'],
	['a year until 2049 has two digits', time(new Date('2049-12-31T23:59:59Z')), '170d3439313233313233353935395a'],
	['a year from 2050 on has four', time(new Date('2050-01-01T00:00:00Z')), '180f32303530303130313030303030305a'],
	[
		'the uses of an authority',
		encodeExtension({name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true}),
		'300e0603551d0f0101ff040403020106',
	],
	[
		'addresses have four and sixteen bytes',
		encodeExtension({name: 'subjectAltName', names: ['127.0.0.1', '::1', '2001:db8::ff']}),
		'30330603551d11042c302a87047f000001871000000000000000000000000000000001871020010db80000000000000000000000ff',
	],
] as const) {
	test(title, t => {
		t.is(written.toString('hex'), expected);
	});
}

test('another library reads what is written, including names of every kind', t => {
	const names = ['*.web.test', 'a_b.test', '127.0.0.1', '::1', '::ffff:1.2.3.4', 'x'.repeat(60).concat('.test')];
	for (const key of ['ec', 'rsa'] as const) {
		const {cert} = createAuthority().issue({names, key});

		t.is(new X509Certificate(cert).checkHost('any.web.test'), '*.web.test');
		t.is(new X509Certificate(cert).checkIP('::1'), '::1');
		// Forge accepts only certificates with RSA keys.
		if (key === 'rsa') {
			const {extensions} = forge.pki.certificateFromPem(cert);
			t.deepEqual(
				extensions.map(({name}) => name),
				[
					'basicConstraints',
					'keyUsage',
					'extKeyUsage',
					'subjectAltName',
					'subjectKeyIdentifier',
					'authorityKeyIdentifier',
				],
			);
			t.like(extensions[1], {digitalSignature: true, keyEncipherment: true, keyCertSign: false});
		}
	}
});
