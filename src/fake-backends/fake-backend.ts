import {once} from 'node:events';
import {createServer, type Server, type Socket} from 'node:net';
import {type Clock, systemClock} from '../base/clock.ts';
import {invalidDescription, portUnavailable, type Violation} from '../base/errors.ts';
import {madeOnce} from '../base/made-once.ts';
import {show} from '../base/quote.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import type {HarBackend, ProxyProtocolMode} from '../configuration/spec-backend.ts';
import {type Behaviour, prepareBehaviour, violationsOfBehaviour, violationsOfChoice} from './behaviour.ts';
import type {BehaviourContext} from './behaviour-context.ts';
import {Failing, readFailure} from './failing.ts';
import {expectProxyHeader} from './proxy-header.ts';
import type {RecordedAnswers} from './recorded-answers.ts';
import {ignoreSocketError, type Serve} from './serve.ts';
import {detectTls, type FakeBackendTls, secureContextFor, terminateTls} from './tls.ts';

/** What {@link startFakeBackend} takes. */
export interface FakeBackendOptions {
	/** Shown in answers and in errors. */
	readonly name: string;
	/** The address to bind; 127.0.0.1 by default. */
	readonly host?: string | undefined;
	/** 0 to 65535; 0, the default, binds a free port. */
	readonly port?: number | undefined;
	readonly behaviour: Behaviour;
	/** Plain when left out. */
	readonly tls?: FakeBackendTls | undefined;
	/** Whether a PROXY header, which comes before TLS, is read; `off` by default. */
	readonly proxyProtocol?: ProxyProtocolMode | undefined;
	/** How long a PROXY header may take; 5 s by default. */
	readonly proxyHeaderTimeoutMs?: number | undefined;
	/** What the delays of its answers go by; the machine's own by default. */
	readonly clock?: Clock | undefined;
}

/** A small real server that listens. Disposing it stops it. */
export interface FakeBackend extends AsyncDisposable {
	readonly name: string;
	readonly host: string;
	/** The bound port; {@link stop} and {@link start} keep it. */
	readonly port: number;
	/** Whether it speaks TLS, with every client or with those that begin TLS. */
	readonly secure: boolean;
	/** False after a {@link stop} until a {@link start}, whatever else makes it refuse connections. */
	readonly running: boolean;
	readonly openConnections: number;
	/** Connections that ended after their first byte and before the end of their TLS handshake. */
	readonly handshakeFailures: number;
	/** Connections that were closed because they had no well-formed PROXY header; 0 when `proxyProtocol` is `off`. */
	readonly proxyFailures: number;
	/** What the user's handler threw, and why a certificate could not be issued; the latest {@link MAX_KEPT_ERRORS}. */
	readonly errors: readonly unknown[];
	/** Closes the port, so that connections are refused, and destroys the open ones. May be called again. */
	stop(): Promise<void>;
	/**
	 * Listens again, on the same port.
	 *
	 * @throws EmulatorError `PORT_UNAVAILABLE` when another process has taken the port.
	 */
	start(): Promise<void>;
	/**
	 * Fails until what is returned is disposed: its health endpoint too.
	 *
	 * @param how 503 for HTTP kinds and a reset for others unless said otherwise.
	 * @throws EmulatorError `INVALID_DESCRIPTION`
	 */
	fail(how?: unknown): Disposable;
	/** Begins the script of a reply again, and ends all failures. */
	reset(): void;
}

export {behaviourOf} from './behaviour.ts';

/** The bound exists so that a handler that always fails does not fill the memory. */
export const MAX_KEPT_ERRORS = 100;

const MAX_PORT = 65_535;
const PROXY_PROTOCOL_MODES = ['off', 'accept', 'require'] as const satisfies readonly ProxyProtocolMode[];

/**
 * Starts a small real server with the given behaviour.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation of the behaviour, `INVALID_CERTIFICATE`, or
 * `PORT_UNAVAILABLE`.
 */
