import test from 'ava';
import {ResponseHead, readResponseHead} from '../../src/codec/response-head.ts';
import {REFUSED_ANSWERS} from './refused-answers.ts';

const field = (text: string) => `HTTP/1.1 200 OK\r\n${text}\r\n\r\n`;
const line = (text: string) => `${text}\r\n\r\n`;

for (const [row, [head, reason, source]] of REFUSED_ANSWERS.entries()) {
	test(`row ${row}: refuses ${JSON.stringify(head.slice(0, 70))} with 502 [${source}]`, t => {
		t.deepEqual({...readResponseHead(head, false)}, {status: 502, reason});
	});
}

interface Accepted {
	readonly rule: string;
	readonly source: string;
	readonly head: string;
	readonly toHead?: true;
	readonly as: Partial<ResponseHead>;
}

const ACCEPTED: readonly Accepted[] = [
	{
		rule: 'an answer with length',
		source: 'RFC 9112 6.3 rule 6',
		head: field('Content-Length: 5'),
		as: {
			status: 200,
			reason: 'OK',
			minor: 1,
			framing: 'length',
			length: 5,
			keepAlive: true,
			fields: 'Content-Length: 5\r\n',
		},
	},
	{
		rule: 'Content-Length between HTABs, which many parsers refuse: it goes on without',
		source: 'RFC 9110 5.6.3',
		head: field('A: 1\r\ncontent-length:\t5 \t\r\nB: 2'),
		as: {framing: 'length', length: 5, fields: 'A: 1\r\ncontent-length: 5\r\nB: 2\r\n'},
	},
	{
		rule: 'an answer in chunks, Transfer-Encoding taken off',
		source: 'RFC 9112 6.3 rule 4',
		head: field('A: 1\r\nTransfer-Encoding: Chunked\r\nB: 2'),
		as: {framing: 'chunked', fields: 'A: 1\r\nB: 2\r\n'},
	},
	{rule: 'an answer up to the end', source: 'RFC 9112 6.3 rule 8', head: field('A: 1'), as: {framing: 'until-close'}},
	{
		rule: 'HTTP/1.0, which closes',
		source: 'RFC 9112 9.3',
		head: 'HTTP/1.0 200 OK\r\n\r\n',
		as: {minor: 0, framing: 'until-close', keepAlive: false},
	},
	{
		rule: 'HTTP/1.0 with keep-alive',
		source: 'RFC 9112 9.3',
		head: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
		as: {keepAlive: true, fields: 'Content-Length: 0\r\n'},
	},
	{
		rule: 'Connection: close',
		source: 'RFC 9112 9.6',
		head: field('Connection: keep-alive, CLOSE\r\nKeep-Alive: timeout=5'),
		as: {keepAlive: false, fields: ''},
	},
	{rule: 'an empty reason', source: 'RFC 9112 4', head: line('HTTP/1.1 200 '), as: {status: 200, reason: ''}},
	{
		rule: 'no reason and no space before it',
		source: 'several servers send it',
		head: line('HTTP/1.1 404'),
		as: {status: 404, reason: ''},
	},
	{
		rule: 'a reason with obs-text and HTAB',
		source: 'RFC 9112 4',
		head: line('HTTP/1.1 200 \xe9\t !'),
		as: {reason: '\xe9\t !'},
	},
	{rule: 'status 599', source: 'RFC 9110 15', head: line('HTTP/1.1 599 x'), as: {status: 599}},
	{rule: 'status 600', source: 'HAProxy, nginx', head: line('HTTP/1.1 600 x'), as: {status: 600}},
	{rule: 'status 999', source: 'HAProxy, nginx', head: line('HTTP/1.1 999 x'), as: {status: 999}},
	{
		rule: '204, with its length taken off',
		source: 'RFC 9110 8.6',
		head: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
		as: {framing: 'none', fields: ''},
	},
	{
		rule: '204 in chunks, which has no body',
		source: 'RFC 9112 6.3 rule 1',
		head: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
		as: {framing: 'none', fields: ''},
	},
	{
		rule: '304 with the length of what it is not',
		source: 'RFC 9110 8.6',
		head: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
		as: {framing: 'none', fields: 'Content-Length: 5\r\n'},
	},
	{
		rule: 'an answer to HEAD with the length of what it is not',
		source: 'RFC 9110 9.3.2',
		head: field('Content-Length: 5'),
		toHead: true,
		as: {framing: 'none', fields: 'Content-Length: 5\r\n'},
	},
	{
		rule: 'an answer to HEAD up to the end',
		source: 'RFC 9112 6.3 rule 1',
		head: field('A: 1'),
		toHead: true,
		as: {framing: 'none'},
	},
	{
		rule: 'an interim answer',
		source: 'RFC 9110 15.2',
		head: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n',
		as: {status: 103, framing: 'none', fields: 'Link: </a>\r\n'},
	},
	{
		rule: '101 with its protocol',
		source: 'RFC 9110 15.2.2',
		head: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nA: 1\r\n\r\n',
		as: {status: 101, upgrade: 'websocket', fields: 'A: 1\r\n'},
	},
	{
		rule: 'hop-by-hop fields: dropped',
		source: 'RFC 9110 7.6.1',
		head: field(
			'A: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nTrailer: B\r\nUpgrade: h2\r\nContent-Length: 0',
		),
		as: {fields: 'A: 1\r\nContent-Length: 0\r\n'},
	},
	{
		rule: 'look-alikes of framing and hop-by-hop fields: dropped',
		source: 'CGI names, RFC 3875 4.1.18',
		head: field(
			'A_B: 1\r\nContent_Length: 9\r\nTransfer.Encoding: chunked\r\nkeep_alive: 1\r\nPROXY_CONNECTION: x\r\nContent-Length: 3',
		),
		as: {framing: 'length', length: 3, fields: 'A_B: 1\r\nContent-Length: 3\r\n', verbatim: ''},
	},
	{
		rule: 'fields named in Connection: dropped, framing aside',
		source: 'RFC 9110 7.6.1',
		head: field('Connection: A, content-length\r\na: 1\r\nB: 2\r\nContent-Length: 3'),
		as: {framing: 'length', length: 3, fields: 'B: 2\r\nContent-Length: 3\r\n'},
	},
	{
		rule: 'order, case, duplicates and names special to JavaScript',
		source: 'RFC 9110 5.3; Node CVE-2026-21710',
		head: field('Set-Cookie: a\r\n__proto__: x\r\nset-cookie: b\r\nSet-Cookie: a'),
		as: {fields: 'Set-Cookie: a\r\n__proto__: x\r\nset-cookie: b\r\nSet-Cookie: a\r\n'},
	},
	{
		rule: '1,000 fields',
		source: 'AWS ALB quotas',
		head: field(Array.from({length: 1000}, () => 'a:').join('\r\n')),
		as: {fields: 'a:\r\n'.repeat(1000)},
	},
];

for (const {rule, source, head, toHead, as} of ACCEPTED) {
	test(`accepts ${rule} [${source}]`, t => {
		const result = readResponseHead(head, toHead === true);

		t.true(result instanceof ResponseHead, JSON.stringify(result));
		t.like(result, as);
	});
}

const KEEP_ALIVES: readonly (readonly [field: string, ms: number])[] = [
	['Keep-Alive: timeout=5', 5000],
	['keep-alive:timeout=65, max=100', 65_000],
	['Keep-Alive: max=100, Timeout=20', 20_000],
	['Keep-Alive: timeout=0', 0],
	['Keep-Alive: timeout=', -1],
	['Keep-Alive: timeout=x', -1],
	['Keep-Alive: max=100\r\nX-Note: timeout=5', -1],
	['X-Keep-Alive: timeout=5', -1],
];

for (const [text, ms] of KEEP_ALIVES) {
	test(`the keep-alive time of ${JSON.stringify(text)} is ${ms} ms`, t => {
		const head = readResponseHead(field(`${text}\r\nContent-Length: 0`), false);

		t.is(head instanceof ResponseHead && head.keepAliveMs, ms);
	});
}
