import test from 'ava';
import {displayName, readHostName} from '../../src/base/host-name.ts';
import {readNames} from '../../src/certificates/names.ts';

const accepted = test.macro({
	exec(t, given: string, read: string) {
		t.deepEqual(readNames([given]), {names: [read]});
	},
	title: (_, given) => `${given} is a name`,
});

test(accepted, 'web.test', 'web.test');
test(accepted, 'Web.TEST', 'web.test');
test(accepted, 'localhost', 'localhost');
test(accepted, 'my_app-1', 'my_app-1');
test(accepted, '_sip.web.test', '_sip.web.test');
test(accepted, '*.web.test', '*.web.test');
test(accepted, 'xn--bcher-kva.test', 'xn--bcher-kva.test');
test(accepted, '1.example', '1.example');
test(accepted, '127.0.0.1', '127.0.0.1');
test(accepted, '::1', '::1');
test(accepted, '0:0:0:0:0:0:0:1', '::1');
test(accepted, '2001:DB8::00:1', '2001:db8::1');
test(accepted, `${'a'.repeat(63)}.test`, `${'a'.repeat(63)}.test`);

test('a name given twice is one name', t => {
	t.deepEqual(readNames(['web.test', 'WEB.test', '::1', '0::1']), {names: ['web.test', '::1']});
});

const refused = test.macro({
	exec(t, given: string, message: string, hint?: string) {
		t.deepEqual(readNames([given]), {violations: [{path: [0], message, ...(hint === undefined ? {} : {hint})}]});
	},
	title: (_, given: string) => `${JSON.stringify(given.slice(0, 40))} is no name`,
});

const ALLOWED = 'a host name such as "web.test", a wildcard such as "*.web.test", or an IP address';
const MORE = `is more than a name; allowed is ${ALLOWED}`;

test(refused, '', `"" is not a name; allowed is ${ALLOWED}`);
test(refused, 'web test', '"web test" holds white space, which no name may', 'give each name as an item of its own');
test(refused, ' web.test', '" web.test" holds white space, which no name may', 'give each name as an item of its own');
test(refused, 'https://web.test/shop', `"https://web.test/shop" ${MORE}`, 'did you mean "web.test"?');
test(refused, 'web.test:443', `"web.test:443" ${MORE}`, 'did you mean "web.test"?');
test(refused, '127.0.0.1:443', `"127.0.0.1:443" ${MORE}`, 'did you mean "127.0.0.1"?');
test(refused, 'http://[::1]:80/', `"http://[::1]:80/" ${MORE}`, 'did you mean "::1"?');
test(refused, '[::1]', '"[::1]" has brackets, which belong to URLs', 'write "::1"');
test(refused, 'fe80::1%eth0', '"fe80::1%eth0" has a zone, which no certificate can carry');
const NOT_INTERNATIONAL = `has letters that no name may have; allowed is ${ALLOWED}`;
test(
	refused,
	'a\u0338\u2028.test',
	'"a\u0338\u2028.test" holds white space, which no name may',
	'give each name as an item of its own',
);
test(refused, 'ü.-a.\ufffd', `"ü.-a.\ufffd" ${NOT_INTERNATIONAL}`);
test(refused, '１２７.0.0.1', `"１２７.0.0.1" ${NOT_INTERNATIONAL}`);
test(
	refused,
	`${'ü'.repeat(60)}.test`,
	`"${'ü'.repeat(60)}…", in ASCII "xn--tda${'a'.repeat(53)}…", has a label of 66 characters; a label has at most 63`,
);
test(
	refused,
	'*.日本',
	'"*.日本", in ASCII "*.xn--wgv71a", matches nothing: clients want at least two labels after the "*."',
	'such as "*.web.test"',
);
test(refused, '-----BEGIN PRIVATE KEY-----\nMIGH', `(private key) is not a name; allowed is ${ALLOWED}`);
test(refused, 'web.test.', '"web.test." ends with a dot', 'leave out the final dot');
test(refused, 'web..test', '"web..test" has an empty label: two dots in a row, or one in front');
test(refused, '.web.test', '".web.test" has an empty label: two dots in a row, or one in front');
test(
	refused,
	'*.test',
	'"*.test" matches nothing: clients want at least two labels after the "*."',
	'such as "*.web.test"',
);
test(refused, '*', '"*" matches nothing: clients want at least two labels after the "*."', 'such as "*.web.test"');
const STAR = 'has a "*" where none may be; it stands alone as the first label, as in "*.web.test"';
test(refused, 'w*.web.test', `"w*.web.test" ${STAR}`);
test(refused, 'web.*.test', `"web.*.test" ${STAR}`);
test(refused, '*.*.web.test', `"*.*.web.test" ${STAR}`);
const LABELS = `is not a name: labels are letters, digits, "_" and inner "-"; allowed is ${ALLOWED}`;
test(refused, '-web.test', `"-web.test" ${LABELS}`);
test(refused, 'web-.test', `"web-.test" ${LABELS}`);
test(refused, 'web!.test', `"web!.test" ${LABELS}`);
test(refused, 'web\0.test', `"web\\u0000.test" ${LABELS}`);
const NUMBERS = 'an IPv4 address is four numbers from 0 to 255';
test(refused, '256.0.0.1', '"256.0.0.1" is neither a host name nor an IPv4 address', NUMBERS);
test(refused, '127.1', '"127.1" is neither a host name nor an IPv4 address', NUMBERS);
test(refused, `${'a'.repeat(64)}.test`, `"${'a'.repeat(60)}…" has a label of 64 characters; a label has at most 63`);
test(refused, `${'a.'.repeat(130)}test`, `"${'a.'.repeat(30)}…" has 264 characters; a host name has at most 253`);

