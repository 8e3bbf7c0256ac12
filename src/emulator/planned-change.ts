import {isDeepStrictEqual} from 'node:util';
import {EmulatorError, messageOf} from '../base/errors.ts';
import {type Account, runningIn} from '../model/account.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import {backendsOf, resolve} from '../model/resolve.ts';
import type {ResolvedLoadBalancer} from '../model/resolved.ts';
import type {Operate} from '../operations/context.ts';
import {touchedBetween} from '../operations/touched.ts';
import {acquireBackends} from './acquire-backends.ts';
import type {RunningBackend} from './backends.ts';
import {type Change, explained, loadBalancerStopped, type StoreDependencies} from './change.ts';
import {updateNotices} from './load-balancer-notices.ts';
import {ManagedLoadBalancer} from './managed-load-balancer.ts';
import type {PortMode} from './options.ts';
import {PortPlan} from './port-plan.ts';
import {bindingFor} from './ports.ts';
import {runsAlike, type Step, stepOf} from './steps.ts';

/** What a change needs of the store. */
export interface StoreView {
	readonly dependencies: StoreDependencies;
	readonly managed: ReadonlyMap<string, ManagedLoadBalancer>;
	/** Those that have been taken out and are not gone yet. */
	readonly leaving: ReadonlySet<ManagedLoadBalancer>;
	readonly before: Account;
	readonly next: Account;
	readonly read: () => Account;
	readonly remove: (managed: ManagedLoadBalancer, drainMs: number) => Promise<void>;
	readonly changeAtOnce: (operation: Operate<unknown>) => void;
	readonly inTurn: (name: string, task: () => Promise<void>) => Promise<void>;
}

/**
 * How what runs follows a change of the account. `prepare()` does everything that can fail, and nothing shows; then comes
 * `commit()` and `release()`, or `abandon()`.
 */
export class PlannedChange {
	/** Those that are to go. */
	readonly removed: ReadonlySet<ManagedLoadBalancer>;
	/** Of all load balancers that differ, whether that shows in what runs or not. */
	readonly #touched: ReadonlySet<string>;
	readonly #change: Change<unknown>;
	readonly #store: StoreView;
	readonly #steps: readonly Step[];
	/** What takes back what was done, in the order it was done. */
	readonly #undo: (() => unknown)[] = [];

	constructor(change: Change<unknown>, store: StoreView) {
		const {before, next, managed} = store;
		this.#change = change;
		this.#store = store;
		this.#touched = touchedBetween(before, next);
		const removed = new Set<ManagedLoadBalancer>();
		const steps: Step[] = [];
		for (const name of this.#touched) {
			const running = managed.get(name);
			const wanted = runningIn(next, name);
			if (wanted === undefined) {
				if (running !== undefined) removed.add(running);
				continue;
			}
			const former = running === undefined ? undefined : runningIn(before, name);
			if (former !== undefined && runsAlike([former, before], [wanted, next])) continue;
			steps.push(
				stepOf(wanted, {account: next, managed: running, before: former, own: change.ownBackends?.(name) ?? []}),
			);
		}
		this.removed = removed;
		this.#steps = steps;
	}

	/** Of the load balancers that start, change or go. */
	get names(): string[] {
		return [...this.staying, ...[...this.removed].map(({name}) => name)];
	}

	/** Of the load balancers that start or change. */
	get staying(): string[] {
		return this.#steps.map(({next}) => next.name);
	}

