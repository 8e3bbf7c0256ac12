import test from 'ava';
import fc from 'fast-check';
import {formatPath} from '../../src/base/errors.ts';
import {describeConfig} from '../../src/configuration/describe-config.ts';
import {EMPTY_INVENTORY} from '../../src/model/inventory.ts';
import {runs} from '../helpers/depth.ts';
import {PEM_CA} from '../helpers/written-samples.ts';

function violations(config: unknown): string[] {
	const result = describeConfig(config);
	if ('config' in result) return [];
	return result.violations.map(v => `${formatPath(v.path)}: ${v.message}${v.hint === undefined ? '' : ` (${v.hint})`}`);
}

function described(config: unknown) {
	const result = describeConfig(config);
	if ('violations' in result) throw new Error(violations(config).join('\n'));
	return result.config;
}

const EMPTY = {
	control: {
		host: '127.0.0.1',
		port: undefined,
		names: [],
		credentials: undefined,
		dialect: undefined,
		strict: false,
		lifecycleMs: 0,
		faithfulHealth: false,
		accessLogs: undefined,
	},
	account: {id: undefined, region: undefined, inventory: EMPTY_INVENTORY},
	vms: new Map(),
	certificates: new Map(),
	backends: new Map(),
	loadBalancers: new Map(),
};

test('nothing at all, an empty configuration and empty sections describe nothing', t => {
	t.deepEqual(described(null), EMPTY);
	t.deepEqual(described(undefined), EMPTY);
	t.deepEqual(described({}), EMPTY);
	t.deepEqual(described({certificates: null, backends: null, loadBalancers: null}), EMPTY);
});

test('a back-end with a count is called by its number, and its name stands for all of them', t => {
	const {backends} = described({backends: {app: {kind: 'echo', count: 2, tls: true}, none: {kind: 'echo', count: 0}}});

	t.deepEqual([...backends.keys()], ['app', 'app-1', 'app-2', 'none']);
	t.deepEqual(
		backends.get('app')?.map(({name}) => name),
		['app-1', 'app-2'],
	);
	t.is(backends.get('app')?.[0], backends.get('app-1')?.[0]);
	t.deepEqual(backends.get('app-1'), [
		{
			kind: 'fake',
			name: 'app-1',
			behaviour: {kind: 'echo'},
			tls: {names: undefined, clientAuth: false, clientCa: undefined, defect: undefined},
			proxyProtocol: 'off',
		},
	]);
	t.deepEqual(backends.get('none'), []);
});

test('a fake may tell TLS from plain text by itself, and a word that is nearly that is refused', t => {
	const {backends} = described({backends: {app: {kind: 'echo', tls: 'detect'}}});
	const wrong = describeConfig({backends: {app: {kind: 'echo', tls: 'detects'}}});

	t.like(backends.get('app')?.[0], {tls: 'detect'});
	t.deepEqual('violations' in wrong ? [...wrong.violations].map(({message}) => message) : [], [
		'"detects" is not TLS of a back-end; write true, false, "detect" or {names, clientAuth, clientCa, defect}',
	]);
});

test('what the TLS of a fake cannot be is told with what it can be', t => {
	const tls = (given: object) => violations({backends: {app: {kind: 'echo', tls: given}}});

	t.deepEqual(tls({defect: 'expird', clientAuth: 'always'}), [
		'backends.app.tls.clientAuth: "always" is not true, false or "require"',
		'backends.app.tls.defect: "expird" is not a defect of a certificate; allowed are "expired", "not-yet-valid", "wrong-host", "self-signed", "untrusted-ca", "weak-key" or "incomplete-chain" (did you mean "expired"?)',
	]);
	t.deepEqual(tls({clientCa: './ca.pem'}), [
		'backends.app.tls.clientCa: "./ca.pem" is not PEM text of a certificate (write the text that is in the file)',
		'backends.app.tls.clientCa: no client is asked for a certificate (write clientAuth: true or "require" beside it)',
	]);
	t.deepEqual(tls({clientAuth: 'require', clientCa: PEM_CA, defect: 'weak-key', names: ['a.test']}), []);
});

