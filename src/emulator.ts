import {EventEmitter} from 'node:events';
import {isDeepStrictEqual} from 'node:util';
import {EmulatorError, formatPath, invalidDescription, type Violation} from './base/errors.ts';
import {SerialQueue} from './base/serial-queue.ts';
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
import type {RunningListener} from './data-plane/running-listener.ts';
import {RunningLoadBalancer} from './data-plane/running-load-balancer.ts';
import type {HealthChange, Services} from './data-plane/services.ts';
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
import {clockOf, type EmulatorClock} from './emulator/clock.ts';
import {descriptionOf} from './emulator/description.ts';
import {type CertificateAuthority, type LoadBalancer, LoadBalancerHandle} from './emulator/load-balancer.ts';
import {EMULATOR_OPTIONS, type EmulatorOptions, type ReadOptions, readOptions} from './emulator/options.ts';
import {formatListener, isSecure} from './model/listener.ts';
import type {LoadBalancerDescription, PemPair} from './model/load-balancer.ts';
import type {AccessLog} from './observability/access-log-file.ts';
import type {Exchange} from './observability/exchange.ts';

/** What an emulator tells while it runs. */
export interface EmulatorEvents {
	/** An exchange has ended, at whichever load balancer. */
	exchange: [exchange: Exchange];
	/** The probes have brought a back-end in service, or taken it out. */
	health: [change: HealthChange];
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
	/** What every health check, timeout and expiry goes by. */
	readonly clock: EmulatorClock;
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
	 * Goes on in new files of the same names, after whoever rotates access logs has renamed the old ones. Nothing is lost.
	 *
	 * @throws EmulatorError `ACCESS_LOG_UNWRITABLE` when one of them cannot be made; it goes on in its old one then.
	 */
	reopenAccessLogs(): Promise<void>;
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
	described: DescribedLoadBalancer;
	readonly running: RunningLoadBalancer;
	/** Started or known for it, by what describes them; those that were deregistered too, until it stops. */
	readonly backends: Map<DescribedBackend, RunningBackend>;
	readonly certificates: Map<number, UsableCertificate>;
	readonly log: AccessLog | undefined;
	/** One change at a time. */
	readonly changes: SerialQueue;
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
	readonly clock: EmulatorClock;
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
		const {clock, handle} = clockOf(options.clock);
		this.clock = handle;
		this.#services = {
			clock,
			buffers: new ReadBuffers(),
			contexts: new SecureContexts(),
			seed: options.seed,
			onHealthChange: change => this.#tell(change),
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

