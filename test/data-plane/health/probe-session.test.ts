// A process of its own: it counts the sockets of the process.
import {connect, createServer, type Socket} from 'node:net';
import tls from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createAuthority} from '../../../src/certificates/authority.ts';
import {startProbe} from '../../../src/data-plane/health/probe.ts';
import {ProbeSession} from '../../../src/data-plane/health/probe-session.ts';
import {listening} from '../../helpers/own-servers.ts';
import {checkOf, openSockets, services} from '../../helpers/probing.ts';

const pair = createAuthority().issue({names: ['shop.test']});
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** A back-end whose way of serving can be changed, and the session that probes of it share. */
class Scene {
	/** Whether each handshake so far was resumed. */
	readonly resumed: boolean[] = [];
	readonly session = new ProbeSession();
	connections = 0;
	serve: (raw: Socket) => void;
	#port = 0;
	#open = 0;
	#wake: () => void = () => {};

	constructor(options: tls.TLSSocketOptions & tls.SecureContextOptions) {
		this.serve = this.tls(options);
	}

	static async start(t: ExecutionContext, options: tls.TLSSocketOptions & tls.SecureContextOptions): Promise<Scene> {
		const scene = new Scene(options);
		const server = createServer({allowHalfOpen: true}, raw => {
			scene.connections++;
			scene.#open++;
			raw.on('error', () => {});
			raw.once('close', () => {
				scene.#open--;
				scene.#wake();
			});
			scene.serve(raw);
		});
		scene.#port = await listening(t, server);
		return scene;
	}

	/** Serves TLS with ticket keys of its own. */
	tls(options: tls.TLSSocketOptions & tls.SecureContextOptions): (raw: Socket) => void {
		const secureContext = tls.createSecureContext({...pair, ...options});
		return raw => {
			const socket = new tls.TLSSocket(raw, {...options, isServer: true, secureContext});
			socket.on('error', () => raw.destroy());
			socket.once('secure', () => this.resumed.push(socket.isSessionReused()));
			socket.on('data', () => socket.write(OK));
			socket.once('end', () => socket.end());
		};
	}

	/** Probes once, and waits until both sides of it are gone. */
	async probe(target = 'SSL:443'): Promise<string | undefined> {
		const {session} = this;
		const {result} = startProbe({host: '127.0.0.1', port: this.#port, check: checkOf(target), session, ...services});
		const what = (await result)?.result;
		while (this.#open > 0) {
			await new Promise<void>(resolve => {
				this.#wake = resolve;
			});
		}
		return what;
	}
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
	for (const target of ['SSL:443', 'HTTPS:443/']) {
		test.serial(`probes of ${target} resume the session of the first, in ${maxVersion}`, async t => {
			const scene = await Scene.start(t, {maxVersion});

			for (let turn = 0; turn < 4; turn++) t.is(await scene.probe(target), 'pass');

			t.deepEqual(scene.resumed, [false, true, true, true]);
			t.is(openSockets(), 1, 'the server is all that is open');
		});
	}
}

test.serial('a back-end that gives no session passes, and is waited for once', async t => {
	const scene = await Scene.start(t, {minVersion: 'TLSv1.3'});
	const port = await listening(t, createServer(scene.serve));
	// Lets the server's side of the handshake through, and nothing after it: no session either.
	scene.serve = raw => {
		const behind = connect(port, '127.0.0.1');
		behind.on('error', () => {}).once('data', (flight: Buffer) => raw.write(flight));
		raw.on('data', chunk => behind.write(chunk)).once('end', () => raw.end());
		raw.once('close', () => behind.destroy());
	};

	t.is(await scene.probe(), 'pass');
	t.false(scene.session.isWanted);
	t.is(await scene.probe(), 'pass');
});

test.serial('a back-end that forgets its sessions shakes hands in full, and is resumed after that', async t => {
	const scene = await Scene.start(t, {});
	t.is(await scene.probe(), 'pass');
	t.is(await scene.probe(), 'pass');

	// As after a restart: other keys for its tickets.
	scene.serve = scene.tls({});
	t.is(await scene.probe(), 'pass');
	t.is(await scene.probe(), 'pass');

	t.deepEqual(scene.resumed, [false, true, false, true]);
});

test.serial('a back-end that breaks when it is asked to resume passes, and is not asked for ever', async t => {
	// Where a client's certificate is asked for without a session context, OpenSSL fails on each resumption.
	const scene = await Scene.start(t, {requestCert: true});

	for (let turn = 0; turn < 6; turn++) t.is(await scene.probe(), 'pass');

	t.is(scene.connections, 8, 'two of them were dialled twice');
	t.deepEqual(scene.resumed, Array(6).fill(false));
	t.false(scene.session.isWanted);
});

test.serial('a back-end whose TLS has broken fails, session or not', async t => {
	const scene = await Scene.start(t, {});
	t.is(await scene.probe(), 'pass');
	t.not(scene.session.offer, undefined);

	scene.serve = raw => void raw.once('data', () => raw.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
	t.is(await scene.probe(), 'not TLS');
	t.is(await scene.probe(), 'not TLS');
	scene.serve = raw => void raw.once('data', () => raw.resetAndDestroy());
	t.is(await scene.probe(), 'connection reset during the TLS handshake');
	scene.serve = raw => void raw.once('data', () => raw.end());
	t.is(await scene.probe(), 'closed during the TLS handshake');
	t.is(openSockets(), 1, 'the server is all that is open');
});
