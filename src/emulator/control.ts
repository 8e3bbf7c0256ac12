import {type Clock, systemClock} from '../base/clock.ts';
import type {Duration} from '../base/duration.ts';
import {formatAddress} from '../base/errors.ts';
import {version} from '../base/version.ts';
import {readAddress} from '../configuration/host-names.ts';
import type {Config} from '../configuration/spec.ts';
import type {AdminApi, Connection, PlacedFault, Readiness} from '../control-plane/admin/admin-api.ts';
import type {LiveSource} from '../control-plane/admin/live.ts';
import type {Counted} from '../control-plane/admin/metrics.ts';
import {loadBalancerState, type VmAddress} from '../control-plane/admin/state.ts';
import type {RecordedTraffic} from '../control-plane/admin/traffic.ts';
import {AwsDialect} from '../control-plane/aws/dialect.ts';
import type {LoggedCall} from '../control-plane/call-log.ts';
import {OutscaleDialect} from '../control-plane/outscale/dialect.ts';
import {type ControlPlane, startControlPlane} from '../control-plane/server.ts';
import {authenticator} from '../control-plane/signature.ts';
import type {TunnelRoute, TunnelTarget} from '../control-plane/tunnels.ts';
import type {ArmedFault, FaultRule} from '../model/fault.ts';
import {stateOf} from '../model/life.ts';
import type {NormalisedBackend, NormalisedConfig} from '../model/normalised.ts';
import type {Reloaded} from '../operations/configure.ts';
import type {Context} from '../operations/context.ts';
import {declareVm} from '../operations/declare-vm.ts';
import type {AccountStore} from './account-store.ts';
import type {EmulatorClock} from './clock.ts';
import {AccountAsCloud} from './cloud-store.ts';
import type {Configurer} from './configurer.ts';
import type {EmulatorFaults} from './emulator-faults.ts';
import {addressOfListener, findListener} from './named-listeners.ts';
import type {Notices} from './notices.ts';
import {countedBy, recordedTraffic} from './recorded.ts';
import type {ReloadProblem} from './reload-problem.ts';
import {withDetails} from './state-details.ts';

/** The port that the command line takes when nobody asked for one. */
const USUAL_PORT = 8089;

export interface ControlOptions {
	readonly store: AccountStore;
	/** What operations go by, as of this moment. */
	readonly context: () => Context;
	readonly configurer: Pick<Configurer, 'configured' | 'described' | 'restore'>;
	/** undefined = what the configuration says. */
	readonly port: number | undefined;
	/** Whether a port that nobody asked for is the usual one or the next free one; any free one otherwise. */
	readonly prefersUsualPort: boolean;
	readonly clock: Clock;
	readonly clockKind: 'real' | 'manual';
	readonly clockHandle: EmulatorClock;
	readonly authorityPem: string;
	/** See `AdminApi.connection`. */
	readonly connection: () => Promise<Connection>;
	readonly notices: Notices;
	readonly problem: Pick<ReloadProblem, 'warnings'>;
	/** What becomes of a CONNECT to a name that is nobody's here. */
	readonly proxyUnknown: 'refuse' | 'tunnel';
	/** Puts everything back to what the configuration says, or what has names that begin so. */
	readonly onReset: (prefix?: string) => Promise<void>;
	/** @returns what asks whoever runs this to stop, if anybody listens for that. */
	readonly askToStop: () => (() => void) | undefined;
	readonly live: LiveSource;
	readonly faults: EmulatorFaults;
	readonly onCall: (call: LoggedCall) => void;
	readonly onDrained: (backend: {readonly loadBalancer: string; readonly backend: string}) => void;
	/** Told of a mistake of ours; the client is answered 500. */
	readonly onError: (error: unknown) => void;
}

/** The control port of one emulator, over its account. */
export class Control implements AdminApi {
	readonly #options: ControlOptions;
	/** The configuration as it was read at the start. */
	readonly #config: NormalisedConfig;
	#server: ControlPlane | undefined;

	private constructor(options: ControlOptions) {
		this.#options = options;
		this.#config = options.configurer.configured.described;
	}

	/** @throws EmulatorError `PORT_UNAVAILABLE`, `INVALID_DESCRIPTION` */
	static async start(options: ControlOptions): Promise<Control> {
		const control = new Control(options);
		await control.#open();
		return control;
	}

	/** `http://127.0.0.1:8089` */
	get endpoint(): string {
		return this.#server?.endpoint ?? '';
	}

	get calls(): readonly LoggedCall[] {
		return this.#server?.calls.calls ?? [];
	}

	get authorityPem(): string {
		return this.#options.authorityPem;
	}

	get askToStop(): (() => void) | undefined {
		return this.#options.askToStop();
	}

	connection(): Promise<Connection> {
		return this.#options.connection();
	}

	readiness(): Readiness {
		const {store} = this.#options;
		const undecided = [...store.managed.values()].flatMap(({name, running}) =>
			running.undecided.map(backend => `${name}/${backend.name}`),
		);
		return {isStopping: store.isStopping, undecided};
	}

