import test from 'ava';
import type {EmulatorError} from '../../src/base/errors.ts';
import {createAuthority} from '../../src/certificates/authority.ts';
import {STARTER_CONFIG} from '../../src/cli/starter-config.ts';
import {readConfigText} from '../../src/configuration/config-file.ts';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import {describeConfig} from '../../src/configuration/describe-config.ts';

// Each hint is given, carried out, and then there is no fault left. Not here, because they say why and not what to do:
// "cookies are read where requests are", "hosts and paths are read where requests are", "the rule with the highest
// number is tried first", "priorities are unique", "the control port changes everything".

/** The hints that a description gives, and the faults that are left when what they ask for has been done. */
const describe = (spec: unknown) => describeLoadBalancer(spec, {certificateNames: ['web']});
const hintsOf = (result: object) =>
	'violations' in result ? [...(result.violations as {hint?: string}[])].map(({hint}) => hint) : [];

const ofLoadBalancer = test.macro({
	exec(t, wrong: object, hint: string, ...rights: object[]) {
		t.deepEqual(hintsOf(describe({listeners: ['http:80'], ...wrong})), [hint]);
		for (const right of rights) {
			t.deepEqual(hintsOf(describe({listeners: ['http:80'], ...right})), []);
			t.true('described' in describe({listeners: ['http:80'], ...right}));
		}
	},
	title: (_, wrong) => `the hint on ${JSON.stringify(wrong)} works`,
});
test(ofLoadBalancer, {backends: 3000}, 'a server of your own is [3000]', {backends: [3000]});
test(ofLoadBalancer, {backends: '3000'}, 'a list of one is ["3000"]', {backends: ['3000']});
test(ofLoadBalancer, {backends: [':3000']}, 'did you mean "127.0.0.1:3000"?', {backends: ['127.0.0.1:3000']});
test(ofLoadBalancer, {backends: ['http://a.test:1/x']}, 'did you mean "a.test:1"?', {backends: ['a.test:1']});
test(ofLoadBalancer, {listeners: 'http:80'}, 'a list of one is ["http:80"]', {listeners: ['http:80']});
test(ofLoadBalancer, {listeners: ['htps:443']}, 'did you mean "https"?', {listeners: ['https:443']});
test(ofLoadBalancer, {retry: 'nevr'}, 'did you mean "never"?', {retry: 'never'});
test(ofLoadBalancer, {nam: 'web'}, 'did you mean "name"?', {name: 'web'});
test(ofLoadBalancer, {name: 5}, 'put it in quotes: "5"', {name: '5'});
test(ofLoadBalancer, {securedCookies: 'true'}, 'leave the quotes away', {securedCookies: true});
test(ofLoadBalancer, {address: 'localhost'}, 'did you mean "127.0.0.1"?', {address: '127.0.0.1'});
test(ofLoadBalancer, {backends: [{kind: 'address', host: '127.0.0.1:80'}]}, 'write {host: 127.0.0.1, port: 80}', {
	backends: [{kind: 'address', host: '127.0.0.1', port: 80}],
});
test(ofLoadBalancer, {backends: ['3000', 3000]}, 'write {kind: "address", name, host, port} to name it yourself', {
	backends: ['3000', {kind: 'address', name: 'other', host: '127.0.0.1', port: 3000}],
});
test(ofLoadBalancer, {backends: ['a.test', {kind: 'echo', name: 'a.test'}]}, 'give this one another name', {
	backends: ['a.test', {kind: 'echo', name: 'b'}],
});
test(
	ofLoadBalancer,
	{listeners: [{listen: 'https:443', certificate: ''}]},
	'leave `certificate` away to have one issued',
	{listeners: [{listen: 'https:443'}]},
);
test(ofLoadBalancer, {listeners: [{listen: 'https:443', certificate: 'wb'}]}, 'did you mean "web"?', {
	listeners: [{listen: 'https:443', certificate: 'web'}],
});
test(
	ofLoadBalancer,
	{listeners: [{listen: 'tcp:443', certificate: 'web'}]},
	'tcp passes TLS through to the back-ends, which hold the certificate; to end TLS here, listen on ssl',
	{listeners: [{listen: 'ssl:443', certificate: 'web'}]},
);

