import {EventEmitter} from 'node:events';
import {systemClock} from './base/clock.ts';
import {EmulatorError, formatPath, invalidDescription, type Violation} from './base/errors.ts';
import {alternatives, didYouMean} from './base/suggest.ts';
import {type Authority, createAuthority} from './certificates/authority.ts';
import type {
	CertificateReference,
	DescribedBackend,
	DescribedConfig,
	DescribedLoadBalancer,
} from './configuration/described.ts';
import type {LoadBalancerSpec} from './configuration/spec.ts';
import {ReadBuffers} from './data-plane/read-buffers.ts';
import {RunningLoadBalancer} from './data-plane/running-load-balancer.ts';
import type {Services} from './data-plane/services.ts';
import {SecureContexts} from './data-plane/tls-settings.ts';
import {AuthorityFile} from './emulator/authority-file.ts';
import {type RunningBackend, startBackend} from './emulator/backends.ts';
import {
	isPair,
	loadCertificates,
	resolveCertificate,
	type UsableCertificate,
	usable,
	violationsOfPairs,
} from './emulator/certificates.ts';
import {Client, type Reachable} from './emulator/client.ts';
import {type CertificateAuthority, type LoadBalancer, LoadBalancerHandle} from './emulator/load-balancer.ts';
import {EMULATOR_OPTIONS, type EmulatorOptions, type ReadOptions, readOptions} from './emulator/options.ts';
import {bindingFor} from './emulator/ports.ts';
import {formatListener, isSecure} from './model/listener.ts';
import type {ListenerDescription, PemPair} from './model/load-balancer.ts';
import type {Exchange} from './observability/exchange.ts';

/** What an emulator tells while it runs. */
export interface EmulatorEvents {
	/** An exchange has ended, at whichever load balancer. */
	exchange: [exchange: Exchange];
}

/** Any number of load balancers, the back-ends and certificates they share, and the authority that signs for them. */
export interface Emulator extends AsyncDisposable {
	readonly ca: CertificateAuthority;
	readonly loadBalancers: readonly LoadBalancer[];
	/** What works here and will surprise elsewhere: expired certificates and the like. */
	readonly warnings: readonly string[];
	/** Ports that could not be had, and what was taken instead. */
	readonly notices: readonly string[];
	readonly events: EventEmitter<EmulatorEvents>;
	/**
	 * Starts one more load balancer.
	 *
	 * @throws EmulatorError `INVALID_DESCRIPTION` with every violation, `NAME_TAKEN`, `PORT_UNAVAILABLE`,
	 * `COMMAND_FAILED`; then nothing of it is left running.
	 */
	create(spec: LoadBalancerSpec): Promise<LoadBalancer>;
	/** @throws EmulatorError `NO_SUCH_LOAD_BALANCER` */
	get(name: string): LoadBalancer;
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
	const emulator = new RunningEmulator(readOptions(options));
	await emulator.startConfigured(options.config);
	return emulator;
}

/**
 * Starts one load balancer with an emulator of its own: what most tests want. Stopping it stops both.
 *
 * @throws EmulatorError as {@link startEmulator} and {@link Emulator.create}.
 */
export async function startLoadBalancer(spec: LoadBalancerSpec & EmulatorOptions): Promise<LoadBalancer> {
	// A caller without types may pass anything; only what is an object has options to take out.
	const all: Record<string, unknown> = typeof spec === 'object' && spec !== null ? {...spec} : {};
	const options: Record<string, unknown> = {};
	for (const name of EMULATOR_OPTIONS) {
		if (name in all) options[name] = all[name];
		delete all[name];
	}
	const emulator = new RunningEmulator(readOptions(options));
	await emulator.startConfigured(options['config']);
	return emulator.createAlone(typeof spec === 'object' ? all : spec);
}

/** What is kept of a load balancer beside its handle. */
interface Entry {
	readonly handle: LoadBalancerHandle;
	/** Ends it and what only it uses. */
	readonly stop: (drainMs: number) => Promise<void>;
}

