import {EventEmitter} from 'node:events';
import path from 'node:path';
import type {Clock} from './base/clock.ts';
import {messageOf} from './base/errors.ts';
import {INSPECT, type InspectArguments, showFields} from './base/inspection.ts';
import {assertNode} from './base/runtime.ts';
import {assertRealTimers, queueMicrotask, setImmediate} from './base/timers.ts';
import {type Authority, createAuthority} from './certificates/authority.ts';
import type {LoadBalancerSpec} from './configuration/spec.ts';
import type {LoggedCall} from './control-plane/call-log.ts';
import {RunningLoadBalancer} from './data-plane/running-load-balancer.ts';
import type {HealthChange} from './data-plane/services.ts';
import {ReadBuffers} from './data-plane/sockets/read-buffers.ts';
import {ReadTurns} from './data-plane/sockets/read-turns.ts';
import {SecureContexts} from './data-plane/sockets/tls-settings.ts';
import {AccountStore} from './emulator/account-store.ts';
import {AuthorityFile} from './emulator/authority-file.ts';
import {BackendRegistry} from './emulator/backend-registry.ts';
import {startBackend} from './emulator/backends.ts';
import {clientEnvironment} from './emulator/client-environment.ts';
import {clockOf, type EmulatorClock} from './emulator/clock.ts';
import {NOTHING_CONFIGURED} from './emulator/configured.ts';
import {Configurer} from './emulator/configurer.ts';
import type {Control} from './emulator/control.ts';
import {createFromSpec, type LibraryContext, setCertificateOf, updateFromSpec} from './emulator/library-changes.ts';
import type {CertificateAuthority, LoadBalancer} from './emulator/load-balancer.ts';
import {handlesClosed} from './emulator/managed-load-balancer.ts';
import {EMULATOR_OPTIONS, type EmulatorOptions, type ReadOptions, readOptions} from './emulator/options.ts';
import {callerUnderTest, watchForForgotten} from './emulator/still-open.ts';
import {DEFAULT_ACCOUNT_ID, DEFAULT_REGION} from './model/dns-name.ts';
import type {NormalisedConfig} from './model/normalised.ts';
import type {Exchange} from './observability/exchange.ts';
import type {Reloaded} from './operations/configure.ts';
import {type Context, NO_QUOTAS} from './operations/context.ts';
import {Identifiers} from './operations/identifiers.ts';

/** What an emulator emits while it runs. */
export interface EmulatorEvents {
	/** The cloud's API has been called, through the control port. */
	call: [call: Call];
	/** An exchange has ended, at whichever load balancer. */
	exchange: [exchange: Exchange];
	/** The probes have brought a back-end in service, or taken it out. */
	health: [change: HealthChange];
	/** Somebody asks for a stop: `POST /_lb/stop` at the control port, which is refused while nobody listens. */
	stop: [];
}

/** One call of the cloud's API. */
export type Call = LoggedCall;

