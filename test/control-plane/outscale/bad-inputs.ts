import {newLoadBalancer} from '../../helpers/outscale-api.ts';
import {pem} from '../../helpers/project-certs.ts';

/** What is sent to an account that has the load balancer `web` with its listener on port 80, and what comes back. */
export interface BadInput {
	readonly what: string;
	readonly action: string;
	readonly body: unknown;
	/** Status and code. */
	readonly refused: string;
}

const LISTENER = {BackendPort: 80, LoadBalancerPort: 81, LoadBalancerProtocol: 'HTTP'};
const CREATION = newLoadBalancer('other', [LISTENER]);
const CERTIFICATE = {Name: 'new', Body: pem('web.test.crt'), PrivateKey: pem('web.test.key')};
const CHECK = {CheckInterval: 30, HealthyThreshold: 2, Port: 80, Protocol: 'TCP', Timeout: 5, UnhealthyThreshold: 2};

const creation = (what: string, changes: object, refused: string): BadInput => ({
	what: `CreateLoadBalancer with ${what}`,
	action: 'CreateLoadBalancer',
	body: {...CREATION, ...changes},
	refused,
});
const listener = (what: string, changes: object, refused: string): BadInput => ({
	what: `CreateLoadBalancerListeners with ${what}`,
	action: 'CreateLoadBalancerListeners',
	body: {LoadBalancerName: 'web', Listeners: [{...LISTENER, ...changes}]},
	refused,
});
const check = (what: string, changes: object, refused: string): BadInput => ({
	what: `a health check with ${what}`,
	action: 'UpdateLoadBalancer',
	body: {LoadBalancerName: 'web', HealthCheck: {...CHECK, ...changes}},
	refused,
});
const certificate = (what: string, changes: object, refused: string): BadInput => ({
	what: `CreateServerCertificate with ${what}`,
	action: 'CreateServerCertificate',
	body: {...CERTIFICATE, ...changes},
	refused,
});
const raw = (what: string, body: string | Uint8Array, refused = '400 4045'): BadInput => ({
	what: `a body that is ${what}`,
	action: 'CreateLoadBalancer',
	body,
	refused,
});
const keys = Array.from({length: 10_001}, (_, index) => `"k${index}":0`).join(',');

/** Names in many alphabets, and things that are no names. */
const NAMES: readonly (readonly [string, string])[] = [
	['', '400 4036'],
	['-', '400 4036'],
	['-web', '400 4036'],
	['wéb', '400 4036'],
	['веб', '400 4036'],
	['网', '400 4036'],
	['ｗｅｂ', '400 4036'],
	['web\n', '400 4036'],
	['web\u0000', '400 4036'],
	['we b', '400 4036'],
	['web/../x', '400 4036'],
	['web\u202e', '400 4036'],
	['🙂', '400 4036'],
	['__proto__', '400 4036'],
	['<script>', '400 4036'],
	['a'.repeat(33), '400 4106'],
	['é'.repeat(100_000), '400 4106'],
];

