import {type Account, listedOf, listedRules} from '../model/account.ts';
import type {AccountListener, Rule, RuleIdentity} from '../model/account-load-balancer.ts';
import {isHttp} from '../model/listener.ts';
import type {ScopedRule} from '../model/resolved.ts';
import type {Context} from './context.ts';

/** A rule of the library or the configuration, with what it names as VM ids. */
export type GivenRule = Omit<ScopedRule, 'to'> & {readonly vmIds: readonly string[]};

/**
 * The account with these as the rules of a load balancer, each listed once for each listener it holds at. Listings that
 * there were keep their ids by their names. Rules on TCP and SSL listeners have no effect and no word in the library: they
 * stay while their listener does.
 */
export function withGivenRules(
	account: Account,
	given: readonly GivenRule[],
	{name, listeners}: {readonly name: string; readonly listeners: readonly AccountListener[]},
	{identifiers}: Context,
): Account {
	const before = account.rules.filter(rule => rule.loadBalancer === name);
	if (given.length + before.length === 0) return account;
	const others = account.rules.filter(rule => rule.loadBalancer !== name);
	const ids = new Map(before.flatMap(listedOf).map(listed => [listed.name, listed.id]));
	const taken = new Set(listedRules({rules: others}).map(listed => listed.name));
	const httpPorts = listeners.filter(({protocol}) => isHttp(protocol)).map(({port}) => port);
	let {serial} = account;
	const identify = (wanted: string): RuleIdentity => {
		const free = freeName(taken, wanted);
		taken.add(free);
		return {name: free, id: ids.get(free) ?? identifiers.ruleId(serial++)};
	};
	const isThere = ({listener}: GivenRule) => listener === undefined || listeners.some(({port}) => port === listener);
	const rules = given.filter(isThere).map(({listener, host, path, priority, vmIds, name: written}): Rule => {
		const common = {
			loadBalancer: name,
			name: written,
			priority,
			host: host === '' ? undefined : host,
			path: path === '' ? undefined : path,
			vmIds,
		};
		const own = written === undefined || written === '' ? `${name}-${priority}` : written;
		if (listener !== undefined) {
			return {...common, scope: {kind: 'listener', port: listener, shown: identify(own)}};
		}
		const shown = httpPorts.map((port, index) => [port, identify(index === 0 ? own : `${own}-${port}`)] as const);
		return {...common, scope: {kind: 'all', shown: new Map(shown)}};
	});
	const without = before.filter(({scope}) => {
		if (scope.kind === 'all' || taken.has(scope.shown.name)) return false;
		const listener = listeners.find(({port}) => port === scope.port);
		return listener !== undefined && !isHttp(listener.protocol);
	});
	return {...account, rules: [...others, ...rules, ...without], serial};
}

/** Names of rules are unique in an account, and those of two load balancers of a configuration need not be. */
function freeName(taken: ReadonlySet<string>, wanted: string): string {
	let name = wanted;
	for (let count = 2; taken.has(name); count++) name = `${wanted}-${count}`;
	return name;
}
