import fc from 'fast-check';
import type {Config, Listener} from '../../src/configuration/spec.ts';
import {isHttp, isSecure, type Protocol} from '../../src/model/listener.ts';
import {TLS_DEFECTS} from '../../src/model/tls-defect.ts';
import {PEM_CA} from './written-samples.ts';

/** Names that YAML or JavaScript could take for something else. */
const NAMES = [
	...['app', 'on', 'null', '~', '1e3', '0x1F', '3000', '1', 'a:b', '#c', '-', '__proto__', 'constructor', 'é', '{x}'],
	...[
		'*y',
		'&z',
		'!t',
		'%p',
		'@q',
		'`r',
		"'s",
		'"t',
		'[u]',
		'>v',
		'|w',
		'127.0.0.5',
		'10.0.0.1:80',
		'i-0000000a',
		'x-y',
	],
];

/** What shells and templates would replace. */
const DOLLAR = ['$', '{HOME}'].join('');

const names = fc.constantFrom(...NAMES);
const text = fc.oneof(
	fc.string({unit: 'binary'}),
	fc.constantFrom('a\nb\n', '\n', ' x ', 'a\r\nb', '# no', '\u0085', ''),
);
const duration = fc.oneof(
	fc.integer({min: 1, max: 3_000_000}),
	fc.constantFrom('1ms', '999ms', '1s', '1.5s', '60s', '2m', '1h', '0.5m'),
);
const port = fc.integer({min: 1, max: 65_535});
const address = fc.constantFrom(
	'127.0.0.1:3000',
	'[::1]:80',
	'::1',
	'localhost',
	'db.test:5432',
	'10.0.0.1',
	'münchen.test',
);
const certificateNames = fc.uniqueArray(fc.constantFrom('web.test', '*.web.test', '::1', '127.0.0.1', 'münchen.test'), {
	minLength: 1,
});
/** Some of the keys. */
const some = <Value>(fields: {[Key in keyof Value]: fc.Arbitrary<Value[Key]>}) => fc.record(fields, {requiredKeys: []});

const defects = fc.constantFrom(...TLS_DEFECTS);
const backendTls = fc.oneof(
	some({names: certificateNames, clientAuth: fc.constantFrom(true, false, 'require'), defect: defects}),
	fc.record({clientAuth: fc.constantFrom(true, 'require'), clientCa: fc.constant(PEM_CA)}),
);
const fake = {
	tls: fc.oneof(fc.boolean(), fc.constant('detect'), backendTls),
	proxyProtocol: fc.constantFrom('off', 'accept', 'require'),
	count: fc.integer({min: 1, max: 3}),
};
const token = fc.constantFrom('X-A', '__proto__', 'b');
const answer = {
	status: fc.integer({min: 200, max: 599}),
	headers: fc.dictionary(token, fc.constantFrom('', 'x', DOLLAR, 'é')),
	delay: duration,
};
const events = fc.record(
	{
		send: fc.array(
			fc.oneof(text, fc.record({data: text, event: token, id: token, retry: duration}, {requiredKeys: ['data']})),
			{minLength: 1},
		),
		every: duration,
		end: fc.constantFrom('close', 'stay', 'repeat'),
	},
	{requiredKeys: ['send']},
);
const pace = fc.oneof(
	fc.record({bytes: fc.integer({min: 1}), every: duration}),
	fc.record({bandwidth: fc.integer({min: 1})}),
);
const scripted = {...answer, times: fc.integer({min: 1}), path: fc.constantFrom('/a/*', '*', '/')};
const step = fc.oneof(
	fc.record({...scripted, events}, {requiredKeys: []}),
	fc.record({...scripted, body: text, pace}, {requiredKeys: ['body']}),
);
const reply = {
	kind: fc.constant('reply'),
	...answer,
	script: fc.array(step, {minLength: 1, maxLength: 3}),
	keepAlive: duration,
	...fake,
};
const backend = fc.oneof(
	address,
	port,
	fc.record({kind: fc.constant('echo'), ...fake}, {requiredKeys: ['kind']}),
	fc.record({...reply, body: text, pace}, {requiredKeys: ['kind', 'body']}),
	fc.record({...reply, events}, {requiredKeys: ['kind']}),
	fc.record(
		{kind: fc.constant('har'), file: fc.constantFrom('a.har', '/x y/"b".har'), timings: fc.boolean(), ...fake},
		{requiredKeys: ['kind', 'file']},
	),
	fc.record(
		{kind: fc.constant('tcp'), mode: fc.constantFrom('echo', 'sink'), ...fake},
		{requiredKeys: ['kind', 'mode']},
	),
	fc.record(
		{kind: fc.constant('tcp'), mode: fc.constantFrom('source', 'banner'), data: text, ...fake},
		{requiredKeys: ['kind', 'mode']},
	),
	fc.record(
		{kind: fc.constant('command'), run: fc.constantFrom(`serve ${DOLLAR}`, ' x\n'), port, count: fake.count},
		{requiredKeys: ['kind', 'run']},
	),
	fc.record(
		{host: fc.constantFrom('::1', 'db.test'), port, ports: fc.dictionary(fc.constantFrom('80', '443'), port)},
		{requiredKeys: ['host']},
	),
);

