import test from 'ava';
import {EmulatorError} from '../../src/base/errors.ts';
import {readFaultRule} from '../../src/configuration/describe-faults.ts';
import type {FaultRule, NormalisedFaultRule} from '../../src/model/fault.ts';
import {type FaultTarget, whyNever} from '../../src/model/fault-target.ts';
import {faultText, readFaultText} from '../../src/model/fault-text.ts';
import type {ListenerPorts, Protocol} from '../../src/model/listener.ts';

function violationsOf(given: unknown): string[] {
	try {
		readFaultRule(given);
	} catch (error) {
		if (!(error instanceof EmulatorError)) throw error;
		return error.violations.map(
			({path, message, hint}) => `${path.join('.')}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
		);
	}
	return [];
}

/** What a text says, validated. */
function ruleOf(text: string): NormalisedFaultRule {
	const read = readFaultText(text);
	if ('violations' in read) throw new Error(read.violations.map(({message}) => message).join('\n'));
	return readFaultRule(read.rule);
}

const reads = test.macro<[text: string, rule: FaultRule, written?: string]>({
	exec(t, text, rule, written = text) {
		t.deepEqual(ruleOf(text), readFaultRule(rule));
		t.is(faultText(ruleOf(text)), written, 'and it is written again');
	},
	title: (_, text) => `reads ${text}`,
});

test(reads, 'backend:app-1 reset:on-reuse', {on: 'backend:app-1', do: {reset: 'on-reuse'}});
test(reads, 'backend:b reset', {on: 'backend:b', do: {reset: true}});
test(reads, 'listener:443 latency:200ms jitter:50ms', {on: 'listener:443', do: {latency: 200, jitter: '50ms'}});
test(reads, 'backend:b latency:5s direction:up', {on: 'backend:b', do: {latency: '5s'}, direction: 'up'});
test(reads, 'backend:b bandwidth:1024', {on: 'backend:b', do: {bandwidth: 1024}});
test(reads, 'backend:b slice:10 delay:20ms', {on: 'backend:b', do: {slice: 10, delay: 20}});
test(reads, 'backend:b limit:0', {on: 'backend:b', do: {limit: 0}});
test(reads, 'backend:b slow-close:1s', {on: 'backend:b', do: {slowClose: '1s'}}, 'backend:b slowClose:1s');
test(reads, 'backend:b close', {on: 'backend:b', do: {close: true}});
test(reads, 'backend:b refuse:true', {on: 'backend:b', do: {refuse: true}}, 'backend:b refuse');
test(reads, 'backend:b blackhole every:3', {on: 'backend:b', do: {blackhole: true}, every: 3});
test(reads, 'backend:b garbage:100', {on: 'backend:b', do: {garbage: 100}});
test(reads, 'backend:b truncate:3', {on: 'backend:b', do: {truncate: 3}});
test(reads, 'backend:b contentLength:3', {on: 'backend:b', do: {contentLength: 3}});
test(reads, 'listener:443 tls:alert sni:*.example.com', {on: 'listener:443', do: {tls: 'alert'}, sni: '*.example.com'});
test(reads, 'api throttle operation:Create* skip:1 times:2', {
	on: 'api',
	do: {throttle: true},
	operation: 'Create*',
	skip: 1,
	times: 2,
});
test(
	reads,
	String.raw`backend:b status:503 body:"try \"later\"" headers:"Retry-After: 1" headers:X-A:b path:/api/* header:x-tenant=acme`,
	{
		on: 'backend:b',
		do: {status: 503, body: 'try "later"', headers: {'Retry-After': '1', 'X-A': 'b'}},
		path: '/api/*',
		header: 'X-Tenant=acme',
	},
	String.raw`backend:b status:503 body:"try \"later\"" headers:"Retry-After: 1" headers:"X-A: b" path:/api/* header:x-tenant=acme`,
);
test(reads, 'backend:"my app" close', {on: 'backend:my app', do: {close: true}});

const refusesText = test.macro({
	exec(t, text: string, ...expected: string[]) {
		const read = readFaultText(text);
		t.deepEqual(
			'violations' in read
				? read.violations.map(({message, hint}) => (hint === undefined ? message : `${message} (${hint})`))
				: read,
			expected,
		);
	},
	title: (_, text) => `refuses ${text === '' ? 'an empty text' : text}`,
});

test(
	refusesText,
	'',
	'a fault needs its place, "backend:NAME", "listener:PORT" or "api" (such as "backend:app-1 reset:on-reuse")',
);
test(
	refusesText,
	'backend:a listener:80 close close',
	'"listener" names a second place; one rule has one',
	'"close" is said twice',
);
test(
	refusesText,
	'backend:a latncy:5s',
	'"latncy" is no word of a fault; allowed are backend, listener, api, latency, jitter, bandwidth, slice, delay, limit, slowClose, reset, close, refuse, blackhole, status, body, headers, code, throttle, garbage, truncate, contentLength, tls, direction, skip, times, every, path, header, sni, operation (did you mean "latency"?)',
);
test(
	refusesText,
	'backend:a status:503 headers:nothing',
	'"nothing" is not a header field; write headers:"Retry-After: 1"',
);

const refuses = test.macro({
	exec(t, given: object | number, ...expected: string[]) {
		t.deepEqual(violationsOf(given), expected);
	},
	title: (_, given) => `refuses ${JSON.stringify(given)}`,
});

test(refuses, 5, ': 5 is not a fault rule; write {on, do}, and skip, times, every, direction, path, header or sni');
test(
	refuses,
	{},
	'on: "on" is missing; it is a place; write "backend:NAME", "listener:PORT" or "api"',
	'do: "do" is missing; it is a fault; write one of {latency}, {bandwidth}, {slice}, {limit}, {slowClose}, {reset}, {close}, {refuse}, {blackhole}, {status}, {garbage}, {truncate}, {contentLength}, {tls}, {throttle}',
);
test(
	refuses,
	{on: 'listener:0', do: {latncy: 5}},
	'do.latency: "latency" is missing; it is a duration; write milliseconds as a number, or text such as "500ms", "5s", "2m" or "1h"',
	'do.latncy: unknown key "latncy"; allowed are "latency" or "jitter" (did you mean "latency"?)',
	'on: "0" is not a port; write the listener\'s port as it was written, 1 to 65535',
);
test(
	refuses,
	{on: 'bakend:a', do: {reset: 'on-reus'}, skip: -1, times: 0, every: 1.5},
	'on: "bakend:a" is no place of a fault; allowed are "backend:NAME", "listener:PORT" or "api" (did you mean "backend"?)',
	'do.reset: "on-reus" is not a time of a reset; allowed are true for at once, "after-request", "mid-response" or "on-reuse" (did you mean "on-reuse"?)',
	'skip: -1 is not a number of those to skip; allowed are whole numbers from 0 to 2147483647',
	'times: 0 is not a number of times; allowed are whole numbers from 1 to 2147483647',
	'every: 1.5 is not a step; allowed are whole numbers from 1 to 2147483647',
);
test(
	refuses,
	{
		on: 'backend:a',
		do: {status: 99, headers: {'Content-Length': '3', 'a b': 'c', ok: 'a\r\nb'}},
		path: 'a b',
		header: 'X: y',
	},
	'do.status: 99 is not a status of an answer; allowed are whole numbers from 200 to 599',
	'do.headers.Content-Length: "Content-Length" is written by the load balancer; leave it away',
	'do.headers.a b: "a b" is not the name of a header field',
	'do.headers.ok: "a\\r\\nb" is not the value of a header field: visible latin1 characters',
	`path: " " may not stand in the path pattern "a b"; allowed are letters, digits, _ - . $ / ~ " ' @ : + and the wildcards * and ?`,
	'header: "X: y" is no filter of a header; write "X-Tenant", or "X-Tenant=acme" (a value stands behind "=")',
);
test(
	refuses,
	{on: 'api', do: {refuse: true}, path: '/a'},
	'do: "refuse" does not go with "api"; allowed are latency, status and throttle',
	'path: "path" does not go with "api" (a call is chosen by `operation`)',
);
test(
	refuses,
	{on: 'backend:a', do: {throttle: true}, operation: 'X', direction: 'up'},
	'do.throttle: "throttle" goes with "api" only (write {status: 429} here)',
	'operation: "operation" goes with "api" only (a request is chosen by `path`, `header` or `sni`)',
	'direction: "direction" does not go with "throttle"; it goes with latency, bandwidth, slice, limit, slowClose',
);
test(
	refuses,
	{on: 'backend:a', do: {status: 204, body: 'x', code: 'a b'}},
	'do.body: an answer with status 204 has no body',
	'do.code: "a b" is not the code of an error; allowed are 1 to 100 of letters, digits and _ . : -',
	'do.code: "code" goes with "api" only (an answer to a client has a status, headers and a body)',
);
test(
	refuses,
	{on: 'backend:a', do: {latency: '1000h'}},
	'do.latency: "1000h" is too long; allowed are up to 2147483647 ms',
);
test(
	refuses,
	{on: 'backend:a', do: {garbage: 2_000_000}},
	'do.garbage: 2000000 is not a number of bytes; allowed are whole numbers from 1 to 1048576',
);

// Of the wrong type: what is allowed is said as well.
for (const [fault, expected] of [
	[{bandwidth: '1kB'}, 'do.bandwidth: "1kB" is not a number of bytes; allowed are whole numbers from 1 to 2147483647'],
	[{limit: ''}, 'do.limit: "" is not a number of bytes; allowed are whole numbers from 0 to 2147483647'],
	[{garbage: 'x'}, 'do.garbage: "x" is not a number of bytes; allowed are whole numbers from 1 to 1048576'],
	[{status: 'abc'}, 'do.status: "abc" is not a status of an answer; allowed are whole numbers from 200 to 599'],
	[{close: 'x'}, 'do.close: "x" is not true, the only value it takes'],
] as const) {
	test(refuses, {on: 'backend:a', do: fault}, expected);
}
test(
	refuses,
	{on: 'backend:a', do: {close: true}, times: 'often', skip: 'x', every: 1e20},
	'skip: "x" is not a number of those to skip; allowed are whole numbers from 0 to 2147483647',
	'times: "often" is not a number of times; allowed are whole numbers from 1 to 2147483647',
	'every: 100000000000000000000 is not a step; allowed are whole numbers from 1 to 2147483647',
);

function target(text: string, verifiesBackends = false): FaultTarget {
	const listeners = text.split(' ').map(side => {
		const [front = '', back = front] = side.split('>');
		const [protocol, port] = front.split(':');
		return {
			protocol: protocol as Protocol,
			port: Number(port),
			backendProtocol: (back.split(':')[0] ?? '') as Protocol,
			backendPort: 80,
			verifiesBackends,
		} satisfies ListenerPorts & {verifiesBackends: boolean}; // The tables below are right.
	});
	return {listeners, backends: ['app-1', 'app-2']};
}

const never = test.macro<[text: string, to: FaultTarget, path: string, message: string | undefined]>({
	exec(t, text, to, path, message) {
		const found = whyNever(ruleOf(text), to);
		t.is(found?.message, message);
		t.is(found?.path.join('.') ?? '', path);
	},
	title: (_, text, to) =>
		`${text} on ${to.listeners.map(({protocol, backendProtocol}) => `${protocol} to ${backendProtocol}`).join(', ')}${to.listeners.some(each => each.verifiesBackends) ? ', verified' : ''}`,
});

test(never, 'backend:app-1 refuse', target('http:80 tcp:81'), '', undefined);
test(
	never,
	'backend:app-3 refuse',
	target('http:80'),
	'on',
	'no back-end is named "app-3"; there is "app-1" or "app-2"',
);
test(never, 'listener:81 close', target('http:80'), 'on', 'no listener has port 81; allowed is 80');
test(
	never,
	'listener:80 refuse',
	target('http:80'),
	'do.refuse',
	'a listener cannot refuse a connection: the system has accepted it before it is seen',
);
test(
	never,
	'listener:80 tls:stall',
	target('http:80'),
	'do.tls',
	'a TLS fault goes with https and ssl listeners, and the one on port 80 is http',
);
test(never, 'listener:443 tls:stall', target('https:443>http:80'), '', undefined);
test(
	never,
	'listener:443 tls:stall path:/a',
	target('https:443>http:80'),
	'path',
	'there is no request yet during a handshake, so none has a path',
);
test(
	never,
	'listener:443 status:503',
	target('tcp:443'),
	'do.status',
	'"status" goes with http and https listeners, and the one on port 443 is tcp',
);
test(
	never,
	'listener:443 reset:on-reuse',
	target('ssl:443>tcp:80'),
	'do.reset',
	'connections are kept alive on http and https listeners, and the one on port 443 is ssl: none is used again',
);
test(
	never,
	'listener:443 close path:/a',
	target('tcp:443'),
	'path',
	'"path" goes with http and https listeners, and the one on port 443 is tcp',
);
test(
	never,
	'listener:80 close sni:a',
	target('http:80'),
	'sni',
	'"sni" needs TLS, and the listener on port 80 is http',
);
test(never, 'listener:443 close sni:a', target('tcp:443'), '', undefined);
test(
	never,
	'backend:app-1 close sni:a',
	target('tcp:443'),
	'sni',
	'the server name is not known when a back-end is connected to: TLS passes through a tcp listener',
);
test(
	never,
	'backend:app-1 status:503',
	target('tcp:443'),
	'do.status',
	'"status" goes with http and https listeners, and the one on port 443 is tcp',
);
test(never, 'backend:app-1 status:503', target('tcp:443 http:80'), '', undefined);
test(
	never,
	'backend:app-1 tls:alert',
	target('https:443>http:80'),
	'do.tls',
	'no TLS is spoken to the back-end: the listener on port 443 speaks http to it',
);
test(never, 'backend:app-1 tls:alert', target('https:443>https:80'), '', undefined);
test(
	never,
	'backend:app-1 tls:wrong-certificate',
	target('https:443>https:80'),
	'do.tls',
	'a wrong certificate changes nothing: the load balancer does not verify those of its back-ends',
);
test(never, 'backend:app-1 tls:wrong-certificate', target('https:443>https:80', true), '', undefined);
test(never, 'api throttle', target('http:80'), 'on', "a load balancer is not the cloud's API");
