import test from 'ava';
import {loadBalancerState} from '../../../src/control-plane/admin/state.ts';
import {initialHealth} from '../../../src/model/health.ts';
import {FakeAdminApi, openControlServer} from '../helpers/control-server.ts';

test('the state shows everything that runs, with the endpoint', async t => {
	await using server = await openControlServer();

	const {status, text, headers} = await server.ask('GET', '/_lb/state');

	t.is(status, 200);
	t.is(headers['content-type'], 'application/json; charset=utf-8');
	t.is(headers['cache-control'], 'no-store');
	t.is(headers['x-content-type-options'], 'nosniff');
	t.is(headers['server'], 'lb-local');
	t.true(text.endsWith('}\n'));
	t.deepEqual(JSON.parse(text), {
		...server.own.state(),
		revision: server.own.live.revision,
		endpoint: `http://127.0.0.1:${server.port}`,
	});
});

test('the configuration is what is described, as JSON that one can be made of again', async t => {
	await using server = await openControlServer();
	server.own.written = {backends: {a: {kind: 'echo'}}, 'x-not-written': ['a: something']};

	t.deepEqual(await server.json('GET', '/_lb/config'), {status: 200, json: server.own.written});
	t.is((await server.json('DELETE', '/_lb/config')).status, 405);
	t.is((await server.json('GET', '/_lb/config?a')).status, 400);
});

test('live answers while the process does, and ready until a stop begins', async t => {
	await using server = await openControlServer();
	const {pid} = process;

	t.deepEqual(await server.json('GET', '/_lb/live'), {status: 200, json: {live: true, pid}});
	t.deepEqual(await server.json('GET', '/_lb/ready'), {status: 200, json: {ready: true, pid}});
	t.deepEqual(await server.json('GET', '/_lb/ready?settled'), {status: 200, json: {ready: true, pid}});
	server.own.ready = {isStopping: true, undecided: ['web/app-1']};
	t.deepEqual(await server.json('GET', '/_lb/live'), {status: 200, json: {live: true, pid}});
	const stopping = {status: 503, json: {ready: false, reason: 'stopping', pid}};
	t.deepEqual(await server.json('GET', '/_lb/ready'), stopping);
	t.deepEqual(await server.json('GET', '/_lb/ready?settled'), stopping);
});

test('ready waits for the first verdict of back-ends only when it is asked to', async t => {
	await using server = await openControlServer();
	server.own.ready = {isStopping: false, undecided: ['web/app-1', 'web/app-2']};

	t.is((await server.json('GET', '/_lb/ready')).status, 200);
	t.deepEqual(await server.json('GET', '/_lb/ready?settled'), {
		status: 503,
		json: {ready: false, reason: 'settling', undecided: ['web/app-1', 'web/app-2'], pid: process.pid},
	});
});

test('ready refuses any other parameter', async t => {
	await using server = await openControlServer();

	const {status, json} = await server.json('GET', '/_lb/ready?setled');

	t.is(status, 400);
	t.is(
		json.error.message,
		'The query is not valid:\n  (root): /_lb/ready takes "?settled" alone, and "?setled" was given',
	);
});

test('HEAD is GET without the content', async t => {
	await using server = await openControlServer();

	const asked = await server.ask('GET', '/_lb/state');
	const {status, text, headers} = await server.ask('HEAD', '/_lb/state');

	t.is(status, 200);
	t.is(text, '');
	t.is(headers['content-length'], String(asked.text.length));
});

test('a back-end is taken out by hand, and left to the probes again', async t => {
	await using server = await openControlServer();
	const set = (state: string) => server.json('POST', '/_lb/health', {loadBalancer: 'web', backend: 'app-1', state});

	const out = await set('OutOfService');
	const seen = await server.json('GET', '/_lb/health');
	const auto = await set('auto');

	const entry = {loadBalancer: 'web', backend: 'app-1'};
	const isOut = {...entry, state: 'OutOfService', reason: 'Taken out of service by hand.', operator: 'OutOfService'};
	t.deepEqual(out, {status: 200, json: {health: [isOut]}});
	t.deepEqual(seen, out);
	t.deepEqual(auto.json, {health: [{...entry, state: 'InService', operator: 'auto'}]});
});

