import {isDeepStrictEqual} from 'node:util';
import type {Clock} from '../base/clock.ts';
import {EmulatorError} from '../base/errors.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import type {DescribedBackend} from '../configuration/described.ts';
import {DEFAULT_REGION} from '../model/dns-name.ts';
import {type Estate, emptyEstate, type Surroundings} from '../model/estate.ts';
import type {PemPair} from '../model/load-balancer.ts';
import {Refusal} from '../model/refusal.ts';
import {adoptCertificate, adoptLoadBalancer, forgetLoadBalancer} from './adopt.ts';
import {type Change, type Context, NO_QUOTAS, type Quotas} from './commands.ts';
import type {BackendHealth, DataPlane, Outside} from './data-plane-port.ts';
import {type Defaults, describe, type Translation} from './describe.ts';
import {Identifiers} from './identifiers.ts';
import {withoutGone} from './operations/load-balancers.ts';
import {type Account, touchedBetween, viewOf} from './view.ts';

export interface ExecutorOptions {
	readonly dataPlane: DataPlane;
	readonly clock: Clock;
	readonly seed: number;
	/** `eu-west-2` unless said otherwise. */
	readonly region?: string | undefined;
	/** 12 digits. */
	readonly account?: string | undefined;
	/** How long creation, change and deletion show; 0 unless said otherwise: over with their answer. */
	readonly lifecycleMs?: number | undefined;
	/** Takes private keys as RSA in PKCS#1 only, as the cloud asks for. */
	readonly strict?: boolean | undefined;
	readonly faithfulHealth?: boolean | undefined;
	readonly accessLogFolder?: string | undefined;
	readonly quotas?: Partial<Quotas> | undefined;
	readonly surroundings?: Surroundings | undefined;
	/** What VM ids mean. */
	readonly vms?: ReadonlyMap<string, DescribedBackend> | undefined;
	/** What comes, changes and goes without an API; undefined = nothing does. */
	readonly outside?: Outside | undefined;
}

/** 12 digits: the account of OUTSCALE's own examples. */
export const DEFAULT_ACCOUNT = '123456789012';

/**
 * Carries out the commands of every API, one at a time: the next estate is computed, the data plane follows, and only
 * then is it kept. When the data plane cannot follow it is put back, and the estate is what it was.
 */
export class Executor {
	readonly identifiers: Identifiers;
	readonly #options: ExecutorOptions;
	readonly #defaults: Defaults;
	readonly #queue = new SerialQueue();
	/** What runs, by name, and the view it says the same as. */
	#running: ReadonlyMap<string, Translation> = new Map();
	#account: Account;
	/** Certificates of the configuration that have been taken over. */
	#known: ReadonlyMap<string, PemPair> = new Map();
	/** Whether the data plane is on its way to what is not kept yet. */
	#following = false;

