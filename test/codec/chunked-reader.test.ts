import {Buffer} from 'node:buffer';
import test from 'ava';
import {ChunkedReader} from '../../src/codec/chunked-reader.ts';
import {REFUSED_CHUNKS} from './refused-chunks.ts';

interface Read {
	readonly framed: string;
	readonly data: string;
	readonly rest: string;
	readonly done: boolean;
	readonly failure: string;
}

/** Reads the pieces one after another, as from a socket. */
function read(...pieces: readonly string[]): Read {
	const reader = new ChunkedReader();
	let framed = '';
	let data = '';
	let rest = '';
	for (const piece of pieces) {
		if (reader.done) {
			rest += piece;
			continue;
		}
		// The piece is surrounded by bytes that must not be read.
		const buffer = Buffer.from(`<${piece}>`, 'latin1');
		const end = reader.read(buffer, 1, buffer.length - 1);
		if (end === -1) break;
		for (let i = 0; i < reader.framed.length; i += 2)
			framed += buffer.toString('latin1', reader.framed[i], reader.framed[i + 1]);
		for (let i = 0; i < reader.data.length; i += 2)
			data += buffer.toString('latin1', reader.data[i], reader.data[i + 1]);
		rest += buffer.toString('latin1', end, buffer.length - 1);
	}
	return {framed, data, rest, done: reader.done, failure: reader.failure};
}

const ACCEPTED: readonly (readonly [rule: string, body: string, framed: string, data: string])[] = [
	['an empty body', '0\r\n\r\n', '0\r\n\r\n', ''],
	['two chunks', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'],
	[
		'sizes in both cases',
		'a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n',
		'a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n',
		'01234567890123456789',
	],
	[
		'leading zeros, 16 digits in all',
		'0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n',
		'0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n',
		'hello',
	],
	[
		'data that looks like framing',
		'7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n',
		'7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n',
		'\r\n0\r\n\r\n',
	],
	['an extension: dropped', '5;a=b\r\nhello\r\n0;c\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
	['a quoted extension: dropped', '5;a="b;\\" c\t"\r\nhello\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
	['several extensions: dropped', '5;a;b=c;d="e"\r\nhello\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
	...['5 ;a=b', '5\t;a=b', '5; a=b', '5;\t \ta=b', '5;a =b', '5;a= b', '5 \t; a\t= \t"b; c" ;d ; e=f'].map(
		(line): [string, string, string, string] => [
			`bad white space in ${JSON.stringify(line)}: dropped (RFC 9110 5.6.3)`,
			`${line}\r\nhello\r\n0 ; end\r\n\r\n`,
			'5\r\nhello\r\n0\r\n\r\n',
			'hello',
		],
	),
	['trailers: dropped', '0\r\nA: b\r\nContent-Length: 5\r\n\r\n', '0\r\n\r\n', ''],
	['trailers after data: dropped', '1\r\nx\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n0\r\n\r\n', 'x'],
];

for (const [rule, body, framed, data] of ACCEPTED) {
	test(`accepts ${rule} [RFC 9112 7.1], and nothing of what follows`, t => {
		t.deepEqual(read(`${body}GET /`), {framed, data, rest: 'GET /', done: true, failure: ''});
	});

	test(`accepts ${rule}, byte by byte`, t => {
		t.deepEqual(read(...`${body}GET /`), {framed, data, rest: 'GET /', done: true, failure: ''});
	});
}

for (const [rule, body, failure, source] of REFUSED_CHUNKS) {
	test(`refuses ${rule} [${source}]`, t => {
		t.like(read(body), {done: false, failure});
	});

	test(`refuses ${rule} byte by byte, and what was forwarded before is not complete`, t => {
		const {framed, ...result} = read(...body);

		t.like(result, {done: false, failure});
		t.like(read(framed), {done: false});
	});
}