/** Any number of load balancers, the back-ends and certificates they share, and the authority that signs for them. */
export interface Emulator extends AsyncDisposable {
	readonly ca: CertificateAuthority;
	readonly loadBalancers: readonly LoadBalancer[];
	/** What works here and will surprise elsewhere: expired certificates and the like. */
	readonly warnings: readonly string[];
	/** Ports that could not be had, and what was taken instead. */
	readonly notices: readonly string[];
	readonly events: EventEmitter<EmulatorEvents>;
	/** What every health check, timeout and expiry goes by. */
	readonly clock: EmulatorClock;
	/** The control port: `http://127.0.0.1:8089`. Empty where none was opened. */
	readonly endpoint: string;
	/** The latest calls of the cloud's API, oldest first; `unread` names the fields that had no effect. */
	readonly calls: readonly Call[];
	/** Environment variables that point the cloud's clients here. */
	env(): Record<string, string>;
	/**
	 * Puts everything back to what the configuration says: what was made or changed in other ways is gone, traffic and
	 * calls are forgotten. Load balancers that are as the configuration has them go on running.
	 *
	 * @throws EmulatorError what kept it from being carried out, `STOPPED`.
	 */
	reset(): Promise<void>;
	/**
	 * Starts one more load balancer.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, `NAME_TAKEN`, `PORT_UNAVAILABLE`,
	 * `COMMAND_FAILED`, `STOPPED`; then nothing of it is left running.
	 */
	create(spec: LoadBalancerSpec): Promise<LoadBalancer>;
	/** @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `STOPPED` */
	get(name: string): LoadBalancer;
	/**
	 * Goes on in new files of the same names, after whoever rotates access logs has renamed the old ones. Nothing is lost.
	 *
	 * @throws EmulatorError `ACCESS_LOG_UNWRITABLE` when one of them cannot be made; it goes on in its old one then.
	 * `STOPPED`
	 */
	reopenAccessLogs(): Promise<void>;
	/** Absolute paths of the files that its configuration consists of, its certificates' too; none without a file. */
	readonly configFiles: readonly string[];
	/**
	 * Reads and validates its configuration again, as a whole, and carries out what differs from what it said before: load
	 * balancers, certificates and back-ends that come, change and go. Everything else goes on undisturbed, what was made
	 * or changed in other ways included. Changes that are asked for meanwhile wait.
	 *
	 * @returns what was different.
	 * @throws EmulatorError `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `INVALID_DESCRIPTION` with every violation, or what kept
	 * the change from being carried out: `PORT_UNAVAILABLE`, `COMMAND_FAILED`, `ACCESS_LOG_UNWRITABLE`, `NAME_TAKEN`,
	 * `STOPPED`; then everything is as it was.
	 */
	reload(): Promise<Reloaded>;
	/**
	 * Stops everything. What is in flight may finish for `drainMs`, 0 unless said otherwise; a second call with less
	 * time cuts it sooner. Resolves when the ports are free and nothing is left.
	 */
	stop(options?: {readonly drainMs?: number}): Promise<void>;
}

/**
 * Starts an emulator, with everything its configuration describes.
 *
 * @throws EmulatorError `INVALID_DESCRIPTION` or `CONFIG_INVALID` with every violation, `CONFIG_NOT_FOUND`,
 * `PORT_UNAVAILABLE`, `COMMAND_FAILED`; then nothing is left running.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const startedAt = callerUnderTest(startEmulator);
	return RunningEmulator.start(readOptions(options), options.config, {opensControlPort: true, startedAt});
}

/**
 * Starts one load balancer with an emulator of its own: what most tests want. Stopping it stops both.
 *
 * @throws EmulatorError as {@link startEmulator} and {@link Emulator.create}.
 */
export async function startLoadBalancer(spec: LoadBalancerSpec & EmulatorOptions): Promise<LoadBalancer> {
	const startedAt = callerUnderTest(startLoadBalancer);
	// A caller without types may pass anything; only what is an object has options to take out.
	const all: Record<string, unknown> = typeof spec === 'object' && spec !== null ? {...spec} : {};
	const options: Record<string, unknown> = {};
	for (const name of EMULATOR_OPTIONS) {
		if (name in all) options[name] = all[name];
		delete all[name];
	}
	const read = readOptions(options);
	const opensControlPort = read.port !== undefined;
	const emulator = await RunningEmulator.start(read, options['config'], {opensControlPort, startedAt});
	return emulator.createAlone(typeof spec === 'object' ? all : spec);
}

class RunningEmulator implements Emulator {
	readonly events = new EventEmitter<EmulatorEvents>();
	readonly warnings: string[] = [];
	readonly notices: string[] = [];
	readonly clock: EmulatorClock;
	readonly #authority: Authority;
	readonly #authorityFile: AuthorityFile;
	readonly #registry: BackendRegistry;
	readonly #store: AccountStore;
	readonly #configurer: Configurer;
	readonly #library: LibraryContext;
	readonly #options: ReadOptions;
	readonly #time: Clock;
	/** Read at the start alone: what has been named after it keeps its name. */
	#settings: Omit<Context, 'nowMs' | 'wallMs'>;
	#control: Control | undefined;
	/** Events that wait until somebody can listen; undefined from then on. */
	#waiting: HealthChange[] | undefined = [];
	#configFiles: readonly string[] = [];
	#stopping: Promise<void> | undefined;
	#endWatch: () => void = () => {};

