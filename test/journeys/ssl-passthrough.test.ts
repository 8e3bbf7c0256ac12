import {once} from 'node:events';
import {type ConnectionOptions, connect, type TLSSocket} from 'node:tls';
import test from 'ava';
import {createAuthority} from '../../src/certificates/authority.ts';
import {ownTlsServer} from '../helpers/own-servers.ts';
import {runProgram} from '../helpers/programs.ts';
import {SURFACES} from '../helpers/surfaces.ts';

const authority = createAuthority();
const shop = authority.issue({names: ['shop.test']});
const visitor = authority.issue({names: ['visitor.test']});

for (const [surface, start] of SURFACES) {
	test(`tcp to tcp ${surface}: the handshake is the back-end's, ALPN, SNI, resumption and client certificate included`, async t => {
		const seen: object[] = [];
		const server = await ownTlsServer(
			t,
			{...shop, ca: authority.pem, requestCert: true, ALPNProtocols: ['h2'], sessionIdContext: 'shop'},
			socket => {
				const {alpnProtocol, servername} = socket as TLSSocket & {servername: string};
				const {subject} = socket.getPeerCertificate();
				seen.push({alpnProtocol, servername, client: subject?.CN, resumed: socket.isSessionReused()});
				socket.end('welcome');
			},
		);
		const lb = await start(t, {listener: 'tcp:443', backends: [server.address]});
		const options = {
			...{host: '127.0.0.1', port: lb.port, servername: 'shop.test', ca: authority.pem, ALPNProtocols: ['h2']},
			...{cert: visitor.cert, key: visitor.key},
		};

		const first = await visit(options);
		const second = await visit({...options, session: first.session});

		t.is(first.fingerprint, shop.fingerprint256, 'the certificate is the back-end’s own');
		t.deepEqual([first.authorized, second.authorized, first.heard, second.heard], [true, true, 'welcome', 'welcome']);
		const facts = {alpnProtocol: 'h2', servername: 'shop.test', client: 'visitor.test'};
		t.deepEqual(seen, [
			{...facts, resumed: false},
			{...facts, resumed: true},
		]);
		const exchanges = await lb.exchanges(2);
		t.true(
			exchanges.every(({outcome, client, added}) => outcome === 'ok' && client.tls === undefined && added.length === 0),
		);
		await lb.stop();
	});
}

test('tcp to tcp: openssl sees the back-end’s certificate through every surface', async t => {
	const server = await ownTlsServer(t, {...shop}, socket => socket.end('welcome'));
	for (const [surface, start] of SURFACES) {
		const lb = await start(t, {listener: 'tcp:443', backends: [server.address]});
		const args = ['s_client', '-servername', 'shop.test', '-connect', `127.0.0.1:${lb.port}`];
		const openssl = await runProgram(t, 'openssl', args);
		if (openssl === undefined) t.is(server.received.length, 0);
		else t.regex(openssl.stdout, /subject=.*CN ?= ?shop\.test/, surface);
		await lb.stop();
	}
});

interface Visit {
	readonly heard: string;
	readonly authorized: boolean;
	readonly fingerprint: string;
	readonly session: Buffer;
}

async function visit(options: ConnectionOptions): Promise<Visit> {
	const client = connect(options);
	let heard = '';
	client.setEncoding('utf8').on('data', chunk => {
		heard += chunk;
	});
	const session = once(client, 'session');
	await once(client, 'secureConnect');
	const {authorized} = client;
	const fingerprint = client.getPeerCertificate().fingerprint256;
	const [ticket] = client.isSessionReused() ? [Buffer.alloc(0)] : await session;
	await once(client, 'close');
	return {heard, authorized, fingerprint, session: ticket};
}
