import test from 'ava';
import {formatPath} from '../../src/base/errors.ts';
import {describeLoadBalancer} from '../../src/configuration/describe.ts';
import {describeConfig} from '../../src/configuration/describe-config.ts';
import type {Finding} from '../../src/configuration/finding.ts';

function told(violations: readonly Finding[]): string[] {
	return violations.map(v => `${formatPath(v.path)}: ${v.message}${v.hint === undefined ? '' : ` (${v.hint})`}`);
}

/** Of a load balancer with an HTTP, an HTTPS and a TCP listener and back-ends a, b and c. */
function judge(more: object) {
	const spec = {listeners: ['http:80 -> http:8080', 'https:443 -> http:80', 'tcp:6379'], backends: 3, ...more};
	return describeLoadBalancer(spec, {certificateNames: []});
}

function violations(more: object): string[] {
	const result = judge(more);
	return 'violations' in result ? told(result.violations) : [];
}

function described(more: object) {
	const result = judge(more);
	if ('violations' in result) throw new Error(told(result.violations).join('\n'));
	return result.described;
}

const refuses = test.macro<[object, ...string[]]>({
	exec: (t, more: object, ...expected: string[]) => t.deepEqual(violations(more), expected),
	title: (_, more) => `${JSON.stringify(more)?.slice(0, 120)} is refused`,
});

test('a check that is described in part keeps the defaults of the cloud for the rest', t => {
	const TCP = {protocol: 'tcp', port: 8080, path: ''};
	const NUMBERS = {intervalMs: 30_000, timeoutMs: 5000, healthyThreshold: 10, unhealthyThreshold: 2};
	const checks: [object, object][] = [
		[{}, {...TCP, ...NUMBERS}],
		[
			{interval: '1ms', timeout: 60_000},
			{...TCP, ...NUMBERS, intervalMs: 1, timeoutMs: 60_000},
		],
		[
			{healthy: 1, unhealthy: 1000},
			{...TCP, ...NUMBERS, healthyThreshold: 1, unhealthyThreshold: 1000},
		],
		[{target: 'HTTP:1/a?b=c'}, {...NUMBERS, protocol: 'http', port: 1, path: '/a?b=c'}],
		[{target: 'https:443'}, {...NUMBERS, protocol: 'https', port: 443, path: '/'}],
		[{target: 'SSL:65535'}, {...NUMBERS, protocol: 'ssl', port: 65_535, path: ''}],
	];
	for (const [healthCheck, expected] of checks) t.deepEqual(described({healthCheck}).healthCheck as object, expected);
});

test(
	refuses,
	{healthCheck: {target: 'HTPP:0/health', interval: 0, timeout: '2h', healthy: 0, unhealthy: 1.5, intervall: 5}},
	'healthCheck.healthy: the healthy threshold 0 is not allowed; write a whole number, 1 to 1000',
	"healthCheck.interval: a health check's interval of 0 ms is out of bounds; allowed are 1 ms to 86400 s",
	'healthCheck.intervall: unknown key "intervall"; allowed are "target", "interval", "timeout", "healthy" or "unhealthy" (did you mean "interval"?)',
	'healthCheck.target: unknown protocol "HTPP" of a health check; allowed are "TCP", "SSL", "HTTP" or "HTTPS" (did you mean "HTTP"?)',
	'healthCheck.target: health check port "0" is not a port; allowed are 1 to 65535',
	"healthCheck.timeout: a health check's timeout of 7200000 ms is out of bounds; allowed are 1 ms to 3600 s",
	'healthCheck.unhealthy: the unhealthy threshold 1.5 is not allowed; write a whole number, 1 to 1000',
);
test(
	refuses,
	{healthCheck: {target: 'http://localhost:3000/health'}},
	'healthCheck.target: "http://localhost:3000/health" is not a health check\'s target; write "protocol:port/path", such as "HTTP:80/health" or "TCP:6379" (did you mean "HTTP:3000/health"?)',
);
test(
	refuses,
	{healthCheck: 'HTTP:80/health'},
	'healthCheck: "HTTP:80/health" is not a health check; write {target, interval, timeout, healthy, unhealthy}',
);
test(
	refuses,
	{healthCheck: {target: 80, healthy: '2'}},
	'healthCheck.healthy: "2" is not a whole number, 1 to 1000',
	'healthCheck.target: 80 is not a target; write text such as "HTTP:80/health" or "TCP:6379"',
);

