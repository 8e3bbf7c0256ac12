import type {ApiDialect} from '../../model/normalised.ts';
import type {AwsAction} from './action.ts';
import {attributeActions} from './attribute-actions.ts';
import {backendActions} from './backend-actions.ts';
import {certificateActions} from './certificate-actions.ts';
import type {Service} from './error-document.ts';
import {LIMIT_ACTIONS} from './limit-actions.ts';
import {listenerActions} from './listener-actions.ts';
import {loadBalancerActions} from './load-balancer-actions.ts';
import {placeActions} from './place-actions.ts';
import {LBU_TYPES, policyActions} from './policy-actions.ts';
import {TAG_ACTIONS} from './tag-actions.ts';
import type {Cloud} from './wire-errors.ts';

export {writeXml} from './xml.ts';

/** What AWS has and LBU lacks: LBU's public reference and what was observed on it agree. */
const NOT_IN_LBU: ReadonlySet<string> = new Set([
	'ApplySecurityGroupsToLoadBalancer',
	'AttachLoadBalancerToSubnets',
	'DescribeAccountLimits',
	'DescribeLoadBalancerPolicies',
	'DescribeLoadBalancerPolicyTypes',
	'DetachLoadBalancerFromSubnets',
	'DisableAvailabilityZonesForLoadBalancer',
	'EnableAvailabilityZonesForLoadBalancer',
]);

/** An action and the API that it is of. */
export interface ServedAction {
	readonly action: AwsAction;
	readonly service: Service;
}

/** The actions that are answered. A Map, so that no name of a JavaScript object's own is an action. */
export function servedActions(dialect: ApiDialect | undefined): ReadonlyMap<string, ServedAction> {
	const cloud: Cloud = dialect === 'aws' ? 'aws' : 'lbu';
	const types = dialect === 'outscale' ? LBU_TYPES : undefined;
	const elb = [
		...loadBalancerActions(cloud),
		...listenerActions(cloud),
		...backendActions(cloud),
		...attributeActions(cloud),
		...placeActions(cloud),
		...policyActions(cloud, types),
		...TAG_ACTIONS,
		...LIMIT_ACTIONS,
	];
	const served = elb.filter(([name]) => dialect !== 'outscale' || !NOT_IN_LBU.has(name));
	return new Map<string, ServedAction>([
		...served.map(([name, action]) => [name, {action, service: 'elb'}] as const),
		...certificateActions(cloud).map(([name, action]) => [name, {action, service: 'iam'}] as const),
	]);
}
