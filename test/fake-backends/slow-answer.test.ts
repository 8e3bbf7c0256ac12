import {once} from 'node:events';
import test from 'ava';
import type {ReplyBackend} from '../../src/configuration/spec-backend.ts';
import {startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {eventually} from '../helpers/patience.ts';
import {comesTrue} from '../helpers/stalled.ts';
import {open, send} from './clients.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** A reply whose time stands still, and a client that has asked it. */
async function asked(reply: Omit<ReplyBackend, 'kind'>, request = GET) {
	const clock = new HandClock();
	const backend = await startFakeBackend({name: 'a', behaviour: {kind: 'reply', ...reply}, clock});
	const connection = await open(backend);
	connection.stream.write(request);
	return {clock, backend, connection};
}

test('a delay goes by the clock of the back-end', async t => {
	const {clock, backend, connection} = await asked({delay: '1h', body: 'at last'});
	await eventually(() => clock.waiting === 1);

	await clock.advance(3_599_999);
	t.is(clock.waiting, 1);
	await clock.advance(1);

	t.regex(await connection.readUntil('at last'), /^HTTP\/1\.1 200 /);
	connection.stream.destroy();
	await backend.stop();
});

test('a paced body comes in pieces, with its length', async t => {
	const {clock, backend, connection} = await asked({body: 'abcdefgh', pace: {bytes: 3, every: '1m'}});

	t.regex(await connection.readUntil('abc'), /content-length: 8\r\n(?:.*\r\n)*\r\nabc$/i);
	await clock.advance(60_000);
	t.is(await connection.readUntil('def'), 'def');
	await clock.advance(60_000);
	t.is(await connection.readUntil('gh'), 'gh');

	t.is(clock.waiting, 0);
	connection.stream.destroy();
	await backend.stop();
});

test('a bandwidth is kept to over the whole body, however small it is', async t => {
	for (const [bandwidth, length] of [
		[1, 3],
		[30, 31],
		[1000, 1001],
	] as const) {
		const {clock, backend, connection} = await asked({body: 'x'.repeat(length - 1).concat('!'), pace: {bandwidth}});
		await eventually(() => clock.waiting === 1);
		// The first piece is sent at once, so the last one comes within the time that all of it takes.
		const wholeMs = (length / bandwidth) * 1000;
		let spentMs = 0;
		while (clock.waiting > 0) {
			await clock.advance(1);
			spentMs++;
		}

		t.true(
			spentMs <= Math.ceil(wholeMs) && spentMs >= wholeMs - 1000 / Math.min(bandwidth, 20) - 1,
			`${bandwidth}: ${spentMs}`,
		);
		await connection.readUntil('!');
		connection.stream.destroy();
		await backend.stop();
	}
});

test('events come at their times, and the answer ends after the last', async t => {
	const {clock, backend, connection} = await asked({
		events: {send: ['one', {event: 'tick', id: '2', retry: '3s', data: 'two\nlines'}], every: '10s'},
	});

	const first = await connection.readUntil('data: one\n\n');
	t.regex(first, /content-type: text\/event-stream\r\ncache-control: no-cache\r\n/i);
	await clock.advance(10_000);
	const second = await connection.readUntil('0\r\n\r\n');

	t.regex(second, /event: tick\nid: 2\nretry: 3000\ndata: two\ndata: lines\n\n/);
	t.is(clock.waiting, 0);
	connection.stream.destroy();
	await backend.stop();
});

test('events may begin again, or leave the answer open', async t => {
	const repeating = await asked({events: {send: ['a', 'b'], every: 5, end: 'repeat'}});
	let text = await repeating.connection.readUntil('data: a\n\n');
	for (const data of ['b', 'a', 'b']) {
		await repeating.clock.advance(5);
		text += await repeating.connection.readUntil(`data: ${data}\n\n`);
	}
	t.is(text.match(/data: /g)?.length, 4);

	const staying = await asked({events: {send: ['a'], end: 'stay'}});
	await staying.connection.readUntil('data: a\n\n');
	t.is(staying.clock.waiting, 0);
	t.is(staying.backend.openConnections, 1);

	for (const {connection, backend} of [repeating, staying]) {
		connection.stream.destroy();
		await backend.stop();
	}
});

for (const [what, reply] of [
	['delay', {delay: '1h'}],
	['paced body', {body: 'abc', pace: {bytes: 1, every: '1h'}}],
	['stream of events', {events: {send: ['a'], every: '1h', end: 'repeat'}}],
] as const) {
	test(`a client that leaves ends the timer of a ${what}, and so does a stop`, async t => {
		const {clock, backend, connection} = await asked(reply);
		await eventually(() => clock.waiting === 1);

		connection.reset();
		await eventually(() => clock.waiting === 0);
		const other = await open(backend);
		other.stream.write(GET);
		await eventually(() => clock.waiting === 1);
		await backend.stop();

		t.is(clock.waiting, 0);
	});
}

test('what a client does not read is not made: a stream of events waits for it', async t => {
	const clock = new HandClock();
	const data = 'x'.repeat(1_000_000);
	await using backend = await startFakeBackend({
		name: 'a',
		behaviour: {kind: 'reply', events: {send: [data], every: 1, end: 'repeat'}},
		clock,
	});
	const {stream} = await open(backend);
	stream.pause();
	stream.write(GET);
	await eventually(() => clock.waiting === 1);

	// Sooner or later the buffers of the system are full, and no timer is set any more.
	while (await comesTrue(() => clock.waiting === 1)) await clock.advance(1);
	t.is(clock.waiting, 0);
	stream.resume();
	await eventually(() => clock.waiting === 1);

	stream.destroy();
	await once(stream, 'close');
});

test('HEAD, 204 and 304 have no content, however it is described', async t => {
	const events = {send: ['a'], end: 'repeat'} as const;
	for (const [reply, request] of [
		[{events}, GET.replace('GET', 'HEAD')],
		[{body: 'abc', pace: {bytes: 1, every: '1h'}}, GET.replace('GET', 'HEAD')],
		[{status: 204, events}, GET],
		[{status: 304, body: 'abc', pace: {bytes: 1, every: '1h'}}, GET],
	] as const) {
		const clock = new HandClock();
		await using backend = await startFakeBackend({name: 'a', behaviour: {kind: 'reply', ...reply}, clock});

		t.is((await send(backend, request)).body, '');
		t.is(clock.waiting, 0);
	}
});

test('a keep-alive time goes by the clock, and begins with the end of the answer', async t => {
	const {clock, backend, connection} = await asked({delay: 90, keepAlive: 30, body: 'done'});
	await eventually(() => clock.waiting === 1);
	await clock.advance(90);
	await connection.readUntil('done');
	await eventually(() => clock.waiting === 1);

	await clock.advance(29);
	t.is(backend.openConnections, 1);
	await clock.advance(1);
	await connection.untilOver();

	t.is(backend.openConnections, 0);
	await backend.stop();
});