export async function startFakeBackend(options: FakeBackendOptions): Promise<FakeBackend> {
	const violations = [
		...violationsOfBehaviour(options.behaviour),
		...violationsOfPort(options.port ?? 0),
		...violationsOfChoice('proxyProtocol', options.proxyProtocol ?? 'off', PROXY_PROTOCOL_MODES),
	];
	if (violations.length > 0) throw invalidDescription(`Back-end "${options.name}"`, violations);
	const recorded = options.behaviour.kind === 'har' ? await readRecorded(options, options.behaviour) : undefined;
	const backend = new ListeningBackend(options, recorded);
	await backend.start();
	return backend;
}

/** @throws EmulatorError `INVALID_DESCRIPTION` when the file cannot be used. */
async function readRecorded(
	{name, clock = systemClock}: FakeBackendOptions,
	{file, timings = false}: HarBackend,
): Promise<RecordedAnswers> {
	// Hardly any back-end is one of these.
	const {readHar, violationsOfTimes} = await import('./har.ts');
	const {RecordedAnswers} = await import('./recorded-answers.ts');
	const read = await readHar(file);
	const violations = 'violations' in read ? read.violations : timings ? violationsOfTimes(file, read.recordings) : [];
	if ('violations' in read || violations.length > 0) throw invalidDescription(`Back-end "${name}"`, violations);
	return new RecordedAnswers(read.recordings, {name, clock: timings ? clock : undefined});
}

function violationsOfPort(port: number): Violation[] {
	if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return [];
	return [{path: ['port'], message: `${show(port)} is not a port; use 1 to ${MAX_PORT}, or 0 for a free one`}];
}

class ListeningBackend implements FakeBackend {
	readonly name: string;
	readonly host: string;
	readonly secure: boolean;
	readonly errors: unknown[] = [];
	port: number;
	handshakeFailures = 0;
	proxyFailures = 0;
	readonly #receive: Serve;
	readonly #open = new Set<Socket>();
	#server: Server | undefined;
	#restart: (() => void) | undefined;
	readonly #failing: Failing;
	readonly #isHttp: boolean;
	#isStopped = false;
	readonly #turns = new SerialQueue();
	/** Under way, or waiting for their turn. */
	#turnsTaken = 0;

	constructor(options: FakeBackendOptions, recorded: RecordedAnswers | undefined) {
		const {name, host = '127.0.0.1', port = 0, tls, clock = systemClock} = options;
		this.name = name;
		this.host = host;
		this.port = port;
		this.secure = tls !== undefined;
		this.#isHttp = ['echo', 'reply', 'har', 'handler'].includes(options.behaviour.kind);
		this.#failing = new Failing(clock);
		const receive = this.#afterProxyHeader(this.#receiver(options, {clock, recorded}), options);
		this.#receive = this.#failing.connections(receive, this.#isHttp);
	}

	get openConnections(): number {
		return this.#open.size;
	}

	get running(): boolean {
		return !this.#isStopped;
	}

