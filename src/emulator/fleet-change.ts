import {isDeepStrictEqual} from 'node:util';
import {EmulatorError, messageOf} from '../base/errors.ts';
import {type PreparedChange, RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {LoadBalancerDescription} from '../model/load-balancer.ts';
import type {NormalisedBackend, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {AccessLog} from '../observability/access-log-file.ts';
import type {RunningBackend} from './backends.ts';
import type {UsableCertificate} from './certificates.ts';
import {descriptionOf} from './description.ts';
import {type Becoming, Entry} from './entry.ts';
import {type Holding, holdBackends} from './hold-backends.ts';
import {refuseLoadBalancer} from './judging.ts';
import {certificateFor, certificatesOf, warningsOf} from './listener-certificates.ts';
import type {PortMode} from './options.ts';
import {PortPlan} from './port-plan.ts';
import {fallbackNotices} from './ports.ts';
import {warningsOfDurations} from './short-durations.ts';
import {tell} from './told.ts';
import {type Change, explained, type FleetView, nameTaken, type Wanted} from './wanted.ts';

/** One wanted load balancer on its way. */
interface Step {
	readonly wanted: Wanted;
	readonly described: NormalisedLoadBalancer;
	/** The one that runs; undefined when there is none yet. */
	readonly entry: Entry | undefined;
	/** What that was described as when this was planned. */
	readonly before: NormalisedLoadBalancer | undefined;
	readonly certificates: ReadonlyMap<number, UsableCertificate>;
	backends: ReadonlyMap<NormalisedBackend, RunningBackend>;
	log: AccessLog | undefined;
	data: {readonly running: RunningLoadBalancer; readonly change: PreparedChange} | undefined;
}

/**
 * A change of a fleet for which everything that can fail has been done, and nothing shows. It is followed by `commit()`
 * and `release()`, or by `abandon()`.
 */
export class FleetChange {
	/** Those that are to go, and how long what is in flight at them may go on. */
	readonly unwanted: ReadonlyMap<Entry, number>;
	readonly #fleet: FleetView;
	readonly #steps: readonly Step[];
	/** undefined: it says nothing of them. */
	readonly #kept: ReadonlySet<NormalisedBackend> | undefined;
	/** What takes back what was done, in the order it was done. */
	readonly #undo: (() => unknown)[] = [];

	/** @throws EmulatorError see `Fleet.change`; then nothing is left of it. */
	static async prepare(change: Change, fleet: FleetView): Promise<FleetChange> {
		const prepared = new FleetChange(change, fleet);
		try {
			for (const step of prepared.#steps) step.backends = await holdBackends(step, prepared.#holding());
			for (const step of prepared.#steps) await prepared.#openLog(step);
			await prepared.#bindAll();
			return prepared;
		} catch (error) {
			await prepared.abandon();
			throw error;
		}
	}

	/** Judges what can be judged without starting anything. */
	private constructor({wanted, unwanted = new Map(), kept}: Change, fleet: FleetView) {
		this.#fleet = fleet;
		this.#kept = kept;
		this.unwanted = new Map(
			[...unwanted].flatMap(([name, drainMs]) => {
				const entry = fleet.entries.get(name);
				return entry === undefined ? [] : [[entry, drainMs] as const];
			}),
		);
		this.#steps = wanted.map(each => this.#stepOf(each));
	}

	/** @throws EmulatorError `STOPPED` when a load balancer it concerns has been stopped meanwhile. */
	assertUnchanged(): void {
		const concerned = [...this.#steps.flatMap(({entry}) => entry ?? []), ...this.unwanted.keys()];
		for (const entry of concerned) {
			const {name} = entry.described;
			if (this.#fleet.entries.get(name) !== entry) {
				throw new EmulatorError('STOPPED', `Load balancer "${name}" has been stopped`);
			}
		}
	}

	/** Makes the change. @returns the load balancers that were wanted. */
	commit(): Entry[] {
		if (this.#kept !== undefined) void this.#fleet.household.house.keep(this.#kept);
		return this.#steps.map(step => this.#commit(step));
	}

	/** The end of a commit: closes the ports that nobody serves any more. */
	release(): void {
		for (const {data} of this.#steps) data?.change.release();
	}

	/** Takes back what was begun. Resolves when nothing of it is left. */
	async abandon(): Promise<void> {
		for (const undo of this.#undo.reverse()) {
			try {
				await undo();
			} catch (error) {
				// A command that had to make room, and does not come back.
				this.#fleet.household.warnings.push(messageOf(error));
			}
		}
	}

	#stepOf(wanted: Wanted): Step {
		const {path = [], refuse = refuseLoadBalancer, isNew = false} = wanted;
		const {name} = wanted.described;
		const {household, entries, known} = this.#fleet;
		const entry = entries.get(name);
		if (isNew && entry !== undefined) throw explained(wanted, nameTaken(name), 'name');
		const described = entry === undefined ? wanted.described : recognised(wanted.described, entry);
		const certificates = certificatesOf(
			described,
			{
				known,
				authority: household.authority,
				dnsName: household.dnsNameOf(wanted.described),
				...(entry === undefined ? {} : {before: entry}),
			},
			{path, refuse},
		);
		const before = entry?.described;
		return {wanted, described, entry, before, certificates, backends: new Map(), log: entry?.log, data: undefined};
	}

	#holding(): Holding {
		const {household, entries, signal} = this.#fleet;
		const {house, dnsNameOf} = household;
		const [steps, undo, kept] = [this.#steps, this.#undo, this.#kept ?? house.kept];
		return {house, dnsNameOf, entries, unwanted: this.unwanted, kept, steps, signal, undo};
	}

	async #openLog(step: Step): Promise<void> {
		const {described, before, wanted} = step;
		const {household} = this.#fleet;
		if (before !== undefined && isDeepStrictEqual(before.accessLog, described.accessLog)) return;
		step.log = undefined;
		if (described.accessLog === undefined) return;
		try {
			const {openAccessLog} = await import('./access-log.ts');
			const log = await openAccessLog(described.accessLog, {
				loadBalancer: described.name,
				address: described.address ?? household.options.host,
				accountId: household.account().id,
				region: household.account().region,
				clock: household.services.clock,
				onTrouble: ({message}) => household.warnings.push(`${described.name}, access log: ${message}`),
			});
			this.#undo.push(() => log.close());
			step.log = log;
		} catch (error) {
			throw explained(wanted, error, 'accessLog');
		}
	}

	/** Binds what is to be bound, one load balancer after the other: each sees what those before it have taken. */
	async #bindAll(): Promise<void> {
		const {entries, household} = this.#fleet;
		const next = new Map(
			this.#steps.flatMap(({entry, described}) => (entry === undefined ? [] : [[entry, described] as const])),
		);
		const unwanted = new Set(this.unwanted.keys());
		const plan = new PortPlan(entries.values(), {next, unwanted, host: household.options.host});
		for (const step of this.#steps) {
			try {
				step.data = await this.#bind(step, plan);
			} catch (error) {
				throw explained(step.wanted, error, 'listeners');
			}
			const {change} = step.data;
			this.#undo.push(() => change.abandon());
			plan.take(change.ports);
		}
	}

	async #bind(step: Step, plan: PortPlan): Promise<NonNullable<Step['data']>> {
		const description = this.#descriptionOf(step, plan);
		if (step.entry !== undefined) {
			const {running} = step.entry;
			return {running, change: await running.prepare(description, plan.adoptable)};
		}
		const {services} = this.#fleet.household;
		const change = await RunningLoadBalancer.prepareStart(description, services, plan.adoptable);
		return {running: change.running, change};
	}

	#descriptionOf(step: Step, plan: PortPlan): LoadBalancerDescription {
		const {described, certificates, backends, entry} = step;
		const {options, authority} = this.#fleet.household;
		return descriptionOf(described, {
			dnsName: this.#fleet.household.dnsNameOf(described),
			certificates,
			backends: described.backends.flatMap(backend => {
				const running = backends.get(backend) ?? entry?.backends.get(backend);
				return running === undefined ? [] : [running.description];
			}),
			authority: authority.pem,
			host: options.host,
			ports: this.#portsOf(step),
			taken: (host, port) => plan.isTaken(host, port),
		});
	}

	#portsOf({entry, wanted}: Step): PortMode {
		const {ports} = this.#fleet.household.options;
		const yields = entry?.yieldsPorts === true || wanted.yieldsPorts === true;
		return yields && ports === 'fallback' ? 'fallback-always' : ports;
	}

	#commit({wanted, described, entry, before, certificates, backends, log, data}: Step): Entry {
		// `prepare()` has bound every step.
		if (data === undefined) throw new EmulatorError('BUG', `Load balancer "${described.name}" was not prepared`);
		const {running, change} = data;
		const {household, known} = this.#fleet;
		const {name} = described;
		change.commit();
		tell(household.notices, `${name}, `, fallbackNotices(name, running.listeners, household.options.ports));
		// Those of the configuration's certificates are told under their names.
		const ofListeners = warningsOf(name, certificates, new Set(known.values()));
		tell(household.warnings, `${name}, listener `, ofListeners);
		const aboutDurations = `${name}, durations: `;
		tell(household.warnings, aboutDurations, warningsOfDurations(described, aboutDurations));

		const there = new Set(entry?.described.backends);
		const drained = new Set((before?.backends ?? []).filter(backend => entry !== undefined && !there.has(backend)));
		const names = new Set([...drained].map(backend => backend.name));
		for (const backend of running.backends) if (names.has(backend.name)) void running.deregister(backend);
		const staying = described.backends.filter(backend => !drained.has(backend));
		const becoming = {described: {...described, backends: staying}, certificates, backends, log};
		if (entry === undefined) return this.#entryOf(becoming, running, wanted);
		entry.become(becoming);
		return entry;
	}

	#entryOf(becoming: Becoming, running: RunningLoadBalancer, wanted: Wanted): Entry {
		const {isConfigured = false, yieldsPorts = false, stop} = wanted;
		const {household, leave, inTurn, currentlyKnown} = this.#fleet;
		const entry: Entry = new Entry(becoming, {
			running,
			house: household.house,
			authority: household.authority.pem,
			isConfigured,
			yieldsPorts,
			onExchange: household.onExchange,
			inTurn: task => inTurn(becoming.described.name, task),
			handle: {
				clock: household.clock,
				ca: household.ca,
				endpoint: household.endpoint,
				resolve: (certificate, tls) =>
					certificateFor(certificate, tls, {known: currentlyKnown(), authority: household.authority}),
				update: spec => household.update(entry, spec),
				stop: stop ?? (drainMs => leave(entry, drainMs)),
			},
		});
		return entry;
	}
}

/** The same description, and in place of each back-end that equals one there is, that very one: it goes on running. */
function recognised(described: NormalisedLoadBalancer, {backends}: Entry): NormalisedLoadBalancer {
	const byName = new Map<string, NormalisedBackend[]>();
	for (const backend of backends.keys()) byName.set(backend.name, [...(byName.get(backend.name) ?? []), backend]);
	const same = described.backends.map(
		backend => byName.get(backend.name)?.find(other => isDeepStrictEqual(other, backend)) ?? backend,
	);
	return {...described, backends: same};
}
