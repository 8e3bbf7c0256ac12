import {type Account, listedRules} from '../../model/account.ts';
import {type CreateRule, createRule, deleteRule, type UpdateRule, updateRule} from '../../operations/listener-rules.ts';
import {mutation, ofLoadBalancer, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {OutscaleAction} from './encode.ts';
import {encodeRule} from './encode.ts';
import {nonEmpty} from './load-balancer-actions.ts';

const ACTIONS: ReadonlyMap<string, 'forward'> = new Map([['forward', 'forward']]);

/** OUTSCALE API 1.40: listener rules. */
export const LISTENER_RULE_ACTIONS: readonly (readonly [string, OutscaleAction])[] = [
	[
		'CreateListenerRule',
		mutation(readRule, createRule, ofLoadBalancer, (rule, store) => ({ListenerRule: encodeRule(rule, store)})),
	],
	[
		'ReadListenerRules',
		query(readNames, (names, {account, identifiers}) => ({
			ListenerRules: listedRules(account)
				.filter(({name}) => names === undefined || names.includes(name))
				.map(rule => encodeRule(rule, {account, identifiers})),
		})),
	],
	[
		'UpdateListenerRule',
		mutation(readUpdate, updateRule, ofRule, (rule, store) => ({ListenerRule: encodeRule(rule, store)})),
	],
	['DeleteListenerRule', mutation(fields => ({name: fields.requiredText('ListenerRuleName')}), deleteRule, ofRule)],
];

/** Concerns the load balancer of the rule. */
function ofRule({name}: {readonly name: string}, account: Account): readonly string[] {
	return listedRules(account).flatMap(rule => (rule.name === name ? [rule.loadBalancer] : []));
}

function readRule(fields: Fields): CreateRule {
	const listener = fields.requiredObject('Listener', each => ({
		loadBalancer: each.requiredText('LoadBalancerName'),
		port: each.requiredInteger('LoadBalancerPort'),
	}));
	const rule = fields.requiredObject('ListenerRule', each => {
		each.word('Action', ACTIONS, 'BAD_RULE_ACTION');
		return {
			name: each.requiredText('ListenerRuleName'),
			priority: each.requiredInteger('Priority'),
			host: each.text('HostNamePattern'),
			path: each.text('PathPattern'),
		};
	});
	return {...listener, ...rule, vmIds: fields.requiredTexts('VmIds')};
}

/** The host pattern has another name here than everywhere else: OUTSCALE API 1.40, UpdateListenerRuleRequest. */
function readUpdate(fields: Fields): UpdateRule {
	return {
		name: fields.requiredText('ListenerRuleName'),
		host: fields.nullableText('HostPattern'),
		path: fields.nullableText('PathPattern'),
	};
}

function readNames(fields: Fields): readonly string[] | undefined {
	return nonEmpty(fields.object('Filters', filter => filter.texts('ListenerRuleNames')));
}
