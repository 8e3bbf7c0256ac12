import {createHash} from 'node:crypto';
import test from 'ava';
import {AwsV4Signer} from 'aws4fetch';
import type {ApiRequest} from '../../src/control-plane/dialect.ts';
import {authenticator, type DenialCode} from '../../src/control-plane/signature.ts';
import {asOscCli, asOscCliGet, asPythonSdk, authorizationOf, type SentRequest} from './helpers/cloud-signers.ts';

const ACCESS_KEY = 'AKIDEXAMPLE';
const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const CREDENTIALS = new Map([
	[ACCESS_KEY, SECRET_KEY],
	['dev@example.com', 'correct: horse'],
]);
const DATE = '20260801T120000Z';
const NOW = Date.parse('2026-08-01T12:00:00Z');
const CALL = {
	accessKey: ACCESS_KEY,
	secretKey: SECRET_KEY,
	action: 'ReadLoadBalancers',
	host: '127.0.0.1:8089',
	date: DATE,
	body: '{"Filters":{"LoadBalancerNames":["web"]}}',
};

function received({path, query, method = 'POST', headers, body}: SentRequest): ApiRequest {
	return {
		method,
		path,
		...(query === undefined ? {} : {query}),
		headers: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
		body: Buffer.from(body),
	};
}

/** The verdict on a request at the moment it was signed: `ok`, or why not. */
function verdict(request: ApiRequest, nowMs = NOW): string {
	return authenticator(CREDENTIALS, {nowMs: () => nowMs})(request)?.reason ?? 'ok';
}

async function asJavaScriptSdk(secretKey = SECRET_KEY): Promise<ApiRequest> {
	const signer = new AwsV4Signer({
		url: `http://${CALL.host}/api/v1/ReadLoadBalancers`,
		method: 'POST',
		headers: {'Content-Type': 'application/json'},
		body: CALL.body,
		accessKeyId: ACCESS_KEY,
		secretAccessKey: secretKey,
		region: 'eu-west-2',
		service: 'api',
		datetime: DATE,
	});
	const {headers} = await signer.sign();
	// The client library adds the host when it sends.
	return received({
		path: '/api/v1/ReadLoadBalancers',
		headers: {...Object.fromEntries(headers), host: CALL.host},
		body: CALL.body,
	});
}

/** The AWS Signature Version 4 test suite: its requests, and the signatures that it publishes for them. */
const vector = test.macro({
	exec(
		t,
		given: {method: string; query?: string; headers?: Record<string, string>; body?: string},
		signed: string,
		signature: string,
	) {
		const request = received({
			path: '/',
			body: '',
			...given,
			headers: {
				Host: 'example.amazonaws.com',
				'X-Amz-Date': '20150830T123600Z',
				...given.headers,
				Authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signed}, Signature=${signature}`,
			},
		});
		const signedAt = Date.parse('2015-08-30T12:36:00Z');

		t.is(verdict(request, signedAt), 'ok');
		t.regex(verdict({...request, method: 'PUT'}, signedAt), /^the signature does not match/);
	},
	title: name => `the published test vector ${name} verifies`,
});
test(
	'get-vanilla',
	vector,
	{method: 'GET'},
	'host;x-amz-date',
	'5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
);
test(
	'post-vanilla',
	vector,
	{method: 'POST'},
	'host;x-amz-date',
	'5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
);
test(
	'post-x-www-form-urlencoded',
	vector,
	{method: 'POST', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: 'Param1=value1'},
	'content-type;host;x-amz-date',
	'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
);
test(
	'get-vanilla-query-order-key-case',
	vector,
	{method: 'GET', query: 'Param2=value2&Param1=value1'},
	'host;x-amz-date',
	'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
);
test(
	'get-header-value-trim',
	vector,
	{method: 'GET', headers: {'My-Header1': ' value1', 'My-Header2': ' "a   b   c"'}},
	'host;my-header1;my-header2;x-amz-date',
	'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
);

test('what osc-sdk-js signs verifies, and no other secret does', async t => {
	t.is(verdict(await asJavaScriptSdk()), 'ok');
	t.is(
		verdict(await asJavaScriptSdk('another')),
		'the signature does not match: the secret key of "AKIDEXAMPLE" is another, or the request was changed after it was signed',
	);
});

for (const [name, sign] of [
	['osc-cli', asOscCli],
	['osc-sdk-python', asPythonSdk],
	['osc-cli by GET', asOscCliGet],
] as const) {
	test(`what ${name} signs verifies, and nothing else does`, t => {
		const request = received(sign(CALL));

		t.is(verdict(request), 'ok');
		t.regex(verdict({...request, body: Buffer.from('{}')}), /^the signature does not match/);
		t.regex(verdict({...request, path: '/api/v1/DeleteLoadBalancer'}), /^the signature does not match/);
		t.regex(verdict(received(sign({...CALL, secretKey: 'another'}))), /^the signature does not match/);
		t.regex(verdict(received(sign({...CALL, accessKey: 'NOBODY'}))), /^the access key "NOBODY" is not among/);
	});
}

for (const service of ['elasticloadbalancing', 'iam', 'lbu', 'eim']) {
	for (const method of ['POST', 'GET']) {
		test(`what an AWS client signs for ${service} by ${method} verifies, and nothing else does`, async t => {
			const form =
				'Version=2012-06-01&Action=DescribeTags&LoadBalancerNames.member.10=b%2Bc&LoadBalancerNames.member.2=a';
			const isPost = method === 'POST';
			const signer = new AwsV4Signer({
				url: `http://${CALL.host}/${isPost ? '' : `?${form}`}`,
				method,
				...(isPost ? {headers: {'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8'}, body: form} : {}),
				accessKeyId: ACCESS_KEY,
				secretAccessKey: SECRET_KEY,
				region: 'us-east-1',
				service,
				datetime: DATE,
			});
			const {headers} = await signer.sign();
			const request = received({
				path: '/',
				method,
				...(isPost ? {} : {query: form}),
				headers: {...Object.fromEntries(headers), host: CALL.host},
				body: isPost ? form : '',
			});
			const changed = form.replace('DescribeTags', 'RemoveTags');

			t.is(verdict(request), 'ok');
			t.regex(
				verdict(isPost ? {...request, body: Buffer.from(changed)} : {...request, query: changed}),
				/^the signature does not match/,
			);
		});
	}
}

