import {type LoadBalancer, startLoadBalancer} from '../../src/index.ts';
import {within} from './patience.ts';
import {type RawBackend, startRawBackend, startStreamBackend} from './raw-backend.ts';
import {open, type RawConnection} from './raw-connection.ts';
import {authority} from './raw-scene.ts';

const pair = authority.issue({names: ['127.0.0.1', 'a.test']});

/** How traffic goes: the listener, and whether the client and the back-end speak TLS. */
export const PROTOCOLS = {
	http: {listen: 'http:80', client: false, backend: false},
	https: {listen: 'https:80 -> https:80', client: true, backend: true},
	tcp: {listen: 'tcp:80', client: false, backend: false},
	ssl: {listen: 'ssl:80 -> tcp:80', client: true, backend: false},
	're-encrypted': {listen: 'ssl:80 -> ssl:80', client: true, backend: true},
	passthrough: {listen: 'tcp:80', client: true, backend: true},
} as const;
export type Protocol = keyof typeof PROTOCOLS;

const isHttp = (protocol: Protocol) => protocol === 'http' || protocol === 'https';

/** A load balancer of one listener, a back-end that answers with what it got, and a clock that stands still. */
export class FaultScene implements AsyncDisposable {
	readonly protocol: Protocol;
	readonly lb: LoadBalancer;
	readonly backend: RawBackend;
	/** The bytes, or the target of the latest request, that have come on each connection to the back-end. */
	readonly got: string[];
	readonly #visitors: Visitor[] = [];

	constructor(protocol: Protocol, lb: LoadBalancer, backend: RawBackend, got: string[]) {
		this.protocol = protocol;
		this.lb = lb;
		this.backend = backend;
		this.got = got;
	}

	get backendName(): string {
		return this.lb.backends[0]?.name ?? '';
	}

	visitor(): Visitor {
		const visitor = new Visitor(this.protocol, this.lb.port(80));
		this.#visitors.push(visitor);
		return visitor;
	}

	/**
	 * What the back-end has seen of each connection until now: what came on it, and whether it is `open` or how the other
	 * side's direction ended, `end` or `reset`; `no handshake` of one whose TLS never stood.
	 */
	get atBackend(): string[] {
		const {accepted, connections} = this.backend;
		const seen = connections.map(({ended, closed}, index) =>
			`${this.got[index] ?? ''} ${ended ? 'end' : closed ? 'reset' : 'open'}`.trim(),
		);
		return [...seen, ...Array.from({length: accepted.length - connections.length}, () => 'no handshake')];
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const visitor of this.#visitors) visitor.leave();
		await within('end of the load balancer', this.lb.stop());
		await within('end of the back-end', this.backend[Symbol.asyncDispose]());
	}
}

/** One client, with one connection. */
export class Visitor {
	/** Whether it has asked, and does not know yet what became of it. */
	isWaiting = false;
	/** Whether the answer is there, though perhaps not the end. */
	isAnswered = false;
	readonly #protocol: Protocol;
	readonly #port: number;
	#client: RawConnection | undefined;

	constructor(protocol: Protocol, port: number) {
		this.#protocol = protocol;
		this.#port = port;
	}

	/**
	 * Asks, and says what it saw: `200 hello` or, without HTTP, `hello world`; what came and how the connection ended, such
	 * as `200 he… reset`; `no handshake`; `end` or `reset` alone where nothing came. The end is part of it without HTTP, and
	 * where it asks for it.
	 */
	async ask(then: 'stay' | 'close' = 'stay'): Promise<string> {
		this.isWaiting = true;
		this.isAnswered = false;
		try {
			return await within('an answer, or the end of the connection', this.#ask(then));
		} finally {
			this.isWaiting = false;
		}
	}

	leave(): void {
		this.#client?.reset();
	}

	async #ask(then: 'stay' | 'close'): Promise<string> {
		const isTls = PROTOCOLS[this.#protocol].client;
		try {
			this.#client ??= await open({
				port: this.#port,
				reading: 'all',
				...(isTls ? {tls: {ca: authority.pem, servername: 'a.test', ALPNProtocols: ['http/1.1']}} : {}),
			});
		} catch {
			return isTls ? 'no handshake' : 'reset';
		}
		return isHttp(this.#protocol) ? this.#askHttp(this.#client, then) : this.#echo(this.#client);
	}

