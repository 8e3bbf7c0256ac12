import {once} from 'node:events';
import {connect} from 'node:net';
import type {ConnectionOptions, TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import type {Listener} from '../../../src/configuration/spec.ts';
import {
	type ListenerSpec,
	type LoadBalancer,
	type LoadBalancerSpec,
	startEmulator,
	startLoadBalancer,
} from '../../../src/index.ts';
import {sampleChain} from '../../helpers/pem-samples.ts';
import {open, type RawConnection} from '../../helpers/raw-connection.ts';
import {authority, trusting} from '../../helpers/stream-pairs.ts';

const ECHO = [{kind: 'tcp', mode: 'echo'}] as const;

/** An SSL listener at the logical port 6379 and an HTTPS one at 443. */
async function start(t: ExecutionContext, more: Partial<Listener> = {}): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({
		listeners: [{listen: 'ssl:6379 -> tcp:6380', ...more}],
		backends: ECHO,
		authority,
	});
	t.teardown(() => lb.stop());
	return lb;
}

async function startHttps(t: ExecutionContext): Promise<LoadBalancer> {
	const lb = await startLoadBalancer({listeners: ['https:443 -> http:80'], backends: 1, authority});
	t.teardown(() => lb.stop());
	return lb;
}

async function openTls(
	lb: LoadBalancer,
	tls: ConnectionOptions = {},
	port = 6379,
): Promise<RawConnection & {stream: TLSSocket}> {
	const end = await open({port: lb.port(port), tls: {...trusting, ...tls}});
	// With TLS asked for, it is one.
	return end as RawConnection & {stream: TLSSocket};
}

