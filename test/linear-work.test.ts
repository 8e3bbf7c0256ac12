import {Buffer} from 'node:buffer';
import {Socket} from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import {ChunkedReader} from '../src/codec/chunked-reader.ts';
import {ClientHelloReader} from '../src/codec/client-hello.ts';
import {readCookie, readSetCookies, withSecure} from '../src/codec/cookies.ts';
import {HeadBuffer} from '../src/codec/head-buffer.ts';
import {readRequestHead} from '../src/codec/request-head.ts';
import {readResponseHead} from '../src/codec/response-head.ts';
import {ServerFlightReader} from '../src/codec/server-flight.ts';
import {readAuthorization} from '../src/control-plane/authorization.ts';
import {readForm} from '../src/control-plane/aws/query-form.ts';
import {readJsonBody} from '../src/control-plane/outscale/json-body.ts';
import {LastLines} from '../src/fake-backends/last-lines.ts';
import {expectProxyHeader} from '../src/fake-backends/proxy-header.ts';
import {messageFrom} from '../src/observability/message.ts';
import {stepsOf} from './helpers/steps.ts';

/** Work on an input from outside. */
interface Work {
	readonly what: string;
	/** An input of about that many bytes; creating it is not counted. */
	readonly input: (size: number, unit: string) => string;
	readonly read: (input: string, pieceBytes: number) => void | Promise<void>;
	/** Half of the limit of the input, if it has one. */
	readonly most?: number;
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\n';
const fields = (size: number, unit: string) => repeated(size, `X: ${unit}\r\n`);
const inFields = (size: number, unit: string) =>
	[1, 2, 3].map(each => `X${each}: a${repeated(size / 3, unit)}b\r\n`).join('');
/** An endless ClientHello in records of one byte. */
const tinyRecords = (size: number) => {
	const bytes = Buffer.alloc(6 * Math.ceil(size / 6));
	for (let at = 0; at < bytes.length; at += 6) bytes.set([22, 3, 1, 0, 1, [1, 0, 0x3f, 0][at / 6] ?? 0], at);
	return bytes.toString('latin1');
};
const proxyHeader = (size: number) =>
	`\r\n\r\n\0\r\nQUIT\n\x20\0${String.fromCharCode(size >> 8, size & 0xff)}${'a'.repeat(size)}`;

const WORK: readonly Work[] = [
	{
		what: 'a ClientHello in tiny records',
		input: tinyRecords,
		read: (input, pieceBytes) => {
			const reader = new ClientHelloReader();
			for (const piece of pieces(input, pieceBytes)) reader.read(piece);
		},
	},
	{
		what: "a server's hello in tiny records",
		input: size => tinyRecords(size).replaceAll('\x16\x03\x01\0\x01\x01', '\x16\x03\x01\0\x01\x02'),
		read: (input, pieceBytes) => {
			const reader = new ServerFlightReader();
			for (const piece of pieces(input, pieceBytes)) reader.read(piece);
		},
	},
	{
		what: 'a head in pieces',
		input: (size, unit) => REQUEST + inFields(size, unit),
		read: (input, pieceBytes) => {
			const buffer = new HeadBuffer();
			for (const piece of pieces(input, pieceBytes)) if (buffer.add(piece, 0) === -1) void buffer.beginning;
		},
	},
	{
		what: 'a form of long names',
		input: (size, unit) =>
			`A=${encodeURIComponent(repeated(size / 8, unit))}&${'a.b.'.repeat(5)}c=${'x'.repeat(size / 2)}`,
		read: input => {
			readForm(input);
		},
	},
	{
		what: 'chunk extensions in pieces',
		input: (size, unit) => `5;a="${repeated(size, unit)}"\r\nhello\r\n0\r\n\r\n`,
		read: readChunks,
		most: 7000,
	},
	{what: 'trailers in pieces', input: (size, unit) => `0\r\n${fields(size, unit)}\r\n`, read: readChunks, most: 7000},
	{what: 'small chunks in pieces', input: size => `${'1\r\nx\r\n'.repeat(size / 6)}0\r\n\r\n`, read: readChunks},
	{
		what: 'the head of a request',
		input: (size, unit) => `${REQUEST}Connection: a, b\r\n${fields(Math.min(size, 15_000), unit)}\r\n`,
		read: input => void readRequestHead(input),
	},
	{
		what: 'a request head of X-Forwarded-For',
		input: (size, unit) => `${REQUEST}${repeated(size, `X-Forwarded-For:${unit}\r\n`)}\r\n`,
		read: input => void readRequestHead(input),
		most: 7000,
	},
	{
		what: 'the head of an answer',
		input: (size, unit) => `${ANSWER}Connection: a, b\r\n${inFields(size, unit)}\r\n`,
		read: input => void readResponseHead(input, false),
	},
	{
		what: 'the message of a record',
		input: (size, unit) => `${REQUEST}${inFields(size, unit)}\r\n`,
		read: input => void messageFrom(input, undefined),
	},
	{
		what: 'the cookies of a request',
		input: (size, unit) => `Cookie: ${repeated(size, `a=${unit};`)}\r\n`,
		read: input => void readCookie(input, 'a'),
	},
	{
		what: 'the cookies of an answer',
		input: (size, unit) => `Set-Cookie: a=b${repeated(size, `;${unit}`)}\r\n`,
		read: input => {
			readSetCookies(input);
			withSecure(input);
		},
	},
	{
		what: 'a PROXY header in pieces',
		input: size => proxyHeader(Math.floor(size)),
		read: input =>
			throughStream(input, stream => {
				expectProxyHeader({mode: 'require', serve: raw => void raw.resume(), onFailure() {}})(stream);
			}),
	},
	{
		what: 'the line of a process in pieces',
		input: (size, unit) => repeated(size, unit),
		read: input => throughStream(input, stream => new LastLines({lines: 10, characters: 100_000}).follow(stream)),
	},
	{
		what: 'colons behind a long string in the body of a call',
		input: (size, unit) => `{"\\n${repeated(size, unit)}"${':'.repeat(size / 4)}`,
		read: input => swallow(() => readJsonBody(Buffer.from(input))),
	},
	{
		what: 'the names of signed headers',
		input: (size, unit) =>
			`AWS4-HMAC-SHA256 Credential=a/20260101/r/api/aws4_request, SignedHeaders=a${repeated(size, `;${unit}`)}, Signature=${'0'.repeat(64)}`,
		read: input => void readAuthorization(input),
	},
];

for (const {what, input, read, most = 15_000} of WORK) {
	// One after another, because all steps of the process are counted.
	test.serial(`twice the input is at most about twice the work: ${what}`, async t => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({min: most / 4, max: most}),
				fc.constantFrom(' ', '\t', 'a', ' a', 'a ', 'a;', 'a=', ', a', '\xe9'),
				fc.constantFrom(1, 2, 3, 7, 64),
				async (size, unit, pieceBytes) => {
					const [once, twice] = [input(size, unit), input(2 * size, unit)];

					const one = await stepsOf(() => read(once, pieceBytes));
					const two = await stepsOf(() => read(twice, pieceBytes));

					t.true(one > 0);
					// It would be 4 for quadratic work; the last copy of memory that doubles may happen in either run.
					t.true(
						two <= 2.6 * one + 2000,
						`${size} bytes of ${JSON.stringify(unit)}: ${one} steps; twice of it: ${two}`,
					);
				},
			),
			{numRuns: 5},
		);
	});
}

function repeated(size: number, unit: string): string {
	return unit.repeat(Math.max(1, Math.floor(size / unit.length)));
}

function* pieces(input: string, pieceBytes: number): Generator<Buffer> {
	const bytes = Buffer.from(input, 'latin1');
	for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

function readChunks(input: string, pieceBytes: number): void {
	const reader = new ChunkedReader();
	for (const piece of pieces(input, pieceBytes)) {
		if (reader.done || reader.read(piece, 0, piece.length) === -1) break;
	}
}

/** Emits small pieces, one in each turn of the event loop, so that none are joined. */
async function throughStream(input: string, listen: (stream: Socket) => void): Promise<void> {
	const stream = new Socket();
	// A socket that is not connected adds a listener for its connection with every read.
	stream.setMaxListeners(0);
	listen(stream);
	for (const piece of pieces(input, 64)) {
		stream.push(piece);
		await new Promise(resolve => setImmediate(resolve));
	}
	stream.destroy();
}

function swallow(work: () => void): void {
	try {
		work();
	} catch {
		// Refused, as expected; the work is counted.
	}
}
