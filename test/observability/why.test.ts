import {once} from 'node:events';
import {createServer} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type LoadBalancer, type LoadBalancerSpec, startLoadBalancer, type Why, whyText} from '../../src/index.ts';
import {startWithApi} from '../helpers/emulator-scene.ts';
import {newLoadBalancer} from '../helpers/outscale-api.ts';
import {listening} from '../helpers/own-servers.ts';
import {eventually} from '../helpers/patience.ts';
import {freePorts} from '../helpers/ports.ts';

async function start(t: ExecutionContext, spec: Partial<LoadBalancerSpec> = {}): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: 3, clock: 'manual', ...spec});
	t.teardown(() => lb.stop());
	return lb;
}

/** Each candidate as `name verdict reason`. */
function candidates({candidates: all}: Why): string[] {
	return all.map(({backend, verdict, reason}) =>
		[backend, verdict, ...(reason === undefined ? [] : [reason])].join(' '),
	);
}

function lastWhy(lb: LoadBalancer): Why {
	return lb.traffic.last().why;
}

test('the candidates stand in the order of their turns, and the first in service is chosen', async t => {
	const lb = await start(t);
	await lb.fetch('/');

	t.deepEqual(lastWhy(lb), {
		rules: [],
		candidates: [
			{backend: 'a', verdict: 'chosen'},
			{backend: 'b', verdict: 'not-tried'},
			{backend: 'c', verdict: 'not-tried'},
		],
		attempts: [{backend: 'a', reused: false, ms: lb.traffic.last().attempts[0]?.ms ?? -1, end: 'ok'}],
	});

	await lb.fetch('/');
	t.deepEqual(candidates(lastWhy(lb)), ['b chosen', 'c not-tried', 'a not-tried']);
	lb.setHealth('c', 'OutOfService');
	await lb.fetch('/');
	t.deepEqual(candidates(lastWhy(lb)), ['c skipped taken out of service by hand', 'a chosen', 'b not-tried']);
	t.is(whyText(lastWhy(lb)), 'c taken out of service by hand; a chosen');
});

test('what its probes saw is the reason, with how often in a row', async t => {
	let status = 500;
	const lb = await start(t, {
		backends: [
			{kind: 'handler', name: 'app-1', handler: (_, response) => response.writeHead(status).end()},
			{kind: 'echo', name: 'app-2'},
		],
		healthCheck: {target: 'HTTP:80/health', unhealthy: 2, healthy: 3},
	});
	await lb.settle();
	lb.setHealth('app-2', 'OutOfService');

	t.is((await lb.fetch('/')).status, 503);
	const before = lb.traffic.last();

	t.deepEqual(candidates(before.why), [
		'app-1 skipped out of service: HTTP:80/health answered 500, 2 of 2',
		'app-2 skipped taken out of service by hand',
	]);
	const text = 'app-1 out of service: HTTP:80/health answered 500, 2 of 2; app-2 taken out of service by hand';
	t.is(whyText(before.why), text);
	t.is(before.cause, `no back-end in service: ${text}`);
	t.deepEqual(before.why.attempts, []);

	// What was noted does not change with what happens later.
	status = 200;
	await lb.settle();
	lb.setHealth('app-2', 'auto');
	await lb.fetch('/');
	t.deepEqual(candidates(lastWhy(lb)), ['app-1 chosen', 'app-2 not-tried']);
	t.deepEqual(candidates(before.why), [
		'app-1 skipped out of service: HTTP:80/health answered 500, 2 of 2',
		'app-2 skipped taken out of service by hand',
	]);
});

test('probes that find nobody are told in the words of the connection', async t => {
	const port = (await freePorts(1))[0] ?? 0;
	const lb = await start(t, {
		backends: [{kind: 'address', name: 'gone', host: '127.0.0.1', port}],
		healthCheck: {target: 'TCP:80', unhealthy: 2, healthy: 2},
	});
	await lb.settle();

	await lb.fetch('/');
	t.deepEqual(candidates(lastWhy(lb)), ['gone skipped out of service: TCP:80: connection refused, 2 of 2']);
	await lb.settle();
	await lb.clock.advance(30_000);
	await eventually(() => (lb.backends[0]?.health.failures ?? 0) > 2);
	await lb.fetch('/');
	t.regex(candidates(lastWhy(lb))[0] ?? '', /^gone skipped out of service: TCP:80: connection refused, \d+ in a row$/);
});

