import tls from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../../src/certificates/authority.ts';
import {startProbe} from '../../../src/data-plane/health/probe.ts';
import {ProbeSession} from '../../../src/data-plane/health/probe-session.ts';
import {SecureContexts} from '../../../src/data-plane/sockets/tls-settings.ts';
import {listening} from '../../helpers/own-servers.ts';
import {eventually} from '../../helpers/patience.ts';
import {checkOf, services} from '../../helpers/probing.ts';

const pair = createAuthority().issue({names: ['127.0.0.1']});
const contexts = new SecureContexts();

/** A server of these versions of TLS, the version of each handshake that came about, and how many connections came. */
async function serve(t: ExecutionContext, options: tls.TlsOptions) {
	const seen = {versions: [] as string[], resumed: [] as boolean[], connections: 0};
	const server = tls.createServer({...pair, ...options}, socket => {
		seen.versions.push(socket.getProtocol() ?? '');
		seen.resumed.push(socket.isSessionReused());
		socket.on('error', () => {});
		socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
	});
	server.on('connection', () => seen.connections++);
	return {port: await listening(t, server), seen};
}

for (const target of ['SSL:443', 'HTTPS:443/']) {
	const probe = (port: number, session: ProbeSession) =>
		startProbe({
			...services,
			host: '127.0.0.1',
			port,
			check: checkOf(target),
			secureContext: versions => contexts.forProbes(versions),
			session,
		}).result;

	test(`${target}: a back-end of TLS 1.2 and 1.3 is probed in 1.2, and resumed`, async t => {
		const {port, seen} = await serve(t, {});
		const session = new ProbeSession();

		for (let count = 0; count < 3; count++) t.is((await probe(port, session))?.result, 'pass');

		// The last word of a resumed handshake is the client's.
		await eventually(() => seen.versions.length === 3);
		t.deepEqual(seen, {
			versions: ['TLSv1.2', 'TLSv1.2', 'TLSv1.2'],
			resumed: [false, true, true],
			connections: 3,
		});
	});

	test(`${target}: a back-end of TLS 1.3 alone passes at its first probe, and is asked for 1.3 from then on`, async t => {
		const {port, seen} = await serve(t, {minVersion: 'TLSv1.3'});
		const session = new ProbeSession();

		for (let count = 0; count < 3; count++) t.is((await probe(port, session))?.result, 'pass');

		await eventually(() => seen.versions.length === 3);
		t.deepEqual([...new Set(seen.versions)], ['TLSv1.3']);
		t.is(seen.connections, 4, 'one handshake in 1.2 was refused, once');
	});
}
