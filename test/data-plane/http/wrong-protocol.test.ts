import {once} from 'node:events';
import {connect} from 'node:net';
import {connect as connectTls} from 'node:tls';
import test from 'ava';
import {startRawBackend} from '../../helpers/raw-backend.ts';
import {openClient, startScene} from '../../helpers/raw-scene.ts';

test('plain HTTP on an HTTPS listener ends in a clear record, and reaches no back-end', async t => {
	await using scene = await startScene({front: 'https'});
	const recorded = scene.lb.traffic.next(undefined, '60s');
	const client = await openClient(scene.lb, 'http');
	client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

	t.like(await recorded, {outcome: 'tls-handshake', cause: 'plain HTTP was sent to a TLS port', backend: undefined});
	await client.untilOver();
	t.false(client.received.startsWith('HTTP/1.1 2'));
	await scene.fresh(t);
	t.deepEqual(scene.reached, []);
});

test('TLS on a plain HTTP listener ends in a clear record, and reaches no back-end', async t => {
	await using scene = await startScene();
	const recorded = scene.lb.traffic.next(undefined, '60s');
	const raw = connect({host: '127.0.0.1', port: scene.lb.port(80)});
	const stream = connectTls({socket: raw, rejectUnauthorized: false});
	const failed = once(stream, 'error');
	raw.on('error', () => {});

	t.like(await recorded, {
		outcome: 'bad-request',
		cause: 'TLS where plain HTTP is expected',
		backend: undefined,
		response: {status: 400},
	});
	await failed;
	await scene.fresh(t);
	t.deepEqual(scene.reached, []);
});

test('a PROXY line is refused by an HTTP listener, with a clear record', async t => {
	await using scene = await startScene();
	const client = await scene.send('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 400 Bad Request');
	t.is(scene.lb.traffic.last().cause, 'a PROXY protocol line, which is not accepted here');
	await scene.fresh(t);
	t.deepEqual(scene.reached, []);
});

test('an HTTP back-end port that speaks TLS: 502, with a record that says so', async t => {
	await using secure = await startScene({front: 'https'});
	await using scene = await startScene({spec: {backends: [`127.0.0.1:${secure.lb.port(80)}`]}});
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.is(scene.lb.traffic.last().response.by, 'load-balancer');
});

test('an HTTPS back-end port that speaks plain HTTP: 502, with a record that says so', async t => {
	await using plain = await startRawBackend({
		scripts: [
			async connection => {
				await connection.when('bytes', () => connection.received !== '');
				connection.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
				await connection.untilOver();
			},
		],
	});
	await using scene = await startScene({back: 'https', spec: {backends: [`127.0.0.1:${plain.port}`]}});
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.is(scene.lb.traffic.last().outcome, 'backend-tls');
});

test('a back-end that ends TLS without close_notify in the midst of an answer with length is cut short', async t => {
	await using scene = await startScene({
		back: 'https',
		scripts: [
			async connection => {
				await connection.message();
				await connection.writeAll('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
				connection.raw.end();
				await connection.untilOver();
			},
		],
	});
	const recorded = scene.lb.traffic.next(undefined, '60s');
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

	t.is(await client.untilOver(), 'reset');
	t.is((await recorded).outcome, 'backend-reset');
});
