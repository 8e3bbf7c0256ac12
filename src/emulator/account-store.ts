import {EmulatorError} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import {nextTurn} from '../base/timers.ts';
import {Turns} from '../base/turns.ts';
import {type Account, emptyAccount} from '../model/account.ts';
import type {Operate} from '../operations/context.ts';
import {withoutGone} from '../operations/load-balancers.ts';
import {removeLoadBalancer} from '../operations/put-load-balancer.ts';
import {type Change, emulatorStopped, loadBalancerStopped, type StoreDependencies} from './change.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';
import {PlannedChange} from './planned-change.ts';

/** What came of a turn: the change was made, or it concerns load balancers whose turn it has not taken. */
type Outcome<Result> = {readonly result: Result} | {readonly missing: readonly string[]};

/**
 * The account, and the load balancers that run for it. Every change is one operation on the account; what runs follows
 * before the account shows it, as a whole or not at all. Changes that concern the same load balancer take turns by its
 * name; others do not wait for each other.
 */
export class AccountStore {
	readonly #dependencies: StoreDependencies;
	readonly #managed = new Map<string, ManagedLoadBalancer>();
	/** Those that have been taken out and are not gone yet. */
	readonly #leaving = new Set<ManagedLoadBalancer>();
	readonly #turns = new Turns();
	/** Changes that wait for their turn or are being made. */
	readonly #underWay = new Set<Promise<unknown>>();
	/** Calls a change off that has not been made yet, by the names it concerns. */
	readonly #callOffs = new Map<AbortController, ReadonlySet<string>>();
	#account = emptyAccount();
	#stopping: Promise<void> | undefined;

	constructor(dependencies: StoreDependencies) {
		this.#dependencies = dependencies;
	}

