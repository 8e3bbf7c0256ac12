import test from 'ava';
import {RequestHead, readRequestHead} from '../../src/codec/request-head.ts';
import {REFUSED_REQUESTS} from './refused-requests.ts';

const HOST = 'Host: a.test\r\n';

function read(head: string): RequestHead {
	const result = readRequestHead(head);
	if (!(result instanceof RequestHead)) throw new Error(`refused: ${JSON.stringify(result)}`);
	return result;
}

const line = (text: string) => `${text}\r\n${HOST}\r\n`;
const field = (text: string) => `GET / HTTP/1.1\r\n${HOST}${text}\r\n\r\n`;
const post = (text: string) => `POST / HTTP/1.1\r\n${HOST}${text}\r\n\r\n`;

// Numbered, because AVA treats titles that differ only in white space as equal.
for (const [row, {rule, source, head, status, reason}] of REFUSED_REQUESTS.entries()) {
	test(`row ${row}: refuses ${rule} with ${status} [${source}]`, t => {
		const result = readRequestHead(head);

		if (result instanceof RequestHead) return t.fail('accepted');
		t.is(result.status, status);
		if (typeof reason === 'string') t.is(result.reason, reason);
		else t.regex(result.reason, reason);
	});
}

test('accepts a request line and a field of 16 KiB, and 1,000 fields', t => {
	const target = `/${'a'.repeat(16 * 1024 - 16)}`;

	t.is(read(line(`GET ${target} HTTP/1.1`)).target, target);
	t.is(read(field(`A: ${'a'.repeat(16 * 1024 - 5)}`)).fields.length, HOST.length + 16 * 1024);
	t.is(read(field(Array.from({length: 999}, () => 'a:').join('\r\n'))).fields.length, HOST.length + 999 * 4);
});

test('accepts a head of exactly 64 KiB', t => {
	const filler = (bytes: number) => `A: ${'a'.repeat(bytes - 5)}\r\n`;
	const start = `GET / HTTP/1.1\r\n${HOST}`;
	const room = 64 * 1024 - start.length - 2;
	const head = `${start}${filler(16_000).repeat(4)}${filler(room - 64_000)}\r\n`;

	t.is(head.length, 64 * 1024);
	t.is(read(head).fields.length, HOST.length + room);
});

test('accepts a method of 127 characters, and keeps its case', t => {
	t.is(read(line(`${'m'.repeat(127)} / HTTP/1.1`)).method, 'm'.repeat(127));
	t.is(read(line('pAtCh / HTTP/1.1')).method, 'pAtCh');
});

interface Accepted {
	readonly rule: string;
	readonly source: string;
	readonly head: string;
	readonly as: Partial<RequestHead>;
}

