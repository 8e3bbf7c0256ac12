import type {EventEmitter} from 'node:events';
import type {Agent} from 'node:https';
import path from 'node:path';
import type {Clock} from '../base/clock.ts';
import {INSPECT, type InspectArguments, showFields} from '../base/inspection.ts';
import {assertNode} from '../base/runtime.ts';
import {assertRealTimers, setImmediate} from '../base/timers.ts';
import {type Authority, createAuthority} from '../certificates/authority.ts';
import type {LoadBalancerSpec} from '../configuration/spec.ts';
import type {ArmedFault, FaultRule} from '../model/fault.ts';
import type {Reloaded} from '../operations/configure.ts';
import type {Context} from '../operations/context.ts';
import type {AccountStore} from './account-store.ts';
import {EmulatorAgent} from './agent.ts';
import {AuthorityFile} from './authority-file.ts';
import {BackendRegistry} from './backend-registry.ts';
import {backendStarter} from './backends.ts';
import {clockOf, type EmulatorClock} from './clock.ts';
import {NOTHING_CONFIGURED, settingsOf} from './configured.ts';
import {Configurer} from './configurer.ts';
import type {Control} from './control.ts';
import type {Call, Emulator, EmulatorEvents} from './emulator.ts';
import {environmentOf} from './emulator-environment.ts';
import {EmulatorFaults} from './emulator-faults.ts';
import {createFromSpec, type LibraryContext} from './library-changes.ts';
import {Live} from './live.ts';
import type {CertificateAuthority, LoadBalancer} from './load-balancer.ts';
import {handlesClosed} from './managed-load-balancer.ts';
import {type NameScope, nameScope} from './name-scope.ts';
import {Notices} from './notices.ts';
import {openStore} from './open-store.ts';
import type {ReadOptions} from './options.ts';
import {ReloadProblem} from './reload-problem.ts';
import {ScopedEmulator} from './scoped-emulator.ts';
import {activityOf, watchForForgotten} from './still-open.ts';
import {TemporaryFolder} from './temporary-folder.ts';
import {describingOnce} from './validate-spec.ts';

/** An emulator that runs. */
export class RunningEmulator implements Emulator {
	readonly clock: EmulatorClock;
	readonly #authority: Authority;
	readonly #folder = new TemporaryFolder();
	readonly #authorityFile: AuthorityFile;
	readonly #registry: BackendRegistry;
	readonly #store: AccountStore;
	readonly #configurer: Configurer;
	readonly #agent: EmulatorAgent;
	readonly #library: LibraryContext;
	readonly #live = new Live();
	readonly #problem = new ReloadProblem(() => this.#live.shown.advance());
	readonly #faults: EmulatorFaults;
	readonly #notices: Notices;
	readonly #options: ReadOptions;
	readonly #time: Clock;
	/** Read at the start alone: what has been named after it keeps its name. */
	#settings: Omit<Context, 'nowMs' | 'wallMs'>;
	#control: Control | undefined;
	#configFiles: readonly string[] = [];
	#stopping: Promise<void> | undefined;
	#endWatch: () => void = () => {};

