import {Deadlines, tickFor} from '../base/deadlines.ts';
import {nextTurn} from '../base/timers.ts';
import {planListeners} from '../model/reconciliation.ts';
import type {PemPair, ResolvedListener, ResolvedLoadBalancer, Timeouts} from '../model/resolved.ts';
import {Advisor} from '../observability/advice/advisor.ts';
import {Journal} from '../observability/journal.ts';
import type {Backend} from './backends/backend.ts';
import {bindListeners, closeUnless} from './bind-listeners.ts';
import {ArmedFaults} from './faults/armed-faults.ts';
import {RegisteredBackends} from './registered-backends.ts';
import {type Drain, Retiring} from './retiring.ts';
import {RunningListener} from './running-listener.ts';
import type {Services} from './services.ts';
import type {BoundPort} from './sockets/listener.ts';

/** A change of a load balancer that can no longer fail. */
export interface PreparedChange {
	/** Bound for it, or taken over. */
	readonly ports: readonly BoundPort[];
	/** Makes it. Ports that are no longer served stay open until `release()`, so that others may take them over. */
	readonly commit: () => void;
	/** The end of a commit: closes those ports. */
	readonly release: () => void;
	/** Takes it back. */
	readonly abandon: () => void;
}

/** One description brought to life: bound ports, registered back-ends, and the record of what happened. */
export class RunningLoadBalancer {
	readonly journal: Journal;
	/** What there is to say of what happens here. */
	readonly advisor: Advisor;
	readonly #services: Services;
	readonly #deadlines: Deadlines;
	readonly #backends: RegisteredBackends;
	readonly #retiring: Retiring;
	/** What goes wrong on purpose. */
	readonly faults: ArmedFaults;
	#description: ResolvedLoadBalancer;
	#listeners: RunningListener[] = [];
	#stopping: Promise<void> | undefined;
	#cut: (() => void) | undefined;

	private constructor(description: ResolvedLoadBalancer, services: Services) {
		this.#description = description;
		this.#services = services;
		this.journal = new Journal(services.record.exchanges, services.feed);
		this.#deadlines = new Deadlines(services.clock, tickOf(description.timeouts));
		this.advisor = new Advisor({
			described: () => this.#description,
			clock: services.clock,
			find: id => this.journal.find(id),
			onSaid: services.onAdvice,
		});
		this.#backends = new RegisteredBackends(description, services, this.advisor);
		this.#retiring = new Retiring(services.clock);
		this.faults = new ArmedFaults(services.seed, (change, fault) => {
			if (change !== 'fired') this.#showFaults();
			services.onFault?.(change, fault, description.name);
		});
	}

	/**
	 * Binds every listener, or none.
	 *
	 * @throws EmulatorError `PORT_UNAVAILABLE`
	 */
	static async start(description: ResolvedLoadBalancer, services: Services): Promise<RunningLoadBalancer> {
		const {running, commit, release} = await RunningLoadBalancer.prepareStart(description, services, []);
		commit();
		release();
		return running;
	}

	/**
	 * Does all of a start that can fail. One of the two functions must be called.
	 *
	 * @param adoptable ports that their load balancer will not serve any more.
	 * @throws EmulatorError `PORT_UNAVAILABLE`
	 */
	static async prepareStart(
		description: ResolvedLoadBalancer,
		services: Services,
		adoptable: readonly BoundPort[],
	): Promise<PreparedChange & {readonly running: RunningLoadBalancer}> {
		const running = new RunningLoadBalancer(description, services);
		try {
			const change = await running.prepare(description, adoptable);
			return {
				...change,
				running,
				abandon: () => {
					change.abandon();
					void running.stop(0);
				},
			};
		} catch (error) {
			await running.stop(0);
			throw error;
		}
	}

	get description(): ResolvedLoadBalancer {
		return this.#description;
	}

	get listeners(): readonly RunningListener[] {
		return this.#listeners;
	}

	get backends(): readonly Backend[] {
		return this.#backends.all;
	}

	/** Back-ends that were deregistered and may still finish what is in flight at them. */
	get draining(): readonly Drain[] {
		return this.#retiring.drains;
	}

	/** Back-ends that have had no verdict yet, of their probes or of the operator. */
	get undecided(): readonly Backend[] {
		return this.#backends.undecided;
	}

	/**
	 * Becomes what `next` describes. Only what differs is touched: listeners that stay keep their port and their
	 * connections, back-ends that stay their health and their place in the order. Changes must not overlap. Resolves when
	 * new ports are bound and old ones free; what was in flight at what left may go on for `drainMs`.
	 *
	 * @throws EmulatorError `PORT_UNAVAILABLE`; then nothing has changed.
	 */
	async update(next: ResolvedLoadBalancer): Promise<void> {
		const change = await this.prepare(next, []);
		change.commit();
		change.release();
		// The system lets go of a port in the event loop's next turn.
		await nextTurn();
	}