const ACCEPTED: readonly Accepted[] = [
	{
		rule: 'a plain request',
		source: 'RFC 9112 3',
		head: line('GET /a?b=c HTTP/1.1'),
		as: {method: 'GET', target: '/a?b=c', minor: 1, host: 'a.test', framing: 'none', keepAlive: true, fields: HOST},
	},
	{
		rule: 'target characters that browsers send raw',
		source: 'WHATWG URL',
		head: line('GET /a|b^c{d}"<e>`\\?[] HTTP/1.1'),
		as: {target: '/a|b^c{d}"<e>`\\?[]'},
	},
	{
		rule: 'a target that begins with two slashes',
		source: 'RFC 9112 3.2.1',
		head: line('GET //b.test/ HTTP/1.1'),
		as: {target: '//b.test/', host: 'a.test'},
	},
	{
		rule: 'absolute-form: the authority replaces Host',
		source: 'RFC 9112 3.2.2',
		head: `GET http://b.test:81/c?d HTTP/1.1\r\nA: 1\r\n${HOST}B: 2\r\n\r\n`,
		as: {target: '/c?d', host: 'b.test:81', fields: 'Host: b.test:81\r\nA: 1\r\nB: 2\r\n'},
	},
	{
		rule: 'absolute-form in capitals',
		source: 'RFC 9110 4.2.3',
		head: line('GET HTTPS://B.test/ HTTP/1.1'),
		as: {target: '/', host: 'B.test'},
	},
	{
		rule: 'absolute-form without path',
		source: 'RFC 9112 3.2.1',
		head: line('GET http://b.test HTTP/1.1'),
		as: {target: '/'},
	},
	{
		rule: 'absolute-form with query alone',
		source: 'RFC 9112 3.2.1',
		head: line('GET http://b.test?c HTTP/1.1'),
		as: {target: '/?c'},
	},
	{
		rule: 'absolute-form from an HTTP/1.0 client without Host',
		source: 'RFC 9112 3.2.2',
		head: 'GET http://b.test/c HTTP/1.0\r\nA: 1\r\n\r\n',
		as: {target: '/c', host: 'b.test', fields: 'Host: b.test\r\nA: 1\r\n'},
	},
	{rule: 'OPTIONS *', source: 'RFC 9112 3.2.4', head: line('OPTIONS * HTTP/1.1'), as: {target: '*'}},
	{
		rule: 'OPTIONS of an authority',
		source: 'RFC 9112 3.2.4',
		head: line('OPTIONS http://b.test HTTP/1.1'),
		as: {target: '*', host: 'b.test'},
	},
	{
		rule: 'Host with an IPv6 address',
		source: 'RFC 9110 7.2',
		head: 'GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n',
		as: {host: '[::1]:8080'},
	},
	{
		rule: 'Host with a percent-encoded name',
		source: 'RFC 3986 3.2.2',
		head: 'GET / HTTP/1.1\r\nHost: a%2Db.test\r\n\r\n',
		as: {host: 'a%2Db.test'},
	},
	{
		rule: 'Host with an empty port',
		source: 'RFC 3986 3.2.3',
		head: 'GET / HTTP/1.1\r\nHost:a.test:\t\r\n\r\n',
		as: {host: 'a.test:'},
	},
	{
		rule: 'HTTP/1.0 without Host',
		source: 'RFC 9112 3.2',
		head: 'GET / HTTP/1.0\r\n\r\n',
		as: {minor: 0, host: '', keepAlive: false, fields: ''},
	},
	{
		rule: 'HTTP/1.0 with keep-alive',
		source: 'RFC 9112 9.3',
		head: 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nKeep-Alive: 5\r\n\r\n',
		as: {keepAlive: true, fields: ''},
	},
	{
		rule: 'Connection: close',
		source: 'RFC 9112 9.6',
		head: field('Connection: keep-alive, Close'),
		as: {keepAlive: false, fields: HOST},
	},
	{
		rule: 'Content-Length with leading zeros',
		source: 'RFC 9110 8.6',
		head: post('Content-Length: 0005'),
		as: {framing: 'length', length: 5},
	},
	{
		rule: 'Content-Length between HTABs, which many parsers refuse: it goes on without',
		source: 'RFC 9110 5.6.3; found by the differential fuzz against Node’s parser',
		head: post('A: 1\r\ncontent-length:\t3\t \r\nB: 2'),
		as: {framing: 'length', length: 3, fields: `${HOST}A: 1\r\ncontent-length: 3\r\nB: 2\r\n`},
	},
	{
		rule: 'Content-Length 2^53 - 1',
		source: 'RFC 9110 8.6',
		head: post('Content-Length: 9007199254740991'),
		as: {length: Number.MAX_SAFE_INTEGER},
	},
	{
		rule: 'chunked in any case, with white space around it',
		source: 'RFC 9112 7',
		head: post('Transfer-Encoding: \tChUnKeD \t'),
		as: {framing: 'chunked', fields: HOST},
	},
	{
		rule: '100-continue in any case',
		source: 'RFC 9110 10.1.1',
		head: post('Expect: 100-Continue'),
		as: {expectsContinue: true, fields: `${HOST}Expect: 100-Continue\r\n`},
	},
	{
		rule: 'an expectation of HTTP/1.0: ignored',
		source: 'RFC 9110 10.1.1',
		head: 'GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n',
		as: {expectsContinue: false, fields: ''},
	},
	{
		rule: 'an empty value, and obs-text',
		source: 'RFC 9110 5.5',
		head: field('A:\r\nB: \xe9\xff'),
		as: {fields: `${HOST}A:\r\nB: \xe9\xff\r\n`},
	},
	{
		rule: 'names that are special to JavaScript',
		source: 'Node CVE-2026-21710',
		head: field('__proto__: a\r\nconstructor: b\r\ntoString: c'),
		as: {fields: `${HOST}__proto__: a\r\nconstructor: b\r\ntoString: c\r\n`},
	},
	{
		rule: 'order, case and duplicates',
		source: 'RFC 9110 5.3',
		head: field('b: 1\r\nA: 2\r\nB: 3\r\na: 4\r\nb: 1'),
		as: {fields: `${HOST}b: 1\r\nA: 2\r\nB: 3\r\na: 4\r\nb: 1\r\n`},
	},
	{
		rule: 'hop-by-hop fields: dropped',
		source: 'RFC 9110 7.6.1',
		head: field(
			'A: 1\r\nTE: trailers\r\nTrailer: X\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nUpgrade: y\r\nHTTP2-Settings: z\r\nB: 2',
		),
		as: {upgrade: '', fields: `${HOST}A: 1\r\nB: 2\r\n`},
	},
	{
		rule: 'fields named in Connection: dropped',
		source: 'RFC 9110 7.6.1',
		head: field('A: 1\r\nConnection: a , B\r\nb: 2\r\nConnection: c\r\nC: 3\r\nD: 4'),
		as: {fields: `${HOST}D: 4\r\n`},
	},
	{
		rule: 'framing, Host and X-Forwarded-For named in Connection: kept',
		source: 'RFC 9110 7.6.1',
		head: post(
			'Connection: host, content-length, x-forwarded-for, transfer-encoding\r\nContent-Length: 5\r\nX-Forwarded-For: 1.2.3.4',
		),
		as: {host: 'a.test', framing: 'length', length: 5, forwardedFor: '1.2.3.4', fields: `${HOST}Content-Length: 5\r\n`},
	},
	{
		rule: 'X-Forwarded-For: joined, empty ones left out',
		source: 'AWS Classic ELB, X-Forwarded headers',
		head: field('X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for:\r\nX-FORWARDED-FOR: 2.2.2.2, 3.3.3.3'),
		as: {forwardedFor: '1.1.1.1, 2.2.2.2, 3.3.3.3', fields: HOST},
	},
	{
		rule: 'X-Forwarded-Proto and -Port: dropped for our own',
		source: 'AWS Classic ELB, X-Forwarded headers',
		head: field('X-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Host: kept'),
		as: {fields: `${HOST}X-Forwarded-Host: kept\r\n`},
	},
	{
		rule: 'Upgrade',
		source: 'RFC 9110 7.8',
		head: field('Connection: keep-alive, Upgrade\r\nUpgrade: websocket'),
		as: {upgrade: 'websocket', fields: HOST},
	},
	{
		rule: 'Upgrade that Connection does not name: ignored',
		source: 'RFC 9110 7.8',
		head: field('Upgrade: websocket'),
		as: {upgrade: ''},
	},
	{
		rule: 'Upgrade of HTTP/1.0: ignored',
		source: 'RFC 9110 7.8',
		head: 'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
		as: {upgrade: ''},
	},
	{
		rule: 'Upgrade with a body that is empty',
		source: 'Go net/http sends Content-Length: 0 with POST',
		head: post('Content-Length: 0\r\nConnection: Upgrade\r\nUpgrade: tcp'),
		as: {upgrade: 'tcp'},
	},
	{
		rule: 'Upgrade with a body: ignored',
		source: 'RFC 9110 7.8',
		head: post('Content-Length: 1\r\nConnection: Upgrade\r\nUpgrade: tcp'),
		as: {upgrade: ''},
	},
	{
		rule: 'h2c: never offered',
		source: 'RFC 9113 3.1',
		head: field('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x'),
		as: {upgrade: '', fields: HOST},
	},
	{
		rule: 'h2c beside websocket: left out',
		source: 'RFC 9113 3.1',
		head: field('Connection: Upgrade\r\nUpgrade: H2C, websocket'),
		as: {upgrade: 'websocket'},
	},
];

