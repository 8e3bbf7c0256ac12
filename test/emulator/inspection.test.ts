import {inspect} from 'node:util';
import test from 'ava';
import {startEmulator, startLoadBalancer} from '../../src/index.ts';

/** Ports and times differ from run to run. */
function steady(text: string): string {
	return text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT').replaceAll(/\d+\.\d+(?= |,|\n)/g, 'MS');
}

test('an exchange shows what was asked, who answered and why, what was added, outcome and cause', async t => {
	const lb = await startLoadBalancer({
		listeners: ['https:443 -> http:80'],
		backends: [{kind: 'reply', body: 'x'.repeat(300), name: 'a'}],
	});
	t.teardown(() => lb.stop());
	await (await lb.fetch('/login')).text();

	const shown = inspect(lb.traffic.last());

	t.regex(shown, /^Exchange \{\n {2}id: 1,\n {2}kind: 'http',\n {2}loadBalancer: 'lb',\n {2}listener: 443,/);
	t.regex(shown, /client: '127\.0\.0\.1:\d+, TLSv1\.3'/);
	t.regex(shown, /method: 'GET',\n {4}target: '\/login',/);
	t.regex(shown, /status: 200,\n {4}by: 'backend',/);
	t.regex(shown, /text: 'x{200}… 100 more'/);
	t.regex(shown, /name: 'a'/);
	t.regex(shown, /'X-Forwarded-Proto: https'/);
	t.regex(shown, /outcome: 'ok',\n {2}cause: '',/);
	t.notRegex(shown, /requestHead|backendName|rawHeaders|startMs|Buffer|\[Object/);
	t.is(String(lb.traffic.last()), 'lb:443 #1 GET /login 200 -> a: ok');
});

test('an exchange without a back-end says why', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80']});
	t.teardown(() => lb.stop());
	await (await lb.fetch('/')).text();

	t.is(
		String(lb.traffic.last()),
		'lb:80 #1 GET / 503 by the load balancer: no-healthy-backend (no back-end is registered)',
	);
	t.regex(inspect(lb.traffic.last()), /cause: 'no back-end is registered'/);
	t.like(JSON.parse(JSON.stringify(lb.traffic.last())), {id: 1, kind: 'http', outcome: 'no-healthy-backend'});
});

test('load balancer, traffic, back-end and emulator show what they are', async t => {
	const config = {backends: {app: {kind: 'echo'}}, loadBalancers: {web: {listeners: ['http:80'], backends: ['app']}}};
	const emulator = await startEmulator({config: config as never, seed: 1});
	t.teardown(() => emulator.stop());
	const lb = emulator.get('web');
	await (await lb.fetch('/')).text();

	t.is(String(lb), 'load balancer web (http:80 -> http:80)');
	t.is(String(lb.backend('app')), `back-end app (${lb.backend('app').url})`);
	t.is(String(emulator), `emulator at ${emulator.endpoint}`);
	t.is(
		steady(inspect(lb)),
		[
			'LoadBalancer {',
			"  name: 'web',",
			`  dnsName: '${lb.dnsName}',`,
			"  listeners: [ 'http:80 -> http:80 at 127.0.0.1:PORT' ],",
			"  health: { app: 'InService' },",
			'  traffic: Traffic { length: 1, forgotten: 0, counts: { app: 1 } },',
			"  endpoint: 'http://127.0.0.1:PORT',",
			'  warnings: []',
			'}',
		].join('\n'),
	);
	t.is(
		steady(inspect(lb.backend('app'))),
		"Backend {\n  name: 'app',\n  url: 'http://127.0.0.1:PORT',\n  received: [ 'web:80 #1 GET / 200 -> app: ok' ]\n}",
	);
	t.is(
		steady(inspect(emulator)),
		"Emulator {\n  endpoint: 'http://127.0.0.1:PORT',\n  loadBalancers: [ 'load balancer web (http:80 -> http:80)' ],\n  warnings: [],\n  notices: []\n}",
	);
	t.is(inspect({lb}, {depth: 0}), '{ lb: [LoadBalancer] }');
});

test('what has been stopped can be shown', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 1});
	await lb.stop();

	t.regex(inspect(lb), /^LoadBalancer \{\n {2}name: 'lb'/);
});
