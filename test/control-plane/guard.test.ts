import test from 'ava';
import {guard} from '../../src/control-plane/guard.ts';

const judge = guard({port: 8089, address: '127.0.0.1', names: ['lb.test', 'emulator']});

/** Lets through what has these fields, Host being right unless given. */
const passes = test.macro<[Record<string, string>, string?]>({
	exec: (t, headers: Record<string, string>, method = 'POST') => {
		t.is(judge({method, headers: new Map(Object.entries({host: '127.0.0.1:8089', ...headers}))}), undefined);
	},
	title: (_, headers: Record<string, string>, method = 'POST') => `passes: ${method} ${JSON.stringify(headers)}`,
});
test(passes, {});
test(passes, {}, 'GET');
test(passes, {host: 'localhost:8089'});
test(passes, {host: 'LocalHost:8089'});
test(passes, {host: '[::1]:8089'});
test(passes, {host: 'lb.test:8089'});
test(passes, {host: 'lb.test'});
test(passes, {host: 'EMULATOR'});
test(passes, {origin: 'http://127.0.0.1:8089'});
test(passes, {origin: 'http://localhost:8089', 'sec-fetch-site': 'same-origin'});
test(passes, {origin: 'http://lb.test', 'sec-fetch-site': 'same-site'});
test(passes, {'sec-fetch-site': 'none'}, 'GET');
test(passes, {'sec-fetch-site': 'same-origin'}, 'GET');

/** Refuses what has these fields, with 403 and a sentence that says which. */
const refuses = test.macro<[Record<string, string>, RegExp, string?]>({
	exec: (t, headers: Record<string, string>, reason: RegExp, method = 'POST') => {
		const refusal = judge({method, headers: new Map(Object.entries({host: '127.0.0.1:8089', ...headers}))});

		t.is(refusal?.status, 403);
		t.regex(refusal?.reason ?? '', reason);
	},
	title: (_, headers: Record<string, string>, __: RegExp, method = 'POST') =>
		`refuses: ${method} ${JSON.stringify(headers)}`,
});
const HOST =
	/^the host .* is not this one; it has to be localhost:8089, 127\.0\.0\.1:8089, \[::1\]:8089, lb\.test or emulator$/;
for (const host of [
	'',
	'evil.test',
	'evil.test:8089',
	'127.0.0.1.nip.test:8089',
	'localhost',
	'127.0.0.1',
	'127.0.0.1:8090',
	'localhost:80',
	'lb.test:8090',
	'127.0.0.1:08089x',
	'127.0.0.1:8089:8089',
	'127.0.0.1:8089,evil.test',
	'evil.test,127.0.0.1:8089',
	'127.1:8089',
	'0x7f000001:8089',
	'2130706433:8089',
	'0.0.0.0:8089',
	'[::]:8089',
	'[::ffff:127.0.0.1]:8089',
	'::1:8089',
	'localhost.:8089',
	'user@localhost:8089',
	'localhost@evil.test:8089',
	'localhost:8089/evil.test',
	'local\u017Fhost:8089',
	'__proto__',
]) {
	test(refuses, {host}, HOST);
}
for (const origin of [
	'null',
	'',
	'http://evil.test',
	'http://127.0.0.1:3000',
	'http://127.0.0.1',
	'https://127.0.0.1:8089',
	'http://127.0.0.1:8089/',
	'http://127.0.0.1:8089.evil.test',
	'http://localhost:8089@evil.test',
	'http://127.0.0.1:8089,http://evil.test',
	'file://',
	'chrome-extension://abcdef',
]) {
	test(refuses, {origin}, /^the origin .* is not this one: pages of other sites may not talk to this port$/);
}
test(refuses, {'sec-fetch-site': 'cross-site'}, /^Sec-Fetch-Site is "cross-site"/);
test(refuses, {'sec-fetch-site': 'cross-site', origin: 'http://127.0.0.1:8089'}, /^Sec-Fetch-Site is "cross-site"/);
test(refuses, {'sec-fetch-site': 'cross-site'}, /^Sec-Fetch-Site is "cross-site"/, 'GET');
test(refuses, {'sec-fetch-site': 'same-site'}, /^Sec-Fetch-Site is "same-site"/);
test(refuses, {'sec-fetch-site': 'same-origin,cross-site'}, /^Sec-Fetch-Site is/);
test(refuses, {'sec-fetch-site': ''}, /^Sec-Fetch-Site is ""/);

test('the host of a CONNECT is that of its target, this one, or missing', t => {
	const ask = (headers: Record<string, string>) =>
		judge({method: 'CONNECT', authority: 'Web.test:443', headers: new Map(Object.entries(headers))});

	for (const host of ['web.test:443', 'WEB.test:443', 'web.test', '127.0.0.1:8089', 'lb.test']) {
		t.is(ask({host}), undefined, host);
	}
	t.is(ask({}), undefined);
	for (const host of ['', 'evil.test:443', 'web.test:444', 'web.test:443,evil.test', '127.0.0.1', 'web.test.']) {
		t.is(ask({host})?.reason, `the host "${host}" is not that of the target; it has to be "Web.test:443"`);
	}
	t.regex(ask({host: 'web.test:443', origin: 'https://web.test'})?.reason ?? '', /^the origin "https:\/\/web\.test"/);
	t.regex(ask({'sec-fetch-site': 'same-site'})?.reason ?? '', /^Sec-Fetch-Site is "same-site"/);
});

test('a client that takes this port for a proxy of plain HTTP is told what to use', t => {
	const headers = new Map([['host', 'web.test']]);

	t.is(
		judge({method: 'GET', authority: 'web.test', headers})?.reason,
		'the host "web.test" is not this one, and this port is a proxy for CONNECT alone, which is how clients ask for https:. ' +
			'Unset HTTP_PROXY and http_proxy; lb-local status shows the bound port of each HTTP listener',
	);
});

test('without a Host header nobody can be told apart from a page', t => {
	t.regex(judge({method: 'GET', headers: new Map()})?.reason ?? '', /^the request has no Host header; it has to be/);
});

test('an absolute target has to be here as well', t => {
	const headers = new Map([['host', '127.0.0.1:8089']]);

	t.is(judge({method: 'GET', headers, authority: 'localhost:8089'}), undefined);
	t.regex(judge({method: 'GET', headers, authority: 'evil.test'})?.reason ?? '', /^the host "evil.test"/);
	t.regex(
		judge({method: 'GET', headers: new Map([['host', 'evil.test']]), authority: 'localhost:8089'})?.reason ?? '',
		/^the host "evil.test"/,
	);
});

test('on port 80 a host needs no port', t => {
	const onEighty = guard({port: 80, address: '127.0.0.2', names: []});

	t.is(onEighty({method: 'GET', headers: new Map([['host', 'localhost']])}), undefined);
	t.is(onEighty({method: 'GET', headers: new Map([['host', '127.0.0.2:80']])}), undefined);
	t.is(onEighty({method: 'GET', headers: new Map([['host', 'localhost:8089']])})?.status, 403);
});
