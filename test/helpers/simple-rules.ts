import {portsOf, runningIn, type SimpleAccount, type SimpleLoadBalancer, type SimpleRule} from './simple-account.ts';

/** A rule as the API lists it: of one listener. */
export interface ListedRule extends SimpleRule {
	readonly port: number;
}

/** What a rule looks at. */
export interface SimpleRequest {
	readonly host: string;
	readonly path: string;
}

/** The rules as the API lists them. */
export function listedRules({rules, ...loadBalancer}: SimpleLoadBalancer): ListedRule[] {
	const ports = portsOf(loadBalancer);
	return rules.flatMap(rule => {
		const {port, name} = rule;
		if (port !== undefined) return [{...rule, port}];
		return ports.map((each, index) => ({...rule, port: each, name: index === 0 ? name : `${name}-${each}`}));
	});
}

/** CreateListenerRule; undefined where it cannot be. */
export function withCreated(before: SimpleLoadBalancer, rule: ListedRule): SimpleLoadBalancer | undefined {
	const isTaken = listedRules(before).some(
		({name, port, priority}) => name === rule.name || (port === rule.port && priority === rule.priority),
	);
	const isKnown = portsOf(before).includes(rule.port) && rule.to.every(each => before.backends.includes(each));
	return isTaken || !isKnown ? undefined : {...before, rules: [...before.rules, rule]};
}

/**
 * The account with something else, or nothing, in place of the rule that is listed under this name; undefined where there
 * is none. One of all listeners becomes one for each listener.
 */
export function withListed(
	account: SimpleAccount,
	name: string,
	change: (rule: ListedRule) => readonly ListedRule[],
): SimpleAccount | undefined {
	for (const [loadBalancer, each] of account.loadBalancers) {
		const owner = each.rules.find(rule => listedRules({...each, rules: [rule]}).some(listed => listed.name === name));
		if (owner === undefined) continue;
		const rules = each.rules.flatMap(rule => {
			if (rule !== owner) return [rule];
			return listedRules({...each, rules: [rule]}).flatMap(listed =>
				listed.name === name ? change(listed) : [listed],
			);
		});
		return {...account, loadBalancers: new Map(account.loadBalancers).set(loadBalancer, {...each, rules})};
	}
	return undefined;
}

/** Rules when the API has changed the listeners: one of all listeners becomes one for each that it held at. */
export function rulesAt(before: SimpleLoadBalancer, ports: readonly number[]): readonly SimpleRule[] {
	return listedRules(before).filter(({port}) => ports.includes(port));
}

/** Whether these rules of the library can be: their listeners and back-ends are there. */
export function areKnown(
	rules: readonly SimpleRule[],
	{backends, ...loadBalancer}: Pick<SimpleLoadBalancer, 'listeners' | 'backends'>,
): boolean {
	const ports = portsOf(loadBalancer);
	return rules.every(
		({port, to}) => (port === undefined || ports.includes(port)) && to.every(each => backends.includes(each)),
	);
}

/** Rules of what runs, without back-ends that are not registered, and without those that name no other. */
export function effectiveRules({rules, backends}: SimpleLoadBalancer): SimpleRule[] {
	const registered = rules.map(rule => ({...rule, to: rule.to.filter(each => backends.includes(each))}));
	return registered.filter(({to}) => to.length > 0);
}

/** The back-ends that a request may reach, in service or not. */
export function reachable(
	account: SimpleAccount,
	loadBalancer: string,
	port: number,
	request: SimpleRequest,
): string[] {
	const found = runningIn(account, loadBalancer);
	if (found === undefined) return [];
	const [first] = listedRules(found)
		.filter(rule => rule.port === port && matches(rule, request))
		.toSorted((one, other) => other.priority - one.priority);
	return found.backends.filter(each => first === undefined || first.to.includes(each));
}

/** Patterns of these tests have one `*`, at one end. */
function matches({host, path}: SimpleRule, request: SimpleRequest): boolean {
	return (
		(host === undefined || request.host.endsWith(host.replace('*', ''))) &&
		(path === undefined || request.path.startsWith(path.replace('*', '')))
	);
}
