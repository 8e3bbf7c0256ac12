const HEX = 'chunk size is not hexadecimal';
const SIZE_END = 'chunk size not followed by CRLF';
const DATA_END = 'chunk data not followed by CRLF';
const EXTENSION = 'malformed chunk extension';
const TRAILER = 'malformed trailer';

/** Chunked bodies that must be refused, one row per rule, with its source. */
export const REFUSED_CHUNKS: readonly (readonly [rule: string, body: string, failure: string, source: string])[] = [
	['0x', '0x5\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['a sign +', '+5\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['a sign -', '-5\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['an underscore', '1_0\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['a space before the size', ' 5\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['a space after the size', '5 \r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1; Node CVE-2021-22960'],
	['a HTAB after the size', '5\t\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['an empty size', '\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['an empty size with an extension', ';a\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['a letter beyond f', 'g\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['a size in quotes', '"5"\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['a digit that is not ASCII', '\xb2\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	['NUL after the size', '5\0\r\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 7.1'],
	[
		'17 digits',
		'00000000000000005\r\nhello\r\n0\r\n\r\n',
		'chunk size too long',
		'integer overflow, HAProxy and nginx history',
	],
	['2^53', '20000000000000\r\n', 'chunk too large', 'integer overflow'],
	['2^64 + 5', '10000000000000005\r\nhello\r\n0\r\n\r\n', 'chunk too large', 'integer overflow'],
	['LF alone after the size', '5\nhello\r\n0\r\n\r\n', HEX, 'RFC 9112 2.2; HAProxy 2024-01'],
	['CR and something after the size', '5\rXhello\r\n0\r\n\r\n', SIZE_END, 'RFC 9112 7.1'],
	['LF alone after the data', '5\r\nhello\n0\r\n\r\n', DATA_END, 'RFC 9112 7.1'],
	['data longer than its size', '5\r\nhello!\r\n0\r\n\r\n', DATA_END, 'RFC 9112 7.1'],
	['CR and something after the data', '5\r\nhello\rX0\r\n\r\n', DATA_END, 'RFC 9112 7.1'],
	['LF alone after the last size', '0\n\r\n', HEX, 'RFC 9112 2.2'],
	['LF alone at the end', '0\r\n\n', TRAILER, 'RFC 9112 2.2'],
	['CR and something at the end', '0\r\n\rX', 'chunked body not ended by CRLF', 'RFC 9112 7.1'],
	['an extension without a name', '5;\r\nhello\r\n0\r\n\r\n', EXTENSION, 'RFC 9112 7.1.1'],
	['LF in an extension', '5;a\nb\r\nhello\r\n0\r\n\r\n', EXTENSION, 'RFC 9112 7.1.1; Node CVE-2022-32214'],
	['NUL in an extension', '5;a=\0\r\nhello\r\n0\r\n\r\n', EXTENSION, 'RFC 9112 7.1.1'],
	['an extension that is not a token', '5;a b\r\nhello\r\n0\r\n\r\n', EXTENSION, 'RFC 9112 7.1.1'],
	['an open quote', '5;a="b\r\nhello\r\n0\r\n\r\n', EXTENSION, 'RFC 9112 7.1.1'],
	['CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n', SIZE_END, 'RFC 9112 7.1.1; Node CVE-2021-22960'],
	[
		'extensions of more than 16 KiB',
		`5;a=${'b'.repeat(16 * 1024)}\r\n`,
		'chunk extension longer than 16384 bytes',
		'RFC 9112 7.1.1; Node CVE-2024-22019',
	],
	[
		'many small extensions of more than 16 KiB together',
		'1;a=bcdef\r\nx\r\n'.repeat(2500),
		'chunk extension longer than 16384 bytes',
		'Node CVE-2024-22019',
	],
	['a trailer without colon', '0\r\nabc\r\n\r\n', TRAILER, 'RFC 9112 7.1.2'],
	['a trailer with a space before the colon', '0\r\nA : b\r\n\r\n', TRAILER, 'RFC 9112 7.1.2'],
	['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n', TRAILER, 'RFC 9112 7.1.2'],
	['NUL in a trailer', '0\r\nA: \0\r\n\r\n', TRAILER, 'RFC 9112 7.1.2'],
	['LF alone in a trailer', '0\r\nA: b\nC: d\r\n\r\n', TRAILER, 'RFC 9112 7.1.2'],
	['CR alone in a trailer', '0\r\nA: b\rC: d\r\n\r\n', TRAILER, 'RFC 9112 7.1.2'],
	['a chunk in the place of a trailer', '0\r\n5\r\nhello\r\n0\r\n\r\n', TRAILER, 'RFC 9112 7.1.2'],
	[
		'trailers of more than 16 KiB',
		`0\r\n${'A: b\r\n'.repeat(3000)}\r\n`,
		'trailer longer than 16384 bytes',
		'RFC 9112 7.1.1',
	],
];
