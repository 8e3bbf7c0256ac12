import {isAlike} from '../base/alike.ts';
import type {PreparedChange, RunningLoadBalancer} from '../data-plane/running-load-balancer.ts';
import type {Account} from '../model/account.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import type {NormalisedBackend} from '../model/normalised.ts';
import {backendsOf, resolve} from '../model/resolve.ts';
import type {AccessLog} from '../observability/access-log-file.ts';
import type {ReadFaultRule} from './armed-fault.ts';
import type {RunningBackend} from './backends.ts';
import type {ManagedLoadBalancer} from './managed-load-balancer.ts';

/** One load balancer on its way. */
export interface Step {
	/** What it is to be. */
	readonly next: AccountLoadBalancer;
	/** Its back-ends; those that run already are the very ones that run. */
	readonly registered: readonly NormalisedBackend[];
	/** The one that runs; undefined when there is none yet. */
	readonly managed: ManagedLoadBalancer | undefined;
	/** What that is until then. */
	readonly before: AccountLoadBalancer | undefined;
	/** Those of its back-ends that were started or found for it. */
	acquired: ReadonlyMap<NormalisedBackend, RunningBackend>;
	log: AccessLog | undefined;
	data:
		| {
				readonly running: RunningLoadBalancer;
				readonly change: PreparedChange;
				/** For one that is new. */
				readonly readFaultRule?: ReadFaultRule;
		  }
		| undefined;
}

/**
 * The change of one load balancer. Of its back-ends, each that equals one that it runs is that very one, which goes on
 * running; each that equals one it was given is that.
 */
export function stepOf(
	next: AccountLoadBalancer,
	{
		account,
		managed,
		before,
		own,
	}: Pick<Step, 'managed' | 'before'> & {
		readonly account: Account;
		readonly own: readonly NormalisedBackend[];
	},
): Step {
	const byName = new Map<string, NormalisedBackend[]>();
	for (const backend of [...(managed?.backends.keys() ?? []), ...own]) {
		byName.set(backend.name, [...(byName.get(backend.name) ?? []), backend]);
	}
	const registered = backendsOf(next, account).map(
		backend => byName.get(backend.name)?.find(other => isAlike(other, backend)) ?? backend,
	);
	return {next, registered, managed, before, acquired: new Map(), log: managed?.log, data: undefined};
}

type Described = readonly [AccountLoadBalancer, Account, (readonly NormalisedBackend[])?];

/** Whether two load balancers run alike, whatever else differs. */
export function runsAlike(one: Described, other: Described): boolean {
	return isAlike(whatRuns(one), whatRuns(other));
}

function whatRuns([loadBalancer, account, backends = backendsOf(loadBalancer, account)]: Described): unknown {
	const names = new Set(backends.map(({name}) => name));
	const resolved = resolve(loadBalancer, account, {
		host: '',
		authorityPem: '',
		addressOf: ({name}) => (names.has(name) ? {name, host: '', port: undefined, ports: new Map()} : undefined),
		bindingOf: (host, port) => ({host, port, fallbackPorts: [], fallsBackWhenTaken: false}),
	});
	return [resolved, backends, loadBalancer.logTarget];
}
