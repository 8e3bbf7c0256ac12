import {type AccountLoadBalancer, subregionsOf} from '../../model/account-load-balancer.ts';
import {ONE_PLACE, SEVERAL_PLACES} from '../../operations/placement.ts';
import {
	type ApplySecurityGroups,
	applySecurityGroups,
	attachSubnets,
	type ChangeSubnets,
	type ChangeSubregions,
	detachSubnets,
	disableSubregions,
	enableSubregions,
} from '../../operations/places.ts';
import {mutation, ofLoadBalancer} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AwsActions} from './action.ts';
import type {Cloud} from './wire-errors.ts';
import {members, type XmlElements} from './xml.ts';

/** ELB 2012-06-01: where load balancers stand, and their security groups. LBU has none of these actions. */
export function placeActions(cloud: Cloud): AwsActions {
	const placeRules = cloud === 'aws' ? SEVERAL_PLACES : ONE_PLACE;
	const readZones = (fields: Fields): ChangeSubregions => ({
		loadBalancer: fields.requiredText('LoadBalancerName'),
		subregions: fields.requiredTexts('AvailabilityZones'),
		placeRules,
	});
	const readSubnets = (fields: Fields): ChangeSubnets => ({
		loadBalancer: fields.requiredText('LoadBalancerName'),
		subnets: fields.requiredTexts('Subnets'),
		placeRules,
	});
	const readGroups = (fields: Fields): ApplySecurityGroups => {
		const securityGroups = fields.requiredTexts('SecurityGroups');
		// They are shown, and no packet is filtered by them.
		fields.withoutEffect('SecurityGroups');
		return {loadBalancer: fields.requiredText('LoadBalancerName'), securityGroups, placeRules};
	};
	return [
		['EnableAvailabilityZonesForLoadBalancer', mutation(readZones, enableSubregions, ofLoadBalancer, zonesOf)],
		['DisableAvailabilityZonesForLoadBalancer', mutation(readZones, disableSubregions, ofLoadBalancer, zonesOf)],
		['AttachLoadBalancerToSubnets', mutation(readSubnets, attachSubnets, ofLoadBalancer, subnetsOf)],
		['DetachLoadBalancerFromSubnets', mutation(readSubnets, detachSubnets, ofLoadBalancer, subnetsOf)],
		['ApplySecurityGroupsToLoadBalancer', mutation(readGroups, applySecurityGroups, ofLoadBalancer, groupsOf)],
	];
}

function zonesOf({placement}: AccountLoadBalancer): XmlElements {
	return {AvailabilityZones: members(subregionsOf(placement))};
}

function subnetsOf({placement}: AccountLoadBalancer): XmlElements {
	return {Subnets: members(placement.kind === 'net' ? placement.subnets.map(({id}) => id) : [])};
}

function groupsOf({placement}: AccountLoadBalancer): XmlElements {
	return {SecurityGroups: members(placement.securityGroups)};
}
