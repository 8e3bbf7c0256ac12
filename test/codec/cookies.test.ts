import test from 'ava';
import fc from 'fast-check';
import {readCookie, readSetCookies, withSecure, writeSetCookie} from '../../src/codec/cookies.ts';
import {runs} from '../helpers/depth.ts';
import {stepsOf} from '../helpers/steps.ts';

const COOKIES: readonly (readonly [what: string, fields: string, values: readonly string[]])[] = [
	['alone', 'Cookie: AWSELB=1\r\n', ['1']],
	['among others', 'Host: a\r\ncookie: a=b; AWSELB=1; c=d\r\nAccept: */*\r\n', ['1']],
	['without spaces', 'Cookie:a=b;AWSELB=1;c=d\r\n', ['1']],
	['with tabs and spaces', 'COOKIE: \t a=b ;\t AWSELB \t=  1 \t; c=d\r\n', ['1']],
	['in quotes', 'Cookie: AWSELB="1"\r\n', ['1']],
	['in half a quote', 'Cookie: AWSELB="1; a="\r\n', ['"1']],
	['with an equals sign in it', 'Cookie: AWSELB=a=b==\r\n', ['a=b==']],
	['empty', 'Cookie: AWSELB=\r\n', ['']],
	['of another case', 'Cookie: awselb=1; AwsElb=2\r\n', []],
	['whose name another begins or ends with', 'Cookie: AWSELBCORS=1; XAWSELB=2\r\n', []],
	['whose name is a value', 'Cookie: a=AWSELB=1; b="; AWSELB2=3; c=AWSELB\r\n', []],
	['without an equals sign', 'Cookie: AWSELB; AWSELB\r\n', []],
	['several times, in several fields', 'Cookie: AWSELB=1; AWSELB=2\r\nX: y\r\nCookie: AWSELB=3\r\n', ['1', '2', '3']],
	['in fields of other names', 'Cookie2: AWSELB=1\r\nX-Cookie: AWSELB=2\r\nSet-Cookie: AWSELB=3\r\n', []],
	['in the value of another field', 'X: Cookie: AWSELB=1\r\n', []],
	['between empty pairs', 'Cookie: ;;=; =x; ;AWSELB=1;;\r\n', ['1']],
	['in a field without its CRLF', 'Cookie: AWSELB=1', ['1']],
	['in no field at all', '', []],
];

for (const [what, fields, values] of COOKIES) {
	test(`a cookie ${what} is found as often as it occurs`, t => {
		t.deepEqual(readCookie(fields, 'AWSELB'), values);
	});
}

const NAME = fc.string({unit: fc.constantFrom(...'aB1_-!'), minLength: 1, maxLength: 4});
const VALUE = fc.string({unit: fc.constantFrom(...'aB1=!#/:'), maxLength: 8});
const BLANK = fc.constantFrom('', ' ', '\t ', '  ');

test('cookies are read back from Cookie fields, however they are split and spaced', t => {
	const pair = fc.tuple(NAME, VALUE, BLANK, BLANK);
	const field = fc.tuple(fc.constantFrom('Cookie', 'cookie', 'COOKIE'), fc.array(pair, {minLength: 1, maxLength: 5}));
	fc.assert(
		fc.property(fc.array(field, {maxLength: 4}), NAME, (list, name) => {
			const fields = list
				.map(([key, pairs]) => `${key}: ${pairs.map(([n, v, b, a]) => `${b}${n}=${v}${a}`).join(';')}\r\nX: a=b\r\n`)
				.join('');
			const values = list.flatMap(([, pairs]) => pairs.filter(([n]) => n === name).map(([, v]) => v));
			t.deepEqual(readCookie(fields, name), values);
		}),
	);
});

test('no bytes make a reader throw or hang, and fields without Set-Cookie are never changed', t => {
	const fields = fc.string({unit: fc.constantFrom(...'Cookie: set-A=;"\r\n\t\x00\xff', 'Cookie:', 'Set-Cookie:')});
	fc.assert(
		fc.property(fields, text => {
			readCookie(text, 'A');
			for (const {start, end} of readSetCookies(text)) t.true(start >= 0 && start < end && end <= text.length);
			if (!/set-cookie:/i.test(text)) t.is(withSecure(text), text);
		}),
		{numRuns: runs(2000)},
	);
});

