import {once} from 'node:events';
import {connect} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import type {TrafficPage} from '../../src/control-plane/admin/traffic.ts';
import {type Emulator, type EmulatorOptions, startEmulator} from '../../src/index.ts';
import {ATHENA} from '../helpers/access-log.ts';
import {authority} from '../helpers/emulator-scene.ts';
import {runProgram, testWith} from '../helpers/programs.ts';

async function start(t: ExecutionContext, options: EmulatorOptions = {}): Promise<Emulator> {
	const emulator = await startEmulator({port: 0, authority, ...options});
	t.teardown(() => emulator.stop());
	await emulator.create({name: 'web', listeners: ['http:80'], backends: 2});
	await emulator.create({name: 'shop', listeners: ['http:80'], backends: 1});
	return emulator;
}

async function visit(emulator: Emulator, ...targets: readonly string[]): Promise<void> {
	for (const target of targets) {
		const [name = '', path = ''] = target.split(' ');
		await emulator.get(name).fetch(path);
	}
}

async function page(emulator: Emulator, query = ''): Promise<TrafficPage> {
	const response = await fetch(`${emulator.endpoint}/_lb/traffic${query}`);
	if (response.status !== 200) throw new Error(await response.text());
	return (await response.json()) as TrafficPage;
}

const targets = ({summaries}: TrafficPage) => summaries.map(({lb, target}) => `${lb} ${target}`);

async function refusal(emulator: Emulator, path: string, init: RequestInit = {}) {
	const response = await fetch(`${emulator.endpoint}${path}`, init);
	const {error} = (await response.json()) as {error: {code: string; message: string; hint?: string}};
	return {status: response.status, ...error};
}

test('the record of all load balancers is read in the order in which exchanges came, newest last', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1', 'shop /2', 'web /3');

	const all = await page(emulator);

	t.deepEqual(targets(all), ['web /1', 'shop /2', 'web /3']);
	t.is(all.oldest, all.summaries[0]?.seq ?? -1);
	t.is(all.newest, all.summaries[2]?.seq ?? -1);
	t.is(all.forgotten, 0);
	t.false(all.more);
	t.deepEqual(targets(await page(emulator, '?lb=web')), ['web /1', 'web /3']);
});

test('an empty record is a page without rows', async t => {
	const emulator = await start(t);

	t.deepEqual(await page(emulator), {summaries: [], oldest: 0, newest: 0, forgotten: 0, older: 0, more: false});
});

test('paging goes by seq: after it the first ones, before it the last ones', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1', 'shop /2', 'web /3', 'shop /4', 'web /5');
	const {summaries} = await page(emulator);
	const seqOf = (index: number) => summaries[index]?.seq ?? 0;

	const first = await page(emulator, '?after=0&limit=2');
	t.deepEqual(targets(first), ['web /1', 'shop /2']);
	t.true(first.more);
	const next = await page(emulator, `?after=${first.summaries.at(-1)?.seq}&limit=3`);
	t.deepEqual(targets(next), ['web /3', 'shop /4', 'web /5']);
	t.false(next.more);
	t.deepEqual(targets(await page(emulator, `?after=${seqOf(4)}`)), []);

	const last = await page(emulator, '?limit=2');
	t.deepEqual(targets(last), ['shop /4', 'web /5']);
	t.true(last.more);
	t.is(last.older, 3);
	const before = await page(emulator, `?before=${seqOf(3)}&limit=2`);
	t.deepEqual(targets(before), ['shop /2', 'web /3']);
	t.is(before.older, 1);
	t.deepEqual(targets(await page(emulator, `?after=${seqOf(0)}&before=${seqOf(3)}`)), ['shop /2', 'web /3']);
});

test('a filter leaves the rows that match, and the limit counts those', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /api/1', 'web /cart', 'web /api/2', 'shop /api/3');

	t.deepEqual(targets(await page(emulator, `?filter=${encodeURIComponent('path:/api -lb:shop')}&limit=1`)), [
		'web /api/2',
	]);
	t.deepEqual(targets(await page(emulator, '?filter=status:5xx')), []);
});

