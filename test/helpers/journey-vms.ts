import {createServer as createHttpServer} from 'node:http';
import {createServer, type Socket} from 'node:net';
import {createServer as createTlsServer} from 'node:tls';
import type {ExecutionContext} from 'ava';
import {listening} from './own-servers.ts';
import {type Sample, sample} from './pem-samples.ts';

/** A server certificate as the cloud wants it: RSA, its key in PKCS#1. */
export interface Upload {
	readonly Body: string;
	readonly PrivateKey: string;
	readonly Chain: string;
	/** SHA-256, as Node shows it. */
	readonly fingerprint: string;
}

/** Makes a certificate for a name. */
export function upload(name: string, issuer: Sample): Upload {
	const {cert, keyObject, x509} = sample({name, dns: [name], rsaBits: 2048, issuer});
	return {
		Body: cert,
		PrivateKey: keyObject.export({type: 'pkcs1', format: 'pem'}).toString(),
		Chain: issuer.cert,
		fingerprint: x509.fingerprint256,
	};
}

/** One machine of the user's, with three services on it. */
export interface Vm {
	/** Bound ports by the port that the service has in the cloud: HTTP on 80, TCP on 6380, TLS on 443. */
	readonly ports: {readonly 80: number; readonly 6380: number; readonly 443: number};
	/** The fingerprint of its own certificate, shown on 443. */
	readonly fingerprint: string;
}

/** Starts one; each of its services answers with its name and what it got. */
export async function startVm(t: ExecutionContext, name: string): Promise<Vm> {
	const own = sample({name: `${name}.test`, dns: [`${name}.test`]});
	const http = createHttpServer((request, response) =>
		response.end(`${name} ${request.headers['x-forwarded-proto'] ?? '-'} ${request.url}`),
	);
	const answer = (socket: Socket) => {
		socket.on('error', () => socket.destroy());
		socket.on('data', chunk => socket.write(`${name} ${chunk}`));
		socket.on('end', () => socket.end());
	};
	const tcp = createServer({allowHalfOpen: true}, answer);
	const tls = createTlsServer({cert: own.cert, key: own.key}, answer);
	const ports = {80: await listening(t, http), 6380: await listening(t, tcp), 443: await listening(t, tls)};
	return {ports, fingerprint: own.x509.fingerprint256};
}
