import {Buffer} from 'node:buffer';
import test from 'ava';
import {encodeProxyLine, type ProxyHeader, readProxyHeader} from '../../src/codec/proxy-protocol.ts';

const client = {address: '192.0.2.1', port: 56_324};
const listener = {address: '10.0.0.5', port: 443};

test('the line names family, both addresses and both ports (AWS Classic ELB, enable-proxy-protocol)', t => {
	t.is(encodeProxyLine(client, listener), 'PROXY TCP4 192.0.2.1 10.0.0.5 56324 443\r\n');
	t.is(
		encodeProxyLine({address: '2001:db8::1', port: 1}, {address: '::1', port: 65_535}),
		'PROXY TCP6 2001:db8::1 ::1 1 65535\r\n',
	);
});

test('mixed families and invalid addresses are UNKNOWN', t => {
	t.is(encodeProxyLine(client, {address: '::1', port: 80}), 'PROXY UNKNOWN\r\n');
	t.is(encodeProxyLine({address: '', port: 0}, listener), 'PROXY UNKNOWN\r\n');
});

const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const bytes = (...parts: (string | number[])[]) =>
	Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));

const none = {source: undefined, destination: undefined};
const HEADERS: [string, Buffer, ReturnType<typeof readProxyHeader>][] = [
	['v1 TCP4', bytes('PROXY TCP4 192.0.2.1 10.0.0.5 56324 443\r\nGET'), v1('TCP4', '192.0.2.1', '10.0.0.5', 41)],
	['v1 TCP6', bytes('PROXY TCP6 ::1 2001:db8::2 56324 443\r\n'), v1('TCP6', '::1', '2001:db8::2', 38)],
	['v1 UNKNOWN', bytes('PROXY UNKNOWN\r\n'), {version: 1, family: 'UNKNOWN', ...none, length: 15}],
	[
		'v1 UNKNOWN with words to ignore',
		bytes('PROXY UNKNOWN a b c d\r\n'),
		{version: 1, family: 'UNKNOWN', ...none, length: 23},
	],
	['v1 other family', bytes('PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n'), 'malformed'],
	['v1 address of the other family', bytes('PROXY TCP4 ::1 ::1 1 2\r\n'), 'malformed'],
	['v1 octet over 255', bytes('PROXY TCP4 256.2.3.4 1.2.3.4 1 2\r\n'), 'malformed'],
	['v1 port over 65535', bytes('PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n'), 'malformed'],
	['v1 port with a leading zero', bytes('PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n'), 'malformed'],
	['v1 a word too many', bytes('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'), 'malformed'],
	['v1 IPv6 of colons alone', bytes('PROXY TCP6 :::: ::1 1 2\r\n'), 'malformed'],
	['v1 IPv6 with a group of five digits', bytes('PROXY TCP6 ::1 12345::1 1 2\r\n'), 'malformed'],
	['v1 IPv6 with a zone', bytes('PROXY TCP6 fe80::1%lo ::1 1 2\r\n'), 'malformed'],
	['v1 longer than 107 bytes', bytes(`PROXY TCP4 ${' '.repeat(120)}\r\n`), 'malformed'],
	['v1 without its end', bytes('PROXY TCP4 1.2.3.4'), 'incomplete'],
	['a request', bytes('GET / HTTP/1.1\r\n\r\n'), 'none'],
	['a word that begins alike', bytes('PROXYING'), 'none'],
	['TLS', bytes([22, 3, 1]), 'none'],
	[
		'v2 TCP4',
		bytes(V2.toString('latin1'), [0x21, 0x11, 0, 12, 192, 0, 2, 1, 10, 0, 0, 5, 0xdc, 4, 1, 187]),
		{version: 2, family: 'TCP4', source: client, destination: listener, length: 28},
	],
	[
		'v2 TCP6 with a TLV behind the addresses',
		bytes(
			V2.toString('latin1'),
			[0x21, 0x21, 0, 40, ...Array(15).fill(0), 1, ...Array(15).fill(0), 2],
			[0, 1, 0, 2, 4, 0, 1, 0],
		),
		{
			version: 2,
			family: 'TCP6',
			source: {address: '0:0:0:0:0:0:0:1', port: 1},
			destination: {address: '0:0:0:0:0:0:0:2', port: 2},
			length: 56,
		},
	],
	['v2 LOCAL', bytes(V2.toString('latin1'), [0x20, 0, 0, 0]), {version: 2, family: 'UNKNOWN', ...none, length: 16}],
	['v2 of version 3', bytes(V2.toString('latin1'), [0x31, 0x11, 0, 0]), 'malformed'],
	['v2 of another command', bytes(V2.toString('latin1'), [0x22, 0x11, 0, 0]), 'malformed'],
	[
		'v2 whose extension is longer than the header',
		bytes(V2.toString('latin1'), [0x21, 0x11, 0, 16, ...Array(12).fill(1), 4, 0, 9, 0]),
		'malformed',
	],
	[
		'v2 whose extension breaks off',
		bytes(V2.toString('latin1'), [0x21, 0x11, 0, 14, ...Array(12).fill(1), 4, 0]),
		'malformed',
	],
	[
		'v2 of UNIX sockets, too short',
		bytes(V2.toString('latin1'), [0x21, 0x31, 0, 215, ...Array(215).fill(0)]),
		'malformed',
	],
	[
		'v2 UNSPEC with whatever it likes',
		bytes(V2.toString('latin1'), [0x21, 0x00, 0, 3, 9, 9, 9]),
		{version: 2, family: 'UNKNOWN', ...none, length: 19},
	],
	[
		'v2 LOCAL, whose family is ignored',
		bytes(V2.toString('latin1'), [0x20, 0xff, 0, 1, 9]),
		{version: 2, family: 'UNKNOWN', ...none, length: 17},
	],
	['v2 too short for its family', bytes(V2.toString('latin1'), [0x21, 0x11, 0, 4, 1, 2, 3, 4]), 'malformed'],
];