	/**
	 * Does all of an update that can fail, and nothing that shows. One of the two functions must be called, before the
	 * next change is prepared.
	 *
	 * @param adoptable see {@link prepareStart}.
	 * @throws EmulatorError `PORT_UNAVAILABLE`
	 */
	async prepare(next: ResolvedLoadBalancer, adoptable: readonly BoundPort[]): Promise<PreparedChange> {
		const ports = await bindListeners(
			planListeners(this.#listeners, next.listeners).open,
			this.#description.name,
			adoptable,
		);
		const abandon = () => closeUnless(adoptable, ports.values());
		let left: readonly RunningListener[] = [];
		const commit = () => {
			if (this.#stopping === undefined) left = this.#commit(next, ports);
			else abandon();
		};
		const release = () => {
			for (const listener of left) void listener.closePort();
		};
		return {ports: [...ports.values()], commit, release, abandon};
	}

	/** Resolves when what listeners and back-ends left behind, that are no longer, is gone as well. */
	async settled(): Promise<void> {
		await this.#retiring.gone();
	}

	/**
	 * Deregisters a back-end: it gets nothing new, and what is in flight may go on for the load balancer's `drainMs`; then,
	 * or at once where there is none, it is cut. Resolves when nothing is left at it.
	 */
	async deregister(backend: Backend): Promise<void> {
		if (this.#backends.remove(backend)) {
			const {all} = this.#backends;
			this.#description = {...this.#description, backends: all.map(({description}) => description)};
			for (const listener of this.#listeners) listener.apply(listener.description, this.#description, all);
			this.#retireBackend(backend);
		}
		await backend.idle();
	}

	/** Shows another certificate on one listener. */
	swapCertificate(port: number, pair: PemPair): void {
		const listener = this.#listeners.find(({description}) => description.port === port);
		if (listener === undefined) return;
		listener.swapCertificate(pair);
		this.#description = {...this.#description, listeners: this.#listeners.map(({description}) => description)};
	}

	/**
	 * Probes every back-end until the thresholds have decided.
	 *
	 * @returns those for which nothing could be decided: their results alternate.
	 */
	settle(): Promise<Backend[]> {
		return this.#backends.settle();
	}

	/**
	 * Stops accepting, lets what is in flight finish for `drainMs`, then cuts it. Resolves when the ports are free and
	 * nothing is left. A second call with less time left cuts sooner.
	 *
	 * @param fresh what becomes of connections whose first request may be on its way: they end, or are served that within
	 * `drainMs`.
	 */
	stop(drainMs: number, fresh: 'end' | 'serve' = 'end'): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs, fresh);
		else if (drainMs === 0) this.#cut?.();
		return this.#stopping;
	}

	async #stop(drainMs: number, fresh: 'end' | 'serve'): Promise<void> {
		const closed = this.#listeners.map(listener => listener.closePort());
		for (const listener of this.#listeners) {
			if (fresh === 'serve' && drainMs > 0) listener.retire();
			else listener.drain();
		}
		const all = [...this.#listeners, ...this.#retiring.listeners];
		const gone = () => Promise.all(all.map(({connections}) => connections.gone()));
		const checked = this.#backends.stopProbing();
		if (drainMs > 0 && all.some(({connections}) => connections.size > 0)) {
			await this.#retiring.within(drainMs, gone(), cut => {
				this.#cut = cut;
			});
		}
		// What they hold back goes on, so that nothing of it is left.
		this.faults.close();
		// The back-ends' sides too, and with them the records.
		await Promise.all(all.map(listener => listener.cut()));
		await Promise.all([...closed, checked, this.#retiring.gone()]);
		for (const backend of this.#backends.all) if (backend.inFlight !== 0) backend.warnOfWrongCount();
		this.#deadlines.close();
		this.journal.close();
	}

	/**
	 * Nothing in here can fail: whatever can was done before.
	 *
	 * @returns the listeners that are no more; their ports are still to be closed.
	 */
	#commit(next: ResolvedLoadBalancer, ports: ReadonlyMap<number, BoundPort>): readonly RunningListener[] {
		const plan = planListeners(this.#listeners, next.listeners);
		this.#description = next;
		this.#deadlines.retick(tickOf(next.timeouts));
		const left = this.#backends.update(next);
		const dependencies = {
			services: this.#services,
			journal: this.journal,
			advisor: this.advisor,
			deadlines: this.#deadlines,
			standings: {revision: this.#backends.standings, draining: () => this.draining.map(({backend}) => backend)},
		};
		const serve = (listener: ResolvedListener, bound: BoundPort) =>
			new RunningListener(listener, bound, next, dependencies);
		const replaced = plan.replace.map(({running, to}) => serve({...to, bind: running.description.bind}, running.bound));
		const opened = plan.open.flatMap(listener => {
			const bound = ports.get(listener.port);
			return bound === undefined ? [] : [serve(listener, bound)];
		});
		const byPort = new Map(
			[...plan.keep.map(({running}) => running), ...replaced, ...opened].map(each => [each.description.port, each]),
		);
		this.#listeners = next.listeners.flatMap(({port}) => byPort.get(port) ?? []);
		for (const to of next.listeners) byPort.get(to.port)?.apply(to, next, this.#backends.all);
		this.faults.follow(next.faults ?? []);
		this.#showFaults();
		const {drainingMs = 0} = next;
		for (const {running, byPolicy} of plan.replace) {
			if (byPolicy) this.#retiring.letFinish(running);
			else this.#retiring.retireListener(running, drainingMs);
		}
		for (const running of plan.close) this.#retiring.retireListener(running, drainingMs);
		for (const backend of left) this.#retireBackend(backend);
		return plan.close;
	}

	#showFaults(): void {
		const faults = this.faults.all.length === 0 ? undefined : this.faults;
		for (const listener of [...this.#listeners, ...this.#retiring.listeners]) listener.faults = faults;
	}

	#retireBackend(backend: Backend): void {
		this.#retiring.retireBackend(backend, this.#description.drainingMs ?? 0, () => this.#listeners);
	}
}

function tickOf({idleMs, headMs, connectMs, handshakeMs}: Timeouts): number {
	return tickFor(idleMs, headMs, connectMs, handshakeMs);
}
