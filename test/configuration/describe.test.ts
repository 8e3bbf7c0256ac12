import test from 'ava';
import fc from 'fast-check';
import {formatPath} from '../../src/base/errors.ts';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import {letterOf} from '../../src/configuration/describe-backend.ts';
import {runs} from '../helpers/depth.ts';

function describe(spec: unknown, certificateNames: readonly string[] = []) {
	return describeLoadBalancer(spec, {certificateNames});
}

/** Violations as `path: message (hint)`; none when the description is valid. */
function violations(spec: unknown, certificateNames: readonly string[] = []): string[] {
	const result = describe(spec, certificateNames);
	if ('described' in result) return [];
	return result.violations.map(v => `${formatPath(v.path)}: ${v.message}${v.hint === undefined ? '' : ` (${v.hint})`}`);
}

function described(spec: unknown, certificateNames: readonly string[] = []) {
	const result = describe(spec, certificateNames);
	if ('violations' in result) throw new Error(violations(spec).join('\n'));
	return result.described;
}

test('the smallest description gets every default', t => {
	t.deepEqual(described({listeners: ['https:443 -> http:80']}), {
		name: 'lb',
		source: {name: 'lb', listeners: ['https:443 -> http:80']},
		address: undefined,
		listeners: [
			{
				ports: {protocol: 'https', port: 443, backendProtocol: 'http', backendPort: 80},
				certificate: {kind: 'issue'},
				tls: {minVersion: 'TLSv1.2', ciphers: undefined},
				proxyProtocol: false,
				stickiness: undefined,
				verifyBackend: undefined,
			},
		],
		backends: [],
		healthCheck: {
			protocol: 'tcp',
			port: 80,
			path: '',
			intervalMs: 30_000,
			timeoutMs: 5000,
			healthyThreshold: 10,
			unhealthyThreshold: 2,
		},
		faithfulHealth: false,
		pendingBackends: new Set(),
		internal: false,
		rules: [],
		drainingMs: undefined,
		securedCookies: false,
		accessLog: undefined,
		timeouts: {idleMs: 60_000, headMs: 60_000, connectMs: 5000, handshakeMs: 10_000},
		retry: 'idempotent',
		upgrade: 'tunnel',
		faults: [],
	});
});