test('a back-end that refuses the connection is named with the cause, and the next is chosen', async t => {
	const port = (await freePorts(1))[0] ?? 0;
	const lb = await start(t, {
		backends: [
			{kind: 'address', name: 'gone', host: '127.0.0.1', port},
			{kind: 'echo', name: 'there'},
			{kind: 'echo', name: 'spare'},
		],
	});

	await lb.fetch('/');

	const why = lastWhy(lb);
	t.deepEqual(candidates(why), [
		`gone refused-connection connect ECONNREFUSED 127.0.0.1:${port}`,
		'there chosen',
		'spare not-tried',
	]);
	t.deepEqual(
		why.attempts.map(({backend, end}) => [backend, end]),
		[
			['gone', 'connect-refused'],
			['there', 'ok'],
		],
	);
	t.is(whyText(why), `gone not reached: connect ECONNREFUSED 127.0.0.1:${port}; there chosen`);
});

test('nobody reached at all: each is named', async t => {
	const ports = await freePorts(2);
	const lb = await start(t, {
		backends: ports.map((port, index) => ({kind: 'address', name: `gone-${index}`, host: '127.0.0.1', port})),
	});

	t.is((await lb.fetch('/')).status, 503);

	t.deepEqual(
		lastWhy(lb).candidates.map(({backend, verdict}) => [backend, verdict]),
		[
			['gone-0', 'refused-connection'],
			['gone-1', 'refused-connection'],
		],
	);
});

test('a request that was lost with its kept connection is tried again at the same back-end, which stays the chosen one', async t => {
	let requests = 0;
	const lb = await start(t, {
		backends: [
			{
				kind: 'handler',
				name: 'app',
				handler: (request, response) => {
					requests++;
					if (requests === 2) request.socket.destroy();
					else response.end();
				},
			},
		],
	});
	await lb.fetch('/');
	await lb.fetch('/');

	const why = lastWhy(lb);
	t.deepEqual(candidates(why), ['app chosen']);
	t.deepEqual(
		why.attempts.map(({backend, reused, end}) => ({backend, reused, end})),
		[
			{backend: 'app', reused: true, end: 'backend-reset'},
			{backend: 'app', reused: false, end: 'ok'},
		],
	);
});

test('rules are listed in the order in which they were tried, up to the one that matched', async t => {
	const lb = await start(t, {
		rules: [
			{priority: 10, name: 'api', path: '/api/*', to: ['b']},
			{priority: 20, host: 'admin.test', to: ['c']},
			{priority: 5, path: '/never', to: ['a']},
		],
	});

	await lb.fetch('/api/users');
	t.deepEqual(lastWhy(lb).rules, [
		{priority: 20, matched: false},
		{priority: 10, name: 'api', matched: true},
	]);
	t.deepEqual(candidates(lastWhy(lb)), ['b chosen']);
	t.is(whyText(lastWhy(lb)), 'rule 20 did not match; rule 10 "api" matched; b chosen');

	await lb.fetch('/cart');
	t.deepEqual(
		lastWhy(lb).rules.map(({priority, matched}) => [priority, matched]),
		[
			[20, false],
			[10, false],
			[5, false],
		],
	);
	t.deepEqual(candidates(lastWhy(lb)), ['a chosen', 'b not-tried', 'c not-tried']);

	lb.setHealth('b', 'OutOfService');
	t.is((await lb.fetch('/api/users')).status, 503);
	t.deepEqual(candidates(lastWhy(lb)), ['b skipped taken out of service by hand']);
});

test('a draining back-end is skipped as long as something is in flight at it, and then no candidate any more', async t => {
	let finish = () => {};
	const finished = new Promise<void>(resolve => {
		finish = resolve;
	});
	const lb = await start(t, {
		draining: '1h',
		backends: [
			{
				kind: 'handler',
				name: 'app-1',
				handler: (_, response) => void finished.then(() => response.end()),
			},
			{kind: 'echo', name: 'app-2'},
		],
	});
	const arrived = lb.traffic.arrival();
	const slow = lb.fetch('/slow');
	await arrived;
	const drained = lb.drain('app-1');

	await lb.fetch('/');
	t.deepEqual(candidates(lastWhy(lb)), ['app-2 chosen', 'app-1 skipped draining']);
	lb.setHealth('app-2', 'OutOfService');
	t.is((await lb.fetch('/')).status, 503);
	t.is(lb.traffic.last().cause, 'no back-end in service: app-1 draining; app-2 taken out of service by hand');

	finish();
	await Promise.all([slow, drained]);
	t.is((await lb.fetch('/')).status, 503);
	t.deepEqual(candidates(lastWhy(lb)), ['app-2 skipped taken out of service by hand']);
});