test(ofLoadBalancer, {listeners: ['http:80', 'tcp:80']}, 'one port carries one listener; give this one another port', {
	listeners: ['http:80', 'tcp:81'],
});
test(
	ofLoadBalancer,
	{idleTimeout: '5'},
	'"5s" for seconds, "5ms" for milliseconds',
	{idleTimeout: '5s'},
	{idleTimeout: '5ms'},
);
test(ofLoadBalancer, {backends: [{kind: 'ecco'}]}, 'did you mean "echo"?', {backends: [{kind: 'echo'}]});
test(ofLoadBalancer, {backends: [{kind: 'tcp', mode: 'snk'}]}, 'did you mean "sink"?', {
	backends: [{kind: 'tcp', mode: 'sink'}],
});
test(ofLoadBalancer, {backends: [{kind: 'address', host: '[::1]:80'}]}, 'write {host: ::1, port: 80}', {
	backends: [{kind: 'address', host: '::1', port: 80}],
});
test(ofLoadBalancer, {accessLog: 'logs/'}, 'write {folder} for objects in a folder', {accessLog: {folder: 'logs/'}});
test(ofLoadBalancer, {accessLog: {folder: 'logs', interval: '6m'}}, 'did you mean "5m"?', {
	accessLog: {folder: 'logs', interval: '5m'},
});

const listener = (one: object) => ({listeners: [{listen: 'https:443 -> http:80', ...one}]});
test(
	ofLoadBalancer,
	listener({listen: 'http:80', certificate: 'web'}),
	'to end TLS here, listen on https',
	listener({listen: 'https:80', certificate: 'web'}),
);
const {cert, key} = createAuthority().issue({names: ['web.test']});
test(
	ofLoadBalancer,
	listener({certificate: cert}),
	'write {cert, key}: a listener needs the private key as well',
	listener({certificate: {cert, key}}),
);
test(ofLoadBalancer, listener({tls: {ciphers: ' '}}), 'leave it away for ECDHE with AEAD', listener({tls: {}}));
test(
	ofLoadBalancer,
	listener({listen: 'https:443 -> http:80', verifyBackend: true}),
	'write https after the arrow of listeners[0].listen',
	listener({listen: 'https:443 -> https', verifyBackend: true}),
);
test(
	ofLoadBalancer,
	listener({listen: 'ssl:443 -> tcp', verifyBackend: true}),
	'write ssl after the arrow of listeners[0].listen',
	listener({listen: 'ssl:443 -> ssl', verifyBackend: true}),
);
test(
	ofLoadBalancer,
	listener({listen: 'https:443 -> https', verifyBackend: {ca: 'ca.pem'}}),
	'write the text that is in the file',
	listener({listen: 'https:443 -> https', verifyBackend: {ca: cert}}),
);

const tls = (ciphers: string, minVersion?: string) =>
	listener({tls: {ciphers, ...(minVersion === undefined ? {} : {minVersion})}});
const GCM = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'] as const;
test(
	ofLoadBalancer,
	tls('ECDHE:@SECLEVEL=4'),
	'allowed are @SECLEVEL=0 to @SECLEVEL=3',
	...[0, 1, 2, 3].map(level => tls(`ECDHE:@SECLEVEL=${level}`)),
);
test(
	ofLoadBalancer,
	tls('ECDHE:@SECLEVEL=1', 'TLSv1'),
	'leave @SECLEVEL away, or write minVersion: TLSv1.2',
	tls('ECDHE', 'TLSv1'),
	tls('ECDHE:@SECLEVEL=1', 'TLSv1.2'),
);
test(
	ofLoadBalancer,
	tls('PSK-AES128-GCM-SHA256'),
	`name some that do, such as ${GCM.join(' or ')}`,
	...GCM.map(cipher => tls(cipher)),
);
for (const [minVersion, cipher, wrong, other] of [
	['TLSv1', 'ECDHE-ECDSA-AES128-SHA', GCM[0], 'TLSv1.2'],
	['TLSv1.1', 'ECDHE-ECDSA-AES128-SHA', GCM[0], 'TLSv1.2'],
	['TLSv1.2', GCM[0], 'TLS_AES_128_GCM_SHA256', 'TLSv1.3'],
	['TLSv1.3', 'TLS_AES_128_GCM_SHA256', GCM[0], 'TLSv1.2'],
] as const) {
	test(
		ofLoadBalancer,
		tls(wrong, minVersion),
		`name one, such as ${cipher}, or write another minVersion`,
		tls(cipher, minVersion),
		tls(`${wrong}:${cipher}`, minVersion),
		tls(wrong, other),
	);
}

const stickiness = (policy: object) => listener({stickiness: policy});
test(
	ofLoadBalancer,
	stickiness({cookie: 'AWSELB'}),
	'give the name of the cookie that the application sets',
	stickiness({cookie: 'session'}),
);
test(
	ofLoadBalancer,
	stickiness({seconds: 0}),
	"leave it away, or write 1, for the browser's session",
	stickiness({}),
	stickiness({seconds: 1}),
);

