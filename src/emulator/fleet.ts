import {EmulatorError} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import {nextTurn} from '../base/timers.ts';
import {Turns} from '../base/turns.ts';
import type {NormalisedLoadBalancer} from '../model/normalised.ts';
import type {UsableCertificate} from './certificates.ts';
import type {Entry} from './entry.ts';
import {FleetChange} from './fleet-change.ts';
import type {LoadBalancer} from './load-balancer.ts';
import {tell} from './told.ts';
import type {Change, Household, Wanted} from './wanted.ts';

export interface RemoveOptions {
	/** How long what is in flight may go on; 0 unless said otherwise. */
	readonly drainMs?: number;
}

/** The load balancers that run in one emulator, by name. Every change of it is made as a whole or not at all. */
export class Fleet {
	readonly #household: Household;
	readonly #entries = new Map<string, Entry>();
	/** Those that have been taken out and are not gone yet. */
	readonly #leaving = new Set<Entry>();
	/** Changes of one load balancer wait for each other. */
	readonly #turns = new Turns();
	readonly #underWay = new Set<Promise<unknown>>();
	/** Calls a change off that has not been made yet, by the names it concerns. */
	readonly #callOffs = new Map<AbortController, ReadonlySet<string>>();
	#known: ReadonlyMap<string, UsableCertificate> = new Map();
	#stopping: Promise<void> | undefined;

	constructor(household: Household) {
		this.#household = household;
	}

	/** What listeners may name. */
	get known(): ReadonlyMap<string, UsableCertificate> {
		return this.#known;
	}

	get entries(): ReadonlyMap<string, Entry> {
		return this.#entries;
	}

	/** @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `STOPPED` */
	get(name: string): Entry {
		this.refuseWhenStopped();
		const entry = this.#entries.get(name);
		if (entry !== undefined) return entry;
		throw new EmulatorError(
			'NO_SUCH_LOAD_BALANCER',
			`No load balancer is named ${quote(name)}; there is ${alternatives(this.#entries.keys())}`,
			{hint: didYouMean(name, this.#entries.keys())},
		);
	}

	/**
	 * Starts the load balancer that is described, or, when one of this name runs, makes that what is described.
	 *
	 * @throws EmulatorError as {@link change}; then everything is as it was.
	 */
	async apply(described: NormalisedLoadBalancer, options: Omit<Wanted, 'described'> = {}): Promise<LoadBalancer> {
		await this.change([described.name], () => ({wanted: [{...options, described}]}));
		return this.get(described.name).handle;
	}

	/**
	 * Takes a load balancer out. Its name and its ports are free at once; resolves when nothing of it is left.
	 *
	 * @throws EmulatorError `NO_SUCH_LOAD_BALANCER`
	 */
	async remove(name: string, {drainMs = 0}: RemoveOptions = {}): Promise<void> {
		const entry = this.get(name);
		await this.change([name], () => ({wanted: [], unwanted: new Map([[name, drainMs]])}));
		await entry.stop(drainMs);
	}

	/**
	 * Carries out one change, whole or not at all, when those before it that concern the same load balancers are over.
	 *
	 * @param names of all load balancers it may concern.
	 * @param plan called when it is its turn.
	 * @throws EmulatorError what the plan throws, `INVALID_DESCRIPTION`, `NAME_TAKEN`, `PORT_UNAVAILABLE`,
	 * `COMMAND_FAILED`, `ACCESS_LOG_UNWRITABLE`, `STOPPED`; then everything is as it was.
	 */
	async change(names: Iterable<string>, plan: () => Change | Promise<Change>): Promise<void> {
		this.refuseWhenStopped();
		const turn = this.#turns.run(names, async () => {
			this.refuseWhenStopped();
			await this.#carryOut(await plan());
		});
		const settled = turn.catch(() => {});
		this.#underWay.add(settled);
		try {
			await turn;
		} finally {
			this.#underWay.delete(settled);
		}
	}

	/** Runs a task when no change of this load balancer is under way. */
	inTurn(name: string, task: () => Promise<void>): Promise<void> {
		return this.#turns.run([name], task);
	}

	/** Takes one out, whatever is on its way to it. Resolves when nothing of it is left. */
	leave(entry: Entry, drainMs: number, fresh: 'end' | 'serve' = 'end'): Promise<void> {
		const {name} = entry.described;
		if (this.#entries.get(name) === entry) {
			this.#entries.delete(name);
			for (const [callOff, names] of this.#callOffs) if (names.has(name)) callOff.abort(entryStopped(name));
			const {notices, warnings} = this.#household;
			for (const told of [notices, warnings]) tell(told, `${name}, `, []);
		}
		this.#leaving.add(entry);
		return entry.stop(drainMs, fresh).finally(() => this.#leaving.delete(entry));
	}

	/** Stops all of them, for good. A second call with no time left hurries the first. */
	stop(drainMs: number): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs);
		else if (drainMs === 0) for (const entry of [...this.#entries.values(), ...this.#leaving]) void entry.stop(0);
		return this.#stopping;
	}

	/** @throws EmulatorError `STOPPED` */
	refuseWhenStopped(): void {
		if (this.#stopping !== undefined) throw emulatorStopped();
	}

	/** @throws EmulatorError `STOPPED` when this one is not there any more. */
	refuseUnless(entry: Entry): void {
		const {name} = entry.described;
		if (this.#entries.get(name) === entry) return;
		throw entryStopped(name);
	}

	async #stop(drainMs: number): Promise<void> {
		for (const callOff of this.#callOffs.keys()) callOff.abort(emulatorStopped());
		const leaving = [...this.#leaving].map(entry => entry.stop(drainMs));
		await Promise.all([...leaving, ...[...this.#entries.values()].map(entry => entry.stop(drainMs))]);
		// What is on its way sees that it comes too late, and takes back what it has begun.
		await Promise.all(this.#underWay);
		this.#entries.clear();
	}

	async #prepare(change: Change): Promise<FleetChange> {
		const names = [...change.wanted.map(({described}) => described.name), ...(change.unwanted?.keys() ?? [])];
		const callOff = new AbortController();
		this.#callOffs.set(callOff, new Set(names));
		try {
			return await FleetChange.prepare(change, {
				household: this.#household,
				entries: this.#entries,
				known: change.known ?? this.#known,
				signal: callOff.signal,
				currentlyKnown: () => this.#known,
				leave: (entry, drainMs) => this.leave(entry, drainMs),
				inTurn: (name, task) => this.inTurn(name, task),
			});
		} finally {
			this.#callOffs.delete(callOff);
		}
	}

	async #carryOut(change: Change): Promise<void> {
		const prepared = await this.#prepare(change);
		try {
			this.refuseWhenStopped();
			prepared.assertUnchanged();
		} catch (error) {
			await prepared.abandon();
			throw error;
		}
		// From here to the release nothing waits and nothing fails.
		// What a change says nothing of may have been changed meanwhile by one of other load balancers.
		if (change.known !== undefined) this.#known = change.known;
		for (const entry of prepared.commit()) this.#entries.set(entry.described.name, entry);
		change.onCommit?.();
		for (const [entry, drainMs] of prepared.unwanted) void this.leave(entry, drainMs, 'serve');
		prepared.release();
		// The system lets go of a port in the event loop's next turn.
		await nextTurn();
	}
}

function emulatorStopped(): EmulatorError<'STOPPED'> {
	return new EmulatorError('STOPPED', 'The emulator has been stopped');
}

function entryStopped(name: string): EmulatorError<'STOPPED'> {
	return new EmulatorError('STOPPED', `Load balancer "${name}" has been stopped`);
}
