import {quote} from '../base/quote.ts';
import type {Account} from '../model/account.ts';
import type {AccountLoadBalancer, PlacedSubnet, Placement, Scheme} from '../model/account-load-balancer.ts';
import type {Inventory} from '../model/inventory.ts';
import {Refusal} from '../model/refusal.ts';
import type {Context} from './context.ts';
import {validateId, validateIp} from './validate.ts';

/** What some clouds allow of a place, and others do not. */
export interface PlaceRules {
	/** Several subregions, or several Subnets of as many subregions. */
	readonly several: boolean;
	/** An internal load balancer, and security groups, where no Subnet is given. */
	readonly withoutSubnet: boolean;
}

/** OUTSCALE: one place, and a Subnet for whatever has to do with a Net. */
export const ONE_PLACE: PlaceRules = {several: false, withoutSubnet: false};

/** AWS Classic ELB: a load balancer without Subnets is in the default VPC. */
export const SEVERAL_PLACES: PlaceRules = {several: true, withoutSubnet: true};

/** Where a load balancer is asked to stand. */
export interface PlacementAsked {
	readonly scheme: Scheme | undefined;
	readonly subnets: readonly string[];
	readonly subregions: readonly string[];
	readonly securityGroups: readonly string[];
	readonly placeRules: PlaceRules;
}

/** Validates what is asked for by itself, before anything is looked up. @throws Refusal */
export function validatePlacement(asked: PlacementAsked, publicIp: string | undefined): void {
	const {scheme, subnets, subregions, securityGroups, placeRules} = asked;
	if (subnets.length === 0 && subregions.length === 0) {
		throw new Refusal('PLACE_MISSING', 'a load balancer needs one Subnet (in a Net) or one Subregion (public Cloud)');
	}
	for (const id of subnets) validateId('subnet', id);
	for (const id of securityGroups) validateId('sg', id);
	for (const subregion of subregions) validateSubregion(subregion);
	if (publicIp !== undefined) validateIp(publicIp);
	if (subnets.length > 0 && subregions.length > 0) {
		throw new Refusal('ILLEGAL_COMBINATION', 'give a Subnet or a Subregion, not both');
	}
	const needsSubnet = subnets.length === 0 && !placeRules.withoutSubnet;
	if (needsSubnet && securityGroups.length > 0) {
		throw new Refusal('GROUPS_OUTSIDE_NET', 'security groups go with a load balancer in a Net: give a Subnet');
	}
	if (needsSubnet && scheme === 'internal') {
		throw new Refusal('ILLEGAL_COMBINATION', 'an internal load balancer is in a Net: give a Subnet');
	}
	if (publicIp !== undefined && scheme === 'internal') {
		throw new Refusal('ILLEGAL_COMBINATION', 'an internal load balancer has no public IP');
	}
	validateCount(Math.max(subnets.length, subregions.length), placeRules);
}

/** @throws Refusal `SEVERAL_PLACES` */
export function validateCount(places: number, {several}: PlaceRules): void {
	if (several || places < 2) return;
	const message = 'a load balancer in several Subnets or Subregions is not supported by the cloud';
	throw new Refusal('SEVERAL_PLACES', message);
}

/** Looks up where it stands. What the emulator was told nothing of is taken as it is named. @throws Refusal */
export function placementOf(asked: PlacementAsked, scheme: Scheme, account: Account, context: Context): Placement {
	const {inventory} = account;
	const {identifiers} = context;
	const [first] = asked.subnets;
	if (first === undefined) {
		for (const subregion of asked.subregions) validateKnownSubregion(subregion, inventory);
		const securityGroups = groupsOutsideNets(asked.securityGroups, inventory);
		return {kind: 'public', subregions: [...new Set(asked.subregions)], securityGroups};
	}
	const netId = inventory.subnets.find(({id}) => id === first)?.netId ?? identifiers.resourceId('vpc', first);
	const subnets = withSubnets([], asked.subnets, {netId, inventory, region: identifiers.region});
	const net = inventory.nets.find(({id}) => id === netId);
	if (scheme === 'internet-facing' && net?.internetService === false) {
		throw new Refusal('NO_INTERNET_SERVICE', `Net ${netId} has no internet service attached`, netId);
	}
	const {ipRange} = inventory.subnets.find(({id}) => id === first) ?? {};
	return {
		kind: 'net',
		netId,
		subnets,
		securityGroups: securityGroupsOf(asked.securityGroups, netId, inventory, context),
		privateIp: identifiers.privateIp(ipRange, account.serial),
	};
}