test('a cookie that binds is none, kept, gone or expired', async t => {
	const lb = await start(t, {listeners: [{listen: 'http:80', stickiness: {seconds: 60}}]});
	const first = await lb.fetch('/');
	const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
	t.deepEqual(lastWhy(lb).sticky, {cookie: 'AWSELB', verdict: 'none'});
	t.is(whyText(lastWhy(lb)), 'a chosen');

	await lb.fetch('/', {headers: {cookie}});
	t.deepEqual(lastWhy(lb).sticky, {cookie: 'AWSELB', verdict: 'kept', backend: 'a'});
	t.deepEqual(candidates(lastWhy(lb)), ['b not-tried', 'c not-tried', 'a chosen']);
	t.is(whyText(lastWhy(lb)), 'cookie AWSELB kept (a); a chosen');

	lb.setHealth('a', 'OutOfService');
	await lb.fetch('/', {headers: {cookie}});
	t.deepEqual(lastWhy(lb).sticky, {cookie: 'AWSELB', verdict: 'gone', backend: 'a'});
	t.deepEqual(candidates(lastWhy(lb)), ['b chosen', 'c not-tried', 'a skipped taken out of service by hand']);

	await lb.drain('a');
	await lb.fetch('/', {headers: {cookie}});
	t.deepEqual(lastWhy(lb).sticky, {cookie: 'AWSELB', verdict: 'gone'});

	await lb.clock.advance(60_000);
	await lb.fetch('/', {headers: {cookie}});
	t.deepEqual(lastWhy(lb).sticky, {cookie: 'AWSELB', verdict: 'expired'});
	t.regex(whyText(lastWhy(lb)), /^cookie AWSELB expired; [bc] chosen$/);
});

test('however many were passed over, the one that was chosen is named', async t => {
	const lb = await start(t, {backends: 8});
	for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) lb.setHealth(name, 'OutOfService');

	await lb.fetch('/');

	t.regex(whyText(lastWhy(lb)), /; e taken out of service by hand; h chosen; and 2 more$/);
});