const rule = (one: object) => ({backends: [{kind: 'echo', name: 'api'}], rules: [{priority: 1, to: ['api'], ...one}]});
test(
	ofLoadBalancer,
	rule({host: 'web.test:80'}),
	'leave the port away: hosts are compared without it',
	rule({host: 'web.test'}),
);
test(ofLoadBalancer, rule({host: 'web.test/api'}), 'a path goes into `path`', rule({host: 'web.test', path: '/api'}));
test(ofLoadBalancer, rule({path: '/', to: ['ap']}), 'did you mean "api"?', rule({path: '/', to: ['api']}));

const target = (target: string) => ({healthCheck: {target}});
test(ofLoadBalancer, target('HTP:80/'), 'did you mean "HTTP"?', target('HTTP:80/'));
test(ofLoadBalancer, target('http://web.test:81/up'), 'did you mean "HTTP:81/up"?', target('HTTP:81/up'));
test(ofLoadBalancer, target('https://web.test'), 'did you mean "HTTPS:443/"?', target('HTTPS:443/'));
test(
	ofLoadBalancer,
	target('TCP:80/up'),
	'only HTTP and HTTPS checks ask for a path',
	target('HTTP:80/up'),
	target('HTTPS:80/up'),
	target('TCP:80'),
);
test(
	ofLoadBalancer,
	target('HTTP:80/ü p#'),
	'percent-encode what else it needs',
	target(`HTTP:80${encodeURI('/ü p')}%23`),
);

const names = (...names: string[]) => listener({certificate: {names}});
test(ofLoadBalancer, names('a.test b.test'), 'give each name as an item of its own', names('a.test', 'b.test'));
test(ofLoadBalancer, names('https://a.test:1/b'), 'did you mean "a.test"?', names('a.test'));
test(ofLoadBalancer, names('[::1]'), 'write "::1"', names('::1'));
test(ofLoadBalancer, names('a.test.'), 'leave out the final dot', names('a.test'));
test(ofLoadBalancer, names('*.test'), 'such as "*.web.test"', names('*.web.test'));
test(ofLoadBalancer, names('127.0.0.256'), 'an IPv4 address is four numbers from 0 to 255', names('127.0.0.255'));

/** What cannot be done by a "did you mean" is not said. */
for (const wrong of [
	target('http://web.test/a b'),
	target('http://web.test:99999/'),
	names('https:///b'),
	{backends: ['http://a b/']},
	listener({certificate: true}),
	{accessLog: true},
]) {
	test(`no hint on ${JSON.stringify(wrong)} that would not work`, t => {
		t.deepEqual(hintsOf(describe({listeners: ['http:80'], ...wrong})), [undefined]);
	});
}

const ofConfig = test.macro({
	exec(t, wrong: object, hint: string | undefined, ...rights: object[]) {
		t.deepEqual(hintsOf(describeConfig(wrong, {origin: 'file'})), [hint]);
		for (const right of rights) {
			t.deepEqual(hintsOf(describeConfig(right, {origin: 'file'})), []);
			t.true('config' in describeConfig(right, {origin: 'file'}));
		}
	},
	title: (_, wrong) => `in a configuration the hint on ${JSON.stringify(wrong)} works`,
});
/** A configuration of one load balancer, beside other sections. */
const web = (one: object, sections = {}) => ({...sections, loadBalancers: {web: {listeners: ['http:80'], ...one}}});

