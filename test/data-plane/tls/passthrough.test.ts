import type {TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../../src/index.ts';
import {type RawBackend, type StreamBackendOptions, startStreamBackend} from '../../helpers/raw-backend.ts';
import {open, type RawConnection} from '../../helpers/raw-connection.ts';
import {authority, serverPair, trusting} from '../../helpers/stream-pairs.ts';

async function start(
	t: ExecutionContext,
	options: StreamBackendOptions = {},
): Promise<{lb: LoadBalancer; server: RawBackend}> {
	const server = await startStreamBackend({tls: serverPair, serve: ({stream}) => void stream.pipe(stream), ...options});
	const lb = await startLoadBalancer({
		listeners: ['tcp:443'],
		backends: [{kind: 'address', name: 'shop', host: '127.0.0.1', port: server.port}],
		authority,
	});
	t.teardown(async () => {
		await lb.stop();
		await server[Symbol.asyncDispose]();
	});
	return {lb, server};
}

/** An end of a connection over TLS. */
const tlsOf = ({stream}: RawConnection) => stream as TLSSocket;

test('the client sees the certificate of the back-end', async t => {
	const {lb, server} = await start(t);

	const client = await open({port: lb.port(443), tls: trusting});

	t.is(tlsOf(client).getPeerX509Certificate()?.toString(), serverPair.cert);
	const {version, cipher} = {version: tlsOf(client).getProtocol(), cipher: tlsOf(client).getCipher().name};
	const backend = tlsOf(await server.connection());
	t.deepEqual({version: backend.getProtocol(), cipher: backend.getCipher().name}, {version, cipher});
});

test('client and back-end agree on h2', async t => {
	const {lb, server} = await start(t, {alpn: ['h2', 'http/1.1']});

	const client = await open({port: lb.port(443), tls: {...trusting, ALPNProtocols: ['h2', 'http/1.1']}});

	t.is(tlsOf(client).alpnProtocol, 'h2');
	t.is(tlsOf(await server.connection()).alpnProtocol, 'h2');
});

test('the back-end sees the name the client asked for', async t => {
	const {lb, server} = await start(t);

	await open({port: lb.port(443), tls: {...trusting, servername: 'shop.test'}});

	// Documented, and missing in the types of Node 20.
	t.is((tlsOf(await server.connection()) as {servername?: string | false}).servername, 'shop.test');
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
	test(`a ${version} session is resumed with the back-end`, async t => {
		const {lb, server} = await start(t);
		const only = {...trusting, minVersion: version, maxVersion: version};
		const first = await open({port: lb.port(443), tls: only});
		first.stream.write('x');
		await first.read(1);
		const session = tlsOf(first).getSession();

		const again = await open({port: lb.port(443), tls: {...only, ...(session === undefined ? {} : {session})}});

		t.true(tlsOf(again).isSessionReused());
		t.true(tlsOf(await server.connection(1)).isSessionReused());
	});
}

test('the back-end sees the certificate of the client', async t => {
	const {lb, server} = await start(t, {clientCa: authority.pem});
	const pair = authority.issue({names: ['client.test']});

	const client = await open({port: lb.port(443), tls: {...trusting, cert: pair.cert, key: pair.key}});
	client.stream.write('x');
	await client.read(1);

	t.is(
		tlsOf(await server.connection())
			.getPeerX509Certificate()
			?.toString(),
		pair.cert,
	);
});

test('the bytes of the handshake are counted as what they are: bytes', async t => {
	const {lb} = await start(t);
	const client = await open({port: lb.port(443), tls: trusting});
	client.stream.write('ping');
	t.is((await client.read(4)).toString(), 'ping');
	const ended = lb.traffic.next();
	client.stream.end();
	client.stream.resume();

	const {bytes, client: peer, backend} = await ended;
	// What the load balancer has sent may still be on its way.
	await client.gone;
	t.true(bytes.up > 300 && bytes.down > 600, JSON.stringify(bytes));
	t.is(bytes.up, client.raw.bytesWritten);
	t.is(bytes.down, client.raw.bytesRead);
	t.deepEqual([peer.tls, backend?.tls], [undefined, undefined]);
});

test('a client without TLS is carried all the same', async t => {
	const {lb, server} = await start(t, {tls: undefined});

	const client = await open({port: lb.port(443)});
	client.stream.write('no TLS at all');

	t.is((await client.read(13)).toString(), 'no TLS at all');
	t.is(server.connections.length, 1);
});