	async reopenAccessLogs(): Promise<void> {
		const reopened = await Promise.allSettled([...this.#entries.values()].map(({log}) => log?.reopen()));
		for (const result of reopened) if (result.status === 'rejected') throw result.reason;
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
			return await this.#run(described, {certificates, backends, alone});
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
		before?: UsableCertificate,
	): Map<number, UsableCertificate> {
		const violations: Violation[] = [];
		const certificates = new Map<number, UsableCertificate>();
		// Listeners that ask for none in particular share one, issued and judged once.
		let issued = before;
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
			readonly alone: boolean;
		},
	): Promise<LoadBalancer> {
		const {certificates, alone} = parts;
		const {name} = described;
		const backends = new Map(described.backends.flatMap((backend, index) => pairOf(backend, parts.backends[index])));
		const running = await RunningLoadBalancer.start(
			this.#describe(described, certificates, parts.backends),
			this.#services,
		);
		if (this.#stopping !== undefined) {
			await running.stop(0);
			this.#refuseWhenStopped();
		}
		const log = await this.#openLog(described, running);
		running.journal.subscribe(exchange => this.events.emit('exchange', exchange));
		this.#noteFallbacks(running, running.listeners);
		const current = () => [...backends.values()];
		const client = new Client({
			dnsName: running.description.dnsName,
			listeners: () => reachable(running, certificates, current()),
			trusted: () => [this.#authority.pem, ...certificatesToTrust(certificates)],
		});
		const stop = once(
			async drainMs => {
				await running.stop(drainMs);
				await client.close();
				await Promise.all(this.#ownOf(backends).map(stopBackend));
				await log?.close();
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
			backends: current,
			certificates,
			client,
			clock: this.clock,
			resolve: certificate => this.#resolve(certificate),
			update: spec => entry.changes.run(() => this.#update(entry, spec)),
			ca: this.ca,
			warnings,
			stop: alone ? drainMs => this.stop({drainMs}) : stop,
		});
		const changes = new SerialQueue();
		const entry: Entry = {described, running, backends, certificates, log, changes, handle, stop};
		this.#entries.set(name, entry);
		return handle;
	}

	#tell(change: HealthChange): void {
		// A listener's bug must show, but not among the probes.
		queueMicrotask(() => this.events.emit('health', change));
	}

	/** Judges the whole description anew, starts what is new in it, and then changes what runs. */
	async #update(entry: Entry, spec: unknown): Promise<void> {
		this.#refuseWhenStopped();
		const {name} = entry.described;
		if (this.#entries.get(name) !== entry)
			throw new EmulatorError('STOPPED', `Load balancer "${name}" has been stopped`);
		const described = recognised(await this.#judgeUpdate(entry, spec), entry);
		const refuse = (violations: readonly Violation[]) => invalidDescription('The load balancer', violations);
		const certificates = this.#certificatesOf(described, [], refuse, issuedFor(entry));
		const fresh = described.backends.filter(backend => !entry.backends.has(backend));
		const started = await this.#startBackends({...described, backends: fresh}, false);
		const all = new Map([...entry.backends, ...fresh.flatMap((backend, index) => pairOf(backend, started[index]))]);
		const registered = described.backends.flatMap(backend => all.get(backend) ?? []);
		try {
			const before = entry.running.listeners;
			await entry.running.update(this.#describe(described, certificates, registered));
			this.#noteFallbacks(
				entry.running,
				entry.running.listeners.filter(({bound}) => !before.some(listener => listener.bound === bound)),
			);
		} catch (error) {
			await Promise.all(started.filter((_, index) => !this.#isShared(fresh[index])).map(stopBackend));
			throw error;
		}
		entry.described = described;
		for (const [backend, running] of all) entry.backends.set(backend, running);
		entry.certificates.clear();
		for (const [port, certificate] of certificates) entry.certificates.set(port, certificate);
		this.#stopUnused(entry);
	}

	async #judgeUpdate({described: {name, source}}: Entry, spec: unknown): Promise<DescribedLoadBalancer> {
		const refuse = (violations: readonly Violation[]) => invalidDescription('The change', violations);
		if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
			throw refuse([{path: [], message: 'must be an object with the keys that change', hint: undefined}]);
		}
		if ('name' in spec && spec.name !== undefined && spec.name !== name) {
			throw refuse([{path: ['name'], message: `a load balancer keeps its name, which is ${JSON.stringify(name)}`}]);
		}
		const {describeLoadBalancer} = await import('./configuration/describe.ts');
		const given = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
		const result = describeLoadBalancer(
			{...source, ...given},
			{certificateNames: this.#certificates.keys(), backends: this.#config.backends},
		);
		if ('violations' in result) throw refuse(result.violations);
		return result.described;
	}

	/** Stops fake back-ends that are no longer described, once nothing is left at them. */
	#stopUnused(entry: Entry): void {
		void entry.running.settled().then(async () => {
			for (const [backend, running] of entry.backends) {
				if (entry.described.backends.includes(backend) || this.#isShared(backend)) continue;
				entry.backends.delete(backend);
				await stopBackend(running);
			}
		});
	}

	#ownOf(backends: ReadonlyMap<DescribedBackend, RunningBackend>): RunningBackend[] {
		return [...backends].filter(([backend]) => !this.#isShared(backend)).map(([, running]) => running);
	}

	async #openLog(described: DescribedLoadBalancer, running: RunningLoadBalancer): Promise<AccessLog | undefined> {
		if (described.accessLog === undefined) return undefined;
		try {
			const {openAccessLog} = await import('./emulator/access-log.ts');
			const log = await openAccessLog(described.accessLog, {
				loadBalancer: described.name,
				address: running.listeners[0]?.bound.host ?? this.#options.host,
				clock: this.#services.clock,
				onTrouble: ({message}) => this.warnings.push(`${described.name}, access log: ${message}`),
			});
			running.journal.subscribe(exchange => log.write(exchange));
			return log;
		} catch (error) {
			await running.stop(0);
			throw error;
		}
	}

	#describe(
		described: DescribedLoadBalancer,
		certificates: ReadonlyMap<number, UsableCertificate>,
		backends: readonly RunningBackend[],
	): LoadBalancerDescription {
		return descriptionOf(described, {
			dnsName: this.#dnsNameOf(described.name),
			certificates,
			backends: backends.map(({description}) => description),
			authority: this.#authority.pem,
			host: this.#options.host,
			ports: this.#options.ports,
			taken: (host, port) => this.#hasBound(host, port),
		});
	}

	#hasBound(host: string, port: number): boolean {
		return this.loadBalancers.some(({listeners}) =>
			listeners.some(listener => listener.host === host && listener.boundPort === port),
		);
	}

	#noteFallbacks(running: RunningLoadBalancer, listeners: readonly RunningListener[]): void {
		if (this.#options.ports === 'free') return;
		for (const {description, bound} of listeners) {
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

function pairOf(
	backend: DescribedBackend,
	running: RunningBackend | undefined,
): (readonly [DescribedBackend, RunningBackend])[] {
	return running === undefined ? [] : [[backend, running]];
}

/** The same description, and in place of each back-end that equals one there is, that very one: it goes on running. */
function recognised(described: DescribedLoadBalancer, {backends}: Entry): DescribedLoadBalancer {
	const known = [...backends.keys()];
	const same = described.backends.map(backend => known.find(other => isDeepStrictEqual(other, backend)) ?? backend);
	return {...described, backends: same};
}

/** What was issued for the listeners that ask for no certificate in particular. */
function issuedFor({described, certificates}: Entry): UsableCertificate | undefined {
	const listener = described.listeners.find(({certificate}) => certificate?.kind === 'issue');
	return listener && certificates.get(listener.ports.port);
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
