import type {Duplex} from 'node:stream';
import {EmulatorError, formatAddress, invalidDescription} from '../base/errors.ts';
import {INSPECT, type InspectArguments, showFields} from '../base/inspection.ts';
import {quote, show} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {CertificateNames, LoadBalancerSpec} from '../configuration/spec.ts';
import type {Backend as RegisteredBackend} from '../data-plane/backends/backend.ts';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {UsableCertificate} from '../model/account.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import type {ArmedFault, FaultRule} from '../model/fault.ts';
import type {OperatorSetting, ServiceState} from '../model/health.ts';
import {formatListener} from '../model/listener.ts';
import type {PemPair} from '../model/resolved.ts';
import type {Advice} from '../observability/advice/advice.ts';
import type {Traffic} from '../observability/journal.ts';
import type {Operate} from '../operations/context.ts';
import {drainBackend} from '../operations/drain-backend.ts';
import {armedFaults, armFault, type ReadFaultRule} from './armed-fault.ts';
import {addressOf, BackendHandle} from './backend-handle.ts';
import type {RunningBackend} from './backends.ts';
import type {Client, ConnectOptions} from './client.ts';
import type {EmulatorClock} from './clock.ts';
import type {GivenCertificate} from './listener-certificates.ts';
import {warningsOf} from './listener-certificates.ts';
import type {Backend, BackendStatus, CertificateAuthority, ListenerStatus, LoadBalancer} from './load-balancer.ts';
import {warningsOfDurations} from './short-durations.ts';

/** The load balancer that a handle stands for. */
export interface HandledLoadBalancer {
	readonly running: RunningLoadBalancer;
	/** What the account says of it. */
	readonly described: AccountLoadBalancer;
	/** What its listeners show, by logical port. */
	readonly certificates: ReadonlyMap<number, UsableCertificate>;
	/** As they are at the moment; those that were drained are still there. */
	readonly currentBackends: readonly RunningBackend[];
	/** Whether `stop()` has been called. */
	readonly isStopped: boolean;
	/** A back-end that was drained is no longer registered. */
	drop(backend: string): void;
}

/** What the handle of a load balancer needs beside what it stands for. */
export interface HandleParts {
	readonly managed: HandledLoadBalancer;
	readonly client: Client;
	readonly ca: CertificateAuthority;
	readonly clock: EmulatorClock;
	/** See {@link LoadBalancer.endpoint}. */
	readonly endpoint: () => string;
	readonly update: (spec: unknown) => Promise<void>;
	readonly setCertificate: (port: number, certificate: GivenCertificate) => Promise<void>;
	readonly changeAtOnce: (operation: Operate<unknown>) => void;
	readonly readFaultRule: ReadFaultRule;
	/** Called when a back-end of it has been stopped or started by hand. */
	readonly onSwitched: () => void;
	/** Ends everything that belongs to it. */
	readonly stop: (drainMs: number) => Promise<void>;
}

/** The handle of a running load balancer. */
export class LoadBalancerHandle implements LoadBalancer {
	readonly #parts: HandleParts;

	constructor(parts: HandleParts) {
		this.#parts = parts;
	}

