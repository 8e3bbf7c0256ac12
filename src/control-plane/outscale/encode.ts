import type {ServerCertificate} from '../../model/account.ts';
import {
	type AccountListener,
	type AccountLoadBalancer,
	type ListedRule,
	subregionsOf,
} from '../../model/account-load-balancer.ts';
import type {HealthCheck} from '../../model/health-check.ts';
import type {LifeState} from '../../model/life.ts';
import {stickinessOn} from '../../model/policy.ts';
import type {BackendHealth, CloudStore} from '../../operations/context.ts';
import type {Action} from '../action.ts';

/** What JSON can say; keys that are undefined are left out. */
export type Json = string | number | boolean | null | readonly Json[] | {readonly [key: string]: Json | undefined};

/** What an answer holds beside its `ResponseContext`. */
export type AnswerFields = Readonly<Record<string, Json | undefined>>;

export type OutscaleAction = Action<AnswerFields>;

/** What an answer is read from. One account for all of it: an store looks at everything that runs for each. */
export type AnswerSource = Pick<CloudStore, 'account' | 'identifiers'>;

/** Compact, keys in alphabetical order, nothing that is undefined: as the real service writes (recorded in 2026). */
export function writeJson(value: Json): string {
	return JSON.stringify(sorted(value));
}

/**
 * A load balancer.
 *
 * @param shown its state, and whether it is the answer to its creation, which has no private address yet (recorded).
 * @see OUTSCALE API 1.41, LoadBalancer
 */
export function encodeLoadBalancer(
	loadBalancer: AccountLoadBalancer,
	shown: {readonly state: LifeState; readonly isNew: boolean},
	source: AnswerSource,
): Json {
	const {name, dnsName, scheme, placement, backends, publicIp, securedCookies, tags} = loadBalancer;
	const inNet = placement.kind === 'net' ? placement : undefined;
	return {
		AccessLog: encodeAccessLog(loadBalancer),
		...encodePolicies(loadBalancer),
		BackendIps: backends.flatMap(backend => (backend.kind === 'address' ? [backend.ip] : [])),
		BackendVmIds: backends.flatMap(backend => (backend.kind === 'vm' ? [backend.id] : [])),
		DnsName: dnsName,
		HealthCheck: encodeHealthCheck(loadBalancer.healthCheck),
		Listeners: loadBalancer.listeners
			.toSorted((one, other) => one.port - other.port)
			.map(listener => encodeListener(listener, loadBalancer, source)),
		LoadBalancerName: name,
		LoadBalancerType: scheme,
		NetId: inNet?.netId,
		PrivateIp: shown.isNew ? undefined : inNet?.privateIp,
		PublicIp: publicIp?.address,
		SecuredCookies: securedCookies,
		SecurityGroups: inNet?.securityGroups,
		SourceSecurityGroup: encodeSource(loadBalancer, source),
		State: shown.state,
		Subnets: inNet === undefined ? [] : inNet.subnets.map(({id}) => id),
		SubregionNames: subregionsOf(placement),
		Tags: [...tags].map(([Key, Value = '']) => ({Key, Value})),
	};
}

/** OUTSCALE API 1.40, ListenerRule; a pattern that is not there has no key. */
export function encodeRule(
	{id, name, priority, host, path, vmIds, loadBalancer, listener}: ListedRule,
	{account}: AnswerSource,
): Json {
	return {
		Action: 'forward',
		HostNamePattern: host,
		ListenerId: account.loadBalancers.get(loadBalancer)?.listeners.find(({port}) => port === listener)?.id,
		ListenerRuleId: id,
		ListenerRuleName: name,
		PathPattern: path,
		Priority: priority,
		VmIds: vmIds,
	};
}

/** OUTSCALE API 1.40, ServerCertificate: nothing of its texts ever comes back. */
export function encodeCertificate(certificate: ServerCertificate, {identifiers}: AnswerSource): Json {
	const {id, name, path, facts, uploadedMs} = certificate;
	return {
		ExpirationDate: encodeDate(facts.notAfter.getTime()),
		Id: id,
		Name: name,
		Orn: identifiers.certificateOrn(certificate),
		Path: path,
		UploadDate: encodeDate(uploadedMs),
	};
}

