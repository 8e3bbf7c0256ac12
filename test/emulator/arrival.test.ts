import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import test from 'ava';
import {startLoadBalancer} from '../../src/index.ts';
import {eventually, PATIENCE_MS} from '../helpers/patience.ts';

/** A back-end that answers when it is told to. */
function silent() {
	const answers: ServerResponse[] = [];
	const handler = (_: IncomingMessage, response: ServerResponse) => {
		answers.push(response);
	};
	return {answers, backend: {kind: 'handler', handler, name: 'a'} as const};
}

for (const listener of ['http:80', 'https:443 -> http:80'] as const) {
	test(`a 504 of ${listener} is had with the manual clock and without polling`, async t => {
		const lb = await startLoadBalancer({clock: 'manual', listeners: [listener], backends: [silent().backend]});
		t.teardown(() => lb.stop());
		const answer = lb.fetch('/slow', {method: 'POST', body: 'x'.repeat(100_000)});

		const waiting = await lb.traffic.arrival(undefined, PATIENCE_MS);
		t.like(waiting, {outcome: 'open', bytes: {up: 100_000, down: 0}, backend: {name: 'a'}});
		await lb.clock.advance('60s');

		t.is((await answer).status, 504);
		t.is(waiting.outcome, 'idle-timeout');
	});
}

test('a request has arrived when all of its body has', async t => {
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: [silent().backend]});
	t.teardown(() => lb.stop());
	const client = await lb.connect(80);
	client.write('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
	// The other request comes later, and is whole.
	const other = await lb.connect(80);
	other.write('GET /whole HTTP/1.1\r\nHost: a.test\r\n\r\n');

	t.is((await lb.traffic.arrival(undefined, PATIENCE_MS)).request.target, '/whole');
	client.write('0\r\n\r\n');
	const arrived = await lb.traffic.arrival(({request}) => request.method === 'POST', PATIENCE_MS);

	t.is(arrived.request.text, 'abc');
	client.destroy();
	other.destroy();
});

test('what waits already will do, and what is answered does not', async t => {
	const {answers, backend} = silent();
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: [backend]});
	t.teardown(() => lb.stop());
	const first = lb.fetch('/first');
	await lb.traffic.arrival(undefined, PATIENCE_MS);
	const second = lb.fetch('/second');
	await lb.traffic.arrival(({request}) => request.target === '/second', PATIENCE_MS);

	t.is((await lb.traffic.arrival(undefined, PATIENCE_MS)).request.target, '/first');
	const ended = lb.traffic.next(undefined, PATIENCE_MS);
	// Whether the handler was called by then is the back-end's affair.
	await lb.traffic.arrival(undefined, PATIENCE_MS);
	await eventually(() => answers.length > 0, 'call of the handler');
	answers.find(({req}) => req.url === '/first')?.end('one');
	await ended;

	t.is((await first).status, 200);
	t.is((await lb.traffic.arrival(undefined, PATIENCE_MS)).request.target, '/second');
	for (const answer of answers) answer.end();
	await second;
	await t.throwsAsync(lb.traffic.arrival(undefined, '1ms'), {
		code: 'TRAFFIC_TIMEOUT',
		message: 'No matching request came to wait for its answer within 1 ms',
	});
});

test('a TCP connection has arrived with its first bytes', async t => {
	const lb = await startLoadBalancer({
		clock: 'manual',
		listeners: ['tcp:1', 'ssl:2 -> tcp:1'],
		backends: [{kind: 'tcp', mode: 'sink'}],
	});
	t.teardown(() => lb.stop());
	for (const port of [1, 2]) {
		const client = await lb.connect(port, {tls: port === 2});
		client.on('error', () => {});
		client.write('hello');

		const arrived = await lb.traffic.arrival(({listener}) => listener === port, PATIENCE_MS);
		t.is(arrived.bytes.up, 5);
		const gone = once(client, 'end');
		client.resume();
		await lb.clock.advance('60s');
		await gone;
		client.destroy();

		t.is(arrived.outcome, 'idle-timeout');
	}
});

test('a request that is sent once more arrives once more', async t => {
	let connections = 0;
	const lb = await startLoadBalancer({
		listeners: ['http:80'],
		backends: [
			{
				kind: 'socket',
				handler(socket) {
					const number = ++connections;
					let requests = 0;
					socket.on('error', () => {});
					socket.on('data', () => {
						requests++;
						if (number === 1 && requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
						// The second request on the first connection is lost with it.
						else if (number === 1) socket.destroy();
					});
				},
			},
		],
	});
	t.teardown(() => lb.stop());
	await (await lb.fetch('/first')).arrayBuffer();
	const second = lb.fetch('/second').catch((error: unknown) => error);

	const arrived = await lb.traffic.arrival(({attempts}) => attempts.length === 2, PATIENCE_MS);

	t.is(arrived.request.target, '/second');
	await lb.stop();
	await second;
});

test("who waits is told of a stop, and of the filter's own error", async t => {
	const {backend} = silent();
	const lb = await startLoadBalancer({listeners: ['http:80'], backends: [backend]});
	t.teardown(() => lb.stop());
	const broken = lb.traffic.arrival(() => {
		throw new TypeError('broken');
	}, PATIENCE_MS);
	const answer = lb.fetch('/').catch((error: unknown) => error);
	await t.throwsAsync(broken, {instanceOf: TypeError});
	const never = lb.traffic.arrival(() => false, PATIENCE_MS);

	await lb.stop();
	await t.throwsAsync(never, {code: 'TRAFFIC_TIMEOUT', message: /was stopped before a matching request came/});
	await t.throwsAsync(lb.traffic.arrival(), {code: 'TRAFFIC_TIMEOUT', message: /was stopped/});
	await answer;
});