test('VMs are declared, moved and forgotten', async t => {
	await using server = await openControlServer();

	const first = await server.json('POST', '/_lb/vms', {id: 'i-0000000a', address: '127.0.0.1:3000'});
	const moved = await server.json('POST', '/_lb/vms', {id: 'i-0000000a', address: '127.0.0.5'});
	const long = await server.json('POST', '/_lb/vms', {id: 'i-0123456789abcdef0', address: '[::1]:80'});
	const seen = await server.json('GET', '/_lb/vms');
	const removed = await server.json('DELETE', '/_lb/vms', {id: 'i-0000000a'});
	const again = await server.json('DELETE', '/_lb/vms', {id: 'i-0000000a'});

	t.deepEqual(first, {status: 200, json: {vms: [{id: 'i-0000000a', address: '127.0.0.1:3000'}]}});
	t.deepEqual(moved.json, {vms: [{id: 'i-0000000a', address: '127.0.0.5'}]});
	t.deepEqual(seen, long);
	t.deepEqual(removed.json, {vms: [{id: 'i-0123456789abcdef0', address: '[::1]:80'}]});
	t.is(again.status, 404);
	t.deepEqual(again.json, {
		error: {code: 'NO_SUCH_VM', message: 'Nobody has said where the VM "i-0000000a" is'},
	});
});

test('a reset puts everything back, and answers what there is then', async t => {
	await using server = await openControlServer();
	await server.ask('POST', '/api/v1/ReadVms', '{}');
	await server.ask('POST', '/_lb/vms', {id: 'i-0000000a', address: '127.0.0.1:3000'});

	const {status, json} = await server.json('POST', '/_lb/reset');
	const withObject = await server.json('POST', '/_lb/reset', '{}');

	t.is(status, 200);
	t.deepEqual(json.vms, []);
	t.is(withObject.status, 200);
	t.is(server.own.resets, 2);
	t.deepEqual((await server.json('GET', '/_lb/calls')).json, {total: 1, calls: []});
});

test('a reset that fails is told, and the calls are kept', async t => {
	class Stuck extends FakeAdminApi {
		override reset(): Promise<void> {
			return Promise.reject(new TypeError('secret'));
		}
	}
	await using server = await openControlServer({own: new Stuck()});
	await server.ask('POST', '/api/v1/ReadVms', '{}');

	const {status, text} = await server.ask('POST', '/_lb/reset');

	t.is(status, 500);
	t.notRegex(text, /secret/);
	t.is(server.errors.length, 1);
	t.is((await server.json('GET', '/_lb/calls')).json.calls.length, 1);
});

test('the certificate of the authority is PEM', async t => {
	await using server = await openControlServer();

	const {status, text, headers} = await server.ask('GET', '/_lb/ca.pem');

	t.is(status, 200);
	t.is(text, server.own.authorityPem);
	t.is(headers['content-type'], 'application/pem-certificate-chain');
});

test('the call log has the latest calls', async t => {
	await using server = await openControlServer({clock: {now: () => 0, wallMs: () => 0}});
	await server.ask('POST', '/api/v1/ReadVms', '{}');

	const {json} = await server.json('GET', '/_lb/calls');

	const at = '1970-01-01T00:00:00.000Z';
	t.deepEqual(json, {
		total: 1,
		calls: [{number: 1, at, ms: 0, action: 'ReadVms', api: 'oapi', status: 200, unread: []}],
	});
});

test('the call log has the calls that came after one', async t => {
	await using server = await openControlServer();
	for (let count = 0; count < 3; count++) await server.ask('POST', '/api/v1/ReadVms', '{}');
	const numbers = async (query: string) => {
		const {json} = await server.json('GET', `/_lb/calls${query}`);
		return json.calls.map(({number}: {number: number}) => number);
	};

	t.deepEqual(await numbers('?after=0'), [1, 2, 3]);
	t.deepEqual(await numbers('?after=2'), [3]);
	t.deepEqual(await numbers('?after=3'), []);
	const wrong = await server.json('GET', '/_lb/calls?after=x&aftr=1');
	t.is(wrong.status, 400);
	t.deepEqual(
		wrong.json.error.violations.map(({path, message}: {path: string; message: string}) => `${path} ${message}`),
		['(root) "aftr" is no parameter; allowed are after', 'after "x" is not a whole number from 0 on'],
	);
});

test('the state has the number that the events of its changes have', async t => {
	await using server = await openControlServer();
	const before = (await server.json('GET', '/_lb/state')).json.revision;

	server.own.live.shown.advance();

	t.is((await server.json('GET', '/_lb/state')).json.revision, before + 1);
});

test('a stop is asked for once its answer is on its way, of the process that is meant', async t => {
	await using server = await openControlServer();
	const stop = (body?: object) => server.json('POST', '/_lb/stop', body);

	const ofProgram = await stop();
	const asked = new Promise<void>(resolve => {
		server.own.askToStop = resolve;
	});
	const other = await stop({pid: process.pid + 1});
	const wrong = await stop({pid: 'all'});
	const mine = await stop({pid: process.pid});
	await asked;

	t.is(ofProgram.status, 409);
	t.is(ofProgram.json.error.code, 'NOT_STOPPABLE');
	t.is(other.status, 409);
	t.like(other.json.error, {
		code: 'OTHER_PROCESS',
		message: `This is process ${process.pid}, not ${process.pid + 1}: nothing has been stopped`,
	});
	t.is(wrong.status, 400);
	t.deepEqual(mine, {status: 200, json: {pid: process.pid}});
});

