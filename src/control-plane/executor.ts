import {isDeepStrictEqual} from 'node:util';
import type {Clock} from '../base/clock.ts';
import {EmulatorError} from '../base/errors.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import {type Account, emptyAccount, type Inventory} from '../model/account.ts';
import {DEFAULT_ACCOUNT_ID, DEFAULT_REGION} from '../model/dns-name.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import {Refusal} from '../model/refusal.ts';
import {type Change, type Context, NO_QUOTAS, type Quotas} from '../operations/context.ts';
import {Identifiers} from '../operations/identifiers.ts';
import {withoutGone} from '../operations/load-balancers.ts';
import type {BackendHealth, DataPlane, Outside} from './data-plane-port.ts';
import {type Defaults, describe, type Translation} from './describe.ts';
import {lookedOutside, type Seen, seenNothing} from './look-outside.ts';
import {touchedBetween, viewOf} from './view.ts';

export interface ExecutorOptions {
	readonly dataPlane: DataPlane;
	readonly clock: Clock;
	readonly seed: number;
	/** `eu-west-2` unless said otherwise. */
	readonly region?: string | undefined;
	/** 12 digits. */
	readonly accountId?: string | undefined;
	/** How long creation, change and deletion show; 0 unless said otherwise: over with their answer. */
	readonly lifecycleMs?: number | undefined;
	/** Takes private keys as RSA in PKCS#1 only, as the cloud asks for. */
	readonly strict?: boolean | undefined;
	readonly faithfulHealth?: boolean | undefined;
	readonly accessLogFolder?: string | undefined;
	readonly quotas?: Partial<Quotas> | undefined;
	readonly inventory?: Inventory | undefined;
	/** What VM ids mean. */
	readonly vms?: ReadonlyMap<string, NormalisedBackend> | undefined;
	/** What comes, changes and goes without an API; undefined = nothing does. */
	readonly outside?: Outside | undefined;
}

/** How often a command is made anew because others were faster. */
const PATIENCE = 100;

/**
 * Carries out the commands of every API, one at a time: the next account is computed, the data plane follows, and only
 * then is it kept. When the data plane cannot follow it is put back, and the account is what it was.
 */
export class Executor {
	readonly identifiers: Identifiers;
	readonly #options: ExecutorOptions;
	readonly #defaults: Defaults;
	readonly #queue = new SerialQueue();
	#seen: Seen;
	/** Whether the data plane is on its way to what is not kept yet. */
	#following = false;

