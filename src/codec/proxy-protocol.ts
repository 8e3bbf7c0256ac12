import type {Buffer} from 'node:buffer';
import {isIPv6} from '../base/ip.ts';

/** One end of a TCP connection. */
export interface Endpoint {
	readonly address: string;
	readonly port: number;
}

/** What a PROXY header says about its connection. */
export interface ProxyHeader {
	readonly version: 1 | 2;
	/** `UNKNOWN` (version 1) and `LOCAL` (version 2) have no usable addresses. */
	readonly family: 'TCP4' | 'TCP6' | 'UNKNOWN';
	readonly source: Endpoint | undefined;
	readonly destination: Endpoint | undefined;
	/** Bytes of the header; the connection's own bytes follow. */
	readonly length: number;
}

/** 107 bytes with the line end: the PROXY protocol, section 2.1. */
const MAX_V1_BYTES = 107;
const V2_SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
/** The fixed part of a header of version 2. */
const V2_HEADER_BYTES = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
/**
 * The defined bytes of address family and transport, with the length of their address block: two addresses and two
 * ports, or two paths. All others must be refused (section 2.2). The block of UNSPEC may have any content.
 */
const V2_FAMILIES: ReadonlyMap<number, {readonly family: ProxyHeader['family']; readonly addressBytes: number}> =
	new Map([
		[0x00, {family: 'UNKNOWN', addressBytes: 0}],
		[0x11, {family: 'TCP4', addressBytes: 12}],
		// UDP over IPv4. A receiver may treat what it does not support as UNSPEC: same section.
		[0x12, {family: 'UNKNOWN', addressBytes: 12}],
		[0x21, {family: 'TCP6', addressBytes: 36}],
		// UDP over IPv6; UNIX streams and datagrams.
		[0x22, {family: 'UNKNOWN', addressBytes: 36}],
		[0x31, {family: 'UNKNOWN', addressBytes: 216}],
		[0x32, {family: 'UNKNOWN', addressBytes: 216}],
	]);
const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const PORT = /^(?:0|[1-9]\d{0,4})$/;

/**
 * The line a load balancer puts before a connection (version 1): `PROXY TCP4 192.0.2.1 10.0.0.5 56324 443\r\n`.
 *
 * @param source the client. @param destination where the client connected to, with the logical port.
 * @see PROXY protocol, section 2.1 (haproxy.org, 2020/03/05); AWS Classic ELB, enable-proxy-protocol
 */
export function encodeProxyLine(source: Endpoint, destination: Endpoint): string {
	const v4 = V4.test(source.address) && V4.test(destination.address);
	const v6 = !v4 && isV6(source.address) && isV6(destination.address);
	if (!v4 && !v6) return 'PROXY UNKNOWN\r\n';
	return `PROXY ${v4 ? 'TCP4' : 'TCP6'} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`;
}

/**
 * Reads the header, version 1 or 2, at the beginning of a connection.
 *
 * @returns `incomplete` while more bytes could make it one, `none` when the connection begins with something else,
 * `malformed` when it begins as a header and is not valid.
 * @see PROXY protocol, sections 2.1 and 2.2
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | 'none' | 'malformed' {
	const start = bytes.toString('latin1', 0, Math.min(bytes.length, MAX_V1_BYTES));
	if (start.startsWith(V2_SIGNATURE)) return readV2(bytes);
	if (start.startsWith('PROXY ')) return readV1(start);
	if (start.length < V2_SIGNATURE.length && V2_SIGNATURE.startsWith(start)) return 'incomplete';
	if (start.length < 6 && 'PROXY '.startsWith(start)) return 'incomplete';
	return 'none';
}

function readV1(text: string): ProxyHeader | 'incomplete' | 'malformed' {
	const end = text.indexOf('\r\n');
	if (end === -1) return text.length < MAX_V1_BYTES ? 'incomplete' : 'malformed';
	const length = end + 2;
	const [, family, source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = text
		.slice(0, end)
		.split(' ');
	if (family === 'UNKNOWN') return {version: 1, family, source: undefined, destination: undefined, length};
	if (family !== 'TCP4' && family !== 'TCP6') return 'malformed';
	const isAddress = (address: string) => (family === 'TCP4' ? V4.test(address) : isV6(address));
	const valid =
		more.length === 0 && isAddress(source) && isAddress(destination) && isPort(sourcePort) && isPort(destinationPort);
	if (!valid) return 'malformed';
	return {
		version: 1,
		family,
		source: {address: source, port: Number(sourcePort)},
		destination: {address: destination, port: Number(destinationPort)},
		length,
	};
}

function readV2(bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' {
	const command = bytes[12];
	if (command !== undefined && command !== LOCAL && command !== PROXY) return 'malformed';
	// LOCAL: the load balancer itself is the client, so the connection's own addresses are used; the family is ignored.
	const isLocal = command === LOCAL;
	const known = V2_FAMILIES.get(isLocal ? 0 : (bytes[13] ?? 0));
	if (known === undefined) return 'malformed';
	if (bytes.length < V2_HEADER_BYTES) return 'incomplete';
	const length = V2_HEADER_BYTES + bytes.readUInt16BE(14);
	const {family, addressBytes} = known;
	if (length < V2_HEADER_BYTES + addressBytes) return 'malformed';
	if (bytes.length < length) return 'incomplete';
	if (addressBytes > 0 && !isTlvList(bytes.subarray(V2_HEADER_BYTES + addressBytes, length))) return 'malformed';
	if (family === 'UNKNOWN') return {version: 2, family, source: undefined, destination: undefined, length};
	const size = family === 'TCP4' ? 4 : 16;
	const address = (at: number) => formatAddress(bytes.subarray(at, at + size));
	return {
		version: 2,
		family,
		source: {address: address(16), port: bytes.readUInt16BE(16 + 2 * size)},
		destination: {address: address(16 + size), port: bytes.readUInt16BE(18 + 2 * size)},
		length,
	};
}

/** Whether all bytes are extensions, each a type, a length of two bytes, and as many bytes: section 2.2. */
function isTlvList(bytes: Buffer): boolean {
	let pos = 0;
	while (pos + 3 <= bytes.length) pos += 3 + bytes.readUInt16BE(pos + 1);
	return pos === bytes.length;
}

function formatAddress(bytes: Buffer): string {
	if (bytes.length === 4) return bytes.join('.');
	const groups = Array.from({length: 8}, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
	return groups.join(':');
}

function isV6(address: string): boolean {
	// Node also accepts a zone, which has no meaning for other hosts.
	return isIPv6(address) && !address.includes('%');
}

function isPort(text: string): boolean {
	return PORT.test(text) && Number(text) <= 65_535;
}