const cookie = fc.constantFrom('SID', "o'k", 'x.y');
const stickiness = fc.oneof(
	fc.constant(false),
	some({seconds: fc.integer({min: 1, max: 1000}), name: fc.constantFrom('AWSELB', 'mine')}),
	fc.record({cookie, name: fc.constantFrom('AWSELB', 'mine')}, {requiredKeys: ['cookie']}),
);
const verification = fc.oneof(
	fc.boolean(),
	fc.record({ca: fc.constant(PEM_CA), servername: fc.constant('db.test')}, {requiredKeys: ['ca']}),
);

function listenerOn(port: number, certificates: readonly string[]): fc.Arbitrary<unknown> {
	const pairs: [Protocol, Protocol][] = [
		...(['http', 'https'] as const).flatMap(one => [[one, 'http'] as const, [one, 'https'] as const]),
		...(['tcp', 'ssl'] as const).flatMap(one => [[one, 'tcp'] as const, [one, 'ssl'] as const]),
	].map(([one, other]) => [one, other]);
	return fc.constantFrom(...pairs).chain(([front, back]) => {
		const listen = fc.constantFrom(`${front}:${port} -> ${back}:80`, `${front}:${port} -> ${back}`, `${front}:${port}`);
		const certificate = fc.oneof(
			certificateNames.map(each => ({names: each})),
			fc.constantFrom(...certificates, undefined),
		);
		const tls = some({minVersion: fc.constantFrom('TLSv1.2', 'TLSv1.3'), ciphers: fc.constant('ECDHE+AESGCM')});
		const more = fc.record(
			{
				listen: fc.constant(`${front}:${port} -> ${back}:81`),
				proxyProtocol: fc.boolean(),
				...(isSecure(front) ? {certificate, tls} : {}),
				...(isHttp(front) ? {stickiness} : {}),
				...(isSecure(back) ? {verifyBackend: verification} : {}),
			},
			{requiredKeys: ['listen']},
		);
		return fc.oneof(listen, more.map(withoutUndefined));
	});
}

function withoutUndefined<Value extends object>(value: Value): object {
	return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}

/** Those that can fire on any listener, and with HTTP listeners those of requests too. */
function faultsOn(port: string, isHttpOnly: boolean): fc.Arbitrary<object[]> {
	const any = [
		{latency: '2s', jitter: '5ms'},
		{bandwidth: 5},
		{slice: 1, delay: '1s'},
		{limit: 0},
		{slowClose: '1m'},
		{reset: true},
		{close: true},
		{blackhole: true},
	];
	const ofRequests = [
		{status: 503, body: 'a b', headers: {'X-A': 'b'}},
		{garbage: 3},
		{truncate: 0},
		{contentLength: 7},
		{reset: 'on-reuse'},
	];
	const times = {skip: fc.nat({max: 2}), times: fc.integer({min: 1, max: 3}), every: fc.integer({min: 1, max: 3})};
	const filters = isHttpOnly ? {path: fc.constantFrom('/a*'), header: fc.constantFrom('x-a', 'x-a=b')} : {};
	const rule = fc.record(
		{
			on: fc.constant(`listener:${port}`),
			do: fc.constantFrom<object>(...any, ...(isHttpOnly ? ofRequests : [])),
			...times,
			...filters,
		},
		{requiredKeys: ['on', 'do']},
	);
	return fc.array(rule, {maxLength: 3});
}

