import {Buffer} from 'node:buffer';
import test from 'ava';
import fc from 'fast-check';
import type {RequestHead} from '../../../src/codec/request-head.ts';
import {newPool} from '../../../src/data-plane/front.ts';
import type {Downstream} from '../../../src/data-plane/http/downstream.ts';
import {HttpExchange} from '../../../src/data-plane/http/http-exchange.ts';
import type {RefusedRequest} from '../../../src/data-plane/http/refused-request.ts';
import {RequestReader, type RequestServer} from '../../../src/data-plane/http/request-reader.ts';
import {newRecord} from '../../../src/data-plane/listener-context.ts';
import {runs} from '../../helpers/depth.ts';
import {HandClock} from '../../helpers/hand-clock.ts';
import {contextOf, servicesOf} from '../../helpers/running-pieces.ts';

const PEER = {address: '127.0.0.1', port: 1};
const CONTEXT = contextOf(servicesOf(new HandClock()));
const POOL = newPool(CONTEXT);

/** A client connection without a socket: it writes down what it is told, and answers when a test says so. */
class Server implements RequestServer {
	state: RequestServer['state'] = 'idle';
	isBlocked = false;
	/** Whether requests without a body are answered as soon as they are begun. */
	answersAtOnce = false;
	/** Whether a connection is there that takes the bodies of its exchanges. */
	flowing = false;
	/** What it was told, in order: `begin GET /`, `400 the reason`. */
	readonly log: string[] = [];
	readonly refused: RefusedRequest[] = [];
	readonly exchanges: HttpExchange[] = [];
	/** Whether the reader said, as a request was begun, that it goes on by itself. */
	readonly serving: boolean[] = [];
	readonly reader = new RequestReader(this);
	readonly #targets = new Map<HttpExchange, string>();
	readonly #downstream: Downstream;

