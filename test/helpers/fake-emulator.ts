import {OutscaleDialect} from '../../src/control-plane/outscale/dialect.ts';
import {ReadBuffers} from '../../src/data-plane/sockets/read-buffers.ts';
import {ReadTurns} from '../../src/data-plane/sockets/read-turns.ts';
import {SecureContexts} from '../../src/data-plane/sockets/tls-settings.ts';
import {AccountStore} from '../../src/emulator/account-store.ts';
import {BackendRegistry} from '../../src/emulator/backend-registry.ts';
import {AccountAsCloud} from '../../src/emulator/cloud-store.ts';
import {Configurer} from '../../src/emulator/configurer.ts';
import {Control} from '../../src/emulator/control.ts';
import {EmulatorFaults} from '../../src/emulator/emulator-faults.ts';
import {
	createFromSpec,
	type LibraryContext,
	setCertificateOf,
	updateFromSpec,
} from '../../src/emulator/library-changes.ts';
import {Live} from '../../src/emulator/live.ts';
import {Notices} from '../../src/emulator/notices.ts';
import type {PortMode} from '../../src/emulator/options.ts';
import {describingOnce} from '../../src/emulator/validate-spec.ts';
import {type Authority, createAuthority, type LoadBalancer} from '../../src/index.ts';
import {DEFAULT_ACCOUNT_ID, DEFAULT_REGION} from '../../src/model/dns-name.ts';
import {TrafficFeed} from '../../src/observability/traffic-feed.ts';
import {type Context, NO_QUOTAS} from '../../src/operations/context.ts';
import {Identifiers} from '../../src/operations/identifiers.ts';
import type {FakeDataPlane} from './fake-data-plane.ts';
import {HandClock} from './hand-clock.ts';
import type {Surfaces} from './interleaved-comparison.ts';
import {ApiRefusal, type SteppedEmulator} from './interleaved-step.ts';

export interface FakeEmulatorOptions {
	readonly plane: FakeDataPlane;
	readonly ports: PortMode;
	readonly lifecycleMs: number;
	readonly authority?: Authority;
}

/** The store, and every surface of it, over a data plane that moves no bytes. */
export class FakeEmulator implements SteppedEmulator, Surfaces {
	readonly notices = new Notices();
	readonly clock = new HandClock();
	readonly authority: Authority;
	readonly registry: BackendRegistry;
	readonly store: AccountStore;
	readonly #configurer: Configurer;
	readonly #library: LibraryContext;
	readonly #dialect: OutscaleDialect;
	readonly #lifecycleMs: number;
	readonly #identifiers = new Identifiers({seed: 1, region: DEFAULT_REGION, accountId: DEFAULT_ACCOUNT_ID});
	/** What the next reload reads. */
	readonly #config: Record<string, unknown> = {};
	#control: Control | undefined;

