import {isDeepStrictEqual} from 'node:util';
import {isIP} from '../base/ip.ts';
import type {Account} from '../model/account.ts';
import type {AccountLoadBalancer, Registration} from '../model/account-load-balancer.ts';
import type {NormalisedBackend, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Context} from './context.ts';

/** The back-ends of a load balancer of the library or the configuration, as the account registers them. */
export interface Registrations {
	readonly backends: readonly Registration[];
	readonly vms: Account['vms'];
	/** The VM id of each back-end that has one, by the back-end's name. */
	readonly idOf: ReadonlyMap<string, string>;
}

/** Addresses without a port are addresses in the cloud too; everything else is a VM, because only VMs can be anything. */
export function registrationsOf(
	{name, backends, rules, pendingBackends}: NormalisedLoadBalancer,
	account: Account,
	{identifiers}: Context,
): Registrations {
	const vms = new Map(account.vms);
	const idOf = new Map<string, string>();
	const inRules = new Set(rules.flatMap(({to}) => to));
	const registered = backends.map((backend): Registration => {
		const isPending = pendingBackends.has(backend.name);
		if (isPlainAddress(backend) && !inRules.has(backend.name)) {
			return {kind: 'address', ip: backend.name, isPending};
		}
		const known = backend.kind === 'undeclared' ? backend.name : idIn(vms, backend);
		const id = known ?? freeId(vms, backend.name, name, of => identifiers.resourceId('i', of));
		if (known === undefined) vms.set(id, backend);
		idOf.set(backend.name, id);
		return {kind: 'vm', id, isPending};
	});
	const isSame = vms.size === account.vms.size && [...vms].every(([id, backend]) => account.vms.get(id) === backend);
	return {backends: registered, idOf, vms: isSame ? account.vms : vms};
}

/**
 * What VM ids mean without the ids that were made for the back-ends of a load balancer that is gone, or of one as it was
 * before a change. An id that a load balancer of `rest` has registered stays, and one that a rule names.
 */
export function vmsWithout(
	{name, backends}: Pick<AccountLoadBalancer, 'name' | 'backends'>,
	rest: Account,
	{identifiers}: Context,
): Account['vms'] {
	const own = new Set(backends.map(idOfVm));
	const registered = [...rest.loadBalancers.values()].flatMap(each => each.backends).map(idOfVm);
	const used = new Set([...registered, ...rest.rules.flatMap(({vmIds}) => vmIds)]);
	const isMade = (id: string, backend: string) =>
		[backend, `${name}/${backend}`].some(of => identifiers.resourceId('i', of) === id);
	// Ids that somebody has declared go on meaning what they were declared to be.
	const kept = [...rest.vms].filter(([id, backend]) => !own.has(id) || used.has(id) || !isMade(id, backend.name));
	return kept.length === rest.vms.size ? rest.vms : new Map(kept);
}

function idOfVm(registration: Registration): string | undefined {
	return registration.kind === 'vm' ? registration.id : undefined;
}

function isPlainAddress(backend: NormalisedBackend): boolean {
	return (
		backend.kind === 'address' &&
		backend.port === undefined &&
		backend.ports.size === 0 &&
		backend.name === backend.host &&
		isIP(backend.host) !== 0
	);
}

function idIn(vms: Account['vms'], backend: NormalisedBackend): string | undefined {
	for (const [id, other] of vms) if (other === backend) return id;
	const alike = [...vms].find(([, other]) => other.name === backend.name && isDeepStrictEqual(other, backend));
	return alike?.[0];
}

/** An id that follows from the back-end's name, or, where another back-end of that name has it, from both names. */
function freeId(vms: Account['vms'], backend: string, loadBalancer: string, idFrom: (of: string) => string): string {
	const id = idFrom(backend);
	return vms.has(id) ? idFrom(`${loadBalancer}/${backend}`) : id;
}