test('rules come out as they were written, in their order', t => {
	const rules = [
		{priority: 1, path: '/a', to: ['b', 'a']},
		{priority: 19_999, host: '*.Web.test', to: ['c'], name: 'x', listener: 443},
		{priority: 1000, path: '', host: 'a', to: ['c'], listener: 80},
		{priority: 1000, path: '/', to: ['c'], listener: 443},
	];

	t.deepEqual(described({rules}).rules, [
		{name: undefined, priority: 1, host: undefined, path: '/a', to: ['b', 'a'], listener: undefined},
		{name: 'x', priority: 19_999, host: '*.Web.test', path: undefined, to: ['c'], listener: 443},
		{name: undefined, priority: 1000, host: 'a', path: '', to: ['c'], listener: 80},
		{name: undefined, priority: 1000, host: undefined, path: '/', to: ['c'], listener: 443},
	]);
	t.deepEqual(described({rules: [], listeners: ['tcp:1']}).rules, []);
});

test(
	refuses,
	{
		rules: [
			{priority: 0, host: 'a/b', path: '/*/*/*/*', to: ['aa', 'b', 'b'], listener: 8080},
			{priority: 5, to: [], listener: 6379},
			{priority: 5, path: '/', to: ['a']},
			{priority: '6', host: 7, to: 'a', prioriti: 5},
			null,
			{},
		],
	},
	'rules[0].host: "/" may not stand in the host pattern "a/b"; allowed are letters, digits, - . and the wildcards * and ? (a path goes into `path`)',
	'rules[0].listener: no listener has port 8080; allowed are 80, 443',
	'rules[0].path: the path pattern "/*/*/*/*" has 4 wildcards *; allowed are at most 3',
	'rules[0].priority: 0 is not a priority; allowed are whole numbers from 1 to 19999 (the rule with the highest number is tried first)',
	'rules[0].to[0]: no back-end is named "aa"; allowed is "a", "b" or "c" (did you mean "a"?)',
	'rules[0].to[2]: back-end "b" is in `to` twice: to[1] names it',
	'rules[1]: a rule needs `host`, `path` or both, and has neither',
	'rules[1].listener: rules go with http and https listeners, and the one on port 6379 is tcp; allowed are 80, 443',
	'rules[1].to: a rule needs at least one back-end in `to`',
	'rules[2].priority: two rules have the priority 5: rules[1] has it already (priorities are unique, so that the order of rules is certain)',
	'rules[3].host: 7 is not text (put it in quotes: "7")',
	'rules[3].prioriti: unknown key "prioriti"; allowed are "priority", "host", "path", "to", "name" or "listener" (did you mean "priority"?)',
	'rules[3].priority: "6" is not a priority, a whole number from 1 to 19999',
	'rules[3].to: "a" is not a list of names of back-ends (a list of one is ["a"])',
	'rules[4]: the value is missing; it is a rule; write {priority, host, path, to}',
	'rules[5]: a rule needs `host`, `path` or both, and has neither',
	'rules[5].priority: "priority" is missing; it is a priority, a whole number from 1 to 19999',
	'rules[5].to: "to" is missing; it is a list of names of back-ends',
);
test(
	refuses,
	{listeners: ['tcp:1', 'ssl:2'], rules: [{priority: 1, path: '/', to: ['a'], listener: 1}]},
	'rules: rules go with http and https listeners, and this load balancer has none (hosts and paths are read where requests are; connections of tcp and ssl are passed on as they are)',
);
test(
	refuses,
	{listeners: ['htp:1'], rules: [{priority: 1, path: '/', to: ['a'], listener: 1}]},
	'listeners[0]: unknown protocol "htp"; allowed are "http", "https", "tcp" or "ssl" (did you mean "http"?)',
);
test(
	refuses,
	{backends: [{kind: 'ecko', name: 'x'}, '127.0.0.1:0'], rules: [{priority: 1, path: '/', to: ['x', '127.0.0.1:0']}]},
	'backends[0].kind: unknown kind "ecko"; allowed are "echo", "reply", "har", "handler", "tcp", "socket", "command" or "address" (did you mean "echo"?)',
	'backends[1]: "0" in "127.0.0.1:0" is not a port; allowed are 1 to 65535',
);
test(
	refuses,
	{
		rules: [
			{priority: 1, path: '/', to: ['a'], name: 'x\n'},
			{priority: 2, path: '/', to: ['a'], name: 'y'.repeat(256)},
			{priority: 3, path: '/', to: ['a'], name: ''},
		],
	},
	'rules[0].name: "x\\n" is not a rule\'s name; allowed are 1 to 255 characters, no control characters',
	`rules[1].name: "${'y'.repeat(60)}…" is not a rule's name; allowed are 1 to 255 characters, no control characters`,
	'rules[2].name: "" is not a rule\'s name; allowed are 1 to 255 characters, no control characters',
);

