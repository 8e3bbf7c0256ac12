import type {Server} from 'node:net';
import {EmulatorError} from '../../src/base/errors.ts';
import {Backend} from '../../src/data-plane/backends/backend.ts';
import type {PreparedChange, RunningLoadBalancer} from '../../src/data-plane/running-load-balancer.ts';
import {BoundPort} from '../../src/data-plane/sockets/listener.ts';
import type {RunningBackend, StartBackend} from '../../src/emulator/backends.ts';
import type {StoreDependencies} from '../../src/emulator/change.ts';
import type {NormalisedBackend} from '../../src/model/normalised.ts';
import {planListeners} from '../../src/model/reconciliation.ts';
import type {Binding, ResolvedListener, ResolvedLoadBalancer} from '../../src/model/resolved.ts';
import type {AccessLog} from '../../src/observability/access-log-file.ts';
import {Advisor} from '../../src/observability/advice/advisor.ts';
import {Journal} from '../../src/observability/journal.ts';

/** A step of a start or a change that waits, and that may fail. */
export type FakeStep = 'bind' | 'backend' | 'log' | 'stop';

export interface FakeDataPlaneOptions {
	/** Resolves when a step may go on. */
	readonly pause: (step: FakeStep, what: string) => Promise<void>;
	/** Whether this step fails, asked each time. */
	readonly fails: (step: FakeStep, what: string) => boolean;
}

/** What runs, without sockets, files and processes: all of it is counted. */
export class FakeDataPlane {
	/** By `host port`. */
	readonly bound = new Map<string, BoundPort>();
	/** Back-ends that were started and have not ended, and whether each listens. */
	readonly backends = new Map<RunningBackend, {readonly described: NormalisedBackend; isUp: boolean}>();
	readonly logs = new Set<AccessLog>();
	readonly #options: FakeDataPlaneOptions;
	#nextPort = 20_000;

	constructor(options: FakeDataPlaneOptions) {
		this.#options = options;
	}

	readonly prepareStart: StoreDependencies['prepareStart'] = async (description, _services, adoptable) => {
		const fake = new FakeLoadBalancer(description, this);
		const change = await fake.prepare(description, adoptable);
		// The store uses what the fake has of it, and nothing else.
		return {...change, running: fake as unknown as RunningLoadBalancer};
	};

	readonly startBackend: StartBackend = async (described, {callOff}) => {
		const {name, kind} = described;
		const address =
			described.kind === 'address'
				? {host: described.host, port: described.port, ports: described.ports}
				: {host: '127.0.0.1', port: this.#portFor(described), ports: new Map()};
		const running: RunningBackend = {
			name,
			kind,
			description: {name, ...address, ...(kind === 'undeclared' ? {undeclared: true} : {})},
			secure: false,
			certificate: () => undefined,
			fail: () => ({[Symbol.dispose]() {}}),
			reset() {},
			isRunning: () => this.backends.get(running)?.isUp,
			stop: async () => this.#listen(running, false),
			start: async () => {
				if (!this.backends.has(running)) throw new EmulatorError('STOPPED', `Back-end "${name}" is gone`);
				this.#listen(running, true);
			},
			end: async () => {
				await this.pause('stop', `back-end ${name}`);
				this.backends.delete(running);
			},
		};
		if (kind === 'address' || kind === 'undeclared') return running;
		await this.pause('backend', name);
		if (callOff.signal.aborted) throw new EmulatorError('STOPPED', `the start of "${name}" was called off`);
		this.#failIfAsked('backend', name, 'COMMAND_FAILED');
		const holder = this.#holderOf(described);
		if (holder !== undefined) throw new EmulatorError('PORT_UNAVAILABLE', `${holder} has the port of ${name}`);
		this.backends.set(running, {described, isUp: true});
		return running;
	};

	readonly openAccessLog: StoreDependencies['openAccessLog'] = async (_described, {loadBalancer}) => {
		await this.pause('log', loadBalancer);
		this.#failIfAsked('log', loadBalancer, 'ACCESS_LOG_UNWRITABLE');
		const log: AccessLog = {
			dropped: 0,
			write() {},
			flush: async () => {},
			reopen: async () => {},
			close: async () => {
				await this.pause('stop', `log of ${loadBalancer}`);
				this.logs.delete(log);
			},
		};
		this.logs.add(log);
		return log;
	};

	pause(step: FakeStep, what: string): Promise<void> {
		return this.#options.pause(step, what);
	}

	async bind({host, port, fallbackPorts, fallsBackWhenTaken}: Binding, adoptable: Iterable<BoundPort>) {
		await this.pause('bind', `${host}:${port}`);
		this.#failIfAsked('bind', `${host}:${port}`, 'PORT_UNAVAILABLE');
		for (const candidate of [port, ...fallbackPorts]) {
			for (const bound of adoptable) if (bound.host === host && bound.port === candidate) return bound;
			if (candidate === 0) return this.#take(host, this.#nextPort++);
			if (!this.bound.has(`${host} ${candidate}`)) return this.#take(host, candidate);
			if (candidate === port && !fallsBackWhenTaken) break;
		}
		throw new EmulatorError('PORT_UNAVAILABLE', `${host}:${port} is taken`);
	}

	#take(host: string, port: number): BoundPort {
		const key = `${host} ${port}`;
		const close = (closed: () => void) => {
			this.bound.delete(key);
			closed();
		};
		// A port asks its server for nothing else.
		const bound = new BoundPort({close} as unknown as Server, host, port);
		this.bound.set(key, bound);
		return bound;
	}

