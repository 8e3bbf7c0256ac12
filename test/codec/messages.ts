import {Buffer} from 'node:buffer';
import {METHODS} from 'node:http';
import fc from 'fast-check';
import {ChunkedReader} from '../../src/codec/chunked-reader.ts';
import {HeadBuffer} from '../../src/codec/head-buffer.ts';
import type {Refusal} from '../../src/codec/http1-grammar.ts';
import {RequestHead, readRequestHead} from '../../src/codec/request-head.ts';

/** The first request in some bytes, as the codec reads it. */
export interface Reading {
	/** Undefined when the bytes end within the head, or it is refused. */
	readonly head?: RequestHead;
	/** The body's data. */
	readonly body: string;
	/** The part of the body that is forwarded to a back-end. */
	readonly framed: string;
	/** What follows the request. */
	readonly rest: string;
	/** Whether the request is complete. */
	readonly done: boolean;
	readonly refusal?: Refusal | string;
}

const NOTHING: Reading = {body: '', framed: '', rest: '', done: false};

/** Reads the first request from pieces (latin1) with the three readers that the front uses. */
export function readRequest(...pieces: readonly string[]): Reading {
	const buffer = new HeadBuffer();
	for (const [index, piece] of pieces.entries()) {
		const chunk = Buffer.from(piece, 'latin1');
		const end = buffer.add(chunk, 0);
		if (buffer.refusal !== undefined) return {...NOTHING, refusal: buffer.refusal};
		if (end === -1) continue;
		const head = readRequestHead(buffer.text);
		if (!(head instanceof RequestHead)) return {...NOTHING, refusal: head};
		return readBody(head, [piece.slice(end), ...pieces.slice(index + 1)]);
	}
	return NOTHING;
}

function readBody(head: RequestHead, pieces: readonly string[]): Reading {
	if (head.framing !== 'chunked') {
		const all = pieces.join('');
		const length = head.framing === 'length' ? head.length : 0;
		const body = all.slice(0, length);
		return {head, body, framed: body, rest: all.slice(length), done: body.length === length};
	}
	const reader = new ChunkedReader();
	let body = '';
	let framed = '';
	let rest = '';
	for (const piece of pieces) {
		if (reader.done) {
			rest += piece;
			continue;
		}
		const chunk = Buffer.from(piece, 'latin1');
		const end = reader.read(chunk, 0, chunk.length);
		if (end === -1) return {...NOTHING, head, refusal: reader.failure};
		body += textOf(chunk, reader.data);
		framed += textOf(chunk, reader.framed);
		rest += piece.slice(end);
	}
	return {head, body, framed, rest, done: reader.done};
}

function textOf(chunk: Buffer, spans: readonly number[]): string {
	let text = '';
	for (let i = 0; i < spans.length; i += 2) text += chunk.toString('latin1', spans[i], spans[i + 1]);
	return text;
}

const TCHAR = "!#$%&'*+-.^_`|~0123456789abcXYZ";
const token = fc.string({unit: fc.constantFrom(...TCHAR), minLength: 1, maxLength: 12});
const value = fc.string({unit: fc.constantFrom(...'\t !"#,:;=@[]{}\\abcXYZ019\x80\xa0\xff'), maxLength: 20});
const blank = fc.constantFrom('', ' ', '\t', '  ', ' \t ');
const data = fc.string({unit: fc.constantFrom(...'\r\n:;0aA Z\0\xff'), maxLength: 30});
const anyCase = (text: string) => fc.constantFrom(text, text.toLowerCase(), text.toUpperCase());

const method = fc.constantFrom(...METHODS.filter(name => name !== 'CONNECT'));
const path = fc
	.string({unit: fc.constantFrom(...'/?&=%.-_~!$\'()*+,;:@abcXYZ019[]|{}^`"<>\\'), maxLength: 20})
	.map(text => `/${text}`);
const authority = fc.constantFrom('a.test', 'A-1.test:8080', '[::1]', '[::1]:80', '127.0.0.1', 'a:', 'a%2Db');
const target = fc.oneof(
	{weight: 6, arbitrary: path},
	{
		weight: 1,
		arbitrary: fc
			.tuple(fc.constantFrom('http://', 'HTTPS://'), authority, fc.oneof(path, fc.constantFrom('', '?a=b')))
			.map(parts => parts.join('')),
	},
	{weight: 1, arbitrary: fc.constant('*')},
);

