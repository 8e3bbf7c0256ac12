import type {AccountLoadBalancer} from '../../model/account-load-balancer.ts';
import {
	API_BOUNDS,
	AWS_BOUNDS,
	type Bounds,
	type HealthCheck,
	type HealthCheckTarget,
	readTarget,
} from '../../model/health-check.ts';
import {type Backends, deregisterBackends, registerBackends} from '../../operations/backends.ts';
import type {CloudStore} from '../../operations/context.ts';
import {type ConfigureHealthCheck, configureHealthCheck} from '../../operations/health-checks.ts';
import {mutation, ofLoadBalancer, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AwsActions} from './action.ts';
import {bounded} from './constraints.ts';
import {encodeHealthCheck, encodeInstances} from './encode.ts';
import {instanceStates} from './instance-health.ts';
import {activeNamed} from './load-balancer-actions.ts';
import type {Cloud} from './wire-errors.ts';
import {members, type XmlElements} from './xml.ts';

/** ELB 2012-06-01: the instances of load balancers, and their health. */
export function backendActions(cloud: Cloud): AwsActions {
	const readCheck = (fields: Fields): ConfigureHealthCheck => ({
		loadBalancer: fields.requiredText('LoadBalancerName'),
		healthCheck: fields.requiredObject('HealthCheck', check => readHealthCheck(check, cloud)),
		bounds: boundsOf(cloud),
	});
	const answerToCheck = ({healthCheck}: AccountLoadBalancer): XmlElements => ({
		HealthCheck: encodeHealthCheck(healthCheck),
	});
	return [
		['RegisterInstancesWithLoadBalancer', mutation(readBackends, registerBackends, ofLoadBalancer, answerToChange)],
		['DeregisterInstancesFromLoadBalancer', mutation(readBackends, deregisterBackends, ofLoadBalancer, answerToChange)],
		['DescribeInstanceHealth', query(readHealth, answerToHealth)],
		['ConfigureHealthCheck', mutation(readCheck, configureHealthCheck, ofLoadBalancer, answerToCheck)],
	];
}

function readBackends(fields: Fields): Backends {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		vmIds: fields.requiredObjects('Instances', readInstance),
		ips: [],
	};
}

function readInstance(fields: Fields): string {
	return fields.requiredText('InstanceId');
}

/** All that are registered from then on. */
function answerToChange({backends}: AccountLoadBalancer): XmlElements {
	return {Instances: encodeInstances(backends)};
}

interface HealthAsked {
	readonly name: string;
	readonly ids: readonly string[];
}

function readHealth(fields: Fields): HealthAsked {
	return {
		name: fields.requiredText('LoadBalancerName'),
		ids: fields.objects('Instances', readInstance) ?? [],
	};
}

function answerToHealth({name, ids}: HealthAsked, store: CloudStore): XmlElements {
	const states = instanceStates(activeNamed(name, store), ids.length === 0 ? undefined : ids, store);
	return {InstanceStates: members(states.map(state => ({...state})))};
}

function boundsOf(cloud: Cloud) {
	return cloud === 'aws' ? AWS_BOUNDS : API_BOUNDS;
}

/** Seconds end here. What LBU has no sentence of its own for is refused in the words of AWS. */
function readHealthCheck(fields: Fields, cloud: Cloud): HealthCheck {
	const {intervalMs, timeoutMs, threshold} = boundsOf(cloud);
	const read = (name: string, bounds: Bounds | undefined): number => {
		const value = fields.requiredInteger(name);
		if (bounds !== undefined && fields.has(name)) bounded(fields, name, value, bounds);
		return value;
	};
	const target = readHealthTarget(fields, fields.requiredText('Target'), cloud);
	const ofThreshold = cloud === 'aws' ? threshold : undefined;
	return {
		...target,
		intervalMs: read('Interval', inSeconds(intervalMs)) * 1000,
		timeoutMs: read('Timeout', inSeconds(timeoutMs)) * 1000,
		unhealthyThreshold: read('UnhealthyThreshold', ofThreshold),
		healthyThreshold: read('HealthyThreshold', ofThreshold),
	};
}

function inSeconds({min, max}: Bounds): Bounds {
	return {min: min / 1000, max: max / 1000};
}

/** LBU takes `HTTP:80` for `HTTP:80/`; AWS asks for the path. */
function readHealthTarget(fields: Fields, text: string, cloud: Cloud): HealthCheckTarget {
	const none: HealthCheckTarget = {protocol: 'tcp', port: 80, path: ''};
	if (text === '') return none;
	const read = readTarget(text);
	const lacksPath = cloud === 'aws' && /^https?:[^/]*$/i.test(text);
	if ('target' in read && !lacksPath) return read.target;
	const [violation] = 'violations' in read ? read.violations : [];
	fields.refuseWhole('BAD_CHECK_TARGET', () => whyNoTarget(text) ?? violation?.message ?? '', text);
	return none;
}

/** AWS's own sentences, as its clients' tests quote them; undefined where none is known. */
function whyNoTarget(text: string): string | undefined {
	if (!/^(?:HTTPS?|TCP|SSL):/i.test(text)) return 'HealthCheck Target must begin with one of HTTP, TCP, HTTPS, SSL';
	const [, protocol = ''] = /^(HTTPS?):(?!\d+\/)/i.exec(text) ?? [];
	if (protocol === '') return undefined;
	const upper = protocol.toUpperCase();
	return `HealthCheck ${upper} Target must specify a port followed by a path that begins with a slash. e.g. ${upper}:80/ping/this/path`;
}