interface Launch {
	readonly described: DescribedLoadBalancer;
	/** Where it stands in what was described, for violations. */
	readonly path: Violation['path'];
	/** Back-ends that other load balancers may use too; they stop with the emulator. */
	readonly sharesBackends: boolean;
	/** Whether stopping it stops the emulator. */
	readonly alone: boolean;
	readonly refuse: (violations: readonly Violation[]) => EmulatorError;
}

class RunningEmulator implements Emulator {
	readonly events = new EventEmitter<EmulatorEvents>();
	readonly warnings: string[] = [];
	readonly notices: string[] = [];
	readonly #options: ReadOptions;
	readonly #authority: Authority;
	readonly #authorityFile: AuthorityFile;
	readonly #services: Services;
	readonly #entries = new Map<string, Entry>();
	/** Names of load balancers that are there or on their way. */
	readonly #names = new Set<string>();
	readonly #shared = new Map<DescribedBackend, Promise<RunningBackend>>();
	/** One for each load balancer on its way; it resolves, whatever becomes of that. */
	readonly #launching = new Set<Promise<void>>();
	#config: DescribedConfig = {certificates: new Map(), backends: new Map(), loadBalancers: new Map()};
	#certificates: ReadonlyMap<string, UsableCertificate> = new Map();
	#stopping: Promise<void> | undefined;

	constructor(options: ReadOptions) {
		this.#options = options;
		this.#authority = options.authority ?? createAuthority();
		this.#authorityFile = new AuthorityFile(this.#authority);
		this.#services = {
			clock: systemClock,
			buffers: new ReadBuffers(),
			contexts: new SecureContexts(),
			seed: options.seed,
			record: options.record,
		};
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
		return [...this.#entries.values()].map(({handle}) => handle);
	}

