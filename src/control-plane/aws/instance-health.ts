import type {AccountLoadBalancer} from '../../model/account-load-balancer.ts';
import {PENDING} from '../../model/health.ts';
import {backendOf} from '../../model/resolve.ts';
import {notRegistered} from '../../operations/backends.ts';
import type {BackendHealth, CloudStore} from '../../operations/context.ts';
import {validateId} from '../../operations/validate.ts';

/** AWS Classic ELB API 2012-06-01, InstanceState. Which ReasonCode goes with which Description is from memory (*guess*). */
export interface InstanceState {
	readonly InstanceId: string;
	readonly State: 'InService' | 'OutOfService' | 'Unknown';
	readonly ReasonCode: 'ELB' | 'Instance' | 'N/A';
	readonly Description: string;
}

type Told = Omit<InstanceState, 'InstanceId'>;

const out = (ReasonCode: 'ELB' | 'Instance', Description: string): Told => ({
	State: 'OutOfService',
	ReasonCode,
	Description,
});

const REGISTERING = out('ELB', 'Instance registration is still in progress.');
const NOT_REGISTERED = out('Instance', 'Instance is not currently registered with the LoadBalancer.');
const DRAINING: Told = {
	State: 'InService',
	ReasonCode: 'N/A',
	Description: 'Instance deregistration currently in progress.',
};
const UNKNOWN: Told = {
	State: 'Unknown',
	ReasonCode: 'ELB',
	Description: 'A transient error occurred. Please try again later.',
};

/**
 * The state of these VMs in the order asked for, of those too that were registered once; or of all that are registered, in
 * registration order.
 *
 * @throws Refusal `BACKEND_NOT_REGISTERED` for the first that never was
 */
export function instanceStates(
	loadBalancer: AccountLoadBalancer,
	asked: readonly string[] | undefined,
	store: Pick<CloudStore, 'account' | 'healthOf' | 'drainingOf'>,
): InstanceState[] {
	for (const id of asked ?? []) validateId('i', id);
	const {account} = store;
	const {name} = loadBalancer;
	const registered = new Set(loadBalancer.backends.flatMap(each => (each.kind === 'vm' ? each.id : [])));
	const former = new Set(loadBalancer.formerVms);
	for (const id of asked ?? []) if (!registered.has(id) && !former.has(id)) throw notRegistered(loadBalancer, id);
	const healths = new Map(store.healthOf(name).map(health => [health.name, health]));
	const draining = new Set(store.drainingOf(name));
	const vms = new Map(account.inventory.vms.map(({id, state}) => [id, state]));
	const told = (id: string): Told => {
		const backend = backendOf({kind: 'vm', id}, account).name;
		if (registered.has(id)) return stateOf(healths.get(backend), vms.get(id));
		return draining.has(backend) ? DRAINING : NOT_REGISTERED;
	};
	return (asked ?? [...registered]).map(id => ({InstanceId: id, ...told(id)}));
}

/** A VM that passes its probes is in service, whatever was said of it: that is where requests go. */
function stateOf(health: BackendHealth | undefined, vm: 'running' | 'stopped' | 'terminated' | undefined): Told {
	if (health === undefined) return UNKNOWN;
	const {state, reason} = health;
	if (state === 'InService') return {State: state, ReasonCode: reason.code, Description: reason.description};
	if (vm === 'stopped' || vm === 'terminated') return out('Instance', `Instance is in ${vm} state.`);
	if (reason.description === PENDING.description) return REGISTERING;
	return {State: state, ReasonCode: reason.code, Description: reason.description};
}
