import type {ConnectionOptions} from 'node:tls';
import test from 'ava';
import {createAuthority} from '../../src/certificates/authority.ts';
import {startFakeBackend} from '../../src/fake-backends/fake-backend.ts';
import {eventually} from '../helpers/patience.ts';
import {authority, clientPair, openTls, readAnswer, readDocument, serverPair} from './clients.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const {cert, key} = serverPair;
const strangerPair = createAuthority().issue({names: ['client.test']});
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

const start = (clientAuth: true | 'require') =>
	startFakeBackend({
		name: 'a',
		behaviour: {kind: 'echo'},
		tls: {mode: 'always', cert, key, clientAuth, ca: authority.pem},
	});

/** What the echo says of the client's certificate; or how the connection ended in place of an answer. */
async function ask(backend: {readonly port: number}, options: ConnectionOptions) {
	const connection = await openTls(backend, options);
	connection.stream.write(GET);
	const answer = (await connection.readAll()).toString();
	if (answer === '') return connection.ending;
	return readDocument(readAnswer(answer)).tls?.clientCertificate;
}

for (const version of VERSIONS) {
	const only = {minVersion: version, maxVersion: version};

	test(`a client with a trusted certificate is served where one is required (${version})`, async t => {
		await using backend = await start('require');

		const told = await ask(backend, {...only, cert: clientPair.cert, key: clientPair.key});

		t.deepEqual(told, {
			subject: 'O=lb-local test certificate, CN=client.test',
			fingerprint256: clientPair.fingerprint256,
			trusted: true,
		});
		t.is(backend.handshakeFailures, 0);
	});

	test(`a client whose certificate is not trusted gets no answer where one is required (${version})`, async t => {
		await using backend = await start('require');

		// With TLS 1.2 the handshake of the client may fail as well, as the connection may go before it has seen its end.
		const ended = await ask(backend, {...only, cert: strangerPair.cert, key: strangerPair.key}).catch(() => 'failed');

		t.is(typeof ended, 'string');
		await eventually(() => backend.handshakeFailures === 1);
		t.is(backend.openConnections, 0);
	});

	test(`where a certificate is asked for only, the echo says whether it is trusted (${version})`, async t => {
		await using backend = await start(true);

		t.like(await ask(backend, {...only, cert: strangerPair.cert, key: strangerPair.key}), {
			fingerprint256: strangerPair.fingerprint256,
			trusted: false,
		});
		t.is(await ask(backend, only), null);
	});

	test(`an expired certificate is not trusted (${version})`, async t => {
		await using backend = await start(true);
		const expired = authority.issue({names: ['client.test'], notAfter: new Date(Date.now() - 86_400_000)});

		t.like(await ask(backend, {...only, cert: expired.cert, key: expired.key}), {trusted: false});
	});
}

test('a client without a certificate is refused by a TLS alert where one is required', async t => {
	await using backend = await start('require');

	// RFC 8446, section 6.2: certificate_required. The client's own handshake is over by then.
	const modern = await openTls(backend, {minVersion: 'TLSv1.3'});
	modern.stream.write(GET);
	t.is(await modern.ending, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
	// RFC 5246, section 7.4.6: handshake_failure.
	const code = /^ERR_SSL_SSL(V3|\/TLS)_ALERT_HANDSHAKE_FAILURE$/;
	const error = await t.throwsAsync<NodeJS.ErrnoException>(openTls(backend, {maxVersion: 'TLSv1.2'}));
	t.regex(error?.code ?? '', code);

	await eventually(() => backend.handshakeFailures === 2);
	t.is(backend.openConnections, 0);
});

test('a refused client does not get in by resuming its session', async t => {
	await using backend = await start('require');
	const options = {minVersion: 'TLSv1.3', cert: strangerPair.cert, key: strangerPair.key} as const;
	const first = await openTls(backend, options);
	let session: Buffer | undefined;
	first.stream.on('session', each => {
		session = each;
	});
	await first.ending;

	const second = await ask(backend, {...options, ...(session === undefined ? {} : {session})}).catch(() => 'failed');

	t.is(typeof second, 'string');
	await eventually(() => backend.handshakeFailures === 2);
});