function config(rules: object[], backends: string[] = ['app', 'api']) {
	const all = {
		app: {kind: 'echo', count: 2},
		api: '127.0.0.1:3000',
		other: '127.0.0.5',
		none: {kind: 'echo', count: 0},
	};
	const result = describeConfig({backends: all, loadBalancers: {web: {listeners: ['http:80'], backends, rules}}});
	return 'violations' in result
		? told(result.violations)
		: result.config.loadBalancers.get('web')?.rules.map(({to}) => to);
}

test('in a configuration the name of a group stands for all of it, once each', t => {
	t.deepEqual(config([{priority: 1, path: '/', to: ['app']}]), [['app-1', 'app-2']]);
	t.deepEqual(config([{priority: 1, path: '/', to: ['app-2', 'api', 'app']}]), [['app-2', 'api', 'app-1']]);
	t.deepEqual(config([{priority: 1, path: '/', to: ['none']}], ['none']), [[]]);
});

test('a back-end that exists and is not registered is told so', t => {
	const rules = [{priority: 1, path: '/', to: ['app', 'app-1', 'other', 'ap', '__proto__']}];

	t.deepEqual(config(rules, ['app-1']), [
		'loadBalancers.web.rules[0].to[0]: "app" is not registered with this load balancer (add it to the `backends` of the load balancer)',
		'loadBalancers.web.rules[0].to[2]: "other" is not registered with this load balancer (add it to the `backends` of the load balancer)',
		'loadBalancers.web.rules[0].to[3]: no back-end is named "ap"; allowed is "app-1", "app" or "other" (did you mean "app"?)',
		'loadBalancers.web.rules[0].to[4]: no back-end is named "__proto__"; allowed is "app-1", "app" or "other"',
	]);
});

test('draining is off unless it is given a time', t => {
	t.is(described({draining: false}).drainingMs, undefined);
	t.is(described({draining: '30s'}).drainingMs, 30_000);
	t.is(described({draining: 1}).drainingMs, 1);
});
const DRAINING = 'a draining time; write a duration such as "30s", or false';
test(refuses, {draining: true}, `draining: true is not ${DRAINING}`);
test(refuses, {draining: '30'}, `draining: "30" is not ${DRAINING} ("30s" for seconds, "30ms" for milliseconds)`);
test(refuses, {draining: 0}, 'draining: 0 is not a draining time; allowed are 1 ms to 2147483647 ms, or false');
test(
	refuses,
	{draining: '40000m'},
	'draining: "40000m" is not a draining time; allowed are 1 ms to 2147483647 ms, or false',
);

test('the two settings that are on or off are', t => {
	t.like(described({faithfulHealth: true, securedCookies: true}), {faithfulHealth: true, securedCookies: true});
});
test(
	refuses,
	{faithfulHealth: 'true', securedCookies: 1},
	'faithfulHealth: "true" is not true or false (leave the quotes away)',
	'securedCookies: 1 is not true or false',
);

