import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {connect as connectTls, type TLSSocket} from 'node:tls';
import {RawConnection} from './raw-connection.ts';

/** What a control port answered to a CONNECT. */
export interface AskedTunnel {
	/** The first line. */
	readonly line: string;
	readonly socket: Socket;
}

/** Asks the proxy at this URL for a tunnel. Nothing behind its answer is read. */
export async function askForTunnel(proxyUrl: string, target: string): Promise<AskedTunnel> {
	const {hostname, port} = new URL(proxyUrl);
	const socket = connect({host: hostname, port: Number(port), allowHalfOpen: true});
	socket.on('error', () => {});
	socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
	let head = '';
	while (!head.includes('\r\n\r\n')) {
		await once(socket, 'readable');
		head += socket.read()?.toString('latin1') ?? '';
		if (socket.readableEnded) break;
	}
	return {line: head.split('\r\n')[0] ?? '', socket};
}

/** Speaks TLS through a tunnel, and verifies the certificate for this name or address. */
export async function tlsThrough({socket}: AskedTunnel, {host, ca}: {readonly host: string; readonly ca: string}) {
	const named = /^[\d.]+$/.test(host) ? {} : {servername: host};
	const stream: TLSSocket = connectTls({socket, ca, host, ...named});
	await once(stream, 'secureConnect');
	return new RawConnection(stream, socket);
}