	start(): Promise<void> {
		if (this.#isStopped) this.#restart?.();
		this.#isStopped = false;
		return this.#followInTurn();
	}

	stop(): Promise<void> {
		this.#isStopped = true;
		return this.#followInTurn();
	}

	fail(how?: unknown): Disposable {
		const failure = readFailure(how, {name: this.name, isHttp: this.#isHttp});
		const end = this.#failing.begin(failure);
		this.#followLater();
		// A back-end that crashes takes what is open with it; one that hangs does not.
		if (failure.kind === 'reset') for (const connection of this.#open) connection.resetAndDestroy();
		else if (failure.kind === 'close') for (const connection of this.#open) connection.destroy();
		return {
			[Symbol.dispose]: () => {
				end();
				this.#followLater();
			},
		};
	}

	reset(): void {
		this.#restart?.();
		this.#failing.end();
		this.#followLater();
	}

	/** Listens or does not, as it should by now. */
	async #follow(): Promise<void> {
		if (this.#isStopped || this.#failing.current?.kind === 'refuse') await this.#close();
		else await this.#listen();
	}

	/** At once where nothing is under way, so that a client that connects right after finds it as it should be. */
	async #followInTurn(): Promise<void> {
		this.#turnsTaken++;
		try {
			const following = this.#turnsTaken === 1 ? this.#follow() : undefined;
			await this.#turns.run(() => following ?? this.#follow());
		} finally {
			this.#turnsTaken--;
		}
	}

	#followLater(): void {
		// Nobody waits for it: another process may have taken the port meanwhile.
		this.#followInTurn().catch((error: unknown) => this.#keepError(error));
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	#receiver({behaviour, tls}: FakeBackendOptions, context: Pick<BehaviourContext, 'clock' | 'recorded'>): Serve {
		const {serve, alpn, restart} = prepareBehaviour(behaviour, {
			name: this.name,
			...context,
			failing: this.#failing,
			keepError: error => this.#keepError(error),
		});
		this.#restart = restart;
		if (tls === undefined) return serve;
		const secureContext = madeOnce(() => secureContextFor(this.name, tls));
		// A user's own certificate is checked at the start, an issued one is known to be good.
		if (tls.isIssued !== true) secureContext();
		const secured = terminateTls({
			secureContext,
			// An authority that has expired since the start issues nothing.
			onUnusable: error => this.#keepError(error),
			alpn,
			clientAuth: tls.clientAuth ?? false,
			handshakeTimeoutMs: tls.handshakeTimeoutMs,
			serve,
			onFailure: () => {
				// A handshake that ends because the back-end stops is not a failure.
				if (this.#server !== undefined) this.handshakeFailures++;
			},
		});
		return tls.mode === 'always' ? secured : detectTls({tls: secured, plain: serve});
	}

	#afterProxyHeader(serve: Serve, {proxyProtocol = 'off', proxyHeaderTimeoutMs}: FakeBackendOptions): Serve {
		if (proxyProtocol === 'off') return serve;
		return expectProxyHeader({
			mode: proxyProtocol,
			timeoutMs: proxyHeaderTimeoutMs,
			serve,
			onFailure: () => {
				// As with handshakes, a stop is not a failure.
				if (this.#server !== undefined) this.proxyFailures++;
			},
		});
	}

	async #listen(): Promise<void> {
		if (this.#server !== undefined) return;
		const server = createServer({allowHalfOpen: true, noDelay: true}, connection => this.#accept(connection));
		server.listen(this.port, this.host);
		try {
			await once(server, 'listening');
		} catch (cause) {
			throw await portUnavailable({host: this.host, port: this.port, purpose: `back-end "${this.name}"`, cause});
		}
		// accept() itself may fail, for example without free file descriptors.
		server.on('error', error => this.#keepError(error));
		const address = server.address();
		if (address !== null && typeof address === 'object') this.port = address.port;
		this.#server = server;
	}

	#accept(connection: Socket): void {
		connection.on('error', ignoreSocketError);
		this.#open.add(connection);
		connection.once('close', () => this.#open.delete(connection));
		this.#receive(connection);
	}

	async #close(): Promise<void> {
		const server = this.#server;
		if (server === undefined) return;
		this.#server = undefined;
		// The server's `close` may come before that of its connections, so each is waited for.
		const closed = [server, ...this.#open].map(it => new Promise(resolve => it.once('close', resolve)));
		server.close();
		// These are the raw sockets: a TLS stream ends with the socket it wraps.
		for (const connection of this.#open) connection.destroy();
		await Promise.all(closed);
	}

	#keepError(error: unknown): void {
		this.errors.push(error);
		if (this.errors.length > MAX_KEPT_ERRORS) this.errors.shift();
	}
}
