import {once} from 'node:events';
import {connect} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import type {Exchange} from '../../src/index.ts';
import {ATHENA} from '../helpers/access-log.ts';
import {startScene} from '../helpers/raw-scene.ts';

const FROM = '[0-9-]{10}T[0-9:]{8}\\.[0-9]{6}Z lb 127\\.0\\.0\\.1:[0-9]+';
const BACKEND = '127\\.0\\.0\\.1:[0-9]+';
const TIME = '[0-9]+\\.[0-9]{6}';

function isLine(t: ExecutionContext, {log}: Exchange, line: string): void {
	t.regex(log, new RegExp(`^${FROM} ${line}$`));
	t.regex(log, ATHENA);
}

for (const front of ['http', 'https'] as const) {
	const tls = front === 'http' ? '- -' : 'TLS_[A-Z0-9_]+ TLSv1\\.3';

	test(`${front}: requests that are answered and refused are logged as the client sent them`, async t => {
		await using scene = await startScene({front});
		const ended = (filter: (exchange: Exchange) => boolean) => scene.lb.traffic.next(filter, '60s');

		const answered = ended(({outcome}) => outcome === 'ok');
		const client = await scene.send(
			'POST http://www.example.com:81/a?b HTTP/1.0\r\nUser-Agent: curl/7.38.0\r\nContent-Length: 2\r\n\r\nhi',
		);
		await client.message();
		isLine(
			t,
			await answered,
			`${BACKEND} ${TIME} ${TIME} 0\\.000000 200 200 2 [0-9]+ "POST ${front}://www\\.example\\.com:80/a\\?b HTTP/1\\.0" "curl/7\\.38\\.0" ${tls}`,
		);

		const refused = ended(({outcome}) => outcome === 'bad-request');
		await (await scene.send('GET /"x HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\nUser-Agent: "\\\r\n\r\n')).message();
		isLine(
			t,
			await refused,
			`- -1 -1 -1 400 0 0 0 "GET ${front}://a\\.test:80/\\\\x22x HTTP/1\\.1" "\\\\x22\\\\x5C" ${tls}`,
		);

		const badBody = ended(({outcome}) => outcome === 'bad-request');
		await (await scene.send('PUT /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')).message();
		isLine(t, await badBody, `- -1 -1 -1 400 0 0 0 "PUT ${front}://a\\.test:80/p HTTP/1\\.1" "-" ${tls}`);

		const cutShort = ended(({response}) => response.status === 400);
		(await scene.send('GET /half HTTP/1.1\r\nHost: a.te')).end();
		isLine(t, await cutShort, `- -1 -1 -1 400 0 0 0 "GET ${front}://a\\.te:80/half HTTP/1\\.1" "-" ${tls}`);
	});

	test(`${front}: a client that leaves before the answer`, async t => {
		await using scene = await startScene({front, scripts: [() => new Promise(() => {})]});
		const client = await scene.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
		const upstream = await scene.backend.connection(0);
		await upstream.when('the request', () => upstream.received.endsWith('\r\n\r\n'));
		const left = scene.lb.traffic.next(undefined, '60s');
		client.reset();

		isLine(t, await left, `${BACKEND} ${TIME} -1 -1 0 0 0 0 "GET ${front}://a\\.test:80/ HTTP/1\\.1" "-" ${tls}`);
	});
}

test('a load balancer without a back-end in service', async t => {
	await using scene = await startScene();
	await scene.backend[Symbol.asyncDispose]();
	const refused = scene.lb.traffic.next(undefined, '60s');
	await (await scene.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')).message();

	isLine(t, await refused, '- -1 -1 -1 503 0 0 0 "GET http://a\\.test:80/ HTTP/1\\.1" "-" - -');
});

test('a TCP connection is one line; what a client says is in none', async t => {
	await using scene = await startScene({spec: {listeners: ['tcp:80 -> tcp:80']}});
	const ended = scene.lb.traffic.next(undefined, '60s');
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
	await client.message();
	const while_ = scene.lb.traffic.last().log;
	client.end();

	t.is(while_, '', 'it is open');
	isLine(t, await ended, `${BACKEND} ${TIME} ${TIME} 0\\.000000 - - 32 [0-9]+ "- - - " "-" - -`);
});

for (const listener of ['https:80 -> http:80', 'ssl:80 -> tcp:80'] as const) {
	test(`a failed handshake is no line: ${listener}`, async t => {
		await using scene = await startScene({front: 'https', spec: {listeners: [listener]}});
		const failed = scene.lb.traffic.next(undefined, '60s');
		const raw = connect(scene.lb.port(80), '127.0.0.1');
		await once(raw, 'connect');
		raw.on('error', () => {}).end('GET / HTTP/1.1\r\n\r\n');

		t.like(await failed, {outcome: 'tls-handshake', log: ''});
	});
}