test('what a reply, its script and its events cannot be is told with what they can be', t => {
	const reply = (given: object) => violations({backends: {app: {kind: 'reply', ...given}}});

	t.deepEqual(
		reply({
			body: 'x',
			pace: {bytes: 0, every: '1s'},
			events: {send: [], every: 'soon'},
			script: [],
		}),
		[
			'backends.app.events: an answer has a body or events, not both (send the body as an event)',
			'backends.app.events.every: "soon" is not a duration; write milliseconds as a number, or text such as "500ms", "5s", "2m" or "1h"',
			'backends.app.events.send: the list is empty; write at least one event',
			'backends.app.pace: events have their own pace (write events: {every})',
			'backends.app.pace.bytes: 0 is not allowed; write a whole number from 1 on',
			'backends.app.script: the list is empty; a script has at least one answer',
		],
	);
	t.deepEqual(
		reply({
			script: [
				{times: 0, pace: {bandwidth: 1.5}},
				{path: 'pay', status: 99},
				{path: '/a b', delay: '600h', header: {}},
				{events: {send: [{data: 'a', id: '1\n2'}], end: 'never'}, headers: {'Content-Length': '1'}},
				'503',
			],
		}),
		[
			'backends.app.script[0].pace: there is no body to send (write body: beside it)',
			'backends.app.script[0].pace.bandwidth: 1.5 is not allowed; write a whole number from 1 on',
			'backends.app.script[0].times: 0 is not allowed; write a whole number from 1 on',
			'backends.app.script[1].path: no path matches "pay"; a pattern begins with "/" or "*"',
			'backends.app.script[1].status: 99 is not the status of an answer; allowed are 200 to 599',
			'backends.app.script[2].delay: "600h" is too long; allowed are up to 2147483647 ms',
			'backends.app.script[2].header: unknown key "header"; allowed are "status", "headers", "body", "delay", "pace", "events", "times" or "path" (did you mean "headers"?)',
			`backends.app.script[2].path: " " may not stand in the path pattern "/a b"; allowed are letters, digits, _ - . $ / ~ " ' @ : + and the wildcards * and ?`,
			'backends.app.script[3].events.end: "never" is not an end; allowed are "close", "stay" or "repeat"',
			'backends.app.script[3].events.send[0].id: "1\\n2" has a line break or a NUL; the id of an event is one line',
			'backends.app.script[3].headers.Content-Length: a stream of events has no length (leave the header out)',
			'backends.app.script[4]: "503" is not an answer; write {status, body, times}',
		],
	);
	t.deepEqual(reply({pace: {bandwidth: 1}}), ['backends.app.pace: there is no body to send (write body: beside it)']);
	t.deepEqual(reply({body: 'x', pace: {bytes: 1}}), [
		'backends.app.pace.every: "every" is missing; it is a duration; write milliseconds as a number, or text such as "500ms", "5s", "2m" or "1h"',
	]);
	t.deepEqual(reply({body: 'x', script: [{pace: {bytes: 1, every: 1}}, {path: '*'}]}), []);
});

test('addresses, ports by back-end port and commands are read', t => {
	const {backends} = described({
		backends: {
			api: '127.0.0.1:3000',
			many: {host: '127.0.0.1', ports: {80: 3001}},
			plain: '127.0.0.5',
			own: {kind: 'command', run: 'node .', port: 3000},
		},
	});

	t.deepEqual([...backends.values()].flat(), [
		{kind: 'address', name: 'api', host: '127.0.0.1', port: 3000, ports: new Map()},
		{kind: 'address', name: 'many', host: '127.0.0.1', port: undefined, ports: new Map([[80, 3001]])},
		{kind: 'address', name: 'plain', host: '127.0.0.5', port: undefined, ports: new Map()},
		{kind: 'command', name: 'own', run: 'node .', port: 3000},
	]);
});

test('a command with a count runs as often, each on a port of its own', t => {
	const {backends} = described({backends: {app: {kind: 'command', run: 'serve', count: 2}}});

	const one = {kind: 'command', run: 'serve', port: undefined} as const;
	t.deepEqual(backends.get('app'), [
		{...one, name: 'app-1'},
		{...one, name: 'app-2'},
	]);
	t.is(
		described({backends: {app: {kind: 'command', run: 'serve', port: 3000, count: 1}}}).backends.get('app')?.length,
		1,
	);
	const result = describeConfig({backends: {app: {kind: 'command', run: 'serve', port: 3000, count: 2}}});
	t.like('violations' in result ? result.violations[0] : undefined, {
		path: ['backends', 'app', 'port'],
		message: '2 commands cannot listen on one port',
		hint: 'leave it away: each has a free one in PORT',
	});
});

