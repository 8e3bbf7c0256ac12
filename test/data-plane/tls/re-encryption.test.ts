import test, {type ExecutionContext} from 'ava';
import type {Listener} from '../../../src/configuration/spec.ts';
import {createAuthority, type LoadBalancer, type LoadBalancerSpec, startLoadBalancer} from '../../../src/index.ts';
import {ownTlsServer} from '../../helpers/own-servers.ts';
import {type RawBackend, startStreamBackend} from '../../helpers/raw-backend.ts';
import {open} from '../../helpers/raw-connection.ts';
import {authority, serverPair} from '../../helpers/stream-pairs.ts';

const stranger = createAuthority();

async function start(
	t: ExecutionContext,
	verifyBackend: Listener['verifyBackend'],
	spec: Partial<LoadBalancerSpec> = {},
	tls = serverPair,
): Promise<{lb: LoadBalancer; server: RawBackend}> {
	const server = await startStreamBackend({tls, serve: ({stream}) => void stream.pipe(stream)});
	const lb = await startLoadBalancer({
		listeners: [{listen: 'tcp:6379 -> ssl:6380', ...(verifyBackend === undefined ? {} : {verifyBackend})}],
		backends: [{kind: 'address', name: 'a', host: '127.0.0.1', port: server.port}],
		authority,
		...spec,
	});
	t.teardown(async () => {
		await lb.stop();
		await server[Symbol.asyncDispose]();
	});
	return {lb, server};
}

async function ping(lb: LoadBalancer): Promise<string> {
	const client = await open({port: lb.port(6379)});
	client.stream.end('ping');
	return (await client.readAll()).toString();
}

test('a back-end is not verified unless asked for, and the record holds the verdict', async t => {
	const {lb} = await start(t, undefined);
	const ended = lb.traffic.next();

	t.is(await ping(lb), 'ping');

	const {backend, outcome} = await ended;
	t.is(outcome, 'ok');
	t.is(backend?.tls?.version, 'TLSv1.3');
	t.truthy(backend?.tls?.unverified);
	t.truthy(backend?.tls?.certificate);
});

test('a back-end that the authority signed for passes, and nothing is held against it', async t => {
	const {lb} = await start(t, true);
	const ended = lb.traffic.next();

	t.is(await ping(lb), 'ping');

	const {backend} = await ended;
	t.truthy(backend?.tls);
	t.is(backend?.tls?.unverified, undefined);
});

test('a back-end passes that carries the name and the signature asked for', async t => {
	const {lb} = await start(t, {ca: authority.pem, servername: 'shop.test'});

	t.is(await ping(lb), 'ping');
	t.is(lb.traffic.last().backend?.tls?.unverified, undefined);
});

const REFUSED = [
	['whose name is another', {ca: authority.pem, servername: 'other.test'}, /altnames|does not match/i],
	['that a stranger signed for', {ca: stranger.pem}, /unable to verify|self-signed|unable to get/i],
] as const;

for (const [what, verifyBackend, words] of REFUSED) {
	test(`a back-end ${what} is refused, and the client closed`, async t => {
		const {lb} = await start(t, verifyBackend);
		const ended = lb.traffic.next();

		const client = await open({port: lb.port(6379)});

		t.is(await client.ending, 'ECONNRESET');
		const {outcome, cause, bytes} = await ended;
		t.is(outcome, 'backend-tls');
		t.regex(cause, words);
		t.deepEqual(bytes, {up: 0, down: 0});
	});

	test(`a back-end ${what} is answered for with 502 to an HTTP client`, async t => {
		const {lb} = await start(t, undefined, {listeners: [{listen: 'http:80 -> https:443', verifyBackend}]});
		const ended = lb.traffic.next();

		const response = await lb.fetch('/');

		t.is(response.status, 502);
		t.is((await ended).outcome, 'backend-tls');
		t.false((await response.text()).includes('altnames'), 'the client is not told why');
	});
}

test('a back-end that speaks no TLS ends in a record that says so', async t => {
	const plain = await startStreamBackend({serve: ({stream}) => void stream.end('220 plain\r\n')});
	t.teardown(() => plain[Symbol.asyncDispose]());
	const {lb} = await start(t, undefined, {
		backends: [{kind: 'address', name: 'a', host: '127.0.0.1', port: plain.port}],
	});
	const ended = lb.traffic.next();

	const client = await open({port: lb.port(6379)});

	t.is(await client.ending, 'ECONNRESET');
	const {outcome, cause} = await ended;
	t.is(outcome, 'backend-tls');
	t.regex(cause, /wrong version number|packet length too long|unsupported protocol/i);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
	for (const listen of ['tcp:6379 -> ssl:6380', 'http:6379 -> https:6380'] as const) {
		test(`${listen}: a back-end that insists on a client certificate, ${maxVersion}, is recorded with its alert`, async t => {
			const {address} = await ownTlsServer(
				t,
				{cert: serverPair.cert, key: serverPair.key, maxVersion, ca: authority.pem, requestCert: true},
				stream => void stream.on('error', () => {}).end('never'),
			);
			const {lb} = await start(t, undefined, {listeners: [listen], backends: [address]});
			const ended = lb.traffic.next();

			const client = await open({port: lb.port(6379)});
			if (listen.startsWith('http')) {
				client.stream.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
				t.regex((await client.readAll()).toString(), /^HTTP\/1\.1 502 /);
			} else t.is(await client.ending, 'ECONNRESET');

			const {outcome, cause} = await ended;
			t.is(outcome, 'backend-tls', cause);
			t.regex(cause, maxVersion === 'TLSv1.3' ? /alert certificate required/ : /alert handshake failure/);
		});
	}
}
