import {quote} from '../base/quote.ts';
import type {AccountLoadBalancer, ListedRule, Rule} from './account-load-balancer.ts';
import {EMPTY_INVENTORY, type Inventory} from './inventory.ts';
import type {NormalisedBackend} from './normalised.ts';
import {Refusal} from './refusal.ts';
import type {PemPair} from './resolved.ts';

/** A certificate that was read or issued, and inspected: it can be used. */
export interface UsableCertificate {
	/** What listeners show, in order. It prints without its key. */
	readonly pair: PemPair;
	readonly facts: {
		readonly names: readonly string[];
		readonly notAfter: Date;
		/** SHA-256, upper-case hexadecimal with colons. */
		readonly fingerprint256: string;
		readonly keyType: string;
	};
	/** What works here and will surprise elsewhere. */
	readonly warnings: readonly string[];
	/** Whether the emulator's authority signed it. */
	readonly issued: boolean;
}

/** A server certificate of the account. */
export interface ServerCertificate extends UsableCertificate {
	/** 30 upper-case letters and digits; what listeners hold on to. */
	readonly id: string;
	readonly name: string;
	/** Begins and ends with `/`. */
	readonly path: string;
	/** As it was uploaded, or the leaf of the library's or the configuration's. */
	readonly body: string;
	/** As it was uploaded; the cloud does not insist that it is one. */
	readonly chain: string | undefined;
	/** Shown by AWS IAM alone. */
	readonly tags: ReadonlyMap<string, string>;
	readonly uploadedMs: number;
	/** The name that the configuration has for it; undefined: the configuration does not have it. */
	readonly configuredAs: string | undefined;
	/** The load balancer of the library or the configuration that brought it; undefined when it stands for itself. */
	readonly broughtBy: string | undefined;
}

/** Everything described in one account. A value: an operation makes the next one. */
export interface Account {
	/** By name, in the order of creation. */
	readonly loadBalancers: ReadonlyMap<string, AccountLoadBalancer>;
	/** By id, in the order of upload. */
	readonly certificates: ReadonlyMap<string, ServerCertificate>;
	/** In the order of creation. */
	readonly rules: readonly Rule[];
	/** What VM ids mean. An id that is not in here can be registered, and is never in service. */
	readonly vms: ReadonlyMap<string, NormalisedBackend>;
	readonly inventory: Inventory;
	/** How many identifiers have been given; the number of the next. */
	readonly serial: number;
}

export function emptyAccount(inventory: Inventory = EMPTY_INVENTORY, vms: Account['vms'] = new Map()): Account {
	return {loadBalancers: new Map(), certificates: new Map(), rules: [], vms, inventory, serial: 0};
}

/** @throws Refusal `NO_SUCH_LOAD_BALANCER` */
export function loadBalancerNamed(account: Account, name: string): AccountLoadBalancer {
	const found = account.loadBalancers.get(name);
	if (found !== undefined) return found;
	throw noLoadBalancer(name);
}

/** @param of where a cloud has another sentence for it: `tags`. */
export function noLoadBalancer(name: string, of?: 'tags'): Refusal {
	return new Refusal('NO_SUCH_LOAD_BALANCER', `no load balancer is named ${quote(name)}`, name, of);
}

/** A load balancer that runs when the account says this; one that is being deleted does not. */
export function runningIn({loadBalancers}: Account, name: string): AccountLoadBalancer | undefined {
	const found = loadBalancers.get(name);
	return found?.life.phase === 'deleting' ? undefined : found;
}

export function withLoadBalancer(account: Account, loadBalancer: AccountLoadBalancer): Account {
	return {...account, loadBalancers: new Map(account.loadBalancers).set(loadBalancer.name, loadBalancer)};
}

/** Without that load balancer and its rules. Where there is none, nothing is copied. */
export function withoutLoadBalancer(account: Account, name: string): Account {
	if (!account.loadBalancers.has(name)) return account;
	const loadBalancers = new Map(account.loadBalancers);
	loadBalancers.delete(name);
	const rules = account.rules.filter(rule => rule.loadBalancer !== name);
	return {...account, loadBalancers, rules: rules.length === account.rules.length ? account.rules : rules};
}

export function withCertificate(account: Account, certificate: ServerCertificate): Account {
	return {...account, certificates: new Map(account.certificates).set(certificate.id, certificate)};
}

/** The rules as the cloud lists them, one for each listener that they hold at, in the order of their creation. */
export function listedRules({rules}: Pick<Account, 'rules'>): ListedRule[] {
	return rules.flatMap(listedOf);
}

/** One rule as the cloud lists it. */
export function listedOf({scope, loadBalancer, priority, host, path, vmIds}: Rule): ListedRule[] {
	const listed = scope.kind === 'all' ? [...scope.shown] : [[scope.port, scope.shown] as const];
	return listed.map(([listener, shown]) => ({...shown, loadBalancer, listener, priority, host, path, vmIds}));
}

/** The certificate of that name; names are unique in an account whatever their paths. */
export function certificateNamed(account: Account, name: string): ServerCertificate | undefined {
	return [...account.certificates.values()].find(certificate => certificate.name === name);
}
