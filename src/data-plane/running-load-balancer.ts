import type {Socket} from 'node:net';
import type {Clock} from '../base/clock.ts';
import {Deadlines, tickFor} from '../base/deadlines.ts';
import {formatListener, isSecure} from '../model/listener.ts';
import type {ListenerDescription, LoadBalancerDescription, PemPair} from '../model/load-balancer.ts';
import {Journal} from '../observability/journal.ts';
import {Backend} from './backend.ts';
import type {BackendTlsOptions} from './backend-connection.ts';
import {Balancer} from './balancer.ts';
import {newPool, serverFor} from './front.ts';
import {type BoundPort, listen} from './listener.ts';
import type {ListenerContext, OpenConnection} from './listener-context.ts';
import type {ReadBuffers} from './read-buffers.ts';
import type {SecureContexts} from './tls-settings.ts';
import type {UpstreamPool} from './upstream-pool.ts';

/** What all load balancers of one emulator share. */
export interface Services {
	readonly clock: Clock;
	readonly buffers: ReadBuffers;
	readonly contexts: SecureContexts;
	/** How many exchanges each load balancer keeps, and how many bytes of each of their bodies. */
	readonly record: {readonly exchanges: number; readonly bodyBytes: number};
}

/** One listener at run time. */
export interface RunningListener {
	readonly description: ListenerDescription;
	readonly bound: BoundPort;
	/** Shows another certificate from the next handshake on; what is open goes on. */
	swapCertificate(pair: PemPair): void;
}

interface ListenerParts extends RunningListener {
	readonly context: ListenerContext;
	readonly pool: UpstreamPool;
}

/** One description brought to life: bound ports, registered back-ends, and the record of what happened. */
export class RunningLoadBalancer {
	readonly description: LoadBalancerDescription;
	readonly journal: Journal;
	readonly backends: readonly Backend[];
	readonly #services: Services;
	readonly #deadlines: Deadlines;
	readonly #connections = new OpenConnections();
	#listeners: ListenerParts[] = [];
	#stopping: Promise<void> | undefined;
	#cut: (() => void) | undefined;

	private constructor(description: LoadBalancerDescription, services: Services) {
		this.description = description;
		this.#services = services;
		this.journal = new Journal(services.record.exchanges);
		this.backends = description.backends.map((backend, order) => new Backend(backend, order));
		const {idleMs, headMs, connectMs, handshakeMs} = description.timeouts;
		this.#deadlines = new Deadlines(services.clock, tickFor(idleMs, headMs, connectMs, handshakeMs));
	}

	/**
	 * Binds every listener, or none.
	 *
	 * @throws EmulatorError `PORT_UNAVAILABLE`
	 */
	static async start(description: LoadBalancerDescription, services: Services): Promise<RunningLoadBalancer> {
		const running = new RunningLoadBalancer(description, services);
		try {
			for (const listener of description.listeners) running.#listeners.push(await running.#bind(listener));
		} catch (error) {
			await running.stop(0);
			throw error;
		}
		return running;
	}

	get listeners(): readonly RunningListener[] {
		return this.#listeners;
	}

	/**
	 * Stops accepting, lets what is in flight finish for `drainMs`, then cuts it. Resolves when the ports are free and
	 * nothing is left. A second call with less time left cuts sooner.
	 */
	stop(drainMs: number): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs);
		else if (drainMs === 0) this.#cut?.();
		return this.#stopping;
	}

	async #stop(drainMs: number): Promise<void> {
		const closed = this.#listeners.map(({bound, context}) => {
			context.draining = true;
			return bound.close();
		});
		for (const connection of [...this.#connections]) connection.drain();
		if (drainMs > 0 && this.#connections.size > 0) await this.#drained(closed, drainMs);
		for (const connection of [...this.#connections]) connection.cut();
		for (const {pool} of this.#listeners) pool.close();
		await Promise.all(closed);
		// The back-ends' sides too, and with them the records.
		await this.#connections.gone();
		this.#deadlines.close();
		this.journal.close();
	}

	/** Resolves when every connection is gone, or after `drainMs`, or when `#cut` is called. */
	#drained(closed: readonly Promise<void>[], drainMs: number): Promise<void> {
		return new Promise(resolve => {
			const done = () => {
				clearTimeout(timer);
				resolve();
			};
			const timer = setTimeout(done, drainMs);
			this.#cut = done;
			void Promise.all([...closed, this.#connections.gone()]).then(done);
		});
	}

	async #bind(listener: ListenerDescription): Promise<ListenerParts> {
		const {description, journal, backends} = this;
		const {clock, buffers, record} = this.#services;
		const context: ListenerContext = {
			loadBalancer: description,
			listener,
			balancer: new Balancer(() => backends),
			journal,
			clock,
			deadlines: this.#deadlines,
			buffers,
			timeouts: description.timeouts,
			retry: description.retry,
			upgrade: description.upgrade,
			backendTls: this.#backendTls(listener),
			keptBodyBytes: record.bodyBytes,
			connections: this.#connections,
			draining: false,
		};
		const pool = newPool(context);
		const {certificate, tls} = listener;
		let secureContext = certificate && this.#services.contexts.forClients(certificate, tls);
		const serve = serverFor(context, {pool, secureContext: () => secureContext});
		const bound = await listen({
			...listener.bind,
			wanted: `listener ${formatListener(listener)} of load balancer "${description.name}"`,
			accept(socket: Socket) {
				if (context.draining) socket.destroy();
				else serve(socket);
			},
		});
		const swapCertificate = (pair: PemPair) => {
			secureContext = this.#services.contexts.forClients(pair, tls);
		};
		return {description: listener, bound, context, pool, swapCertificate};
	}

	#backendTls({backendProtocol, verifyBackend}: ListenerDescription): BackendTlsOptions | undefined {
		if (!isSecure(backendProtocol)) return undefined;
		return {
			secureContext: this.#services.contexts.forBackends(verifyBackend),
			verify: verifyBackend !== undefined,
			servername: verifyBackend?.servername,
			alpn: backendProtocol === 'https' ? ['http/1.1'] : undefined,
		};
	}
}

/** The connections that are served, and the news that the last of them is gone. */
class OpenConnections extends Set<OpenConnection> {
	#waiting: (() => void)[] = [];

	override delete(connection: OpenConnection): boolean {
		const deleted = super.delete(connection);
		// A connection may leave one's hands for another's, which adds it in the same tick.
		if (this.size === 0 && this.#waiting.length > 0) queueMicrotask(() => this.#tell());
		return deleted;
	}

	#tell(): void {
		if (this.size > 0) return;
		for (const resolve of this.#waiting) resolve();
		this.#waiting = [];
	}

	/** Resolves when there is none. For the time when none is added any more. */
	gone(): Promise<void> {
		return this.size === 0 ? Promise.resolve() : new Promise(resolve => this.#waiting.push(resolve));
	}
}
