import test, {type ExecutionContext} from 'ava';
import {EmulatorError} from '../../src/base/errors.ts';
import type {RefusalCode} from '../../src/model/refusal.ts';
import {type AddTags, addTags, ELB_TAGS, OUTSCALE_TAGS, removeTags, type Tag} from '../../src/operations/tags.ts';
import {accountLoadBalancer, accountWith, CONTEXT} from '../helpers/accounts.ts';

const tag = (key: string, value?: string): Tag => ({key, value});
const numbered = (count: number): Tag[] => Array.from({length: count}, (_, index) => tag(`k${index}`, 'v'));
const BEFORE = new Map([['kept', 'as it was']]);

/** The tags of `web` and `api` after this. */
function tagsAfter(input: Partial<AddTags>, before: ReadonlyMap<string, string | undefined> = BEFORE) {
	const account = accountWith(['web', 'api'].map(name => accountLoadBalancer({name, tags: before})));
	const operation = addTags({loadBalancers: ['web', 'api'], tags: [], tagRules: ELB_TAGS, ...input});
	return [...operation(account, CONTEXT).account.loadBalancers.values()].map(({tags}) => [...tags]);
}

function refused(t: ExecutionContext, code: RefusalCode, run: () => unknown, message?: string): void {
	const error = t.throws<EmulatorError>(
		run,
		{instanceOf: EmulatorError, ...(message === undefined ? {} : {message})},
		code,
	);
	t.is(error?.code, code);
}

test('tags are added to every load balancer named, and a tag may be a key alone', t => {
	const after = [
		['kept', 'other'],
		['alone', undefined],
		['empty', ''],
	];

	t.deepEqual(tagsAfter({tags: [tag('kept', 'other'), tag('alone'), tag('empty', '')]}), [after, after]);
});

test('a load balancer has ten tags through the ELB API, and none is added beyond', t => {
	t.is(tagsAfter({tags: numbered(9)})[0]?.length, 10);
	refused(t, 'TOO_MANY_TAGS', () => tagsAfter({tags: numbered(10)}), '11 tags are more than the quota of 10');
	t.is(tagsAfter({tags: numbered(10), tagRules: OUTSCALE_TAGS})[0]?.length, 11);
});

test('a load balancer that has more tags than ten, through another API, can have the value of one changed', t => {
	const many = new Map(numbered(12).map(({key, value}) => [key, value]));

	t.deepEqual(tagsAfter({tags: [tag('k3', 'other')]}, many)[0]?.[3], ['k3', 'other']);
	refused(t, 'TOO_MANY_TAGS', () => tagsAfter({tags: [tag('more')]}, many));
});

test('lengths of keys and values are those of the API', t => {
	t.notThrows(() => tagsAfter({tags: [tag('k'.repeat(128), 'v'.repeat(256))]}));
	refused(
		t,
		'TOO_LONG',
		() => tagsAfter({tags: [tag('k'.repeat(129))]}),
		'the key has 129 characters; a tag takes at most 128',
	);
	refused(t, 'TOO_LONG', () => tagsAfter({tags: [tag('k', 'v'.repeat(257))]}));
	refused(
		t,
		'EMPTY_TAG_KEY',
		() => tagsAfter({tags: [tag('')]}),
		'the key of a tag is empty; it has 1 to 128 characters',
	);
	t.notThrows(() => tagsAfter({tags: [tag('k'.repeat(255), 'v'.repeat(255))], tagRules: OUTSCALE_TAGS}));
	refused(t, 'TOO_LONG', () => tagsAfter({tags: [tag('k', 'v'.repeat(256))], tagRules: OUTSCALE_TAGS}));
});

test('a key comes once in a request of the ELB API', t => {
	refused(t, 'DUPLICATE_TAG_KEYS', () => tagsAfter({tags: [tag('k', '1'), tag('k', '2')]}));
	t.deepEqual(tagsAfter({tags: [tag('k', '1'), tag('k', '2')], tagRules: OUTSCALE_TAGS})[0]?.at(-1), ['k', '2']);
});

test('nothing is added when one of the load balancers is not there', t => {
	refused(t, 'NO_SUCH_LOAD_BALANCER', () => tagsAfter({loadBalancers: ['web', 'x'], tags: [tag('k')]}));
});

test('tags are removed by their keys, known or not, however often they are named', t => {
	const account = accountWith([accountLoadBalancer({tags: new Map([...BEFORE, ['gone', 'v']])})]);
	const remove = (...keys: string[]) =>
		removeTags({loadBalancers: ['web'], keys, tagRules: ELB_TAGS})(account, CONTEXT).account.loadBalancers.get('web')
			?.tags;

	t.deepEqual(remove('gone', 'unknown', 'gone'), BEFORE);
	refused(t, 'TOO_LONG', () => remove('k'.repeat(129)));
});