export const BAD_INPUTS: readonly BadInput[] = [
	...NAMES.map(([name, refused]) =>
		creation(`the name ${JSON.stringify(name.slice(0, 20))}`, {LoadBalancerName: name}, refused),
	),
	...[null, 5, true, {}, [], ['web']].map(name =>
		creation(`a name of ${JSON.stringify(name)}`, {LoadBalancerName: name}, '400 4110'),
	),
	...['80', '', 80.5, null, true, [80], {}, '0x50'].map(port =>
		listener(`the port ${JSON.stringify(port)}`, {LoadBalancerPort: port}, '400 4110'),
	),
	...[0, -1, 65_536, 2 ** 53, 2 ** 31, -(2 ** 53), 1e300].map(port =>
		listener(`the port ${port}`, {LoadBalancerPort: port}, '400 4037'),
	),
	...[0, -1, 65_536, 2 ** 53].map(port => listener(`the back-end port ${port}`, {BackendPort: port}, '400 4095')),
	...['http', 'UDP', '', 'HTTP ', 'TLS'].map(protocol =>
		listener(`the protocol ${JSON.stringify(protocol)}`, {LoadBalancerProtocol: protocol}, '400 4095'),
	),
	listener('TCP in front of HTTP', {LoadBalancerProtocol: 'TCP', BackendProtocol: 'HTTP'}, '400 4054'),
	listener('SSL in front of HTTPS', {LoadBalancerProtocol: 'SSL', BackendProtocol: 'HTTPS'}, '400 4054'),
	listener('HTTPS without a certificate', {LoadBalancerProtocol: 'HTTPS'}, '400 7000'),
	listener(
		'an ORN of another account',
		{LoadBalancerProtocol: 'HTTPS', ServerCertificateId: 'orn:ows:idauth::000000000000:server-certificate/web'},
		'400 5070',
	),
	listener('an unknown field', {Certificate: 'x'}, '400 3001'),
	listener('the port of another', {LoadBalancerPort: 80}, '409 9012'),
	creation('listeners that are no list', {Listeners: LISTENER}, '400 4110'),
	creation('a listener that is a list', {Listeners: [[LISTENER]]}, '400 4110'),
	creation('a listener that is null', {Listeners: [null]}, '400 4110'),
	creation('no listener', {Listeners: []}, '400 7000'),
	creation('an empty listener', {Listeners: [{}]}, '400 7000'),
	creation('the name of another', {LoadBalancerName: 'web'}, '409 9013'),
	creation('a field of the prototype', {constructor: 'x'}, '400 3001'),
	creation('tags that are an object', {Tags: {Key: 'a', Value: 'b'}}, '400 4110'),
	creation('a tag of numbers', {Tags: [{Key: 1, Value: 2}]}, '400 4110'),
	creation('a Subregion of a path', {SubregionNames: ['../../etc']}, '400 4095'),
	creation('a Subnet and a Subregion', {Subnets: ['subnet-12345678']}, '400 3002'),
	creation('a malformed Subnet', {SubregionNames: [], Subnets: ['subnet-xyz']}, '400 4105'),
	creation('an internal public load balancer', {LoadBalancerType: 'internal'}, '400 3002'),
	creation('a DryRun that is a string', {DryRun: 'true'}, '400 4110'),
	creation('a PublicIp that is a name', {PublicIp: 'localhost'}, '400 4047'),
	check('an interval of 4 s', {CheckInterval: 4}, '400 4095'),
	check('an interval of 601 s', {CheckInterval: 601}, '400 4095'),
	check('a timeout of 1 s', {Timeout: 1}, '400 4095'),
	check('a timeout as long as its interval', {Timeout: 30}, '400 4095'),
	check('a threshold of 1', {UnhealthyThreshold: 1}, '400 4095'),
	check('a threshold of 2.5', {HealthyThreshold: 2.5}, '400 4110'),
	check('the port 0', {Port: 0}, '400 4095'),
	check('a path on SSL', {Protocol: 'SSL', Path: '/'}, '400 4212'),
	check('a path with a line break', {Protocol: 'HTTP', Path: '/a\r\nHost: x'}, '400 4095'),
	check('a path beyond all measure', {Protocol: 'HTTP', Path: `/${'a'.repeat(5000)}`}, '400 4095'),
	check('an interval beyond all measure', {CheckInterval: 2 ** 53}, '400 4095'),
	certificate('a path that leads out', {Path: '/../'}, '200'),
	certificate('a path without its slashes', {Path: 'a'}, '400 4118'),
	certificate('a name of 129 characters', {Name: 'a'.repeat(129)}, '400 4118'),
	certificate('a name with a slash', {Name: 'a/b'}, '400 4118'),
	certificate('the key as its name', {Name: pem('web.test.key')}, '400 4118'),
	certificate('a key for its body', {Body: pem('web.test.key')}, '400 4124'),
	certificate('body and key swapped', {Body: pem('web.test.key'), PrivateKey: pem('web.test.crt')}, '400 4124'),
	certificate('a cut-off body', {Body: pem('web.test.crt').slice(0, 200)}, '400 4124'),
	certificate('a chain that does not parse', {Chain: 'toto'}, '400 4124'),
	certificate('a key in its chain', {Chain: pem('web.test.key')}, '400 4124'),
	certificate(
		'an encrypted key',
		{PrivateKey: '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----'},
		'400 4124',
	),
	certificate('a key of another', {PrivateKey: pem('shop.test.key')}, '400 5070'),
	{
		what: 'an access log whose bucket leads out',
		action: 'UpdateLoadBalancer',
		body: {LoadBalancerName: 'web', AccessLog: {IsEnabled: true, OsuBucketName: '../../tmp'}},
		refused: '400 4088',
	},
	{
		what: 'an access log whose prefix leads out',
		action: 'UpdateLoadBalancer',
		body: {LoadBalancerName: 'web', AccessLog: {IsEnabled: true, OsuBucketName: 'logs', OsuBucketPrefix: 'a/../..'}},
		refused: '400 4101',
	},
	{
		what: 'a filter that is a list',
		action: 'ReadLoadBalancers',
		body: {Filters: []},
		refused: '400 4110',
	},
	{
		what: 'a back-end that is an address with a port',
		action: 'LinkLoadBalancerBackendMachines',
		body: {LoadBalancerName: 'web', BackendIps: ['127.0.0.1:80']},
		refused: '400 4047',
	},
	{
		what: 'one good and one bad VM id',
		action: 'RegisterVmsInLoadBalancer',
		body: {LoadBalancerName: 'web', BackendVmIds: ['i-12345678', 'i-1234']},
		refused: '400 4105',
	},
	{
		what: 'one port that is there and one that is not',
		action: 'DeleteLoadBalancerListeners',
		body: {LoadBalancerName: 'web', LoadBalancerPorts: [80, 81]},
		refused: '400 5028',
	},
	{
		what: 'a rule with four wildcards',
		action: 'CreateListenerRule',
		body: {
			Listener: {LoadBalancerName: 'web', LoadBalancerPort: 80},
			ListenerRule: {ListenerRuleName: 'r', Priority: 1, PathPattern: '****'},
			VmIds: ['i-12345678'],
		},
		refused: '400 4049',
	},
	{
		what: 'a rule whose name breaks lines',
		action: 'CreateListenerRule',
		body: {
			Listener: {LoadBalancerName: 'web', LoadBalancerPort: 80},
			ListenerRule: {ListenerRuleName: 'r\nx', Priority: 1, PathPattern: '/'},
			VmIds: ['i-12345678'],
		},
		refused: '400 4059',
	},
	raw('not JSON', '{'),
	raw('no object', '[]'),
	raw('null', 'null'),
	raw('a number', '42'),
	raw('two objects', '{}{}'),
	raw('a form', 'Action=CreateLoadBalancer&Version=2012-06-01'),
	raw('XML', '<CreateLoadBalancer/>'),
	raw('with a comment', '{} // x'),
	raw('with a trailing comma', '{"LoadBalancerName":"x",}'),
	raw('with NaN', '{"LoadBalancerName":NaN}'),
	raw('with a key twice', '{"LoadBalancerName":"a","LoadBalancerName":"b"}'),
	raw('with a key twice, once escaped', '{"LoadBalancerName":"a","LoadBalancerNam\\u0065":"b"}'),
	raw('with a key twice deep inside', '{"Listeners":[{"BackendPort":1,"BackendPort":2}]}'),
	raw('10,000 lists deep', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
	raw('10,000 objects deep', `${'{"a":'.repeat(10_000)}0${'}'.repeat(10_000)}`),
	raw('of opening brackets alone', '['.repeat(1_000_000)),
	raw('of more keys than sense', `{${keys}}`),
	raw('no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
	raw('UTF-16', Buffer.from('{}', 'utf16le')),
	raw('bytes of nothing', new Uint8Array(1000)),
	raw('a name of the prototype', '{"__proto__":{"LoadBalancerName":"x"}}', '400 3001'),
	raw('one string of 4 MiB', JSON.stringify('x'.repeat(4 << 20))),
	raw('an unknown field of 4 MiB', `{"x":"${'y'.repeat(4 << 20)}"}`, '400 3001'),
	raw('a lone surrogate', '{"LoadBalancerName":"\\ud800","Listeners":[],"SubregionNames":[]}', '400 7000'),
];
