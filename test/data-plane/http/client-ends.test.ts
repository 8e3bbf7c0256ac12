import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {connect, type Socket} from 'node:net';
import {Duplex} from 'node:stream';
import {connect as connectTls} from 'node:tls';
import test from 'ava';
import {type LoadBalancer, type LoadBalancerSpec, startLoadBalancer} from '../../../src/index.ts';
import {RawConnection} from '../../helpers/raw-connection.ts';
import {authority, openClient} from '../../helpers/raw-scene.ts';

const GET = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

interface Ending {
	readonly what: string;
	/** All that the client sends before it ends. */
	readonly sent: string;
	/** What the back-end answers, in order. */
	readonly answers: readonly string[];
	/** How the record of the 400 ends that comes behind them; absent where the client is let go without one. */
	readonly refused?: 'client-abort' | 'bad-request';
}

const ENDINGS: readonly Ending[] = [
	{what: 'nothing', sent: '', answers: []},
	{what: 'an empty line alone', sent: '\r\n', answers: []},
	{what: 'a CR alone', sent: '\r', answers: []},
	{what: 'an empty line behind a body', sent: `${POST}\r\n`, answers: ['POST /1']},
	{what: 'a CR behind a body', sent: `${POST}\r`, answers: ['POST /1']},
	{what: 'an empty line behind chunks', sent: `${CHUNKED}0\r\n\r\n\r\n`, answers: ['POST /1']},
	{what: 'an empty line behind a request without a body', sent: `${GET}\r\n`, answers: ['GET /1']},
	{what: 'a CR behind a request without a body', sent: `${GET}\r`, answers: ['GET /1']},
	{what: 'an empty line between two requests', sent: `${POST}\r\n${GET}`, answers: ['POST /1', 'GET /1']},
	{
		what: 'an empty line after each of three requests',
		sent: `${GET}\r\n${POST}\r\n${GET}\r\n`,
		answers: ['GET /1', 'POST /1', 'GET /1'],
	},
	{what: 'the first byte of another request', sent: `${POST}G`, answers: ['POST /1'], refused: 'client-abort'},
	{
		what: 'an empty line and the first byte of another request',
		sent: `${POST}\r\nG`,
		answers: ['POST /1'],
		refused: 'client-abort',
	},
	{
		what: 'the first byte of another request behind a GET',
		sent: `${GET}G`,
		answers: ['GET /1'],
		refused: 'client-abort',
	},
	{what: 'most of another head', sent: `${GET}${GET.slice(0, -2)}`, answers: ['GET /1'], refused: 'client-abort'},
	{
		what: 'all but the last byte of another head',
		sent: `${GET}${GET.slice(0, -1)}`,
		answers: ['GET /1'],
		refused: 'client-abort',
	},
	{what: 'an empty line and a CR', sent: `${GET}\r\n\r`, answers: ['GET /1'], refused: 'client-abort'},
	{what: 'two empty lines', sent: `${GET}\r\n\r\n`, answers: ['GET /1'], refused: 'bad-request'},
	{
		what: 'another request without its body',
		sent: `${GET}${POST.slice(0, -5)}`,
		answers: ['GET /1'],
		refused: 'client-abort',
	},
	{
		what: 'another request without the last byte of its body',
		sent: `${GET}${POST.slice(0, -1)}`,
		answers: ['GET /1'],
		refused: 'client-abort',
	},
	{
		what: 'another request in the midst of its chunks',
		sent: `${GET}${CHUNKED}5\r\nhel`,
		answers: ['GET /1'],
		refused: 'client-abort',
	},
	{
		what: 'another request that waits for 100 Continue',
		sent: `${GET}POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
		answers: ['GET /1'],
		refused: 'client-abort',
	},
];

const TRUNCATED = 'FIN without close_notify';

/** How a client says that it will send no more. */
const WAYS: readonly (readonly [way: string, front: 'http' | 'https', end: (client: RawConnection) => void])[] = [
	['FIN', 'http', client => client.end()],
	['close_notify', 'https', client => client.end()],
	[TRUNCATED, 'https', endTruncated],
];

/** When it says so. */
const MOMENTS = ['at once', 'while its first answer is awaited', 'when it has its answers'] as const;

for (const [way, front, end] of WAYS) {
	for (const moment of MOMENTS) {
		test(`${front}: a client that ends (${way}) ${moment} is let go, or answered 400 where it had begun another request, without a timeout`, async t => {
			const {lb, hold} = await start(front);
			t.teardown(() => lb.stop());

			for (const {what, sent, answers, refused} of ENDINGS) {
				const client = await (way === TRUNCATED ? openTruncated(lb) : openClient(lb, front));
				const release = moment === 'while its first answer is awaited' ? hold() : () => {};

				if (sent !== '') await client.writeAll(sent);
				if (moment === 'when it has its answers') t.deepEqual(await bodies(client, answers.length), answers, what);
				end(client);
				if (moment === 'while its first answer is awaited') await allSeen(lb, front);
				release();
				if (moment !== 'when it has its answers') t.deepEqual(await bodies(client, answers.length), answers, what);

				await client.untilEnd();
				const refusal =
					/^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 400 Bad Request\r\n(?:(?!HTTP\/1\.1).)*400 Bad Request\n$/s;
				t.regex(client.unread, refused === undefined ? /^$/ : refusal, what);
				t.is(await client.untilOver(), 'end', what);
				const ends = [...lb.traffic].filter(({request}) => request.target !== '/other').map(({outcome}) => outcome);
				t.deepEqual(ends, [...answers.map(() => 'ok' as const), ...(refused === undefined ? [] : [refused])], what);
				lb.traffic.clear();
			}
		});
	}
}

for (const front of ['http', 'https'] as const) {
	test(`${front}: requests that the load balancer answers itself, one after the other, are all answered to a client that has ended`, async t => {
		const {lb, hold} = await start(front);
		t.teardown(() => lb.stop());
		const client = await openClient(lb, front);
		const release = hold();

		client.end(`${GET}${GET}\r\n${GET}`);
		await allSeen(lb, front);
		lb.setHealth('a', 'OutOfService');
		release();

		t.deepEqual(await bodies(client, 3), ['GET /1', '503 Service Unavailable\n', '503 Service Unavailable\n']);
		t.is(await client.untilOver(), 'end');
		t.is(client.unread, '');
	});

	for (const [what, rest, refusal] of [
		['an empty line', '\r\n', ''],
		['the beginning of another request', 'G', 'HTTP/1.1 400 '],
	] as const) {
		test(`${front}: a client that has to wait for its turn and ends behind ${what} is not kept`, async t => {
			// More than are served in one round.
			const count = 200;
			const {lb} = await start(front, {backends: []});
			t.teardown(() => lb.stop());
			const client = await openClient(lb, front);

			for (let i = 0; i < count; i++) client.write(GET);
			client.end(rest);

			for (let i = 0; i < count; i++) t.is((await client.message()).line, 'HTTP/1.1 503 Service Unavailable');
			await client.untilEnd();
			t.is(client.unread.slice(0, 13), refusal);
			t.is(await client.untilOver(), 'end');
		});
	}

	test(`${front}: an empty line keeps no connection from being closed by a listener that goes`, async t => {
		const {lb} = await start(front);
		t.teardown(() => lb.stop());
		const client = await openClient(lb, front);
		await client.writeAll(`${POST}\r\n`);
		t.deepEqual(await bodies(client, 1), ['POST /1']);
		await allSeen(lb, front);

		await lb.update({listeners: [`${front}:81 -> http:80`]});

		t.is(await client.untilOver(), 'end');
		t.is(client.unread, '');
	});

	test(`${front}: an empty line has the time of an idle connection, not that of a head`, async t => {
		const {lb} = await start(front, {headTimeout: '1s', idleTimeout: '10s'});
		t.teardown(() => lb.stop());
		const client = await openClient(lb, front);
		await client.writeAll(`${POST}\r\n`);
		t.deepEqual(await bodies(client, 1), ['POST /1']);
		await allSeen(lb, front);

		await lb.clock.advance('5s');
		await client.writeAll(GET);
		t.deepEqual(await bodies(client, 1), ['GET /1']);
		await client.writeAll('\r\n');
		await allSeen(lb, front);
		await lb.clock.advance('11s');

		t.is(await client.untilOver(), 'end');
		t.is(client.unread, '');
	});

	test(`${front}: a client that resets behind an empty line leaves no record of a request`, async t => {
		const {lb} = await start(front);
		t.teardown(() => lb.stop());
		const client = await openClient(lb, front);
		await client.writeAll(`${POST}\r\n`);
		t.deepEqual(await bodies(client, 1), ['POST /1']);
		await allSeen(lb, front);

		client.reset();
		await allSeen(lb, front);

		t.deepEqual(
			[...lb.traffic].map(({request}) => request.target),
			['/1', '/other', '/other'],
		);
	});

	for (const [what, pieces, answer] of [
		['an empty line in one piece', ['\r\n', GET], 'GET /1'],
		['an empty line in two pieces', ['\r', '\n', GET], 'GET /1'],
		['an empty line cut by its request', ['\r', `\n${GET}`], 'GET /1'],
		['a CR alone', ['\r', GET], '400 Bad Request\n'],
		['two empty lines', ['\r\n', `\r\n${GET}`], '400 Bad Request\n'],
	] as const) {
		test(`${front}: ${what} before a request: ${answer.trim()} [RFC 9112 2.2]`, async t => {
			const {lb} = await start(front);
			t.teardown(() => lb.stop());
			const client = await openClient(lb, front);

			for (const piece of pieces) {
				await client.writeAll(piece);
				await allSeen(lb, front);
			}

			t.deepEqual(await bodies(client, 1), [answer]);
			client.end();
			t.is(await client.untilOver(), 'end');
			t.is(client.unread, '');
		});
	}
}

/** A load balancer for which time stands still: whatever ends here ends without a timeout. */
async function start(
	front: 'http' | 'https',
	spec: Partial<LoadBalancerSpec> = {},
): Promise<{lb: LoadBalancer; hold: () => () => void}> {
	let held = Promise.resolve();
	const handler = async (request: IncomingMessage, response: ServerResponse) => {
		for await (const _ of request);
		if (request.url !== '/other') await held;
		response.end(`${request.method} ${request.url}`);
	};
	const lb = await startLoadBalancer({
		listeners: [`${front}:80 -> http:80`],
		backends: [{kind: 'handler', name: 'a', handler}],
		clock: 'manual',
		...spec,
		authority,
	});
	/** No answers from now on, until what it returns is called. */
	const hold = () => {
		let release = () => {};
		held = new Promise(resolve => {
			release = resolve;
		});
		return release;
	};
	return {lb, hold};
}

/** Resolves when the load balancer has seen all that had come to it: what a later connection sent is answered. */
async function allSeen(lb: LoadBalancer, front: 'http' | 'https'): Promise<void> {
	const other = await openClient(lb, front);
	other.write('GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
	await other.untilEnd();
	other.end();
}

async function bodies(client: RawConnection, count: number): Promise<string[]> {
	const found: string[] = [];
	while (found.length < count) found.push((await client.message()).body);
	return found;
}

/** A TLS client whose TCP connection can be ended without a word from TLS, which its own stream would say. */
async function openTruncated(lb: LoadBalancer): Promise<RawConnection> {
	const raw = connect({host: '127.0.0.1', port: lb.port(80), allowHalfOpen: true, noDelay: true});
	const below = new Duplex({
		read() {},
		write: (chunk, _encoding, done) => void (raw.writableEnded ? done() : raw.write(chunk, () => done())),
	});
	raw.on('data', chunk => below.push(chunk));
	raw.on('end', () => below.push(null));
	const stream = connectTls({socket: below, ca: authority.pem, servername: lb.dnsName});
	// A TLS stream is a socket, whatever is below it.
	const client = new RawConnection(stream as Socket, raw);
	await once(stream, 'secureConnect');
	return client;
}

function endTruncated(client: RawConnection): void {
	client.raw.end();
	client.end();
}
