import {loadBalancerNamed} from '../../model/account.ts';
import {addTags, OUTSCALE_TAGS, removeTags, type Tag} from '../../operations/tags.ts';
import {mutation, ofLoadBalancers, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {OutscaleAction} from './encode.ts';

/** OUTSCALE API 1.40: tags of load balancers, which the general tag actions do not cover. */
export const TAG_ACTIONS: readonly (readonly [string, OutscaleAction])[] = [
	[
		'CreateLoadBalancerTags',
		mutation(
			fields => ({
				loadBalancers: readNames(fields),
				tags: fields.requiredObjects('Tags', readTag),
				tagRules: OUTSCALE_TAGS,
			}),
			addTags,
			ofLoadBalancers,
		),
	],
	[
		'DeleteLoadBalancerTags',
		mutation(
			fields => ({
				loadBalancers: readNames(fields),
				keys: fields.requiredObjects('Tags', tag => tag.requiredText('Key')),
				tagRules: OUTSCALE_TAGS,
			}),
			removeTags,
			ofLoadBalancers,
		),
	],
	[
		'ReadLoadBalancerTags',
		query(readNames, (names, {account}) => ({
			Tags: [...new Set(names)]
				.map(name => loadBalancerNamed(account, name))
				.flatMap(({name, tags}) => [...tags].map(([Key, Value = '']) => ({Key, LoadBalancerName: name, Value}))),
		})),
	],
];

export function readTag(fields: Fields): Tag {
	return {key: fields.requiredText('Key'), value: fields.requiredText('Value')};
}

function readNames(fields: Fields): string[] {
	return fields.requiredTexts('LoadBalancerNames');
}