const LARGE: readonly (readonly [what: string, fields: (bytes: number) => string])[] = [
	['one field of semicolons', n => `Cookie: ${';'.repeat(n)}\r\nSet-Cookie: a=b${';'.repeat(n)}\r\n`],
	['one field of blanks', n => `Cookie: ${' '.repeat(n)}x\r\nSet-Cookie: a${' '.repeat(n)}\r\n`],
	['blanks between semicolons', n => `Cookie: ${' ;'.repeat(n / 2)}\r\nSet-Cookie: a=b;${'\t ;'.repeat(n / 4)}\r\n`],
	['equals signs', n => `Cookie: ${'='.repeat(n)}\r\nSet-Cookie: ${'='.repeat(n)}\r\n`],
	['digits', n => `Set-Cookie: a=b; max-age=${'9'.repeat(n)}x; expires=${'1:'.repeat(n / 2)}\r\n`],
	['many fields', n => 'Cookie: a\r\nSet-Cookie: a\r\n'.repeat(n / 26)],
	['line ends', n => '\n'.repeat(n)],
	['no line end', n => 'cookie'.repeat(n / 6)],
];

for (const [what, fields] of LARGE) {
	test(`${what}: eight times the bytes are about eight times the work, up to 64 KiB`, async t => {
		const work = (text: string) => () => {
			readCookie(text, 'AWSELB');
			readSetCookies(text);
			withSecure(text);
		};
		const [small, large] = [await stepsOf(work(fields(8192))), await stepsOf(work(fields(65_536)))];

		t.true(small > 0);
		t.true(large <= 10 * small, `${small} steps, then ${large}`);
	});
}

test('a Set-Cookie field is parsed, with its offsets', t => {
	const line = 'set-cookie:  id = a"b ;Path=/; MAX-AGE = 60 ; Expires=Thu, 01 Jan 1970 00:00:01 GMT; SECURE\r\n';
	const fields = `A: b\r\n${line}C: d\r\n`;

	t.deepEqual(readSetCookies(fields), [
		{
			name: 'id',
			value: 'a"b',
			attributes: ';Path=/; MAX-AGE = 60 ; Expires=Thu, 01 Jan 1970 00:00:01 GMT; SECURE',
			maxAgeMs: 60_000,
			expiresMs: 1000,
			secure: true,
			start: 6,
			end: 6 + line.length,
		},
	]);
});

const ATTRIBUTES: readonly (readonly [
	attributes: string,
	maxAgeMs?: number | undefined,
	expiresMs?: number | undefined,
	secure?: boolean,
])[] = [
	[''],
	[';'],
	['; Max-Age=0', 0],
	['; Max-Age=-5', -5000],
	['; Max-Age=+5'],
	['; Max-Age=1.5'],
	['; Max-Age="5"'],
	['; Max-Age=5; max-age=7', 7000],
	['; Max-Age=5; max-age=x', 5000],
	[`; Max-Age=${'9'.repeat(400)}`, Number.POSITIVE_INFINITY],
	['; X-Max-Age=5; Max-Ages=5'],
	['; Expires=never'],
	['; Expires=Thu, 01-Jan-70 00:00:00 GMT', undefined, 0],
	['; Expires=Thu, 01-Jan-70 00:00:00 GMT; expires=x', undefined, 0],
	['; Secure=no', undefined, undefined, true],
	['; Path=/secure; x=Secure'],
	['; Path="/; Secure"'],
];

for (const [attributes, maxAgeMs, expiresMs, secure = false] of ATTRIBUTES) {
	test(`the attributes "${attributes.slice(0, 50)}" are read as user agents read them`, t => {
		const [cookie] = readSetCookies(`Set-Cookie: a=b${attributes}\r\n`);

		t.like(cookie, {name: 'a', value: 'b', attributes, maxAgeMs, expiresMs, secure});
	});
}