	private constructor(options: ReadOptions, config: unknown) {
		const {seed} = options;
		this.#options = options;
		this.#authority = options.authority ?? createAuthority();
		this.#authorityFile = new AuthorityFile(this.#authority, this.#folder);
		this.#settings = settingsOf(NOTHING_CONFIGURED.described, seed);
		const {clock, handle} = clockOf(options.clock, () => this.#live.shown.advance());
		this.#registry = new BackendRegistry(this.#authority, backendStarter(clock));
		this.clock = handle;
		this.#time = clock;
		this.#faults = new EmulatorFaults(clock, {seed, tell: event => this.#live.announce('fault', event)});
		this.#notices = new Notices(notice => this.#live.announce('notice', notice));
		const common = {authority: this.#authority, notices: this.#notices};
		this.#store = openStore({
			...common,
			options,
			clock,
			clockHandle: handle,
			live: this.#live,
			faults: this.#faults,
			registry: this.#registry,
			ca: this.ca,
			endpoint: () => this.endpoint,
			context: () => this.#context(),
			library: () => this.#library,
		});
		const dnsNameOf: LibraryContext['dnsNameOf'] = of => this.#settings.identifiers.dnsName(of.name, of.internal);
		const store = this.#store;
		this.#agent = new EmulatorAgent(store, options.proxyUnknown);
		this.#configurer = new Configurer({
			...common,
			store,
			config,
			identifiers: () => this.#settings.identifiers,
			dnsNameOf,
			onFiles: files => {
				this.#configFiles = files.map(file => path.resolve(file));
			},
		});
		const configured = () => this.#configurer.configured;
		this.#library = {store, authority: this.#authority, configured, describing: describingOnce(), dnsNameOf};
	}

	/**
	 * @param begin the rest of the start, the control port last: an open one says that everything is bound.
	 * @throws EmulatorError see {@link startEmulator}; everything that was started is stopped then.
	 */
	static async start<Begun>(
		options: ReadOptions,
		config: unknown,
		{startedAt, begin}: {startedAt: string | undefined; begin: (emulator: RunningEmulator) => Promise<Begun>},
	): Promise<Begun> {
		assertNode();
		await assertRealTimers();
		const emulator = new RunningEmulator(options, config);
		try {
			if (config !== undefined) await emulator.reload();
			const begun = await begin(emulator);
			// Whoever has started it listens by then.
			setImmediate(() => emulator.#live.begin());
			emulator.#watch(startedAt);
			return begun;
		} catch (error) {
			await emulator.stop();
			throw error;
		}
	}

	get events(): EventEmitter<EmulatorEvents> {
		return this.#live.events;
	}

	get ca(): CertificateAuthority {
		return this.#authorityFile.certificate;
	}

	get loadBalancers(): LoadBalancer[] {
		return [...this.#store.managed.values()].map(({handle}) => handle);
	}

	get endpoint(): string {
		return this.#control?.endpoint ?? '';
	}

	get proxyUrl(): string {
		return this.endpoint;
	}

	get calls(): readonly Call[] {
		return this.#control?.calls ?? [];
	}

	get warnings(): readonly string[] {
		return this.#notices.texts('warning');
	}

	get notices(): readonly string[] {
		return this.#notices.texts('note');
	}

	get faults(): readonly ArmedFault[] {
		return this.#faults.ofApi.all;
	}

	inject(rule: FaultRule): ArmedFault {
		this.#store.refuseWhenStopped();
		return this.#faults.inject(rule);
	}

	get configFiles(): readonly string[] {
		return this.#configFiles;
	}

	get(name: string): LoadBalancer {
		return this.#store.get(name).handle;
	}

	reopenAccessLogs(): Promise<void> {
		return this.#store.reopenAccessLogs();
	}

	create(spec: LoadBalancerSpec): Promise<LoadBalancer> {
		return this.#create(spec);
	}

	/** As `create`, and stopping the load balancer stops the emulator. */
	createAlone(spec: unknown): Promise<LoadBalancer> {
		return this.#create(spec, drainMs => this.stop({drainMs}));
	}

	async openControlPort(): Promise<void> {
		const {openControl} = await import('./open-control.ts');
		this.#control = await openControl({
			store: this.#store,
			context: () => this.#context(),
			configurer: this.#configurer,
			options: this.#options,
			clock: this.#time,
			clockHandle: this.clock,
			authorityPem: this.#authority.pem,
			connection: async () => (await import('./connection.ts')).connectionOf(this, this.#store.managed.values()),
			notices: this.#notices,
			problem: this.#problem,
			onReset: prefix => this.#reset(prefix === undefined ? undefined : nameScope(prefix)),
			live: this.#live,
			faults: this.#faults,
		});
	}

	reload(): Promise<Reloaded> {
		return this.#problem.during(() =>
			this.#configurer.reload(described => {
				this.#settings = settingsOf(described, this.#options.seed);
			}),
		);
	}

	env(): Record<string, string> {
		return environmentOf({
			endpoint: this.endpoint,
			region: this.#settings.identifiers.region,
			credentials: this.#configurer.configured.described.control.credentials,
			folder: () => this.#folder.path,
		});
	}

	agent(): Agent {
		return this.#agent.get();
	}

	reset(): Promise<void> {
		return this.#reset();
	}

	scope(prefix: string): Emulator {
		const scope = nameScope(prefix);
		return new ScopedEmulator(this, scope, () => this.#reset(scope));
	}

	stop({drainMs = 0}: {readonly drainMs?: number} = {}): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs);
		else if (drainMs === 0) void this.#store.stop(0);
		return this.#stopping;
	}

	toString(): string {
		return `emulator${this.endpoint === '' ? '' : ` at ${this.endpoint}`}`;
	}

	[INSPECT](...how: InspectArguments): string {
		const {endpoint, loadBalancers, warnings, notices} = this;
		return showFields('Emulator', {endpoint, loadBalancers: loadBalancers.map(String), warnings, notices}, how);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	async #stop(drainMs: number): Promise<void> {
		this.#endWatch();
		this.#control?.endStreams();
		this.#faults.close();
		// Nothing new comes from now on. The control port closes last: meanwhile `/_lb/ready` says that it stops.
		await this.#store.stop(drainMs);
		this.#agent.destroy();
		await this.#registry.stop();
		await this.#control?.stop();
		await this.#folder.remove();
		this.events.removeAllListeners();
		await handlesClosed();
	}

	/** Says so when it is forgotten by a test. */
	#watch(startedAt: string | undefined): void {
		if (this.#stopping !== undefined) return;
		const names = () => [...this.#store.managed.keys()];
		this.#endWatch = watchForForgotten({names, activity: () => activityOf(this.loadBalancers)}, startedAt);
	}

	async #reset(scope?: NameScope): Promise<void> {
		await this.#configurer.reset(scope);
		if (scope === undefined) {
			this.#faults.clear();
			this.#control?.forgetCalls();
		}
		// Also where there is no load balancer whose record could tell of it.
		this.#live.cleared();
	}

	async #create(spec: unknown, stop?: (drainMs: number) => Promise<void>): Promise<LoadBalancer> {
		return (await createFromSpec(spec, this.#library, stop)).handle;
	}

	#context(): Context {
		return {nowMs: this.#time.now(), wallMs: this.#time.wallMs(), ...this.#settings};
	}
}
