import * as net from 'node:net';
import test from 'ava';
import {isIP, isIPv6} from '../../src/base/ip.ts';

for (const text of [
	...[
		'127.0.0.1',
		'256.0.0.1',
		'1.2.3',
		'0127.0.0.1',
		'',
		' ',
		'1',
		'web.test',
		'a:1',
		':',
		'::',
		'::1',
		'::1%lo',
		'fe80::1',
	],
	...[
		'::ffff:1.2.3.4',
		'1::2::3',
		'[::1]',
		'0:0:0:0:0:0:0:1',
		'12345::',
		'::1 ',
		'127.0.0.1:80',
		'2001:DB8::1',
		'1.2.3.4\n',
	],
]) {
	test(`${JSON.stringify(text)} is what Node takes it for`, t => {
		t.is(isIP(text), net.isIP(text) as 0 | 4 | 6);
		t.is(isIPv6(text), net.isIPv6(text));
	});
}