test('an unknown path says what there is, and what was probably meant', async t => {
	await using server = await openControlServer();

	const {status, json} = await server.json('GET', '/_lb/helth');

	t.is(status, 404);
	t.deepEqual(json, {
		error: {
			code: 'NO_SUCH_ROUTE',
			message:
				'Nothing is at "/_lb/helth"; there is GET /_lb/, GET /_lb/live, GET /_lb/ready, GET /_lb/state, GET|PUT /_lb/config, POST /_lb/reset, POST /_lb/stop, GET|POST /_lb/health, GET|POST|DELETE /_lb/vms, GET|POST|DELETE /_lb/faults, POST /_lb/drain, POST /_lb/backend, POST /_lb/clock, GET|DELETE /_lb/traffic, GET /_lb/events, GET /_lb/access.log, GET /_lb/metrics, GET /_lb/ca.pem, GET /_lb/connect, GET /_lb/calls, GET /_lb/traffic/{load balancer}/{id}',
			hint: 'did you mean "/_lb/health"?',
		},
	});
});

/** The wrong method: 405, what is allowed, and nothing has changed. */
const refusesMethod = test.macro({
	exec: async (t, method: string, path: string, allow: string) => {
		await using server = await openControlServer();

		const {status, headers, text} = await server.ask(method, path);

		t.is(status, 405);
		t.is(headers.allow, allow);
		t.is(JSON.parse(text).error.message, `${method} does nothing at ${path}; allowed are ${allow}`);
		t.is(server.own.resets, 0);
	},
	title: (_, method: string, path: string, __: string) => `${method} does nothing at ${path}`,
});
test(refusesMethod, 'GET', '/_lb/reset', 'POST');
test(refusesMethod, 'GET', '/_lb/stop', 'POST');
test(refusesMethod, 'POST', '/_lb/state', 'GET, HEAD');
test(refusesMethod, 'DELETE', '/_lb/health', 'GET, HEAD, POST');
test(refusesMethod, 'PUT', '/_lb/vms', 'GET, HEAD, POST, DELETE');
test(refusesMethod, 'OPTIONS', '/_lb/calls', 'GET, HEAD');

test('parameters that nothing reads are refused', async t => {
	await using server = await openControlServer();

	const {status, json} = await server.json('GET', '/_lb/state?pretty=1');

	t.is(status, 400);
	t.is(
		json.error.message,
		'The query is not valid:\n  (root): GET /_lb/state takes no parameters, and "?pretty=1" was given',
	);
});

