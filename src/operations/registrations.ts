import {isAlike} from '../base/alike.ts';
import {isIP} from '../base/ip.ts';
import type {Account} from '../model/account.ts';
import {type AccountLoadBalancer, MAX_FORMER_VMS, type Registration} from '../model/account-load-balancer.ts';
import type {NormalisedBackend, NormalisedLoadBalancer} from '../model/normalised.ts';
import type {Context} from './context.ts';

/** The back-ends of a load balancer of the library or the configuration, as the account registers them. */
export interface Registrations {
	readonly backends: readonly Registration[];
	readonly vms: Account['vms'];
	/** The VM id of each back-end that has one, by the back-end's name. */
	readonly idOf: ReadonlyMap<string, string>;
}

/** What is registered from now on, and which VMs have been registered before. */
export function reregistered(
	before: Pick<AccountLoadBalancer, 'backends' | 'formerVms'>,
	backends: readonly Registration[],
): Pick<AccountLoadBalancer, 'backends' | 'formerVms'> {
	const {formerVms} = before;
	if (before.backends.length === 0 && formerVms.length === 0) return {backends, formerVms};
	const registered = new Set(backends.flatMap(each => (each.kind === 'vm' ? each.id : [])));
	const gone = before.backends.flatMap(each => (each.kind === 'vm' && !registered.has(each.id) ? each.id : []));
	if (gone.length === 0 && !formerVms.some(id => registered.has(id))) return {backends, formerVms};
	const others = formerVms.filter(id => !registered.has(id));
	return {backends, formerVms: [...others, ...gone].slice(-MAX_FORMER_VMS)};
}

/** Addresses without a port are addresses in the cloud too; everything else is a VM, because only VMs can be anything. */
export function registrationsOf(
	{name, backends, rules, pendingBackends}: NormalisedLoadBalancer,
	account: Account,
	{identifiers}: Context,
): Registrations {
	/** Those that it brings; undefined: none. */
	let more: Map<string, NormalisedBackend> | undefined;
	const idOf = new Map<string, string>();
	const inRules = new Set(rules.flatMap(({to}) => to));
	const registered = backends.map((backend): Registration => {
		const isPending = pendingBackends.has(backend.name);
		if (isPlainAddress(backend) && !inRules.has(backend.name)) {
			return {kind: 'address', ip: backend.name, isPending};
		}
		const vms = more ?? account.vms;
		const known = backend.kind === 'undeclared' ? backend.name : idIn(vms, backend);
		const id = known ?? freeId(vms, backend.name, name, of => identifiers.resourceId('i', of));
		if (known === undefined) {
			more ??= new Map(account.vms);
			more.set(id, backend);
		}
		idOf.set(backend.name, id);
		return {kind: 'vm', id, isPending};
	});
	return {backends: registered, idOf, vms: more ?? account.vms};
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
	const unused = new Set(backends.flatMap(each => (each.kind === 'vm' && rest.vms.has(each.id) ? each.id : [])));
	if (unused.size > 0) for (const {vmIds} of rest.rules) for (const id of vmIds) unused.delete(id);
	for (const each of rest.loadBalancers.values()) {
		if (unused.size === 0) return rest.vms;
		for (const registration of each.backends) if (registration.kind === 'vm') unused.delete(registration.id);
	}
	const isMade = (id: string, backend: string) =>
		[backend, `${name}/${backend}`].some(of => identifiers.resourceId('i', of) === id);
	// Ids that somebody has declared go on meaning what they were declared to be.
	const kept = [...rest.vms].filter(([id, backend]) => !(unused.has(id) && isMade(id, backend.name)));
	return kept.length === rest.vms.size ? rest.vms : new Map(kept);
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
	for (const [id, other] of vms) if (other.name === backend.name && isAlike(other, backend)) return id;
	return undefined;
}

/** An id that follows from the back-end's name, or, where another back-end of that name has it, from both names. */
function freeId(vms: Account['vms'], backend: string, loadBalancer: string, idFrom: (of: string) => string): string {
	const id = idFrom(backend);
	return vms.has(id) ? idFrom(`${loadBalancer}/${backend}`) : id;
}
