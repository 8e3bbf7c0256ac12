import {type Clock, systemClock} from '../base/clock.ts';
import {formatAddress} from '../base/errors.ts';
import {version} from '../base/version.ts';
import {readAddress} from '../configuration/host-names.ts';
import type {LoggedCall} from '../control-plane/call-log.ts';
import type {DataPlane, Outside} from '../control-plane/data-plane-port.ts';
import {ElbDialect} from '../control-plane/elb/dialect.ts';
import {Executor} from '../control-plane/executor.ts';
import {OutscaleDialect} from '../control-plane/outscale/dialect.ts';
import type {OwnPort} from '../control-plane/own/own-port.ts';
import {loadBalancerState, type VmAddress} from '../control-plane/own/state.ts';
import {type ControlPlane, startControlPlane} from '../control-plane/server.ts';
import {authenticator} from '../control-plane/signature.ts';
import {stateOf} from '../model/life.ts';
import type {PemPair} from '../model/load-balancer.ts';
import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Fleet} from './fleet.ts';

/** The port that the command line takes when nobody asked for one. */
const USUAL_PORT = 8089;

export interface ControlOptions {
	readonly fleet: Fleet;
	readonly config: NormalisedConfig;
	/** undefined = what the configuration says. */
	readonly port: number | undefined;
	/** Whether a port that nobody asked for is the usual one or the next free one; any free one otherwise. */
	readonly prefersUsualPort: boolean;
	readonly seed: number;
	readonly clock: Clock;
	readonly clockKind: 'real' | 'manual';
	readonly authorityPem: string;
	readonly warnings: readonly string[];
	readonly notices: readonly string[];
	/** Puts what runs back to what the configuration says. */
	readonly restore: () => Promise<void>;
	/** Calls `resetAll()` when the configuration is not being read anew. */
	readonly onReset: () => Promise<void>;
	/** @returns what asks whoever runs this to stop, if anybody listens for that. */
	readonly askToStop: () => (() => void) | undefined;
	readonly onCall: (call: LoggedCall) => void;
	/** Told of a mistake of ours; the client is answered 500. */
	readonly onError: (error: unknown) => void;
}

/** The control plane of one emulator, over the load balancers that run in it. */
export class Control implements OwnPort {
	readonly #options: ControlOptions;
	readonly #executor: Executor;
	#vms: NormalisedConfig['vms'];
	#door: ControlPlane | undefined;

