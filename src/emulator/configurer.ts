import {isDeepStrictEqual} from 'node:util';
import {EmulatorError, type Violation} from '../base/errors.ts';
import {withoutSecrets} from '../base/quote.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import type {Authority} from '../certificates/authority.ts';
import type {Finding} from '../configuration/finding.ts';
import {type Account, emptyAccount, type UsableCertificate} from '../model/account.ts';
import {EMPTY_INVENTORY} from '../model/inventory.ts';
import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import {normalisedOf} from '../model/resolve.ts';
import {
	type Configure,
	configure,
	configuredPart,
	type Difference,
	differences,
	type Reloaded,
} from '../operations/configure.ts';
import type {Operate} from '../operations/context.ts';
import type {AccountStore} from './account-store.ts';
import {type FailingPart, nameTaken} from './change.ts';
import {type Configured, NOTHING_CONFIGURED, readConfigured} from './configured.ts';
import {certificatesOf} from './listener-certificates.ts';
import type {Notices} from './notices.ts';
import {violationsOfListeners} from './serving.ts';

export interface ConfigurerOptions {
	readonly store: AccountStore;
	readonly authority: Authority;
	/** As it was given: a path, or the configuration itself. */
	readonly config: unknown;
	readonly dnsNameOf: (loadBalancer: Pick<NormalisedLoadBalancer, 'name' | 'internal'>) => string;
	readonly notices: Notices;
	/** Told of the files that it consists of, as soon as they are known. */
	readonly onFiles: (files: readonly string[]) => void;
}

/** Has the account follow the configuration: when it is read, when it is read again, and at a reset. */
export class Configurer {
	readonly #options: ConfigurerOptions;
	readonly #queue = new SerialQueue();
	#configured = NOTHING_CONFIGURED;
	/** What exists around the load balancers, read at the start alone. */
	#inventory = EMPTY_INVENTORY;

	constructor(options: ConfigurerOptions) {
		this.#options = options;
	}

	/** As it was read last. */
	get configured(): Configured {
		return this.#configured;
	}

	/** See `Emulator.reload`. @param onFirst called with what was read first, before anything starts. */
	reload(onFirst: (described: NormalisedConfig) => void): Promise<Reloaded> {
		return this.#queue.run(() => this.#reload(onFirst));
	}

	/** Puts everything back to what the configuration says; must not overlap with a reload. */
	reset(): Promise<void> {
		return this.#queue.run(() => this.#reset());
	}

