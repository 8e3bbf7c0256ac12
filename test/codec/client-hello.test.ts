import {Buffer} from 'node:buffer';
import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import {type ConnectionOptions, connect} from 'node:tls';
import test from 'ava';
import {ClientHelloReader, readClientHello} from '../../src/codec/client-hello.ts';

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
});

test('a hello spread over several records is one hello (RFC 8446 section 5.1)', async t => {
	const bytes = await hello({servername: 'shop.test'});
	const message = bytes.subarray(5);
	const records: Buffer[] = [];
	for (let pos = 0; pos < message.length; pos += 50) {
		const part = message.subarray(pos, pos + 50);
		records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
	}

	t.deepEqual(readClientHello(Buffer.concat(records)), readClientHello(bytes));
});

test('anything but a hello is detected at its first bytes', t => {
	for (const text of ['GET / HTTP/1.1\r\n', 'SSH-2.0-x\r\n', '\x16\x02', '\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00']) {
		t.is(readClientHello(Buffer.from(text, 'latin1')), 'not-tls', JSON.stringify(text));
	}
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