/** UP and DOWN as in OUTSCALE's recorded answers; its schema has other words. UNKNOWN: nothing has been said of it yet. */
export function encodeHealth(vmId: string, health: BackendHealth | undefined): Json {
	if (health === undefined) return {State: 'UNKNOWN', VmId: vmId};
	if (health.state === 'InService') return {State: 'UP', VmId: vmId};
	return {
		Description: health.reason.description,
		State: 'DOWN',
		StateReason: health.reason.code,
		VmId: vmId,
	};
}

function encodeListener(listener: AccountListener, loadBalancer: AccountLoadBalancer, source: AnswerSource): Json {
	const {protocol, port, backendProtocol, backendPort, certificateId} = listener;
	const sticky = stickinessOn(listener, loadBalancer);
	const certificate = certificateId === undefined ? undefined : source.account.certificates.get(certificateId);
	return {
		BackendPort: backendPort,
		BackendProtocol: backendProtocol.toUpperCase(),
		LoadBalancerPort: port,
		LoadBalancerProtocol: protocol.toUpperCase(),
		// This API has no policies of other kinds.
		PolicyNames: sticky && [sticky.name],
		ServerCertificateId: certificate && source.identifiers.certificateOrn(certificate),
	};
}

/** Whole seconds: a check of the library may be faster than the API can say. */
function encodeHealthCheck({protocol, port, path, intervalMs, timeoutMs, ...thresholds}: HealthCheck): Json {
	return {
		CheckInterval: Math.ceil(intervalMs / 1000),
		HealthyThreshold: thresholds.healthyThreshold,
		Path: path === '' ? undefined : path,
		Port: port,
		Protocol: protocol.toUpperCase(),
		Timeout: Math.ceil(timeoutMs / 1000),
		UnhealthyThreshold: thresholds.unhealthyThreshold,
	};
}

/** The interval is always there, because Terraform's provider relies on it; a log that is off has no bucket. */
function encodeAccessLog({accessLog: {enabled, bucket, prefix, intervalMinutes}}: AccountLoadBalancer): Json {
	return {
		IsEnabled: enabled,
		OsuBucketName: enabled ? bucket : undefined,
		OsuBucketPrefix: enabled ? prefix : undefined,
		PublicationInterval: intervalMinutes,
	};
}

/** A duration that was not given reads back as 1, which is the browser's session (recorded). */
function encodePolicies({policies}: AccountLoadBalancer): Readonly<Record<string, Json>> {
	const sticky = policies.filter(policy => policy.kind === 'stickiness');
	return {
		ApplicationStickyCookiePolicies: sticky.flatMap(({name, stickiness}) =>
			stickiness.kind === 'application' ? [{CookieName: stickiness.cookie, PolicyName: name}] : [],
		),
		LoadBalancerStickyCookiePolicies: sticky.flatMap(({name, stickiness}) =>
			stickiness.kind === 'duration' ? [{CookieExpirationPeriod: stickiness.seconds ?? 1, PolicyName: name}] : [],
		),
	};
}

/** In the public Cloud OUTSCALE's own; in a Net the first security group (recorded). */
function encodeSource({placement}: AccountLoadBalancer, {account, identifiers}: AnswerSource): Json {
	if (placement.kind === 'public')
		return {SecurityGroupAccountId: 'outscale-elb', SecurityGroupName: 'outscale-elb-sg'};
	const [first = ''] = placement.securityGroups;
	const known = account.inventory.securityGroups.find(({id}) => id === first);
	return {SecurityGroupAccountId: identifiers.accountId, SecurityGroupName: known?.name ?? first};
}

/** ISO 8601 in UTC, whole seconds. */
function encodeDate(ms: number): string {
	return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function sorted(value: Json): Json {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).flatMap(([key, each]): [string, Json][] =>
		each === undefined ? [] : [[key, sorted(each)]],
	);
	return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