	async #reload(onFirst: (described: NormalisedConfig) => void): Promise<Reloaded> {
		const before = this.#configured;
		const {store, authority, config, onFiles, notices} = this.#options;
		store.refuseWhenStopped();
		const after = await readConfigured(config, {authority, before, onFiles});
		if (before === NOTHING_CONFIGURED) {
			this.#inventory = after.described.account.inventory;
			onFirst(after.described);
		}
		const reloaded = differences(before, after);
		await store.change(namesIn(reloaded.loadBalancers), () => ({
			operation: this.#configure(this.#planned(before, after, reloaded)),
			ownBackends: backendsIn(after),
			kept: new Set([...after.described.backends.values()].flat()),
			drainMs: this.#drainTimes(reloaded.loadBalancers.removed),
			explain: (error, part, name) =>
				after.described.loadBalancers.has(name)
					? placed(error, after.placeOf(findingOf(part, name, after.described)))
					: error,
			onCommit: () => {
				this.#configured = after;
			},
		}));
		if (before !== NOTHING_CONFIGURED) this.#warnOfUnread(before.described, after.described);
		for (const name of [...reloaded.certificates.added, ...reloaded.certificates.changed]) {
			for (const warning of after.certificates.get(name)?.warnings ?? []) {
				const text = withoutSecrets(`certificate ${name}: ${warning}`);
				notices.add({level: 'warning', topic: 'certificate', text});
			}
		}
		return reloaded;
	}

	async #reset(): Promise<void> {
		const {store} = this.#options;
		store.refuseWhenStopped();
		const after = this.#configured;
		const names = [...store.account.loadBalancers.keys(), ...after.described.loadBalancers.keys()];
		await store.change(names, () => {
			const certificates = this.#certificates([...after.described.loadBalancers.keys()], NOTHING_CONFIGURED, after);
			const input = {before: NOTHING_CONFIGURED, after, certificates};
			return {
				operation: (_, context) => this.#configure(input)(emptyAccount(), context),
				ownBackends: backendsIn(after),
			};
		});
		for (const {handle} of store.managed.values()) {
			handle.traffic.clear();
			for (const {name} of handle.backends) handle.setHealth(name, 'auto');
		}
	}

	#configure(input: Configure): Operate<undefined> {
		return (account, context) => configure(input)({...account, inventory: this.#inventory}, context);
	}

	/** @throws EmulatorError `NAME_TAKEN`, `INVALID_DESCRIPTION` */
	#planned(before: Configured, after: Configured, reloaded: Reloaded): Configure {
		const {loadBalancers, certificates} = reloaded;
		const {managed, account} = this.#options.store;
		const names = [...loadBalancers.added, ...loadBalancers.changed];
		for (const name of names) {
			if (!managed.has(name) || account.loadBalancers.get(name)?.isConfigured === true) continue;
			throw placed(nameTaken(name), after.placeOf({path: ['loadBalancers', name], at: 'key'}));
		}
		this.#validateShown([...certificates.added, ...certificates.changed], after);
		return {before, after, reloaded, certificates: this.#certificates(names, before, after)};
	}

	/** What the listeners of these load balancers are to show. */
	#certificates(
		names: readonly string[],
		before: Configured,
		after: Configured,
	): Map<string, ReadonlyMap<number, UsableCertificate>> {
		const {store, authority, dnsNameOf} = this.#options;
		const {account, managed} = store;
		const found = new Map<string, ReadonlyMap<number, UsableCertificate>>();
		for (const name of names) {
			const part = configuredPart(name, {before, after}, account);
			if (part === undefined || part.parts?.has('listeners') === false) continue;
			const running = managed.get(name);
			const shown = running && {
				described: normalisedOf(running.described, account),
				certificates: running.certificates,
			};
			const sources = {known: after.certificates, authority, dnsName: dnsNameOf(part.normalised), before: shown};
			const at = {path: ['loadBalancers', name], refuse: after.refuse};
			found.set(name, certificatesOf(part.normalised, sources, at));
		}
		return found;
	}

	/** Listeners of whoever's load balancers show what bears the name by now, so it has to go with them. */
	#validateShown(names: readonly string[], after: Configured): void {
		const {account} = this.#options.store;
		const violations: Violation[] = [];
		for (const name of names) {
			const certificate = after.certificates.get(name);
			if (certificate === undefined) continue;
			for (const {name: loadBalancer, listeners} of account.loadBalancers.values()) {
				const shown = violationsOfListeners(listeners, ({certificateId = ''}) =>
					account.certificates.get(certificateId)?.configuredAs === name ? certificate : undefined,
				);
				for (const each of shown) violations.push({...each, path: ['loadBalancers', loadBalancer, ...each.path]});
			}
		}
		if (violations.length > 0) throw after.refuse(violations);
	}

	#drainTimes(removed: readonly string[]): Map<string, number> {
		const {loadBalancers}: Account = this.#options.store.account;
		return new Map(removed.map(name => [name, loadBalancers.get(name)?.drainingMs ?? 0]));
	}

	#warnOfUnread(before: NormalisedConfig, after: NormalisedConfig): void {
		if (isDeepStrictEqual([before.control, before.account], [after.control, after.account])) return;
		this.#options.notices.add({
			level: 'warning',
			topic: 'configuration',
			text: '"control" and "account" are read at the start alone: start anew for what changed in them',
		});
	}
}

/** The back-ends that a configuration gives each load balancer. */
function backendsIn({described}: Configured): (loadBalancer: string) => readonly NormalisedBackend[] {
	return name => described.loadBalancers.get(name)?.backends ?? [];
}

function namesIn({added, changed, removed}: Difference): string[] {
	return [...added, ...changed, ...removed];
}

function findingOf(part: FailingPart, name: string, {backends}: NormalisedConfig): Pick<Finding, 'path' | 'at'> {
	const path = ['loadBalancers', name];
	if (typeof part === 'string') return {path: [...path, part]};
	// `app-1` is written as `app`: the first name that stands for it.
	const key = [...backends].find(([, group]) => group.includes(part))?.[0];
	return {path: key === undefined ? path : ['backends', key]};
}

/** The same failure, and it says where in the file it belongs. */
function placed(error: unknown, place: string | undefined): unknown {
	if (place === undefined || !(error instanceof EmulatorError)) return error;
	const {code, message, hint} = error;
	return new EmulatorError(code, `${place}: ${message}`, {hint, cause: error});
}
