const field = (text: string) => `HTTP/1.1 200 OK\r\n${text}\r\n\r\n`;
const line = (text: string) => `${text}\r\n\r\n`;

const STATUS_LINE = 'answer with a malformed status line';
const LENGTH = 'answer with an invalid Content-Length';
const CODING = 'answer whose Transfer-Encoding is not exactly one chunked';
const MANY = 'answer with more than one Content-Length';

/** Heads of answers that must be refused, one row per rule, with its source. */
export const REFUSED_ANSWERS: readonly (readonly [head: string, reason: string, source: string])[] = [
	...[
		'',
		'HTTP/1.1',
		'HTTP/1.1 ',
		'HTTP/1.1 20',
		'HTTP/1.1 2000 OK',
		'HTTP/1.1  200 OK',
		'HTTP/1.1 200OK',
		'HTTP/1.1 2x0 OK',
		'HTTP/1.1 -20 OK',
		'HTTP/1.1 000 No',
		'HTTP/1.1 099 No',
		'HTTP/1.1\t200 OK',
		' HTTP/1.1 200 OK',
		'http/1.1 200 OK',
		'HTTP/2.0 200 OK',
		'HTTP/2 200 OK',
		'HTTP/1.2 200 OK',
		'HTTP/0.9 200 OK',
		'HTTP/1.1.1 200 OK',
		'ICY 200 OK',
		'HTTP/1.1 200 O\0K',
		'HTTP/1.1 200 O\x1bK',
		'HTTP/1.1 200 O\rK',
		'HTTP/1.1 200 O\x7fK',
		'SSH-2.0-OpenSSH_9.6',
		'<html>',
	].map((text): [string, string, string] => [line(text), STATUS_LINE, 'RFC 9112 4']),
	...['+5', '-5', '0x5', '5,', '5, 5', '5, 6', '', '5.0', '5 5', '9007199254740992'].map(
		(value): [string, string, string] => [field(`Content-Length: ${value}`), LENGTH, 'RFC 9112 6.3 rule 5'],
	),
	...[
		'identity',
		'gzip',
		'gzip, chunked',
		'chunked, chunked',
		'xchunked',
		'chunked;q=1',
		'"chunked"',
		'',
		',',
		',chunked',
		'chunked\xa0',
	].map((value): [string, string, string] => [field(`Transfer-Encoding: ${value}`), CODING, 'RFC 9112 6.1']),
	[field('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'), CODING, 'RFC 9112 6.1'],
	[field('Transfer-Encoding:\r\nTransfer-Encoding: chunked'), CODING, 'RFC 9112 6.1'],
	[field('Content-Length: 5\r\nContent-Length: 5'), MANY, 'RFC 9112 6.3 rule 5'],
	[field('Content-Length: 5\r\nContent-Length: 6'), MANY, 'RFC 9112 6.3 rule 5'],
	['HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n', MANY, 'RFC 9112 6.3 rule 5'],
	[
		field('Content-Length: 5\r\nTransfer-Encoding: chunked'),
		'answer with both Content-Length and Transfer-Encoding',
		'RFC 9112 6.1',
	],
	[
		field('Transfer-Encoding:\r\nContent-Length: 5'),
		'answer with both Content-Length and Transfer-Encoding',
		'RFC 9112 6.1',
	],
	['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HTTP/1.0 answer with Transfer-Encoding', 'RFC 9112 6.1'],
	[field('A: b\r\n c'), 'answer refused: folded field line', 'RFC 9112 5.2'],
	[field('A : b'), 'answer refused: invalid field name', 'RFC 9112 5.1'],
	[field(': b'), 'answer refused: invalid field name', 'HAProxy CVE-2023-25725'],
	[field('A'), 'answer refused: field line without a colon', 'RFC 9112 5'],
	[field('A: b\0'), 'answer refused: control character in the value of A', 'RFC 9110 5.5'],
	[field('A: b\rSet-Cookie: c'), 'answer refused: control character in the value of A', 'RFC 9112 2.2'],
	[field('A: b\nSet-Cookie: c'), 'answer refused: malformed head: a line that ends with LF only', 'RFC 9112 2.2'],
	[field(Array.from({length: 1001}, () => 'a:').join('\r\n')), 'answer with more than 1000 fields', 'AWS ALB quotas'],
	[field(`A: ${'a'.repeat(16 * 1024)}`), 'answer refused: field longer than 16384 bytes', 'AWS ALB quotas'],
	[
		line(`HTTP/1.1 200 ${'a'.repeat(16 * 1024)}`),
		'answer refused: first line longer than 16384 bytes',
		'AWS ALB quotas',
	],
	[
		field(Array.from({length: 7}, () => `A: ${'a'.repeat(10_000)}`).join('\r\n')),
		'answer refused: head longer than 65536 bytes',
		'AWS ALB quotas',
	],
];
