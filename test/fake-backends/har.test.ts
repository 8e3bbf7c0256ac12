import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {HandClock} from '../helpers/hand-clock.ts';
import {eventually} from '../helpers/patience.ts';
import {temporaryFolder} from '../helpers/temporary-folder.ts';
import {open, send} from './clients.ts';

interface Recorded {
	readonly method?: string;
	readonly url: string;
	readonly status?: number;
	readonly headers?: readonly {readonly name: string; readonly value: string}[];
	readonly content?: object;
	readonly time?: unknown;
	readonly timings?: unknown;
}

function harOf(...recorded: readonly Recorded[]): string {
	const entries = recorded.map(({method = 'GET', url, status = 200, headers = [], content = {}, ...times}) => ({
		startedDateTime: '2026-01-01T00:00:00Z',
		request: {method, url, httpVersion: 'HTTP/2', headers: []},
		response: {status, statusText: '', headers, content},
		...times,
	}));
	return JSON.stringify({log: {version: '1.2', creator: {name: 'test'}, entries}});
}

async function fileWith(t: ExecutionContext, text: string | Buffer): Promise<string> {
	const file = path.join(await temporaryFolder(t), 'session.har');
	await writeFile(file, text);
	return file;
}

async function startHar(t: ExecutionContext, ...recorded: readonly Recorded[]) {
	const backend = await startFakeBackend({
		name: 'a',
		behaviour: {kind: 'har', file: await fileWith(t, harOf(...recorded))},
	});
	t.teardown(() => backend.stop());
	const ask = async (request: string, host = 'x') => {
		const {head, body} = await send(backend, `${request} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
		return {status: Number(head.slice(9, 12)), head, body};
	};
	return {backend, ask};
}

const text = (value: string) => ({text: value, mimeType: 'text/plain', size: value.length});

test('what was recorded is answered by method, path and query, in its order, the last one from then on', async t => {
	const {backend, ask} = await startHar(
		t,
		{url: 'https://app.test/items?page=1&sort=a', content: text('one')},
		{url: 'https://app.test/items', content: text('all')},
		{method: 'POST', url: 'https://app.test/items', status: 201, content: text('made')},
		{url: 'https://app.test/items?page=1&sort=a', status: 500, content: text('two')},
	);

	t.like(await ask('GET /items?sort=a&page=1'), {status: 200, body: 'one'});
	t.like(await ask('GET /items'), {status: 200, body: 'all'});
	t.like(await ask('POST /items'), {status: 201, body: 'made'});
	t.like(await ask('GET /items?page=1&sort=a'), {status: 500, body: 'two'});
	t.like(await ask('GET /items?page=1&sort=a'), {status: 500, body: 'two'});
	await backend.stop();
	await backend.start();
	t.like(await ask('GET /items?page=1&sort=a'), {status: 200, body: 'one'});
});

test('what was not recorded is answered 404, with what was', async t => {
	const {ask} = await startHar(
		t,
		{url: 'https://app.test/a?x=1'},
		{method: 'PUT', url: 'https://app.test/b'},
		{url: 'https://app.test/big.png', content: {size: 70_000, mimeType: 'image/png'}},
	);

	const {status, head, body} = await ask('GET /a');
	t.is(status, 404);
	t.regex(head, /x-lb-local-backend: a/i);
	t.is(body, 'GET /a was not recorded.\nRecorded are:\n  GET /a?x=1\n  PUT /b\n  GET /big.png\n');
	t.regex((await ask('GET /big.png')).body, /^The answer to GET \/big\.png was recorded without its body\.\n/);
});

test('of several hosts the one that is asked for answers, or else the one that was recorded first', async t => {
	const {ask} = await startHar(
		t,
		{url: 'https://one.test/', content: text('one')},
		{url: 'https://two.test:8443/', content: text('two')},
	);

	t.is((await ask('GET /', 'two.test:8443')).body, 'two');
	t.is((await ask('GET /', '127.0.0.1')).body, 'one');
});

test('bodies are sent as they were decoded, with fields that say so', async t => {
	const bytes = Buffer.from([0, 255, 10, 13]);
	const headers = [
		{name: ':status', value: '200'},
		{name: 'Content-Encoding', value: 'gzip'},
		{name: 'content-length', value: '12345'},
		{name: 'Transfer-Encoding', value: 'chunked'},
		{name: 'Content-Type', value: 'text/html; charset=iso-8859-1'},
		{name: 'Set-Cookie', value: 'a=1\nb=2'},
		{name: 'set-cookie', value: 'c=3'},
	];
	const {ask} = await startHar(
		t,
		{url: 'https://app.test/text', headers, content: {text: 'é', mimeType: 'text/html', size: 1}},
		{url: 'https://app.test/bytes', content: {text: bytes.toString('base64'), encoding: 'base64', size: 4}},
		{url: 'https://app.test/none', status: 304},
	);

	const {head, body} = await ask('GET /text');
	t.is(body, 'é');
	t.notRegex(head, /:status|encoding|12345/i);
	t.regex(head, /content-length: 2/i);
	t.regex(head, /Content-Type: text\/html; charset=utf-8/);
	t.deepEqual(head.match(/set-cookie: .*/gi), ['Set-Cookie: a=1', 'Set-Cookie: b=2', 'Set-Cookie: c=3']);
	t.regex((await ask('GET /bytes')).head, /content-length: 4/i);
	t.like(await ask('GET /none'), {status: 304, body: ''});
});

test('requests that got no answer are passed over', async t => {
	const {ask} = await startHar(
		t,
		{url: 'https://app.test/', status: 0},
		{url: 'wss://app.test/', status: 101},
		{url: 'https://app.test/', content: text('answered')},
	);

	t.is((await ask('GET /')).body, 'answered');
});

for (const [what, content, message] of [
	['not JSON', '<html>', /session\.har is not JSON: /],
	['not UTF-8', Buffer.from([0xff, 0xfe]), /session\.har is not JSON: /],
	[
		'of another shape',
		'{"log":{"entries":[{"request":{"method":1}}]}}',
		/is not a HAR file: log\.entries\[0\]\.request\.method: Invalid type: Expected string but received 1; log\.entries\[0\]\.request\.url: /,
	],
	['without a URL', harOf({url: 'nowhere'}), /session\.har: log\.entries\[0\]\.request\.url is not a URL/],
	[
		'without an answer',
		harOf({url: 'https://a.test/', status: 0}),
		/session\.har has no recorded answers \(it has 1 entries\)/,
	],
] as const) {
	test(`a file that is ${what} is refused`, async t => {
		const file = await fileWith(t, content);

		const error = await t.throwsAsync(startFakeBackend({name: 'a', behaviour: {kind: 'har', file}}));

		t.regex(error?.message ?? '', message);
		t.like(error, {code: 'INVALID_DESCRIPTION'});
	});
}

test('a file that is missing is refused', async t => {
	await t.throwsAsync(startFakeBackend({name: 'a', behaviour: {kind: 'har', file: '/nowhere/s.har'}}), {
		message: /file: cannot read \/nowhere\/s\.har: there is no such file/,
	});
});

/** A back-end that takes its recorded times, by a clock that stands still, and a client that has asked it. */
async function startTimed(t: ExecutionContext, request: string, ...recorded: readonly Recorded[]) {
	const clock = new HandClock();
	const file = await fileWith(t, harOf(...recorded));
	const backend = await startFakeBackend({name: 'a', behaviour: {kind: 'har', file, timings: true}, clock});
	t.teardown(() => backend.stop());
	const connection = await open(backend);
	t.teardown(() => connection.stream.destroy());
	connection.stream.write(`${request} HTTP/1.1\r\nHost: x\r\n\r\n`);
	return {clock, connection, readUntil: (text: string) => connection.readUntil(text)};
}

test('with its times an answer waits as long as was recorded, and its body takes as long', async t => {
	const {clock, readUntil} = await startTimed(t, 'GET /slow', {
		url: 'https://app.test/slow',
		content: text('abcd'),
		time: 99_999,
		timings: {blocked: 7, dns: 7, connect: 7, ssl: 7, send: 7, wait: 3_600_000, receive: 30_000},
	});
	await eventually(() => clock.waiting === 1);

	await clock.advance(3_599_999);
	t.is(clock.waiting, 1);
	await clock.advance(1);
	t.regex(await readUntil('\r\n\r\na'), /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*content-length: 4\r\n(?:.*\r\n)*\r\na$/i);
	for (const piece of ['b', 'c', 'd']) {
		await clock.advance(9999);
		t.is(clock.waiting, 1);
		await clock.advance(1);
		t.is(await readUntil(piece), piece);
	}
	t.is(clock.waiting, 0);
});

test('a large body is sent in a few even pieces', async t => {
	const body = `${'x'.repeat(999)}!`;
	const {clock, readUntil} = await startTimed(t, 'GET /', {
		url: 'https://app.test/',
		content: text(body),
		timings: {wait: 0, receive: 1900},
	});
	t.true((await readUntil('x'.repeat(50))).endsWith(`\r\n\r\n${'x'.repeat(50)}`));

	await clock.advance(1899);
	t.is(clock.waiting, 1);
	await clock.advance(1);

	t.is(await readUntil('!'), body.slice(50));
	t.is(clock.waiting, 0);
});

for (const [what, times, waitMs] of [
	['where only the whole time was recorded, it is the wait', {time: 500, timings: {wait: -1, receive: -1}}, 500],
	['a time that does not apply is none', {time: 500, timings: {wait: 20, receive: -1}}, 20],
	['times of another shape are none', {time: 40, timings: {wait: '20s', receive: null}}, 40],
] as const) {
	test(what, async t => {
		const {clock, readUntil} = await startTimed(t, 'GET /', {url: 'https://a.test/', content: text('whole'), ...times});
		await eventually(() => clock.waiting === 1);

		await clock.advance(waitMs - 1);
		t.is(clock.waiting, 1);
		await clock.advance(1);

		t.regex(await readUntil('whole'), /^HTTP\/1\.1 200 /);
	});
}

test('an entry without times is answered at once, and so is one that has no body for it', async t => {
	const recorded = [
		{url: 'https://a.test/timed', timings: {wait: 1, receive: 1}},
		{url: 'https://a.test/at-once', content: text('here')},
		{method: 'HEAD', url: 'https://a.test/head', content: text('none'), timings: {wait: 0, receive: 60_000}},
	];

	const without = await startTimed(t, 'GET /at-once', ...recorded);
	t.regex(await without.readUntil('here'), /^HTTP\/1\.1 200 /);
	t.is(without.clock.waiting, 0);
	const head = await startTimed(t, 'HEAD /head', ...recorded);
	t.regex(await head.readUntil('\r\n\r\n'), /^HTTP\/1\.1 200 /);
	t.is(head.clock.waiting, 0);
});

test('a client that leaves is waited for no longer', async t => {
	const {clock, connection} = await startTimed(t, 'GET /', {
		url: 'https://a.test/',
		timings: {wait: 3_600_000, receive: 0},
	});
	await eventually(() => clock.waiting === 1);

	connection.reset();

	await eventually(() => clock.waiting === 0);
	t.is(clock.waiting, 0);
});

test('times are replayed where they are asked for alone', async t => {
	const {ask} = await startHar(t, {
		url: 'https://a.test/',
		content: text('now'),
		timings: {wait: 3_600_000, receive: 1},
	});

	t.is((await ask('GET /')).body, 'now');
});

test('a file without times is refused where they are asked for', async t => {
	const file = await fileWith(t, harOf({url: 'https://a.test/', timings: {wait: -1, receive: -1}}));

	const error = await t.throwsAsync(startFakeBackend({name: 'a', behaviour: {kind: 'har', file, timings: true}}));

	t.like(error, {code: 'INVALID_DESCRIPTION'});
	t.true(
		error?.message.endsWith(
			`timings: ${file} has no recorded times (HAR 1.2: each entry has timings, with wait and receive in milliseconds)`,
		),
		error?.message,
	);
});
