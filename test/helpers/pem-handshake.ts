import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {connect, createServer, type PeerCertificate} from 'node:tls';
import type {PemPair} from '../../src/model/resolved.ts';

export interface HandshakeOptions {
	/** PEM of what the client trusts. */
	readonly ca: string;
	/** The name the client asks for and checks. */
	readonly servername?: string;
	readonly host?: string;
}

/** One real TLS handshake with the chain and the name checked, over loopback. Rejects as the client's handshake does. */
export async function handshake(
	pair: PemPair,
	{ca, servername, host = '127.0.0.1'}: HandshakeOptions,
): Promise<PeerCertificate> {
	const server = createServer({cert: pair.cert + (pair.chain ?? ''), key: pair.key}, socket =>
		socket.on('error', () => {}).end(),
	);
	// A client that refuses the certificate resets the handshake; the client's side of it is what the test looks at.
	server.on('tlsClientError', () => {});
	server.listen(0, host);
	await once(server, 'listening');
	// A listening TCP server has an address with a port.
	const {port} = server.address() as AddressInfo;
	const client = connect({port, host, ca, ...(servername === undefined ? {} : {servername})});
	try {
		await once(client, 'secureConnect');
		return client.getPeerCertificate();
	} finally {
		client.on('error', () => {}).destroy();
		server.close();
		await once(server, 'close');
	}
}
