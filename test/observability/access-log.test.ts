import test from 'ava';
import fc from 'fast-check';
import {accessLogLine} from '../../src/observability/access-log.ts';
import type {Peer} from '../../src/observability/exchange.ts';
import type {ExchangeRecord} from '../../src/observability/exchange-record.ts';
import {ATHENA, exchange} from '../helpers/access-log.ts';
import {runs} from '../helpers/depth.ts';

const FROM = '2015-05-13T23:39:43.945000Z my-loadbalancer 192.168.131.39:2817';
const OWN = {responseBy: 'load-balancer', firstByteMs: -1, bytesDown: 0} as const;
const TLS = {tls: {version: 'TLSv1.2', cipher: 'ECDHE-RSA-AES128-GCM-SHA256'}};

const lines: Record<string, [Partial<ExchangeRecord>, Partial<Peer>, string]> = {
	'an answered request': [
		{},
		{},
		`${FROM} 10.0.0.1:80 0.000073 0.001048 0.000000 200 200 0 29 "GET http://www.example.com:80/a?b=1 HTTP/1.1" "curl/7.38.0" - -`,
	],
	'a request over TLS': [
		{},
		TLS,
		`${FROM} 10.0.0.1:80 0.000073 0.001048 0.000000 200 200 0 29 "GET https://www.example.com:80/a?b=1 HTTP/1.1" "curl/7.38.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2`,
	],
	'an HTTP/1.0 request without a user agent, its host with a port': [
		{httpMinor: 0, requestHead: 'GET / HTTP/1.1\r\nHost: b.test:8080\r\n\r\n'},
		{},
		`${FROM} 10.0.0.1:80 0.000073 0.001048 0.000000 200 200 0 29 "GET http://b.test:80/ HTTP/1.0" "-" - -`,
	],
	'addresses of IPv6': [
		{backendAddress: '::1', requestHead: 'OPTIONS * HTTP/1.1\r\nHost: [::1]\r\n\r\n'},
		{address: '2001:db8::1'},
		'2015-05-13T23:39:43.945000Z my-loadbalancer [2001:db8::1]:2817 [::1]:80 0.000073 0.001048 0.000000 200 200 0 29 "OPTIONS http://[::1]:80* HTTP/1.1" "-" - -',
	],
	'no back-end in service': [
		{...OWN, outcome: 'no-healthy-backend', responseStatus: 503, sentMs: -1, backendName: ''},
		{},
		`${FROM} - -1 -1 -1 503 0 0 0 "GET http://www.example.com:80/a?b=1 HTTP/1.1" "curl/7.38.0" - -`,
	],
	'a back-end that had the request and did not answer': [
		{...OWN, outcome: 'idle-timeout', responseStatus: 504},
		{},
		`${FROM} - -1 -1 -1 504 0 0 0 "GET http://www.example.com:80/a?b=1 HTTP/1.1" "curl/7.38.0" - -`,
	],
	'a client that did not wait for the answer': [
		{...OWN, outcome: 'client-abort', responseStatus: 0, responseBy: 'backend'},
		{},
		`${FROM} 10.0.0.1:80 0.000073 -1 -1 0 0 0 0 "GET http://www.example.com:80/a?b=1 HTTP/1.1" "curl/7.38.0" - -`,
	],
	'a head that is no request': [
		{...OWN, outcome: 'bad-request', responseStatus: 400, requestHead: '', refusedHead: '\x16\x03\x01 "\r\n\r\n'},
		{},
		`${FROM} - -1 -1 -1 400 0 0 0 "- - - " "-" - -`,
	],
	'a request in absolute form that is refused': [
		{
			...OWN,
			outcome: 'bad-request',
			responseStatus: 505,
			requestHead: '',
			refusedHead: 'GET HTTP://a.test:1?x HTTP/2.0\r\nUser-Agent:\tme \r\n\r\n',
		},
		{},
		`${FROM} - -1 -1 -1 505 0 0 0 "GET http://a.test:80?x HTTP/2.0" "me" - -`,
	],
	'a CONNECT': [
		{...OWN, responseStatus: 405, requestHead: '', refusedHead: 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n'},
		{},
		`${FROM} - -1 -1 -1 405 0 0 0 "CONNECT http://a.test:80- HTTP/1.1" "-" - -`,
	],
	'a head that did not come to its end in time': [
		{...OWN, outcome: 'client-timeout', responseStatus: 408, requestHead: '', refusedHead: 'GET / HT'},
		{},
		`${FROM} - -1 -1 -1 408 0 0 0 "- - - " "-" - -`,
	],
	'a tunnel': [
		{kind: 'websocket', responseStatus: 101, bytesUp: 10, bytesDown: 13},
		{},
		`${FROM} 10.0.0.1:80 0.000073 0.001048 0.000000 101 101 10 13 "GET http://www.example.com:80/a?b=1 HTTP/1.1" "curl/7.38.0" - -`,
	],
	'a TCP connection': [
		{kind: 'tcp', requestHead: '', responseStatus: 0, bytesUp: 82},
		{},
		`${FROM} 10.0.0.1:80 0.000073 0.000028 0.000000 - - 82 29 "- - - " "-" - -`,
	],
	'an SSL connection on which nobody said anything': [
		{kind: 'tcp', requestHead: '', responseStatus: 0, sentMs: -1, firstByteMs: -1, bytesDown: 0},
		{tls: {version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256'}},
		`${FROM} 10.0.0.1:80 -1 0.000028 -1 - - 0 0 "- - - " "-" TLS_AES_128_GCM_SHA256 TLSv1.3`,
	],
	'a TCP connection that no back-end took': [
		{
			kind: 'tcp',
			outcome: 'connect-refused',
			requestHead: '',
			connectMs: -1,
			sentMs: -1,
			firstByteMs: -1,
			bytesDown: 0,
		},
		{},
		`${FROM} - -1 -1 -1 - - 0 0 "- - - " "-" - -`,
	],
	'a wait of minutes': [
		{sentMs: 61_000.5, firstByteMs: 182_001.0004},
		{},
		`${FROM} 10.0.0.1:80 61.000500 121.000500 0.000000 200 200 0 29 "GET http://www.example.com:80/a?b=1 HTTP/1.1" "curl/7.38.0" - -`,
	],
};

for (const [what, [changes, client, line]] of Object.entries(lines)) {
	test(`the line of ${what}`, t => {
		t.is(accessLogLine(exchange(changes, client)), line);
		t.regex(line, ATHENA);
	});
}

test('an open exchange, a failed handshake and a client that left before its request have no line', t => {
	t.is(accessLogLine(exchange({outcome: 'open'})), '');
	t.is(accessLogLine(exchange({kind: 'tcp', outcome: 'tls-handshake', handshakeOnly: true})), '');
	t.is(accessLogLine(exchange({outcome: 'client-abort', requestHead: '', responseStatus: 0})), '');
});

test('the microseconds of a clock are written', t => {
	const record = Object.assign(exchange(), {startedAt: 1_500_000_000_123.25});

	t.true(record.log.startsWith('2017-07-14T02:40:00.123250Z '), record.log);
});

test('quotes, backslashes, control and non-ASCII bytes are escaped as by nginx', t => {
	const agent = 'a"b\\c\td\x7f\x1b\xe9 e';
	const requestHead = `GET /"\\" HTTP/1.1\r\nHost: a.test\r\nuser-agent: ${agent}\r\n\r\n`;

	t.true(
		accessLogLine(exchange({requestHead})).endsWith(
			' "GET http://a.test:80/\\x22\\x5C\\x22 HTTP/1.1" "a\\x22b\\x5Cc\\x09d\\x7F\\x1B\\xE9 e" - -',
		),
	);
});

test('a user agent is cut at 8 KiB, and a field of white space takes no time', t => {
	const head = (agent: string) => `GET / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: ${agent}\r\n\r\n`;
	const long = accessLogLine(exchange({requestHead: head('x'.repeat(10_000))}));
	const blank = accessLogLine(exchange({requestHead: head(`${' '.repeat(16_000)}x${' '.repeat(16_000)}`)}));

	t.is(/"(x+)"/.exec(long)?.[1]?.length, 8192);
	t.true(blank.endsWith('"x" - -'));
});

test('for any bytes from a client, a line has exactly the fields of a line', t => {
	const bytes = fc.string({unit: fc.integer({min: 0, max: 255}).map(code => String.fromCharCode(code)), maxLength: 60});
	const nasty = fc.constantFrom('"', ' ', '\r\n', '\r\n\r\n', 'HTTP/1.1', '\\', '\n2015 x', 'Host: ', '://', '/');
	const text = fc.array(fc.oneof(bytes, nasty), {maxLength: 8}).map(parts => parts.join(''));
	fc.assert(
		fc.property(text, text, text, text, fc.boolean(), (method, target, host, agent, isRefused) => {
			const refusedHead = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${agent}\r\n\r\n`;
			// A forwarded head has passed the grammar.
			const path = target.replace(/[^\x21-\x7e]/g, '');
			const value = agent.replace(/[\r\n]/g, '');
			const requestHead = `GET /${path} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${value}\r\n\r\n`;
			const refused = {...OWN, responseStatus: 400, requestHead: '', refusedHead};
			const line = accessLogLine(exchange(isRefused ? refused : {requestHead}));
			const fields = /^(?:[^ "]+ ){11}"[^ "]+ [^ "]+ (?:- |HTTP\/[0-9]\.[0-9])" "[^"]*" - -$/;
			return ATHENA.test(line) && fields.test(line) && /^[\x20-\x7e]+$/.test(line);
		}),
		{numRuns: runs(2000)},
	);
	t.pass();
});
