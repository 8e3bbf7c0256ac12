import {
	type AskedCertificate,
	emptyAccount,
	portsOf,
	runningIn,
	type SimpleAccount,
	type SimpleListener,
	type SimpleLoadBalancer,
	type SimpleOptions,
	type SimpleRule,
	withLoadBalancer,
	withoutLoadBalancer,
} from './simple-account.ts';
import {contentOfSite, withAsked, withCertificate, withoutUnused} from './simple-certificates.ts';
import {CONFIGURED} from './simple-configurations.ts';
import {areKnown, effectiveRules} from './simple-rules.ts';

/** A listener as the library and the configuration write it. */
export type GivenListener = Pick<SimpleListener, 'port' | 'asked'>;

/** What the library and the configuration say of a load balancer. */
export interface GivenParts {
	readonly listeners?: readonly GivenListener[];
	readonly backends?: readonly string[];
	readonly rules?: readonly SimpleRule[];
}

/** What is described when the first configuration has been read. */
export function atFirst(options: SimpleOptions): SimpleAccount {
	return withConfiguration(emptyAccount(options), 0);
}

/** The account with these parts of a load balancer, which is new or not. */
export function withParts(before: SimpleAccount, name: string, parts: GivenParts, isConfigured = false): SimpleAccount {
	const old = runningIn(before, name);
	let account = old === undefined ? withoutLoadBalancer(before, name) : before;
	const listeners = parts.listeners?.map((given): SimpleListener => {
		const certificate = given.asked && certificateFor(given.port, given.asked);
		return {...given, certificate};
	});
	const base = old ?? {listeners: [], backends: [], rules: [], tags: [], isConfigured, isDeleting: false};
	const next = {...base, listeners: listeners ?? base.listeners, backends: parts.backends ?? base.backends};
	const ports = portsOf(next);
	const rules = (parts.rules ?? base.rules).filter(({port}) => port === undefined || ports.includes(port));
	return withoutUnused(withLoadBalancer(account, name, {...next, rules}), name);

	function certificateFor(port: number, asked: AskedCertificate): string {
		const shown = old?.listeners.find(each => each.port === port);
		if (shown?.certificate !== undefined && shown.asked === asked && asked !== 'site') return shown.certificate;
		const [after, certificate] = withAsked(account, {loadBalancer: name, port}, asked);
		account = after;
		return certificate;
	}
}

/** `update()`; undefined where it cannot be: rules that have an effect are validated against what changes. */
export function withUpdate(before: SimpleAccount, name: string, parts: GivenParts): SimpleAccount | undefined {
	const old = runningIn(before, name);
	if (old === undefined) return undefined;
	const next = {...old, ...parts};
	const listeners = next.listeners.map(each => ({...each, certificate: undefined}));
	const isAtStake = parts.listeners !== undefined || parts.backends !== undefined;
	const rules = parts.rules ?? (isAtStake ? effectiveRules(old) : []);
	return areKnown(rules, {...next, listeners}) ? withParts(before, name, parts) : undefined;
}

/** `stop()`, and a load balancer that the configuration no longer has. */
export function withoutStopped(before: SimpleAccount, name: string): SimpleAccount {
	return before.loadBalancers.has(name) ? withoutUnused(withoutLoadBalancer(before, name), name) : before;
}

/** DeleteLoadBalancer. */
export function withDeleted(before: SimpleAccount, name: string, gone: SimpleLoadBalancer): SimpleAccount {
	const account = withLoadBalancer(before, name, {...gone, isDeleting: true});
	return before.options.deletionLasts ? account : withoutDeleted(account);
}

/** Time has passed: what is being deleted is gone. */
export function withoutDeleted(before: SimpleAccount): SimpleAccount {
	const gone = [...before.loadBalancers].filter(([, {isDeleting}]) => isDeleting);
	return gone.reduce((account, [name]) => withoutStopped(account, name), before);
}

/** The account when a configuration has been read in place of the one before. */
export function withConfiguration(before: SimpleAccount, config: number): SimpleAccount {
	if (config === before.config) return before;
	const read = {...before, config, reads: before.reads + 1};
	const site = {content: contentOfSite(read), isConfigured: true, broughtBy: undefined};
	const [old, now] = [CONFIGURED[before.config] ?? {}, CONFIGURED[config] ?? {}];
	const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
	const removed = names
		.filter(name => now[name] === undefined && before.loadBalancers.get(name)?.isConfigured === true)
		.reduce(withoutStopped, withCertificate(read, 'site', site));
	return names.reduce((account, name) => {
		const [was, is] = [old[name], now[name]];
		if (is === undefined || JSON.stringify(was) === JSON.stringify(is)) return account;
		const isNew = was === undefined || runningIn(account, name)?.isConfigured !== true;
		const given = (part: keyof typeof is) => isNew || JSON.stringify(was[part]) !== JSON.stringify(is[part]);
		const {ports} = before.options;
		const listeners = is.listeners.flatMap((index): GivenListener[] => {
			const port = ports[index];
			return port === undefined ? [] : [{port, asked: index === 2 ? 'site' : undefined}];
		});
		const rules = is.rules.map(rule => ({name: `${name}-${rule.priority}`, host: undefined, port: undefined, ...rule}));
		const parts = {
			...(given('listeners') ? {listeners} : {}),
			...(given('backends') ? {backends: is.backends} : {}),
			...(given('rules') ? {rules} : {}),
		};
		return withParts(account, name, parts, true);
	}, removed);
}

/** `reset()`: what the configuration says, and nothing else. */
export function afterReset({options, config, reads, strangers}: SimpleAccount): SimpleAccount {
	return withConfiguration({...emptyAccount(options), strangers, reads: reads - 1}, config);
}
