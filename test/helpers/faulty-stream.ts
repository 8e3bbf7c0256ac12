import {type LoadBalancer, startLoadBalancer} from '../../src/index.ts';
import type {ListenerSpec} from '../../src/model/listener.ts';
import {within} from './patience.ts';
import {type RawBackend, startStreamBackend} from './raw-backend.ts';
import {open, type RawConnection} from './raw-connection.ts';
import {authority} from './raw-scene.ts';

const pair = authority.issue({names: ['127.0.0.1', 'a.test', 'b.test']});

/** How a stream goes: the listener, and whether each side speaks TLS. */
export const WAYS = {
	tcp: {listen: 'tcp:80', client: false, backend: false},
	ssl: {listen: 'ssl:80 -> tcp', client: true, backend: false},
	're-encrypted': {listen: 'ssl:80 -> ssl', client: true, backend: true},
	passthrough: {listen: 'tcp:80', client: true, backend: true},
} as const satisfies Record<string, {listen: ListenerSpec; client: boolean; backend: boolean}>;
export type Way = keyof typeof WAYS;

/** A load balancer of one listener before a back-end that echoes bytes. */
export class Stream implements AsyncDisposable {
	readonly lb: LoadBalancer;
	readonly backend: RawBackend;
	/** What has come to the back-end on each connection, in their order. */
	readonly got: readonly string[];
	readonly #way: Way;
	readonly #clients: RawConnection[] = [];

	constructor(lb: LoadBalancer, backend: RawBackend, {way, got}: {readonly way: Way; readonly got: readonly string[]}) {
		this.lb = lb;
		this.backend = backend;
		this.got = got;
		this.#way = way;
	}

	get name(): string {
		return this.lb.backends[0]?.name ?? '';
	}

	/** Connects; rejects where no handshake comes about. */
	async client(servername = 'a.test'): Promise<RawConnection> {
		const {client: isTls} = WAYS[this.#way];
		const tls = {ca: authority.pem, servername};
		const client = await open({port: this.lb.port(80), reading: 'all', ...(isTls ? {tls} : {})});
		this.#clients.push(client);
		return client;
	}

	/** Sends a word and says what came back: the echo, or how the connection ended and what had come. */
	async echo(): Promise<string> {
		let client: RawConnection;
		try {
			client = await this.client();
		} catch {
			return WAYS[this.#way].client ? 'no handshake' : 'reset';
		}
		client.write('hello world');
		const whole = client.until('hello world').then(
			() => true,
			() => false,
		);
		const isWhole = await within('echo, or the end of the connection', whole);
		if (isWhole) return 'hello world';
		const how = await client.untilOver();
		return client.received === '' ? how : `${client.received}… ${how}`;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const client of this.#clients) client.reset();
		await this.lb.stop();
		await this.backend[Symbol.asyncDispose]();
	}
}

export async function startStream(way: Way, more: object = {}): Promise<Stream> {
	const {listen, backend: isTls} = WAYS[way];
	const got: string[] = [];
	const backend = await startStreamBackend({
		...(isTls ? {tls: pair} : {}),
		serve: connection => {
			const index = got.push('') - 1;
			connection.stream.on('data', (chunk: Buffer) => {
				got[index] = `${got[index] ?? ''}${chunk}`;
				connection.stream.write(chunk);
			});
			connection.stream.on('end', () => connection.stream.end());
		},
	});
	const listener = {listen, ...(listen.startsWith('ssl') ? {certificate: pair} : {})};
	const lb = await startLoadBalancer({
		listeners: [listener],
		backends: [`127.0.0.1:${backend.port}`],
		authority,
		connectTimeout: '1m',
		...more,
	});
	return new Stream(lb, backend, {way, got});
}
