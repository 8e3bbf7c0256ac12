import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {Duplex} from 'node:stream';
import {createSecureContext, TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {type LoadBalancer, startLoadBalancer} from '../../../src/index.ts';
import {open, type RawConnection} from '../../helpers/raw-connection.ts';
import {comesTrue} from '../../helpers/stalled.ts';
import {authority, PAIRS, type Pair, serverPair, trusting} from '../../helpers/stream-pairs.ts';

/** A back-end whose TLS records a test sends itself, whole or not. */
interface RecordBackend {
	readonly stream: TLSSocket;
	readonly raw: Socket;
	/** The records that `say` makes the TLS stream write; they are not sent. */
	records(say: () => void): Promise<Buffer>;
}

interface Scene {
	readonly lb: LoadBalancer;
	readonly client: RawConnection;
	readonly backend: RecordBackend;
}

const secureContext = createSecureContext({cert: serverPair.cert, key: serverPair.key});

function recordBackend(raw: Socket): RecordBackend {
	let kept: Buffer[] | undefined;
	const wire = new Duplex({
		read() {},
		write(chunk: Buffer, _encoding, done) {
			if (kept === undefined) raw.write(chunk);
			else kept.push(chunk);
			done();
		},
	});
	raw.on('data', chunk => wire.push(chunk));
	raw.on('end', () => wire.push(null));
	raw.on('error', () => {});
	const stream = new TLSSocket(wire, {isServer: true, secureContext});
	stream.on('error', () => {});
	return {
		stream,
		raw,
		async records(say) {
			kept = [];
			say();
			// Node encrypts at once and writes some ticks later.
			for (let ticks = 0; ticks < 10; ticks++) await new Promise(resolve => setImmediate(resolve));
			return Buffer.concat(kept);
		},
	};
}

async function start(t: ExecutionContext, {listen, clientTls}: Pair): Promise<Scene> {
	const server = createServer({allowHalfOpen: true, noDelay: true}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const accepted: Promise<RecordBackend> = once(server, 'connection').then(([raw]) => recordBackend(raw as Socket));
	const lb = await startLoadBalancer({
		listeners: [listen],
		// A TCP server's address is an object.
		backends: [{kind: 'address', host: '127.0.0.1', port: (server.address() as AddressInfo).port}],
		authority,
	});
	const client = await open({port: lb.port(6379), tls: clientTls ? trusting : undefined});
	const backend = await accepted;
	t.teardown(async () => {
		await lb.stop();
		backend.raw.destroy();
		server.close();
	});
	backend.stream.write('.');
	await client.read(1);
	return {lb, client, backend};
}

/** Sends the bytes and a RST right behind them. */
function sendAndReset({raw}: RecordBackend, bytes: Buffer): void {
	raw.write(bytes, () => raw.resetAndDestroy());
}

/** Sends as much as the client's side takes without the client reading, and a little more. @returns how much. */
async function fill(lb: LoadBalancer, {stream}: RecordBackend): Promise<number> {
	const block = Buffer.alloc(128 * 1024);
	let sent = 1;
	for (;;) {
		stream.write(block);
		sent += block.length;
		if (!(await comesTrue(() => lb.traffic.last().bytes.down >= sent))) return sent - 1;
	}
}

for (const pair of PAIRS.filter(({name, backendTls}) => backendTls && name !== 'passthrough')) {
	for (const whole of [true, false]) {
		const what = whole ? 'a record' : 'half a record';
		test(`${pair.name}: ${what} and a reset are no end for a client that has ended`, async t => {
			const {lb, client, backend} = await start(t, pair);
			client.stream.end('question');
			await once(backend.raw, 'end');
			const ended = lb.traffic.next();
			client.stream.resume();

			const bytes = await backend.records(() => backend.stream.write('half an answer'));
			sendAndReset(backend, whole ? bytes : bytes.subarray(0, 15));

			t.is((await ended).outcome, 'backend-reset');
			await client.gone;
		});
	}

	test(`${pair.name}: an answer with its close_notify is whole, whatever reset comes behind`, async t => {
		const {lb, client, backend} = await start(t, pair);
		client.stream.end('question');
		await once(backend.raw, 'end');
		const ended = lb.traffic.next();

		sendAndReset(backend, await backend.records(() => backend.stream.end('a whole answer')));

		t.is((await client.readAll()).toString(), 'a whole answer');
		t.is((await ended).outcome, 'ok');
	});

	// What waits for a slow client in memory, in part and in whole.
	for (const bytes of [10, 15_000, 17_000, 100_000]) {
		for (const whole of [true, false]) {
			const what = `the last ${bytes} bytes for a slow client, with${whole ? '' : 'out'} close_notify, and a reset`;
			test(`${pair.name}: ${what} are ${whole ? 'an end' : 'none'}`, async t => {
				const {lb, client, backend} = await start(t, pair);
				client.stream.end('question');
				await once(backend.raw, 'end');
				const ended = lb.traffic.next();
				const sent = await fill(lb, backend);

				const last = Buffer.alloc(bytes, 'x');
				sendAndReset(
					backend,
					await backend.records(() => (whole ? backend.stream.end(last) : backend.stream.write(last))),
				);

				if (whole) t.is((await client.readAll()).length, sent + bytes);
				else client.stream.resume();
				t.is((await ended).outcome, whole ? 'ok' : 'backend-reset');
			});
		}
	}

	test(`${pair.name}: an end without a close_notify is an end, and the client may go on`, async t => {
		const {lb, client, backend} = await start(t, pair);
		const ended = lb.traffic.next();
		const bytes = await backend.records(() => backend.stream.write('a whole answer'));

		backend.raw.end(bytes);

		t.is((await client.readAll()).toString(), 'a whole answer');
		client.stream.end('said after that');
		const heard: Buffer[] = [];
		for await (const chunk of backend.stream.iterator({destroyOnReturn: false})) heard.push(chunk);
		t.is(Buffer.concat(heard).toString(), 'said after that');
		t.is((await ended).outcome, 'ok');
	});
}