function loadBalancer(certificates: readonly string[], backends: readonly string[]): fc.Arbitrary<unknown> {
	const own = fc.subarray([...backends]);
	const listeners = fc
		.uniqueArray(fc.constantFrom(80, 443, 8080), {minLength: 1})
		.chain(ports => fc.tuple(...ports.map(each => listenerOn(each, certificates))));
	return fc.tuple(own, listeners).chain(([registered, written]) => {
		const to = fc.subarray(registered, {minLength: Math.min(1, registered.length)});
		const rule = fc.record(
			{
				path: fc.constantFrom('/a/*', '/x?'),
				host: fc.constantFrom('*.web.test', 'web.test'),
				to,
				name: fc.constantFrom('r1', 'on', 'x: y'),
			},
			{requiredKeys: ['path', 'to']},
		);
		const isWithRules = registered.length > 0 && written.every(each => /^http/.test(textOf(each)));
		const rules = fc
			.array(rule, {maxLength: 2})
			.map(list => list.map((each, index) => ({...each, priority: index + 1})));
		return fc.record(
			{
				listeners: fc.constant(written),
				backends: fc.constant(registered),
				address: fc.constantFrom('127.0.0.2', '::1'),
				healthCheck: some({
					target: fc.constantFrom('TCP:80', 'HTTP:80', 'HTTPS:443/health?a=1', 'SSL:81'),
					interval: duration,
					timeout: duration,
					healthy: fc.integer({min: 1, max: 1000}),
					unhealthy: fc.constantFrom(2, 3),
				}),
				faithfulHealth: fc.boolean(),
				...(isWithRules ? {rules} : {}),
				draining: fc.oneof(duration, fc.constant(false)),
				securedCookies: fc.boolean(),
				accessLog: fc.oneof(
					fc.constantFrom('/tmp/x y.log', `/tmp/${DOLLAR}.log`),
					fc.record(
						{folder: fc.constant('/tmp/f'), prefix: fc.constant('a/b'), interval: fc.constantFrom('5m', '60m')},
						{requiredKeys: ['folder']},
					),
				),
				idleTimeout: duration,
				headTimeout: duration,
				connectTimeout: duration,
				retry: fc.constantFrom('idempotent', 'never'),
				upgrade: fc.constantFrom('tunnel', 'refuse'),
				faults: faultsOn(/\d+/.exec(textOf(written[0]))?.[0] ?? '', isWithRules),
			},
			{requiredKeys: ['listeners']},
		);
	});
}

function textOf(listener: unknown): string {
	return typeof listener === 'string' ? listener : ((listener as Listener).listen ?? ''); // As `listenerOn` makes them.
}

const control = some({
	host: fc.constantFrom('127.0.0.1', '::1', '127.0.0.9'),
	port: fc.integer({min: 0, max: 65_535}),
	names: fc.constantFrom([], ['lb.test']),
	strict: fc.boolean(),
	lifecycle: fc.oneof(duration, fc.constant(0)),
	dialect: fc.constantFrom('outscale', 'aws'),
	faithfulHealth: fc.boolean(),
	accessLogs: fc.constantFrom('/logs', '/var/log'),
});
const account = some({
	id: fc.constant('012345678901'),
	region: fc.constant('cloudgouv-eu-west-1'),
	subregions: fc.constantFrom([], ['eu-west-2a']),
	nets: fc.constant([{id: 'vpc-12345678', ipRange: '10.0.0.0/16', internetService: false}, {id: 'vpc-00000001'}]),
	securityGroups: fc.constantFrom([], [{id: 'sg-12345678', name: '1e3'}]),
	publicIps: fc.constant(['192.0.2.1']),
});

/** Configurations, nearly all of them valid. */
export const configurations: fc.Arbitrary<Config> = fc
	.tuple(
		fc.dictionary(
			names,
			certificateNames.chain(each => fc.constantFrom({names: each}, {names: each, key: 'rsa'})),
			{maxKeys: 2},
		),
		fc.dictionary(names, backend, {maxKeys: 5}),
	)
	.chain(([certificates, backends]) => {
		const known = Object.keys(backends);
		const vm = fc.oneof(fc.constantFrom('127.0.0.1:3000', 'localhost', 3001), fc.constantFrom(...known, '::1'));
		return fc.record(
			{
				control,
				account,
				vms: fc.dictionary(fc.constantFrom('i-0000000a', 'i-0000000b'), vm),
				certificates: fc.constant(certificates),
				backends: fc.constant(backends),
				loadBalancers: fc.dictionary(
					fc.constantFrom('web', '1', 'on', '1e3', 'null'),
					loadBalancer(Object.keys(certificates), known),
					{maxKeys: 3},
				),
			},
			{requiredKeys: ['backends', 'certificates']},
		) as fc.Arbitrary<Config>; // Those that the schema refuses are left out by the tests.
	});
