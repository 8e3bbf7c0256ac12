import type {CloudStore} from '../../operations/context.ts';
import {
	type AddTags,
	addTags,
	ELB_TAGS,
	type RemoveTags,
	removeTags,
	type Tag,
	taggedNamed,
} from '../../operations/tags.ts';
import {mutation, ofLoadBalancers, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AwsActions} from './action.ts';
import {boundedCount, boundedLength} from './constraints.ts';
import {members, type XmlElements} from './xml.ts';

/** AWS Classic ELB API 2012-06-01, LoadBalancerNamesMax20. */
const MAX_DESCRIBED = 20;

/** ELB 2012-06-01: tags of load balancers. */
export const TAG_ACTIONS: AwsActions = [
	['AddTags', mutation(readAddition, addTags, ofLoadBalancers)],
	['RemoveTags', mutation(readRemoval, removeTags, ofLoadBalancers)],
	['DescribeTags', query(readNames, answerToDescribe)],
];

/** AWS Classic ELB, Tag. */
export function readTag(fields: Fields): Tag {
	const value = fields.text('Value');
	boundedLength(fields, 'Value', value, {min: 0, max: ELB_TAGS.valueLength});
	return {key: readKey(fields), value};
}

function readKey(fields: Fields): string {
	const key = fields.requiredText('Key');
	boundedLength(fields, 'Key', key, {min: 0, max: ELB_TAGS.keyLength});
	return key;
}

function readAddition(fields: Fields): AddTags {
	return {
		loadBalancers: fields.requiredTexts('LoadBalancerNames'),
		tags: fields.requiredObjects('Tags', readTag),
		tagRules: ELB_TAGS,
	};
}

/** Values that are sent along say nothing (observed on LBU). */
function readRemoval(fields: Fields): RemoveTags {
	return {
		loadBalancers: fields.requiredTexts('LoadBalancerNames'),
		keys: fields.requiredObjects('Tags', readKey),
		tagRules: ELB_TAGS,
	};
}

function readNames(fields: Fields): readonly string[] {
	const names = fields.requiredTexts('LoadBalancerNames');
	boundedCount(fields, 'LoadBalancerNames', names, MAX_DESCRIBED);
	return names;
}

/** Each once, in the order asked for. A tag that is a key alone has no value (observed on LBU). */
function answerToDescribe(names: readonly string[], store: CloudStore): XmlElements {
	const {account} = store;
	const context = store.context();
	const found = [...new Set(names)].map(name => taggedNamed(account, name, context));
	return {
		TagDescriptions: members(
			found.map(({name, tags}) => ({
				LoadBalancerName: name,
				Tags: members([...tags].map(([Key, Value]) => ({Key, Value}))),
			})),
		),
	};
}