	constructor({plane, ports, lifecycleMs, authority = createAuthority()}: FakeEmulatorOptions) {
		this.authority = authority;
		this.#lifecycleMs = lifecycleMs;
		this.registry = new BackendRegistry(authority, plane.startBackend);
		const {notices} = this;
		this.store = new AccountStore({
			options: {host: '127.0.0.1', ports, seed: 1},
			context: () => this.context(),
			moment: () => ({nowMs: this.clock.now(), lifecycleMs}),
			authority,
			ca: {pem: authority.pem, file: ''},
			endpoint: () => '',
			clock: {now: () => this.clock.wallMs(), advance: () => this.clock.advance(0)},
			services: {
				clock: this.clock,
				buffers: new ReadBuffers(),
				readTurns: new ReadTurns(),
				contexts: new SecureContexts(),
				seed: 1,
				feed: new TrafficFeed(),
				onHealthChange: () => {},
				onAdvice: () => {},
				record: {exchanges: 1, bodyBytes: 1},
			},
			prepareStart: plane.prepareStart,
			faultReader: () => import('../../src/configuration/describe-faults.ts'),
			openAccessLog: plane.openAccessLog,
			registry: this.registry,
			notices,
			onExchange: () => {},
			update: (managed, spec) => updateFromSpec(managed, spec, this.#library),
			setCertificate: (managed, port, certificate) => setCertificateOf(managed, port, certificate, this.#library),
		});
		const {store} = this;
		const dnsNameOf: LibraryContext['dnsNameOf'] = ({name, internal}) => this.#identifiers.dnsName(name, internal);
		const config = this.#config;
		this.#configurer = new Configurer({
			...{store, authority, config, dnsNameOf, notices},
			identifiers: () => this.#identifiers,
			onFiles: () => {},
		});
		const configured = () => this.#configurer.configured;
		this.#library = {store, authority, configured, describing: describingOnce(), dnsNameOf};
		this.#dialect = new OutscaleDialect({
			store: new AccountAsCloud(store, () => this.context()),
			authenticate: undefined,
		});
	}

	get loadBalancers(): LoadBalancer[] {
		return [...this.store.managed.values()].map(({handle}) => handle);
	}

	async readState(): Promise<ReturnType<Control['state']>> {
		return this.#opened.state();
	}

	get #opened(): Control {
		if (this.#control === undefined) throw new Error('open() has not been called');
		return this.#control;
	}

	/** Opens the control port, which is real. */
	async open(): Promise<void> {
		const {store, clock, authority, notices} = this;
		this.#control = await Control.start({
			store,
			context: () => this.context(),
			problem: {warnings: []},
			configurer: this.#configurer,
			port: 0,
			prefersUsualPort: false,
			clock,
			clockKind: 'manual',
			clockHandle: {now: () => clock.wallMs(), advance: () => clock.advance(0)},
			live: new Live(),
			faults: new EmulatorFaults(clock, {seed: 1, tell: () => {}}),
			onDrained: () => {},
			authorityPem: authority.pem,
			connection: () => Promise.reject(new Error('Nobody asks how clients are pointed here')),
			notices,
			proxyUnknown: 'refuse',
			onReset: () => this.reset(),
			askToStop: () => undefined,
			onCall: () => {},
			onError: () => {},
		});
	}

	context(): Context {
		const {identifiers, lifecycleMs} = {identifiers: this.#identifiers, lifecycleMs: this.#lifecycleMs};
		const {clock} = this;
		return {
			identifiers,
			lifecycleMs,
			nowMs: clock.now(),
			wallMs: clock.wallMs(),
			strict: false,
			faithfulHealth: false,
			accessLogFolder: undefined,
			quotas: NO_QUOTAS,
		};
	}

	get(name: string): LoadBalancer {
		return this.store.get(name).handle;
	}

	async create(spec: object): Promise<LoadBalancer> {
		return (await createFromSpec(spec, this.#library)).handle;
	}

	reload(config: object): Promise<unknown> {
		for (const key of Object.keys(this.#config)) delete this.#config[key];
		Object.assign(this.#config, config);
		return this.#configurer.reload(() => {});
	}

	reset(): Promise<void> {
		return this.#configurer.reset();
	}

	// biome-ignore lint/suspicious/noExplicitAny: tests look into it, and fail where it is not what they expect.
	async api(action: string, body: object = {}): Promise<any> {
		const bytes = Buffer.from(JSON.stringify(body));
		const call = {method: 'POST', path: `/api/v1/${action}`, headers: new Map(), body: bytes};
		const {answer} = await this.#dialect.answer(call);
		const read = JSON.parse(answer.body);
		if (answer.status === 200) return read;
		const [error] = read.Errors;
		if (answer.status >= 500) throw new Error(`${action} was answered ${answer.status}: ${answer.body}`);
		throw new ApiRefusal(`${answer.status} ${error.Code}: ${error.Details}`);
	}

	setVm(vm: {readonly id: string; readonly address: string}): Promise<void> {
		return this.#opened.setVm(vm);
	}

	async removeVm(id: string): Promise<void> {
		if (!(await this.#opened.removeVm(id))) throw new ApiRefusal(`no VM ${id}`);
	}

	pass(): Promise<void> {
		return this.clock.advance(1000);
	}

	async stop(): Promise<void> {
		await Promise.all([this.store.stop(0), this.close()]);
		await this.registry.stop();
	}

	/** Closes the control port alone. */
	async close(): Promise<void> {
		await this.#control?.stop();
	}
}