for (const {rule, source, head, as} of ACCEPTED) {
	test(`accepts ${rule} [${source}]`, t => {
		t.like(read(head), as);
	});
}

/** Names with a hyphen that are read here, so that a back-end must not get a field whose name it confuses with them. */
const HYPHENATED = [
	'Content-Length',
	'Transfer-Encoding',
	'X-Forwarded-For',
	'X-Forwarded-Proto',
	'X-Forwarded-Port',
	'Keep-Alive',
	'Proxy-Connection',
	'HTTP2-Settings',
];
// CGI turns a hyphen into an underscore; some servers turn everything but letters and digits into one.
const IMITATIONS = HYPHENATED.flatMap(name => [
	name.replaceAll('-', '_'),
	name.replaceAll('-', '_').toLowerCase(),
	name.replaceAll('-', '_').toUpperCase(),
	name.replace('-', '_'),
	name.replace(/-(?=[^-]*$)/, '_'),
	name.replaceAll('-', '.'),
	name.replaceAll('-', '!'),
]);

for (const name of new Set(IMITATIONS)) {
	test(`drops the look-alike ${name} [CGI names, RFC 3875 4.1.18]`, t => {
		t.is(read(field(`A: 1\r\n${name}: 1\r\nB: 1`)).fields, `${HOST}A: 1\r\nB: 1\r\n`);
		t.like(read(field(`${name}: chunked`)), {framing: 'none', forwardedFor: '', verbatim: ''});
		t.like(read(post(`${name}: 1\r\nContent-Length: 5\r\n${name}: 2`)), {framing: 'length', length: 5});
	});
}

