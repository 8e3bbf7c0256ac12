import {nextTurn} from '../base/timers.ts';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import {isSecure} from '../model/listener.ts';
import type {NormalisedBackend, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {AccessLog} from '../observability/access-log-file.ts';
import type {Exchange} from '../observability/exchange.ts';
import type {BackendHouse} from './backend-house.ts';
import type {RunningBackend} from './backends.ts';
import type {UsableCertificate} from './certificates.ts';
import {Client, type Reachable} from './client.ts';
import {LoadBalancerHandle, type LoadBalancerParts} from './load-balancer.ts';

/** What a load balancer is to be, with everything it needs at hand. */
export interface Becoming {
	readonly described: NormalisedLoadBalancer;
	/** By logical port. */
	readonly certificates: ReadonlyMap<number, UsableCertificate>;
	/** At least those that are described and were not there before. They are the entry's to release. */
	readonly backends: ReadonlyMap<NormalisedBackend, RunningBackend>;
	readonly log: AccessLog | undefined;
}

export interface EntryOptions {
	readonly running: RunningLoadBalancer;
	readonly house: BackendHouse;
	/** PEM of the emulator's authority. */
	readonly authority: string;
	/** Whether the configuration describes it. */
	readonly isConfigured: boolean;
	/** See `Wanted.yieldsPorts`. */
	readonly yieldsPorts: boolean;
	readonly onExchange: (exchange: Exchange) => void;
	readonly handle: Omit<
		LoadBalancerParts,
		'running' | 'backends' | 'certificates' | 'client' | 'described' | 'onChange' | 'inTurn' | 'isStopped'
	>;
	/** Runs a task when no change of this load balancer is under way. */
	readonly inTurn: LoadBalancerParts['inTurn'];
}

/** One load balancer that runs, and what is kept of it beside its handle. */
export class Entry {
	described: NormalisedLoadBalancer;
	readonly running: RunningLoadBalancer;
	/** Held for it, by what describes them; those that were deregistered too, until nothing is left at them. */
	readonly backends = new Map<NormalisedBackend, RunningBackend>();
	/** By logical port. */
	readonly certificates = new Map<number, UsableCertificate>();
	readonly isConfigured: boolean;
	readonly yieldsPorts: boolean;
	readonly handle: LoadBalancerHandle;
	log: AccessLog | undefined;
	readonly #options: EntryOptions;
	readonly #client: Client;
	#unsubscribeLog: () => void = () => {};
	/** Logs that are no longer written to, and may not be closed yet. */
	readonly #closing = new Set<Promise<void>>();
	/** What it had when it was stopped: what they received can still be read. */
	#last: readonly RunningBackend[] | undefined;
	#stopping: Promise<void> | undefined;

	constructor(becoming: Becoming, options: EntryOptions) {
		const {running, authority, onExchange, handle} = options;
		this.#options = options;
		this.running = running;
		this.isConfigured = options.isConfigured;
		this.yieldsPorts = options.yieldsPorts;
		this.described = becoming.described;
		running.journal.subscribe(onExchange);
		this.#client = new Client({
			dnsName: running.description.dnsName,
			listeners: () => reachable(running, this.certificates, [...this.backends.values()]),
			trusted: () => [authority, ...certificatesToTrust(this.certificates)],
		});
		this.handle = new LoadBalancerHandle({
			...handle,
			running,
			backends: () => this.#current(),
			certificates: this.certificates,
			client: this.#client,
			described: () => this.described,
			onChange: change => {
				this.described = {...this.described, ...change};
			},
			inTurn: options.inTurn,
			isStopped: () => this.#stopping !== undefined,
		});
		this.become(becoming);
	}

	/** Takes over what the data plane runs by now. It cannot fail. */
	become({described, certificates, backends, log}: Becoming): void {
		const staying = new Set(described.backends);
		const leaving = this.described.backends.filter(backend => !staying.has(backend));
		this.described = described;
		for (const [backend, running] of backends) this.backends.set(backend, running);
		this.certificates.clear();
		for (const [port, certificate] of certificates) this.certificates.set(port, certificate);
		this.#writeTo(log);
		if (leaving.length > 0) void this.#releaseUnused(leaving);
	}

	/** Ends it and what only it uses. A second call with no time left hurries the first. */
	stop(drainMs: number, fresh: 'end' | 'serve' = 'end'): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs, fresh);
		else if (drainMs === 0) void this.running.stop(0);
		return this.#stopping;
	}

	async #stop(drainMs: number, fresh: 'end' | 'serve'): Promise<void> {
		await this.running.stop(drainMs, fresh);
		await this.#client.close();
		this.#last = this.#current();
		const held = [...this.backends.keys()];
		this.backends.clear();
		await Promise.all(held.map(backend => this.#options.house.release(backend)));
		this.#writeTo(undefined);
		await Promise.all(this.#closing);
		await handlesClosed();
	}

	/** Those that are described first: one that leaves may have the name of one that has come. */
	#current(): readonly RunningBackend[] {
		if (this.#last !== undefined) return this.#last;
		const described = this.described.backends.flatMap(backend => this.backends.get(backend) ?? []);
		return [...new Set([...described, ...this.backends.values()])];
	}

	#writeTo(log: AccessLog | undefined): void {
		if (log === this.log) return;
		this.#unsubscribeLog();
		this.#unsubscribeLog = log === undefined ? () => {} : this.running.journal.subscribe(each => log.write(each));
		const closing = this.log?.close();
		this.log = log;
		if (closing === undefined) return;
		const closed = closing.finally(() => this.#closing.delete(closed));
		this.#closing.add(closed);
	}

	/** Releases back-ends that have left, once nothing is left at them, unless they have come back by then. */
	async #releaseUnused(left: readonly NormalisedBackend[]): Promise<void> {
		const {inTurn, house} = this.#options;
		await this.running.settled();
		const unused: NormalisedBackend[] = [];
		await inTurn(async () => {
			const described = new Set(this.described.backends);
			for (const backend of left) {
				if (!described.has(backend) && this.backends.delete(backend)) unused.push(backend);
			}
		});
		await Promise.all(unused.map(backend => house.release(backend)));
	}
}

/**
 * Resolves once libuv has let go of what has been closed. Node tells of the end of a server as soon as its port is
 * free, and counts the handle among the active resources until the event loop has gone round.
 */
export async function handlesClosed(): Promise<void> {
	for (let turn = 0; turn < 2; turn++) await nextTurn();
}

function reachable(
	running: RunningLoadBalancer,
	certificates: ReadonlyMap<number, UsableCertificate>,
	backends: readonly RunningBackend[],
): Reachable[] {
	return running.listeners.map(({description: {port, protocol, backendProtocol}, bound}) => {
		// What answers at a TCP listener is the back-end, unless the listener speaks TLS to it by itself.
		const passedThrough =
			protocol === 'tcp' && !isSecure(backendProtocol) ? backends.find(({secure}) => secure) : undefined;
		const certificate = certificates.get(port)?.pair.cert ?? passedThrough?.certificate()?.cert;
		return {port, protocol, host: bound.host, boundPort: bound.port, certificate};
	});
}

/** What was given to the listeners by others than the authority: the client inside trusts exactly that. */
function certificatesToTrust(certificates: ReadonlyMap<number, UsableCertificate>): string[] {
	return [...certificates.values()]
		.flatMap(({issued, pair}) => (issued ? [] : [pair.cert, pair.chain ?? '']))
		.filter(pem => pem !== '');
}
