// What a user's strict TypeScript sees of the installed package. It is compiled, not run.
import {type Config, defineConfig, type Exchange, startEmulator, startLoadBalancer} from 'lb-local';
import {
	assertBalance,
	assertOrder,
	assertPassthrough,
	assertStickiness,
	assertTermination,
	assertWhy,
} from 'lb-local/assert';

const config: Config = defineConfig({
	certificates: {web: {names: ['web.test']}},
	backends: {app: {kind: 'echo', count: 2}, api: '127.0.0.1:3000'},
	loadBalancers: {web: {listeners: [{listen: 'https:443 -> http:80', certificate: 'web'}], backends: ['app', 'api']}},
});

await using emulator = await startEmulator({config, ports: 'free'});
const status: string = emulator.get('web').listeners[0]?.spec ?? '';

await using lb = await startLoadBalancer({listeners: ['https:443 -> http:80', 'ssl:1 -> tcp', 'tcp:2'], backends: 3});
const response: Response = await lb.fetch('/');
const exchange: Exchange = lb.traffic.last();
const proto: string | undefined = exchange.request.headers['x-forwarded-proto'];

assertOrder(lb, ['a']);
assertBalance(lb.traffic.to('a'), {a: 1});
assertStickiness(lb, {sessions: 2});
assertWhy(exchange, {rule: 'api', chosen: 'a', skipped: {b: /draining/}});
assertTermination(exchange, {sni: 'web.test'});
const version: string = exchange.client.tls.version;
const passed: Exchange = lb.traffic.last();
assertPassthrough(passed);
const offered: string | undefined = passed.clientHello.sni;
assertPassthrough(lb, {seen: await lb.connect(2, {tls: true})});

await emulator.create({
	listeners: [
		{listen: 'https:443 -> http:80', stickiness: {seconds: 300, name: 'LB'}},
		{listen: 'http:80', stickiness: {cookie: 'JSESSIONID'}},
		{listen: 'http:81', stickiness: {}},
		{listen: 'http:82', stickiness: false},
	],
	healthCheck: {target: 'HTTP:80/health', interval: '5s', timeout: 500, healthy: 2},
	rules: [{priority: 10, path: '/api/*', to: ['app'], listener: 443}],
	draining: '30s',
	accessLog: {folder: 'logs', prefix: 'web', interval: '5m'},
});

// @ts-expect-error an order is a list
assertOrder(lb, 'a');
// @ts-expect-error a cookie is not lost
assertWhy(exchange, {sticky: 'lost'});
// @ts-expect-error whose certificate it is, exchanges alone do not say
assertPassthrough([exchange], {seen: 'PEM'});
// @ts-expect-error a typo in the protocol of a health check does not compile
await emulator.create({listeners: ['http:80'], healthCheck: {target: 'HTPP:80/health'}});
// @ts-expect-error nor does a path without its slash
await emulator.create({listeners: ['http:80'], healthCheck: {target: 'HTTP:80health'}});
// @ts-expect-error nor does a TCP check with a path
await emulator.create({listeners: ['http:80'], healthCheck: {target: 'TCP:80/health'}});
// @ts-expect-error nor do two kinds of stickiness at once
await emulator.create({listeners: [{listen: 'http:80', stickiness: {cookie: 'a', seconds: 300}}]});
// @ts-expect-error nor does a rule without its back-ends
await emulator.create({listeners: ['http:80'], rules: [{priority: 1, path: '/'}]});
// @ts-expect-error nor does draining that is merely true
await emulator.create({listeners: ['http:80'], draining: true});
// @ts-expect-error nor does an interval the cloud does not have
await emulator.create({listeners: ['http:80'], accessLog: {folder: 'logs', interval: '10m'}});
// @ts-expect-error a typo in a protocol does not compile
await startLoadBalancer({listeners: ['htps:443 -> http:80']});
// @ts-expect-error nor does a missing port
await startLoadBalancer({listeners: ['https -> http:80']});
// @ts-expect-error nor does an unknown option
await startLoadBalancer({listeners: ['http:80'], backend: 3});

export {offered, proto, response, status, version};