test('what is forgotten is counted', async t => {
	const emulator = await start(t, {record: {exchanges: 2}});
	await visit(emulator, 'web /1', 'web /2', 'web /3');

	const all = await page(emulator);

	t.deepEqual(targets(all), ['web /2', 'web /3']);
	t.is(all.forgotten, 1);
	t.like(await refusal(emulator, '/_lb/traffic/web/1'), {status: 404, code: 'FORGOTTEN'});
});

test('whole exchanges come as NDJSON, with the explanation', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1', 'shop /2');

	const response = await fetch(`${emulator.endpoint}/_lb/traffic?filter=/2`, {
		headers: {accept: 'application/x-ndjson'},
	});

	t.is(response.headers.get('content-type'), 'application/x-ndjson; charset=utf-8');
	const lines = (await response.text()).split('\n');
	t.is(lines.pop(), '');
	t.deepEqual(
		lines.map(line => JSON.parse(line)),
		[JSON.parse(JSON.stringify(emulator.get('shop').traffic.last()))],
	);
	t.is(JSON.parse(lines[0] ?? '{}').why.candidates[0].verdict, 'chosen');
});

/** The file that a link leads to, line by line. */
async function file(emulator: Emulator, query = '', headers: Record<string, string> = {}) {
	const response = await fetch(`${emulator.endpoint}/_lb/traffic?format=ndjson${query}`, {headers});
	const text = await response.text();
	if (response.status !== 200) throw new Error(text);
	const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
	const exchanges = lines.map(line => JSON.parse(line) as {seq: number; request: {target: string}});
	return {headers: response.headers, text, exchanges};
}

const disposition = 'attachment; filename="lb-local-traffic.ndjson"';

test('a link saves whole exchanges as a file, whatever the browser accepts', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1', 'shop /2');

	const saved = await file(emulator, '', {accept: 'text/html,*/*;q=0.8', 'sec-fetch-site': 'same-origin'});

	t.is(saved.headers.get('content-type'), 'application/x-ndjson; charset=utf-8');
	t.is(saved.headers.get('content-disposition'), disposition);
	t.is(saved.headers.get('x-content-type-options'), 'nosniff');
	t.is(saved.headers.get('cache-control'), 'no-store');
	const whole = ['web', 'shop'].map(name => JSON.stringify(emulator.get(name).traffic.last()));
	t.is(saved.text, `${whole.join('\n')}\n`, 'as with Accept, and as `up --json` prints them');
	const accepted = await fetch(`${emulator.endpoint}/_lb/traffic`, {headers: {accept: 'application/x-ndjson'}});
	t.is(accepted.headers.get('content-disposition'), null, 'programs save nothing unless they want to');
	t.is(await accepted.text(), saved.text);
	t.is((await file(emulator, '', {accept: 'application/x-ndjson'})).text, saved.text);
});

test('format=json is the page of rows, also where NDJSON is accepted', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1');

	const response = await fetch(`${emulator.endpoint}/_lb/traffic?format=json`, {
		headers: {accept: 'application/x-ndjson'},
	});

	t.is(response.headers.get('content-type'), 'application/json; charset=utf-8');
	t.is(response.headers.get('content-disposition'), null);
	t.deepEqual(await response.json(), await page(emulator));
});

test('a file has what filter, load balancer, range and limit leave, and nothing of an empty record', async t => {
	const emulator = await start(t);
	t.is((await file(emulator)).text, '');
	await visit(emulator, 'web /api/1', 'web /cart', 'shop /api/2', 'web /api/3');
	const {summaries} = await page(emulator);
	const targetsOf = async (query: string) => (await file(emulator, query)).exchanges.map(({request}) => request.target);

	t.deepEqual(await targetsOf('&filter=path:/api'), ['/api/1', '/api/2', '/api/3']);
	t.deepEqual(await targetsOf('&filter=path:/api+-lb:shop'), ['/api/1', '/api/3']);
	t.deepEqual(await targetsOf('&filter=path:/api&limit=2'), ['/api/2', '/api/3']);
	t.deepEqual(await targetsOf('&lb=shop'), ['/api/2']);
	t.deepEqual(await targetsOf(`&before=${summaries[2]?.seq}`), ['/api/1', '/cart']);
	t.deepEqual(await targetsOf(`&after=${summaries[1]?.seq}&limit=1`), ['/api/2']);
	t.deepEqual(await targetsOf('&filter=status:5xx'), []);
});