	get(name: string): LoadBalancer {
		const entry = this.#entries.get(name);
		if (entry !== undefined) return entry.handle;
		throw new EmulatorError(
			'NO_SUCH_LOAD_BALANCER',
			`No load balancer is named ${JSON.stringify(name)}; there is ${alternatives(this.#entries.keys())}`,
			{hint: didYouMean(name, this.#entries.keys())},
		);
	}

	async create(spec: LoadBalancerSpec): Promise<LoadBalancer> {
		return this.#create(spec, false);
	}

	/** As `create`, and stopping the load balancer, or failing to start it, stops the emulator. */
	async createAlone(spec: unknown): Promise<LoadBalancer> {
		try {
			return await this.#create(spec, true);
		} catch (error) {
			await this.stop();
			throw error;
		}
	}

	/** @throws EmulatorError see {@link startEmulator}; everything that was started is stopped then. */
	async startConfigured(config: unknown): Promise<void> {
		if (config === undefined) return;
		const {described, refuse} = await readConfig(config);
		this.#config = described;
		try {
			const {certificates, violations} = await loadCertificates(described.certificates, this.#authority);
			if (violations.length > 0) throw refuse(violations);
			this.#certificates = certificates;
			for (const [name, {warnings}] of certificates) {
				for (const warning of warnings) this.warnings.push(`certificate ${name}: ${warning}`);
			}
			for (const [name, loadBalancer] of described.loadBalancers) {
				const path = ['loadBalancers', name];
				await this.#launch({described: loadBalancer, path, sharesBackends: true, alone: false, refuse});
			}
		} catch (error) {
			await this.stop();
			throw error;
		}
	}

	stop({drainMs = 0}: {readonly drainMs?: number} = {}): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs);
		else if (drainMs === 0) for (const {stop} of this.#entries.values()) void stop(0);
		return this.#stopping;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	async #stop(drainMs: number): Promise<void> {
		await Promise.all([...this.#entries.values()].map(({stop}) => stop(drainMs)));
		// What is on its way sees that it comes too late, and takes back what it has begun.
		await Promise.all(this.#launching);
		await Promise.all([...this.#shared.values()].map(starting => starting.then(stopBackend, () => undefined)));
		this.#authorityFile.remove();
		this.events.removeAllListeners();
		await handlesClosed();
	}

	async #create(spec: unknown, alone: boolean): Promise<LoadBalancer> {
		const {describeLoadBalancer} = await import('./configuration/describe.ts');
		const result = describeLoadBalancer(spec, {
			certificateNames: this.#certificates.keys(),
			backends: this.#config.backends,
		});
		const refuse = (violations: readonly Violation[]) => invalidDescription('The load balancer', violations);
		if ('violations' in result) {
			const told = new Set(result.violations.map(violation => formatPath(violation.path)));
			const ofPairs = violationsOfPairs(spec).filter(violation => !told.has(formatPath(violation.path)));
			throw refuse([...result.violations, ...ofPairs]);
		}
		const {described} = result;
		return this.#launch({described, path: [], sharesBackends: false, alone, refuse});
	}

	async #launch(launch: Launch): Promise<LoadBalancer> {
		const {name} = launch.described;
		this.#refuseWhenStopped();
		if (this.#names.has(name)) {
			throw new EmulatorError('NAME_TAKEN', `There is a load balancer named ${JSON.stringify(name)} already`, {
				hint: 'Give this one a name of its own: {name: "…"}.',
			});
		}
		this.#names.add(name);
		const launching = this.#start(launch);
		const settled = launching.then(
			() => {},
			() => {},
		);
		this.#launching.add(settled);
		try {
			return await launching;
		} catch (error) {
			this.#names.delete(name);
			throw error;
		} finally {
			this.#launching.delete(settled);
		}
	}

	async #start({described, path, sharesBackends, alone, refuse}: Launch): Promise<LoadBalancer> {
		const certificates = this.#certificatesOf(described, path, refuse);
		const backends = await this.#startBackends(described, sharesBackends);
		const own = backends.filter((_, index) => !this.#isShared(described.backends[index]));
		try {
			this.#refuseWhenStopped();
			return await this.#run(described, {certificates, backends, own, alone});
		} catch (error) {
			await Promise.all(own.map(stopBackend));
			throw error;
		}
	}

	#refuseWhenStopped(): void {
		if (this.#stopping !== undefined) throw new EmulatorError('STOPPED', 'The emulator has been stopped');
	}

	#certificatesOf(
		{name, listeners}: DescribedLoadBalancer,
		path: Violation['path'],
		refuse: Launch['refuse'],
	): Map<number, UsableCertificate> {
		const violations: Violation[] = [];
		const certificates = new Map<number, UsableCertificate>();
		// Listeners that ask for none in particular share one, issued and judged once.
		let issued: UsableCertificate | undefined;
		const issue = () => {
			const names = [this.#dnsNameOf(name), 'localhost', '127.0.0.1', '::1'];
			issued ??= usable(this.#authority.issue({names}), path, violations, true);
			return issued;
		};
		for (const [index, {ports, certificate}] of listeners.entries()) {
			if (certificate === undefined) continue;
			const at = [...path, 'listeners', index, 'certificate'];
			const resolved = resolveCertificate(certificate, {known: this.#certificates, issue}, at, violations);
			if (resolved !== undefined) certificates.set(ports.port, resolved);
		}
		if (violations.length > 0) throw refuse(violations);
		return certificates;
	}

	/** A certificate for a listener that runs already. @throws EmulatorError `INVALID_DESCRIPTION` */
	#resolve(certificate: string | PemPair): UsableCertificate {
		const violations: Violation[] = [];
		const reference: CertificateReference =
			typeof certificate === 'string' ? {kind: 'named', name: certificate} : {kind: 'pem', pair: certificate};
		const options = {known: this.#certificates, issue: () => undefined};
		if (reference.kind === 'pem' && !isPair(certificate)) {
			violations.push({
				path: ['certificate'],
				message: 'must be the name of a certificate, or PEM text as {cert, key}',
			});
			throw invalidDescription('The certificate', violations);
		}
		const resolved = resolveCertificate(reference, options, ['certificate'], violations);
		if (resolved === undefined) throw invalidDescription('The certificate', violations);
		return resolved;
	}

	async #startBackends({name, backends}: DescribedLoadBalancer, shared: boolean): Promise<RunningBackend[]> {
		const started = await Promise.allSettled(
			backends.map(backend => {
				const known = this.#shared.get(backend);
				if (known !== undefined) return known;
				const starting = startBackend(backend, {
					authority: this.#authority,
					dnsNames: this.#dnsNamesFor(backend, name),
				});
				if (shared || this.#isConfigured(backend)) this.#shared.set(backend, starting);
				return starting;
			}),
		);
		const failed = started.find(result => result.status === 'rejected');
		if (failed === undefined) return started.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
		await Promise.all(
			started.map((result, index) =>
				result.status === 'fulfilled' && !this.#isShared(backends[index]) ? stopBackend(result.value) : undefined,
			),
		);
		throw failed.reason;
	}

	async #run(
		described: DescribedLoadBalancer,
		parts: {
			readonly certificates: Map<number, UsableCertificate>;
			readonly backends: readonly RunningBackend[];
			readonly own: readonly RunningBackend[];
			readonly alone: boolean;
		},
	): Promise<LoadBalancer> {
		const {certificates, backends, own, alone} = parts;
		const {name, timeouts, retry, upgrade} = described;
		const dnsName = this.#dnsNameOf(name);
		const running = await RunningLoadBalancer.start(
			{
				name,
				dnsName,
				listeners: this.#listenersOf(described, certificates),
				backends: backends.map(({description}) => description),
				rules: described.rules,
				healthCheck: described.healthCheck,
				faithfulHealth: described.faithfulHealth,
				drainMs: described.drainMs,
				securedCookies: described.securedCookies,
				timeouts,
				retry,
				upgrade,
			},
			this.#services,
		);
		if (this.#stopping !== undefined) {
			await running.stop(0);
			this.#refuseWhenStopped();
		}
		running.journal.subscribe(exchange => this.events.emit('exchange', exchange));
		this.#noteFallbacks(running);
		const client = new Client({
			dnsName,
			listeners: () => reachable(running, certificates, backends),
			trusted: () => [this.#authority.pem, ...certificatesToTrust(certificates)],
		});
		const stop = once(
			async drainMs => {
				await running.stop(drainMs);
				await client.close();
				await Promise.all(own.map(stopBackend));
				this.#entries.delete(name);
				this.#names.delete(name);
				await handlesClosed();
			},
			() => running.stop(0),
		);
		const warnings = [...certificates].flatMap(([port, certificate]) =>
			certificate.warnings.map(warning => `${name}, listener ${port}: ${warning}`),
		);
		// Those of the configuration's certificates have been told under their names.
		const told = new Set(this.#certificates.values());
		for (const [port, certificate] of certificates) {
			if (told.has(certificate)) continue;
			for (const warning of certificate.warnings) this.warnings.push(`${name}, listener ${port}: ${warning}`);
		}
		const handle = new LoadBalancerHandle({
			running,
			backends,
			certificates,
			client,
			resolve: certificate => this.#resolve(certificate),
			ca: this.ca,
			warnings,
			stop: alone ? drainMs => this.stop({drainMs}) : stop,
		});
		this.#entries.set(name, {handle, stop});
		return handle;
	}

	#listenersOf(
		{address, listeners}: DescribedLoadBalancer,
		certificates: ReadonlyMap<number, UsableCertificate>,
	): ListenerDescription[] {
		const host = address ?? this.#options.host;
		// Listeners are bound one after the other, so each sees what the ones before it will take.
		const planned = new Set<string>();
		const taken = (at: string, port: number) => planned.has(`${at} ${port}`) || this.#hasBound(at, port);
		return listeners.map(({ports, tls, proxyProtocol, stickiness, verifyBackend}) => {
			const bind = bindingFor({host, port: ports.port, mode: this.#options.ports}, taken);
			planned.add(`${host} ${bind.port}`);
			return {
				...ports,
				bind,
				certificate: certificates.get(ports.port)?.pair,
				tls,
				proxyProtocol,
				stickiness,
				verifyBackend: verifyBackend && {
					ca: verifyBackend.ca === 'authority' ? this.#authority.pem : verifyBackend.ca,
					servername: verifyBackend.servername,
				},
			};
		});
	}

	#hasBound(host: string, port: number): boolean {
		return this.loadBalancers.some(({listeners}) =>
			listeners.some(listener => listener.host === host && listener.boundPort === port),
		);
	}

	#noteFallbacks(running: RunningLoadBalancer): void {
		if (this.#options.ports === 'free') return;
		for (const {description, bound} of running.listeners) {
			if (bound.port === description.port) continue;
			const listener = `${running.description.name}, ${formatListener(description)}`;
			const why = FALLBACK_REASONS.get(bound.refusal ?? '') ?? 'another load balancer here has it';
			this.notices.push(`${listener}: bound to ${bound.port} in place of ${description.port} (${why})`);
		}
	}

	/** Whether a back-end is one of the configuration's, which stop with the emulator and with nothing less. */
	#isConfigured(backend: DescribedBackend): boolean {
		return [...this.#config.backends.values()].some(group => group.includes(backend));
	}

	#isShared(backend: DescribedBackend | undefined): boolean {
		return backend !== undefined && this.#shared.has(backend);
	}

	#dnsNamesFor(backend: DescribedBackend, name: string): string[] {
		const names = [...this.#config.loadBalancers.values()]
			.filter(({backends}) => backends.includes(backend))
			.map(loadBalancer => loadBalancer.name);
		return [...new Set([name, ...names])].map(each => this.#dnsNameOf(each));
	}

	/** `<name>-<9 digits>.<region>.lbu.outscale.com`; the digits look constant per account (real DNS names, 2026). */
	#dnsNameOf(name: string): string {
		// Knuth's multiplicative hash: any seed, small ones too, gives nine digits that look arbitrary.
		const digits = 100_000_000 + ((Math.imul(this.#options.seed, 2_654_435_761) >>> 0) % 900_000_000);
		return `${name.toLowerCase()}-${digits}.eu-west-2.lbu.outscale.com`;
	}
}

/** Why the port that was written was not bound, by the system's word for it. */
const FALLBACK_REASONS: ReadonlyMap<string, string> = new Map([
	['EACCES', 'ports below 1024 need a privilege'],
	['EADDRINUSE', 'somebody holds it'],
]);

async function readConfig(config: unknown): Promise<{described: DescribedConfig; refuse: Launch['refuse']}> {
	if (typeof config === 'string') {
		const {readConfigFile} = await import('./configuration/config-file.ts');
		const file = await readConfigFile(config);
		return {described: file.config, refuse: violations => file.invalid(violations)};
	}
	const {describeConfig} = await import('./configuration/describe-config.ts');
	const refuse = (violations: readonly Violation[]) => invalidDescription('The configuration', violations);
	const result = describeConfig(config);
	if ('violations' in result) throw refuse(result.violations);
	return {described: result.config, refuse};
}

function reachable(
	running: RunningLoadBalancer,
	certificates: ReadonlyMap<number, UsableCertificate>,
	backends: readonly RunningBackend[],
): Reachable[] {
	return running.listeners.map(({description: {port, protocol, backendProtocol}, bound}) => {
		// What answers at a TCP listener is the back-end, unless the listener speaks TLS to it by itself.
		const passedThrough =
			protocol === 'tcp' && !isSecure(backendProtocol) ? backends.find(({secure}) => secure) : undefined;
		const certificate = certificates.get(port)?.pair.cert ?? passedThrough?.certificate?.cert;
		return {port, protocol, host: bound.host, boundPort: bound.port, certificate};
	});
}

/** What was given to the listeners by others than the authority: the client inside trusts exactly that. */
function certificatesToTrust(certificates: ReadonlyMap<number, UsableCertificate>): string[] {
	return [...certificates.values()]
		.flatMap(({issued, pair}) => (issued ? [] : [pair.cert, pair.chain ?? '']))
		.filter(pem => pem !== '');
}

function stopBackend(backend: RunningBackend): Promise<void> {
	return backend.kind === 'address' ? Promise.resolve() : backend.stop();
}

/**
 * Resolves once libuv has let go of what has been closed. Node tells of the end of a server as soon as its port is
 * free, and counts the handle among the active resources until the event loop has gone round.
 */
async function handlesClosed(): Promise<void> {
	for (let turn = 0; turn < 2; turn++) await new Promise(resolve => setImmediate(resolve));
}

/** A stop that happens once; a later call with no time left hurries it. */
function once(
	stop: (drainMs: number) => Promise<void>,
	hurry: () => Promise<void>,
): (drainMs: number) => Promise<void> {
	let stopping: Promise<void> | undefined;
	return drainMs => {
		if (stopping === undefined) stopping = stop(drainMs);
		else if (drainMs === 0) void hurry();
		return stopping;
	};
}