	constructor() {
		const ignore = () => {};
		this.#downstream = {
			context: CONTEXT,
			pool: POOL,
			client: {peer: PEER, localAddress: '127.0.0.1'},
			addedFields: () => '',
			touch: ignore,
			limit: ignore,
			writeText: text => this.log.push(text.slice(0, text.indexOf('\r\n'))) > 0,
			writeBytes: () => true,
			pause: ignore,
			resume: ignore,
			exchangeDone: () => {
				this.state = 'gone';
			},
			exchangeBroken: ignore,
			truncate: ignore,
			tunnel: ignore,
		};
	}

	headBegan(): void {
		this.state = 'head';
		this.log.push('head began');
	}

	headEmpty(): void {
		this.state = 'idle';
		this.log.push('head empty');
	}

	newExchange(head: RequestHead): HttpExchange {
		this.state = 'exchange';
		const exchange = new HttpExchange(this.#downstream, head, newRecord(CONTEXT, 'http', PEER));
		// No back-end is there; this is all that the reader asks of one.
		Object.defineProperty(exchange, 'flowing', {get: () => this.flowing});
		this.exchanges.push(exchange);
		this.#targets.set(exchange, `${head.method} ${head.target}`);
		return exchange;
	}

	begin(exchange: HttpExchange): void {
		this.log.push(`begin ${this.#targets.get(exchange)}`);
		this.serving.push(this.reader.serving);
		if (this.answersAtOnce && exchange.requestDone) this.answer();
	}

	touch(): void {
		this.log.push('touch');
	}

	refuse(refused: RefusedRequest): void {
		this.refused.push(refused);
		this.log.push(`${refused.refusal.status} ${refused.refusal.reason}`);
		this.state = 'gone';
	}

	pause(): void {
		this.log.push('pause');
	}

	rest(): void {
		this.log.push('rest');
	}

	/** The exchange under way is answered. */
	answer(): void {
		this.reader.exchangeDone();
		this.state = 'idle';
	}

	/** Bytes have come, in memory that is used for something else afterwards. */
	read(text: string, {transient = true, waits = false} = {}): void {
		const memory = Buffer.from(`${text}rubbish`, 'latin1');
		this.reader.read(memory, memory.length - 'rubbish'.length, transient, waits);
		if (transient) memory.fill('!');
	}

	/** The requests that were begun. */
	get begun(): string[] {
		return this.log.filter(line => line.startsWith('begin ')).map(line => line.slice('begin '.length));
	}
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (path: string, body: string) =>
	`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (path: string, body: string) =>
	`POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;

const ENDED_IN_HEAD = '400 the client ended in the midst of a head';

/** The kept body of an exchange. */
function bodyOf({record}: HttpExchange): string {
	const parts = record.requestBody?.parts ?? [];
	return parts.map(part => (typeof part === 'string' ? part : Buffer.from(part).toString('latin1'))).join('');
}

test('a head that comes alone and whole is begun at once, without resting', t => {
	const server = new Server();

	server.read(get('/a'));

	t.deepEqual(server.log, ['begin GET /a']);
	t.deepEqual(server.serving, [false], 'nothing is behind it');
	t.is(server.reader.exchange, server.exchanges[0]);
	server.answer();
	t.is(server.reader.exchange, undefined);
});

test('a head in pieces begins once, and is begun when it is whole', t => {
	const server = new Server();

	for (const piece of ['GET /a HT', 'TP/1.1\r\nHost:', ' a\r\n\r', '\n']) server.read(piece);

	t.deepEqual(server.log, ['head began', 'begin GET /a']);
});

test('a small read that ends a head that came in part belongs to it', t => {
	const server = new Server();

	server.read('GET /a HTTP/1.1\r\nX: ');
	server.read(`${get('/b')}`);

	t.deepEqual(server.log.slice(1), ['begin GET /a']);
});

test('a head of more than 8 KiB in one piece is begun too', t => {
	const server = new Server();

	server.read(`GET /a HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`);

	t.deepEqual(server.begun, ['GET /a']);
});

for (const pieces of [['\r\n', get('/a')], ['\r', `\n${get('/a')}`], [`\r\n${get('/a')}`]]) {
	test(`an empty line before a request is ignored, in pieces of ${pieces.map(({length}) => length)} [RFC 9112 2.2]`, t => {
		const server = new Server();

		for (const piece of pieces) server.read(piece);

		t.deepEqual(server.begun, ['GET /a']);
		t.false(server.log.includes('head began'), 'it is no beginning of a request');
		t.deepEqual(server.refused, []);
	});
}

test('after an empty line alone there is no request under way', t => {
	const server = new Server();

	server.read('\r\n');

	t.deepEqual(server.log, ['head empty', 'rest']);
	server.read('G');
	t.is(server.log.at(-1), 'head began');
});

test('a CR that no LF follows is refused, and does not vanish before a head that comes alone [RFC 9112 2.2]', t => {
	const server = new Server();

	server.read('\r');
	server.read(get('/a'));

	t.deepEqual(server.begun, []);
	t.is(server.refused.length, 1);
});

test('two empty lines are no request', t => {
	const server = new Server();

	server.read('\r\n\r\n');

	t.deepEqual(server.begun, []);
	t.is(server.refused.length, 1);
});

test('a head that cannot become one is refused before its end, with what has come of it', t => {
	const server = new Server();

	server.read('GET / HTTP/1.1\r\nX: \0');
	server.read(get('/a'));

	t.like(server.refused[0], {outcome: 'bad-request', head: 'GET / HTTP/1.1\r\nX: \0', toHead: false});
	t.is(server.log.length, 1, 'what comes later is not read');
});

for (const [method, toHead] of [
	['GET', false],
	['HEAD', true],
	['HEADER', false],
] as const) {
	test(`a whole head of ${method} that is malformed is refused ${toHead ? 'without' : 'with'} a body`, t => {
		const text = `${method} / HTTP/1.1\r\nHost a\r\n\r\n`;
		const server = new Server();

		server.read(`${text}${get('/a')}`);

		t.like(server.refused[0], {outcome: 'bad-request', head: text, toHead});
		t.deepEqual(server.begun, [], 'what is behind it is not read');
	});
}

test('what comes behind a request waits until its exchange is done', t => {
	const server = new Server();

	server.read(get('/a') + get('/b'));
	server.read(get('/c'));
	t.deepEqual(server.begun, ['GET /a']);
	t.true(server.reader.hasPipelined);
	server.answer();
	server.reader.readPipelined();

	t.deepEqual(server.begun, ['GET /a', 'GET /b']);
	server.answer();
	server.reader.readPipelined();
	t.deepEqual(server.begun, ['GET /a', 'GET /b', 'GET /c']);
	t.false(server.reader.hasPipelined);
});

test('requests that are answered at once are begun one after the other, never one inside the other', t => {
	const server = new Server();
	server.answersAtOnce = true;

	server.read(get('/a') + get('/b') + get('/c'));

	t.deepEqual(server.log, ['begin GET /a', 'begin GET /b', 'begin GET /c', 'rest']);
	t.deepEqual(server.serving, [true, true, true]);
	t.false(server.reader.serving);
});

test('reading goes on until 16 KiB wait behind an exchange', t => {
	const server = new Server();
	server.read(get('/a'));

	server.read('x'.repeat(16 * 1024 - 1));
	t.false(server.log.includes('pause'));
	server.read('x');

	t.is(server.log.at(-1), 'pause');
	t.is(server.reader.takePipelined()?.toString(), 'x'.repeat(16 * 1024));
});

test('a client that takes no answers has no further request begun, in the order of its bytes', t => {
	const server = new Server();
	server.isBlocked = true;

	server.read(get('/a'));
	server.isBlocked = false;
	server.read(get('/b'));
	t.deepEqual(server.log, []);
	server.answersAtOnce = true;
	server.reader.readPipelined();

	t.deepEqual(server.begun, ['GET /a', 'GET /b']);
});

test('a client that stops taking answers in the midst of its requests has those behind it held', t => {
	const server = new Server();
	server.answersAtOnce = true;
	const {answer} = server;
	server.answer = () => {
		answer.call(server);
		server.isBlocked = true;
	};

	server.read(get('/a') + get('/b'));

	t.deepEqual(server.log, ['begin GET /a'], 'and it does not rest');
	t.is(server.reader.takePipelined()?.toString(), get('/b'));
});

test('what comes while the client waits for its turn is held', t => {
	const server = new Server();

	server.read(get('/a'), {waits: true});
	t.deepEqual(server.log, []);
	server.reader.readPipelined();

	t.deepEqual(server.begun, ['GET /a']);
});

test('a client that waits for its turn in the midst of a head goes on with it', t => {
	const server = new Server();

	server.read('GET /a HTTP/1.1\r\n');
	server.read('Host: a\r\n\r\n', {waits: true});

	t.deepEqual(server.begun, ['GET /a']);
});

test('memory that stays is held as it is, and not copied', t => {
	const server = new Server();
	server.read(get('/a'));
	const memory = Buffer.from(get('/b'));

	server.reader.read(memory, memory.length, false, false);

	t.is(server.reader.takePipelined()?.buffer, memory.buffer);
});

for (const [framing, text, body] of [
	['a length', post('/a', 'hello'), 'hello'],
	['chunks', chunked('/a', '5\r\nhello\r\n0\r\n\r\n'), 'hello'],
] as const) {
	test(`a body with ${framing} that comes with its head is there when the request is begun`, t => {
		const server = new Server();

		server.read(text + get('/b'));

		t.deepEqual(server.log, ['begin POST /a']);
		const [exchange] = server.exchanges;
		t.true(exchange?.requestDone);
		t.is(exchange && bodyOf(exchange), body);
		t.is(server.reader.takePipelined()?.toString(), get('/b'));
	});
}

test('a body that comes later is read on, and does not prolong the time while no back-end takes it', t => {
	const server = new Server();

	server.read(post('/a', 'hello').slice(0, -4));
	server.read('el');
	server.read(`lo${get('/b')}`);

	t.deepEqual(server.log, ['begin POST /a']);
	const [exchange] = server.exchanges;
	t.is(exchange && bodyOf(exchange), 'hello');
	t.is(server.reader.takePipelined()?.toString(), get('/b'));
});

test('each part of a body that a back-end takes starts the idle timeout again, and what is behind the body does not', t => {
	const server = new Server();
	server.read(post('/a', 'hello').slice(0, -4));
	server.flowing = true;

	server.read('el');
	t.deepEqual(server.log, ['begin POST /a', 'touch']);
	server.read(`lo${get('/b')}`);
	server.read(get('/c'));

	t.deepEqual(server.log, ['begin POST /a', 'touch', 'touch']);
	const [exchange] = server.exchanges;
	t.is(exchange && bodyOf(exchange), 'hello');
	t.is(server.reader.takePipelined()?.toString(), get('/b') + get('/c'));
});

test('a body that comes with its head leaves the idle timeout to whoever begins the request', t => {
	const server = new Server();
	server.flowing = true;

	server.read(post('/a', 'hello'));

	t.deepEqual(server.log, ['begin POST /a']);
});

test('a body that is malformed and comes with its head is refused, and the request is not begun', t => {
	const server = new Server();
	const head = chunked('/a', '');

	server.read(`${head}x\r\n${get('/b')}`);

	t.deepEqual(server.log, ['HTTP/1.1 400 Bad Request']);
	t.is(server.exchanges[0]?.record.refusedHead, head);
	t.is(server.exchanges[0]?.record.outcome, 'bad-request');
});

test('a body that turns out malformed is refused, and nothing behind it is read', t => {
	const server = new Server();

	server.read(chunked('/a', ''));
	server.read(`x\r\n${get('/b')}`);

	t.deepEqual(server.log, ['begin POST /a', 'HTTP/1.1 400 Bad Request']);
	t.is(server.exchanges[0]?.record.outcome, 'bad-request');
	t.false(server.reader.hasPipelined);
});

test('a head whose end will not come is refused', t => {
	const server = new Server();
	server.read(get('/a') + get('/b').slice(0, -1));

	server.reader.noteEnd();
	server.answer();
	server.reader.readPipelined();

	t.is(server.log.at(-1), ENDED_IN_HEAD);
	t.like(server.refused[0], {outcome: 'client-abort', head: get('/b').slice(0, -1)});
});

test('a request whose body will not come is refused, and not begun', t => {
	const server = new Server();
	server.read(get('/a') + post('/b', 'hello').slice(0, -1));

	server.reader.noteEnd();
	server.answer();
	server.reader.readPipelined();

	t.deepEqual(server.log, ['begin GET /a', 'HTTP/1.1 400 Bad Request']);
	t.like(server.exchanges[1]?.record, {
		outcome: 'client-abort',
		cause: 'the client ended in the midst of a body',
		refusedHead: post('/b', 'hello').slice(0, -5),
	});
});

test('a whole request of a client that has ended is begun', t => {
	const server = new Server();
	server.read(get('/a') + post('/b', 'hello'));

	server.reader.noteEnd();
	server.answer();
	server.reader.readPipelined();

	t.deepEqual(server.begun, ['GET /a', 'POST /b']);
});

test('what has come in part when the client ends is refused: a head, or a body', t => {
	const [head, body, whole, idle] = [new Server(), new Server(), new Server(), new Server()];
	head.read('GET / HT');
	body.read(post('/a', 'hello').slice(0, -1));
	whole.read(post('/a', 'hello'));

	for (const {reader} of [head, body, whole, idle]) reader.refusePart();

	t.like(head.refused[0], {outcome: 'client-abort', head: 'GET / HT', toHead: false});
	t.is(head.log.at(-1), ENDED_IN_HEAD);
	t.is(body.log.at(-1), 'HTTP/1.1 400 Bad Request');
	t.is(body.exchanges[0]?.record.cause, 'the client ended in the midst of a body');
	t.deepEqual(whole.log, ['begin POST /a']);
	t.deepEqual(idle.log, []);
});

test('it is at its end when the client has ended, and nothing that came before is still to be read', t => {
	const server = new Server();
	server.read(get('/a') + get('/b'));
	const {reader} = server;

	t.false(reader.clientEnded);
	reader.noteEnd();
	t.true(reader.clientEnded);
	t.false(reader.isAtEnd);
	server.answer();
	reader.readPipelined();

	t.true(reader.isAtEnd);
	t.false(new Server().reader.isAtEnd);
});

test('it is not at its end while it works on what has come', t => {
	const server = new Server();
	const atEnd: boolean[] = [];
	server.answersAtOnce = true;
	const {answer} = server;
	server.answer = () => {
		atEnd.push(server.reader.isAtEnd);
		answer.call(server);
	};
	server.reader.noteEnd();

	server.read(get('/a') + get('/b'));

	t.deepEqual(atEnd, [false, false]);
	t.true(server.reader.isAtEnd);
});

test('what is held is given away once, and forgotten at the end', t => {
	const [given, ended] = [new Server(), new Server()];
	for (const server of [given, ended]) server.read(get('/a') + get('/b'));

	t.is(given.reader.takePipelined()?.toString(), get('/b'));
	t.is(given.reader.takePipelined(), undefined);
	given.reader.readPipelined();
	t.deepEqual(given.begun, ['GET /a']);

	ended.reader.end();
	t.false(ended.reader.hasPipelined);
	t.is(ended.reader.exchange, undefined);
});

test('nothing is read for a connection that has another owner', t => {
	const server = new Server();
	server.state = 'gone';

	server.read(get('/a'));

	t.deepEqual(server.log, []);
	t.false(server.reader.hasPipelined);
});

const aRequest = fc.oneof(
	fc.constant(get('/get')),
	fc.constant(`\r\n${get('/after-line')}`),
	fc.string({minLength: 1, maxLength: 8, unit: 'grapheme-ascii'}).map(body => post('/length', body)),
	fc
		.string({minLength: 1, maxLength: 8, unit: 'grapheme-ascii'})
		.map(body => chunked('/chunks', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)),
);

/** The requests, with their bodies, of a connection that is sent `text` in these pieces. */
function readIn(pieces: readonly string[], answersAtOnce: boolean, transient: boolean): readonly string[] {
	const server = new Server();
	server.answersAtOnce = answersAtOnce;
	const goOn = () => {
		while (server.state === 'exchange' && server.reader.exchange?.requestDone === true) {
			server.answer();
			server.reader.readPipelined();
		}
	};
	for (const piece of pieces) {
		server.read(piece, {transient});
		goOn();
	}
	return server.begun.map((line, index) => {
		const exchange = server.exchanges[index];
		return `${line} ${exchange && bodyOf(exchange)}`;
	});
}

test('the same requests are read whatever the pieces in which they come', t => {
	fc.assert(
		fc.property(
			fc.array(aRequest, {minLength: 1, maxLength: 5}),
			fc.array(fc.nat(400), {maxLength: 12}),
			fc.boolean(),
			fc.boolean(),
			(requests, cuts, answersAtOnce, transient) => {
				const text = requests.join('');
				const ends = [...new Set([...cuts.filter(cut => cut > 0 && cut < text.length), text.length])].sort(
					(a, b) => a - b,
				);
				const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));

				const expected = requests.map(request => {
					const [, method, path] = /(GET|POST) (\S+)/.exec(request) ?? [];
					const body = request.slice(request.indexOf('\r\n\r\n') + 4);
					const data = path === '/chunks' ? body.slice(3, 3 + Number.parseInt(body, 16)) : body;
					return `${method} ${path} ${data}`;
				});
				t.deepEqual(readIn(pieces, answersAtOnce, transient), expected);
			},
		),
		{numRuns: runs(5000, 500)},
	);
});