test('a format that does not exist is refused with those that do, and so is a page of another site', async t => {
	const emulator = await start(t);

	t.like(await refusal(emulator, '/_lb/traffic?format=csv'), {
		status: 400,
		code: 'INVALID_DESCRIPTION',
		message: 'The query is not valid:\n  format: "csv" is no format; allowed are json, ndjson',
	});
	t.regex((await refusal(emulator, '/_lb/traffic?format=ndjsn')).message, /did you mean "ndjson"\?/);
	t.like(await refusal(emulator, '/_lb/traffic?format='), {status: 400});
	t.like(await refusal(emulator, '/_lb/traffic?format=json&format=ndjson'), {status: 400});
	const both = await refusal(emulator, '/_lb/traffic?format=NDJSON&limit=0');
	t.regex(both.message, /format.*limit|limit.*format/s);
	const foreign = {headers: {'sec-fetch-site': 'cross-site'}};
	t.like(await refusal(emulator, '/_lb/traffic?format=ndjson', foreign), {status: 403});
});

test('a file has 10,000 exchanges at most, the newest, each once', async t => {
	const emulator = await start(t, {record: {exchanges: 20_000}});
	const count = 10_050;
	const client = connect(emulator.get('web').port(80), '127.0.0.1');
	t.teardown(() => client.destroy());
	const requests = Array.from({length: count}, (_, index) => `GET /${index} HTTP/1.1\r\nHost: web.test\r\n\r\n`);
	client.end(requests.join(''));
	client.resume();
	await once(client, 'close');
	t.is(emulator.get('web').traffic.length, count);

	const {exchanges} = await file(emulator, '&limit=10000');

	const numbers = exchanges.map(({request}) => Number(request.target.slice(1)));
	t.deepEqual(
		numbers,
		Array.from({length: 10_000}, (_, index) => index + 50),
	);
	const older = await file(emulator, `&before=${exchanges[0]?.seq}`);
	t.deepEqual(
		older.exchanges.map(({request}) => Number(request.target.slice(1))),
		Array.from({length: 50}, (_, index) => index),
	);
	t.like(await refusal(emulator, '/_lb/traffic?format=ndjson&limit=10001'), {status: 400});
});

test('one exchange is read by its load balancer and id', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1', 'web /2');

	const response = await fetch(`${emulator.endpoint}/_lb/traffic/web/2`);

	const last = emulator.get('web').traffic.last();
	const {copyAs, ...exchange} = (await response.json()) as {copyAs: Record<string, unknown>};
	t.deepEqual(exchange, {...JSON.parse(JSON.stringify(last)), log: last.log});
	t.deepEqual(Object.keys(copyAs), ['curl', 'fetch', 'test', 'added']);
	t.like(await refusal(emulator, '/_lb/traffic/web/3'), {status: 404, code: 'NO_SUCH_EXCHANGE'});
	t.like(await refusal(emulator, '/_lb/traffic/web/-1'), {status: 404, code: 'NO_SUCH_EXCHANGE'});
	t.like(await refusal(emulator, '/_lb/traffic/wep/1'), {
		status: 404,
		code: 'NO_SUCH_LOAD_BALANCER',
		hint: 'did you mean "web"?',
	});
	t.like(await refusal(emulator, '/_lb/traffic/%ZZ/1'), {status: 404, code: 'NO_SUCH_ROUTE'});
	t.like(await refusal(emulator, '/_lb/traffic/web/1', {method: 'DELETE'}), {status: 405});
});

test('the record is cleared, of all load balancers', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1', 'shop /2');

	t.like(await refusal(emulator, '/_lb/traffic?filter=lb:web', {method: 'DELETE'}), {
		status: 400,
		message:
			'The query is not valid:\n  (root): DELETE /_lb/traffic takes no parameters, and "?filter=lb:web" was given',
	});
	t.is(emulator.get('web').traffic.length, 1, 'a part of it cannot be cleared: nothing is');
	const response = await fetch(`${emulator.endpoint}/_lb/traffic`, {method: 'DELETE'});

	t.is(response.status, 200);
	t.deepEqual((await page(emulator)).summaries, []);
	t.is(emulator.get('web').traffic.length, 0);
});

