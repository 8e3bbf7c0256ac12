import {quote} from '../base/quote.ts';
import {withLoadBalancer} from '../model/account.ts';
import type {AccountLoadBalancer, BackendId} from '../model/account-load-balancer.ts';
import {Refusal} from '../model/refusal.ts';
import type {Operation} from './context.ts';
import {validateVms} from './placement.ts';
import {reregistered} from './registrations.ts';
import {changeable, changing, validateId, validateIp} from './validate.ts';

/** Back-ends of one load balancer; the two lists are registries apart, and at least one of them is there. */
export interface Backends {
	readonly loadBalancer: string;
	readonly vmIds: readonly string[];
	readonly ips: readonly string[];
}

/** LinkLoadBalancerBackendMachines and RegisterVmsInLoadBalancer. What is registered already stays as it is. */
export const registerBackends: Operation<Backends, AccountLoadBalancer> = input => (account, context) => {
	const asked = validated(input);
	const before = changeable(account, input.loadBalancer, context);
	validateVms(input.vmIds, before, account.inventory);
	const known = new Set(before.backends.map(keyOf));
	const fresh = [...new Map(asked.map(one => [keyOf(one), one])).values()].filter(one => !known.has(keyOf(one)));
	const backends = [...before.backends, ...fresh.map(one => ({...one, isPending: true}))];
	const after = changing(before, reregistered(before, backends), context);
	return {account: withLoadBalancer(account, after), result: after};
};

/** UnlinkLoadBalancerBackendMachines and DeregisterVmsInLoadBalancer. A stranger is refused (recorded). */
export const deregisterBackends: Operation<Backends, AccountLoadBalancer> = input => (account, context) => {
	const asked = validated(input);
	const before = changeable(account, input.loadBalancer, context);
	const known = new Set(before.backends.map(keyOf));
	for (const one of asked) if (!known.has(keyOf(one))) throw notRegistered(before, one.kind === 'vm' ? one.id : one.ip);
	const gone = new Set(asked.map(keyOf));
	const backends = before.backends.filter(one => !gone.has(keyOf(one)));
	const after = changing(before, reregistered(before, backends), context);
	return {account: withLoadBalancer(account, after), result: after};
};

export function notRegistered({name}: AccountLoadBalancer, backend: string): Refusal {
	const message = `${quote(backend)} is not registered with load balancer ${quote(name)}`;
	return new Refusal('BACKEND_NOT_REGISTERED', message, backend, name);
}

/** @throws Refusal `BACKEND_NOT_REGISTERED` for the first of these VMs that is not registered */
export function validateRegistered(loadBalancer: AccountLoadBalancer, vmIds: readonly string[]): void {
	const registered = new Set(loadBalancer.backends.flatMap(backend => (backend.kind === 'vm' ? [backend.id] : [])));
	for (const id of vmIds) if (!registered.has(id)) throw notRegistered(loadBalancer, id);
}

function validated({vmIds, ips}: Backends): BackendId[] {
	if (vmIds.length === 0 && ips.length === 0) {
		throw new Refusal('MISSING_PARAMETER', 'no back-end is named: give VM ids, IP addresses or both');
	}
	for (const id of vmIds) validateId('i', id);
	for (const ip of ips) validateIp(ip);
	return [...vmIds.map(id => ({kind: 'vm', id}) as const), ...ips.map(ip => ({kind: 'address', ip}) as const)];
}

/** No VM id is an IP address. */
export function keyOf(one: BackendId): string {
	return one.kind === 'vm' ? one.id : one.ip;
}