test('what is written out takes the place of the defaults', t => {
	const pair = {cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN PRIVATE KEY-----'};
	const spec = {
		name: 'web-1',
		address: '127.0.0.2',
		listeners: [
			{listen: 'https:443 -> https', certificate: 'web', tls: {minVersion: 'TLSv1.3'}, verifyBackend: true},
			{
				listen: 'ssl:1 -> ssl',
				certificate: pair,
				verifyBackend: {ca: pair.cert, servername: 'a.test'},
				proxyProtocol: true,
			},
			{listen: 'https:2 -> https', verifyBackend: false},
		],
		idleTimeout: '2m',
		headTimeout: 1500,
		connectTimeout: '500ms',
		retry: 'never',
		upgrade: 'refuse',
	};

	const {listeners, timeouts, ...rest} = described(spec, ['web']);

	t.like(rest, {name: 'web-1', address: '127.0.0.2', retry: 'never', upgrade: 'refuse'});
	t.like(timeouts, {idleMs: 120_000, headMs: 1500, connectMs: 500});
	t.deepEqual(
		listeners.map(({certificate, verifyBackend}) => ({certificate, verifyBackend})),
		[
			{certificate: {kind: 'named', name: 'web'}, verifyBackend: {ca: 'authority', servername: undefined}},
			{
				certificate: {kind: 'pem', pair: {...pair, chain: undefined}},
				verifyBackend: {ca: pair.cert, servername: 'a.test'},
			},
			{certificate: {kind: 'issue'}, verifyBackend: undefined},
		],
	);
	t.is(listeners[0]?.tls.minVersion, 'TLSv1.3');
	t.true(listeners[1]?.proxyProtocol);
});

test('all faults of all listeners are told together, those of shape and those of sense', t => {
	const spec = {
		listners: [],
		listeners: [
			'htps:443',
			{listen: 'tcp:443', certificate: 'web'},
			5,
			'http:80 -> tcp:80',
			{listen: 'ssl:443'},
			{listen: 'https:0'},
		],
		idleTimeout: 0,
	};

	t.deepEqual(violations(spec, ['web']), [
		'idleTimeout: 0 is not a timeout; allowed are 1 ms to 2147483647 ms',
		'listeners[0]: unknown protocol "htps"; allowed are "http", "https", "tcp" or "ssl" (did you mean "https"?)',
		'listeners[1].certificate: a certificate goes with https and ssl only, not with tcp (tcp passes TLS through to the back-ends, which hold the certificate; to end TLS here, listen on ssl)',
		'listeners[2]: 5 is not a listener; write text such as "https:443 -> http:80", or {listen, certificate, …}',
		'listeners[3]: a listener cannot cross layers: http in front goes with "http" or "https" towards the back-ends, not with "tcp"',
		'listeners[4]: two listeners on port 443: listeners[1] has it already (one port carries one listener; give this one another port)',
		'listeners[5].listen: front port "0" is not a port; allowed are 1 to 65535',
		'listners: unknown key "listners"; allowed are "name", "listeners", "address", "healthCheck", "faithfulHealth", "rules", "draining", "securedCookies", "accessLog", "idleTimeout", "headTimeout", "connectTimeout", "retry", "upgrade", "faults" or "backends" (did you mean "listeners"?)',
	]);
});

/** One listener, one violation. */
const refusesListener = test.macro({
	exec: (t, listener: unknown, violation: string) =>
		t.deepEqual(violations({listeners: [listener]}, ['web', 'partner']), [`listeners[0]${violation}`]),
	title: (_, listener) => `the listener ${JSON.stringify(listener)} is refused`,
});
const NEEDS =
	'the certificate is missing: https needs one; write a name out of `certificates` (leave `certificate` away to have one issued)';
test(refusesListener, {listen: 'https:443', certificate: ''}, `.certificate: ${NEEDS}`);
test(refusesListener, {listen: 'https:443', certificate: '  '}, `.certificate: ${NEEDS}`);
test(
	refusesListener,
	{listen: 'https:443', certificate: null},
	'.certificate: the value is missing; it is a certificate; write a name out of `certificates`, {names} to issue one, or PEM text as {cert, key, chain}',
);
test(
	refusesListener,
	{listen: 'https:443', certificate: 'partnr'},
	'.certificate: no certificate is named "partnr"; there are "web", "partner" (did you mean "partner"?)',
);
test(
	refusesListener,
	{listen: 'https:443', certificate: 'constructor'},
	'.certificate: no certificate is named "constructor"; there are "web", "partner"',
);
test(
	refusesListener,
	{listen: 'https:443', certificate: '-----BEGIN CERTIFICATE-----'},
	'.certificate: a text here is the name of a certificate, and this is PEM (write {cert, key}: a listener needs the private key as well)',
);
test(
	refusesListener,
	{listen: 'ssl:1', certificate: {cert: '-----BEGIN CERTIFICATE-----', key: './a.key'}},
	'.certificate.key: the key is not PEM text of a private key (certificates in files go under `certificates` of a configuration, and are named here)',
);
test(
	refusesListener,
	{listen: 'ssl:1', certificate: {cert: '-----BEGIN CERTIFICATE-----'}},
	'.certificate.key: "key" is missing; it is text',
);
test(
	refusesListener,
	{listen: 'http:80', certificate: 'web'},
	'.certificate: a certificate goes with https and ssl only, not with http (to end TLS here, listen on https)',
);
test(refusesListener, {listen: 'tcp:1', tls: {}}, '.tls: TLS settings go with https and ssl only, not with tcp');
test(
	refusesListener,
	{listen: 'ssl:1', tls: {minVersion: 'TLSv1.4'}},
	'.tls.minVersion: "TLSv1.4" is not a TLS version; allowed are "TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3" (did you mean "TLSv1.1"?)',
);
test(
	refusesListener,
	{listen: 'ssl:1', tls: {ciphers: ' '}},
	'.tls.ciphers: the cipher list is empty (leave it away for ECDHE with AEAD)',
);
test(
	refusesListener,
	{listen: 'ssl:1', tls: {ciphers: 'NOPE'}},
	'.tls.ciphers: "NOPE" is not an OpenSSL cipher list: no cipher matches it',
);
test(
	refusesListener,
	{listen: 'https:1 -> http:2', verifyBackend: true},
	'.verifyBackend: back-ends are verified over https and ssl only, not over http (write https after the arrow of listeners[0].listen)',
);
test(
	refusesListener,
	{listen: 'ssl:1 -> ssl:2', verifyBackend: {ca: './ca.pem'}},
	'.verifyBackend.ca: "./ca.pem" is not PEM text of a certificate (write the text that is in the file)',
);
test(
	refusesListener,
	{listen: 'ssl:1', proxyProtocol: 'true'},
	'.proxyProtocol: "true" is not true or false (leave the quotes away)',
);
test(refusesListener, {listen: 'ssl:1', policies: []}, '.policies: "policies" is not supported yet by this version');
test(refusesListener, {listen: 443}, '.listen: 443 is not a listener; write text such as "https:443 -> http:80"');

test('a private key is never shown, wherever it was written', t => {
	const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----';
	const spec = {
		name: key,
		listeners: [
			key,
			{listen: 'https:1', certificate: key},
			{listen: key},
			{listen: 'ssl:2 -> ssl:2', verifyBackend: {ca: key}},
		],
		backends: [key, {kind: key}],
		address: key,
		[key]: 1,
	};

	const text = violations(spec).join('\n');

	t.false(text.includes('MIGHAgEA'), text);
	t.true(text.includes('(private key)'));
});

test('the rules of one load balancer are told in the words of what is allowed', t => {
	const spec = {
		name: '-web',
		address: '0.0.0.0',
		listeners: [],
		retry: 'nevr',
		upgrade: 1,
		idleTimeout: '60',
		headTimeout: '40000m',
		faults: [{on: 'listener:80', do: {refuse: false}}, 'reset'],
	};

	t.deepEqual(violations(spec), [
		'address: "0.0.0.0" is not a loopback address; allowed are 127.0.0.1 to 127.255.255.255 and ::1 (to listen beyond loopback, set the host of the emulator (--host))',
		'faults[0].do.refuse: false is not true, the only value it takes',
		'faults[1]: "reset" is not a fault rule; write {on, do}, and skip, times, every, direction, path, header or sni',
		'headTimeout: "40000m" is not a timeout; allowed are 1 ms to 2147483647 ms',
		'idleTimeout: "60" is not a duration; write milliseconds as a number, or text such as "500ms", "5s", "2m" or "1h" ("60s" for seconds, "60ms" for milliseconds)',
		'listeners: the list is empty; a load balancer needs at least one listener',
		'name: "-web" is not a load balancer\'s name; allowed are 1 to 32 of A-Z, a-z, 0-9 and "-", no "-" at either end',
		'retry: "nevr" is not a retry policy; allowed are "idempotent" or "never" (did you mean "never"?)',
		'upgrade: 1 is not an upgrade policy; allowed are "tunnel" or "refuse"',
	]);
});

test('a description that is none at all is refused', t => {
	t.deepEqual(violations(undefined), ['(root): undefined is not a load balancer; write {listeners, backends, …}']);
	t.deepEqual(violations({}), ['listeners: "listeners" is missing; it is a list of listeners']);
	t.deepEqual(violations([]), ['(root): a list of 0 is not a load balancer; write {listeners, backends, …}']);
});

function backends(list: unknown) {
	return described({listeners: ['http:80'], backends: list}).backends;
}

test('a number of back-ends is as many echo fakes, called a, b, c, that speak TLS to those who begin it', t => {
	t.deepEqual(
		backends(28)
			.map(({name}) => name)
			.slice(24),
		['y', 'z', 'aa', 'ab'],
	);
	t.deepEqual(backends(1), [{kind: 'fake', name: 'a', behaviour: {kind: 'echo'}, tls: 'detect', proxyProtocol: 'off'}]);
	t.deepEqual(backends(0), []);
});

test('letters go on after z as the columns of a table do', t => {
	t.deepEqual([0, 25, 26, 701, 702].map(letterOf), ['a', 'z', 'aa', 'zz', 'aaa']);
});

test('an address is called by its text, a fake by its own name or by the letter of its position', t => {
	const list = [
		'127.0.0.1:3000',
		{kind: 'echo'},
		{kind: 'reply', name: 'busy', status: 503, tls: true},
		{kind: 'address', host: '::1', ports: {80: 3001}},
		{kind: 'address', host: 'localhost', port: 81, name: 'mine'},
		{kind: 'command', run: 'node server.js'},
		{kind: 'tcp', mode: 'echo', tls: {names: ['*.a.test', '::1'], clientAuth: true}},
	];

	t.deepEqual(backends(list), [
		{kind: 'address', name: '127.0.0.1:3000', host: '127.0.0.1', port: 3000, ports: new Map()},
		{kind: 'fake', name: 'b', behaviour: {kind: 'echo'}, tls: undefined, proxyProtocol: 'off'},
		{
			kind: 'fake',
			name: 'busy',
			behaviour: {kind: 'reply', status: 503},
			tls: {names: undefined, clientAuth: false, clientCa: undefined, defect: undefined},
			proxyProtocol: 'off',
		},
		{kind: 'address', name: '::1', host: '::1', port: undefined, ports: new Map([[80, 3001]])},
		{kind: 'address', name: 'mine', host: 'localhost', port: 81, ports: new Map()},
		{kind: 'command', name: 'f', run: 'node server.js', port: undefined},
		{
			kind: 'fake',
			name: 'g',
			behaviour: {kind: 'tcp', mode: 'echo'},
			tls: {names: ['*.a.test', '::1'], clientAuth: true, clientCa: undefined, defect: undefined},
			proxyProtocol: 'off',
		},
	]);
});

test('handlers and bytes come through as they are', t => {
	const handler = () => undefined;
	const data = new Uint8Array([1, 2]);

	const [first, second, third] = backends([
		{kind: 'handler', handler},
		{kind: 'socket', handler},
		{kind: 'tcp', mode: 'source', data},
	]);

	t.like(first, {behaviour: {kind: 'handler', handler}});
	t.like(second, {behaviour: {kind: 'socket', handler}});
	t.true(third?.kind === 'fake' && 'data' in third.behaviour && third.behaviour.data === data);
});

test('what every fake makes of PROXY headers is described, and is no part of its behaviour', t => {
	const handler = () => undefined;
	const fakes = [
		{kind: 'echo'},
		{kind: 'reply', status: 503},
		{kind: 'handler', handler},
		{kind: 'tcp', mode: 'echo'},
		{kind: 'socket', handler},
	];
	for (const proxyProtocol of ['off', 'accept', 'require']) {
		const list = backends(fakes.map(fake => ({...fake, proxyProtocol})));

		t.deepEqual(
			list.map(described => described.kind === 'fake' && [described.proxyProtocol, described.behaviour]),
			fakes.map(fake => [proxyProtocol, fake]),
		);
	}
});

test('what is no way to treat PROXY headers is told with those that are, and a server of your own has none', t => {
	const list = [
		{kind: 'echo', proxyProtocol: 'requires'},
		{kind: 'tcp', mode: 'echo', proxyProtocol: true},
		{kind: 'reply', proxyProtocl: 'off'},
		{kind: 'command', run: 'node .', proxyProtocol: 'off'},
		{kind: 'address', host: '::1', proxyProtocol: 'accept'},
	];
	const ways = 'a way to treat PROXY headers; allowed are "off", "accept" or "require"';
	const notFake =
		"belongs to fake back-ends; a server of your own reads the header itself, and a listener's proxyProtocol sends it";

	t.deepEqual(violations({listeners: ['http:80'], backends: list}), [
		`backends[0].proxyProtocol: "requires" is not ${ways} (did you mean "require"?)`,
		`backends[1].proxyProtocol: true is not ${ways}`,
		'backends[2].proxyProtocl: unknown key "proxyProtocl"; allowed are "kind", "status", "headers", "body", "delay", "pace", "events", "script", "keepAlive", "tls", "proxyProtocol" or "name" (did you mean "proxyProtocol"?)',
		`backends[3].proxyProtocol: "proxyProtocol" ${notFake}`,
		`backends[4].proxyProtocol: "proxyProtocol" ${notFake}`,
	]);
});

test('every fault of every back-end is told', t => {
	const list = [
		'127.0.0.1:99999',
		{kind: 'ecko'},
		{},
		70_000,
		{kind: 'reply', status: 42, headers: {'a b': 'x', ok: 'a\r\nb'}, delay: 'soon', body: 5},
		{kind: 'tcp', mode: 'sink', data: 'x'},
		{kind: 'command', run: ' '},
		{kind: 'address', host: '127.0.0.1:80', port: 0, ports: {0: 1, 80: 70_000}},
		{kind: 'echo', name: 'a b', tls: {names: ['a b'], defect: 'old'}},
		{kind: 'echo', tls: {names: []}, count: 2},
		{kind: 'handler', handler: 'x'},
		'a.test:1',
		'a.test:1',
	];

	// In two parts, because the first 20 are told.
	const first = list.map((one, index) => (index < 8 ? one : `${index}.test:1`));
	const second = list.map((one, index) => (index < 8 ? `${index}.test:1` : one));
	const found = [first, second].flatMap(backends => violations({listeners: ['http:80'], backends}));
	t.deepEqual(found, [
		'backends[0]: "99999" in "127.0.0.1:99999" is not a port; allowed are 1 to 65535',
		'backends[1].kind: unknown kind "ecko"; allowed are "echo", "reply", "har", "handler", "tcp", "socket", "command" or "address" (did you mean "echo"?)',
		'backends[2].kind: "kind" is missing; allowed are "echo", "reply", "har", "handler", "tcp", "socket", "command" or "address"',
		'backends[3]: 70000 is not the port of a server; allowed are 1 to 65535',
		'backends[4].body: 5 is not text (put it in quotes: "5")',
		'backends[4].delay: "soon" is not a duration; write milliseconds as a number, or text such as "500ms", "5s", "2m" or "1h"',
		'backends[4].headers["a b"]: "a b" is not a header name',
		'backends[4].headers.ok: "a\\r\\nb" is not a header value: no line breaks, Latin-1 only',
		'backends[4].status: 42 is not the status of an answer; allowed are 200 to 599',
		'backends[5].data: data goes with "source" and "banner" only; "sink" sends none of its own',
		'backends[6].run: the command is empty; write what to run',
		'backends[7].host: "127.0.0.1:80" is not a host; write an IP address or a host name (write {host: 127.0.0.1, port: 80})',
		'backends[7].port: 0 is not a port',
		'backends[7].ports["0"]: "0" is not a back-end port; allowed are 1 to 65535',
		'backends[7].ports["80"]: 70000 is not a port',
		'backends[8].name: "a b" is not a back-end\'s name; allowed are 1 to 100 characters without blanks',
		'backends[8].tls.defect: "old" is not a defect of a certificate; allowed are "expired", "not-yet-valid", "wrong-host", "self-signed", "untrusted-ca", "weak-key" or "incomplete-chain"',
		'backends[8].tls.names[0]: "a b" holds white space, which no name may (give each name as an item of its own)',
		'backends[9].count: "count" belongs to the config file; here, list each back-end',
		'backends[9].tls.names: the list is empty; a certificate needs at least one name',
		'backends[10].handler: "x" is not a function',
		'backends[12]: two back-ends are named "a.test:1": backends[11] has the name already (write {kind: "address", name, host, port} to name it yourself)',
	]);
	t.deepEqual(violations({listeners: ['http:80'], backends: 101}), [
		'backends: 101 is not a number of back-ends, 0 to 100 (a server of your own is [101])',
	]);
	t.deepEqual(violations({listeners: ['http:80'], backends: 'a'}), [
		'backends: "a" is not back-ends; write a list, or a number, 0 to 100 (a list of one is ["a"])',
	]);
});

test('a text that is the name of an existing back-end stands for it', t => {
	const [existing] = backends(1);
	const known = new Map([['app', existing === undefined ? [] : [existing]]]);

	const result = describeLoadBalancer(
		{listeners: ['http:80'], backends: ['app', 'other']},
		{certificateNames: [], backends: known},
	);

	t.true('described' in result && result.described.backends[0] === existing);
	t.true('described' in result && result.described.backends[1]?.kind === 'address');
});

test('whatever it is given, it returns, and neither throws nor changes it', t => {
	fc.assert(
		fc.property(fc.anything({withNullPrototype: true, withTypedArray: true}), anything => {
			const before = structuredClone({anything});
			const result = describe({
				listeners: [anything, {listen: anything, tls: anything}],
				backends: anything,
				name: anything,
			});
			t.deepEqual({anything}, before);
			return 'violations' in result || 'described' in result;
		}),
		{numRuns: runs(300, 75)},
	);
});