test('a query that means nothing is refused with everything that is wrong', async t => {
	const emulator = await start(t);

	const {status, message} = await refusal(emulator, '/_lb/traffic?limit=0&after=x&lmit=3&filter=stats:5xx&lb=a&lb=b');

	t.is(status, 400);
	for (const part of ['limit', 'after', '"lmit"', '"stats"', 'more than once']) t.true(message.includes(part), message);
	t.like(await refusal(emulator, '/_lb/traffic?lb=wep'), {status: 404, code: 'NO_SUCH_LOAD_BALANCER'});
	t.like(await refusal(emulator, '/_lb/traffic?limit=10001'), {status: 400});
	const long = await refusal(emulator, `/_lb/traffic?filter=${'a'.repeat(1001)}`);
	t.is(long.status, 400);
	t.true(long.message.includes('filter: a filter has at most 1000 characters, and this one has 1001'), long.message);
});

test('the access log has a line for each exchange that is kept, of all or of some', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /1', 'shop /2', 'web /3');
	const log = async (query = '') => {
		const answer = await fetch(`${emulator.endpoint}/_lb/access.log${query}`);
		t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
		return answer.text();
	};
	const lines = [...emulator.get('web').traffic, ...emulator.get('shop').traffic].map(each => `${each.log}\n`);
	const [one = '', three = '', two = ''] = lines;

	t.regex(one.trimEnd(), ATHENA);
	t.is(await log(), `${one}${two}${three}`);
	t.is(await log('?lb=web'), `${one}${three}`);
	t.is(await log('?filter=path:/2'), two);
	t.is(await log('?after=1&before=3'), two);
	t.is(await log('?filter=path:/4'), '');
});

test('the access log has no line for what an access log leaves out, nor for what is open', async t => {
	const emulator = await start(t);
	await emulator.create({name: 'mail', listeners: ['tcp:25'], backends: [{kind: 'tcp', mode: 'echo'}]});
	const socket = connect(emulator.get('mail').port(25), '127.0.0.1');
	t.teardown(() => socket.destroy());
	socket.write('hello');
	await once(socket, 'data');

	t.is((await page(emulator, '?lb=mail')).summaries.length, 1);
	t.is(await (await fetch(`${emulator.endpoint}/_lb/access.log`)).text(), '');
});

test('the access log refuses what it does not take', async t => {
	const emulator = await start(t);

	const {status, message} = await refusal(emulator, '/_lb/access.log?limit=1&after=x');
	t.is(status, 400);
	t.regex(message, /"limit" is no parameter; allowed are after, before, lb, filter/);
	t.regex(message, /after: "x" is not a whole number/);
	t.is((await refusal(emulator, '/_lb/access.log?lb=none')).code, 'NO_SUCH_LOAD_BALANCER');
	t.is((await fetch(`${emulator.endpoint}/_lb/access.log`, {method: 'DELETE'})).status, 405);
});

test('HEAD has no rows', async t => {
	const emulator = await start(t);
	const response = await fetch(`${emulator.endpoint}/_lb/traffic`, {
		method: 'HEAD',
		headers: {accept: 'application/x-ndjson'},
	});

	t.is(response.status, 200);
	t.is(await response.text(), '');
	const asFile = await fetch(`${emulator.endpoint}/_lb/traffic?format=ndjson`, {method: 'HEAD'});
	t.is(asFile.headers.get('content-disposition'), disposition);
	t.is(await asFile.text(), '');
});

test('a client that reads no further than the first lines stops what is made for it', async t => {
	const emulator = await start(t);
	for (let index = 0; index < 300; index++) {
		await emulator.get('web').fetch('/', {method: 'POST', body: 'x'.repeat(16_000)});
	}
	const client = connect(Number(new URL(emulator.endpoint).port), '127.0.0.1');
	client.write(`GET /_lb/traffic HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\n\r\n`);
	await once(client, 'data');
	client.destroy();
	await once(client, 'close');

	t.is((await fetch(`${emulator.endpoint}/_lb/live`)).status, 200);
});