	state(): ReturnType<AdminApi['state']> {
		const {store, context, clock, clockKind, notices, problem} = this.#options;
		const {account} = store;
		const moment = context();
		return {
			version: version(),
			pid: process.pid,
			region: moment.identifiers.region,
			credentials: this.#config.control.credentials === undefined ? 'any' : 'verified',
			clock: {kind: clockKind, now: new Date(clock.wallMs()).toISOString()},
			loadBalancers: [...store.managed.values()].map(managed => {
				const {handle} = managed;
				const life = account.loadBalancers.get(handle.name)?.life;
				const state = loadBalancerState(handle, life === undefined ? 'active' : stateOf(life, moment));
				return withDetails(state, managed);
			}),
			vms: [...account.vms].map(([id, backend]) => ({id, address: this.#addressOf(backend)})),
			notices: notices.texts('note'),
			warnings: [...problem.warnings, ...notices.texts('warning')],
		};
	}

	async config(): Promise<Config> {
		return (await this.#options.configurer.described()).written;
	}

	restore(config: unknown): Promise<Reloaded> {
		return this.#options.configurer.restore(config);
	}

	faults(): readonly PlacedFault[] {
		const {store, faults} = this.#options;
		const ofTraffic = [...store.managed.values()].flatMap(({name, handle}) =>
			handle.faults.map(fault => ({loadBalancer: name, fault})),
		);
		return [...ofTraffic, ...faults.ofApi.all.map(fault => ({loadBalancer: undefined, fault}))];
	}

	inject(loadBalancer: string | undefined, rule: unknown): ArmedFault {
		const {store, faults} = this.#options;
		// Both validate whatever they are given.
		if (loadBalancer !== undefined) return store.get(loadBalancer).handle.inject(rule as FaultRule);
		store.refuseWhenStopped();
		return faults.inject(rule);
	}

	/** Asked for at the control port. */
	reset(prefix?: string): Promise<void> {
		return this.#options.onReset(prefix);
	}

	forgetCalls(): void {
		this.#server?.calls.clear();
	}

	setHealth(...[loadBalancer, backend, state]: Parameters<AdminApi['setHealth']>): void {
		this.#options.store.get(loadBalancer).handle.setHealth(backend, state);
	}

	get live(): LiveSource {
		return this.#options.live;
	}

	traffic(): readonly RecordedTraffic[] {
		return [...this.#options.store.managed.values()].map(recordedTraffic);
	}

	counted(): readonly Counted[] {
		return [...this.#options.store.managed.values()].map(countedBy);
	}

	async drain(loadBalancer: string, backend: string): Promise<number> {
		const {handle, running} = this.#options.store.get(loadBalancer);
		const found = running.backends.find(({name}) => name === backend);
		const drained = handle.drain(backend);
		// It is refused then.
		if (found === undefined) await drained;
		void drained.then(() => this.#options.onDrained({loadBalancer, backend}));
		return found?.inFlight ?? 0;
	}

	async switchBackend(loadBalancer: string, backend: string, action: 'start' | 'stop'): Promise<void> {
		await this.#options.store.get(loadBalancer).handle.backend(backend)[action]();
	}

	async advanceClock(by: Duration): Promise<void> {
		await this.#options.clockHandle.advance(by);
	}

	/** See `ControlPlane.endStreams`. */
	endStreams(): void {
		this.#server?.endStreams();
	}

	async setVm({id, address}: VmAddress): Promise<void> {
		const read = readAddress(address);
		// Validated by whoever took the request.
		if ('message' in read) return;
		await this.#declareVm(id, {kind: 'address', name: id, ...read, ports: new Map()});
	}

	async removeVm(id: string): Promise<boolean> {
		const isKnown = this.#options.store.account.vms.has(id);
		if (isKnown) await this.#declareVm(id, undefined);
		return isKnown;
	}

	stop(): Promise<void> {
		return this.#server?.stop() ?? Promise.resolve();
	}

	/** Load balancers that the VM is registered with follow. */
	async #declareVm(id: string, backend: NormalisedBackend | undefined): Promise<void> {
		const {store} = this.#options;
		const users = [...store.account.loadBalancers.values()].filter(({backends}) =>
			backends.some(each => each.kind === 'vm' && each.id === id),
		);
		await store.change(
			users.map(({name}) => name),
			() => ({operation: declareVm({id, backend}), yieldsPorts: true}),
		);
	}

	async #open(): Promise<void> {
		const {store, context, port, prefersUsualPort, clock, onCall, onError} = this.#options;
		const {host, names, credentials, port: configured, dialect} = this.#config.control;
		const wanted = port ?? configured;
		const cloud = new AccountAsCloud(store, context);
		// Clients sign by the machine's time, whatever moves the emulator's.
		const nowMs = () => systemClock.wallMs();
		this.#server = await startControlPlane({
			host,
			names,
			port: wanted ?? (prefersUsualPort ? USUAL_PORT : 0),
			fallback: wanted === undefined,
			dialects: [
				new AwsDialect({
					store: cloud,
					dialect,
					authenticate: authenticator(credentials, {nowMs, takesFuture: dialect !== 'aws'}),
				}),
				new OutscaleDialect({store: cloud, authenticate: authenticator(credentials, {nowMs})}),
			],
			own: this,
			faults: this.#options.faults.ofApi,
			routeTunnel: target => this.#routeTunnel(target),
			clock,
			onCall,
			onError,
		});
	}

	#routeTunnel(target: TunnelTarget): TunnelRoute {
		const {store, proxyUnknown} = this.#options;
		if (store.isStopping) return {status: 503, reason: 'lb-local is being stopped'};
		const found = findListener(store.managed.values(), target);
		if ('listener' in found) return addressOfListener(found.listener);
		if (found.isOurs) return {status: 404, reason: found.reason};
		if (proxyUnknown === 'tunnel') return target;
		return {status: 403, reason: `${found.reason}; \`--proxy-unknown tunnel\` leads others to the real host`};
	}

	/** Where a VM is; of one that nothing has been started for yet, its back-end's name. */
	#addressOf(backend: NormalisedBackend): string {
		if (backend.kind === 'address') return formatHost(backend.host, backend.port);
		for (const {backends} of this.#options.store.managed.values()) {
			const description = backends.get(backend)?.description;
			if (description !== undefined) return formatHost(description.host, description.port);
		}
		return backend.name;
	}
}

function formatHost(host: string, port: number | undefined): string {
	return port === undefined ? host : formatAddress(host, port);
}