/** A body with faults: 400 with all of them, and nothing has changed. */
const refusesBody = test.macro({
	exec: async (
		t,
		[method, path]: readonly [method: string, path: string],
		body: string | object,
		violations: readonly object[],
	) => {
		await using server = await openControlServer();
		const before = JSON.stringify(server.own.state());

		const {status, json} = await server.json(method, path, body);

		t.is(status, 400);
		t.is(json.error.code, 'INVALID_DESCRIPTION');
		t.deepEqual(json.error.violations, violations);
		t.is(JSON.stringify(server.own.state()), before);
		t.is(server.own.resets, 0);
	},
	title: (_, route: readonly [string, string], body: string | object) =>
		`${route.join(' ')} refuses ${JSON.stringify(body)}`,
});
const HEALTH = ['POST', '/_lb/health'] as const;
const VMS = ['POST', '/_lb/vms'] as const;
test(refusesBody, HEALTH, '', [{path: '(root)', message: 'the body is empty; it has to be JSON'}]);
test(refusesBody, HEALTH, '{', [{path: '(root)', message: 'the body is not JSON in UTF-8'}]);
test(refusesBody, HEALTH, '[]', [
	{path: '(root)', message: 'a list of 0 is not an object {loadBalancer, backend, state}'},
]);
test(refusesBody, HEALTH, {}, [
	{path: 'backend', message: '"backend" is missing; it is text'},
	{path: 'loadBalancer', message: '"loadBalancer" is missing; it is text'},
	{
		path: 'state',
		message: '"state" is missing; it is a state; allowed are "InService", "OutOfService" or "auto"',
	},
]);
test(refusesBody, HEALTH, {loadbalancer: 'web', backend: 1, state: 'inservice'}, [
	{path: 'backend', message: '1 is not text', hint: 'put it in quotes: "1"'},
	{path: 'loadBalancer', message: '"loadBalancer" is missing; it is text'},
	{
		path: 'loadbalancer',
		message: 'unknown key "loadbalancer"; allowed are "loadBalancer", "backend" or "state"',
		hint: 'did you mean "loadBalancer"?',
	},
	{
		path: 'state',
		message: '"inservice" is not a state; allowed are "InService", "OutOfService" or "auto"',
		hint: 'did you mean "InService"?',
	},
]);
test(refusesBody, VMS, {id: 'web', address: 'http://127.0.0.1:3000/'}, [
	{
		path: 'address',
		message: '"http://127.0.0.1:3000/" is a URL, not an address; write host:port such as "127.0.0.1:3000"',
		hint: 'did you mean "127.0.0.1:3000"?',
	},
	{
		path: 'id',
		message: '"web" is not the id of a VM; write "i-" and 8 hexadecimal digits, such as "i-0000000a"',
	},
]);
test(refusesBody, VMS, {id: 'i-0000000A', address: '127.0.0.1:70000'}, [
	{path: 'address', message: '"70000" in "127.0.0.1:70000" is not a port; allowed are 1 to 65535'},
	{
		path: 'id',
		message: '"i-0000000A" is not the id of a VM; write "i-" and 8 hexadecimal digits, such as "i-0000000a"',
	},
]);
test(refusesBody, VMS, '{"__proto__":{"id":"i-0000000a","address":"127.0.0.1"}}', [
	{path: '__proto__', message: 'unknown key "__proto__"; allowed are "id" or "address"'},
	{
		path: 'address',
		message: '"address" is missing; it is an address such as "127.0.0.1:3000", or a port such as 3000',
	},
	{path: 'id', message: '"id" is missing; it is text'},
]);
test(refusesBody, ['DELETE', '/_lb/vms'], {id: 'i-0'}, [
	{path: 'id', message: '"i-0" is not the id of a VM; write "i-" and 8 hexadecimal digits, such as "i-0000000a"'},
]);
test(refusesBody, ['POST', '/_lb/reset'], {all: true}, [
	{path: 'all', message: 'unknown key "all"; allowed are "prefix"'},
]);

test('a body that is not UTF-8 is refused, and not guessed at', async t => {
	await using server = await openControlServer();
	const client = await server.connect();
	const body = '{"loadBalancer":"w\xffb","backend":"app-1","state":"auto"}';

	client.write(
		`POST /_lb/health HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
	);

	t.regex((await client.message()).body, /the body is not JSON in UTF-8/);
	client.end();
});

test('an unknown load balancer or back-end is 404', async t => {
	await using server = await openControlServer();
	const set = (loadBalancer: string, backend: string) =>
		server.json('POST', '/_lb/health', {loadBalancer, backend, state: 'auto'});

	t.deepEqual(await set('shop', 'app-1'), {
		status: 404,
		json: {error: {code: 'NO_SUCH_LOAD_BALANCER', message: 'No load balancer shop'}},
	});
	t.is((await set('web', 'app-9')).status, 404);
});

test('a running load balancer is shown with its dates as text', t => {
	const lastProbe = {target: 'TCP:80', address: '127.0.0.1:3000', result: 'pass', ms: 1.5, atMs: 0};
	const state = loadBalancerState({
		name: 'web',
		dnsName: 'web.test',
		listeners: [
			{spec: 'tcp:80', port: 80, host: '127.0.0.1', boundPort: 1080},
			{
				spec: 'https:443 -> http:80',
				port: 443,
				host: '127.0.0.1',
				boundPort: 1443,
				certificate: {names: ['web.test'], notAfter: new Date(0), fingerprint256: 'AB', warnings: ['w']},
			},
		],
		backends: [
			{
				name: 'a',
				kind: 'echo',
				address: '127.0.0.1:3000',
				state: 'InService',
				operator: 'auto',
				inFlight: 2,
				health: {...initialHealth('in-service'), lastProbe},
			},
		],
		warnings: ['careful'],
		advice: [],
	});

	t.is(state.state, 'active');
	t.is(state.listeners[1]?.certificate?.notAfter, '1970-01-01T00:00:00.000Z');
	t.false('certificate' in (state.listeners[0] ?? {}));
	t.deepEqual(state.backends, [
		{
			name: 'a',
			kind: 'echo',
			address: '127.0.0.1:3000',
			state: 'InService',
			operator: 'auto',
			inFlight: 2,
			lastProbe: {
				target: 'TCP:80',
				address: '127.0.0.1:3000',
				result: 'pass',
				ms: 1.5,
				at: '1970-01-01T00:00:00.000Z',
			},
		},
	]);
});