test('a back-end is drained over the wire: answered at once, and an event tells of its end', async t => {
	const emulator = await start(t);
	const drained = once(emulator.events, 'drained');

	const response = await fetch(`${emulator.endpoint}/_lb/drain`, {
		method: 'POST',
		body: JSON.stringify({loadBalancer: 'web', backend: 'a'}),
	});

	t.is(response.status, 202);
	t.deepEqual(await response.json(), {loadBalancer: 'web', backend: 'a', inFlight: 0});
	t.deepEqual(await drained, [{loadBalancer: 'web', backend: 'a'}]);
	t.deepEqual(
		emulator.get('web').backends.map(({name}) => name),
		['b'],
	);
	const again = {method: 'POST', body: JSON.stringify({loadBalancer: 'web', backend: 'a'})};
	t.like(await refusal(emulator, '/_lb/drain', again), {status: 404, code: 'NO_SUCH_BACKEND'});
	t.like(await refusal(emulator, '/_lb/drain', {method: 'POST', body: '{"loadBalancer":"web"}'}), {status: 400});
});

test('a fake back-end is stopped and started over the wire', async t => {
	const emulator = await start(t);
	const send = (body: object) =>
		fetch(`${emulator.endpoint}/_lb/backend`, {method: 'POST', body: JSON.stringify(body)});

	t.is((await send({loadBalancer: 'shop', backend: 'a', action: 'stop'})).status, 200);
	t.is((await emulator.get('shop').fetch('/')).status, 503);
	t.is(emulator.get('shop').traffic.last().outcome, 'connect-refused');
	t.is((await send({loadBalancer: 'shop', backend: 'a', action: 'start'})).status, 200);
	t.is((await emulator.get('shop').fetch('/')).status, 200);
	t.is((await send({loadBalancer: 'shop', backend: 'a', action: 'restart'})).status, 400);
	await emulator.create({name: 'own', listeners: ['http:80'], backends: ['127.0.0.1:9']});
	const [own] = emulator.get('own').backends;
	const refused = await send({loadBalancer: 'own', backend: own?.name, action: 'stop'});
	t.is(refused.status, 409);
	t.regex(await refused.text(), /NOT_OURS/);
});

test('the clock is moved over the wire when it is manual, and refused when it is not', async t => {
	const manual = await start(t, {clock: 'manual'});
	const before = manual.clock.now();
	const body = JSON.stringify({advance: '30s'});

	const response = await fetch(`${manual.endpoint}/_lb/clock`, {method: 'POST', body});

	t.is(response.status, 200);
	t.is(manual.clock.now(), before + 30_000);
	t.like(await refusal(manual, '/_lb/clock', {method: 'POST', body: '{"advance":"soon"}'}), {status: 400});
	const real = await start(t);
	t.like(await refusal(real, '/_lb/clock', {method: 'POST', body}), {status: 409, code: 'CLOCK_NOT_MANUAL'});
});

const PYTHON = `
import json, sys, urllib.parse, urllib.request
wish = json.load(sys.stdin)
request = urllib.request.Request(wish["url"] + "/orders", headers={"X-Request-Id": "42"})
urllib.request.urlopen(request).read()
query = urllib.parse.urlencode({"filter": "header:X-Request-Id=42"})
with urllib.request.urlopen(wish["endpoint"] + "/_lb/traffic?" + query) as answer:
    print(answer.read().decode())
`;

testWith('python3')('a client in Python reads what its request did in one GET', async t => {
	const emulator = await start(t);
	await visit(emulator, 'web /other');
	const wish = {url: emulator.get('web').url().replace(/\/$/, ''), endpoint: emulator.endpoint};

	const ran = await runProgram(t, 'python3', ['-c', PYTHON], JSON.stringify(wish));

	t.is(ran?.code, 0, ran?.stderr);
	const {summaries} = JSON.parse(ran?.stdout ?? '{}') as TrafficPage;
	t.like(summaries, [{lb: 'web', target: '/orders', backend: 'b', status: 200, outcome: 'ok'}]);
	t.is(summaries.length, 1);
});
