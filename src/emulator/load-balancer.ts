import {X509Certificate} from 'node:crypto';
import type {Duplex} from 'node:stream';
import {EmulatorError, formatAddress, invalidDescription} from '../base/errors.ts';
import {INSPECT, type InspectArguments, showFields} from '../base/inspection.ts';
import {quote, show} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import type {CertificateNames, LoadBalancerSpec} from '../configuration/spec.ts';
import type {Backend as RegisteredBackend} from '../data-plane/backends/backend.ts';
import type {RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {Health, OperatorSetting, ServiceState} from '../model/health.ts';
import {formatListener} from '../model/listener.ts';
import type {PemPair, TlsSettings} from '../model/load-balancer.ts';
import type {CertificateReference, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Exchange} from '../observability/exchange.ts';
import type {Traffic} from '../observability/journal.ts';
import type {RunningBackend} from './backends.ts';
import type {UsableCertificate} from './certificates.ts';
import type {Client, ConnectOptions} from './client.ts';
import type {EmulatorClock} from './clock.ts';
import {warningsOf} from './listener-certificates.ts';
import {warningsOfDurations} from './short-durations.ts';

/** The certificate authority whose certificates the emulator's listeners and fake back-ends show. */
export interface CertificateAuthority {
	/** Its own certificate, PEM. */
	readonly pem: string;
	/** A file that holds it, for `curl --cacert` and the like; it is removed when the emulator stops. */
	readonly file: string;
}

/** One listener as it runs. */
export interface ListenerStatus {
	/** `https:443 -> http:80` */
	readonly spec: string;
	/** The port that was written. */
	readonly port: number;
	readonly host: string;
	/** The port that was bound. */
	readonly boundPort: number;
	readonly certificate?: {
		readonly names: readonly string[];
		readonly notAfter: Date;
		readonly fingerprint256: string;
		readonly warnings: readonly string[];
	};
}

/** One registered back-end as it is. */
export interface BackendStatus {
	readonly name: string;
	readonly kind: string;
	readonly address: string;
	readonly state: ServiceState;
	/** Why it is out of service, in the cloud's words. */
	readonly reason?: string;
	/** What the operator asked for with `setHealth()`. */
	readonly operator: OperatorSetting;
	/** Requests and connections that are with it. */
	readonly inFlight: number;
	/** What the probes say, whatever the operator asked for: counters, the last probe, the changes so far. */
	readonly health: Health;
}

/** A back-end in the hands of a test. */
export interface Backend {
	readonly name: string;
	/** Where it is reached without the load balancer. */
	readonly url: string;
	/** A fake back-end's own certificate, when it has one. */
	readonly certificate: {readonly pem: string; readonly fingerprint: string} | undefined;
	/** What this load balancer has sent it. */
	readonly received: readonly Exchange[];
	/** Refuses connections for real (ECONNREFUSED), and cuts the open ones. @throws EmulatorError `NOT_OURS` for an address. */
	stop(): Promise<void>;
	/** Listens again, on the same port. @throws EmulatorError `STOPPED` when its load balancer is gone. */
	start(): Promise<void>;
}

/** One load balancer that runs. */
export interface LoadBalancer extends AsyncDisposable {
	readonly name: string;
	/** As the cloud would name it: `web-123456789.eu-west-2.lbu.outscale.com`. Only `fetch` finds it by this name. */
	readonly dnsName: string;
	readonly listeners: readonly ListenerStatus[];
	readonly backends: readonly BackendStatus[];
	readonly traffic: Traffic;
	readonly ca: CertificateAuthority;
	/** Its emulator's control port: `http://127.0.0.1:8089`. Empty where none was opened. */
	readonly endpoint: string;
	/** What works here and will surprise elsewhere: expired certificates and the like. */
	readonly warnings: readonly string[];
	/** @throws EmulatorError `NO_SUCH_BACKEND` */
	backend(name: string): Backend;
	/** The bound port of the listener with this logical port. @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED` */
	port(logical: number): number;
	/**
	 * The address of a path at the first listener, with the bound port: for any client on this machine.
	 *
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED`
	 */
	url(path?: string): string;
	/**
	 * As the global `fetch`, and it trusts the authority. A path goes to the first listener, by its DNS name; of a full
	 * URL the port chooses the listener.
	 *
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED`
	 */
	fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
	/**
	 * A connection to the listener with this logical port; TLS on HTTPS and SSL listeners unless said otherwise.
	 *
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `CONNECTION_CLOSED`, `STOPPED`
	 */
	connect(port: number, options?: ConnectOptions): Promise<Duplex>;
	/**
	 * Shows another certificate on the HTTPS or SSL listener with this logical port, from the next handshake on. What is
	 * open goes on undisturbed; who resumes a TLS session of before shakes hands in full, and sees the new certificate.
	 *
	 * @param certificate a name out of the configuration's `certificates`, PEM text, or the names to issue one for.
	 * @throws EmulatorError `NO_SUCH_LISTENER`, `STOPPED`, `INVALID_DESCRIPTION` with all that is wrong with the
	 * certificate; the old one stays then.
	 */
	setCertificate(port: number, certificate: string | PemPair | CertificateNames): Promise<void>;
	/** The state of each registered back-end, by name. Set with {@link setHealth}. */
	readonly health: Readonly<Record<string, ServiceState>>;
	/** The time this load balancer goes by: its emulator's. */
	readonly clock: EmulatorClock;
	/**
	 * Takes a back-end in or out of service at once, whatever the probes say; `auto` leaves it to them again.
	 *
	 * @throws EmulatorError `NO_SUCH_BACKEND`, `STOPPED`, `INVALID_DESCRIPTION` for another state.
	 */
	setHealth(backend: string, state: OperatorSetting): void;
	/**
	 * Probes every back-end now, one probe after the other, until the thresholds have decided. On a manual clock a
	 * back-end that hangs waits for its timeout: move the clock meanwhile.
	 *
	 * @throws EmulatorError `HEALTH_UNDECIDED` when the results of a back-end go on alternating, `STOPPED` when the load
	 * balancer has been stopped, or is meanwhile.
	 */
	settle(): Promise<void>;
	/**
	 * Deregisters a back-end. It gets nothing new; what is in flight may go on for the load balancer's `draining`, and is
	 * cut then, or at once where there is none. Resolves when nothing is left at it. A fake back-end goes on running.
	 *
	 * @throws EmulatorError `NO_SUCH_BACKEND`, `STOPPED`
	 */
	drain(backend: string): Promise<void>;
	/**
	 * Changes what is given, and leaves everything else as it is: listeners that do not change keep their port and their
	 * connections, back-ends their health. Back-ends that leave drain. Resolves when new ports are bound.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, `PORT_UNAVAILABLE`, `COMMAND_FAILED`, `STOPPED`;
	 * then nothing has changed.
	 */
	update(spec: Partial<LoadBalancerSpec>): Promise<void>;
	/**
	 * Stops at once; resolves when the ports are free and nothing is left. Stopping twice is stopping once. Traffic, health
	 * and back-ends can still be read; what changes the load balancer, reaches it or waits for it, is `STOPPED`.
	 */
	stop(): Promise<void>;
}

export interface LoadBalancerParts {
	readonly running: RunningLoadBalancer;
	/** As they are at the moment; those that were drained are still there. */
	readonly backends: () => readonly RunningBackend[];
	/** By logical port. */
	readonly certificates: Map<number, UsableCertificate>;
	readonly clock: EmulatorClock;
	readonly update: (spec: unknown) => Promise<void>;
	readonly client: Client;
	readonly ca: CertificateAuthority;
	/** See {@link LoadBalancer.endpoint}. */
	readonly endpoint: () => string;
	/** What it is described as at the moment. */
	readonly described: () => NormalisedLoadBalancer;
	/** Told what of that is different by now, so that a later change does not undo it. */
	readonly onChange: (change: Partial<NormalisedLoadBalancer>) => void;
	/** Finds or judges a certificate that a listener with these settings is to show. */
	readonly resolve: (
		certificate: string | PemPair | CertificateNames,
		tls: TlsSettings,
	) => {
		readonly reference: CertificateReference;
		readonly resolved: UsableCertificate;
	};
	/** Runs a task when no change of this load balancer is under way. */
	readonly inTurn: (task: () => Promise<void>) => Promise<void>;
	/** Whether `stop()` has been called. */
	readonly isStopped: () => boolean;
	/** Ends everything that belongs to it. */
	readonly stop: (drainMs: number) => Promise<void>;
}

/** The handle of a running load balancer. */
export class LoadBalancerHandle implements LoadBalancer {
	readonly #parts: LoadBalancerParts;

	constructor(parts: LoadBalancerParts) {
		this.#parts = parts;
	}

	get name(): string {
		return this.#parts.running.description.name;
	}

	get dnsName(): string {
		return this.#parts.running.description.dnsName;
	}

	get traffic(): Traffic {
		return this.#parts.running.journal;
	}

	get ca(): CertificateAuthority {
		return this.#parts.ca;
	}

	get endpoint(): string {
		return this.#parts.endpoint();
	}

	get warnings(): readonly string[] {
		const ofCertificates = warningsOf(this.name, this.#parts.certificates);
		return [...ofCertificates, ...warningsOfDurations(this.#parts.described(), `${this.name}, durations: `)];
	}

	get listeners(): ListenerStatus[] {
		return this.#parts.running.listeners.map(({description, bound}) => {
			const certificate = this.#parts.certificates.get(description.port);
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
		const kinds = new Map(
			this.#parts
				.backends()
				.map(({name, kind}) => [name, kind] as const)
				.reverse(),
		);
		return this.#parts.running.backends.map(({name, inService, reason, operator, inFlight, health, description}) => ({
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
		const {running} = this.#parts;
		const backends = this.#parts.backends();
		const found = backends.find(backend => backend.name === name);
		if (found === undefined) throw noSuchBackend(name, backends);
		return new BackendHandle(found, () => running.journal.to(name));
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

	setCertificate(port: number, certificate: string | PemPair | CertificateNames): Promise<void> {
		return this.#parts.inTurn(async () => this.#setCertificate(port, certificate));
	}

	/** What changes a load balancer, or waits for it, is refused once it is stopped. */
	#refuseWhenStopped(): void {
		if (this.#parts.isStopped())
			throw new EmulatorError('STOPPED', `Load balancer ${quote(this.name)} has been stopped`);
	}

	#setCertificate(port: number, certificate: string | PemPair | CertificateNames): void {
		this.#refuseWhenStopped();
		const {running, certificates, client, resolve, described, onChange} = this.#parts;
		client.listener(port);
		const listener = running.listeners.find(({description}) => description.port === port);
		if (listener?.description.certificate === undefined) {
			throw invalidDescription(`The certificate for port ${port}`, [
				{path: ['certificate'], message: 'a certificate goes with https and ssl listeners only', hint: undefined},
			]);
		}
		const {reference, resolved} = resolve(certificate, listener.description.tls);
		running.swapCertificate(port, resolved.pair);
		certificates.set(port, resolved);
		const {listeners} = described();
		onChange({
			listeners: listeners.map(each => (each.ports.port === port ? {...each, certificate: reference} : each)),
		});
	}

	get health(): Record<string, ServiceState> {
		return Object.fromEntries(this.backends.map(({name, state}) => [name, state]));
	}

	get clock(): EmulatorClock {
		return this.#parts.clock;
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
		const undecided = await this.#parts.running.settle();
		this.#refuseWhenStopped();
		if (undecided.length === 0) return;
		const names = undecided.map(({name}) => name);
		throw new EmulatorError('HEALTH_UNDECIDED', `The probes of ${names.join(', ')} go on passing and failing in turn`, {
			hint: 'See health.lastProbe in lb.backends for what came of the last one; setHealth() decides by hand.',
		});
	}

	async drain(name: string): Promise<void> {
		this.#refuseWhenStopped();
		const {running, described, onChange} = this.#parts;
		const gone = running.deregister(this.#registered(name));
		onChange({backends: described().backends.filter(backend => backend.name !== name)});
		await gone;
	}

	async update(spec: Partial<LoadBalancerSpec>): Promise<void> {
		this.#refuseWhenStopped();
		await this.#parts.update(spec);
	}

	#registered(name: string): RegisteredBackend {
		const {backends} = this.#parts.running;
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

class BackendHandle implements Backend {
	readonly #running: RunningBackend;
	readonly #received: () => readonly Exchange[];

	constructor(running: RunningBackend, received: () => readonly Exchange[]) {
		this.#running = running;
		this.#received = received;
	}

	get name(): string {
		return this.#running.name;
	}

	get url(): string {
		const {description, secure, kind} = this.#running;
		const scheme = kind === 'tcp' || kind === 'socket' ? (secure ? 'tls' : 'tcp') : secure ? 'https' : 'http';
		return `${scheme}://${addressOf(description)}`;
	}

	get certificate(): Backend['certificate'] {
		const certificate = this.#running.certificate();
		if (certificate === undefined) return undefined;
		return {pem: certificate.cert, fingerprint: new X509Certificate(certificate.cert).fingerprint256};
	}

	get received(): readonly Exchange[] {
		return this.#received();
	}

	stop(): Promise<void> {
		return this.#running.stop();
	}

	start(): Promise<void> {
		return this.#running.start();
	}

	toString(): string {
		return `back-end ${this.name} (${this.url})`;
	}

	[INSPECT](...how: InspectArguments): string {
		const {name, url, received} = this;
		return showFields('Backend', {name, url, received: received.map(String)}, how);
	}
}

function addressOf({
	host,
	port,
	ports,
}: {
	host: string;
	port: number | undefined;
	ports: ReadonlyMap<number, number>;
}): string {
	if (port !== undefined) return formatAddress(host, port);
	const mapped = [...ports].map(([from, to]) => `${from} at ${to}`).join(', ');
	return mapped === '' ? host : `${host} (${mapped})`;
}
