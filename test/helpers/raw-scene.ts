import {once} from 'node:events';
import {connect} from 'node:net';
import {connect as connectTls} from 'node:tls';
import type {ExecutionContext} from 'ava';
import {createAuthority} from '../../src/certificates/authority.ts';
import {type EmulatorOptions, type LoadBalancer, type LoadBalancerSpec, startLoadBalancer} from '../../src/index.ts';
import {within} from './patience.ts';
import {type RawBackend, type Script, startRawBackend} from './raw-backend.ts';
import {handshaken, RawConnection} from './raw-connection.ts';

/** One authority for a test file: making one for each test would only cost time. */
export const authority = createAuthority();
const backendPair = authority.issue({names: ['127.0.0.1']});

/** How the client and the back-end are spoken to. */
export type Way = 'http' | 'https';

export interface SceneOptions {
	/** Of the back-end's connections, in order. */
	readonly scripts?: readonly Script[];
	/** The listener's protocol; `http` unless said otherwise. */
	readonly front?: Way;
	/** The back-end's protocol; `http` unless said otherwise. */
	readonly back?: Way;
	/** Further options of the load balancer. */
	readonly spec?: Partial<LoadBalancerSpec & EmulatorOptions>;
}

/** A load balancer with one listener on port 80, and a raw back-end behind it. */
export class Scene implements AsyncDisposable {
	readonly lb: LoadBalancer;
	readonly backend: RawBackend;
	readonly #front: Way;
	readonly #clients: RawConnection[] = [];

	constructor(lb: LoadBalancer, backend: RawBackend, front: Way) {
		this.lb = lb;
		this.backend = backend;
		this.#front = front;
	}

	/** A new client connection; with TLS, after its handshake. */
	async client(): Promise<RawConnection> {
		const client = await openClient(this.lb, this.#front);
		this.#clients.push(client);
		return client;
	}

	/** A new client connection on which these bytes have been sent. */
	async send(bytes: string): Promise<RawConnection> {
		const client = await this.client();
		client.write(bytes);
		return client;
	}

	/** Asserts that a request on a new connection gets its own answer, and no other. */
	async fresh(t: ExecutionContext): Promise<void> {
		const path = `/fresh-${this.#clients.length}`;
		const client = await this.send(`GET ${path} HTTP/1.1\r\nHost: fresh.test\r\n\r\n`);
		const answer = await client.message();
		t.is(answer.line, 'HTTP/1.1 200 OK');
		t.is(answer.body, `GET ${path} HTTP/1.1`);
		client.end();
		t.is(await client.untilOver(), 'end');
		t.is(client.unread, '');
	}

	/** The requests that the back-end got whole and echoed, those of `fresh` aside. */
	get reached(): readonly string[] {
		return this.backend.requests.filter(({line}) => !line.startsWith('GET /fresh-')).map(({raw}) => raw);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const client of this.#clients) client.reset();
		await within('end of the load balancer', this.lb.stop());
		await within('end of the back-end', this.backend[Symbol.asyncDispose]());
	}
}

export async function startScene({
	scripts = [],
	front = 'http',
	back = 'http',
	spec = {},
}: SceneOptions = {}): Promise<Scene> {
	const backend = await startRawBackend({scripts, ...(back === 'https' ? {tls: backendPair} : {})});
	const starting = startLoadBalancer({
		listeners: [`${front}:80 -> ${back}:80`],
		backends: [`127.0.0.1:${backend.port}`],
		authority,
		// A busy machine takes more than the usual 5 s.
		connectTimeout: '1m',
		...spec,
	});
	return new Scene(await within('start of the load balancer', starting), backend, front);
}

/** What a client needs to know of a load balancer. */
type Reached = Pick<LoadBalancer, 'port' | 'dnsName'> & {readonly ca: Pick<LoadBalancer['ca'], 'pem'>};

/** A raw connection to the listener on port 80; with TLS, after its handshake. @throws what prevented it. */
export async function openClient(lb: Reached, front: Way = 'http'): Promise<RawConnection> {
	const raw = connect({host: '127.0.0.1', port: lb.port(80), allowHalfOpen: true, noDelay: true});
	if (front === 'http') {
		const client = new RawConnection(raw);
		await once(raw, 'connect');
		return client;
	}
	const stream = connectTls({socket: raw, ca: lb.ca.pem, servername: lb.dnsName, ALPNProtocols: ['http/1.1']});
	const client = new RawConnection(stream, raw);
	try {
		await within('handshake of a client', handshaken(stream));
	} catch (error) {
		// Where the connection below fails, the stream closes without a word.
		throw client.error ?? error;
	}
	return client;
}

/** Fields that the load balancer adds to every request of a client on this machine. */
export function forwarded({
	front = 'http',
	before = '',
}: {
	readonly front?: Way;
	readonly before?: string;
} = {}): string {
	return `X-Forwarded-For: ${before}127.0.0.1\r\nX-Forwarded-Proto: ${front}\r\nX-Forwarded-Port: 80\r\n`;
}