	get #running(): RunningLoadBalancer {
		return this.#parts.managed.running;
	}

	get name(): string {
		return this.#running.description.name;
	}

	get dnsName(): string {
		return this.#running.description.dnsName;
	}

	get traffic(): Traffic {
		return this.#running.journal;
	}

	get ca(): CertificateAuthority {
		return this.#parts.ca;
	}

	get endpoint(): string {
		return this.#parts.endpoint();
	}

	get warnings(): readonly string[] {
		const ofCertificates = warningsOf(this.name, this.#parts.managed.certificates);
		return [...ofCertificates, ...warningsOfDurations(this.#parts.managed.described, `${this.name}, durations: `)];
	}

	get advice(): readonly Advice[] {
		return this.#running.advisor.advice;
	}

	get listeners(): ListenerStatus[] {
		const {certificates} = this.#parts.managed;
		return this.#running.listeners.map(({description, bound}) => {
			const certificate = certificates.get(description.port);
			return {
				spec: formatListener(description),
				port: description.port,
				host: bound.host,
				boundPort: bound.port,
				...(certificate === undefined
					? {}
					: {
							certificate: {
								names: certificate.facts.names,
								notAfter: certificate.facts.notAfter,
								fingerprint256: certificate.facts.fingerprint256,
								warnings: certificate.warnings,
							},
						}),
			};
		});
	}

	get backends(): BackendStatus[] {
		if (this.#running.backends.length === 0) return [];
		const kinds = new Map(this.#parts.managed.currentBackends.map(({name, kind}) => [name, kind] as const).reverse());
		return this.#running.backends.map(({name, inService, reason, operator, inFlight, health, description}) => ({
			name,
			kind: kinds.get(name) ?? 'address',
			address: addressOf(description),
			state: inService ? 'InService' : 'OutOfService',
			...(inService ? {} : {reason: reason.description}),
			operator,
			inFlight,
			health,
		}));
	}

	backend(name: string): Backend {
		const {running, currentBackends: backends} = this.#parts.managed;
		const found = backends.find(backend => backend.name === name);
		if (found === undefined) throw noSuchBackend(name, backends);
		return new BackendHandle(found, {
			received: () => running.journal.to(name),
			onSwitched: () => {
				running.advisor.switched(name);
				this.#parts.onSwitched();
			},
		});
	}

	port(logical: number): number {
		return this.#parts.client.listener(logical).boundPort;
	}

	url(path = '/'): string {
		return this.#parts.client.url(path);
	}

	fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
		return this.#parts.client.fetch(input, init);
	}

	connect(port: number, options?: ConnectOptions): Promise<Duplex> {
		return this.#parts.client.connect(port, options);
	}

	async setCertificate(port: number, certificate: string | PemPair | CertificateNames): Promise<void> {
		this.#refuseWhenStopped();
		await this.#parts.setCertificate(port, certificate);
	}

	/** What changes a load balancer, or waits for it, is refused once it is stopped. */
	#refuseWhenStopped(): void {
		if (this.#parts.managed.isStopped)
			throw new EmulatorError('STOPPED', `Load balancer ${quote(this.name)} has been stopped`);
	}

	get health(): Record<string, ServiceState> {
		return Object.fromEntries(this.backends.map(({name, state}) => [name, state]));
	}

	get clock(): EmulatorClock {
		return this.#parts.clock;
	}

	inject(rule: FaultRule): ArmedFault {
		this.#refuseWhenStopped();
		return armFault(this.#running, rule, this.#parts.readFaultRule);
	}

	get faults(): readonly ArmedFault[] {
		return armedFaults(this.#running);
	}

	setHealth(name: string, state: OperatorSetting): void {
		this.#refuseWhenStopped();
		const backend = this.#registered(name);
		if (!OPERATOR_SETTINGS.includes(state)) {
			const message = `must be ${alternatives(OPERATOR_SETTINGS)}, not ${show(state)}`;
			const hint = didYouMean(String(state), OPERATOR_SETTINGS);
			throw invalidDescription('The state', [{path: ['state'], message, hint}]);
		}
		backend.operator = state;
	}

	async settle(): Promise<void> {
		this.#refuseWhenStopped();
		const undecided = await this.#running.settle();
		this.#refuseWhenStopped();
		if (undecided.length === 0) return;
		const names = undecided.map(({name}) => name);
		throw new EmulatorError('HEALTH_UNDECIDED', `The probes of ${names.join(', ')} go on passing and failing in turn`, {
			hint: 'See health.lastProbe in lb.backends for what came of the last one; setHealth() decides by hand.',
		});
	}

	async drain(name: string): Promise<void> {
		this.#refuseWhenStopped();
		const gone = this.#running.deregister(this.#registered(name));
		this.#parts.managed.drop(name);
		this.#parts.changeAtOnce(drainBackend({loadBalancer: this.name, backend: name}));
		await gone;
	}

	async update(spec: Partial<LoadBalancerSpec>): Promise<void> {
		this.#refuseWhenStopped();
		await this.#parts.update(spec);
	}

	#registered(name: string): RegisteredBackend {
		const {backends} = this.#running;
		const found = backends.find(backend => backend.name === name);
		if (found === undefined) throw noSuchBackend(name, backends);
		return found;
	}

	stop(): Promise<void> {
		return this.#parts.stop(0);
	}

	/** As {@link stop}, after what is in flight has had `drainMs` to finish. */
	drainAndStop(drainMs: number): Promise<void> {
		return this.#parts.stop(drainMs);
	}

	toString(): string {
		return `load balancer ${this.name} (${this.listeners.map(({spec}) => spec).join(', ')})`;
	}

	[INSPECT](...how: InspectArguments): string {
		const listeners = this.listeners.map(({spec, host, boundPort}) => `${spec} at ${formatAddress(host, boundPort)}`);
		const {name, dnsName, health, endpoint, warnings, traffic} = this;
		const fields = {name, dnsName, listeners, health, traffic, endpoint, warnings};
		return showFields('LoadBalancer', fields, how);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}
}

const OPERATOR_SETTINGS: readonly OperatorSetting[] = ['InService', 'OutOfService', 'auto'];

function noSuchBackend(name: string, backends: readonly {readonly name: string}[]): EmulatorError<'NO_SUCH_BACKEND'> {
	const names = backends.map(backend => backend.name);
	return new EmulatorError('NO_SUCH_BACKEND', `No back-end is named ${quote(name)}; there is ${alternatives(names)}`, {
		hint: didYouMean(name, names),
	});
}
