import {Buffer} from 'node:buffer';
import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import {type ConnectionOptions, connect} from 'node:tls';
import test from 'ava';
import {ClientHelloReader, readClientHello} from '../../src/codec/client-hello.ts';
import {every, upTo} from '../helpers/depth.ts';

/** The first bytes of a real client. */
async function hello(options: ConnectionOptions): Promise<Buffer> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	// A TCP server's address is an object.
	const client = connect({...options, host: '127.0.0.1', port: (server.address() as AddressInfo).port});
	client.on('error', () => {});
	const [socket] = await once(server, 'connection');
	const [bytes] = await once(socket, 'data');
	client.destroy();
	socket.destroy();
	server.close();
	return bytes;
}

test('a real hello has its name, its protocols and its newest version', async t => {
	const bytes = await hello({servername: 'shop.test', ALPNProtocols: ['h2', 'http/1.1']});

	t.deepEqual(readClientHello(bytes), {sni: 'shop.test', alpn: ['h2', 'http/1.1'], version: 'TLSv1.3'});
});

test('a hello without SNI and ALPN, of TLS 1.2', async t => {
	const bytes = await hello({maxVersion: 'TLSv1.2'});

	t.deepEqual(readClientHello(bytes), {alpn: [], version: 'TLSv1.2'});
});

test('a hello in any pieces is the same hello', async t => {
	const bytes = await hello({servername: 'shop.test', ALPNProtocols: ['h2']});
	const expected = readClientHello(bytes);
	for (const size of [1, 2, 3, 5, 64, bytes.length]) {
		const reader = new ClientHelloReader();
		let read: ReturnType<ClientHelloReader['read']> = 'incomplete';
		for (let pos = 0; pos < bytes.length; pos += size) {
			t.is(read, 'incomplete');
			read = reader.read(bytes.subarray(pos, pos + size));
		}
		t.deepEqual(read, expected);
	}
	for (const at of every(upTo(bytes.length - 1), 40)) {
		const reader = new ClientHelloReader();
		t.is(reader.read(bytes.subarray(0, at)), 'incomplete');
		t.deepEqual(reader.read(bytes.subarray(at)), expected, `cut at ${at}`);
	}
});

test('a hello spread over several records is one hello (RFC 8446 section 5.1)', async t => {
	const bytes = await hello({servername: 'shop.test'});

	for (const size of [1, 2, 50]) {
		t.deepEqual(readClientHello(inRecords(bytes.subarray(5), size)), readClientHello(bytes), String(size));
	}
});

/** A hello of this many bytes with its header, by the length of its session's extensions. */
function helloOf(size: number): Buffer {
	// Header, version, random, session id, one cipher suite, one compression method, length of extensions, one of those.
	const padding = size - 4 - 2 - 32 - 1 - 4 - 2 - 2 - 4;
	const of16 = (length: number) => [length >> 8, length & 255];
	const fields = [[1, 0, ...of16(size - 4), 3, 3], Array(32).fill(7), [0, 0, 2, 0x13, 1, 1, 0], of16(padding + 4)];
	return Buffer.concat([Buffer.from([...fields.flat(), 0, 21, ...of16(padding)]), Buffer.alloc(padding)]);
}

/** The handshake messages in records of this size. */
function inRecords(messages: Buffer, size: number): Buffer {
	const records: Buffer[] = [];
	for (let pos = 0; pos < messages.length; pos += size) {
		const part = messages.subarray(pos, pos + size);
		records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
	}
	return Buffer.concat(records);
}

test('the largest record and hello are read, and nothing larger', t => {
	const largest = 16 * 1024;
	const expected = {alpn: [], version: 'TLSv1.2'};

	t.deepEqual(readClientHello(inRecords(helloOf(largest), largest)), expected);
	t.is(readClientHello(Buffer.from([22, 3, 1, 0x40, 1])), 'not-tls');
	t.is(readClientHello(inRecords(helloOf(largest + 1), 9000)), 'not-tls');
	t.deepEqual(readClientHello(inRecords(helloOf(300), 1)), expected);
});

test('a hello in records so small that their headers are most of it is given up in the end', t => {
	const bytes = inRecords(helloOf(16 * 1024), 1);
	const reader = new ClientHelloReader();

	t.is(reader.read(bytes.subarray(0, 32 * 1024)), 'incomplete');
	t.is(reader.read(bytes.subarray(32 * 1024, 32 * 1024 + 1)), 'not-tls');
});

test('what follows the hello, in its record or the next one, is not read', t => {
	const hello = helloOf(300);
	const expected = {alpn: [], version: 'TLSv1.2'};

	t.deepEqual(readClientHello(inRecords(Buffer.concat([hello, Buffer.from('more')]), 400)), expected);
	t.deepEqual(readClientHello(Buffer.concat([inRecords(hello, 400), Buffer.from('more')])), expected);
});

test('anything but a hello is detected at its first bytes', t => {
	for (const text of ['GET / HTTP/1.1\r\n', 'SSH-2.0-x\r\n', '\x16\x02', '\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00']) {
		t.is(readClientHello(Buffer.from(text, 'latin1')), 'not-tls', JSON.stringify(text));
	}
	t.is(readClientHello(Buffer.from([22, 3, 1, 0, 5, 2])), 'not-tls', 'the first byte of another message');
	t.is(readClientHello(Buffer.from([22, 3, 1, 0xff, 0xff])), 'not-tls', 'a record larger than any');
	t.is(readClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff])), 'not-tls', 'a message larger than any');
});

test('a hello cut off or broken at any byte is never read past its end', async t => {
	const bytes = await hello({servername: 'shop.test', ALPNProtocols: ['h2']});
	for (let at = 0; at < bytes.length; at++) {
		t.is(readClientHello(bytes.subarray(0, at)), 'incomplete');
		const broken = Buffer.from(bytes);
		broken[at] = (broken[at] ?? 0) ^ 0xff;
		t.notThrows(() => readClientHello(broken));
	}
});
