import {quote} from '../base/quote.ts';
import {type Account, withLoadBalancer} from '../model/account.ts';
import type {AccountLoadBalancer, Placement} from '../model/account-load-balancer.ts';
import {Refusal} from '../model/refusal.ts';
import type {Context, Operation} from './context.ts';
import {
	groupsOutsideNets,
	type PlaceRules,
	securityGroupsOf,
	validateCount,
	validateKnownSubregion,
	validateSubregion,
	withSubnets,
} from './placement.ts';
import {changeable, changing, validateId} from './validate.ts';

/** Subregions of a load balancer in the public Cloud. */
export interface ChangeSubregions {
	readonly loadBalancer: string;
	readonly subregions: readonly string[];
	readonly placeRules: PlaceRules;
}

/** Subnets of a load balancer in a Net, by their ids. */
export interface ChangeSubnets {
	readonly loadBalancer: string;
	readonly subnets: readonly string[];
	readonly placeRules: PlaceRules;
}

/** All the security groups of a load balancer. */
export interface ApplySecurityGroups {
	readonly loadBalancer: string;
	readonly securityGroups: readonly string[];
	readonly placeRules: PlaceRules;
}

/** EnableAvailabilityZonesForLoadBalancer. One that is there already stays. */
export const enableSubregions: Operation<ChangeSubregions, AccountLoadBalancer> = input => {
	for (const each of input.subregions) validateSubregion(each);
	return inPlace(input, (before, {inventory}) => {
		const placement = outsideNets(before);
		for (const each of input.subregions) validateKnownSubregion(each, inventory);
		const subregions = [...new Set([...placement.subregions, ...input.subregions])];
		validateCount(subregions.length, input.placeRules);
		return {...placement, subregions};
	});
};

/** DisableAvailabilityZonesForLoadBalancer. One that is not there is gone already (*guess*); the last one stays. */
export const disableSubregions: Operation<ChangeSubregions, AccountLoadBalancer> = input => {
	for (const each of input.subregions) validateSubregion(each);
	return inPlace(input, before => {
		const placement = outsideNets(before);
		const gone = new Set(input.subregions);
		const subregions = placement.subregions.filter(each => !gone.has(each));
		if (subregions.length > 0) return {...placement, subregions};
		const message = `load balancer ${quote(before.name)} needs a Subregion, and would have none`;
		throw new Refusal('LAST_SUBREGION', message, before.name);
	});
};

/** AttachLoadBalancerToSubnets. One that is there already stays; each is in a subregion of its own. */
export const attachSubnets: Operation<ChangeSubnets, AccountLoadBalancer> = input => {
	for (const id of input.subnets) validateId('subnet', id);
	return inPlace(input, (before, {inventory}, {identifiers}) => {
		const placement = inNet(before);
		const {netId} = placement;
		const subnets = withSubnets(placement.subnets, input.subnets, {netId, inventory, region: identifiers.region});
		validateCount(subnets.length, input.placeRules);
		return {...placement, subnets};
	});
};

/**
 * DetachLoadBalancerFromSubnets. One that is not there is gone already (*guess*). The last one may go as well: Terraform's
 * provider detaches what is no longer wanted before it attaches another Subnet of the same subregion.
 */
export const detachSubnets: Operation<ChangeSubnets, AccountLoadBalancer> = input => {
	for (const id of input.subnets) validateId('subnet', id);
	return inPlace(input, before => {
		const placement = inNet(before);
		const gone = new Set(input.subnets);
		return {...placement, subnets: placement.subnets.filter(({id}) => !gone.has(id))};
	});
};

/** ApplySecurityGroupsToLoadBalancer: they take the place of those that it has. */
export const applySecurityGroups: Operation<ApplySecurityGroups, AccountLoadBalancer> = input => {
	for (const id of input.securityGroups) validateId('sg', id);
	return inPlace(input, ({placement}, {inventory}, context) => {
		if (placement.kind === 'net') {
			const securityGroups = securityGroupsOf(input.securityGroups, placement.netId, inventory, context);
			return {...placement, securityGroups};
		}
		if (!input.placeRules.withoutSubnet) {
			throw new Refusal('GROUPS_OUTSIDE_NET', 'security groups go with a load balancer in a Net only');
		}
		return {...placement, securityGroups: groupsOutsideNets(input.securityGroups, inventory)};
	});
};

function inPlace(
	{loadBalancer}: {readonly loadBalancer: string},
	change: (before: AccountLoadBalancer, account: Account, context: Context) => Placement,
): ReturnType<Operation<unknown, AccountLoadBalancer>> {
	return (account, context) => {
		const before = changeable(account, loadBalancer, context);
		const after = changing(before, {placement: change(before, account, context)}, context);
		return {account: withLoadBalancer(account, after), result: after};
	};
}

/** @throws Refusal `INSIDE_NET` */
function outsideNets({name, placement}: AccountLoadBalancer): Extract<Placement, {kind: 'public'}> {
	if (placement.kind === 'public') return placement;
	const message = `load balancer ${quote(name)} is in Net ${placement.netId}: its Subregions are those of its Subnets`;
	throw new Refusal('INSIDE_NET', message, name);
}

/** @throws Refusal `OUTSIDE_NET` */
function inNet({name, placement}: AccountLoadBalancer): Extract<Placement, {kind: 'net'}> {
	if (placement.kind === 'net') return placement;
	const message = `load balancer ${quote(name)} is in the public Cloud, and has Subregions in place of Subnets`;
	throw new Refusal('OUTSIDE_NET', message, name);
}
