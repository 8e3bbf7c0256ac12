import {once} from 'node:events';
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';
import {type ConnectionOptions, connect as connectTls, createSecureContext, TLSSocket} from 'node:tls';
import type {PemPair} from '../../src/model/resolved.ts';

/** One end of a connection in the hands of a test: the stream to read and write, and the socket below it. */
export interface End {
	/** Plain, or with TLS taken off. */
	readonly stream: Socket;
	/** What a RST can be sent through. */
	readonly raw: Socket;
	/** How the peer's direction ended: `end`, or the code of the error that came in its place, or `closed` by ourselves. */
	readonly ending: Promise<string>;
	/** Resolves when the connection is gone. */
	readonly gone: Promise<void>;
}

/** How a client comes. */
export interface Approach {
	readonly port: number;
	/** TLS with these options; plain when left out. */
	readonly tls?: ConnectionOptions | undefined;
}

/** Connects; with TLS, resolves when the handshake is done. */
export async function open({port, tls}: Approach): Promise<End> {
	const raw = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
	raw.on('error', () => {});
	if (tls === undefined) {
		await once(raw, 'connect');
		return endOf(raw, raw);
	}
	const stream = connectTls({...tls, socket: raw});
	await handshaken(stream);
	return endOf(stream, raw);
}

/** Resolves with the stream once its handshake is done; rejects with what prevented it. */
export async function handshaken(stream: TLSSocket): Promise<TLSSocket> {
	await new Promise<void>((resolve, reject) => {
		stream.once('secureConnect', resolve);
		stream.on('error', reject);
		stream.once('close', () => reject(new Error('closed before the handshake was done')));
	});
	return stream;
}

export interface ServerOptions {
	/** Speaks TLS with this certificate; plain when left out. */
	readonly tls?: PemPair | undefined;
	readonly alpn?: readonly string[];
	readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
	/** Asks for a client certificate, signed by this authority. */
	readonly clientCa?: string;
	/** Called in the tick in which the connection stands. */
	readonly serve?: (end: End) => void;
}

/** A server that a test holds by both hands. */
export interface Server extends AsyncDisposable {
	readonly port: number;
	/** The connections so far, in order; with TLS, those whose handshake is done. */
	readonly ends: readonly End[];
	/** The raw connections so far, those without a handshake included. */
	readonly accepted: readonly Socket[];
	/** The connection with this index, as soon as it is there. */
	end(index?: number): Promise<End>;
}

/** Starts a server whose connections are half-open and are never ended but by the test. */
export async function startServer({tls, alpn, maxVersion, clientCa, serve}: ServerOptions = {}): Promise<Server> {
	const ends: End[] = [];
	const accepted: Socket[] = [];
	const waiting = new Set<() => void>();
	const secureContext =
		tls &&
		createSecureContext({
			cert: tls.cert,
			key: tls.key,
			...(maxVersion === undefined ? {} : {maxVersion}),
			...(clientCa === undefined ? {} : {ca: clientCa}),
		});
	const take = (stream: Socket, raw: Socket) => {
		const end = endOf(stream, raw);
		ends.push(end);
		serve?.(end);
		for (const look of waiting) look();
	};
	const server = createServer({allowHalfOpen: true, noDelay: true}, raw => {
		accepted.push(raw);
		raw.on('error', () => {});
		if (secureContext === undefined) {
			take(raw, raw);
			return;
		}
		const stream = new TLSSocket(raw, {
			isServer: true,
			secureContext,
			requestCert: clientCa !== undefined,
			rejectUnauthorized: false,
			...(alpn === undefined ? {} : {ALPNProtocols: [...alpn]}),
		});
		stream.on('error', () => {});
		stream.once('secure', () => take(stream, raw));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		// A listening TCP server has an address with a port.
		port: (server.address() as AddressInfo).port,
		ends,
		accepted,
		end(index = 0) {
			return new Promise(resolve => {
				const look = () => {
					const end = ends[index];
					if (end === undefined) return;
					waiting.delete(look);
					resolve(end);
				};
				waiting.add(look);
				look();
			});
		},
		async [Symbol.asyncDispose]() {
			for (const socket of accepted) socket.destroy();
			server.close();
			await once(server, 'close');
		},
	};
}

function endOf(stream: Socket, raw: Socket): End {
	// A test may hang several pipelines on one stream.
	stream.setMaxListeners(30);
	const gone = new Promise<void>(resolve => stream.once('close', () => resolve()));
	const ending = new Promise<string>(resolve => {
		// libuv tells a reset that comes together with bytes as an end; the system has forgotten the peer then.
		stream.once('end', () => resolve(raw.remoteAddress === undefined && !stream.writableEnded ? 'ECONNRESET' : 'end'));
		stream.on('error', error => resolve('code' in error ? String(error.code) : error.message));
		stream.once('close', () => resolve('closed'));
	});
	return {stream, raw, ending, gone};
}

/** Sends a RST. */
export function reset({raw, stream}: End): void {
	raw.resetAndDestroy();
	stream.destroy();
}

/** Everything until the peer ends. */
export async function readAll({stream, ending}: End): Promise<Buffer> {
	const chunks: Buffer[] = [];
	stream.on('data', (chunk: Buffer) => chunks.push(chunk));
	const how = await ending;
	if (how !== 'end') throw new Error(`${how} after ${chunks.reduce((sum, {length}) => sum + length, 0)} bytes`);
	return Buffer.concat(chunks);
}

/** The next `count` bytes, and not one more; the rest stays to be read. */
export async function read({stream}: End, count: number): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let missing = count;
	while (missing > 0) {
		const chunk: Buffer | null = stream.read(Math.min(missing, Math.max(1, stream.readableLength)));
		if (chunk !== null) {
			chunks.push(chunk);
			missing -= chunk.length;
		} else if (stream.readableEnded || stream.destroyed) {
			throw new Error(`over with ${missing} of ${count} bytes missing`);
		} else await readable(stream);
	}
	return Buffer.concat(chunks);
}

function readable(stream: Socket): Promise<void> {
	const events = ['readable', 'end', 'close'];
	return new Promise(resolve => {
		const go = () => {
			for (const event of events) stream.off(event, go);
			resolve();
		};
		for (const event of events) stream.on(event, go);
	});
}

export {eventually} from './patience.ts';
