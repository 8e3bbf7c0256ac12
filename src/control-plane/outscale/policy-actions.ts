import type {StickinessPolicy} from '../../model/stickiness-policy.ts';
import {type CreateStickiness, createStickiness, deletePolicy} from '../../operations/policies.ts';
import {mutation, ofLoadBalancer} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {OutscaleAction} from './encode.ts';
import {answerToChange} from './load-balancer-actions.ts';

const KINDS: ReadonlyMap<string, StickinessPolicy['kind']> = new Map([
	['app', 'application'],
	['load_balancer', 'duration'],
]);

/** OUTSCALE API 1.40: stickiness policies of load balancers. */
export const POLICY_ACTIONS: readonly (readonly [string, OutscaleAction])[] = [
	['CreateLoadBalancerPolicy', mutation(readPolicy, createStickiness, ofLoadBalancer, answerToChange)],
	[
		'DeleteLoadBalancerPolicy',
		mutation(
			fields => ({
				loadBalancer: fields.requiredText('LoadBalancerName'),
				name: fields.requiredText('PolicyName'),
				unknown: 'refused' as const,
			}),
			deletePolicy,
			ofLoadBalancer,
			answerToChange,
		),
	],
];

/** OUTSCALE API 1.40, CreateLoadBalancerPolicyRequest.PolicyName. */
const MAX_NAME_LENGTH = 32;

function readPolicy(fields: Fields): CreateStickiness {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		name: fields.requiredText('PolicyName'),
		maxNameLength: MAX_NAME_LENGTH,
		repetition: 'refused',
		kind: fields.word('PolicyType', KINDS, 'BAD_POLICY_KIND', fields.requiredText('PolicyType')) ?? 'duration',
		cookie: fields.text('CookieName'),
		seconds: fields.integer('CookieExpirationPeriod'),
	};
}
