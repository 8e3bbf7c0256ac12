import type {StickinessPolicy} from '../../model/stickiness-policy.ts';
import {type CreatePolicy, createPolicy, deletePolicy} from '../../operations/policies.ts';
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
	['CreateLoadBalancerPolicy', mutation(readPolicy, createPolicy, ofLoadBalancer, answerToChange)],
	[
		'DeleteLoadBalancerPolicy',
		mutation(
			fields => ({
				loadBalancer: fields.requiredText('LoadBalancerName'),
				name: fields.requiredText('PolicyName'),
			}),
			deletePolicy,
			ofLoadBalancer,
			answerToChange,
		),
	],
];

function readPolicy(fields: Fields): CreatePolicy {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		name: fields.requiredText('PolicyName'),
		kind: fields.word('PolicyType', KINDS, 'BAD_POLICY_KIND', fields.requiredText('PolicyType')) ?? 'duration',
		cookie: fields.text('CookieName'),
		seconds: fields.integer('CookieExpirationPeriod'),
	};
}