	/** What is described at the moment, without what has been deleted for long enough. */
	get account(): Account {
		return withoutGone(this.#account, this.#dependencies.moment());
	}

	/** The load balancers that run, by name, in the order of their start. */
	get managed(): ReadonlyMap<string, ManagedLoadBalancer> {
		return this.#managed;
	}

	/** @throws EmulatorError `NO_SUCH_LOAD_BALANCER`, `STOPPED` */
	get(name: string): ManagedLoadBalancer {
		this.refuseWhenStopped();
		const found = this.#managed.get(name);
		if (found !== undefined) return found;
		throw new EmulatorError(
			'NO_SUCH_LOAD_BALANCER',
			`No load balancer is named ${quote(name)}; there is ${alternatives(this.#managed.keys())}`,
			{hint: didYouMean(name, this.#managed.keys())},
		);
	}

	/**
	 * Makes one change, whole or not at all, when those before it that concern the same load balancers are over.
	 *
	 * @param names of the load balancers it is known to concern. When it turns out to concern others too, because of
	 * something shared, it takes a turn with those as well.
	 * @param plan called when it is its turn, and again when another change has made what was prepared useless.
	 * @returns what the operation returns.
	 * @throws EmulatorError what the plan or the operation throws, `PORT_UNAVAILABLE`, `COMMAND_FAILED`,
	 * `ACCESS_LOG_UNWRITABLE`, `STOPPED`; then everything is as it was.
	 */
	async change<Result>(names: Iterable<string>, plan: () => Change<Result> | Promise<Change<Result>>): Promise<Result> {
		const held = new Set(names);
		for (;;) {
			const outcome = await this.#takeTurn(held, plan);
			if ('result' in outcome) return outcome.result;
			for (const name of outcome.missing) held.add(name);
		}
	}

	/** Makes a change at once that nothing has to be prepared for; changes that are under way respect it. */
	changeAtOnce(operation: Operate<unknown>): void {
		this.#account = operation(this.account, this.#dependencies.context()).account;
		this.#dependencies.services.shown?.advance();
	}

	/** Runs a task when no change of this load balancer is under way. */
	inTurn(name: string, task: () => Promise<void>): Promise<void> {
		return this.#turns.run([name], task);
	}

	/** Takes one out of the account, whatever is on its way to it. Resolves when nothing of it is left. */
	remove(managed: ManagedLoadBalancer, drainMs: number): Promise<void> {
		const {name} = managed;
		managed.keepLast(this.#account);
		if (this.#managed.get(name) === managed) this.changeAtOnce(removeLoadBalancer({name}));
		return this.#leave(managed, drainMs, 'end');
	}

	/** Stops all of them, for good. A second call with no time left hurries the first. */
	stop(drainMs: number): Promise<void> {
		if (this.#stopping === undefined) this.#stopping = this.#stop(drainMs);
		else if (drainMs === 0) for (const each of [...this.#managed.values(), ...this.#leaving]) void each.stop(0);
		return this.#stopping;
	}

	/** Whether `stop()` has been called. */
	get isStopping(): boolean {
		return this.#stopping !== undefined;
	}

	/** See `Emulator.reopenAccessLogs`. */
	async reopenAccessLogs(): Promise<void> {
		this.refuseWhenStopped();
		const reopened = await Promise.allSettled([...this.managed.values()].map(({log}) => log?.reopen()));
		for (const result of reopened) if (result.status === 'rejected') throw result.reason;
	}

	/** @throws EmulatorError `STOPPED` */
	refuseWhenStopped(): void {
		if (this.#stopping !== undefined) throw emulatorStopped();
	}

	/** @throws EmulatorError `STOPPED` when this one is not there any more. */
	refuseUnless(managed: ManagedLoadBalancer): void {
		if (this.#managed.get(managed.name) !== managed) throw loadBalancerStopped(managed.name);
	}

	/** A load balancer that leaves what runs; the account has it no more, or as one that is being deleted. */
	#leave(managed: ManagedLoadBalancer, drainMs: number, fresh: 'end' | 'serve'): Promise<void> {
		const {name} = managed;
		if (this.#managed.get(name) === managed) {
			this.#managed.delete(name);
			for (const [callOff, names] of this.#callOffs) if (names.has(name)) callOff.abort(loadBalancerStopped(name));
			this.#dependencies.notices.forget(name);
			// Nobody finds its record any more, and it may go on for long.
			if (drainMs > 0) this.#dependencies.services.feed.cleared();
		}
		this.#leaving.add(managed);
		return managed.stop(drainMs, fresh).finally(() => this.#leaving.delete(managed));
	}

	async #stop(drainMs: number): Promise<void> {
		for (const callOff of this.#callOffs.keys()) callOff.abort(emulatorStopped());
		const leaving = [...this.#leaving].map(each => each.stop(drainMs));
		for (const each of this.#managed.values()) each.keepLast(this.#account);
		await Promise.all([...leaving, ...[...this.#managed.values()].map(each => each.stop(drainMs))]);
		// What is on its way sees that it comes too late, and takes back what it has begun.
		await Promise.all(this.#underWay);
		this.#managed.clear();
	}

	async #takeTurn<Result>(
		names: ReadonlySet<string>,
		plan: () => Change<Result> | Promise<Change<Result>>,
	): Promise<Outcome<Result>> {
		this.refuseWhenStopped();
		const turn = this.#turns.run(names, async () => {
			this.refuseWhenStopped();
			return this.#carryOut(plan, names);
		});
		const settled = turn.catch(() => {});
		this.#underWay.add(settled);
		try {
			return await turn;
		} finally {
			this.#underWay.delete(settled);
		}
	}

	/** Each repetition means that another change of something shared has been made meanwhile. */
	async #carryOut<Result>(
		plan: () => Change<Result> | Promise<Change<Result>>,
		held: ReadonlySet<string>,
	): Promise<Outcome<Result>> {
		for (;;) {
			const change = await plan();
			this.refuseWhenStopped();
			const before = this.account;
			const planned = change.operation(before, this.#dependencies.context());
			const prepared = this.#plan(change, before, planned.account);
			const missing = prepared.names.filter(name => !held.has(name));
			if (missing.length > 0) return {missing};
			await this.#prepare(prepared);
			try {
				this.refuseWhenStopped();
				// On the account as it is by now: changes of other load balancers do not wait for this one.
				const made = this.account === before ? planned : change.operation(this.account, this.#dependencies.context());
				prepared.assertUnchanged();
				if (made === planned || prepared.fits(made.account)) {
					await this.#commit(change, prepared, made.account);
					return {result: made.result};
				}
			} catch (error) {
				await prepared.abandon();
				throw error;
			}
			await prepared.abandon();
		}
	}

	#plan(change: Change<unknown>, before: Account, next: Account): PlannedChange {
		return new PlannedChange(change, {
			dependencies: this.#dependencies,
			managed: this.#managed,
			leaving: this.#leaving,
			before,
			next,
			read: () => this.#account,
			remove: (managed, drainMs) => this.remove(managed, drainMs),
			changeAtOnce: operation => this.changeAtOnce(operation),
			inTurn: (name, task) => this.inTurn(name, task),
		});
	}

	async #prepare(planned: PlannedChange): Promise<void> {
		const callOff = new AbortController();
		this.#callOffs.set(callOff, new Set(planned.staying));
		try {
			await planned.prepare(callOff.signal);
		} finally {
			this.#callOffs.delete(callOff);
		}
	}

	async #commit(change: Change<unknown>, prepared: PlannedChange, account: Account): Promise<void> {
		// From here to the release nothing waits and nothing fails.
		const replaced = this.#account;
		this.#account = account;
		this.#dependencies.services.shown?.advance();
		for (const managed of prepared.commit(account)) this.#managed.set(managed.name, managed);
		change.onCommit?.();
		for (const managed of prepared.removed) managed.keepLast(replaced);
		const left = [...prepared.removed].map(managed =>
			this.#leave(managed, change.drainMs?.get(managed.name) ?? 0, 'serve'),
		);
		prepared.release();
		if (change.waitsForRemoved === true) await Promise.all(left);
		// The system lets go of a port in the event loop's next turn.
		await nextTurn();
	}
}
