import {Buffer} from 'node:buffer';
import test from 'ava';
import {HeadBuffer} from '../../src/codec/head-buffer.ts';

/** Adds the pieces until one completes the head or makes it invalid. */
function add(...pieces: readonly string[]): {
	text: string;
	rest: string;
	refusal: HeadBuffer['refusal'];
	taken: number;
} {
	const head = new HeadBuffer();
	for (const [index, piece] of pieces.entries()) {
		const chunk = Buffer.from(`<${piece}`, 'latin1');
		const end = head.add(chunk, 1);
		if (end !== -1)
			return {text: head.text, rest: chunk.toString('latin1', end), refusal: head.refusal, taken: index + 1};
		if (head.refusal !== undefined) return {text: '', rest: '', refusal: head.refusal, taken: index + 1};
	}
	return {text: '', rest: '', refusal: undefined, taken: pieces.length};
}

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('finds the end of a head in one piece, and leaves what follows', t => {
	t.like(add(`${HEAD}body`), {text: HEAD, rest: 'body', refusal: undefined});
});

test('finds the end of a head across any two pieces', t => {
	for (let cut = 1; cut < HEAD.length; cut++) {
		t.like(add(HEAD.slice(0, cut), `${HEAD.slice(cut)}body`), {text: HEAD, rest: 'body', refusal: undefined});
	}
});

test('finds the end of a head that arrives byte by byte', t => {
	t.like(add(...`${HEAD}body`), {text: HEAD, rest: '', taken: HEAD.length});
});

test('reads one head after another, whole or in pieces', t => {
	const head = new HeadBuffer();
	const chunk = Buffer.from(HEAD + HEAD + HEAD.slice(0, 9));

	t.is(head.add(chunk, 0), HEAD.length);
	t.is(head.add(chunk, HEAD.length), 2 * HEAD.length);
	t.is(head.add(chunk, 2 * HEAD.length), -1);
	t.is(head.add(Buffer.from(`${HEAD.slice(9)}x`), 0), HEAD.length - 9);
	t.is(head.text, HEAD);
});

const EARLY: readonly (readonly [rule: string, bytes: string, status: number, reason: string, source: string])[] = [
	[
		'a first line beyond 16 KiB',
		`GET /${'a'.repeat(16 * 1024)}`,
		414,
		'first line longer than 16384 bytes',
		'RFC 9112 3',
	],
	[
		'a field beyond 16 KiB',
		`GET / HTTP/1.1\r\nA: ${'a'.repeat(16 * 1024)}`,
		431,
		'field longer than 16384 bytes',
		'RFC 6585 5',
	],
	[
		'a head beyond 64 KiB',
		`GET / HTTP/1.1\r\n${`A: ${'a'.repeat(8000)}\r\n`.repeat(9)}`,
		431,
		'head longer than 65536 bytes',
		'RFC 6585 5',
	],
	[
		'a line ended by LF alone',
		'GET / HTTP/1.1\n',
		400,
		'malformed head: a line that ends with LF only',
		'RFC 9112 2.2',
	],
	['LF first', '\n', 400, 'malformed head: a line that ends with LF only', 'RFC 9112 2.2'],
	['a CR alone', 'GET / HTTP/1.1\rH', 400, 'malformed head: a CR without LF', 'RFC 9112 2.2'],
	['NUL', 'GET /\0', 400, 'malformed head: it has a control character', 'RFC 9110 5.5'],
	['DEL', 'GET /\x7f', 400, 'malformed head: it has a control character', 'RFC 9110 5.5'],
	['the first bytes of TLS', '\x16\x03\x01', 400, 'TLS where plain HTTP is expected', 'RFC 8446 5.1'],
	['a TLS alert', '\x15\x03\x03\0\x02\x02\x28', 400, 'TLS where plain HTTP is expected', 'RFC 8446 5.1'],
];

for (const [rule, bytes, status, reason, source] of EARLY) {
	test(`refuses ${rule} before the rest arrives [${source}]`, t => {
		t.deepEqual(add(bytes).refusal, {status, reason});
		t.deepEqual(add(...bytes).refusal, {status, reason});
	});
}

test('waits for bytes that can still become a head', t => {
	for (const bytes of [
		'',
		'\r',
		'\r\n',
		'GET / HTTP/1.1\r',
		'GET / HTTP/1.1\r\n',
		'GET / HTTP/1.1\r\nA:\tb\r\n\r',
		'GET / HTTP/1.1\r\nA: \xff',
	]) {
		t.like(add(bytes), {text: '', refusal: undefined});
		t.like(add(...bytes), {text: '', refusal: undefined});
	}
});
