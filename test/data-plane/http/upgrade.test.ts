import test from 'ava';
import {answer} from '../../helpers/raw-backend.ts';
import {forwarded, startScene} from '../../helpers/raw-scene.ts';

const ASK =
	'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n';
const SWITCH =
	'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n';
const SWITCHED =
	'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

for (const front of ['http', 'https'] as const) {
	for (const back of ['http', 'https'] as const) {
		test(`${front} to ${back}: after 101 bytes pass both ways, the first ones in the same packet included [RFC 9110 7.8]`, async t => {
			await using scene = await startScene({
				front,
				back,
				scripts: [
					async connection => {
						await connection.message();
						connection.write(`${SWITCH}\0hello`);
						await connection.until('earlyping');
						connection.write('pong');
						await connection.untilEnd();
						connection.end('bye');
					},
				],
			});
			const recorded = scene.lb.traffic.next(undefined, '60s');
			const client = await scene.send(`${ASK}\x81early`);

			t.is(await client.until('\0hello'), `${SWITCHED}\0hello`);
			client.write('ping');
			await client.until('pong');
			// The client ends; the back-end still speaks.
			client.end();
			t.is(await client.untilEnd(), `${SWITCHED}\0hellopongbye`);

			const [upstream] = scene.backend.connections;
			t.is(
				upstream?.received,
				`GET /chat HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\n${forwarded({front})}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81earlyping`,
			);
			t.like(await recorded, {kind: 'websocket', outcome: 'ok', response: {status: 101}, bytes: {up: 10, down: 13}});
			await scene.fresh(t);
		});
	}
}

test('the back-end may end first, and still hears the client', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				await answer(`${SWITCH}bye`, 'end')(connection);
				await connection.until('heard');
			},
		],
	});
	const client = await scene.send(ASK);
	await client.untilEnd();

	client.end('heard');

	t.true((await (await scene.backend.connection(0)).until('heard')).endsWith('heard'));
	await scene.fresh(t);
});

test('a protocol that is asked for with an empty body is switched to as well', async t => {
	await using scene = await startScene({
		scripts: [answer('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw')],
	});
	const client = await scene.send(
		'POST /attach HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n',
	);

	t.true((await client.until('raw')).startsWith('HTTP/1.1 101 '));
});

test("upgrade: 'refuse' takes the request for a plain one, as Classic ELB does", async t => {
	await using scene = await startScene({spec: {upgrade: 'refuse'}});
	const client = await scene.send(ASK);

	t.is((await client.message()).body, 'GET /chat HTTP/1.1');
	t.deepEqual(scene.reached, [`GET /chat HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\n${forwarded()}\r\n`]);
});

test("upgrade: 'refuse' takes a 101 for what was not asked for", async t => {
	await using scene = await startScene({spec: {upgrade: 'refuse'}, scripts: [answer(`${SWITCH}hello`)]});
	const client = await scene.send(ASK);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	await scene.fresh(t);
});

test('a back-end that does not switch answers as ever, and the connection goes on', async t => {
	await using scene = await startScene({scripts: [answer('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')]});
	const client = await scene.send(`${ASK}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);

	t.is((await client.message()).body, 'no');
	t.is((await client.message()).body, 'GET /next HTTP/1.1');
});

test('a back-end that switches to what was not offered is refused [RFC 9110 7.8]', async t => {
	await using scene = await startScene({
		scripts: [answer('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')],
	});
	const client = await scene.send(
		'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n',
	);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	t.like(scene.lb.traffic.last(), {outcome: 'backend-invalid', cause: 'answer 101 that nobody asked for'});
	t.true(scene.backend.connections[0]?.received.includes('\r\nUpgrade: websocket\r\n'));
	await scene.fresh(t);
});

test('a 101 without Upgrade is refused [RFC 9110 15.2.2]', async t => {
	await using scene = await startScene({scripts: [answer('HTTP/1.1 101 Switching Protocols\r\n\r\n')]});
	const client = await scene.send(ASK);

	t.is((await client.message()).line, 'HTTP/1.1 502 Bad Gateway');
	await scene.fresh(t);
});
