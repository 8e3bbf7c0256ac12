import test from 'ava';
import {isLoopback, readAddress, readHost} from '../../src/configuration/host-names.ts';

const reads = test.macro({
	exec: (t, text: string, host: string, port?: number) => t.deepEqual(readAddress(text), {host, port}),
	title: (_, text) => `${text} is an address`,
});
test(reads, '127.0.0.1:3000', '127.0.0.1', 3000);
test(reads, '127.0.0.5', '127.0.0.5', undefined);
test(reads, '[::1]:80', '::1', 80);
test(reads, '[::1]', '::1', undefined);
test(reads, '::1', '::1', undefined);
test(reads, 'localhost:65535', 'localhost', 65_535);
test(reads, '3000', '127.0.0.1', 3000);
test(reads, '65535', '127.0.0.1', 65_535);
test(reads, 'my_app.internal:1', 'my_app.internal', 1);

const refuses = test.macro({
	exec: (t, text: string, message: string, hint?: string) =>
		t.like(readAddress(text), {message, ...(hint === undefined ? {} : {hint})}),
	title: (_, text) => `${JSON.stringify(text)} is no address`,
});
const ASKED = 'write host:port such as "127.0.0.1:3000", or a host alone';
test(refuses, '', `"" is not an address; ${ASKED}`);
test(refuses, '0', '"0" is not a port; allowed are 1 to 65535');
test(refuses, '65536', '"65536" is not a port; allowed are 1 to 65535');
test(refuses, '123456', `"123456" is not an address; ${ASKED}`);
test(refuses, '3000.5', `"3000.5" is not an address; ${ASKED}`);
test(refuses, ':0', `":0" is not an address; ${ASKED}`);
test(refuses, ':3000', `":3000" is not an address; ${ASKED}`, 'did you mean "127.0.0.1:3000"?');
test(refuses, '300.1.1.1', `"300.1.1.1" is not an address; ${ASKED}`);
test(refuses, '127.0.0.1:0', '"0" in "127.0.0.1:0" is not a port; allowed are 1 to 65535');
test(refuses, '127.0.0.1:65536', '"65536" in "127.0.0.1:65536" is not a port; allowed are 1 to 65535');
test(refuses, '127.0.0.1:', '"" in "127.0.0.1:" is not a port; allowed are 1 to 65535');
test(refuses, '[127.0.0.1]:80', `"[127.0.0.1]:80" is not an address; ${ASKED}`);
test(
	refuses,
	'http://localhost:3000/x',
	'"http://localhost:3000/x" is a URL, not an address; write host:port such as "127.0.0.1:3000"',
	'did you mean "localhost:3000"?',
);
test(refuses, 'a host:80', `"a host:80" is not an address; ${ASKED}`);

test('a host name has labels of 1 to 63 characters, 253 in all, and no hyphen at their ends', t => {
	const names = ['a'.repeat(63), 'a'.repeat(64), '-a', 'a-.b', 'a..b', 'a.'.repeat(130), '*.web.test', 'A.b.'];

	t.deepEqual(names.map(readHost), [
		'a'.repeat(63),
		undefined,
		undefined,
		undefined,
		undefined,
		undefined,
		undefined,
		'A.b.',
	]);
});

test('an international name is connected to by its ASCII form', t => {
	t.is(readHost('münchen.test'), 'xn--mnchen-3ya.test');
	t.deepEqual(readAddress('münchen.test:80'), {host: 'xn--mnchen-3ya.test', port: 80});
});

test('loopback is all of 127.0.0.0/8 and ::1', t => {
	t.true(isLoopback('127.255.0.1'));
	t.true(isLoopback('::1'));
	t.false(isLoopback('0.0.0.0'));
	t.false(isLoopback('127.0.0.1.example'));
	t.false(isLoopback('localhost'));
});
