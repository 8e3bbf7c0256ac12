import {loadBalancerNamed, noLoadBalancer} from '../../model/account.ts';
import type {AccountLoadBalancer} from '../../model/account-load-balancer.ts';
import {stateOf} from '../../model/life.ts';
import type {CloudStore} from '../../operations/context.ts';
import {type CreateLoadBalancer, ensureLoadBalancer, ensureNoLoadBalancer} from '../../operations/load-balancers.ts';
import {ONE_PLACE, SEVERAL_PLACES} from '../../operations/placement.ts';
import {ELB_TAGS} from '../../operations/tags.ts';
import {mutation, ofName, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import {SCHEMES} from '../words.ts';
import type {AwsActions} from './action.ts';
import {bounded} from './constraints.ts';
import {encodeLoadBalancer} from './encode.ts';
import {readListeners} from './listener-actions.ts';
import {markerAfter, readMarker} from './markers.ts';
import {readTag} from './tag-actions.ts';
import type {Cloud} from './wire-errors.ts';
import {members, type XmlElements} from './xml.ts';

/** AWS Classic ELB, DescribeLoadBalancers.PageSize. */
const MAX_PAGE = 400;

/** ELB 2012-06-01: load balancers. */
export function loadBalancerActions(cloud: Cloud): AwsActions {
	const answer = (page: Page, store: CloudStore) => answerToDescribe(page, store, cloud);
	return [
		[
			'CreateLoadBalancer',
			mutation(
				fields => readCreation(fields, cloud),
				ensureLoadBalancer,
				ofName,
				({dnsName}): XmlElements => ({DNSName: dnsName}),
			),
		],
		['DescribeLoadBalancers', query(readPage, answer)],
		[
			'DeleteLoadBalancer',
			mutation(fields => ({name: fields.requiredText('LoadBalancerName')}), ensureNoLoadBalancer, ofName),
		],
	];
}

function readCreation(fields: Fields, cloud: Cloud): CreateLoadBalancer {
	const read: CreateLoadBalancer = {
		name: fields.requiredText('LoadBalancerName'),
		listeners: readListeners(fields, cloud),
		scheme: fields.word('Scheme', SCHEMES, 'BAD_SCHEME', fields.filledText('Scheme')),
		subnets: fields.texts('Subnets') ?? [],
		subregions: fields.texts('AvailabilityZones') ?? [],
		securityGroups: fields.texts('SecurityGroups') ?? [],
		publicIp: undefined,
		tags: fields.objects('Tags', readTag) ?? [],
		tagRules: ELB_TAGS,
		placeRules: cloud === 'aws' ? SEVERAL_PLACES : ONE_PLACE,
	};
	// They are shown, and no packet is filtered by them.
	fields.withoutEffect('SecurityGroups');
	return read;
}

interface Page {
	readonly names: readonly string[];
	/** The serial of the last load balancer before this page; undefined: it is the first. */
	readonly after: number | undefined;
	readonly size: number;
}

function readPage(fields: Fields): Page {
	const size = fields.integer('PageSize');
	bounded(fields, 'PageSize', size, {min: 1, max: MAX_PAGE});
	const after = readMarker(fields, 'NextMarker', serialIn);
	return {names: fields.texts('LoadBalancerNames') ?? [], after, size: size ?? MAX_PAGE};
}

/** A marker holds whatever is created or deleted between two pages. */
function serialIn(text: string): number | undefined {
	return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** In the order of their creation. One name that nothing has is refused, and nothing else returned then. */
function answerToDescribe({names, after = -1, size}: Page, store: CloudStore, cloud: Cloud): XmlElements {
	// One account for all of it, as it is now.
	const source = {account: store.account, identifiers: store.identifiers, cloud};
	const active = activeIn(store);
	for (const name of names) if (!active.has(name)) throw noLoadBalancer(name);
	const wanted = new Set(names);
	const left = [...active.values()]
		.filter(({name}) => wanted.size === 0 || wanted.has(name))
		.filter(({creation}) => creation.serial > after);
	const page = left.slice(0, size);
	const last = page.at(-1);
	return {
		LoadBalancerDescriptions: members(page.map(each => encodeLoadBalancer(each, source))),
		NextMarker: last !== undefined && left.length > page.length ? markerAfter(last.creation.serial) : undefined,
	};
}

/** Those that the ELB API shows: one that is being deleted is gone for its clients. */
function activeIn(store: CloudStore): ReadonlyMap<string, AccountLoadBalancer> {
	const context = store.context();
	const active = [...store.account.loadBalancers].filter(([, {life}]) => stateOf(life, context) !== 'deleting');
	return new Map(active.sort(([, one], [, other]) => one.creation.serial - other.creation.serial));
}

/** The load balancer of that name, as the ELB API shows it. @throws Refusal `NO_SUCH_LOAD_BALANCER` */
export function activeNamed(name: string, store: CloudStore): AccountLoadBalancer {
	const found = loadBalancerNamed(store.account, name);
	if (stateOf(found.life, store.context()) === 'deleting') throw noLoadBalancer(name);
	return found;
}
