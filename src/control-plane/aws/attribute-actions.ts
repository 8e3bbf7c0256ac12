import type {AccessLogSettings, AccountLoadBalancer} from '../../model/account-load-balancer.ts';
import {drainingTimeMs, type ModifyAttributes, modifyAttributes} from '../../operations/attributes.ts';
import type {CloudStore} from '../../operations/context.ts';
import {readAccessLog} from '../access-log-fields.ts';
import {mutation, ofLoadBalancer, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AwsActions} from './action.ts';
import {bounded} from './constraints.ts';
import {activeNamed} from './load-balancer-actions.ts';
import type {Cloud} from './wire-errors.ts';
import {members, type XmlElements} from './xml.ts';

/** AWS Classic ELB, additional attributes. */
const DESYNC_MODE = 'elb.http.desyncmitigationmode';
/** OUTSCALE's LBU alone has it. */
const SECURED_COOKIES = 'SecuredCookies';

/** AWS Classic ELB API 2012-06-01, ConnectionSettings.IdleTimeout and ConnectionDraining.Timeout. */
const SECONDS = {min: 1, max: 3600} as const;

/** ELB 2012-06-01: attributes of load balancers. */
export function attributeActions(cloud: Cloud): AwsActions {
	return [
		[
			'DescribeLoadBalancerAttributes',
			query(
				fields => ({name: fields.requiredText('LoadBalancerName')}),
				({name}, store): XmlElements => ({
					LoadBalancerAttributes: encodeAttributes(activeNamed(name, store), cloud),
				}),
			),
		],
		[
			'ModifyLoadBalancerAttributes',
			mutation(
				(fields, store) => readAttributes(fields, store, cloud),
				modifyAttributes,
				ofLoadBalancer,
				(loadBalancer, _store, asked): XmlElements => ({
					LoadBalancerName: loadBalancer.name,
					LoadBalancerAttributes: encodeModified(loadBalancer, asked),
				}),
			),
		],
	];
}

function readAttributes(fields: Fields, store: CloudStore, cloud: Cloud): ModifyAttributes {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		...fields.requiredObject('LoadBalancerAttributes', attributes => ({
			crossZone: attributes.object('CrossZoneLoadBalancing', crossZone => {
				const enabled = crossZone.requiredBoolean('Enabled');
				// There is one node.
				crossZone.withoutEffect('Enabled');
				return enabled;
			}),
			accessLog: attributes.object('AccessLog', log => readLog(log, store)),
			draining: attributes.object('ConnectionDraining', draining => ({
				enabled: draining.requiredBoolean('Enabled'),
				timeoutMs: readSeconds(draining, 'Timeout', draining.integer('Timeout')),
			})),
			idleMs: attributes.object('ConnectionSettings', settings =>
				readSeconds(settings, 'IdleTimeout', settings.requiredInteger('IdleTimeout')),
			),
			...readAdditional(attributes, cloud),
		})),
	};
}

/** In milliseconds. */
function readSeconds(fields: Fields, name: string, seconds: number | undefined): number | undefined {
	if (seconds === undefined || !fields.has(name)) return undefined;
	bounded(fields, name, seconds, SECONDS);
	return seconds * 1000;
}

function readLog(fields: Fields, store: CloudStore): AccessLogSettings {
	const log = readAccessLog(fields, fields.requiredBoolean('Enabled'), {
		bucket: 'S3BucketName',
		prefix: 'S3BucketPrefix',
		interval: 'EmitInterval',
	});
	if (log.enabled && store.context().accessLogFolder === undefined) fields.withoutEffect('Enabled');
	return log;
}

type Additional = Pick<ModifyAttributes, 'desyncMode' | 'securedCookies'>;

/** The last of those with one key counts (*guess*). */
function readAdditional(attributes: Fields, cloud: Cloud): Additional {
	let read: Additional = {desyncMode: undefined, securedCookies: undefined};
	attributes.objects('AdditionalAttributes', attribute => {
		const key = attribute.requiredText('Key');
		const value = attribute.text('Value') ?? '';
		if (key === DESYNC_MODE) {
			read = {...read, desyncMode: value};
			// Requests are read strictly in any case.
			attribute.withoutEffect('Value');
		} else if (key === SECURED_COOKIES && cloud === 'lbu') {
			read = {...read, securedCookies: readSecuredCookies(attribute, value)};
		} else if (key !== '') {
			attribute.refuse('NO_SUCH_ATTRIBUTE', 'Key', () => `${key.slice(0, 100)} is not an attribute`, key);
		}
	});
	return read;
}

function readSecuredCookies(attribute: Fields, value: string): boolean {
	const isOn = value.toLowerCase() === 'true';
	if (!isOn && value.toLowerCase() !== 'false') {
		attribute.refuse('BAD_VALUE', 'Value', () => `${value.slice(0, 100)} is neither true nor false`, value);
	}
	return isOn;
}

/** All attributes, those that the cloud has. Whole seconds: the library may have less. */
function encodeAttributes(loadBalancer: AccountLoadBalancer, cloud: Cloud): XmlElements {
	const {desyncMode, securedCookies} = loadBalancer;
	const desync = additional(DESYNC_MODE, desyncMode);
	const ofLbu = [
		additional(SECURED_COOKIES, String(securedCookies)),
		// LBU has none; who has set it reads it.
		...(desyncMode === 'defensive' ? [] : [desync]),
	];
	return {...encodeGroups(loadBalancer), AdditionalAttributes: members(cloud === 'aws' ? [desync] : ofLbu)};
}

/** AWS's documented answers hold the attributes that were asked for, and no others. */
function encodeModified(loadBalancer: AccountLoadBalancer, asked: ModifyAttributes): XmlElements {
	const groups = encodeGroups(loadBalancer);
	const {desyncMode, securedCookies} = loadBalancer;
	const given = [
		...(asked.securedCookies === undefined ? [] : [additional(SECURED_COOKIES, String(securedCookies))]),
		...(asked.desyncMode === undefined ? [] : [additional(DESYNC_MODE, desyncMode)]),
	];
	return {
		CrossZoneLoadBalancing: asked.crossZone === undefined ? undefined : groups.CrossZoneLoadBalancing,
		AccessLog: asked.accessLog === undefined ? undefined : groups.AccessLog,
		ConnectionDraining: asked.draining === undefined ? undefined : groups.ConnectionDraining,
		ConnectionSettings: asked.idleMs === undefined ? undefined : groups.ConnectionSettings,
		AdditionalAttributes: given.length === 0 ? undefined : members(given),
	};
}

function encodeGroups(loadBalancer: AccountLoadBalancer) {
	const {crossZone, accessLog, drainingMs, timeouts} = loadBalancer;
	const {enabled, bucket, prefix, intervalMinutes} = accessLog;
	return {
		CrossZoneLoadBalancing: {Enabled: crossZone},
		AccessLog: {
			Enabled: enabled,
			// A log that is off has no bucket, as in the OUTSCALE API.
			S3BucketName: enabled ? bucket : undefined,
			EmitInterval: intervalMinutes,
			S3BucketPrefix: enabled ? prefix : undefined,
		},
		ConnectionDraining: {
			Enabled: drainingMs !== undefined,
			Timeout: Math.ceil(drainingTimeMs(loadBalancer) / 1000),
		},
		ConnectionSettings: {IdleTimeout: Math.ceil(timeouts.idleMs / 1000)},
	};
}

function additional(Key: string, Value: string): XmlElements {
	return {Key, Value};
}
