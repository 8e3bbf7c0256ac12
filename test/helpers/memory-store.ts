import {isDeepStrictEqual} from 'node:util';
import type {Clock} from '../../src/base/clock.ts';
import {type Account, emptyAccount} from '../../src/model/account.ts';
import {DEFAULT_ACCOUNT_ID, DEFAULT_REGION} from '../../src/model/dns-name.ts';
import type {Inventory} from '../../src/model/inventory.ts';
import type {ApiDialect, NormalisedBackend, NormalisedLoadBalancer} from '../../src/model/normalised.ts';
import {normalisedOf} from '../../src/model/resolve.ts';
import {settingsOf} from '../../src/model/settings.ts';
import {asRefusal} from '../../src/operations/as-refusal.ts';
import {
	type BackendHealth,
	type CloudStore,
	type Context,
	NO_QUOTAS,
	type Operate,
	type Quotas,
} from '../../src/operations/context.ts';
import {Identifiers} from '../../src/operations/identifiers.ts';
import {withoutGone} from '../../src/operations/load-balancers.ts';
import {touchedBetween} from '../../src/operations/touched.ts';

const PENDING = {code: 'ELB', description: 'Instance registration is pending'} as const;
const FINE = {code: 'N/A', description: 'N/A'} as const;

export interface MemoryStoreOptions extends Partial<Omit<Context, 'nowMs' | 'wallMs' | 'identifiers' | 'quotas'>> {
	readonly clock: Clock;
	readonly seed?: number;
	readonly cloud?: ApiDialect | undefined;
	readonly quotas?: Partial<Quotas> | undefined;
	readonly inventory?: Inventory;
	readonly vms?: ReadonlyMap<string, NormalisedBackend>;
}

/** An account over a data plane that moves no bytes: it keeps what was to run, and what it was asked. */
export class MemoryStore implements CloudStore {
	readonly identifiers: Identifiers;
	/** `apply web`, `remove web`, in their order. */
	readonly calls: string[] = [];
	/** Names of back-ends whose probes have passed. */
	readonly healthy = new Set<string>();
	/** Names of back-ends that finish what is in flight at them, by load balancer. */
	readonly draining = new Map<string, readonly string[]>();
	/** Thrown in place of the next change of what runs under that name. */
	readonly failures = new Map<string, Error>();
	readonly #options: MemoryStoreOptions;
	#account: Account;

	constructor(options: MemoryStoreOptions) {
		this.#options = options;
		this.identifiers = new Identifiers({
			seed: options.seed ?? 1,
			region: DEFAULT_REGION,
			accountId: DEFAULT_ACCOUNT_ID,
			cloud: options.cloud ?? 'outscale',
		});
		this.#account = emptyAccount(options.inventory, options.vms);
	}

	get account(): Account {
		return withoutGone(this.#account, this.context());
	}

	/** What runs, in the words of the library. */
	get running(): ReadonlyMap<string, NormalisedLoadBalancer> {
		return runningIn(this.#account);
	}

	context(): Context {
		const {clock, lifecycleMs = 0, strict = false, faithfulHealth = false, accessLogFolder, quotas} = this.#options;
		return {
			nowMs: clock.now(),
			wallMs: clock.wallMs(),
			identifiers: this.identifiers,
			lifecycleMs,
			strict,
			faithfulHealth,
			accessLogFolder,
			quotas: {...NO_QUOTAS, ...quotas},
		};
	}

	async change<Result>(_concerns: readonly string[], operation: Operate<Result>): Promise<Result> {
		// What binds a port takes its time, and others get their turn meanwhile.
		await new Promise(resolve => setImmediate(resolve));
		try {
			return this.apply(operation);
		} catch (error) {
			throw asRefusal(error);
		}
	}

	/** As `change()`, at once. */
	apply<Result>(operation: Operate<Result>): Result {
		const before = this.account;
		const {account, result} = operation(before, this.context());
		const [old, now] = [runningIn(before), runningIn(account)];
		const differing = [...touchedBetween(before, account)].filter(
			name => !isDeepStrictEqual(old.get(name), now.get(name)),
		);
		const calls = differing.map(name => `${now.has(name) ? 'apply' : 'remove'} ${name}`);
		for (const name of differing) {
			const failure = now.has(name) ? this.failures.get(name) : undefined;
			if (failure === undefined) continue;
			this.failures.delete(name);
			throw failure;
		}
		this.calls.push(...calls);
		this.#account = account;
		return result;
	}

	drainingOf(name: string): readonly string[] {
		return this.draining.get(name) ?? [];
	}

	healthOf(name: string): readonly BackendHealth[] {
		const described = this.running.get(name);
		return (described?.backends ?? []).map(backend => {
			const inService = !described?.pendingBackends.has(backend.name) || this.healthy.has(backend.name);
			return {
				name: backend.name,
				state: inService ? 'InService' : 'OutOfService',
				reason: inService ? FINE : PENDING,
			};
		});
	}
}

function runningIn(account: Account): Map<string, NormalisedLoadBalancer> {
	const running = [...account.loadBalancers.values()].filter(({life}) => life.phase !== 'deleting');
	return new Map(running.map(each => [each.name, withoutLife(normalisedOf(each, account))]));
}

/** What shows in what runs: the life of a load balancer, its tags and its policies by name do not. */
function withoutLife({name, internal, address, listeners, backends, pendingBackends, ...rest}: NormalisedLoadBalancer) {
	const {healthCheck, rules, accessLog, faults} = rest;
	const own = {name, internal, address, listeners, backends, pendingBackends, healthCheck, rules, accessLog, faults};
	return {...own, ...settingsOf(rest), source: {}};
}