/**
 * These Subnets of a Net and others, in as many subregions. One that the emulator was told nothing of is in the first
 * subregion that is free.
 *
 * @throws Refusal `NO_SUCH_SUBNET`, `SUBNETS_OF_SEVERAL_NETS`, `SUBREGION_TAKEN`
 */
export function withSubnets(
	before: readonly PlacedSubnet[],
	ids: readonly string[],
	{netId, inventory, region}: {readonly netId: string; readonly inventory: Inventory; readonly region: string},
): readonly PlacedSubnet[] {
	const placed = [...before];
	for (const id of new Set(ids)) {
		if (placed.some(subnet => subnet.id === id)) continue;
		const taken = new Set(placed.map(({subregion}) => subregion));
		const known = inventory.subnets.find(subnet => subnet.id === id);
		if (known === undefined && inventory.subnets.length > 0) {
			throw new Refusal('NO_SUCH_SUBNET', `there is no Subnet ${quote(id)}`, id);
		}
		if (known !== undefined && known.netId !== netId) {
			const message = `Subnet ${id} is in ${known.netId}, and the load balancer is in ${netId}`;
			throw new Refusal('SUBNETS_OF_SEVERAL_NETS', message, id);
		}
		const subregion = known?.subregion ?? freeSubregion(region, taken);
		if (taken.has(subregion)) {
			const message = `Subnet ${id} is in ${subregion}, where the load balancer has another Subnet`;
			throw new Refusal('SUBREGION_TAKEN', message, id);
		}
		placed.push({id, subregion});
	}
	return placed;
}

/** `eu-west-2a`, `eu-west-2b` and so on; after the 26th letter the last one serves for all. */
function freeSubregion(region: string, taken: ReadonlySet<string>): string {
	const letters = 'abcdefghijklmnopqrstuvwxyz';
	const free = [...letters].find(letter => !taken.has(`${region}${letter}`)) ?? 'z';
	return `${region}${free}`;
}

/** @throws Refusal `BAD_SUBREGION` when the emulator was told of others only */
export function validateKnownSubregion(subregion: string, {subregions}: Inventory): void {
	if (subregions.length === 0 || subregions.includes(subregion)) return;
	const known = subregions.join(', ');
	throw new Refusal('BAD_SUBREGION', `no Subregion is named ${quote(subregion)}; there is ${known}`, subregion);
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

/** Those that are asked for. @throws Refusal `NO_SUCH_SECURITY_GROUP` */
export function groupsOutsideNets(asked: readonly string[], {securityGroups}: Inventory): readonly string[] {
	for (const id of asked) {
		if (securityGroups.length === 0 || securityGroups.some(group => group.id === id && group.netId === undefined))
			continue;
		throw new Refusal('NO_SUCH_SECURITY_GROUP', `there is no security group ${quote(id)} outside the Nets`, id);
	}
	return [...new Set(asked)];
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

/** @throws Refusal `NETWORK_MISMATCH`, about the Net of the VM and that of the load balancer; `VM_TERMINATED` */
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
			throw new Refusal('NETWORK_MISMATCH', message, vm.netId ?? '', netId ?? '');
		}
	}
}

/** `eu-west-2a`: the regions' names and a letter. @throws Refusal `BAD_SUBREGION` */
export function validateSubregion(name: string): void {
	if (/^[a-z]{2,20}(?:-[a-z]{2,20}){1,3}-\d{1,2}[a-z]$/.test(name)) return;
	throw new Refusal('BAD_SUBREGION', `${quote(name)} is not a Subregion's name, such as "eu-west-2a"`, name);
}
