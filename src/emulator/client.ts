import net from 'node:net';
import type {Duplex} from 'node:stream';
import tls, {type ConnectionOptions} from 'node:tls';
import {EmulatorError} from '../base/errors.ts';
import {readHostName} from '../base/host-name.ts';
import {isIP} from '../base/ip.ts';
import {fetchOfNode} from '../base/node-fetch.ts';
import {areMicrotasksFaked} from '../base/timers.ts';
import {isSecure} from '../model/listener.ts';
import type {ClientDispatcher, Origin} from './client-dispatcher.ts';
import {givenHost, readFetched} from './fetched.ts';
import {nameAt, type Reachable, schemeOf} from './reachable.ts';

export interface ConnectOptions {
	/** Whether to speak TLS; on HTTPS and SSL listeners unless said otherwise. */
	readonly tls?: boolean;
	/** The name asked for (SNI) and verified. */
	readonly servername?: string;
	/** Further options of `tls.connect`: `ALPNProtocols`, `cert`, `key`, `session`, `minVersion` and so on. */
	readonly tlsOptions?: ConnectionOptions;
}

/**
 * A client of one load balancer inside the same process: it finds the bound ports by the logical ones, and trusts the
 * emulator's authority and the certificates that were given to the listeners.
 */
export class Client {
	readonly #dnsName: string;
	readonly #reachable: () => readonly Reachable[];
	readonly #trusted: () => readonly string[];
	readonly #open = new Set<net.Socket>();
	/** Made on first use: a test that never fetches does not load it. */
	#fetching: Promise<(url: string | Request, init: RequestInit) => Promise<Response>> | undefined;
	#dispatcher: ClientDispatcher | undefined;
	#closed = false;

	constructor(options: {
		readonly dnsName: string;
		/** The listeners, as they are when one is asked for. */
		readonly listeners: () => readonly Reachable[];
		/** PEM of the authorities and certificates to trust. */
		readonly trusted: () => readonly string[];
	}) {
		this.#dnsName = options.dnsName;
		this.#reachable = options.listeners;
		this.#trusted = options.trusted;
	}

	/** @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED` */
	listener(port: number): Reachable {
		if (this.#closed) throw stopped();
		const listeners = this.#reachable();
		const found = listeners.find(listener => listener.port === port);
		if (found !== undefined) return found;
		const ports = listeners.map(listener => listener.port).join(', ');
		throw new EmulatorError(
			'NO_SUCH_LISTENER',
			`No listener has port ${port}; there ${ports.includes(',') ? 'are' : 'is'} ${ports}`,
			{
				hint: 'Give the port as it stands in the listener, not the bound one.',
			},
		);
	}

	/** The address of a path at the first listener, as a client outside finds it: the bound address and port. */
	url(path: string): string {
		const first = this.#first();
		const host = first.host.includes(':') ? `[${first.host}]` : first.host;
		return `${schemeOf(first)}://${host}:${first.boundPort}${path.startsWith('/') ? path : `/${path}`}`;
	}

	/**
	 * As `fetch`: a path goes to the first listener; of a URL or a Request the port chooses the listener, whatever the
	 * name.
	 */
	async fetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
		if (this.#closed) throw stopped();
		if (areMicrotasksFaked()) throw microtasksFaked();
		const asked = readFetched(input, init);
		this.#fetching ??= this.#openFetch();
		const fetch = await this.#fetching;
		if (this.#closed) throw stopped();
		return fetch('path' in asked ? this.#logicalUrl(asked.path) : asked.request, asked.init);
	}

	/** A connection to a listener; for TLS, resolved once the handshake is done. */
	async connect(port: number, options: ConnectOptions = {}): Promise<Duplex> {
		if (this.#closed) throw stopped();
		const listener = this.listener(port);
		const {servername = nameAt(listener, this.#dnsName), tlsOptions = {}} = options;
		const raw = net.connect({host: listener.host, port: listener.boundPort, allowHalfOpen: true, noDelay: true});
		this.#keep(raw);
		if (!(options.tls ?? isSecure(listener.protocol))) return settled(raw, 'connect');
		const stream = tls.connect({
			ca: [...this.#trusted()],
			allowPartialTrustChain: true,
			// An international name is asked for in ASCII; what is no name at all is left as it is, for tests that mean it.
			...(isIP(servername) === 0 ? {servername: readHostName(servername) ?? servername} : {}),
			...tlsOptions,
			socket: raw,
		});
		this.#keep(stream);
		return settled(stream, 'secureConnect');
	}

	/** Ends every connection made here. */
	async close(): Promise<void> {
		this.#closed = true;
		for (const socket of this.#open) socket.destroy();
		this.#dispatcher?.destroy();
	}

	async #openFetch(): Promise<(input: string | Request, init: RequestInit) => Promise<Response>> {
		const [fetch, {ClientDispatcher}] = await Promise.all([fetchOfNode(), import('./client-dispatcher.ts')]);
		const dispatcher = new ClientDispatcher(origin => this.#openTo(origin));
		this.#dispatcher = dispatcher;
		return (input, init) => {
			const given = givenHost(input, init);
			return fetch(input, {...init, dispatcher: given === undefined ? dispatcher : dispatcher.withHost(given)});
		};
	}

	async #openTo({secure, hostname, port}: Origin): Promise<net.Socket> {
		const socket = await this.connect(port, {
			tls: secure,
			servername: hostname,
			tlsOptions: {ALPNProtocols: ['http/1.1'], allowHalfOpen: false} as ConnectionOptions,
		});
		// Whoever answers and ends is done: a connection that waits for its next request must not stay half open.
		socket.allowHalfOpen = false;
		// It is a net.Socket or a TLSSocket; `connect` promises less to its callers.
		return socket as net.Socket;
	}

	#first(): Reachable {
		if (this.#closed) throw stopped();
		const first = this.#reachable()[0];
		if (first === undefined) throw new EmulatorError('NO_SUCH_LISTENER', 'This load balancer has no listener');
		return first;
	}

	#logicalUrl(path: string): string {
		const first = this.#first();
		const scheme = schemeOf(first);
		const usual = scheme === 'https' ? 443 : 80;
		const port = first.port === usual ? '' : `:${first.port}`;
		return `${scheme}://${nameAt(first, this.#dnsName)}${port}${path.startsWith('/') ? path : `/${path}`}`;
	}

	#keep(socket: net.Socket): void {
		this.#open.add(socket);
		// What is done to the connection is the test's subject; a reset must not end the test's process.
		socket.on('error', ignore);
		socket.once('close', () => this.#open.delete(socket));
	}
}

function settled<T extends net.Socket>(socket: T, event: 'connect' | 'secureConnect'): Promise<T> {
	return new Promise((resolve, reject) => {
		socket.once(event, () => {
			socket.off('error', reject);
			resolve(socket);
		});
		socket.once('error', reject);
		socket.once('close', () =>
			reject(new EmulatorError('CONNECTION_CLOSED', 'The connection was closed before it stood')),
		);
	});
}

function microtasksFaked(): EmulatorError<'TIMERS_FAKED'> {
	return new EmulatorError('TIMERS_FAKED', 'queueMicrotask is faked: the HTTP client behind lb.fetch() waits for it', {
		hint: "Leave it out of what is faked (jest: doNotFake: ['queueMicrotask']), or use another client with lb.url() or lb.connect().",
	});
}

function stopped(): EmulatorError<'STOPPED'> {
	return new EmulatorError('STOPPED', 'The load balancer has been stopped');
}

function ignore(): void {
	// See where it is attached.
}
