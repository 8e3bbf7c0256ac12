import test from 'ava';
import {readFind} from '../../src/page/find.ts';
import type {BackendState, LoadBalancerState} from '../../src/page/wire.ts';

const backend = (name: string, change: Partial<BackendState> = {}): BackendState => ({
	name,
	kind: 'echo',
	address: `10.0.0.${name.length}:80`,
	state: 'InService',
	operator: 'auto',
	inFlight: 0,
	...change,
});

const balancer = (name: string, backends: readonly BackendState[]): LoadBalancerState => ({
	name,
	dnsName: `${name}-1.eu-west-2.lbu.outscale.com`,
	state: 'active',
	listeners: [
		{
			spec: 'https:443 -> http:80',
			port: 443,
			host: '127.0.0.1',
			boundPort: 10_443,
			certificate: {names: [`${name}.test`], notAfter: '', fingerprint256: '', warnings: []},
		},
	],
	backends,
	warnings: [],
	advice: [],
});

const ALL = [
	balancer('web', [
		backend('app-1', {running: true}),
		backend('app-2', {state: 'OutOfService', reason: 'two probes in a row were answered 500'}),
		backend('app-3', {state: 'OutOfService', running: false}),
	]),
	balancer('api', [
		backend('app-1', {
			address: '192.168.1.9:8080',
			lastProbe: {target: 'HTTP:80/health', address: '192.168.1.9:8080', result: 'pass', ms: 1, at: ''},
		}),
	]),
	balancer('empty', []),
];

/** `web: app-1, app-2` for each load balancer that is found. */
const found = (text: string) =>
	readFind(text)
		.find(ALL)
		.map(({balancer: {name}, backends}) => `${name}: ${backends.map(each => each.name).join(', ')}`);

for (const [text, expected] of [
	['', ['web: app-1, app-2, app-3', 'api: app-1', 'empty: ']],
	['  \t ', ['web: app-1, app-2, app-3', 'api: app-1', 'empty: ']],
	['web', ['web: app-1, app-2, app-3']],
	['WEB', ['web: app-1, app-2, app-3']],
	['empty', ['empty: ']],
	['app-1', ['web: app-1', 'api: app-1']],
	['app-1 api', ['api: app-1']],
	['api app-2', []],
	['192.168.1.9', ['api: app-1']],
	['answered 500', ['web: app-2']],
	['http:80/health', ['api: app-1']],
	['10443 app-3', ['web: app-3']],
	['127.0.0.1:10443 app-3', ['web: app-3']],
	['https:443 → http:80 api', ['api: app-1']],
	['https:443 -> http:80 api', ['api: app-1']],
	['api.test', ['api: app-1']],
	['is:out', ['web: app-2, app-3']],
	['IS:OUT', ['web: app-2, app-3']],
	['is:in', ['web: app-1', 'api: app-1']],
	['is:stopped', ['web: app-3']],
	['web is:in', ['web: app-1']],
	['is:in is:out', []],
	['app-1\u202e', []],
] as const) {
	test(`find ${JSON.stringify(text)} on the map`, t => {
		t.deepEqual(found(text), [...expected]);
		t.is(readFind(text).remark, '');
	});
}

for (const text of ['is:', 'is:up', 'is:constructor', 'web is:toString']) {
	test(`${text} on the map is remarked, and the rest is found`, t => {
		t.is(readFind(text).remark, 'is: takes in, out or stopped');
		t.deepEqual(found(text), found(text.startsWith('web') ? 'web' : ''));
	});
}
