import {quote} from '../base/quote.ts';
import type {Account} from '../model/account.ts';
import type {AccountLoadBalancer, Placement, Scheme} from '../model/account-load-balancer.ts';
import type {Inventory} from '../model/inventory.ts';
import {Refusal} from '../model/refusal.ts';
import type {Context} from './context.ts';
import {validateId, validateIp} from './validate.ts';

/** Where a load balancer is asked to stand. */
export interface PlacementAsked {
	readonly scheme: Scheme | undefined;
	readonly subnets: readonly string[];
	readonly subregions: readonly string[];
	readonly securityGroups: readonly string[];
}

/** Validates what is asked for by itself, before anything is looked up. @throws Refusal */
export function validatePlacement(asked: PlacementAsked, publicIp: string | undefined): void {
	const {scheme, subnets, subregions, securityGroups} = asked;
	if (subnets.length === 0 && subregions.length === 0) {
		throw new Refusal(
			'MISSING_PARAMETER',
			'a load balancer needs one Subnet (in a Net) or one Subregion (public Cloud)',
		);
	}
	for (const id of subnets) validateId('subnet', id);
	for (const id of securityGroups) validateId('sg', id);
	for (const subregion of subregions) validateSubregion(subregion);
	if (publicIp !== undefined) validateIp(publicIp);
	if (subnets.length > 0 && subregions.length > 0) {
		throw new Refusal('ILLEGAL_COMBINATION', 'give a Subnet or a Subregion, not both');
	}
	if (subnets.length === 0 && securityGroups.length > 0) {
		throw new Refusal('ILLEGAL_COMBINATION', 'security groups go with a load balancer in a Net: give a Subnet');
	}
	if (subnets.length === 0 && scheme === 'internal') {
		throw new Refusal('ILLEGAL_COMBINATION', 'an internal load balancer is in a Net: give a Subnet');
	}
	if (publicIp !== undefined && scheme === 'internal') {
		throw new Refusal('ILLEGAL_COMBINATION', 'an internal load balancer has no public IP');
	}
	if (subnets.length > 1 || subregions.length > 1) {
		throw new Refusal(
			'SEVERAL_PLACES',
			'a load balancer in several Subnets or Subregions is not supported by the cloud',
		);
	}
}

/** Looks up where it stands. What the emulator was told nothing of is taken as it is named. @throws Refusal */
export function placementOf(asked: PlacementAsked, scheme: Scheme, account: Account, context: Context): Placement {
	const {inventory} = account;
	const [subnetId] = asked.subnets;
	if (subnetId === undefined) {
		const subregion = asked.subregions[0] ?? '';
		if (inventory.subregions.length > 0 && !inventory.subregions.includes(subregion)) {
			const known = inventory.subregions.join(', ');
			throw new Refusal('BAD_VALUE', `no Subregion is named ${quote(subregion)}; there is ${known}`, subregion);
		}
		return {kind: 'public', subregion};
	}
	const {identifiers} = context;
	const subnet = inventory.subnets.find(({id}) => id === subnetId);
	if (subnet === undefined && inventory.subnets.length > 0) {
		throw new Refusal('NO_SUCH_SUBNET', `there is no Subnet ${quote(subnetId)}`, subnetId);
	}
	const netId = subnet?.netId ?? identifiers.resourceId('vpc', subnetId);
	const net = inventory.nets.find(({id}) => id === netId);
	if (scheme === 'internet-facing' && net?.internetService === false) {
		throw new Refusal('NO_INTERNET_SERVICE', `Net ${netId} has no internet service attached`, netId);
	}
	return {
		kind: 'net',
		subregion: subnet?.subregion ?? `${identifiers.region}a`,
		netId,
		subnetId,
		securityGroups: securityGroupsOf(asked.securityGroups, netId, inventory, context),
		privateIp: identifiers.privateIp(subnet?.ipRange, account.serial),
	};
}

/** Those that are asked for, or the Net's default one. @throws Refusal `NO_SUCH_SECURITY_GROUP` */
export function securityGroupsOf(
	asked: readonly string[],
	netId: string,
	{securityGroups}: Inventory,
	{identifiers}: Context,
): readonly string[] {
	const inNet = securityGroups.filter(group => group.netId === netId);
	for (const id of asked) {
		if (securityGroups.length === 0 || inNet.some(group => group.id === id)) continue;
		throw new Refusal('NO_SUCH_SECURITY_GROUP', `there is no security group ${quote(id)} in ${netId}`, id);
	}
	if (asked.length > 0) return [...new Set(asked)];
	return [inNet.find(({name}) => name === 'default')?.id ?? identifiers.resourceId('sg', netId)];
}

/** One of the account's own addresses that no other load balancer has. @throws Refusal `NO_SUCH_IP`, `IP_IN_USE` */
export function validatePublicIp(account: Account, address: string, loadBalancer: string): void {
	const {publicIps} = account.inventory;
	if (publicIps.length > 0 && !publicIps.some(ip => ip.address === address)) {
		throw new Refusal('NO_SUCH_IP', `the account has no public IP ${quote(address)}`, address);
	}
	const holder = [...account.loadBalancers.values()].find(
		({name, publicIp, life}) => name !== loadBalancer && publicIp?.address === address && life.phase !== 'deleting',
	);
	if (holder === undefined) return;
	throw new Refusal('IP_IN_USE', `public IP ${address} is in use by load balancer ${quote(holder.name)}`, address);
}

/** @throws Refusal `NETWORK_MISMATCH`, `VM_TERMINATED` */
export function validateVms(
	vmIds: readonly string[],
	{name, placement}: AccountLoadBalancer,
	inventory: Inventory,
): void {
	const netId = placement.kind === 'net' ? placement.netId : undefined;
	const known = new Map(inventory.vms.map(vm => [vm.id, vm]));
	for (const id of vmIds) {
		const vm = known.get(id);
		if (vm === undefined) continue;
		if (vm.state === 'terminated') throw new Refusal('VM_TERMINATED', `VM ${id} is terminated`, id);
		if (vm.netId !== netId) {
			const where = (net: string | undefined) => net ?? 'the public Cloud';
			const message = `load balancer ${quote(name)} is in ${where(netId)}, and VM ${id} is in ${where(vm.netId)}`;
			throw new Refusal('NETWORK_MISMATCH', message, id);
		}
	}
}

/** `eu-west-2a`: the regions' names and a letter. */
function validateSubregion(name: string): void {
	if (/^[a-z]{2,20}(?:-[a-z]{2,20}){1,3}-\d{1,2}[a-z]$/.test(name)) return;
	throw new Refusal('BAD_VALUE', `${quote(name)} is not a Subregion's name, such as "eu-west-2a"`, name);
}