test(
	ofConfig,
	web({idleTimeout: 5}),
	'"5s" for seconds, "5ms" for milliseconds',
	web({idleTimeout: '5s'}),
	web({idleTimeout: '5ms'}),
);
test(
	ofConfig,
	web({'x-mine': 1}),
	'keys that begin with "x-" go at the top of the configuration only',
	web({}, {'x-mine': 1}),
);
test(
	ofConfig,
	web({healthCheck: {'<<': {interval: '5s'}}}),
	'write the keys themselves here; an alias may stand for a whole value: `healthCheck: *name`',
	web({healthCheck: {interval: '5s'}}),
);
test(ofConfig, {loadBalancer: {}}, 'did you mean "loadBalancers"?', {loadBalancers: {}});
test(
	ofConfig,
	web({backends: ['ap']}, {backends: {app: {kind: 'echo'}}}),
	'did you mean "app"?',
	web({backends: ['app']}, {backends: {app: {kind: 'echo'}}}),
);
const rules = [{priority: 1, path: '/', to: ['app']}];
test(
	ofConfig,
	web({rules}, {backends: {app: {kind: 'echo'}}}),
	'add it to the `backends` of the load balancer',
	web({rules, backends: ['app']}, {backends: {app: {kind: 'echo'}}}),
);
test(
	ofConfig,
	{backends: {app: {kind: 'echo', count: 2}, 'app-1': 3000}},
	'a back-end with a count is called by its name, "-" and a number; rename one of the two',
	{backends: {app: {kind: 'echo', count: 2}, other: 3000}},
	{backends: {other: {kind: 'echo', count: 2}, 'app-1': 3000}},
);
test(ofConfig, {backends: {app: {host: '[::1]:80'}}}, 'write {host: ::1, port: 80}', {
	backends: {app: {host: '::1', port: 80}},
});
test(
	ofConfig,
	{certificates: {web: {cert, key: 'web.key'}}},
	'PEM text itself goes into a listener: {listen, certificate: {cert, key}}',
	web(listener({certificate: {cert, key}})),
);
const files = {certificates: {own: {cert: 'web.crt', key: 'web.key'}}};
test(
	ofConfig,
	web(listener({certificate: {cert: 'web.crt', key}})),
	'certificates in files go under `certificates` of a configuration, and are named here',
	web(listener({certificate: 'own'}), files),
);
test(
	ofConfig,
	web(listener({certificate: {cert, key: 'web.key'}})),
	'certificates in files go under `certificates` of a configuration, and are named here',
	web(listener({certificate: 'own'}), files),
);
test(ofConfig, {account: {id: 123_456_789_012}}, 'put it in quotes: "123456789012"', {account: {id: '123456789012'}});
test(
	ofConfig,
	{account: {nets: [{id: 'vpc-12345678'}], securityGroups: [{id: 'sg-12345678', name: 'a', net: 'vpc-1234567'}]}},
	'did you mean "vpc-12345678"?',
	{account: {nets: [{id: 'vpc-12345678'}], securityGroups: [{id: 'sg-12345678', name: 'a', net: 'vpc-12345678'}]}},
);
const vms = (meaning: string) => ({backends: {app: {kind: 'echo', count: 2}}, vms: {'i-00000001': meaning}});
test(ofConfig, vms('app'), 'did you mean "app-1"?', vms('app-1'));
test(ofConfig, vms('ap-2'), 'did you mean "app-2"?', vms('app-2'));
test(ofConfig, {control: {names: ['http://lb.test/']}}, 'did you mean "lb.test"?', {control: {names: ['lb.test']}});
// Wildcards are for certificates.
test(ofConfig, {control: {names: ['*.test']}}, undefined);
test(ofConfig, {control: {names: ['http://*.web.test/']}}, undefined);

test('the hint on an alias works where one stands for a whole value', async t => {
	const text = (check: string) =>
		`x-check: &name {interval: 5s}\nloadBalancers: {web: {listeners: [http:80], healthCheck: ${check}}}`;
	const error = await t.throwsAsync<EmulatorError>(readConfigText(text('{<<: *name}'), 'lb-local.yaml'));
	t.deepEqual(
		error?.violations.map(({hint}) => hint),
		['write the keys themselves here; an alias may stand for a whole value: `healthCheck: *name`'],
	);
	const {config} = await readConfigText(text('*name'), 'lb-local.yaml');
	t.is(config.loadBalancers.get('web')?.healthCheck.intervalMs, 5000);
});

test('the hint on an IPv6 address with its port works as YAML', async t => {
	const {config} = await readConfigText('backends: {app: {host: ::1, port: 80}}', 'lb-local.yaml');
	t.like(config.backends.get('app')?.[0], {host: '::1', port: 80});
});

test('the hint on an empty configuration works', async t => {
	const error = await t.throwsAsync<EmulatorError>(readConfigText('# nothing', 'lb-local.yaml'));
	t.deepEqual(
		error?.violations.map(({hint}) => hint),
		['{} is a configuration that describes nothing; `lb-local init` writes one to start from'],
	);
	t.is((await readConfigText('{}', 'lb-local.yaml')).config.loadBalancers.size, 0);
	t.is((await readConfigText(STARTER_CONFIG, 'lb-local.yaml')).config.loadBalancers.size, 3);
});

for (const written of [3000, '3000', '127.0.0.1:3000']) {
	test(`in a configuration the hint on the address ${JSON.stringify(written)} among names works`, t => {
		const loadBalancers = (name: unknown) => ({web: {listeners: ['http:80'], backends: [name]}});

		t.deepEqual(hintsOf(describeConfig({loadBalancers: loadBalancers(written)})), [
			'give the address a name under `backends`, and use the name here',
		]);
		t.true('config' in describeConfig({backends: {app: written}, loadBalancers: loadBalancers('app')}));
	});
}