	constructor(options: ExecutorOptions) {
		const {seed, region = DEFAULT_REGION, accountId = DEFAULT_ACCOUNT_ID} = options;
		this.#options = options;
		this.identifiers = new Identifiers({seed, region, accountId});
		this.#defaults = {
			faithfulHealth: options.faithfulHealth ?? false,
			accessLogFolder: options.accessLogFolder,
		};
		this.#seen = seenNothing(emptyAccount(options.inventory, options.vms));
	}

	/** What is described at the moment, without what has been deleted for long enough. */
	get account(): Account {
		this.#lookOutside();
		return withoutGone(this.#seen.account, this.context());
	}

	/** Whether access logs that are switched on through an API are written anywhere. */
	get writesAccessLogs(): boolean {
		return this.#defaults.accessLogFolder !== undefined;
	}

	/** What VM ids mean. */
	get vms(): ReadonlyMap<string, NormalisedBackend> {
		this.#lookOutside();
		return this.#seen.account.vms;
	}

	/** What operations go by, as of this moment. */
	context(): Context {
		const {clock, lifecycleMs = 0, strict = false, quotas} = this.#options;
		return {
			nowMs: clock.now(),
			wallMs: clock.wallMs(),
			lifecycleMs,
			strict,
			quotas: {...NO_QUOTAS, ...quotas},
			identifiers: this.identifiers,
		};
	}

	/**
	 * Carries out one command.
	 *
	 * @throws Refusal, its own or one that says why the data plane could not follow; nothing has changed then.
	 */
	change<Result>(change: Change<Result>): Promise<Result> {
		return this.#queue.run(async () => {
			let result: Result | undefined;
			await this.#untilFollowed(() => {
				const changed = change(this.account, this.context());
				result = changed.result;
				return changed.account;
			});
			// It has been set: a change is made at least once.
			return result as Result;
		});
	}

	/** Judges a command as if it were carried out, and changes nothing. @throws Refusal */
	rehearse<Result>(change: Change<Result>): void {
		change(this.account, this.context());
	}

	/** Says what a VM id means, or, without a back-end, that it means nothing any more. */
	async declareVm(id: string, backend: NormalisedBackend | undefined): Promise<void> {
		await this.#queue.run(() =>
			this.#untilFollowed(() => {
				const vms = new Map(this.vms);
				if (backend === undefined) vms.delete(id);
				else vms.set(id, backend);
				return {...this.account, vms};
			}),
		);
	}

	healthOf(name: string): readonly BackendHealth[] {
		return this.#options.dataPlane.healthOf(name);
	}

	/** The name of the back-end that each registered VM id stands for. */
	backendsOfVms(name: string): ReadonlyMap<string, string> {
		return viewOf(this.account, name)?.backendOfVm ?? new Map();
	}

	/**
	 * Puts everything back to the beginning, once `task` has put back what runs.
	 *
	 * @param vms what VM ids mean from then on.
	 */
	reset(vms: ReadonlyMap<string, NormalisedBackend>, task: () => Promise<void>): Promise<void> {
		return this.#queue.run(async () => {
			await task();
			this.#seen = seenNothing(emptyAccount(this.#options.inventory, vms));
		});
	}

	/** Takes over what has come, changed or gone without an API since it was looked at last. */
	#lookOutside(): void {
		const {outside} = this.#options;
		if (outside === undefined || this.#following) return;
		this.#seen = lookedOutside(this.#seen, outside, this.context());
	}

	/** Makes a change, and makes it anew from what runs by then when others have changed that meanwhile. @throws Refusal */
	async #untilFollowed(make: () => Account): Promise<void> {
		for (let attempt = 0; attempt < PATIENCE; attempt++) if (await this.#follow(make())) return;
		throw new Refusal('DATA_PLANE_REFUSED', 'the load balancer is being changed without an end; try again');
	}

	/**
	 * Has the data plane run what `next` says, and keeps it.
	 *
	 * @returns false when what runs is not what `next` was made from any more; nothing has changed then.
	 * @throws Refusal when it cannot; nothing has changed then either.
	 */
	async #follow(next: Account): Promise<boolean> {
		const running = new Map(this.#seen.running);
		const undo: (() => Promise<unknown>)[] = [];
		const takeBack = async () => {
			for (const step of undo) await step();
		};
		this.#following = true;
		try {
			for (const name of touchedBetween(this.#seen.account, next)) {
				const before = running.get(name);
				const wanted = this.#translate(next, name, before);
				const isSame = before?.described === wanted?.described;
				const after = isSame ? wanted : await this.#run(name, wanted, before);
				if (after === undefined && wanted !== undefined) {
					await takeBack();
					return false;
				}
				if (!isSame) undo.unshift(() => this.#run(name, before, after));
				if (after === undefined) running.delete(name);
				else running.set(name, after);
			}
		} catch (error) {
			await takeBack();
			throw refusalOf(error);
		} finally {
			this.#following = false;
		}
		this.#seen = {...this.#seen, account: next, running};
		return true;
	}

	/** @returns what runs then; undefined: nothing, or, where something was wanted, what others have made of it. */
	async #run(
		name: string,
		next: Translation | undefined,
		before: Translation | undefined,
	): Promise<Translation | undefined> {
		const {dataPlane} = this.#options;
		if (next === undefined) {
			await dataPlane.remove(name);
			return undefined;
		}
		const described = await dataPlane.apply(next.described, before?.described);
		// The data plane takes over its own copy.
		return described && {...next, described};
	}

	/** What is to run; the description that runs already where it says the same. */
	#translate(account: Account, name: string, before: Translation | undefined): Translation | undefined {
		const view = viewOf(account, name);
		if (view === undefined) return undefined;
		if (before !== undefined && isDeepStrictEqual(view, before.view)) return before;
		const described = describe(view, before, this.#defaults);
		const isSame = before !== undefined && isDeepStrictEqual(described, before.described);
		return {view, described: isSame ? before.described : described};
	}
}

/** Why the data plane could not follow, as an API says it. A bug stays what it is. */
function refusalOf(error: unknown): unknown {
	if (error instanceof Refusal || !(error instanceof EmulatorError)) return error;
	const code = error.code === 'PORT_UNAVAILABLE' ? 'PORT_UNAVAILABLE' : 'DATA_PLANE_REFUSED';
	return new Refusal(code, error.hint === undefined ? error.message : `${error.message}. ${error.hint}`);
}