test('an access log goes to a file, or to a folder in the place of a bucket', t => {
	const logs: [unknown, unknown][] = [
		['a.log', {kind: 'file', file: 'a.log'}],
		[{file: '/var/a.log'}, {kind: 'file', file: '/var/a.log'}],
		[{folder: 'logs/'}, {kind: 'folder', folder: 'logs/', prefix: '', intervalMinutes: 60}],
		[
			{folder: '.', prefix: 'a/b', interval: '5m'},
			{kind: 'folder', folder: '.', prefix: 'a/b', intervalMinutes: 5},
		],
	];
	for (const [accessLog, expected] of logs) t.deepEqual(described({accessLog}).accessLog as unknown, expected);
});
const LOG = 'an access log; write the path of a file, {file} or {folder, prefix, interval}';
test(refuses, {accessLog: {}}, `accessLog: {} is not ${LOG}`);
test(refuses, {accessLog: true}, `accessLog: true is not ${LOG}`);
test(refuses, {accessLog: ' '}, 'accessLog: the path is empty; write the path of a file');
test(
	refuses,
	{accessLog: 'logs/'},
	'accessLog: "logs/" is a folder, not a file (write {folder} for objects in a folder)',
);
test(refuses, {accessLog: {file: 'a\0b'}}, 'accessLog.file: "a\\u0000b" is not a path: it has control characters');
test(
	refuses,
	{accessLog: {fil: 'a'}},
	'accessLog.fil: unknown key "fil"; allowed are "file" (did you mean "file"?)',
	'accessLog.file: "file" is missing; it is text',
);
test(refuses, {accessLog: {file: 'a', folder: 'b'}}, 'accessLog.folder: "folder" and "file" exclude each other');
test(refuses, {accessLog: {file: 'a', prefix: 'b'}}, 'accessLog.prefix: "prefix" goes with "folder" only');
const PREFIX =
	'is not a prefix; allowed are names of A-Z, a-z, 0-9 and !_.*\'()-, with "/" between them, and no "." or ".."';
for (const prefix of ['../x', 'a/../b', '/a', 'a//b', 'a\\b', '.', 'a b']) {
	test(refuses, {accessLog: {folder: 'x', prefix}}, `accessLog.prefix: ${JSON.stringify(prefix)} ${PREFIX}`);
}
test(
	refuses,
	{accessLog: {folder: '', interval: '10m'}},
	'accessLog.folder: the path is empty; write the path of a folder',
	'accessLog.interval: "10m" is not an interval; allowed are "5m" or "60m" (did you mean "60m"?)',
);

function stickinessOf(stickiness: unknown, listen = 'http:80') {
	return described({listeners: [{listen, stickiness}]}).listeners[0]?.stickiness as unknown;
}

test('stickiness follows the own cookie for a time, or a cookie of the application', t => {
	t.is(stickinessOf(false), undefined);
	t.is(stickinessOf(false, 'tcp:80'), undefined);
	t.deepEqual(stickinessOf({}), {kind: 'duration', cookie: 'AWSELB', seconds: undefined});
	t.deepEqual(stickinessOf({name: 'LB'}), {kind: 'duration', cookie: 'LB', seconds: undefined});
	t.deepEqual(stickinessOf({seconds: 300}, 'https:443'), {kind: 'duration', cookie: 'AWSELB', seconds: 300});
	t.deepEqual(stickinessOf({cookie: 'SID'}), {kind: 'application', cookie: 'SID', ownCookie: 'AWSELB'});
	t.deepEqual(stickinessOf({cookie: 'SID', name: 'LB'}), {kind: 'application', cookie: 'SID', ownCookie: 'LB'});
});

const refusesStickiness = test.macro<[unknown, ...string[]]>({
	exec: (t, stickiness: unknown, ...expected: string[]) =>
		t.deepEqual(
			violations({listeners: [{listen: 'http:80', stickiness}]}),
			expected.map(each => `listeners[0].stickiness${each}`),
		),
	title: (_, stickiness) => `the stickiness ${JSON.stringify(stickiness)} is refused`,
});
const STICKINESS = 'stickiness; write {seconds}, {cookie} or false';
const LIFETIME =
	"is not a lifetime; allowed are whole seconds from 1 to 2147483647 (leave it away, or write 1, for the browser's session)";