	constructor(options: ExecutorOptions) {
		const {seed, region = DEFAULT_REGION, account = DEFAULT_ACCOUNT} = options;
		this.#options = options;
		this.identifiers = new Identifiers({seed, region, account});
		this.#defaults = {
			faithfulHealth: options.faithfulHealth ?? false,
			accessLogFolder: options.accessLogFolder,
		};
		this.#account = {estate: emptyEstate(options.surroundings), vms: options.vms ?? new Map()};
	}

	/** What is described at the moment, without what has been deleted for long enough. */
	get estate(): Estate {
		this.#lookOutside();
		return withoutGone(this.#account.estate, this.context());
	}

	/** Whether access logs that are switched on through an API are written anywhere. */
	get writesAccessLogs(): boolean {
		return this.#defaults.accessLogFolder !== undefined;
	}

	/** What VM ids mean. */
	get vms(): ReadonlyMap<string, DescribedBackend> {
		this.#lookOutside();
		return this.#account.vms;
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
			const {estate, result} = change(this.estate, this.context());
			await this.#follow({...this.#account, estate});
			return result;
		});
	}

	/** Judges a command as if it were carried out, and changes nothing. @throws Refusal */
	rehearse<Result>(change: Change<Result>): void {
		change(this.estate, this.context());
	}

	/** Says what a VM id means, or, without a back-end, that it means nothing any more. */
	async declareVm(id: string, backend: DescribedBackend | undefined): Promise<void> {
		await this.#queue.run(async () => {
			const vms = new Map(this.vms);
			if (backend === undefined) vms.delete(id);
			else vms.set(id, backend);
			await this.#follow({estate: this.estate, vms});
		});
	}

	healthOf(name: string): readonly BackendHealth[] {
		return this.#options.dataPlane.healthOf(name);
	}

	/** The name of the back-end that each registered VM id stands for. */
	backendsOfVms(name: string): ReadonlyMap<string, string> {
		return viewOf({...this.#account, estate: this.estate}, name)?.backendOfVm ?? new Map();
	}

	/**
	 * Puts everything back to the beginning, once `task` has put back what runs.
	 *
	 * @param vms what VM ids mean from then on.
	 */
	reset(vms: ReadonlyMap<string, DescribedBackend>, task: () => Promise<void>): Promise<void> {
		return this.#queue.run(async () => {
			await task();
			this.#account = {estate: emptyEstate(this.#options.surroundings), vms};
			this.#running = new Map();
			this.#known = new Map();
		});
	}

	/** Takes over what has come, changed or gone without an API since it was looked at last. */
	#lookOutside(): void {
		const {outside} = this.#options;
		if (outside === undefined || this.#following) return;
		const certificates = outside.certificates();
		for (const [name, pair] of certificates) {
			if (this.#known.get(name) === pair) continue;
			const estate = adoptCertificate(this.#account.estate, {name, pair}, this.context());
			this.#account = {...this.#account, estate};
		}
		this.#known = certificates;
		const running = new Map(this.#running);
		const names = new Set<string>();
		for (const adopted of outside.loadBalancers()) {
			const {described} = adopted;
			names.add(described.name);
			if (running.get(described.name)?.described === described) continue;
			this.#account = adoptLoadBalancer(this.#account, adopted, this.context());
			const view = viewOf(this.#account, described.name);
			if (view !== undefined) running.set(described.name, {view, described});
		}
		for (const name of this.#running.keys()) {
			if (names.has(name)) continue;
			running.delete(name);
			this.#account = forgetLoadBalancer(this.#account, name, this.context());
		}
		this.#running = running;
	}

	/** A description as the data plane took it over, which need not be the same object. */
	#asItRuns(translation: Translation): Translation {
		const {name} = translation.described;
		for (const {described} of this.#options.outside?.loadBalancers() ?? []) {
			if (described.name === name) return {...translation, described};
		}
		return translation;
	}

	/** Has the data plane run what `next` says, and keeps it. @throws Refusal when it cannot; nothing has changed then. */
	async #follow(next: Account): Promise<void> {
		const running = new Map(this.#running);
		const undo: (() => Promise<void>)[] = [];
		this.#following = true;
		try {
			for (const name of touchedBetween(this.#account, next)) {
				const before = running.get(name);
				const after = this.#translate(next, name, before);
				if (before?.described !== after?.described) {
					await this.#run(name, after);
					undo.unshift(() => this.#run(name, before));
				}
				if (after === undefined) running.delete(name);
				else running.set(name, before?.described === after.described ? after : this.#asItRuns(after));
			}
		} catch (error) {
			for (const step of undo) await step();
			throw refusalOf(error);
		} finally {
			this.#following = false;
		}
		this.#running = running;
		this.#account = next;
	}

	#run(name: string, translation: Translation | undefined): Promise<void> {
		const {dataPlane} = this.#options;
		return translation === undefined ? dataPlane.remove(name) : dataPlane.apply(translation.described);
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