test('all Set-Cookie fields but those without a name are read, in order', t => {
	const fields = 'Set-Cookie: a=1\r\nSet-Cookie: x; b=2\r\nSet-Cookie: =3\r\nSet-Cookie:\r\nSET-COOKIE:a=4\r\n';

	t.deepEqual(
		readSetCookies(fields).map(({name, value}) => [name, value]),
		[
			['a', '1'],
			['a', '4'],
		],
	);
});

const SECURED: readonly (readonly [value: string, secured: string])[] = [
	['foo=bar', 'foo=bar; Secure'],
	['foo=bar; Path=/', 'foo=bar; Path=/; Secure'],
	['foo=bar; Secure', 'foo=bar; Secure'],
	['foo=bar;secure;Path=/', 'foo=bar;secure;Path=/'],
	['foo=bar; SECURE ', 'foo=bar; SECURE '],
	['foo=bar; Secure=x', 'foo=bar; Secure=x'],
	['foo=secure', 'foo=secure; Secure'],
	['Secure', 'Secure; Secure'],
	['foo=bar; Path=/secure', 'foo=bar; Path=/secure; Secure'],
	['foo=bar; Comment=Secure', 'foo=bar; Comment=Secure; Secure'],
	['foo="; Secure"', 'foo="; Secure"; Secure'],
	['foo=bar; InSecure; Secured', 'foo=bar; InSecure; Secured; Secure'],
	['foo=bar;', 'foo=bar; Secure'],
	['foo=bar \t', 'foo=bar; Secure \t'],
	['', ''],
];

for (const [value, secured] of SECURED) {
	test(`"${value}" is secured as "${secured}"`, t => {
		t.is(
			withSecure(`A: b\r\nSet-Cookie: ${value}\r\nset-cookie:x=y\r\nSet-Cookies: z\r\n`),
			`A: b\r\nSet-Cookie: ${secured}\r\nset-cookie:x=y; Secure\r\nSet-Cookies: z\r\n`,
		);
	});
}

test('securing twice is securing once, secures every cookie, and changes nothing else', t => {
	const value = fc.string({unit: fc.constantFrom('a', '=', ';', ' ', '"', 'Secure', 'secure', 'Path=/')});
	const field = fc.tuple(fc.constantFrom('Set-Cookie', 'set-cookie', 'Cookie', 'X'), value);
	fc.assert(
		fc.property(fc.array(field, {maxLength: 5}), list => {
			const fields = list.map(([name, text]) => `${name}: ${text}\r\n`).join('');
			const once = withSecure(fields);
			t.is(withSecure(once), once);
			t.true(readSetCookies(once).every(({secure}) => secure));
			const names = (cookies: ReturnType<typeof readSetCookies>) => cookies.map(({name, value}) => [name, value]);
			t.deepEqual(names(readSetCookies(once)), names(readSetCookies(fields)));
		}),
		{numRuns: runs(2000)},
	);
});

test('the load balancer writes its cookie as Classic ELB does', t => {
	const cookie = {name: 'AWSELB', value: '93EB', maxAgeSeconds: 60};

	t.is(writeSetCookie(cookie), 'Set-Cookie: AWSELB=93EB;PATH=/;MAX-AGE=60\r\n');
	t.is(writeSetCookie({...cookie, maxAgeSeconds: undefined}), 'Set-Cookie: AWSELB=93EB;PATH=/\r\n');
	t.is(withSecure(writeSetCookie(cookie)), 'Set-Cookie: AWSELB=93EB;PATH=/;MAX-AGE=60; Secure\r\n');
});

test('attributes that were copied take the place of those', t => {
	const [copied] = readSetCookies('Set-Cookie: id=1; Path=/app; HttpOnly\r\n');

	t.is(
		writeSetCookie({name: 'LB', value: '1', maxAgeSeconds: 60, attributes: copied?.attributes}),
		'Set-Cookie: LB=1; Path=/app; HttpOnly\r\n',
	);
});