const COOKIE = "is not a cookie's name; allowed are letters, digits and ! # $ % & ' * + - . ^ _ ` | ~";
test(refusesStickiness, true, `: true is not ${STICKINESS}`);
test(refusesStickiness, null, `: the value is missing; it is ${STICKINESS}`);
test(refusesStickiness, {x: 1}, `: {x} is not ${STICKINESS}`);
test(
	refusesStickiness,
	{secnds: 1},
	'.secnds: unknown key "secnds"; allowed are "seconds" or "name" (did you mean "seconds"?)',
);
test(
	refusesStickiness,
	{cooke: 'SID'},
	'.cooke: unknown key "cooke"; allowed are "cookie" or "name" (did you mean "cookie"?)',
	'.cookie: "cookie" is missing; it is text',
);
test(
	refusesStickiness,
	{cookie: 'SID', seconds: 5},
	'.cookie: "cookie" and "seconds" exclude each other: the lifetime is that of the application\'s cookie',
);
test(refusesStickiness, {seconds: 0}, `.seconds: 0 ${LIFETIME}`);
test(refusesStickiness, {seconds: 1.5, name: 'a b'}, `.name: "a b" ${COOKIE}`, `.seconds: 1.5 ${LIFETIME}`);
test(refusesStickiness, {seconds: '5m'}, '.seconds: "5m" is not a lifetime in whole seconds');
test(refusesStickiness, {cookie: 'a;b', name: ''}, `.cookie: "a;b" ${COOKIE}`, `.name: "" ${COOKIE}`);
test(
	refusesStickiness,
	{cookie: 'AWSELB'},
	'.cookie: "AWSELB" is the load balancer\'s own cookie, not the application\'s (give the name of the cookie that the application sets)',
);
test(refusesStickiness, {cookie: 5}, '.cookie: 5 is not text (put it in quotes: "5")');
for (const protocol of ['tcp', 'ssl']) {
	test(
		refuses,
		{listeners: [{listen: `${protocol}:1`, stickiness: {seconds: 300}}]},
		`listeners[0].stickiness: stickiness goes with http and https only, not with ${protocol} (cookies are read where requests are, and connections of tcp and ssl are passed on as they are)`,
	);
}

test('a private key is never shown, whatever it was taken for', t => {
	const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----';
	const rule = {priority: 1, host: key, path: key, to: [key], name: key};
	const spec = {
		listeners: [{listen: 'http:80', stickiness: {cookie: key, name: key}}],
		backends: [{kind: 'echo', name: key}],
		healthCheck: {target: key, interval: key},
		rules: [rule, {...rule, to: ['x']}],
		draining: key,
		accessLog: {folder: key, prefix: key, interval: key},
	};

	const text = told('violations' in judge(spec) ? (judge(spec) as {violations: Finding[]}).violations : []).join('\n');

	t.notRegex(text, /MIGHAgEA/);
	t.regex(text, /\(private key\)/);
});

test('the example of the documentation is a configuration', t => {
	const result = describeConfig({
		certificates: {web: {names: ['web.test', '*.web.test']}},
		backends: {app: {kind: 'echo', count: 2}, api: '127.0.0.1:3000', shop: {kind: 'echo', tls: {names: ['shop.test']}}},
		loadBalancers: {
			web: {
				listeners: [
					{listen: 'https:443 -> http:80', certificate: 'web', stickiness: {seconds: 300}},
					'http:80 -> http:80',
				],
				backends: ['app-1', 'app-2', 'api'],
				healthCheck: {target: 'HTTP:80/health', interval: '5s', timeout: '2s', healthy: 2, unhealthy: 2},
				idleTimeout: '60s',
				headTimeout: '60s',
			},
			shop: {address: '127.0.0.2', listeners: ['tcp:443'], backends: ['shop']},
		},
	});

	t.true('config' in result);
	t.like('config' in result && result.config.loadBalancers.get('web'), {
		healthCheck: {protocol: 'http', port: 80, path: '/health', intervalMs: 5000, timeoutMs: 2000},
	});
});