/** The code of the error that a client with these options meets. */
async function refusal(lb: LoadBalancer, tls: ConnectionOptions, port = 6379): Promise<string> {
	try {
		await openTls(lb, tls, port);
		return 'none';
	} catch (error) {
		// OpenSSL 3.5 says SSL/TLS where it said SSLV3.
		const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
		return code.replace('SSL/TLS_ALERT', 'SSLV3_ALERT');
	}
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

for (const version of VERSIONS) {
	const only = {minVersion: version, maxVersion: version} as const;

	test(`a client that speaks ${version} is served, and the record holds what was agreed`, async t => {
		const lb = await start(t);
		const ended = lb.traffic.next();

		const client = await openTls(lb, {...only, servername: lb.dnsName});
		const {name} = client.stream.getCipher();
		const {localPort} = client.raw;
		t.is(client.stream.getProtocol(), version);
		client.stream.end('ping');

		t.is((await client.readAll()).toString(), 'ping');
		const {client: peer, ms} = await ended;
		t.is(peer.tls?.version, version);
		t.is(peer.tls?.cipher, name);
		t.is(peer.tls?.sni, lb.dnsName);
		t.is(peer.tls?.alpn, undefined);
		t.is<number | undefined, number | undefined>(peer.port, localPort);
		t.true((ms.tls ?? -1) >= 0);
	});

	test(`a ${version} client resumes its session, at another listener too`, async t => {
		const lb = await startLoadBalancer({
			listeners: ['ssl:6379 -> tcp:6380', 'ssl:6380 -> tcp:6380'],
			backends: ECHO,
			authority,
		});
		t.teardown(() => lb.stop());
		const first = await openTls(lb, only);
		// The ticket of TLS 1.3 comes behind the handshake, with the first bytes at the latest.
		first.stream.write('x');
		await first.read(1);
		const ticket = first.stream.getSession();

		for (const port of [6379, 6380]) {
			const again = await openTls(lb, {...only, ...(ticket === undefined ? {} : {session: ticket})}, port);
			t.true(again.stream.isSessionReused(), `at ${port}`);
			again.stream.end('ping');
			t.is((await again.readAll()).toString(), 'ping');
		}
	});

	test(`a ${version} session outlives the load balancer it was begun with`, async t => {
		await using emulator = await startEmulator({authority});
		const {cert, key} = authority.issue({names: ['127.0.0.1']});
		const spec = {
			listeners: [{listen: 'ssl:6379 -> tcp:6380', certificate: {cert, key}}],
			backends: ECHO,
		} satisfies LoadBalancerSpec;
		const before = await emulator.create(spec);
		const first = await openTls(before, only);
		first.stream.write('x');
		await first.read(1);
		const ticket = first.stream.getSession();
		await before.stop();

		const after = await emulator.create(spec);
		const again = await openTls(after, {...only, ...(ticket === undefined ? {} : {session: ticket})});

		t.true(again.stream.isSessionReused());
	});

	test(`what a ${version} client sends together with the end of its handshake is not lost`, async t => {
		const lb = await start(t);
		const raw = connect({port: lb.port(6379), host: '127.0.0.1', allowHalfOpen: true});
		await once(raw, 'connect');

		const {connect: connectTls} = await import('node:tls');
		const stream = connectTls({...trusting, ...only, socket: raw});
		// Written before the handshake: TLS sends it in one flight with its Finished.
		stream.end('early');
		const chunks: Buffer[] = [];
		stream.on('data', (chunk: Buffer) => chunks.push(chunk));
		await once(stream, 'end');

		t.is(Buffer.concat(chunks).toString(), 'early');
	});
}

test('the ciphers are ECDHE with AEAD only', async t => {
	const lb = await start(t);
	const only12 = {minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2'} as const;

	for (const ciphers of ['AES128-SHA', 'AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE+AES256+SHA384:!AESGCM']) {
		const ended = lb.traffic.next();
		t.is(await refusal(lb, {...only12, ciphers}), 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', ciphers);
		const {outcome, cause} = await ended;
		t.deepEqual([outcome, cause], ['tls-handshake', 'the client and this listener share no cipher']);
	}
	for (const ciphers of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305']) {
		t.is((await openTls(lb, {...only12, ciphers})).stream.getCipher().name, ciphers);
	}
});

test('the listener chooses the cipher', async t => {
	const lb = await start(t);

	const client = await openTls(lb, {
		maxVersion: 'TLSv1.2',
		ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256',
	});

	t.is(client.stream.getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256');
});

test('own ciphers replace the default ones', async t => {
	const lb = await start(t, {tls: {ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384'}});
	const only12 = {minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2'} as const;

	t.is((await openTls(lb, only12)).stream.getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
	t.is(
		await refusal(lb, {...only12, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256'}),
		'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
	);
});

const OLD = {minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0'} as const;

test('TLS 1.1 is refused with an alert that says so', async t => {
	const lb = await start(t);
	const ended = lb.traffic.next();

	t.is(await refusal(lb, OLD), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');

	const {outcome, cause} = await ended;
	t.deepEqual(
		[outcome, cause],
		['tls-handshake', 'the client offered only TLS versions that this listener does not speak'],
	);
});

test('TLS 1.1 is served where the listener asks for it', async t => {
	const lb = await start(t, {tls: {minVersion: 'TLSv1.1'}});

	const client = await openTls(lb, OLD);
	client.stream.end('ping');

	t.is(client.stream.getProtocol(), 'TLSv1.1');
	t.is((await client.readAll()).toString(), 'ping');
});

test('TLS 1.2 is refused where the listener asks for 1.3', async t => {
	const lb = await start(t, {tls: {minVersion: 'TLSv1.3'}});

	t.is(await refusal(lb, {maxVersion: 'TLSv1.2'}), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
	t.is((await openTls(lb)).stream.getProtocol(), 'TLSv1.3');
});

test('an HTTPS listener agrees on http/1.1 and never on h2', async t => {
	const lb = await startHttps(t);

	for (const offered of [['h2', 'http/1.1'], ['http/1.1', 'h2'], ['http/1.1']]) {
		t.is((await openTls(lb, {ALPNProtocols: offered}, 443)).stream.alpnProtocol, 'http/1.1', offered.join());
	}
	t.is((await openTls(lb, {}, 443)).stream.alpnProtocol, false);
});

test('a client that insists on h2 is refused by an HTTPS listener', async t => {
	const lb = await startHttps(t);
	const ended = lb.traffic.next();

	t.is(await refusal(lb, {ALPNProtocols: ['h2']}, 443), 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');

	const {outcome, cause, kind} = await ended;
	t.deepEqual([outcome, kind], ['tls-handshake', 'http']);
	t.is(cause, 'the client insists on an application protocol that this listener does not speak');
});

test('an SSL listener agrees on no application protocol', async t => {
	const lb = await start(t);

	const client = await openTls(lb, {ALPNProtocols: ['h2', 'http/1.1']});
	client.stream.end('ping');

	t.is(client.stream.alpnProtocol, false);
	t.is((await client.readAll()).toString(), 'ping');
});

test('every name a client asks for gets the one certificate, and so does none', async t => {
	const lb = await start(t);
	const expected = lb.listeners[0]?.certificate?.fingerprint256;
	t.truthy(expected);

	for (const servername of [lb.dnsName, 'somebody.else.test', '']) {
		const client = await openTls(lb, {servername, rejectUnauthorized: false});
		t.is(client.stream.getPeerX509Certificate()?.fingerprint256, expected, servername);
	}
});

test('an uploaded chain is sent whole, leaf first, without its root', async t => {
	const {root, upper, lower, leaf} = sampleChain();
	const chain = lower.cert + upper.cert;
	const lb = await start(t, {certificate: {cert: leaf.cert, key: leaf.key, chain}});

	const client = await openTls(lb, {ca: root.cert, servername: 'web.test'});

	t.true(client.stream.authorized);
	const sent: string[] = [];
	for (
		let each = client.stream.getPeerCertificate(true);
		each.fingerprint256 !== sent.at(-1);
		each = each.issuerCertificate
	) {
		sent.push(each.fingerprint256);
		if (each.issuerCertificate === undefined) break;
	}
	t.deepEqual(
		sent.slice(0, 3),
		[leaf, lower, upper].map(({x509}) => x509.fingerprint256),
	);
	// The same client trusts an intermediate only if it was sent everything below it.
	t.true((await openTls(lb, {ca: upper.cert, allowPartialTrustChain: true, servername: 'web.test'})).stream.authorized);
});

test('the record of a client that does not trust the certificate says so', async t => {
	const lb = await start(t);
	const ended = lb.traffic.next();

	t.is(await refusal(lb, {ca: sampleChain().root.cert, maxVersion: 'TLSv1.2'}), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');

	const {outcome} = await ended;
	t.true(['tls-handshake', 'client-abort', 'ok'].includes(outcome), outcome);
});

/** Plain bytes that come to a TLS port, and what the record says. */
const NOT_TLS = [
	['GET / HTTP/1.1\r\nHost: web.test\r\n\r\n', 'plain HTTP was sent to a TLS port'],
	['POST /form HTTP/1.1\r\nHost: web.test\r\n\r\n', 'plain HTTP was sent to a TLS port'],
	['*1\r\n$4\r\nPING\r\n', 'what the client sent is not TLS'],
	['\0\0\0\0\0\0\0\0\0\0\0\0', 'what the client sent is not TLS'],
] as const;

for (const [bytes, cause] of NOT_TLS) {
	for (const [listen, port] of [
		['ssl:6379 -> tcp:6380', 6379],
		['https:443 -> http:80', 443],
	] as const) {
		test(`${JSON.stringify(bytes.slice(0, 10))} sent to ${listen} ends in a clear record`, async t => {
			const spec: ListenerSpec = listen;
			const lb = await startLoadBalancer({listeners: [spec], backends: port === 443 ? 1 : ECHO, authority});
			t.teardown(() => lb.stop());
			const ended = lb.traffic.next();

			const client = await open({port: lb.port(port)});
			client.stream.write(bytes);
			client.stream.resume();

			await client.ending;
			const exchange = await ended;
			t.deepEqual([exchange.outcome, exchange.cause], ['tls-handshake', cause]);
			t.is(exchange.backend, undefined);
			t.is(lb.traffic.length, 1);
		});
	}
}

test('after all that, the next client is served', async t => {
	const lb = await start(t);
	for (const [bytes] of NOT_TLS) {
		const client = await open({port: lb.port(6379)});
		client.stream.end(bytes);
		client.stream.resume();
		await client.ending;
	}

	const client = await openTls(lb);
	client.stream.write('ping');

	t.is((await client.read(4)).toString(), 'ping');
});