test('any region and service in the scope are taken', t => {
	// What curl guesses from 127.0.0.1.
	const signed = [
		['host', CALL.host],
		['x-amz-date', DATE],
	] as const;
	const authorization = authorizationOf(
		{prefix: 'AWS4', region: '0', service: '127', signed, canonicalUri: '/api/v1/ReadVms'},
		CALL,
	);
	const headers = {Host: CALL.host, 'X-AMZ-DATE': DATE, Authorization: authorization};

	t.is(verdict(received({path: '/api/v1/ReadVms', headers, body: CALL.body})), 'ok');
});

test('a path that was escaped once more before it was signed verifies, as AWS asks for', t => {
	const path = '/api/v1/Read%20Vms';
	const signed = [
		['host', CALL.host],
		['x-amz-date', DATE],
	] as const;
	const authorization = authorizationOf(
		{prefix: 'AWS4', region: 'eu-west-2', service: 'api', signed, canonicalUri: '/api/v1/Read%2520Vms'},
		CALL,
	);
	const headers = {Host: CALL.host, 'X-Amz-Date': DATE, Authorization: authorization};

	t.is(verdict(received({path, headers, body: CALL.body})), 'ok');
});

test('an unsigned request is refused', t => {
	t.is(
		verdict(received({path: '/api/v1/ReadVms', headers: {Host: CALL.host}, body: ''})),
		'the request has no Authorization header; credentials are configured, so it has to be signed',
	);
});