	/**
	 * @param signal aborts, with an error as its reason, when the change has become pointless.
	 * @throws EmulatorError see `AccountStore.change`; then nothing is left of it.
	 */
	async prepare(signal: AbortSignal): Promise<void> {
		try {
			for (const step of this.#steps) step.acquired = await this.#acquire(step, signal);
			for (const step of this.#steps) await this.#openLog(step);
			await this.#bindAll();
		} catch (error) {
			await this.abandon();
			throw error;
		}
	}

	/** @throws EmulatorError `STOPPED` when a load balancer that it changes has been stopped meanwhile. */
	assertUnchanged(): void {
		for (const {managed} of this.#steps) {
			if (managed !== undefined && this.#store.managed.get(managed.name) !== managed)
				throw loadBalancerStopped(managed.name);
		}
	}

	/** Whether what was prepared is what is to run for this account, but for back-ends that were drained meanwhile. */
	fits(account: Account): boolean {
		const {next, read, managed} = this.#store;
		if ([...this.removed].some(each => managed.get(each.name) !== each)) return false;
		const [now, prepared] = [read(), new Set(this.names)];
		const isFitting = (name: string) => {
			const isPrepared = prepared.has(name);
			// Load balancers that nothing was prepared for go on as they run now.
			const from = isPrepared ? next : now;
			const [planned, final] = [runningIn(from, name), runningIn(account, name)];
			if (planned === undefined || final === undefined) return planned === final;
			const names = new Set(backendsOf(final, account).map(backend => backend.name));
			const staying = backendsOf(planned, from).filter(backend => !isPrepared || names.has(backend.name));
			return runsAlike([planned, from, staying], [final, account]);
		};
		return [...new Set([...prepared, ...touchedBetween(now, account)])].every(isFitting);
	}

	/** Makes the change. @returns the load balancers that it concerns and that run from then on. */
	commit(account: Account): ManagedLoadBalancer[] {
		if (this.#change.kept !== undefined) void this.#store.dependencies.registry.keep(this.#change.kept);
		const committed = this.#steps.map(step => this.#commit(step, account));
		for (const name of this.#touched) {
			const step = this.#steps.find(({next}) => next.name === name);
			updateNotices(name, {account, bound: step?.data?.running.listeners, ...this.#store.dependencies});
		}
		return committed;
	}

	/** The end of a commit: closes the ports that nobody serves any more. */
	release(): void {
		for (const {data} of this.#steps) data?.change.release();
	}

	/** Takes back what was begun. Resolves when nothing of it is left. */
	async abandon(): Promise<void> {
		for (const undo of this.#undo.splice(0).reverse()) {
			try {
				await undo();
			} catch (error) {
				// A command that had to make room, and does not come back.
				this.#store.dependencies.notices.add({level: 'warning', topic: 'back-end', text: messageOf(error)});
			}
		}
	}

	#acquire(step: Step, signal: AbortSignal): Promise<Map<NormalisedBackend, RunningBackend>> {
		const {dependencies, managed, leaving} = this.#store;
		const {registry} = dependencies;
		const kept = this.#change.kept ?? registry.kept;
		const own = {removed: this.removed, steps: this.#steps, undo: this.#undo, change: this.#change};
		return acquireBackends(step, {registry, managed, leaving, kept, signal, ...own});
	}

	async #openLog(step: Step): Promise<void> {
		const {next, before} = step;
		const {dependencies} = this.#store;
		if (before !== undefined && isDeepStrictEqual(before.logTarget, next.logTarget)) return;
		step.log = undefined;
		if (next.logTarget === undefined) return;
		const {identifiers} = dependencies.context();
		try {
			const log = await dependencies.openAccessLog(next.logTarget, {
				loadBalancer: next.name,
				address: next.address ?? dependencies.options.host,
				accountId: identifiers.accountId,
				region: identifiers.region,
				clock: dependencies.services.clock,
				onTrouble: ({message}) =>
					dependencies.notices.add({
						level: 'warning',
						topic: 'access-log',
						loadBalancer: next.name,
						text: `${next.name}, access log: ${message}`,
					}),
			});
			this.#undo.push(() => log.close());
			step.log = log;
		} catch (error) {
			throw explained(this.#change, error, 'accessLog', next.name);
		}
	}

	/** Binds what is to be bound, one load balancer after the other: each sees what those before it have taken. */
	async #bindAll(): Promise<void> {
		if (this.#steps.length === 0) return;
		const {managed, dependencies} = this.#store;
		const next = new Map(
			this.#steps.flatMap(step => (step.managed === undefined ? [] : [[step.managed, step.next] as const])),
		);
		const plan = new PortPlan(managed.values(), {next, removed: this.removed, host: dependencies.options.host});
		for (const step of this.#steps) {
			try {
				step.data = await this.#bind(step, plan);
			} catch (error) {
				throw explained(this.#change, error, 'listeners', step.next.name);
			}
			const {change} = step.data;
			this.#undo.push(() => change.abandon());
			plan.take(change.ports);
		}
	}

	async #bind(step: Step, plan: PortPlan): Promise<NonNullable<Step['data']>> {
		const resolved = this.#resolve(step, plan);
		if (step.managed !== undefined) {
			const {running} = step.managed;
			return {running, change: await running.prepare(resolved, plan.adoptable)};
		}
		const {services, prepareStart} = this.#store.dependencies;
		const change = await prepareStart(resolved, services, plan.adoptable);
		// Loaded by now for what the library describes.
		const {readFaultRule} = await this.#store.dependencies.faultReader();
		return {running: change.running, change, readFaultRule};
	}

	#resolve(step: Step, plan: PortPlan): ResolvedLoadBalancer {
		const {options, authority} = this.#store.dependencies;
		const mode = this.#portsOf(step);
		const byName = new Map(step.registered.map(backend => [backend.name, backend]));
		// Listeners are bound one after the other, so each sees what the ones before it will take.
		const planned = new Set<string>();
		const isTaken = (host: string, port: number) => planned.has(`${host} ${port}`) || plan.isTaken(host, port);
		return resolve(step.next, this.#store.next, {
			host: options.host,
			authorityPem: authority.pem,
			addressOf: ({name}) => {
				const backend = byName.get(name);
				if (backend === undefined) return undefined;
				return (step.acquired.get(backend) ?? step.managed?.backends.get(backend))?.description;
			},
			bindingOf: (host, port) => {
				const binding = bindingFor({host, port, mode}, isTaken);
				planned.add(`${host} ${binding.port}`);
				return binding;
			},
		});
	}

	#portsOf({managed}: Step): PortMode {
		const {ports} = this.#store.dependencies.options;
		const yields = managed?.yieldsPorts === true || this.#change.yieldsPorts === true;
		return yields && ports === 'fallback' ? 'fallback-always' : ports;
	}

	#commit({next, registered, managed, acquired, log, data}: Step, account: Account): ManagedLoadBalancer {
		// `prepare()` has bound every step.
		if (data === undefined) throw new EmulatorError('BUG', `Load balancer "${next.name}" was not prepared`);
		const {running, change} = data;
		change.commit();
		const final = runningIn(account, next.name);
		const names = new Set(final === undefined ? [] : backendsOf(final, account).map(backend => backend.name));
		const drained = new Set(registered.filter(({name}) => !names.has(name)).map(({name}) => name));
		for (const backend of running.backends) if (drained.has(backend.name)) void running.deregister(backend);
		const state = {registered: registered.filter(({name}) => names.has(name)), acquired, log};
		if (managed === undefined) return this.#start(next.name, state, data);
		managed.follow(state);
		return managed;
	}

	#start(
		name: string,
		state: Parameters<ManagedLoadBalancer['follow']>[0],
		{running, readFaultRule}: NonNullable<Step['data']>,
	): ManagedLoadBalancer {
		// `#bind()` has loaded it for one that is new.
		if (readFaultRule === undefined) throw new EmulatorError('BUG', `Load balancer "${name}" cannot read faults`);
		const {dependencies, read, remove, changeAtOnce, inTurn} = this.#store;
		const {yieldsPorts = false, stop} = this.#change;
		const managed: ManagedLoadBalancer = new ManagedLoadBalancer(name, state, {
			running,
			dependencies,
			yieldsPorts,
			read,
			changeAtOnce,
			readFaultRule,
			update: spec => dependencies.update(managed, spec),
			setCertificate: (port, certificate) => dependencies.setCertificate(managed, port, certificate),
			inTurn: task => inTurn(name, task),
			onSwitched: () => dependencies.services.shown?.advance(),
			stop: stop ?? (drainMs => remove(managed, drainMs)),
		});
		return managed;
	}
}