test('a back-end with a count makes the same of PROXY headers everywhere; a server of your own has no say', t => {
	const backends = {app: {kind: 'echo', count: 2, proxyProtocol: 'require'}};

	t.deepEqual(
		described({backends})
			.backends.get('app')
			?.map(backend => backend.kind === 'fake' && backend.proxyProtocol),
		['require', 'require'],
	);
	t.deepEqual(
		violations({
			backends: {
				api: {host: '127.0.0.1', proxyProtocol: 'off'},
				app: {kind: 'reply', proxyProtocol: 'acept'},
				own: {kind: 'command', run: 'node .', proxyProtocol: 'off'},
			},
		}),
		[
			'backends.api.proxyProtocol: "proxyProtocol" belongs to fake back-ends; a server of your own reads the header itself, and a listener\'s proxyProtocol sends it',
			'backends.app.proxyProtocol: "acept" is not a way to treat PROXY headers; allowed are "off", "accept" or "require" (did you mean "accept"?)',
			'backends.own.proxyProtocol: "proxyProtocol" belongs to fake back-ends; a server of your own reads the header itself, and a listener\'s proxyProtocol sends it',
		],
	);
});

test('load balancers get their back-ends in registration order, and none twice', t => {
	const {loadBalancers, backends} = described({
		backends: {app: {kind: 'echo', count: 2}, api: '127.0.0.1:3000'},
		loadBalancers: {
			web: {listeners: ['http:80'], backends: ['api', 'app-2', 'app', 'api']},
			other: {listeners: ['http:80'], backends: ['api']},
			idle: {listeners: ['http:80']},
		},
	});

	t.deepEqual(
		loadBalancers.get('web')?.backends.map(({name}) => name),
		['api', 'app-2', 'app-1'],
	);
	t.is(loadBalancers.get('other')?.backends[0], backends.get('api')?.[0]);
	t.deepEqual(loadBalancers.get('idle')?.backends, []);
});

test('certificates are to be issued, or are paths of files', t => {
	const {certificates, loadBalancers} = described({
		certificates: {
			web: {names: ['web.test']},
			old: {names: ['::1'], key: 'rsa'},
			partner: {cert: './a.crt', key: './a.key'},
		},
		loadBalancers: {web: {listeners: [{listen: 'https:443', certificate: 'partner'}]}},
	});

	t.deepEqual(
		[...certificates],
		[
			['web', {kind: 'issue', names: ['web.test'], key: 'ec'}],
			['old', {kind: 'issue', names: ['::1'], key: 'rsa'}],
			['partner', {kind: 'files', cert: './a.crt', key: './a.key', chain: undefined}],
		],
	);
	t.deepEqual(loadBalancers.get('web')?.listeners[0]?.certificate, {kind: 'named', name: 'partner'});
});

