import {quote} from '../base/quote.ts';
import {type Account, noLoadBalancer, withLoadBalancer} from '../model/account.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import {Refusal} from '../model/refusal.ts';
import type {Context, Operation} from './context.ts';
import {changeable, validateQuota} from './validate.ts';

export interface Tag {
	readonly key: string;
	/** AWS Classic ELB API 2012-06-01, Tag: a tag may be a key alone. */
	readonly value: string | undefined;
}

/** What a cloud allows of tags. Lengths are those of the keys and values. */
export interface TagRules {
	readonly keyLength: number;
	readonly valueLength: number;
	/** How many tags one load balancer may have. */
	readonly limit: number;
	/** Whether a key may come once only in one request. */
	readonly distinct: boolean;
}

/** OUTSCALE API 1.40, ResourceTag: keys of 1 to 255 characters, values of 0 to 255; keys may repeat (recorded). */
export const OUTSCALE_TAGS: TagRules = {
	keyLength: 255,
	valueLength: 255,
	limit: Number.POSITIVE_INFINITY,
	distinct: false,
};

/** AWS Classic ELB API 2012-06-01, AddTags and Tag. */
export const ELB_TAGS: TagRules = {keyLength: 128, valueLength: 256, limit: 10, distinct: true};

export interface AddTags {
	readonly loadBalancers: readonly string[];
	readonly tags: readonly Tag[];
	readonly tagRules: TagRules;
}

export interface RemoveTags {
	readonly loadBalancers: readonly string[];
	readonly keys: readonly string[];
	readonly tagRules: TagRules;
}

/** CreateLoadBalancerTags, AddTags. A key that is there gets the new value; names of load balancers may repeat (recorded). */
export const addTags: Operation<AddTags, undefined> =
	({loadBalancers, tags, tagRules}) =>
	(account, context) => {
		validateTags(tags, tagRules);
		const found = distinct(loadBalancers).map(name => taggedNamed(account, name, context));
		const after = found.map(each => ({...each, tags: withTags(each.tags, tags)}));
		for (const [index, each] of after.entries()) {
			validateTagCount(each.tags.size, tagRules, context, found[index]?.tags.size);
		}
		return {account: after.reduce(withLoadBalancer, account), result: undefined};
	};

/** DeleteLoadBalancerTags, RemoveTags: by key. A key that is not there is gone already (*guess*). */
export const removeTags: Operation<RemoveTags, undefined> =
	({loadBalancers, keys, tagRules}) =>
	(account, context) => {
		validateTags(
			keys.map(key => ({key, value: undefined})),
			{...tagRules, distinct: false},
		);
		const gone = new Set(keys);
		const found = distinct(loadBalancers).map(name => taggedNamed(account, name, context));
		const remove = ({tags, ...rest}: AccountLoadBalancer): AccountLoadBalancer => ({
			...rest,
			tags: new Map([...tags].filter(([key]) => !gone.has(key))),
		});
		const after = (before: Account, each: AccountLoadBalancer) => withLoadBalancer(before, remove(each));
		return {account: found.reduce(after, account), result: undefined};
	};

/** The load balancer of that name; where there is none, a cloud has another sentence for it than elsewhere. @throws Refusal */
export function taggedNamed(account: Account, name: string, context: Context): AccountLoadBalancer {
	if (account.loadBalancers.has(name)) return changeable(account, name, context);
	throw noLoadBalancer(name, 'tags');
}

/** Names may repeat, a hundred thousand times in one request. */
function distinct(names: readonly string[]): string[] {
	return [...new Set(names)];
}

/** @throws Refusal `EMPTY_TAG_KEY`, `TOO_LONG`, `DUPLICATE_TAG_KEYS` */
export function validateTags(tags: readonly Tag[], {keyLength, valueLength, distinct}: TagRules): void {
	const seen = new Set<string>();
	for (const {key, value = ''} of tags) {
		if (key === '')
			throw new Refusal('EMPTY_TAG_KEY', `the key of a tag is empty; it has 1 to ${keyLength} characters`);
		validateLength('the key', key, keyLength);
		validateLength(`the value of ${quote(key)}`, value, valueLength);
		if (distinct && seen.has(key)) {
			throw new Refusal('DUPLICATE_TAG_KEYS', `the key ${quote(key)} comes more than once in one request`, key);
		}
		seen.add(key);
	}
}

function validateLength(what: string, text: string, most: number): void {
	if (text.length <= most) return;
	throw new Refusal('TOO_LONG', `${what} has ${text.length} characters; a tag takes at most ${most}`, text);
}

/**
 * @param before how many there were: a load balancer that has more than the limit, through another API, may keep them.
 * @throws Refusal `TOO_MANY_TAGS`
 */
export function validateTagCount(
	count: number,
	{limit}: TagRules,
	{quotas}: Pick<Context, 'quotas'>,
	before = 0,
): void {
	validateQuota('TOO_MANY_TAGS', count, quotas.tags, 'tags');
	if (count > before) validateQuota('TOO_MANY_TAGS', count, limit, 'tags');
}

export function withTags(before: AccountLoadBalancer['tags'], tags: readonly Tag[]): AccountLoadBalancer['tags'] {
	return new Map([...before, ...tags.map(({key, value}) => [key, value] as const)]);
}