	private constructor(options: ReadOptions, config: unknown) {
		const {seed, record} = options;
		this.#options = options;
		this.#authority = options.authority ?? createAuthority();
		this.#authorityFile = new AuthorityFile(this.#authority);
		this.#registry = new BackendRegistry(this.#authority, startBackend);
		this.#settings = settingsOf(NOTHING_CONFIGURED.described, seed);
		const {clock, handle} = clockOf(options.clock);
		this.clock = handle;
		this.#time = clock;
		const common = {authority: this.#authority, warnings: this.warnings};
		this.#store = new AccountStore({
			...common,
			options,
			context: () => this.#context(),
			moment: () => ({nowMs: this.#time.now(), lifecycleMs: this.#settings.lifecycleMs}),
			ca: this.ca,
			endpoint: () => this.endpoint,
			clock: handle,
			services: {
				clock,
				buffers: new ReadBuffers(),
				readTurns: new ReadTurns(),
				contexts: new SecureContexts(),
				seed,
				onHealthChange: change => this.#emitHealth(change),
				record,
			},
			prepareStart: RunningLoadBalancer.prepareStart,
			// Most load balancers write none.
			openAccessLog: async (...of) => (await import('./emulator/access-log.ts')).openAccessLog(...of),
			registry: this.#registry,
			notices: this.notices,
			onExchange: exchange => this.events.emit('exchange', exchange),
			update: (managed, spec) => updateFromSpec(managed, spec, this.#library),
			setCertificate: (managed, port, certificate) => setCertificateOf(managed, port, certificate, this.#library),
		});
		const dnsNameOf: LibraryContext['dnsNameOf'] = ({name, internal}) =>
			this.#settings.identifiers.dnsName(name, internal);
		const store = this.#store;
		this.#configurer = new Configurer({
			...common,
			store,
			config,
			dnsNameOf,
			onFiles: files => {
				this.#configFiles = files.map(file => path.resolve(file));
			},
		});
		this.#library = {store, authority: this.#authority, configured: () => this.#configurer.configured, dnsNameOf};
	}

	/** @throws EmulatorError see {@link startEmulator}; everything that was started is stopped then. */
	static async start(
		options: ReadOptions,
		config: unknown,
		{opensControlPort, startedAt}: {readonly opensControlPort: boolean; readonly startedAt: string | undefined},
	): Promise<RunningEmulator> {
		assertNode();
		await assertRealTimers();
		const emulator = new RunningEmulator(options, config);
		try {
			if (config !== undefined) await emulator.reload();
			if (opensControlPort) await emulator.#openControlPort();
			// Whoever has started it listens by then.
			setImmediate(() => emulator.#emitWaiting());
			emulator.#watch(startedAt);
			return emulator;
		} catch (error) {
			await emulator.stop();
			throw error;
		}
	}

	get ca(): CertificateAuthority {
		const file = this.#authorityFile;
		return {
			pem: this.#authority.pem,
			get file() {
				return file.path;
			},
		};
	}

	get loadBalancers(): LoadBalancer[] {
		return [...this.#store.managed.values()].map(({handle}) => handle);
	}

	get endpoint(): string {
		return this.#control?.endpoint ?? '';
	}

	get calls(): readonly Call[] {
		return this.#control?.calls ?? [];
	}

	get configFiles(): readonly string[] {
		return this.#configFiles;
	}

	get(name: string): LoadBalancer {
		return this.#store.get(name).handle;
	}

	async reopenAccessLogs(): Promise<void> {
		this.#store.refuseWhenStopped();
		const reopened = await Promise.allSettled([...this.#store.managed.values()].map(({log}) => log?.reopen()));
		for (const result of reopened) if (result.status === 'rejected') throw result.reason;
	}

	create(spec: LoadBalancerSpec): Promise<LoadBalancer> {
		return this.#create(spec);
	}

	/** As `create`, and stopping the load balancer, or failing to start it, stops the emulator. */
	async createAlone(spec: unknown): Promise<LoadBalancer> {
		try {
			return await this.#create(spec, drainMs => this.stop({drainMs}));
		} catch (error) {
			await this.stop();
			throw error;
		}
	}

	reload(): Promise<Reloaded> {
		return this.#configurer.reload(described => {
			this.#settings = settingsOf(described, this.#options.seed);
		});
	}

	env(): Record<string, string> {
		const {control} = this.#configurer.configured.described;
		return clientEnvironment({
			endpoint: this.endpoint,
			region: this.#settings.identifiers.region,
			isVerified: control.credentials !== undefined,
		});
	}

	async reset(): Promise<void> {
		await this.#configurer.reset();
		this.#control?.forgetCalls();
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
		// Nothing new comes from this moment on.
		await Promise.all([this.#store.stop(drainMs), this.#control?.stop()]);
		await this.#registry.stop();
		await this.#authorityFile.remove();
		this.events.removeAllListeners();
		await handlesClosed();
	}

	/** Says so when it is forgotten by a test. */
	#watch(startedAt: string | undefined): void {
		if (this.#stopping !== undefined) return;
		const names = () => [...this.#store.managed.keys()];
		const activity = () =>
			this.loadBalancers
				.map(({traffic, backends}) => [traffic.length, traffic.forgotten, ...backends.map(({inFlight}) => inFlight)])
				.join();
		this.#endWatch = watchForForgotten({names, activity}, startedAt);
	}

	async #create(spec: unknown, stop?: (drainMs: number) => Promise<void>): Promise<LoadBalancer> {
		return (await createFromSpec(spec, this.#library, stop)).handle;
	}

	async #openControlPort(): Promise<void> {
		const {Control} = await import('./emulator/control.ts');
		const {ports, port, clock} = this.#options;
		this.#control = await Control.start({
			store: this.#store,
			context: () => this.#context(),
			config: this.#configurer.configured.described,
			port,
			prefersUsualPort: ports === 'fallback' || ports === 'fallback-always',
			clock: this.#time,
			clockKind: clock,
			authorityPem: this.#authority.pem,
			warnings: this.warnings,
			notices: this.notices,
			onReset: () => this.reset(),
			askToStop: () => (this.events.listenerCount('stop') > 0 ? () => void this.events.emit('stop') : undefined),
			onCall: call => queueMicrotask(() => this.events.emit('call', call)),
			onError: error => this.warnings.push(`the control port: ${messageOf(error)}`),
		});
	}

	#context(): Context {
		return {...this.#settings, nowMs: this.#time.now(), wallMs: this.#time.wallMs()};
	}

	#emitHealth(change: HealthChange): void {
		if (this.#waiting !== undefined) {
			this.#waiting.push(change);
			return;
		}
		// A listener's bug must show, but not among the probes.
		queueMicrotask(() => this.events.emit('health', change));
	}

	#emitWaiting(): void {
		const waiting = this.#waiting ?? [];
		this.#waiting = undefined;
		for (const change of waiting) this.#emitHealth(change);
	}
}

/** What operations go by, as the configuration says at the start. */
function settingsOf({control, account}: NormalisedConfig, seed: number): Omit<Context, 'nowMs' | 'wallMs'> {
	const {id: accountId = DEFAULT_ACCOUNT_ID, region = DEFAULT_REGION} = account;
	const {lifecycleMs, strict, faithfulHealth, accessLogs} = control;
	return {
		identifiers: new Identifiers({seed, region, accountId}),
		lifecycleMs,
		strict,
		faithfulHealth,
		accessLogFolder: accessLogs,
		quotas: NO_QUOTAS,
	};
}
