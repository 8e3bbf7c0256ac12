import {nextTurn} from '../base/timers.ts';
import type {Authority} from '../certificates/authority.ts';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import {type Account, loadBalancerNamed, type ServerCertificate, type UsableCertificate} from '../model/account.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import {backendsOf, certificatesOf} from '../model/resolve.ts';
import type {AccessLog} from '../observability/access-log-file.ts';
import type {Exchange} from '../observability/exchange.ts';
import {adviceSources} from './advice-sources.ts';
import type {BackendRegistry} from './backend-registry.ts';
import type {RunningBackend} from './backends.ts';
import {Client} from './client.ts';
import type {EmulatorClock} from './clock.ts';
import type {CertificateAuthority} from './load-balancer.ts';
import {type HandledLoadBalancer, type HandleParts, LoadBalancerHandle} from './load-balancer-handle.ts';
import {type Reachable, reachableListeners} from './reachable.ts';

/** What belongs to a load balancer while it runs as the account says. */
export interface ManagedState {
	/** What is registered, as the keys of what it has acquired. */
	readonly registered: readonly NormalisedBackend[];
	/** At least those that are registered and were not there before. They are the load balancer's to release. */
	readonly acquired: ReadonlyMap<NormalisedBackend, RunningBackend>;
	readonly log: AccessLog | undefined;
}

/** What all load balancers of one emulator share. */
export interface SharedDependencies {
	readonly authority: Authority;
	readonly ca: CertificateAuthority;
	/** The control port, as it is when it is asked for. */
	readonly endpoint: () => string;
	readonly clock: EmulatorClock;
	readonly registry: BackendRegistry;
	readonly onExchange: (exchange: Exchange) => void;
}

export interface ManagedOptions
	extends Pick<HandleParts, 'update' | 'setCertificate' | 'changeAtOnce' | 'readFaultRule' | 'onSwitched' | 'stop'> {
	readonly running: RunningLoadBalancer;
	readonly dependencies: SharedDependencies;
	/** See `Change.yieldsPorts`. */
	readonly yieldsPorts: boolean;
	/** The account as it is at the moment. */
	readonly read: () => Account;
	/** Runs a task when no change of this load balancer is under way. */
	readonly inTurn: (task: () => Promise<void>) => Promise<void>;
}

/** One load balancer that runs, and what is kept of it beside its handle. */
export class ManagedLoadBalancer implements HandledLoadBalancer {
	readonly name: string;
	readonly running: RunningLoadBalancer;
	/** Acquired for it; those that were deregistered too, until nothing is left at them. */
	readonly backends = new Map<NormalisedBackend, RunningBackend>();
	readonly yieldsPorts: boolean;
	readonly handle: LoadBalancerHandle;
	log: AccessLog | undefined;
	readonly #options: ManagedOptions;
	readonly client: Client;
	#registered: readonly NormalisedBackend[] = [];
	#unsubscribeLog: () => void = () => {};
	/** Logs that are no longer written to, and may not be closed yet. */
	readonly #closing = new Set<Promise<void>>();
	/** The account as it was last, once it has been taken out: it can still be read. */
	#lastAccount: Account | undefined;
	/** What it had when it was stopped: what they received can still be read. */
	#lastBackends: readonly RunningBackend[] | undefined;
	#stopping: Promise<void> | undefined;

	constructor(name: string, state: ManagedState, options: ManagedOptions) {
		const {running, dependencies, update, setCertificate, changeAtOnce, readFaultRule, onSwitched, stop} = options;
		const {ca, clock, endpoint, onExchange} = dependencies;
		this.name = name;
		this.#options = options;
		this.running = running;
		this.yieldsPorts = options.yieldsPorts;
		running.journal.subscribe(onExchange);
		running.advisor.sources = adviceSources({
			certificates: () => this.certificates,
			backends: () => this.#registered,
			running: () => this.backends.values(),
			authority: dependencies.authority.pem,
		});
		this.client = new Client({
			dnsName: running.description.dnsName,
			listeners: () => this.reachable,
			trusted: () => this.trusted,
		});
		this.handle = new LoadBalancerHandle({
			managed: this,
			client: this.client,
			ca,
			clock,
			endpoint,
			update,
			setCertificate,
			changeAtOnce,
			readFaultRule,
			onSwitched,
			stop,
		});
		this.follow(state);
	}