test('a binding to a back-end that refuses the connection is gone for that request', async t => {
	const lb = await start(t, {listeners: [{listen: 'http:80', stickiness: {}}], backends: 2});
	const cookie = ((await lb.fetch('/')).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
	await lb.backend('a').stop();

	t.is((await lb.fetch('/', {headers: {cookie}})).status, 200);

	t.deepEqual(lastWhy(lb).sticky, {cookie: 'AWSELB', verdict: 'gone', backend: 'a'});
	t.regex(whyText(lastWhy(lb)), /^cookie AWSELB gone \(a\); b chosen; a not reached: connect ECONNREFUSED /);
});

test('a binding to a back-end that the rule does not lead to is gone for that request', async t => {
	const lb = await start(t, {
		listeners: [{listen: 'http:80', stickiness: {}}],
		rules: [{priority: 1, path: '/api', to: ['b']}],
	});
	const cookie = ((await lb.fetch('/')).headers.get('set-cookie') ?? '').split(';')[0] ?? '';

	await lb.fetch('/api', {headers: {cookie}});

	t.deepEqual(lastWhy(lb).sticky, {cookie: 'AWSELB', verdict: 'gone', backend: 'a'});
	t.deepEqual(candidates(lastWhy(lb)), ['b chosen']);
});

test('a connection of a TCP listener is explained alike', async t => {
	const port = (await freePorts(1))[0] ?? 0;
	const lb = await start(t, {
		listeners: ['tcp:25'],
		backends: [
			{kind: 'address', name: 'gone', host: '127.0.0.1', port},
			{kind: 'tcp', name: 'there', mode: 'echo'},
		],
	});
	const connection = await lb.connect(25);
	connection.end('hello');
	connection.resume();
	await once(connection, 'close');
	await eventually(() => lb.traffic.last().outcome === 'ok');

	const why = lastWhy(lb);
	t.deepEqual(candidates(why), [`gone refused-connection connect ECONNREFUSED 127.0.0.1:${port}`, 'there chosen']);
	t.deepEqual(why.rules, []);
	t.false('sticky' in why);
});

test('where nobody had to be chosen there is nothing to explain', async t => {
	const lb = await start(t);
	const ended = lb.traffic.next();
	const connection = await lb.connect(80);
	connection.end('nonsense\r\n\r\n');
	connection.resume();
	t.is((await ended).outcome, 'bad-request');

	t.deepEqual(lastWhy(lb), {rules: [], candidates: [], attempts: []});
	t.is(whyText(lastWhy(lb)), '');
});

test('an exchange that is open is explained as far as it has come', async t => {
	let finish = () => {};
	const finished = new Promise<void>(resolve => {
		finish = resolve;
	});
	const lb = await start(t, {
		backends: [{kind: 'handler', name: 'slow', handler: (_, response) => void finished.then(() => response.end())}],
	});
	const arrival = lb.traffic.arrival();
	const answer = lb.fetch('/');

	const {why} = await arrival;

	t.deepEqual(candidates(why), ['slow chosen']);
	t.is(why.attempts[0]?.end, 'open');
	finish();
	await answer;
});

test('the numbers of exchanges grow through all load balancers, and NDJSON has the explanation', async t => {
	const lb = await start(t);
	await lb.fetch('/');
	await lb.fetch('/');
	const [first, second] = [...lb.traffic];

	t.true((first?.seq ?? 0) > 0);
	t.is(second?.seq, (first?.seq ?? 0) + 1);
	const json = JSON.parse(JSON.stringify(second));
	t.deepEqual(json.why, JSON.parse(JSON.stringify(second?.why)));
	t.is(json.seq, second?.seq);
});

test('a load balancer without back-ends says so', async t => {
	const lb = await start(t, {backends: []});

	t.is((await lb.fetch('/')).status, 503);

	t.is(lb.traffic.last().cause, 'no back-end is registered');
	t.deepEqual(lastWhy(lb).candidates, []);
});

test('a back-end that takes no connection in time is not reached', async t => {
	const silent = createServer();
	const port = await listening(t, silent);
	const lb = await start(t, {
		listeners: ['http:80 -> https:443'],
		connectTimeout: '2s',
		backends: [
			{kind: 'address', name: 'silent', host: '127.0.0.1', port},
			{kind: 'echo', name: 'there', tls: true},
		],
	});
	const opened = once(silent, 'connection');
	const answer = lb.fetch('/');
	await opened;
	await lb.clock.advance(2500);
	await answer;

	t.deepEqual(candidates(lastWhy(lb)), ['silent refused-connection no connection within 2000 ms', 'there chosen']);
});

test('a VM that nobody has declared, and one whose registration is pending, are skipped with what to do', async t => {
	const {emulator, api} = await startWithApi(t, {clock: 'manual', config: {vms: {'i-0000000a': '127.0.0.1:9'}}});
	await api.ok('CreateLoadBalancer', newLoadBalancer('web'));
	const vms = ['i-0000000a', 'i-0000000b'];
	await api.ok('LinkLoadBalancerBackendMachines', {LoadBalancerName: 'web', BackendVmIds: vms});

	t.is((await emulator.get('web').fetch('/')).status, 503);

	const [pending = '', undeclared = ''] = candidates(lastWhy(emulator.get('web')));
	// Its first probe may be over by then.
	t.regex(pending, /^i-0000000a skipped out of service: (Instance registration is pending|TCP:80: .+, 1 of 2)$/);
	t.is(
		undeclared,
		'i-0000000b skipped out of service: lb-local does not know where i-0000000b is: declare it under "vms" in the configuration, or with `lb-local set vm i-0000000b 127.0.0.1:3000`',
	);
});

test('in short, an exchange tells the rule, the cookie and who came before; nothing when it was simply its turn', async t => {
	const port = (await freePorts(1))[0] ?? 0;
	const lb = await start(t, {
		listeners: [{listen: 'http:80', stickiness: {}}, 'http:81 -> http:80'],
		backends: [
			{kind: 'echo', name: 'app-1'},
			{kind: 'address', name: 'gone', host: '127.0.0.1', port},
			{kind: 'echo', name: 'app-2'},
		],
		rules: [{priority: 7, name: 'api', path: '/api/*', to: ['app-2'], listener: 80}],
	});
	const why = () => lb.traffic.last().summary.why;

	await fetch(`http://127.0.0.1:${lb.port(81)}/`);
	t.is(why(), '');
	await fetch(`http://127.0.0.1:${lb.port(81)}/`);
	t.is(why(), `gone not reached: connect ECONNREFUSED 127.0.0.1:${port}`);
	lb.setHealth('app-1', 'OutOfService');
	await fetch(`http://127.0.0.1:${lb.port(81)}/`);
	t.regex(why(), /^app-1 taken out of service by hand; gone not reached: /);

	const answer = await lb.fetch('/api/1');
	t.is(why(), 'rule 7 "api"');
	const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
	await lb.fetch('/api/1', {headers: {cookie}});
	t.is(why(), 'rule 7 "api"; cookie AWSELB kept');
	lb.setHealth('app-2', 'OutOfService');
	await lb.fetch('/api/1', {headers: {cookie}});
	// The cause has it all.
	t.is(why(), '');
	t.regex(lb.traffic.last().cause, /^no back-end in service: app-2 /);
});
