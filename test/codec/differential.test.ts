import {Buffer} from 'node:buffer';
import {createServer, type IncomingMessage, METHODS} from 'node:http';
import {Duplex} from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import {runs} from '../helpers/depth.ts';
import {type Reading, readRequest, request, spoiled} from './messages.ts';

interface Read {
	readonly method: string;
	readonly target: string;
	readonly fields: readonly (readonly [string, string])[];
	readonly body: string;
}

/** The first request as Node's own parser reads it, with its strict defaults. */
function nodeReads(bytes: string): Promise<Read & {readonly minor: number}> {
	return new Promise((resolve, reject) => {
		const server = createServer({maxHeaderSize: 256 * 1024, insecureHTTPParser: false});
		server.maxHeadersCount = 0;
		server.on('clientError', reject);
		server.on('request', (message: IncomingMessage) => {
			let body = '';
			message.on('data', (chunk: Buffer) => {
				body += chunk.toString('latin1');
			});
			message.on('aborted', () => reject(new Error('the request is not whole')));
			message.on('end', () => {
				const raw = message.rawHeaders;
				const fields = Array.from({length: raw.length / 2}, (_, i): [string, string] => [
					raw[2 * i] ?? '',
					raw[2 * i + 1] ?? '',
				]);
				resolve({
					method: message.method ?? '',
					target: message.url ?? '',
					minor: message.httpVersionMinor,
					fields,
					body,
				});
			});
		});
		const stream = new Duplex({read() {}, write: (_chunk, _encoding, done) => done()});
		stream.on('error', () => {});
		server.emit('connection', stream);
		stream.push(Buffer.from(bytes, 'latin1'));
		stream.push(null);
	});
}

/** Fields that this load balancer removes on purpose, with any value, including look-alikes. */
const OFF =
	/^(?:transfer[\W_]encoding|connection|upgrade|te|trailer|keep[\W_]alive|proxy[\W_]connection|http2[\W_]settings|x[\W_]forwarded[\W_](?:for|proto|port)|content(?!-)[\W_]length)$/i;
/**
 * A chunk size before an extension with bad white space, which RFC 9110 section 5.6.3 requires to remove and Node
 * refuses.
 */
const BAD_WHITE_SPACE = /(?:^|\n)[0-9a-f]+(?:[ \t]+;|;[^\r\n]*[ \t])/i;
/** Fields that a client cannot remove by naming them in Connection. */
const SAFE = /^(?:host|content-length)$/i;

/** What a back-end must get of the request that Node read: our intended differences. */
function forwarded({method, target, fields, body, minor}: Read & {readonly minor: number}): Read {
	const named = fields
		.filter(([name]) => /^connection$/i.test(name))
		.flatMap(([, value]) => value.toLowerCase().split(','))
		.map(name => name.replace(/^[ \t]+|[ \t]+$/g, ''));
	const kept = fields.filter(([name]) => {
		if (OFF.test(name) || (minor === 0 && /^expect$/i.test(name))) return false;
		return SAFE.test(name) || !named.includes(name.toLowerCase());
	});
	const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
	if (absolute === null) return {method, target, fields: kept, body};
	const [, authority = '', rest = ''] = absolute;
	const path = rest === '' && method === 'OPTIONS' ? '*' : rest.replace(/^(?!\/)/, '/');
	return {method, target: path, fields: [['Host', authority], ...kept.filter(([name]) => !/^host$/i.test(name))], body};
}

/**
 * HTAB around framing fields is optional white space (RFC 9110 5.6.3), which Node refuses; what is forwarded has none.
 */
function withoutTab(bytes: string): string {
	const end = bytes.indexOf('\r\n\r\n');
	return (
		bytes
			.slice(0, end)
			.replace(/^(transfer-encoding:[ \t]*chunked)[ \t]+$/gim, '$1')
			.replace(/^(content-length:)[ \t]*(\d+)[ \t]*$/gim, '$1 $2') + bytes.slice(end)
	);
}

function ours({head, body}: Reading): Read {
	const fields = (head?.fields ?? '')
		.split('\r\n')
		.slice(0, -1)
		.map((line): [string, string] => {
			const colon = line.indexOf(':');
			return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
		});
	return {method: head?.method ?? '', target: head?.target ?? '', fields, body};
}

for (const [what, messages] of [
	['well-formed', request],
	['spoiled', spoiled],
] as const) {
	test(`what is accepted of ${what} requests, Node's own parser accepts and reads the same`, async t => {
		// The same seed every time, so that failures come from changes; FUZZ_SEED=$RANDOM tries others.
		const seed = Number(process.env['FUZZ_SEED'] ?? 65_262_432);
		let tried = 0;
		let accepted = 0;
		t.log(`FUZZ_SEED=${seed}`);
		await fc.assert(
			fc.asyncProperty(messages, async bytes => {
				tried++;
				const reading = readRequest(bytes);
				// Any token is a method; Node accepts a list of them.
				if (!reading.done || !METHODS.includes(reading.head?.method ?? '')) return;
				const whole = bytes.slice(0, bytes.length - reading.rest.length);
				// Framing fields in trailers are dropped here with all trailers (RFC 9110 6.5.1); Node refuses them.
				if (/\n(?:transfer-encoding|content-length):/i.test(whole.slice(whole.indexOf('\r\n\r\n')))) return;
				accepted++;
				const bodyStart = whole.indexOf('\r\n\r\n') + 4;
				const isBad = reading.head?.framing === 'chunked' && BAD_WHITE_SPACE.test(whole.slice(bodyStart));
				const told = isBad ? whole.slice(0, bodyStart) + reading.framed : whole;
				t.deepEqual(ours(reading), forwarded(await nodeReads(withoutTab(told))), JSON.stringify(whole));
			}),
			{seed, numRuns: runs(10_000, 1000)},
		);
		t.log(`${accepted} of ${tried} accepted`);
		t.true(accepted > 100, `only ${accepted} of ${tried} were accepted: the generator has lost its aim`);
	});
}