	/** What the account says of it; once it has been taken out, what it said last. */
	get described(): AccountLoadBalancer {
		return loadBalancerNamed(this.#account, this.name);
	}

	/** What its listeners show, by logical port. */
	get certificates(): ReadonlyMap<number, ServerCertificate> {
		return certificatesOf(this.described, this.#account);
	}

	get dnsName(): string {
		return this.running.description.dnsName;
	}

	/** Where clients find its listeners. */
	get reachable(): Reachable[] {
		return reachableListeners(this.running, this.certificates, [...this.backends.values()]);
	}

	/** PEM of what its clients trust: the authority, and what the listeners show. */
	get trusted(): string[] {
		return [this.#options.dependencies.authority.pem, ...certificatesToTrust(this.certificates)];
	}

	/** Those that are registered first: one that leaves may have the name of one that has come. */
	get currentBackends(): readonly RunningBackend[] {
		if (this.#lastBackends !== undefined) return this.#lastBackends;
		const names = new Set(backendsOf(this.described, this.#account).map(({name}) => name));
		const registered = this.#registered
			.filter(({name}) => names.has(name))
			.flatMap(backend => this.backends.get(backend) ?? []);
		return [...new Set([...registered, ...this.backends.values()])];
	}

	/** Whether `stop()` has been called. */
	get isStopped(): boolean {
		return this.#stopping !== undefined;
	}

	/** Takes over what was prepared for it. It cannot fail. */
	follow({registered, acquired, log}: ManagedState): void {
		const staying = new Set(registered);
		const leaving = this.#registered.filter(backend => !staying.has(backend));
		this.#registered = registered;
		for (const [backend, running] of acquired) {
			this.backends.set(backend, running);
			this.#options.dependencies.registry.use(backend);
		}
		this.#writeTo(log);
		if (leaving.length > 0) void this.#releaseUnused(leaving);
	}

	/** A back-end that was drained is no longer registered. A fake one goes on running. */
	drop(backend: string): void {
		this.#registered = this.#registered.filter(({name}) => name !== backend);
	}

	/** Goes on reading this account, which has it still. The first call counts. */
	keepLast(account: Account): void {
		this.#lastAccount ??= account;
	}

	/** Ends it and what only it uses. A second call with no time left hurries the first. */
	stop(drainMs: number, fresh: 'end' | 'serve' = 'end'): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs, fresh);
		else if (drainMs === 0) void this.running.stop(0);
		return this.#stopping;
	}

	async #stop(drainMs: number, fresh: 'end' | 'serve'): Promise<void> {
		await this.running.stop(drainMs, fresh);
		await this.client.close();
		this.#lastBackends = this.currentBackends;
		const acquired = [...this.backends.keys()];
		this.backends.clear();
		const {registry} = this.#options.dependencies;
		await Promise.all(acquired.map(backend => registry.release(backend)));
		this.#writeTo(undefined);
		await Promise.all(this.#closing);
		await handlesClosed();
	}

	get #account(): Account {
		return this.#lastAccount ?? this.#options.read();
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
		const {inTurn, dependencies} = this.#options;
		await this.running.settled();
		const released: Promise<void>[] = [];
		await inTurn(async () => {
			const registered = new Set(this.#registered);
			for (const backend of left) {
				if (!registered.has(backend) && this.backends.delete(backend))
					released.push(dependencies.registry.release(backend));
			}
		});
		await Promise.all(released);
	}
}

/**
 * Resolves once libuv has let go of what has been closed. Node tells of the end of a server as soon as its port is
 * free, and counts the handle among the active resources until the event loop has gone round.
 */
export async function handlesClosed(): Promise<void> {
	for (let turn = 0; turn < 2; turn++) await nextTurn();
}

/** What was given to the listeners by others than the authority: the client inside trusts exactly that. */
function certificatesToTrust(certificates: ReadonlyMap<number, UsableCertificate>): string[] {
	return [...certificates.values()]
		.flatMap(({issued, pair}) => (issued ? [] : [pair.cert, pair.chain ?? '']))
		.filter(pem => pem !== '');
}