const knownField = fc.oneof(
	...[
		'TE',
		'Trailer',
		'Keep-Alive',
		'Proxy-Connection',
		'HTTP2-Settings',
		'X-Forwarded-For',
		'X-Forwarded-Proto',
		'X-Forwarded-Port',
		'X_Forwarded_For',
		'X-Forwarded_Port',
		'Cookie',
		'__proto__',
		'constructor',
	].map(name => fc.tuple(anyCase(name), value)),
	fc.tuple(
		anyCase('Connection'),
		fc.constantFrom('close', 'keep-alive', 'Upgrade', 'a, b', 'te, cookie', 'host', 'x-forwarded-for, !'),
	),
	fc.tuple(anyCase('Upgrade'), fc.constantFrom('websocket', 'h2c', 'h2c, x')),
	fc.tuple(anyCase('Expect'), fc.constantFrom('100-continue', '100-Continue')),
);
const field = fc.oneof({weight: 3, arbitrary: fc.tuple(token, value)}, {weight: 2, arbitrary: knownField});
const line = fc
	.tuple(field, blank, blank)
	.map(([[name, text], before, after]) => `${name}:${before}${text}${after}\r\n`);

const quoted = fc.string({unit: fc.constantFrom(...'\t !;=abc09'), maxLength: 8}).map(text => `"${text}"`);
const extension = fc
	.tuple(token, fc.option(fc.oneof(token, quoted)))
	.map(([name, text]) => (text === null ? `;${name}` : `;${name}=${text}`));
const chunk = fc
	.tuple(
		data.filter(text => text !== ''),
		fc.constantFrom('', '0', '000'),
		fc.option(extension, {freq: 3}),
		fc.boolean(),
	)
	.map(
		([text, zeros, ext, upper]) =>
			`${zeros}${upper ? text.length.toString(16).toUpperCase() : text.length.toString(16)}${ext ?? ''}\r\n${text}\r\n`,
	);
const chunks = fc
	.tuple(fc.array(chunk, {maxLength: 4}), fc.array(line, {maxLength: 2}))
	.map(([parts, trailers]) => `${parts.join('')}0\r\n${trailers.join('')}\r\n`);

const framing = fc.oneof(
	fc.constant({field: '', body: ''}),
	data.map(body => ({field: `Content-Length: ${body.length}\r\n`, body})),
	fc
		.tuple(chunks, anyCase('chunked'), blank)
		.map(([body, coding, after]) => ({field: `Transfer-Encoding: ${coding}${after}\r\n`, body})),
);

/** Requests that follow all rules, or nearly all: the codec decides whether one is accepted. */
export const request: fc.Arbitrary<string> = fc
	.tuple(
		method,
		target,
		fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
		authority,
		fc.array(line, {maxLength: 6}),
		fc.array(line, {maxLength: 3}),
		framing,
	)
	.map(([verb, uri, version, host, before, after, {field: framed, body}]) =>
		[`${verb} ${uri} HTTP/${version}\r\n`, ...before, `Host: ${host}\r\n`, framed, ...after, `\r\n${body}`].join(''),
	);

const spoiler = fc.constantFrom(
	...'\0\t\n\r !"#,:;=0159aAfFgxX+-_\x0b\x7f\x85\xa0\xff',
	'\r\n',
	'\n\n',
	'\r\n\r\n',
	'\r\n ',
	'chunked',
	'Content-Length: 1\r\n',
	'Transfer-Encoding: chunked\r\n',
	'Host: b\r\n',
	'0\r\n\r\n',
	', ',
	'0x',
);

/** The same with up to three changed places. */
export const spoiled: fc.Arbitrary<string> = fc
	.tuple(
		request,
		fc.array(fc.tuple(fc.nat(), fc.constantFrom('insert', 'replace', 'delete', 'double'), spoiler), {maxLength: 3}),
	)
	.map(([text, changes]) =>
		changes.reduce((spoiledText, [where, how, by]) => {
			const at = where % spoiledText.length;
			const before = spoiledText.slice(0, at);
			if (how === 'insert') return before + by + spoiledText.slice(at);
			if (how === 'replace') return before + by + spoiledText.slice(at + by.length);
			if (how === 'delete') return before + spoiledText.slice(at + 1);
			return before + spoiledText.slice(at, at + 8) + spoiledText.slice(at);
		}, text),
	);
