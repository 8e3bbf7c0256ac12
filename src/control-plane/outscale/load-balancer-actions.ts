import type {AccessLogSettings, AccountLoadBalancer} from '../../model/account-load-balancer.ts';
import type {HealthCheck, HealthCheckProtocol} from '../../model/health-check.ts';
import {stateInAnswer, stateOf} from '../../model/life.ts';
import {compilePattern, matchesPattern, type Pattern} from '../../model/pattern.ts';
import type {CloudStore} from '../../operations/context.ts';
import {addListeners, type NewListener, removeListeners} from '../../operations/listeners.ts';
import {type CreateLoadBalancer, createLoadBalancer, deleteLoadBalancer} from '../../operations/load-balancers.ts';
import {ONE_PLACE} from '../../operations/placement.ts';
import {OUTSCALE_TAGS} from '../../operations/tags.ts';
import {type UpdateLoadBalancer, updateLoadBalancer} from '../../operations/update-load-balancer.ts';
import {readAccessLog} from '../access-log-fields.ts';
import {mutation, ofLoadBalancer, ofName, query} from '../action.ts';
import {readCertificateReference} from '../certificate-reference.ts';
import type {Fields} from '../fields.ts';
import {PROTOCOLS, SCHEMES} from '../words.ts';
import type {AnswerFields, OutscaleAction} from './encode.ts';
import {encodeLoadBalancer} from './encode.ts';
import {readTag} from './tag-actions.ts';

/** OUTSCALE API 1.40: load balancers and their listeners. */
export const LOAD_BALANCER_ACTIONS: readonly (readonly [string, OutscaleAction])[] = [
	['CreateLoadBalancer', mutation(readCreation, createLoadBalancer, ofName, answerToCreation)],
	['ReadLoadBalancers', query(readFilters, answerToRead)],
	['UpdateLoadBalancer', mutation(readUpdate, updateLoadBalancer, ofName, answerToChange)],
	['DeleteLoadBalancer', mutation(readName, deleteLoadBalancer, ofName, answerToChange)],
	['CreateLoadBalancerListeners', mutation(readAddition, addListeners, ofLoadBalancer, answerToChange)],
	['DeleteLoadBalancerListeners', mutation(readRemoval, removeListeners, ofLoadBalancer, answerToChange)],
];

/** The load balancer as most changes answer with it. */
export function answerToChange(loadBalancer: AccountLoadBalancer, store: CloudStore): AnswerFields {
	const state = stateInAnswer(loadBalancer.life, store.context());
	return {LoadBalancer: encodeLoadBalancer(loadBalancer, {state, isNew: false}, store)};
}

function answerToCreation(loadBalancer: AccountLoadBalancer, store: CloudStore): AnswerFields {
	return {LoadBalancer: encodeLoadBalancer(loadBalancer, {state: 'provisioning', isNew: true}, store)};
}

interface ReadFilters {
	readonly names: readonly Pattern[] | undefined;
	readonly states: readonly string[] | undefined;
}

/** Unknown names are no error; without a filter, or with an empty one, there are all of them. */
function answerToRead({names, states}: ReadFilters, store: CloudStore): AnswerFields {
	const context = store.context();
	const {account, identifiers} = store;
	const found = [...account.loadBalancers.values()]
		.map(loadBalancer => ({loadBalancer, state: stateOf(loadBalancer.life, context)}))
		.filter(
			({loadBalancer}) => names === undefined || names.some(pattern => matchesPattern(pattern, loadBalancer.name)),
		)
		.filter(({state}) => states === undefined || states.includes(state));
	return {
		LoadBalancers: found.map(({loadBalancer, state}) =>
			encodeLoadBalancer(loadBalancer, {state, isNew: false}, {account, identifiers}),
		),
	};
}

function readFilters(fields: Fields): ReadFilters {
	const filters = fields.object('Filters', filter => ({
		names: filter.texts('LoadBalancerNames')?.map(patternOf),
		states: filter.texts('States'),
	}));
	return {names: nonEmpty(filters?.names), states: nonEmpty(filters?.states)};
}

/** A list that is there and empty filters nothing out: Terraform and the CCM send such lists (*guess*). */
export function nonEmpty<Item>(items: readonly Item[] | undefined): readonly Item[] | undefined {
	return items === undefined || items.length === 0 ? undefined : items;
}

/** `*` is any run of characters: the example `private*` of OUTSCALE API 1.40. No name has a `?`, so none is found by one. */
function patternOf(text: string): Pattern {
	return compilePattern(text.includes('?') ? '/' : text, 'path');
}

function readName(fields: Fields): {name: string} {
	return {name: fields.requiredText('LoadBalancerName')};
}

