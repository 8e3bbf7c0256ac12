import {once} from 'node:events';
import {type ConnectionOptions, connect} from 'node:tls';

export interface Hello extends Pick<ConnectionOptions, 'ca' | 'ciphers' | 'secureOptions'> {
	readonly port: number;
	readonly version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
	/** Offered for resumption. */
	readonly ticket?: Buffer | undefined;
}

export interface Heard {
	/** Whether the session of `ticket` was taken up. */
	readonly resumed: boolean;
	/** What this connection leaves for the next one. */
	readonly ticket: Buffer | undefined;
	readonly cipher: string;
	/** Of the certificate that was shown, or of the one in the session that was resumed. */
	readonly fingerprint: string;
}

/** Shakes hands with an echo, hears back what it said (a ticket of TLS 1.3 has come by then), and leaves. */
export async function hello({version, ticket, ...options}: Hello): Promise<Heard> {
	const client = connect({
		...options,
		host: '127.0.0.1',
		minVersion: version,
		maxVersion: version,
		checkServerIdentity: () => undefined,
		...(ticket === undefined ? {} : {session: ticket}),
	});
	await once(client, 'secureConnect');
	client.write('x');
	await once(client, 'data');
	const heard = {
		resumed: client.isSessionReused(),
		ticket: client.getSession(),
		cipher: client.getCipher().name,
		fingerprint: client.getPeerCertificate().fingerprint256,
	};
	client.destroy();
	return heard;
}