test('every fault of every section is told', t => {
	const config = {
		control: {port: 8089.5, host: '0.0.0.0', names: ['a b'], credentials: {'a b': 's', KEY: ''}, lifecycle: '2h'},
		account: {
			id: '12345',
			region: 'Mars',
			nets: [{id: 'vpc-1'}, {id: 'vpc-0000000a'}, {id: 'vpc-0000000a'}],
			subnets: [{id: 'subnet-0000000a', net: 'vpc-0000000b', subregion: 'eu-west-2a'}],
			publicIps: ['::1'],
			vpcs: [],
		},
		vms: {'i-1': 'app', 'i-0000000a': 'ap', 'i-0000000b': 'b', 'i-0000000c': '1.2.3', 'i-0000000d': 70_000},
		faults: [],
		certificates: {
			web: {names: []},
			p: {cert: ' ', key: '-----BEGIN PRIVATE KEY-----'},
			q: 5,
			'': {names: ['a.test'], key: 'dsa'},
		},
		backends: {
			app: {kind: 'handler', handler: 1},
			b: {kind: 'echo', count: 2},
			'b-1': '127.0.0.1',
			c: {port: 3},
			d: {kind: 'echo', name: 'x', count: 101},
			'e f': '127.0.0.1',
		},
		loadBalancers: {
			web_1: {listeners: []},
			web: {
				name: 'web',
				listeners: ['tcp:1', {listen: 'https:2', certificate: 'wb'}],
				backends: ['d', 'app', 'app-1', 'bb', '127.0.0.1:3000', 3],
			},
			none: null,
		},
	};

	// In parts, because the first 20 are told.
	const {control, account, vms, faults, certificates, backends, loadBalancers} = config;
	const parts = [
		{control, account, faults},
		{vms, backends},
		{certificates, backends, loadBalancers},
	];
	const found = new Set(parts.flatMap(violations));
	const wanted = [
		'account.id: "12345" is not an account; write 12 digits, in quotes',
		'account.nets[0].id: "vpc-1" is not the id of a Net; write vpc-12345678',
		'account.nets[2].id: "vpc-0000000a" stands here twice',
		'account.publicIps[0]: "::1" is not an IPv4 address',
		'account.region: "Mars" is not a Region; write one such as "eu-west-2"',
		'account.subnets[0].net: no Net is named "vpc-0000000b"; there are "vpc-1", "vpc-0000000a" (did you mean "vpc-0000000a"?)',
		'account.vpcs: unknown key "vpcs"; allowed are "id", "region", "subregions", "nets", "subnets", "securityGroups" or "publicIps"',
		'backends.app.kind: unknown kind "handler"; allowed are "echo", "reply", "har", "tcp" or "command"',
		'backends.b-1: the name "b-1" is taken: "b" stands for it as well (a back-end with a count is called by its name, "-" and a number; rename one of the two)',
		'backends.c.host: "host" is missing; it is text',
		'backends.d.count: 101 is not a number of back-ends, 0 to 100',
		'backends.d.name: "name" has no place here: the key above is the name',
		'backends["e f"]: "e f" is not a back-end\'s name; allowed are 1 to 100 characters without blanks',
		'certificates[""]: the name of this certificate is empty',
		'certificates[""].key: "dsa" is not a kind of key; allowed are "ec" or "rsa" (did you mean "rsa"?)',
		'certificates.p.cert: the path is empty; write the path of a PEM file',
		'certificates.p.key: PEM text is not a path; write the path of a PEM file (PEM text itself goes into a listener: {listen, certificate: {cert, key}})',
		'certificates.q: 5 is not a certificate; write {names} to issue one, or {cert, key, chain} with the paths of PEM files',
		'certificates.web.names: the list is empty; a certificate needs at least one name',
		'control.credentials.KEY: the secret key is empty',
		'control.credentials["(hidden)"]: (hidden) is not an access key',
		'control.host: "0.0.0.0" is not an address of loopback; write 127.0.0.1 or ::1 (the control port changes everything, so that nobody else may reach it)',
		'control.lifecycle: "2h" is too long; allowed are up to 60m',
		'control.names[0]: "a b" holds white space, which no name may (give each name as an item of its own)',
		'control.port: 8089.5 is not a port, or 0 for any free one',
		'faults: "faults" has no place here: it goes into a load balancer',
		'loadBalancers.none: the value is missing; it is a load balancer; write {listeners, backends, …}',
		'loadBalancers.web.backends[3]: no back-end is named "bb"; there are "app", "b", "b-1", "b-2", "c", "d", "e f" (did you mean "b"?)',
		'loadBalancers.web.backends[4]: no back-end is named "127.0.0.1:3000"; there are "app", "b", "b-1", "b-2", "c", "d", "e f" (give the address a name under `backends`, and use the name here)',
		'loadBalancers.web.backends[5]: 3 is not the name of a back-end (give the address a name under `backends`, and use the name here)',
		'loadBalancers.web.listeners[1].certificate: no certificate is named "wb"; there are "web", "p", "q", "" (did you mean "web"?)',
		'loadBalancers.web.name: "name" has no place here: the key above is the name',
		'loadBalancers.web_1: "web_1" is not a load balancer\'s name; allowed are 1 to 32 of A-Z, a-z, 0-9 and "-", no "-" at either end',
		'loadBalancers.web_1.listeners: the list is empty; a load balancer needs at least one listener',
		'vms.i-0000000a: "ap" is neither a name out of `backends` nor an address such as "127.0.0.1:3000" (did you mean "app"?)',
		'vms.i-0000000b: "b" stands for 2 back-ends, and a VM is one (did you mean "b-1"?)',
		'vms.i-0000000c: "1.2.3" is neither a name out of `backends` nor an address such as "127.0.0.1:3000"',
		'vms.i-0000000d: 70000 is not the port of a server; allowed are 1 to 65535',
		'vms.i-1: "i-1" is not the id of a VM; write "i-" and 8 hexadecimal digits, such as "i-0000000a"',
	];
	t.deepEqual([...found].sort(), wanted.sort());
});