test('a signature is good for fifteen minutes either way', t => {
	const request = received(asPythonSdk(CALL));

	t.is(verdict(request, NOW + 900_000), 'ok');
	t.is(verdict(request, NOW - 900_000), 'ok');
	t.is(
		verdict(request, NOW + 901_000),
		"the request was signed at 20260801T120000Z, 901 s from this machine's time; at most 900 s are allowed",
	);
	t.regex(verdict(request, NOW - 901_000), /901 s from this machine's time/);
	t.regex(verdict(request, Number.NaN), /at most 900 s are allowed$/);
});

test('a hash of the payload has to be true, and of the payload', async t => {
	const request = await asJavaScriptSdk();
	const saying = (value: string) =>
		verdict({...request, headers: new Map([...request.headers, ['x-amz-content-sha256', value]])});
	const ofNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

	t.is(saying(createHash('sha256').update(CALL.body).digest('hex')), 'ok');
	t.is(saying(ofNothing), 'x-amz-content-sha256 is not the hash of the body');
	t.is(
		saying('UNSIGNED-PAYLOAD'),
		'x-amz-content-sha256 is "UNSIGNED-PAYLOAD"; the body has to be signed, so it has to be its SHA-256 in hexadecimal',
	);
});

test('login and password are verified too', t => {
	const basic = (text: string) =>
		verdict(
			received({
				path: '/api/v1/ReadVms',
				headers: {Host: CALL.host, Authorization: `Basic ${Buffer.from(text).toString('base64')}`},
				body: '',
			}),
		);

	t.is(basic('dev@example.com:correct: horse'), 'ok');
	t.is(
		basic('dev@example.com:wrong'),
		'the login "dev@example.com" and the password do not belong to any configured credentials',
	);
	t.is(basic('nobody:x'), 'the login "nobody" and the password do not belong to any configured credentials');
	t.is(basic('nothing'), 'the basic credentials are malformed; they have to be login:password in base64');
});

test('without credentials everybody is let in, with none of them nobody', t => {
	const request = received({path: '/api/v1/ReadVms', headers: {Host: CALL.host}, body: ''});

	t.is(authenticator(undefined)(request), undefined);
	t.regex(authenticator(new Map())(received(asOscCli(CALL)))?.reason ?? '', /^the access key "AKIDEXAMPLE" is not/);
});

test('bad white space around the = of a part of the header is no part of it [RFC 9110 11.4, 5.6.3]', t => {
	const request = received(asOscCli(CALL));
	const spaced = (request.headers.get('authorization') ?? '').replaceAll(
		/(Credential|SignedHeaders|Signature)=/g,
		'$1 =\t',
	);
	const headers = new Map([...request.headers, ['authorization', spaced] as const]);

	t.true(spaced.includes('Signature =\t'));
	t.is(verdict({...request, headers}), 'ok');
});

/** Each is put in place of a good header; each is refused with a reason that says what is wrong. */
const good = received(asOscCli(CALL)).headers.get('authorization') ?? '';
const signature = /Signature=(\w+)/.exec(good)?.[1] ?? '';
const BROKEN: readonly (readonly [given: string, reason: RegExp])[] = [
	['', /begins with ""; allowed are AWS4-HMAC-SHA256, OSC4-HMAC-SHA256 and Basic/],
	['Bearer abc', /begins with "Bearer"/],
	['AWS4-ECDSA-P256-SHA256 Credential=a', /begins with "AWS4-ECDSA-P256-SHA256"/],
	['osc4-hmac-sha256 Credential=a', /begins with "osc4-hmac-sha256"/],
	['OSC4-HMAC-SHA256', /is malformed; it has to be OSC4-HMAC-SHA256 Credential=/],
	['OSC4-HMAC-SHA256 ,,,', /is malformed/],
	[good.replace(/, Signature=.*/, ''), /is malformed/],
	[good.replace(/SignedHeaders=[^,]*, /, ''), /is malformed/],
	[`${good}, Signature=${signature}`, /is malformed/],
	[`${good},${good}`, /is malformed/],
	[`${good}, Extra=1`, /is malformed/],
	[good.replace(/Signature=.*/, 'Signature='), /is malformed/],
	[good.replace(signature, 'abc'), /has to be 64 hexadecimal digits/],
	[good.replace(signature, 'z'.repeat(64)), /has to be 64 hexadecimal digits/],
	[good.replace(signature, '0'.repeat(64)), /^the signature does not match/],
	[good.replace('host;', ';'), /is no list of header names/],
	[good.replace('host;', 'a b;'), /is malformed/],
	[good.replace('host;', 'host;Host;'), /names a header twice/],
	[good.replace('host;', 'host;host;'.repeat(500)), /names a header twice/],
	[good.replace('host;', ''), /has to cover the header host/],
	[good.replace('host;', 'host;x-absent;'), /covers the header "x-absent", which the request does not have/],
	[good.replace('osc4_request', 'aws4_request'), /is malformed; with OSC4-HMAC-SHA256 it has to be .*osc4_request$/],
	[good.replace('/api/', '/'), /is malformed; with/],
	[good.replace('/20260801/', '/2026-08-01/'), /is malformed; with/],
	[good.replace('/20260801/', '/20260802/'), /the date 20260801T120000Z is not of the day 20260802/],
	[good.replace('AKIDEXAMPLE/', '/'), /is malformed; with/],
	[good.replace('AKIDEXAMPLE', '__proto__'), /the access key "__proto__" is not among/],
	[good.replace('OSC4-', 'AWS4-').replace('osc4_', 'aws4_'), /^the signature does not match/],
	['Basic', /basic credentials are malformed/],
	['Basic !!!', /basic credentials are malformed/],
	[`Basic ${Buffer.from(':password').toString('base64')}`, /basic credentials are malformed/],
	[`${good.slice(0, 40)}${'a'.repeat(10_000)}`, /is malformed/],
];

for (const [index, [given, reason]] of BROKEN.entries()) {
	test(`a broken Authorization header is refused with a reason: ${index + 1}`, t => {
		const request = received(asOscCli(CALL));

		t.regex(verdict({...request, headers: new Map([...request.headers, ['authorization', given]])}), reason);
	});
}

test('without a date, or with one that is none, it is refused', t => {
	const request = received(asOscCli(CALL));
	const dated = (value: string) => verdict({...request, headers: new Map([...request.headers, ['x-osc-date', value]])});
	const {'X-Osc-Date': _, ...undated} = asOscCli(CALL).headers;

	t.regex(verdict(received({...asOscCli(CALL), headers: undated})), /^the request has no date; x-osc-date has to be/);
	t.regex(dated('2026-08-01T12:00:00Z'), /^the request has no date/);
	t.regex(dated('20261301T120000Z'), /^the request has no date/);
});

/** Each is a request of osc-cli with something wrong in it, and what that is called. */
const sent = received(asOscCli(CALL));
const withHeader = (name: string, value: string): ApiRequest => ({
	...sent,
	headers: new Map([...sent.headers, [name, value]]),
});
const basic = (text: string) => withHeader('authorization', `Basic ${Buffer.from(text).toString('base64')}`);
for (const [index, [code, request, nowMs = NOW]] of (
	[
		['NOT_SIGNED', {...sent, headers: new Map([['host', CALL.host]])}],
		['SIGNATURE_MALFORMED', withHeader('authorization', 'Bearer x')],
		['ACCESS_KEY_UNKNOWN', withHeader('authorization', good.replace('AKIDEXAMPLE', 'AKIDOTHER'))],
		['ACCESS_KEY_UNKNOWN', basic('nobody:x')],
		['ACCESS_KEY_UNKNOWN', basic('dev@example.com:wrong')],
		['SIGNATURE_MISMATCH', {...sent, body: Buffer.from('{}')}],
		['SIGNATURE_MISMATCH', withHeader('x-amz-content-sha256', '0'.repeat(64))],
		['SIGNATURE_MISMATCH', withHeader('authorization', good.replace('/20260801/', '/20260802/'))],
		['SIGNATURE_MISMATCH', withHeader('authorization', good.replace('host;', ''))],
		['SIGNATURE_MISMATCH', withHeader('authorization', good.replace('host;', 'host;x-absent;'))],
		['SIGNING_DATE_MISSING', withHeader('x-osc-date', '')],
		['SIGNING_DATE_UNREADABLE', withHeader('x-osc-date', 'today')],
		['REQUEST_EXPIRED', sent, NOW + 901_000],
		['REQUEST_EARLY', sent, NOW - 901_000],
	] as readonly (readonly [DenialCode, ApiRequest, number?])[]
).entries()) {
	test(`why a request is refused has a code: ${code}, ${index + 1}`, t => {
		t.is(authenticator(CREDENTIALS, {nowMs: () => nowMs})(request)?.code, code);
	});
}

test('times that are too far apart are told as they are written', t => {
	t.like(authenticator(CREDENTIALS, {nowMs: () => NOW + 86_400_000})(sent), {
		subject: DATE,
		of: '20260802T120000Z',
	});
});

test('where signatures of the future are taken, they are verified all the same', t => {
	const authenticate = authenticator(CREDENTIALS, {nowMs: () => NOW - 86_400_000, takesFuture: true});

	t.is(authenticate(sent), undefined);
	t.is(authenticate({...sent, body: Buffer.from('{}')})?.code, 'SIGNATURE_MISMATCH');
	t.is(authenticator(CREDENTIALS, {nowMs: () => NOW + 901_000, takesFuture: true})(sent)?.code, 'REQUEST_EXPIRED');
});

test('a request is verified once: what was found stays, whatever time it is by then', async t => {
	let nowMs = NOW;
	let asked = 0;
	const authenticate = authenticator(CREDENTIALS, {
		nowMs: () => {
			asked++;
			return nowMs;
		},
	});
	const good = await asJavaScriptSdk();
	const bad = await asJavaScriptSdk('another');

	t.is(authenticate(good), undefined);
	t.is(authenticate(bad)?.code, 'SIGNATURE_MISMATCH');
	nowMs += 3_600_000;
	t.is(authenticate(good), undefined);
	t.is(authenticate(bad)?.code, 'SIGNATURE_MISMATCH');
	t.is(asked, 2);
	t.is(authenticate(await asJavaScriptSdk())?.code, 'REQUEST_EXPIRED');
});
