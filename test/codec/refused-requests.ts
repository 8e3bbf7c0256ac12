import {Buffer} from 'node:buffer';

const HOST = 'Host: a.test\r\n';

/** A request head that must be refused. */
export interface Refused {
	/** What is wrong. */
	readonly rule: string;
	readonly source: string;
	readonly head: string;
	readonly status: number;
	readonly reason: string | RegExp;
}

const line = (text: string) => `${text}\r\n${HOST}\r\n`;
const field = (text: string) => `GET / HTTP/1.1\r\n${HOST}${text}\r\n\r\n`;
const post = (text: string) => `POST / HTTP/1.1\r\n${HOST}${text}\r\n\r\n`;

const LENGTH = 'invalid Content-Length';
const CODING = 'Transfer-Encoding is not exactly one chunked';
const REQUEST_LINE = 'malformed request line';
const TARGET = 'target is neither origin-form, absolute-form nor *';

/** Values of Content-Length that are not `1*DIGIT`, or more than one. */
const LENGTHS = [
	'+5',
	'-5',
	'0x5',
	'5_0',
	'"5"',
	'5,',
	',5',
	'5, 5',
	'5,5',
	'5, 6',
	'5.0',
	'""',
	'',
	' ',
	'5 5',
	'1e3',
	'٥',
	'5\u00b2',
]
	.map(value => Buffer.from(value).toString('latin1'))
	.map(
		(value): Refused => ({
			rule: `Content-Length ${JSON.stringify(value)}`,
			source: 'RFC 9112 6.3 rule 5; HAProxy CVE-2023-40225',
			head: post(`Content-Length: ${value}`),
			status: 400,
			reason: LENGTH,
		}),
	);

/** Values of Transfer-Encoding that are something other than exactly one final chunked. */
const CODINGS = [
	'identity',
	'xchunked',
	'chunked, gzip',
	'chunked, chunked',
	'chunked, identity',
	'identity, chunked',
	',chunked',
	'chunked,',
	'chunked;q=1',
	'chunked; foo=bar',
	'"chunked"',
	"'chunked'",
	'chunked\x85',
	'\xa0chunked',
	'chunke',
	'chunkedd',
	'',
	',',
	'c hunked',
	'chunked gzip',
].map(
	(value): Refused => ({
		rule: `Transfer-Encoding ${JSON.stringify(value)}`,
		source: 'RFC 9112 6.1 and 6.3 rule 4; Node CVE-2022-32213, CVE-2022-32215',
		head: post(`Transfer-Encoding: ${value}`),
		status: 400,
		reason: CODING,
	}),
);

/** Bytes that no field value may hold. */
const CONTROLS = ['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1b', '\x7f'].map(
	(byte): Refused => ({
		rule: `control character ${JSON.stringify(byte)} in a field value`,
		source: 'RFC 9110 5.5',
		head: field(`A: b${byte}c`),
		status: 400,
		reason: 'control character in the value of A',
	}),
);

/** Bytes that no field name may hold. */
const NAMES = ['', ' a', 'a ', 'a\t', 'a b', 'a(', 'a/b', 'a"', 'a@', 'a[', 'a{', 'a\0', 'a\x7f', 'a\x80', 'é'].map(
	(name): Refused => ({
		rule: `field name ${JSON.stringify(name)}`,
		source: 'RFC 9112 5.1, RFC 9110 5.6.2; HAProxy CVE-2023-25725, Node CVE-2024-27982',
		head: field(`${Buffer.from(name).toString('latin1')}: x`),
		status: 400,
		reason: /^(?:invalid field name|folded field line)$/,
	}),
);