test('keeps names that resemble none of them, with any characters', t => {
	const names = ['Content_Type', 'X_Forwarded_Host', 'Content_Lengths', 'ContentLength', 'Content--Length', '_', '-'];

	for (const name of names) t.is(read(field(`${name}: 1`)).fields, `${HOST}${name}: 1\r\n`);
});

for (const value of [
	'a.test,b.test',
	'a.test,',
	',',
	'a..test',
	'.a.test',
	'.',
	'..',
	'a.test..',
	'a.%2e',
	'%2E%2E',
	'%2ea',
	'a..test:80',
	'.:80',
	'a,b:80',
]) {
	test(`refuses the host ${value} in Host and in the target [RFC 9112 3.2, RFC 1034 3.1]`, t => {
		t.deepEqual(readRequestHead(`GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`), {
			status: 400,
			reason: 'invalid Host field',
		});
		t.deepEqual(readRequestHead(`GET / HTTP/1.0\r\nHost: ${value}\r\n\r\n`), {
			status: 400,
			reason: 'invalid Host field',
		});
		t.deepEqual(readRequestHead(`GET http://${value}/ HTTP/1.1\r\n${HOST}\r\n`), {
			status: 400,
			reason: 'invalid authority in the target',
		});
	});
}

for (const value of [
	'a.test.',
	'a.test.:80',
	'a',
	'1.2.3.4',
	'a%2Cb.test',
	'a%2e',
	'a_b;c=d!.test',
	'[::1]:80',
	"x'y",
]) {
	test(`keeps the host ${value} unchanged`, t => {
		t.like(read(`GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`), {host: value, fields: `Host: ${value}\r\n`});
		t.like(read(`GET http://${value}/ HTTP/1.1\r\n${HOST}\r\n`), {host: value});
	});
}