	async #askHttp(client: RawConnection, then: 'stay' | 'close'): Promise<string> {
		const before = client.received.length;
		client.write(`GET /hello HTTP/1.1\r\nHost: a\r\n${then === 'close' ? 'Connection: close\r\n' : ''}\r\n`);
		const over = client.untilOver().catch(() => 'open');
		const whole = client.message().then(
			({line, body}) => `${line.split(' ')[1]} ${body.trimEnd()}`,
			() => undefined,
		);
		const seen = await whole;
		if (seen !== undefined) {
			this.isAnswered = true;
			return then === 'close' && (await over) === 'reset' ? `${seen}… reset` : seen;
		}
		const how = await over;
		const received = client.received.slice(before);
		const end = received.indexOf('\r\n\r\n');
		if (received === '') return how;
		if (!received.startsWith('HTTP/1.1 ')) return `no HTTP… ${how}`;
		return end === -1 ? `no head… ${how}` : `${received.slice(9, 12)} ${received.slice(end + 4)}… ${how}`;
	}

	async #echo(client: RawConnection): Promise<string> {
		client.write('hello world');
		this.isAnswered = await client.until('hello world').then(
			() => true,
			() => false,
		);
		if (this.isAnswered) client.end();
		const how = await client.untilOver();
		if (this.isAnswered && how === 'end') return 'hello world';
		return client.received === '' ? how : `${client.received}… ${how}`;
	}
}

export async function startFaultScene(protocol: Protocol, more: object = {}): Promise<FaultScene> {
	const {listen, backend: isTls} = PROTOCOLS[protocol];
	const got: string[] = [];
	const tls = isTls ? {tls: pair} : {};
	const backend = await (isHttp(protocol)
		? startRawBackend({...tls, scripts: Array.from({length: 10}, (_, index) => helloScript(got, index))})
		: startStreamBackend({...tls, serve: connection => echoAll(connection, got)}));
	const secured = listen.startsWith('tcp') || listen === 'http:80' ? {} : {certificate: pair};
	const verified = isTls && !listen.startsWith('tcp') ? {verifyBackend: true} : {};
	const starting = startLoadBalancer({
		listeners: [{listen, ...secured, ...verified}],
		backends: [`127.0.0.1:${backend.port}`],
		authority,
		clock: 'manual',
		// Time is moved to see what comes late: nothing else may come of it, but where a test moves it as far as this.
		...{idleTimeout: '1h', connectTimeout: '1h', headTimeout: '1h'},
		healthCheck: {interval: '24h'},
		...more,
	});
	return new FaultScene(protocol, await within('start of the load balancer', starting), backend, got);
}

/** Answers each request with `hello`, keeps the connection, and ends it when the other side has. */
function helloScript(got: string[], index: number): (connection: RawConnection) => Promise<void> {
	return async connection => {
		got[index] = '';
		try {
			for (;;) {
				const {line} = await connection.message();
				got[index] = line.split(' ')[1] ?? '';
				connection.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
			}
		} catch {
			// The other side has ended. Whoever waits for that may have ended this one by now.
			if (!connection.stream.writableEnded) connection.end();
			await connection.gone;
		}
	};
}

function echoAll(connection: RawConnection, got: string[]): void {
	const index = got.push('') - 1;
	connection.stream.on('data', (chunk: Buffer) => {
		got[index] += String(chunk);
		connection.stream.write(chunk);
	});
	connection.stream.on('end', () => connection.stream.end());
}