const HOSTS = [
	'',
	'a b',
	'a/b',
	'a@b',
	'a?b',
	'a#b',
	'a\\b',
	'a:b',
	'a:123456',
	'a:80:80',
	':80',
	'[::1',
	'::1]',
	'a,b c',
	'a.test,b.test',
	'a..test',
	'.a.test',
	'"a"',
	'<a>',
	'a%',
	'a%zz',
	'[]',
	'a\x80',
].map(
	(value): Refused => ({
		rule: `Host ${JSON.stringify(value)}`,
		source: 'RFC 9112 3.2, RFC 9110 7.2',
		head: `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
		status: 400,
		reason: 'invalid Host field',
	}),
);

const LINES: readonly (readonly [line: string, status: number, reason: string])[] = [
	['', 400, REQUEST_LINE],
	['GET', 400, REQUEST_LINE],
	['GET /', 400, REQUEST_LINE],
	['GET / ', 400, REQUEST_LINE],
	['GET  / HTTP/1.1', 400, REQUEST_LINE],
	['GET /  HTTP/1.1', 400, REQUEST_LINE],
	['GET\t/ HTTP/1.1', 400, REQUEST_LINE],
	['GET / HTTP/1.1 ', 400, REQUEST_LINE],
	[' GET / HTTP/1.1', 400, REQUEST_LINE],
	['/ HTTP/1.1', 400, REQUEST_LINE],
	['GET HTTP/1.1', 400, REQUEST_LINE],
	['G(T / HTTP/1.1', 400, REQUEST_LINE],
	['GÉT / HTTP/1.1', 400, REQUEST_LINE],
	['GET /a b HTTP/1.1', 400, REQUEST_LINE],
	['GET /a#b HTTP/1.1', 400, REQUEST_LINE],
	['GET /a\0b HTTP/1.1', 400, REQUEST_LINE],
	['GET /a\x0bb HTTP/1.1', 400, REQUEST_LINE],
	['GET /a\x7fb HTTP/1.1', 400, REQUEST_LINE],
	['GET /\x80 HTTP/1.1', 400, REQUEST_LINE],
	['GET / http/1.1', 400, REQUEST_LINE],
	['GET / HTTP/11', 400, REQUEST_LINE],
	['GET / HTTP/1.', 400, REQUEST_LINE],
	['GET / HTTP/.1', 400, REQUEST_LINE],
	['GET / HTTP/1.10', 400, REQUEST_LINE],
	['GET / HTTP/01.1', 400, REQUEST_LINE],
	['GET / HTTP/+1.1', 400, REQUEST_LINE],
	['GET / HTTP/1,1', 400, REQUEST_LINE],
	['GET / HTTP /1.1', 400, REQUEST_LINE],
	['GET / HTTPS/1.1', 400, REQUEST_LINE],
	['GET / ICAP/1.0', 400, REQUEST_LINE],
	['PROXY TCP4 1.2.3.4 5.6.7.8 1 2', 400, 'a PROXY protocol line, which is not accepted here'],
	['\x16\x03\x01\x02', 400, 'TLS where plain HTTP is expected'],
	['GET / HTTP/2.0', 505, 'HTTP/2.0 is not supported'],
	['GET / HTTP/0.9', 505, 'HTTP/0.9 is not supported'],
	['GET / HTTP/3.1', 505, 'HTTP/3.1 is not supported'],
	['PRI * HTTP/2.0', 505, 'HTTP/2.0 is not supported'],
	['GET / HTTP/1.2', 505, 'HTTP/1.2 is not supported'],
	['GET * HTTP/1.1', 400, 'target * is for OPTIONS only'],
	['GET a HTTP/1.1', 400, TARGET],
	['GET ?a HTTP/1.1', 400, TARGET],
	['GET \\a HTTP/1.1', 400, TARGET],
	['OPTIONS ** HTTP/1.1', 400, TARGET],
	['GET ftp://a/ HTTP/1.1', 400, TARGET],
	['GET http:/a HTTP/1.1', 400, TARGET],
	['GET a.test:80 HTTP/1.1', 400, TARGET],
	['GET http:///a HTTP/1.1', 400, 'invalid authority in the target'],
	['GET http://?a HTTP/1.1', 400, 'invalid authority in the target'],
	['GET http://u@a/ HTTP/1.1', 400, 'invalid authority in the target'],
	['GET http://u:p@a/ HTTP/1.1', 400, 'invalid authority in the target'],
	['GET http://a:b/ HTTP/1.1', 400, 'invalid authority in the target'],
	['GET http://a\\@b/ HTTP/1.1', 400, 'invalid authority in the target'],
	['CONNECT a.test:443 HTTP/1.1', 405, 'CONNECT is for proxies'],
	['CONNECT / HTTP/1.1', 405, 'CONNECT is for proxies'],
];

/** One row per rule of the decision table, with its source. */
export const REFUSED_REQUESTS: readonly Refused[] = [
	...LENGTHS,
	...CODINGS,
	...CONTROLS,
	...NAMES,
	...HOSTS,
	...LINES.map(
		([text, status, reason]): Refused => ({
			rule: `request line ${JSON.stringify(text)}`,
			source: 'RFC 9112 2.3, 3 and 3.2; HAProxy CVE-2023-45539',
			head: line(Buffer.from(text, 'latin1').toString('latin1')),
			status,
			reason,
		}),
	),
	{
		rule: 'Content-Length 2^53',
		source: 'RFC 9110 8.6',
		head: post('Content-Length: 9007199254740992'),
		status: 413,
		reason: 'Content-Length too large',
	},
	{
		rule: 'Content-Length 2^64',
		source: 'RFC 9110 8.6',
		head: post('Content-Length: 18446744073709551616'),
		status: 413,
		reason: 'Content-Length too large',
	},
	{
		rule: 'two equal Content-Length',
		source: 'RFC 9112 6.3 rule 5',
		head: post('Content-Length: 5\r\nContent-Length: 5'),
		status: 400,
		reason: 'more than one Content-Length',
	},
	{
		rule: 'two different Content-Length',
		source: 'RFC 9112 6.3 rule 5',
		head: post('Content-Length: 5\r\ncontent-length: 6'),
		status: 400,
		reason: 'more than one Content-Length',
	},
	{
		rule: 'Content-Length and Transfer-Encoding',
		source: 'RFC 9112 6.1',
		head: post('Content-Length: 5\r\nTransfer-Encoding: chunked'),
		status: 400,
		reason: 'both Content-Length and Transfer-Encoding',
	},
	{
		rule: 'Transfer-Encoding and Content-Length',
		source: 'RFC 9112 6.1',
		head: post('Transfer-Encoding: chunked\r\nContent-Length: 0'),
		status: 400,
		reason: 'both Content-Length and Transfer-Encoding',
	},
	{
		rule: 'empty Transfer-Encoding and Content-Length',
		source: 'measured on a naive Node proxy',
		head: post('Transfer-Encoding:\r\nContent-Length: 5'),
		status: 400,
		reason: 'both Content-Length and Transfer-Encoding',
	},
	{
		rule: 'two lines of chunked',
		source: 'RFC 9112 6.1',
		head: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
		status: 400,
		reason: CODING,
	},
	{
		rule: 'chunked, then a line of identity',
		source: 'Node CVE-2022-32215',
		head: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'),
		status: 400,
		reason: CODING,
	},
	{
		rule: 'a coding that is known and not carried out',
		source: 'RFC 9112 6.1',
		head: post('Transfer-Encoding: gzip, chunked'),
		status: 501,
		reason: CODING,
	},
	{
		rule: 'the same over two lines',
		source: 'RFC 9112 6.1',
		head: post('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked'),
		status: 501,
		reason: CODING,
	},
	{
		rule: 'chunked with VT',
		source: 'RFC 9110 5.5',
		head: post('Transfer-Encoding: chunked\x0b'),
		status: 400,
		reason: 'control character in the value of Transfer-Encoding',
	},
	{
		rule: 'folded Transfer-Encoding',
		source: 'RFC 9112 5.2; Node CVE-2022-32215',
		head: post('Transfer-Encoding:\r\n chunked'),
		status: 400,
		reason: 'folded field line',
	},
	{
		rule: 'Transfer-Encoding in HTTP/1.0',
		source: 'RFC 9112 6.1',
		head: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
		status: 400,
		reason: 'Transfer-Encoding in HTTP/1.0',
	},
	{
		rule: 'space before the colon of Transfer-Encoding',
		source: 'RFC 9112 5.1; Node CVE-2021-22959',
		head: post('Transfer-Encoding : chunked'),
		status: 400,
		reason: 'invalid field name',
	},
	{rule: 'folding', source: 'RFC 9112 5.2', head: field('A: b\r\n c'), status: 400, reason: 'folded field line'},
	{
		rule: 'folding by HTAB',
		source: 'RFC 9112 5.2',
		head: field('A: b\r\n\tc'),
		status: 400,
		reason: 'folded field line',
	},
	{
		rule: 'white space before the first field',
		source: 'RFC 9112 2.2',
		head: `GET / HTTP/1.1\r\n ${HOST}\r\n`,
		status: 400,
		reason: 'folded field line',
	},
	{
		rule: 'a line without colon',
		source: 'RFC 9112 5',
		head: field('abc'),
		status: 400,
		reason: 'field line without a colon',
	},
	{
		rule: 'bare LF after a field',
		source: 'RFC 9112 2.2',
		head: field('A: b\nC: d'),
		status: 400,
		reason: 'malformed head: a line that ends with LF only',
	},
	{
		rule: 'bare LF after the request line',
		source: 'RFC 9112 2.2',
		head: `GET / HTTP/1.1\n${HOST}\r\n`,
		status: 400,
		reason: REQUEST_LINE,
	},
	{
		rule: 'bare CR in a value',
		source: 'RFC 9112 2.2',
		head: field('A: b\rC: d'),
		status: 400,
		reason: 'control character in the value of A',
	},
	{
		rule: 'a head ended by CR LF CR and something',
		source: 'Node CVE-2025-23167',
		head: `GET / HTTP/1.1\r\n${HOST}\rX: y\r\n\r\n`,
		status: 400,
		reason: 'invalid field name',
	},
	{rule: 'no Host', source: 'RFC 9112 3.2', head: 'GET / HTTP/1.1\r\n\r\n', status: 400, reason: 'no Host field'},
	{
		rule: 'no Host with absolute-form',
		source: 'RFC 9112 3.2',
		head: 'GET http://a.test/ HTTP/1.1\r\n\r\n',
		status: 400,
		reason: 'no Host field',
	},
	{
		rule: 'two equal Host',
		source: 'RFC 9112 3.2',
		head: `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
		status: 400,
		reason: 'more than one Host field',
	},
	{
		rule: 'two Host in HTTP/1.0',
		source: 'RFC 9112 3.2',
		head: `GET / HTTP/1.0\r\n${HOST}host: b.test\r\n\r\n`,
		status: 400,
		reason: 'more than one Host field',
	},
	{
		rule: 'invalid Host beside absolute-form',
		source: 'RFC 9112 3.2',
		head: 'GET http://a.test/ HTTP/1.1\r\nHost: b c\r\n\r\n',
		status: 400,
		reason: 'invalid Host field',
	},
	{
		rule: 'an expectation other than 100-continue',
		source: 'RFC 9110 10.1.1',
		head: post('Expect: 200-ok'),
		status: 417,
		reason: 'unknown expectation',
	},
	{
		rule: 'method of 128 characters',
		source: 'AWS Classic ELB, 405',
		head: line(`${'M'.repeat(128)} / HTTP/1.1`),
		status: 405,
		reason: 'method longer than 127 characters',
	},
	{
		rule: '1,001 fields',
		source: 'AWS ALB quotas',
		head: field(Array.from({length: 1000}, () => 'a:').join('\r\n')),
		status: 431,
		reason: 'more than 1000 fields',
	},
	{
		rule: '1,001 fields in a large head',
		source: 'AWS ALB quotas',
		head: field(Array.from({length: 1000}, () => `a: ${'b'.repeat(20)}`).join('\r\n')),
		status: 431,
		reason: 'more than 1000 fields',
	},
	{
		rule: 'request line beyond 16 KiB',
		source: 'AWS ALB quotas, RFC 9112 3',
		head: line(`GET /${'a'.repeat(16 * 1024 - 15)} HTTP/1.1`),
		status: 414,
		reason: 'first line longer than 16384 bytes',
	},
	{
		rule: 'field beyond 16 KiB',
		source: 'AWS ALB quotas',
		head: field(`A: ${'a'.repeat(16 * 1024 - 4)}`),
		status: 431,
		reason: 'field longer than 16384 bytes',
	},
	{
		rule: 'head beyond 64 KiB',
		source: 'AWS ALB quotas',
		head: field(Array.from({length: 7}, () => `A: ${'a'.repeat(10_000)}`).join('\r\n')),
		status: 431,
		reason: 'head longer than 65536 bytes',
	},
];