	#portFor(described: NormalisedBackend): number {
		return described.kind === 'command' && described.port !== undefined ? described.port : this.#nextPort++;
	}

	/** Who listens on the port of a command. */
	#holderOf(described: NormalisedBackend): string | undefined {
		if (described.kind !== 'command' || described.port === undefined) return undefined;
		for (const [{name, description}, {isUp}] of this.backends) {
			if (isUp && description.port === described.port) return name;
		}
		return undefined;
	}

	#listen(running: RunningBackend, isUp: boolean): void {
		const state = this.backends.get(running);
		if (state !== undefined) state.isUp = isUp;
	}

	#failIfAsked(step: FakeStep, what: string, code: string): void {
		if (this.#options.fails(step, what)) throw new EmulatorError(code, `${step} of ${what} fails as it was told to`);
	}
}

/** One listener: who is served at its port. */
class FakeListener {
	description: ResolvedListener;
	readonly bound: BoundPort;
	readonly accept = () => {};

	constructor(description: ResolvedListener, bound: BoundPort) {
		this.description = description;
		this.bound = bound;
		bound.accept = this.accept;
	}

	get isServed(): boolean {
		return this.bound.accept === this.accept;
	}

	closePort(): void {
		if (this.isServed) void this.bound.close();
	}
}

/** What the store knows of a load balancer that runs. */
class FakeLoadBalancer {
	readonly journal = new Journal(1);
	readonly advisor: Advisor;
	readonly draining: RunningLoadBalancer['draining'] = [];
	/** None can be armed. */
	readonly faults = {reset() {}};
	description: ResolvedLoadBalancer;
	listeners: FakeListener[] = [];
	backends: Backend[] = [];
	readonly #plane: FakeDataPlane;
	#stopping: Promise<void> | undefined;

	constructor(description: ResolvedLoadBalancer, plane: FakeDataPlane) {
		this.description = description;
		this.advisor = new Advisor({
			described: () => this.description,
			clock: {wallMs: () => 0},
			find: id => this.journal.find(id),
			onSaid() {},
		});
		this.#plane = plane;
	}

	async prepare(next: ResolvedLoadBalancer, adoptable: readonly BoundPort[]): Promise<PreparedChange> {
		const ports = new Map<number, BoundPort>();
		const abandon = () => {
			for (const port of ports.values()) if (!adoptable.includes(port)) void port.close();
		};
		try {
			for (const {port, bind} of planListeners(this.listeners, next.listeners).open) {
				ports.set(port, await this.#plane.bind(bind, adoptable));
			}
		} catch (error) {
			abandon();
			throw error;
		}
		let left: readonly FakeListener[] = [];
		return {
			ports: [...ports.values()],
			abandon,
			commit: () => {
				if (this.#stopping === undefined) left = this.#commit(next, ports);
				else abandon();
			},
			release: () => {
				for (const listener of left) listener.closePort();
			},
		};
	}

	async deregister(backend: Backend): Promise<void> {
		if (this.backends.includes(backend)) this.#become(this.backends.filter(other => other !== backend));
		backend.deregister();
	}

	async settled(): Promise<void> {
		await this.#plane.pause('stop', `what ${this.description.name} lets go of`);
	}

	async settle(): Promise<Backend[]> {
		return [];
	}

	stop(): Promise<void> {
		this.#stopping ??= this.#stop();
		return this.#stopping;
	}

	async #stop(): Promise<void> {
		for (const listener of this.listeners) listener.closePort();
		await this.#plane.pause('stop', this.description.name);
	}

	#commit(next: ResolvedLoadBalancer, ports: ReadonlyMap<number, BoundPort>): readonly FakeListener[] {
		const {close} = planListeners(this.listeners, next.listeners);
		const before = new Map(
			this.listeners.map(each => [`${each.description.bind.host} ${each.description.port}`, each]),
		);
		this.description = next;
		this.listeners = next.listeners.flatMap(to => {
			const bound = ports.get(to.port);
			if (bound !== undefined) return [new FakeListener(to, bound)];
			const same = before.get(`${to.bind.host} ${to.port}`);
			if (same !== undefined) same.description = {...to, bind: same.description.bind};
			return same ?? [];
		});
		const known = new Map(this.backends.map(each => [JSON.stringify(each.description), each]));
		this.#become(
			next.backends.map(
				(each, order) =>
					known.get(JSON.stringify(each)) ??
					new Backend(each, order, each.startsPending === true ? 'pending' : 'in-service'),
			),
		);
		return close;
	}

	#become(backends: Backend[]): void {
		this.backends = backends;
		this.description = {...this.description, backends: backends.map(({description}) => description)};
	}
}
