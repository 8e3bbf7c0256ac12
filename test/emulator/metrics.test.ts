import {once} from 'node:events';
import {connect} from 'node:net';
import test from 'ava';
import {type Emulator, startEmulator} from '../../src/index.ts';
import {authority} from '../helpers/emulator-scene.ts';
import {eventually} from '../helpers/patience.ts';

/** A line of the text format 0.0.4: name, labels, value. */
const LINE =
	/^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/** Each series with its value; what is not of the format, and what is there twice, is an error. */
async function scrape({endpoint}: Pick<Emulator, 'endpoint'>): Promise<Map<string, number>> {
	const answer = await fetch(`${endpoint}/_lb/metrics`);
	if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
	if (answer.headers.get('content-type') !== 'text/plain; version=0.0.4; charset=utf-8') throw new Error('wrong type');
	const text = await answer.text();
	if (!text.endsWith('\n')) throw new Error('The last line has no end');
	const series = new Map<string, number>();
	const typed = new Set<string>();
	for (const line of text.split('\n')) {
		const [, name] = /^# TYPE (\S+) (?:counter|gauge)$/.exec(line) ?? [];
		if (name !== undefined) typed.add(name);
		if (line === '' || line.startsWith('# ')) continue;
		const [, metric = '', labels = '', value] = LINE.exec(line) ?? [];
		if (!typed.has(metric)) throw new Error(`No metric with a type: ${line}`);
		const key = `${metric}{${labels}}`;
		if (series.has(key)) throw new Error(`Twice: ${key}`);
		series.set(key, Number(value));
	}
	return series;
}

/** Those of one metric. */
function only(series: ReadonlyMap<string, number>, metric: string): Record<string, number> {
	return Object.fromEntries(
		[...series]
			.filter(([key]) => key.startsWith(`${metric}{`))
			.map(([key, value]) => [key.slice(metric.length), value]),
	);
}

async function start(t: {teardown(fn: () => unknown): void}, record = 1000): Promise<Emulator> {
	const emulator = await startEmulator({
		port: 0,
		authority,
		clock: 'manual',
		record: {exchanges: record},
		config: {
			backends: {a: {kind: 'echo'}, broken: {kind: 'reply', status: 500}, mail: {kind: 'tcp', mode: 'echo'}},
			loadBalancers: {
				web: {
					listeners: [{listen: 'https:443 -> http:80', certificate: {names: ['web.test']}}, 'http:80'],
					backends: ['a', 'broken'],
				},
				mail: {listeners: ['tcp:25'], backends: ['mail']},
			},
		},
	});
	t.teardown(() => emulator.stop());
	return emulator;
}

test('what ended is counted by where it came in, who got it, its status and its outcome', async t => {
	const emulator = await start(t);
	const web = emulator.get('web');
	await web.fetch('/');
	await web.fetch('/');
	await web.fetch('/');
	web.setHealth('a', 'OutOfService');
	web.setHealth('broken', 'OutOfService');
	await fetch(`http://127.0.0.1:${web.port(80)}/`);

	const series = await scrape(emulator);
	t.deepEqual(only(series, 'lb_requests_total'), {
		'{lb="web",listener="443",backend="a",code_class="2xx",outcome="ok"}': 2,
		'{lb="web",listener="443",backend="broken",code_class="5xx",outcome="ok"}': 1,
		'{lb="web",listener="80",backend="",code_class="5xx",outcome="no-healthy-backend"}': 1,
	});
	t.deepEqual(only(series, 'lb_backend_up'), {
		'{lb="web",backend="a"}': 0,
		'{lb="web",backend="broken"}': 0,
		'{lb="mail",backend="mail"}': 1,
	});
	t.deepEqual(only(series, 'lb_draining'), {'{lb="web"}': 0, '{lb="mail"}': 0});
	const {notAfter} = web.listeners.find(({port}) => port === 443)?.certificate ?? {};
	t.deepEqual(only(series, 'lb_certificate_expiry_seconds'), {
		'{lb="web",listener="443",name="web.test"}': Math.floor(((notAfter?.getTime() ?? 0) - emulator.clock.now()) / 1000),
	});
});

test('connections and failed handshakes are counted apart from requests', async t => {
	const emulator = await start(t);
	const socket = connect(emulator.get('mail').port(25), '127.0.0.1');
	socket.write('hello');
	await once(socket, 'data');
	const open = await scrape(emulator);
	t.deepEqual(only(open, 'lb_connections_active'), {
		'{lb="web",listener="443"}': 0,
		'{lb="web",listener="80"}': 0,
		'{lb="mail",listener="25"}': 1,
	});
	t.is(open.get('lb_backend_in_flight{lb="mail",backend="mail"}'), 1);
	t.deepEqual(only(open, 'lb_connections_total'), {});

	socket.end();
	await once(socket, 'close');
	const stranger = connect(emulator.get('web').port(443), '127.0.0.1');
	stranger.end('GET / HTTP/1.1\r\n\r\n');
	stranger.resume();
	await once(stranger, 'close');
	await eventually(async () => only(await scrape(emulator), 'lb_connections_total')[MAIL] === 1);
	const ended = await scrape(emulator);
	t.deepEqual(only(ended, 'lb_tls_handshake_errors_total'), {'{lb="web",listener="443"}': 1});
	t.deepEqual(only(ended, 'lb_requests_total'), {});
	t.is(ended.get('lb_connections_active{lb="mail",listener="25"}'), 0);
});

const MAIL = '{lb="mail",listener="25",backend="mail",outcome="ok"}';

test('counters go on when the record forgets and when it is cleared', async t => {
	const emulator = await start(t, 2);
	const web = emulator.get('web');
	for (let count = 0; count < 6; count++) await web.fetch('/');
	web.traffic.clear();
	for (let count = 0; count < 3; count++) await web.fetch('/');

	const series = await scrape(emulator);
	const requests = Object.values(only(series, 'lb_requests_total'));
	t.is(
		requests.reduce((sum, each) => sum + each, 0),
		9,
	);
	t.is(series.get('lb_journal_dropped_total{lb="web"}'), 5);
	t.is(series.get('lb_journal_dropped_total{lb="mail"}'), 0);
});

test('the process has the metrics that every program has, and the emulator its version', async t => {
	const emulator = await start(t);

	const series = await scrape(emulator);
	t.true((series.get('process_resident_memory_bytes{}') ?? 0) > 1e6);
	t.true((series.get('process_cpu_seconds_total{}') ?? 0) > 0);
	t.true((series.get('process_start_time_seconds{}') ?? 0) > 1.7e9);
	t.true([...series.keys()].some(key => /^lb_local_info\{version="\d+\.\d+\.\d+.*",region="eu-west-2"\}$/.test(key)));
});

test('an emulator with no load balancer answers, and the query and the method are checked', async t => {
	const emulator = await startEmulator({port: 0, authority});
	t.teardown(() => emulator.stop());

	t.deepEqual(only(await scrape(emulator), 'lb_requests_total'), {});
	t.is((await fetch(`${emulator.endpoint}/_lb/metrics?lb=web`)).status, 400);
	t.is((await fetch(`${emulator.endpoint}/_lb/metrics`, {method: 'POST'})).status, 405);
	t.is((await fetch(`${emulator.endpoint}/_lb/metrics`, {method: 'HEAD'})).status, 200);
	t.is((await fetch(`${emulator.endpoint}/_lb/metrics`, {headers: {origin: 'http://evil.test'}})).status, 403);
});
