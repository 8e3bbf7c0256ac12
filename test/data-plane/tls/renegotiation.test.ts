import type {TLSSocket} from 'node:tls';
import test from 'ava';
import type {ListenerSpec} from '../../../src/index.ts';
import {startLoadBalancer} from '../../../src/index.ts';
import {startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';
import {authority, serverPair, trusting} from '../../helpers/stream-pairs.ts';

/** Asks for a new handshake; how the peer answers: `done`, or the code of what became of the connection. */
async function renegotiate(stream: TLSSocket): Promise<string> {
	return new Promise(resolve => {
		stream.once('error', (error: Error & {readonly code?: string}) => resolve(error.code ?? error.message));
		// Beyond the handshake, Node tells the server's side of an error by this event alone.
		stream.once('_tlsError', (error: Error & {readonly code?: string}) => resolve(error.code ?? error.message));
		stream.once('close', () => resolve('closed without an alert'));
		stream.renegotiate({}, error => {
			if (error === null) resolve('done');
		});
	});
}

const CLIENTS = [
	['an SSL listener', 'ssl:1 -> tcp:2', false],
	['an HTTPS listener', 'https:1 -> http:2', false],
	['a fake back-end behind a passthrough', 'tcp:1 -> tcp:2', true],
] as const satisfies readonly (readonly [string, ListenerSpec, boolean])[];

for (const [who, listen, tls] of CLIENTS) {
	test(`a TLS 1.2 client that asks for renegotiation is answered no_renegotiation by ${who}`, async t => {
		await using lb = await startLoadBalancer({authority, listeners: [listen], backends: [{kind: 'echo', tls}]});
		const ask = async () => {
			const client = await open({port: lb.port(1), tls: {...trusting, maxVersion: 'TLSv1.2'}});
			client.stream.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
			await client.read(12);
			return client;
		};
		const client = await ask();

		// With TLS asked for, it is one.
		t.is(await renegotiate(client.stream as TLSSocket), 'ERR_SSL_NO_RENEGOTIATION');

		const next = await ask();
		next.raw.destroy();
		client.raw.destroy();
	});
}

for (const verifyBackend of [false, true]) {
	test(`a back-end that asks for renegotiation is answered no_renegotiation${verifyBackend ? ', when it is verified too' : ''}`, async t => {
		await using server = await startStreamBackend({tls: serverPair, maxVersion: 'TLSv1.2'});
		await using lb = await startLoadBalancer({
			authority,
			listeners: [{listen: 'tcp:1 -> ssl:2', verifyBackend}],
			backends: [`127.0.0.1:${server.port}`],
		});
		const client = await open({port: lb.port(1)});
		client.stream.write('ping');
		const end = await server.connection();
		await end.read(4);

		// The server speaks TLS.
		t.is(await renegotiate(end.stream as TLSSocket), 'ERR_SSL_NO_RENEGOTIATION');

		client.raw.destroy();
		end.raw.destroy();
	});
}

test('a probe of a back-end that asks for renegotiation fails, as traffic does', async t => {
	await using server = await startStreamBackend({
		tls: serverPair,
		maxVersion: 'TLSv1.2',
		serve: ({stream}) => void stream.once('data', () => (stream as TLSSocket).renegotiate({}, () => {})),
	});
	await using lb = await startLoadBalancer({
		authority,
		listeners: ['https:443 -> https:443'],
		backends: [`127.0.0.1:${server.port}`],
		healthCheck: {target: 'HTTPS:443/', healthy: 2, unhealthy: 2},
	});

	await lb.settle();

	t.is(lb.backends[0]?.state, 'OutOfService');
});