test('international names are taken in their ASCII form wherever names stand', t => {
	const name = 'münchen.test';
	const ascii = 'xn--mnchen-3ya.test';
	const ca = '-----BEGIN CERTIFICATE-----';
	const read = described({
		control: {names: [name]},
		certificates: {web: {names: [name, `*.${name}`]}},
		backends: {app: {kind: 'echo', tls: {names: [name]}}, own: `${name}:3000`, other: {host: name}},
		vms: {'i-0000000a': `${name}:3001`},
		loadBalancers: {
			web: {
				listeners: [{listen: 'https:443 -> https:443', verifyBackend: {ca, servername: name}}],
				backends: ['app'],
				rules: [{priority: 1, host: `*.${name}`, to: ['app']}],
			},
		},
	});

	t.deepEqual(read.control.names, [ascii]);
	t.like(read.certificates.get('web'), {names: [ascii, `*.${ascii}`]});
	t.like(read.backends.get('app')?.[0], {tls: {names: [ascii]}});
	t.like(read.backends.get('own')?.[0], {name: 'own', host: ascii});
	t.like(read.backends.get('other')?.[0], {host: ascii});
	t.like(read.vms.get('i-0000000a'), {host: ascii});
	const {listeners, rules} = read.loadBalancers.get('web') ?? {};
	t.like(listeners?.[0]?.verifyBackend, {servername: ascii});
	t.is(rules?.[0]?.host, `*.${ascii}`);
});

test('one judge of names tells the same wherever names stand', t => {
	const names = ['*.test', 'web.test.', 'https://web.test/'];
	const told = ['matches nothing', 'ends with a dot', 'is more than a name'];

	const found = violations({
		certificates: {web: {names}},
		backends: {app: {kind: 'echo', tls: {names}}},
		control: {names: ['*.web.test']},
		loadBalancers: {
			web: {listeners: [{listen: 'https:443 -> https:443', verifyBackend: {ca: '-----BEGIN ', servername: 'a b'}}]},
		},
	});

	t.deepEqual(
		found.map(each =>
			/^(.*?): ".*?" (.*?)(?:[:;(]|$)/
				.exec(each)
				?.slice(1)
				.map(part => part.trim()),
		),
		[
			...told.map((what, index) => [`backends.app.tls.names[${index}]`, what]),
			...told.map((what, index) => [`certificates.web.names[${index}]`, what]),
			['control.names[0]', 'is not a host name'],
			['loadBalancers.web.listeners[0].verifyBackend.servername', 'is not a host name'],
		],
	);
});

test('in code a plain number is milliseconds', t => {
	const {loadBalancers} = described({loadBalancers: {web: {listeners: ['http:80'], idleTimeout: 1500, draining: 20}}});

	t.like(loadBalancers.get('web'), {drainingMs: 20, timeouts: {idleMs: 1500}});
	t.deepEqual(violations({control: {lifecycle: '60'}}), [
		'control.lifecycle: "60" is not a duration; write milliseconds as a number, or text such as "500ms", "5s", "2m" or "1h" ("60s" for seconds, "60ms" for milliseconds)',
	]);
});

test('names that objects inherit are names like any other', t => {
	const config: unknown = JSON.parse(
		'{"backends": {"__proto__": "127.0.0.1:1", "constructor": "127.0.0.1:2"}, "loadBalancers": {"toString": {"listeners": ["http:80"], "backends": ["__proto__", "constructor"]}}}',
	);

	const {loadBalancers} = described(config);

	t.deepEqual(
		loadBalancers.get('toString')?.backends.map(({name}) => name),
		['__proto__', 'constructor'],
	);
	t.is(({} as {polluted?: unknown}).polluted, undefined);
	t.deepEqual(violations({loadBalancers: {web: {listeners: ['http:80'], backends: ['valueOf']}}}), [
		'loadBalancers.web.backends[0]: no back-end is named "valueOf"; there are none',
	]);
});

test('whatever it is given, it returns and does not throw', t => {
	const result = fc.check(
		fc.property(
			fc.anything({withNullPrototype: true}).filter(value => value !== undefined),
			anything => {
				const whole = describeConfig(anything);
				const parts = describeConfig({
					backends: {a: anything},
					certificates: {c: anything},
					loadBalancers: {b: anything},
				});
				return ['violations' in whole, 'config' in whole].includes(true) && 'violations' in parts;
			},
		),
		{numRuns: runs(300, 75)},
	);

	t.false(result.failed, `seed ${result.seed}: ${JSON.stringify(result.counterexample)}`);
});