	private constructor(options: ControlOptions) {
		const {fleet, config, seed, clock} = options;
		const {control, account, vms} = config;
		this.#options = options;
		this.#vms = vms;
		this.#executor = new Executor({
			dataPlane: dataPlaneOver(fleet),
			outside: outsideOf(fleet),
			clock,
			seed,
			region: account.region,
			accountId: account.id,
			lifecycleMs: control.lifecycleMs,
			strict: control.strict,
			faithfulHealth: control.faithfulHealth,
			accessLogFolder: control.accessLogs,
			inventory: account.inventory,
			vms,
		});
	}

	/** @throws EmulatorError `PORT_UNAVAILABLE`, `INVALID_DESCRIPTION` */
	static async start(options: ControlOptions): Promise<Control> {
		const control = new Control(options);
		await control.#open();
		return control;
	}

	/** `http://127.0.0.1:8089` */
	get endpoint(): string {
		return this.#door?.endpoint ?? '';
	}

	get calls(): readonly LoggedCall[] {
		return this.#door?.calls.calls ?? [];
	}

	get authorityPem(): string {
		return this.#options.authorityPem;
	}

	get askToStop(): (() => void) | undefined {
		return this.#options.askToStop();
	}

	/** Takes over what the configuration says by now of VMs. */
	async setVms(vms: NormalisedConfig['vms']): Promise<void> {
		const before = this.#vms;
		this.#vms = vms;
		for (const id of before.keys()) if (!vms.has(id)) await this.#executor.declareVm(id, undefined);
		for (const [id, backend] of vms) {
			if (before.get(id) !== backend) await this.#executor.declareVm(id, backend);
		}
	}

	state(): ReturnType<OwnPort['state']> {
		const {fleet, config, clock, clockKind, notices, warnings} = this.#options;
		const {account, identifiers} = this.#executor;
		const moment = this.#executor.context();
		return {
			version: version(),
			pid: process.pid,
			region: identifiers.region,
			credentials: config.control.credentials === undefined ? 'any' : 'verified',
			clock: {kind: clockKind, now: new Date(clock.wallMs()).toISOString()},
			loadBalancers: [...fleet.entries.values()].map(({handle}) => {
				const life = account.loadBalancers.get(handle.name)?.life;
				return loadBalancerState(handle, life === undefined ? 'active' : stateOf(life, moment));
			}),
			vms: [...this.#executor.vms].map(([id, backend]) => ({id, address: this.#addressOf(backend)})),
			notices,
			warnings,
		};
	}

	/** Asked for at the control port. */
	reset(): Promise<void> {
		return this.#options.onReset();
	}

	/** Must not overlap with a reload, or one of them would go back to what is no longer the configuration. */
	async resetAll(): Promise<void> {
		await this.#executor.reset(this.#vms, this.#options.restore);
		this.#door?.calls.clear();
	}

	setHealth(...[loadBalancer, backend, state]: Parameters<OwnPort['setHealth']>): void {
		this.#options.fleet.get(loadBalancer).handle.setHealth(backend, state);
	}

	async setVm({id, address}: VmAddress): Promise<void> {
		const read = readAddress(address);
		// Judged by whoever took the request.
		if ('message' in read) return;
		await this.#executor.declareVm(id, {kind: 'address', name: id, ...read, ports: new Map()});
	}

	async removeVm(id: string): Promise<boolean> {
		const isKnown = this.#executor.vms.has(id);
		if (isKnown) await this.#executor.declareVm(id, undefined);
		return isKnown;
	}

	stop(): Promise<void> {
		return this.#door?.stop() ?? Promise.resolve();
	}

	async #open(): Promise<void> {
		const {config, port, prefersUsualPort, clock, onCall, onError} = this.#options;
		const {host, names, credentials, port: configured} = config.control;
		const wanted = port ?? configured;
		this.#door = await startControlPlane({
			host,
			names,
			port: wanted ?? (prefersUsualPort ? USUAL_PORT : 0),
			fallback: wanted === undefined,
			dialects: [
				// Of the numbers below zero, which the other API does not use.
				new ElbDialect(serial => this.#executor.identifiers.requestId(-1 - serial)),
				new OutscaleDialect({
					executor: this.#executor,
					// Clients sign by the machine's time, whatever moves the emulator's.
					authenticate: authenticator(credentials, () => systemClock.wallMs()),
				}),
			],
			own: this,
			clock,
			onCall,
			onError,
		});
	}

	/** Where a VM is; of one that nothing has been started for yet, its back-end's name. */
	#addressOf(backend: NormalisedBackend): string {
		if (backend.kind === 'address') return formatHost(backend.host, backend.port);
		for (const {backends} of this.#options.fleet.entries.values()) {
			const description = backends.get(backend)?.description;
			if (description !== undefined) return formatHost(description.host, description.port);
		}
		return backend.name;
	}
}

function formatHost(host: string, port: number | undefined): string {
	return port === undefined ? host : formatAddress(host, port);
}

function dataPlaneOver(fleet: Fleet): DataPlane {
	return {
		async apply(described, insteadOf) {
			let running: NormalisedLoadBalancer | undefined;
			const current = () => fleet.entries.get(described.name)?.described;
			await fleet.change([described.name], () => {
				if (current() !== insteadOf) return {wanted: []};
				const onCommit = () => {
					running = current();
				};
				return {wanted: [{described, yieldsPorts: true}], onCommit};
			});
			return running;
		},
		async remove(name) {
			// Whoever has stopped it meanwhile has done what was asked for.
			if (fleet.entries.has(name)) await fleet.remove(name);
		},
		healthOf(name) {
			const backends = fleet.entries.get(name)?.running.backends ?? [];
			return backends.map(backend => ({
				name: backend.name,
				state: backend.inService ? 'InService' : 'OutOfService',
				reason: backend.reason,
			}));
		},
	};
}

function outsideOf(fleet: Fleet): Outside {
	let known: Fleet['known'] | undefined;
	let pairs: ReadonlyMap<string, PemPair> = new Map();
	return {
		loadBalancers: () =>
			[...fleet.entries.values()].map(({described, certificates}) => ({
				described,
				get certificates() {
					return new Map([...certificates].map(([port, {pair}]) => [port, pair]));
				},
			})),
		certificates() {
			if (known !== fleet.known) {
				known = fleet.known;
				pairs = new Map([...known].map(([name, {pair}]) => [name, pair]));
			}
			return pairs;
		},
	};
}
