import {Buffer} from 'node:buffer';
import test from 'ava';
import {BodyKeeper} from '../../../src/data-plane/http/kept-body.ts';
import {startScene} from '../../helpers/raw-scene.ts';

function textOf({parts}: BodyKeeper): string {
	return parts.map(part => (typeof part === 'string' ? part : Buffer.from(part).toString('latin1'))).join('');
}

test('a body that comes byte by byte is kept in few pieces', t => {
	const keeper = new BodyKeeper(16 * 1024);
	const text = Array.from({length: 20_000}, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
	const chunk = Buffer.from(text, 'latin1');

	for (let i = 0; i < chunk.length; i++) keeper.addBytes(chunk, i, i + 1);

	t.is(textOf(keeper), text.slice(0, 16 * 1024));
	t.is(keeper.bytes, 20_000);
	t.true(keeper.parts.length < 20, `${keeper.parts.length} pieces`);
});

test('large and small pieces, bytes and text, are kept in their order', t => {
	const keeper = new BodyKeeper(10_000);
	let text = '';
	for (let i = 0; i < 200; i++) {
		const piece = String.fromCharCode(33 + (i % 90)).repeat((i * 37) % 700);
		text += piece;
		if (i % 7 === 0) keeper.addText(piece);
		else keeper.addBytes(Buffer.from(`<${piece}>`), 1, 1 + piece.length);
	}

	t.is(textOf(keeper), text.slice(0, 10_000));
	t.is(keeper.bytes, text.length);
});

test('what is kept stays as it was when its memory is used again', t => {
	const keeper = new BodyKeeper(10_000);
	const chunk = Buffer.from('hello');

	keeper.addBytes(chunk, 0, 5);
	keeper.addBytes(chunk, 0, 2);
	chunk.fill('x');

	t.is(textOf(keeper), 'hellohe');
});

test('a record keeps the first bytes of both bodies, and counts them all', async t => {
	await using scene = await startScene({spec: {record: {bodyBytes: 10}}});
	const client = await scene.client();
	const recorded = scene.lb.traffic.next(undefined, '60s');
	client.write('POST /record HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
	for (const byte of 'hello, world') client.write(`1\r\n${byte}\r\n`);
	client.write('0\r\n\r\n');

	const {request, response, bytes} = await recorded;

	t.is(request.text, 'hello, wor');
	t.false(request.complete);
	t.is(response.text, 'POST /reco');
	t.deepEqual(bytes, {up: 12, down: 21});
});

test('an answer that is cut short, or still comes, is not complete', async t => {
	await using scene = await startScene({
		scripts: [
			async connection => {
				await connection.message();
				await connection.writeAll('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
				await connection.until('never');
			},
		],
	});
	const client = await scene.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
	await client.until('ab');
	t.deepEqual([scene.lb.traffic.last().response.text, scene.lb.traffic.last().response.complete], ['ab', false]);

	const ended = scene.lb.traffic.next();
	(await scene.backend.connection(0)).reset();
	const {outcome, response} = await ended;

	t.deepEqual([outcome, response.text, response.complete], ['backend-reset', 'ab', false]);
	t.is(await client.untilOver(), 'reset');
	await scene.fresh(t);
	t.true(scene.lb.traffic.last().response.complete);
});
