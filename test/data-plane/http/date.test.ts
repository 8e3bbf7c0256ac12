import test from 'ava';
import type {LoadBalancer} from '../../../src/index.ts';
import {answer, DATE} from '../../helpers/raw-backend.ts';
import type {RawMessage} from '../../helpers/raw-connection.ts';
import {startScene} from '../../helpers/raw-scene.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const HEAD = 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n';
const OLD = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';

/** Time moves by hand alone, so that what a Date must say is known. */
const STILL = {clock: 'manual'} as const;

const nowIn = (lb: LoadBalancer): string => new Date(lb.clock.now()).toUTCString();
const datesIn = ({fields}: RawMessage): readonly string[] => fields.filter(field => /^date:/i.test(field));

const UNDATED: readonly (readonly [rule: string, answered: string, request?: string])[] = [
	['with length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
	['with a length beyond one read', `HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`],
	['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
	['up to the end', 'HTTP/1.1 200 OK\r\nServer: a\r\n\r\nok'],
	['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
	['to HTTP/1.0', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', OLD],
	['to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', HEAD],
	['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
	['304 [RFC 9110 15.4.5]', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'],
	['500', 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'],
	['behind interim ones', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
	['whose Date is for one hop alone', `HTTP/1.1 200 OK\r\nConnection: date\r\n${DATE}Content-Length: 0\r\n\r\n`],
	['with fields whose names are similar', 'HTTP/1.1 200 OK\r\nData: 1\r\nX-Date: 2\r\nContent-Length: 0\r\n\r\n'],
];

for (const front of ['http', 'https'] as const) {
	for (const [rule, answered, request = GET] of UNDATED) {
		test(`${front}: an answer without a Date, ${rule}, gets the time at which it came [RFC 9110 6.6.1]`, async t => {
			const ends = rule === 'up to the end' ? 'end' : 'stay';
			await using scene = await startScene({front, scripts: [answer(answered, ends)], spec: STILL});
			const recorded = scene.lb.traffic.next(undefined, '60s');
			const client = await scene.send(request);

			const bodiless = request === HEAD || /^(?:204|304)/.test(rule);
			let message = await client.message({bodiless});
			if (message.line.startsWith('HTTP/1.1 1')) {
				t.deepEqual(datesIn(message), [], 'none in an interim answer');
				message = await client.message();
			}

			t.deepEqual(datesIn(message), [`Date: ${nowIn(scene.lb)}`]);
			const {response} = await recorded;
			t.is(response.headers['date'], nowIn(scene.lb), 'the record shows it');
		});
	}
}

for (const field of [
	DATE,
	DATE.replace('Date', 'date'),
	DATE.replace('Date', 'DATE'),
	'Date: yesterday\r\n',
	'Date:\r\n',
	DATE + DATE,
]) {
	test(`an answer with ${JSON.stringify(field)} keeps it as it is`, async t => {
		const answered = `HTTP/1.1 200 OK\r\nA: 1\r\n${field}Content-Length: 2\r\n\r\nok`;
		await using scene = await startScene({scripts: [answer(answered)]});
		const client = await scene.send(GET);

		t.is((await client.message()).raw, answered);
	});
}

test('a 101 gets no Date: it is interim', async t => {
	const answered = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
	await using scene = await startScene({
		scripts: [connection => answer(answered)(connection)],
	});
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');

	t.is((await client.message()).raw, answered);
});

const OWN: readonly (readonly [status: number, what: string, request: string])[] = [
	[503, 'without a back-end', GET],
	[503, 'to HEAD', HEAD],
	[400, 'to what is no request', 'GET /\r\n\r\n'],
	[405, 'to CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
	[431, 'to a head beyond its limit', `GET / HTTP/1.1\r\nA: ${'a'.repeat(20_000)}`],
];

for (const [status, what, request] of OWN) {
	test(`the load balancer's own ${status}, ${what}, has a Date [RFC 9110 6.6.1]`, async t => {
		await using scene = await startScene({spec: {...STILL, backends: []}});
		const client = await scene.send(request);

		const message = await client.message({bodiless: request === HEAD});

		t.is(message.line.slice(0, 12), `HTTP/1.1 ${status}`);
		t.deepEqual(datesIn(message), [`Date: ${nowIn(scene.lb)}`]);
		t.is(scene.lb.traffic.last().response.headers['date'], nowIn(scene.lb));
	});
}

test('the Date goes with the clock', async t => {
	await using scene = await startScene({spec: {...STILL, backends: []}});
	const client = await scene.send(GET);
	const first = nowIn(scene.lb);
	t.deepEqual(datesIn(await client.message()), [`Date: ${first}`]);

	await scene.lb.clock.advance('1s');
	client.write(GET);

	t.not(nowIn(scene.lb), first);
	t.deepEqual(datesIn(await client.message()), [`Date: ${nowIn(scene.lb)}`]);
});
