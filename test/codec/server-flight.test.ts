import {Buffer} from 'node:buffer';
import {X509Certificate} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import {type ConnectionOptions, createServer as createTlsServer, connect as tlsConnect} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {type ServerFlight, ServerFlightReader} from '../../src/codec/server-flight.ts';
import {every, upTo} from '../helpers/depth.ts';
import {listening} from '../helpers/own-servers.ts';
import {sampleChain} from '../helpers/pem-samples.ts';

const {upper, lower, leaf} = sampleChain();

/** All that a real server sends to clients with these options, connection after connection. */
async function flights(t: ExecutionContext, options: ConnectionOptions, count = 1): Promise<Buffer[]> {
	const server = createTlsServer({cert: leaf.cert + lower.cert + upper.cert, key: leaf.key}, socket => {
		socket.on('error', () => {}).end('x');
	});
	const port = await listening(t, server);
	const all: Buffer[] = [];
	const relay = createServer(client => {
		const upstream: Socket = connect(port, '127.0.0.1');
		const parts: Buffer[] = [];
		const at = all.push(Buffer.alloc(0)) - 1;
		upstream.on('data', part => {
			parts.push(part);
			all[at] = Buffer.concat(parts);
		});
		client
			.on('error', () => {})
			.pipe(upstream.on('error', () => {}))
			.pipe(client);
	});
	const at = await listening(t, relay);
	let session: Buffer | undefined;
	for (let n = 0; n < count; n++) {
		const resumed = session === undefined ? {} : {session};
		const client = tlsConnect({port: at, host: '127.0.0.1', rejectUnauthorized: false, ...options, ...resumed});
		client.on('session', given => {
			session = given;
		});
		client.resume();
		await once(client, 'close');
	}
	return all;
}

const read = (bytes: Buffer) => new ServerFlightReader().read(bytes);

function inPieces(bytes: Buffer, size: number): ServerFlight | 'incomplete' {
	const reader = new ServerFlightReader();
	for (let pos = 0; pos < bytes.length; pos += size) {
		const found = reader.read(bytes.subarray(pos, pos + size));
		if (found !== 'incomplete') return found;
	}
	return 'incomplete';
}

test('a server of TLS 1.2 shows its certificates, the leaf first', async t => {
	const [bytes = Buffer.alloc(0)] = await flights(t, {maxVersion: 'TLSv1.2'});

	const found = read(bytes);

	t.deepEqual(Array.isArray(found) ? found.map(each => new X509Certificate(each).subject) : found, [
		'CN=web.test',
		'CN=lower',
		'CN=upper',
	]);
});

test('the certificates of a server of TLS 1.3 are hidden', async t => {
	const [bytes = Buffer.alloc(0)] = await flights(t, {minVersion: 'TLSv1.3'});

	t.is(read(bytes), 'hidden');
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
	test(`a resumed session of ${version} shows none`, async t => {
		const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await flights(
			t,
			{minVersion: version, maxVersion: version},
			2,
		);

		t.not(read(first), 'none');
		t.is(read(second), 'none');
	});
}

test('certificates in any pieces are the same', async t => {
	const [bytes = Buffer.alloc(0)] = await flights(t, {maxVersion: 'TLSv1.2'});
	const expected = read(bytes);

	t.true(Array.isArray(expected));
	for (const size of [1, 2, 3, 5, 64, bytes.length]) t.deepEqual(inPieces(bytes, size), expected, String(size));
	for (const at of every(upTo(bytes.length), 40)) {
		const reader = new ServerFlightReader();
		const first = reader.read(bytes.subarray(0, at));
		t.deepEqual(first === 'incomplete' ? reader.read(bytes.subarray(at)) : first, expected, `cut at ${at}`);
	}
});

/** The handshake messages of a flight in records of this size. */
function inRecords(messages: Buffer, size: number): Buffer {
	const records: Buffer[] = [];
	for (let pos = 0; pos < messages.length; pos += size) {
		const part = messages.subarray(pos, pos + size);
		records.push(Buffer.from([22, 3, 3, part.length >> 8, part.length & 255]), part);
	}
	return Buffer.concat(records);
}

const message = (type: number, body: Buffer) =>
	Buffer.concat([Buffer.from([type, body.length >> 16, (body.length >> 8) & 255, body.length & 255]), body]);
const hello = message(2, Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32), Buffer.from([0, 0xc0, 0x2f, 0])]));
const listed = (...certificates: readonly Buffer[]) => {
	const entries = certificates.map(each => message(0, each).subarray(1));
	return message(11, message(0, Buffer.concat(entries)).subarray(1));
};

test('messages spread over records, and several in one record, are the same', t => {
	const messages = Buffer.concat([hello, listed(Buffer.from('one'), Buffer.from('other'))]);

	for (const size of [1, 4, 7, 40, messages.length]) {
		t.deepEqual(read(inRecords(messages, size)), [Buffer.from('one'), Buffer.from('other')], String(size));
	}
});

/** A ServerHello with these extensions. */
const helloWith = (...extensions: readonly (readonly [type: number, body: Buffer])[]) => {
	const each = extensions.map(([type, body]) => Buffer.concat([Buffer.from([type >> 8, type & 255]), sized(body)]));
	return message(2, Buffer.concat([hello.subarray(4), sized(Buffer.concat(each))]));
};
/** With a length of two bytes before it. */
const sized = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
const RENEGOTIATION = [0xff01, Buffer.from([0])] as const;
const VERSION_13 = [43, Buffer.from([3, 4])] as const;
const RESUMED = [41, Buffer.from([0, 0])] as const;

