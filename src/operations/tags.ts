import {quote} from '../base/quote.ts';
import {type Account, withLoadBalancer} from '../model/account.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {Refusal} from '../model/refusal.ts';
import type {Operation} from './context.ts';
import {changeable, validateQuota} from './validate.ts';

export interface Tag {
	readonly key: string;
	readonly value: string;
}

/** OUTSCALE API 1.40, ResourceTag: keys of 1 to 255 characters, values of 0 to 255. */
const MAX_LENGTH = 255;

/** CreateLoadBalancerTags. A key that is there gets the new value; names and keys may repeat (recorded). */
export const addTags: Operation<{readonly loadBalancers: readonly string[]; readonly tags: readonly Tag[]}, undefined> =
	({loadBalancers, tags}) =>
	(account, context) => {
		validateTags(tags);
		const found = distinct(loadBalancers).map(name => changeable(account, name, context));
		const after = found.map(each => ({...each, tags: withTags(each.tags, tags)}));
		for (const each of after) validateQuota('TOO_MANY_TAGS', each.tags.size, context.quotas.tags, 'tags');
		return {account: after.reduce(withLoadBalancer, account), result: undefined};
	};

/** DeleteLoadBalancerTags, by key. A key that is not there is gone already (*guess*). */
export const removeTags: Operation<
	{readonly loadBalancers: readonly string[]; readonly keys: readonly string[]},
	undefined
> =
	({loadBalancers, keys}) =>
	(account, context) => {
		validateTags(keys.map(key => ({key, value: ''})));
		const gone = new Set(keys);
		const found = distinct(loadBalancers).map(name => changeable(account, name, context));
		const remove = ({tags, ...rest}: AccountLoadBalancer): AccountLoadBalancer => ({
			...rest,
			tags: new Map([...tags].filter(([key]) => !gone.has(key))),
		});
		const after = (before: Account, each: AccountLoadBalancer) => withLoadBalancer(before, remove(each));
		return {account: found.reduce(after, account), result: undefined};
	};

/** Names may repeat, a hundred thousand times in one request. */
function distinct(names: readonly string[]): string[] {
	return [...new Set(names)];
}

/** @throws Refusal `EMPTY_TAG_KEY`, `TOO_LONG` */
export function validateTags(tags: readonly Tag[]): void {
	for (const {key, value} of tags) {
		if (key === '') throw new Refusal('EMPTY_TAG_KEY', 'the key of a tag is empty; it has 1 to 255 characters');
		for (const text of [key, value]) {
			if (text.length <= MAX_LENGTH) continue;
			const what = text === key ? 'the key' : `the value of ${quote(key)}`;
			throw new Refusal('TOO_LONG', `${what} has ${text.length} characters; a tag takes at most ${MAX_LENGTH}`, text);
		}
	}
}

export function withTags(before: ReadonlyMap<string, string>, tags: readonly Tag[]): ReadonlyMap<string, string> {
	return new Map([...before, ...tags.map(({key, value}) => [key, value] as const)]);
}
