import {once} from 'node:events';
import {request} from 'node:https';
import {connect, type TLSSocket} from 'node:tls';

export interface Asked {
	readonly port: number;
	/** The certificate to trust, PEM. */
	readonly ca: string;
	/** The name it has to be for. */
	readonly name: string;
}

export interface HttpsAnswer {
	readonly status: number | undefined;
	readonly body: string;
	readonly cookies: readonly string[];
	/** Of the certificate that was shown, SHA-256. */
	readonly fingerprint: string;
}

/** Asks over a connection of its own, which is verified. */
export function getOverTls(
	{port, ca, name}: Asked,
	path: string,
	headers: Readonly<Record<string, string>> = {},
): Promise<HttpsAnswer> {
	return new Promise((resolve, reject) => {
		const options = {agent: false, host: '127.0.0.1', port, ca, servername: name, path};
		request({...options, headers: {Host: name, ...headers}}, response => {
			// The request is made over https, so the socket is a TLS one.
			const {fingerprint256} = (response.socket as TLSSocket).getPeerCertificate();
			const cookies = response.headers['set-cookie'] ?? [];
			let body = '';
			response.setEncoding('utf8').on('data', text => {
				body += text;
			});
			response.on('error', reject);
			response.on('end', () => resolve({status: response.statusCode, body, cookies, fingerprint: fingerprint256}));
		})
			.on('error', reject)
			.end();
	});
}

/** Says something over TLS and hears one answer. */
export async function sayOverTls(
	{port, ca, name}: Omit<Asked, 'ca'> & {readonly ca?: string},
	text: string,
): Promise<{readonly heard: string; readonly fingerprint: string}> {
	const trust = ca === undefined ? {rejectUnauthorized: false} : {ca};
	const socket = connect({host: '127.0.0.1', port, servername: name, ...trust});
	await once(socket, 'secureConnect');
	const fingerprint = socket.getPeerCertificate().fingerprint256;
	socket.write(text);
	const [chunk] = await once(socket, 'data');
	socket.destroy();
	return {heard: String(chunk), fingerprint};
}