for (const [name, input, expected] of HEADERS) {
	test(`reading: ${name}`, t => {
		t.deepEqual(readProxyHeader(input), expected);
	});

	test(`reading: ${name}, arriving byte by byte`, t => {
		const found = typeof expected === 'object' ? expected.length : input.length;
		const before = Array.from({length: found}, (_, length) => readProxyHeader(input.subarray(0, length)));

		if (typeof expected === 'object') t.true(before.every(each => each === 'incomplete'));
		else t.false(before.some(each => typeof each === 'object'));
	});
}

/** The defined ones, and the bytes of their addresses: PROXY protocol, section 2.2. */
const DEFINED: Readonly<Record<number, number>> = {0: 0, 17: 12, 18: 12, 33: 36, 34: 36, 49: 216, 50: 216};

test('of the 256 bytes for family and transport, 7 are accepted and 249 refused, as soon as they arrive', t => {
	const read = Array.from({length: 256}, (_, byte) => {
		const size = DEFINED[byte] ?? 12;
		const whole = readProxyHeader(bytes(V2.toString('latin1'), [0x21, byte, 0, size], Array(size).fill(1)));
		return {byte, whole, early: readProxyHeader(bytes(V2.toString('latin1'), [0x21, byte]))};
	});

	const taken = read.filter(({whole}) => typeof whole === 'object');
	const refused = read.filter(({whole, early}) => whole === 'malformed' && early === 'malformed');
	t.deepEqual(
		taken.map(({byte}) => byte),
		Object.keys(DEFINED).map(Number),
	);
	t.true(taken.every(({early}) => early === 'incomplete'));
	t.is(refused.length, 249);
});

test('of the 256 bytes for version and command, LOCAL and PROXY are accepted', t => {
	const taken = Array.from({length: 256}, (_, byte) => byte).filter(
		byte => typeof readProxyHeader(bytes(V2.toString('latin1'), [byte, 0, 0, 0])) === 'object',
	);

	t.deepEqual(taken, [0x20, 0x21]);
});

test('a header of version 2 that is one byte short of its addresses is refused before they arrive', t => {
	for (const [byte, size] of Object.entries(DEFINED)) {
		if (size === 0) continue;
		t.is(readProxyHeader(bytes(V2.toString('latin1'), [0x21, Number(byte), 0, size - 1])), 'malformed');
	}
});

function v1(family: 'TCP4' | 'TCP6', source: string, destination: string, length: number): ProxyHeader {
	return {
		version: 1,
		family,
		source: {address: source, port: 56_324},
		destination: {address: destination, port: 443},
		length,
	};
}