function readCreation(fields: Fields): CreateLoadBalancer {
	const read: CreateLoadBalancer = {
		name: fields.requiredText('LoadBalancerName'),
		listeners: fields.requiredObjects('Listeners', readListener),
		scheme: fields.word('LoadBalancerType', SCHEMES, 'BAD_SCHEME'),
		subnets: fields.texts('Subnets') ?? [],
		subregions: fields.texts('SubregionNames') ?? [],
		securityGroups: fields.texts('SecurityGroups') ?? [],
		placeRules: ONE_PLACE,
		publicIp: fields.filledText('PublicIp'),
		tags: fields.objects('Tags', readTag) ?? [],
		tagRules: OUTSCALE_TAGS,
	};
	// They are shown, and no packet is filtered or addressed by them.
	fields.withoutEffect('SecurityGroups', 'PublicIp');
	return read;
}

function readListener(fields: Fields): NewListener {
	const port = fields.requiredInteger('LoadBalancerPort');
	const protocol = fields.word(
		'LoadBalancerProtocol',
		PROTOCOLS,
		'BAD_VALUE',
		fields.requiredText('LoadBalancerProtocol'),
	);
	const backendPort = fields.requiredInteger('BackendPort');
	const backendProtocol = fields.word('BackendProtocol', PROTOCOLS, 'BAD_VALUE');
	return {
		port,
		protocol: protocol ?? 'http',
		backendPort,
		// The protocol in front, where there is none: AWS Classic ELB says the same.
		backendProtocol: backendProtocol ?? protocol ?? 'http',
		certificate: readCertificateReference(fields.filledText('ServerCertificateId')),
	};
}

function readAddition(fields: Fields): {loadBalancer: string; listeners: NewListener[]} {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		listeners: fields.requiredObjects('Listeners', readListener),
	};
}

function readRemoval(fields: Fields): {loadBalancer: string; ports: number[]} {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		ports: fields.requiredIntegers('LoadBalancerPorts'),
	};
}

function readUpdate(fields: Fields, store: CloudStore): UpdateLoadBalancer {
	const read: UpdateLoadBalancer = {
		name: fields.requiredText('LoadBalancerName'),
		port: fields.integer('LoadBalancerPort'),
		certificate: readCertificateReference(fields.text('ServerCertificateId')),
		policies: fields.texts('PolicyNames'),
		healthCheck: fields.object('HealthCheck', readHealthCheck),
		accessLog: fields.object('AccessLog', readLog),
		securedCookies: fields.boolean('SecuredCookies'),
		securityGroups: fields.texts('SecurityGroups'),
		publicIp: fields.text('PublicIp'),
	};
	fields.withoutEffect('SecurityGroups', 'PublicIp');
	if (read.accessLog?.enabled === true && store.context().accessLogFolder === undefined)
		fields.withoutEffect('AccessLog');
	return read;
}

const CHECK_PROTOCOLS: ReadonlyMap<string, HealthCheckProtocol> = PROTOCOLS;

/** OUTSCALE API 1.40, HealthCheck: all but the path are required. Seconds end here. */
function readHealthCheck(fields: Fields): HealthCheck {
	const protocol = fields.word('Protocol', CHECK_PROTOCOLS, 'BAD_VALUE', fields.requiredText('Protocol'));
	const path = fields.text('Path');
	const isHttp = protocol === 'http' || protocol === 'https';
	if (protocol !== undefined && !isHttp && path !== undefined) {
		const message = () => `a ${protocol.toUpperCase()} health check has no path, not even an empty one`;
		fields.refuse('HEALTH_CHECK_PATH', 'Path', message, path);
	}
	return {
		protocol: protocol ?? 'tcp',
		port: fields.requiredInteger('Port'),
		// HTTP without a path reads back as "/" (recorded).
		path: isHttp ? (path ?? '/') : '',
		intervalMs: fields.requiredInteger('CheckInterval') * 1000,
		timeoutMs: fields.requiredInteger('Timeout') * 1000,
		healthyThreshold: fields.requiredInteger('HealthyThreshold'),
		unhealthyThreshold: fields.requiredInteger('UnhealthyThreshold'),
	};
}

function readLog(fields: Fields): AccessLogSettings {
	const enabled = fields.boolean('IsEnabled');
	// Recorded: the answer is the same as to a log without a bucket.
	if (!fields.has('IsEnabled'))
		fields.refuse('ACCESS_LOG_UNUSABLE', 'IsEnabled', () => 'say whether the access log is on');
	return readAccessLog(fields, enabled ?? false, {
		bucket: 'OsuBucketName',
		prefix: 'OsuBucketPrefix',
		interval: 'PublicationInterval',
	});
}
