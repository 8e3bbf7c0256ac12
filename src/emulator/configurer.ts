import {isDeepStrictEqual} from 'node:util';
import {EmulatorError, type Violation} from '../base/errors.ts';
import {withoutSecrets} from '../base/quote.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import type {Authority} from '../certificates/authority.ts';
import type {Finding} from '../configuration/finding.ts';
import {type Account, emptyAccount, type UsableCertificate} from '../model/account.ts';
import type {NormalisedBackend, NormalisedConfig, NormalisedLoadBalancer} from '../model/normalised.ts';
import {normalisedOf} from '../model/resolve.ts';
import {
	type ConfigurationContent,
	type Configure,
	configure,
	configuredPart,
	type Difference,
	differences,
	type Reloaded,
	type Restores,
} from '../operations/configure.ts';
import type {Operate} from '../operations/context.ts';
import type {Identifiers} from '../operations/identifiers.ts';
import {vmsOfNamed, withoutNamed} from '../operations/without-named.ts';
import type {AccountStore} from './account-store.ts';
import {type FailingPart, nameTaken} from './change.ts';
import {type Configured, NOTHING_CONFIGURED, readConfigured} from './configured.ts';
import type {Described} from './described.ts';
import {certificatesOf} from './listener-certificates.ts';
import type {NameScope} from './name-scope.ts';
import type {Notices} from './notices.ts';
import {violationsOfListeners} from './serving.ts';

export interface ConfigurerOptions {
	readonly store: AccountStore;
	readonly authority: Authority;
	/** As it was given: a path, or the configuration itself. */
	readonly config: unknown;
	/** What names of the account's parts are made from. */
	readonly identifiers: () => Identifiers;
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
	/** As it was read first. Its `control` and `account` hold until the end. */
	#atStart = NOTHING_CONFIGURED.described;

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

	/**
	 * What is described at the moment, as a configuration; it has no private and no secret key. It is loaded here: it is
	 * asked for seldom.
	 */
	async described(): Promise<Described> {
		const {describedIn} = await import('./described.ts');
		const {store, identifiers} = this.#options;
		const of = {configured: this.#configured, atStart: this.#atStart, identifiers: identifiers()};
		return describedIn(store.account, of);
	}

	/**
	 * Puts a configuration in place of all that is described, whoever has described it: what differs changes.
	 *
	 * @param config of unknown shape, such as `described()` once wrote. It may name only files and commands of the
	 * configuration that was read.
	 * @throws EmulatorError `INVALID_DESCRIPTION`, or as a reload; then everything is as it was.
	 */
	restore(config: unknown): Promise<Reloaded> {
		return this.#queue.run(() => this.#restore(config));
	}

	/** Puts everything back to what the configuration says, or what is in a scope; must not overlap with a reload. */
	reset(scope?: NameScope): Promise<void> {
		return this.#queue.run(() => this.#reset(scope));
	}

	async #reload(onFirst: (described: NormalisedConfig) => void): Promise<Reloaded> {
		const before = this.#configured;
		const {store, authority, config, onFiles, notices} = this.#options;
		store.refuseWhenStopped();
		const after = await readConfigured(config, {authority, before, onFiles});
		if (before === NOTHING_CONFIGURED) {
			this.#atStart = after.described;
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

	async #restore(config: unknown): Promise<Reloaded> {
		const {store, authority} = this.#options;
		store.refuseWhenStopped();
		const {readRestored} = await import('./restored.ts');
		return store.change(store.account.loadBalancers.keys(), async () => {
			const {account} = store;
			const described = await this.described();
			const trusted = [this.#atStart, this.#configured.described];
			const {before, after} = await readRestored(config, {account, described, trusted, authority});
			const restores = {
				isConfigured: (name: string) => this.#configured.described.loadBalancers.has(name),
				certificateIds: described.certificateIds,
			};
			const reloaded = differences(before, after);
			const restore = this.#configure(this.#planned(before, after, reloaded, restores));
			return {
				operation: (each, context) => ({...restore(each, context), result: reloaded}),
				ownBackends: backendsIn(after),
				drainMs: this.#drainTimes(reloaded.loadBalancers.removed),
			};
		});
	}

	async #reset(scope?: NameScope): Promise<void> {
		const {store} = this.#options;
		store.refuseWhenStopped();
		const isMeant = (name: string) => scope?.has(name) ?? true;
		const configured = this.#configured;
		const described = [...configured.described.loadBalancers].filter(([name]) => isMeant(name));
		const after = {...configured, described: {...configured.described, loadBalancers: new Map(described)}};
		const names = [...store.account.loadBalancers.keys(), ...after.described.loadBalancers.keys()].filter(isMeant);
		await store.change(names, () => {
			const certificates = this.#certificates([...after.described.loadBalancers.keys()], {
				before: NOTHING_CONFIGURED,
				after,
				restores: undefined,
			});
			return {
				operation: (account, context) => {
					if (scope === undefined) {
						return this.#configure({before: NOTHING_CONFIGURED, after, certificates})(emptyAccount(), context);
					}
					const before = withOthersVms(after, vmsOfNamed(account, isMeant));
					const base = withoutNamed(isMeant)(account, context).account;
					return this.#configure({before, after, certificates})(base, context);
				},
				ownBackends: backendsIn(after),
			};
		});
		for (const {name, handle, running, backends} of store.managed.values()) {
			if (!isMeant(name)) continue;
			for (const backend of backends.values()) backend.reset();
			running.faults.reset();
			handle.traffic.clear();
			running.advisor.clear();
			for (const backend of handle.backends) handle.setHealth(backend.name, 'auto');
		}
	}

	#configure(input: Configure): Operate<undefined> {
		return (account, context) => configure(input)({...account, inventory: this.#atStart.account.inventory}, context);
	}

	/** @throws EmulatorError `NAME_TAKEN`, `INVALID_DESCRIPTION` */
	#planned(before: ConfigurationContent, after: Configured, reloaded: Reloaded, restores?: Restores): Configure {
		const {loadBalancers, certificates} = reloaded;
		const {managed, account} = this.#options.store;
		const names = [...loadBalancers.added, ...loadBalancers.changed];
		for (const name of names) {
			if (restores !== undefined || !managed.has(name) || account.loadBalancers.get(name)?.isConfigured === true)
				continue;
			throw placed(nameTaken(name), after.placeOf({path: ['loadBalancers', name], at: 'key'}));
		}
		this.#validateShown([...certificates.added, ...certificates.changed], after);
		return {before, after, reloaded, certificates: this.#certificates(names, {before, after, restores}), restores};
	}

	/** What the listeners of these load balancers are to show. */
	#certificates(
		names: readonly string[],
		{before, after, restores}: Pick<Configure, 'before' | 'restores'> & {readonly after: Configured},
	): Map<string, ReadonlyMap<number, UsableCertificate>> {
		const {store, authority, dnsNameOf} = this.#options;
		const {account, managed} = store;
		const found = new Map<string, ReadonlyMap<number, UsableCertificate>>();
		for (const name of names) {
			const part = configuredPart(name, {before, after, restores}, account);
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

/** What is described by nothing but the VMs of a configuration that are not among these: they stay as they are. */
function withOthersVms({described}: Configured, own: ReadonlySet<string>): ConfigurationContent {
	const vms = new Map([...described.vms].filter(([id]) => !own.has(id)));
	return {...NOTHING_CONFIGURED, described: {...NOTHING_CONFIGURED.described, vms}};
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