test('extensions of the hello say whether certificates are shown', t => {
	const shown = listed(Buffer.from('one'));
	const whole = (of: Buffer) => read(inRecords(Buffer.concat([of, shown]), 16_384));

	t.deepEqual(whole(helloWith(RENEGOTIATION)), [Buffer.from('one')]);
	t.deepEqual(whole(helloWith()), [Buffer.from('one')]);
	t.is(whole(helloWith(VERSION_13, RENEGOTIATION)), 'hidden');
	t.is(whole(helloWith(VERSION_13, RESUMED)), 'none');
	t.is(whole(helloWith(RESUMED, RENEGOTIATION)), 'none');
});

test('a length inside that is larger than the one around it is no handshake (RFC 8446 section 3)', t => {
	const cases: Readonly<Record<string, Buffer>> = {
		'of an extension': message(2, Buffer.concat([hello.subarray(4), sized(Buffer.from([0, 43, 0, 3, 3, 4]))])),
		'of an extension, with bytes of something else behind it': message(
			2,
			Buffer.concat([hello.subarray(4), sized(Buffer.from([0, 43, 0, 3, 3, 4])), Buffer.alloc(9)]),
		),
		'of a certificate, with bytes of something else behind it': Buffer.concat([
			hello,
			message(11, Buffer.from([0, 0, 5, 0, 0, 3, 1, 2, 3])),
		]),
	};
	for (const [what, bytes] of Object.entries(cases)) t.is(read(inRecords(bytes, 99)), 'none', what);
});

test('bytes of a message behind what it says are not read', t => {
	const certificates = Buffer.concat([listed(Buffer.from('one')).subarray(4), Buffer.from('more')]);

	t.deepEqual(read(inRecords(Buffer.concat([hello, message(11, certificates)]), 99)), [Buffer.from('one')]);
});

test('the largest record, message and flight are read, and nothing larger', t => {
	const flight = (size: number) => Buffer.concat([hello, listed(Buffer.alloc(size, 1))]);
	const largestRecord = 16 * 1024 + 2048;
	const largestMessage = 128 * 1024;
	// Two lengths of three bytes stand before the certificate.
	const fits = listed(Buffer.alloc(largestMessage - 6, 1));

	t.true(Array.isArray(read(inRecords(flight(largestRecord), largestRecord))));
	t.is(read(inRecords(flight(largestRecord), largestRecord + 1)), 'none');
	t.true(Array.isArray(read(inRecords(Buffer.concat([hello, fits]), largestRecord))));
	t.is(read(inRecords(Buffer.concat([hello, listed(Buffer.alloc(largestMessage - 5))]), largestRecord)), 'none');
	const parts = new ServerFlightReader();
	// A message of the largest size that does not end before the limit of all bytes, records' headers included.
	const endless = inRecords(Buffer.concat([hello, Buffer.from([11, 2, 0, 0]), Buffer.alloc(largestMessage)]), 16_384);
	t.is(parts.read(endless.subarray(0, largestMessage)), 'incomplete');
	t.is(parts.read(endless.subarray(largestMessage, largestMessage + 1)), 'none');
});

test('what is no certificate of a server shows none', t => {
	const alert = Buffer.from([21, 3, 3, 0, 2, 2, 40]);
	for (const [what, bytes] of [
		['an alert', alert],
		['an alert after the hello', Buffer.concat([inRecords(hello, 99), alert])],
		['a record of another protocol', Buffer.from([22, 2, 0, 0, 1])],
		['plain text', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
		['a certificate before the hello', inRecords(listed(Buffer.from('x')), 99)],
		['two hellos', inRecords(Buffer.concat([hello, hello]), 99)],
		['a hello, and something else', inRecords(Buffer.concat([hello, message(14, Buffer.alloc(0))]), 99)],
		['an empty list', inRecords(Buffer.concat([hello, listed()]), 99)],
		['an empty certificate', inRecords(Buffer.concat([hello, listed(Buffer.alloc(0))]), 99)],
		[
			'a list that is longer than its message',
			inRecords(Buffer.concat([hello, message(11, Buffer.from([0, 0, 9]))]), 99),
		],
		[
			'a certificate that is longer than its message',
			inRecords(Buffer.concat([hello, message(11, Buffer.from([0, 0, 6, 0, 0, 9, 1, 2, 3]))]), 999),
		],
		['a record larger than any', Buffer.from([22, 3, 3, 0xff, 0xff])],
		['an empty record', Buffer.from([22, 3, 3, 0, 0])],
		['a message larger than any', inRecords(Buffer.from([2, 0xff, 0xff, 0xff]), 99)],
		['a hello that is cut short', inRecords(message(2, Buffer.from([3, 3, 0])), 99)],
	] as const) {
		t.is(read(bytes), 'none', what);
	}
	t.is(read(inRecords(hello, 99)), 'incomplete');
	t.is(read(Buffer.alloc(0)), 'incomplete');
});

test('a flight cut off or broken at any byte is never read past its end', async t => {
	const [bytes = Buffer.alloc(0)] = await flights(t, {maxVersion: 'TLSv1.2'});
	const until = bytes.length;
	for (let at = 0; at < until; at++) {
		const broken = Buffer.from(bytes);
		broken[at] = (broken[at] ?? 0) ^ 0xff;
		t.notThrows(() => read(broken));
		t.notThrows(() => read(bytes.subarray(0, at)));
	}
});