test('all wrong names are reported at once, each with its place', t => {
	const result = readNames(['web.test', 'a b', 'c.test', '*']);

	t.deepEqual('violations' in result ? result.violations.map(({path}) => path) : [], [[1], [3]]);
});

test('no name at all is refused', t => {
	const message = `a certificate needs at least one name: ${ALLOWED}`;

	t.deepEqual(readNames([]), {violations: [{path: [], message}]});
});

test('a name that is not text is refused', t => {
	const names: unknown = [443, null];

	// As a JavaScript caller or a YAML file may give it.
	const result = readNames(names as string[]);

	t.deepEqual('violations' in result ? result.violations.map(({message}) => message) : [], [
		`443 is not text; allowed is ${ALLOWED}`,
		`nothing is not text; allowed is ${ALLOWED}`,
	]);
});

for (const [given, ascii] of [
	['münchen.test', 'xn--mnchen-3ya.test'],
	['MÜNCHEN.Test', 'xn--mnchen-3ya.test'],
	['mu\u0308nchen.test', 'xn--mnchen-3ya.test'],
	['*.bücher.test', '*.xn--bcher-kva.test'],
	['日本語。テスト', 'xn--wgv71a119e.xn--zckzah'],
	['faß.test', 'xn--fa-hia.test'],
] as const) {
	test(`${given} is carried as ${ascii}, and shown as a person writes it`, t => {
		t.deepEqual(readNames([given]), {names: [ascii]});
		t.deepEqual(readNames([ascii, given]), {names: [ascii]});
		t.deepEqual(readNames([displayName(ascii)]), {names: [ascii]});
		t.is(displayName(ascii).normalize('NFC').startsWith('xn--'), false);
	});
}

test('the name of one host has no wildcard', t => {
	t.deepEqual(['web.test', 'münchen.test', '127.0.0.1', '*.web.test', 'a b'].map(readHostName), [
		'web.test',
		'xn--mnchen-3ya.test',
		'127.0.0.1',
		undefined,
		undefined,
	]);
	t.is(displayName('127.0.0.1'), '127.0.0.1');
});
