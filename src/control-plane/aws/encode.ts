import type {ServerCertificate} from '../../model/account.ts';
import {type AccountListener, type AccountLoadBalancer, subregionsOf} from '../../model/account-load-balancer.ts';
import {formatTarget, type HealthCheck} from '../../model/health-check.ts';
import type {CloudStore} from '../../operations/context.ts';
import type {Cloud} from './wire-errors.ts';
import {members, type Xml, type XmlElements} from './xml.ts';

/** What an answer is read from: one account for all of it. */
export interface AnswerSource extends Pick<CloudStore, 'account' | 'identifiers'> {
	readonly cloud: Cloud;
}

/** What the name of a certificate follows from. */
type NameSource = Pick<AnswerSource, 'identifiers' | 'cloud'>;

/** The zone of Route 53 in which AWS's names of Classic Load Balancers in us-east-1 lie. *Guess* for other regions. */
const HOSTED_ZONE = 'Z35SXDOTRQ7X7K';

/**
 * A load balancer, its elements in AWS's order. Lists are there when they are empty, scalars that have no value are not.
 *
 * @see botocore, service model elb/2012-06-01, LoadBalancerDescription; an answer of LBU recorded in 2018
 */
export function encodeLoadBalancer(loadBalancer: AccountLoadBalancer, source: AnswerSource): XmlElements {
	const {name, dnsName, scheme, placement, backends, creation, listeners} = loadBalancer;
	const inNet = placement.kind === 'net' ? placement : undefined;
	const isAws = source.cloud === 'aws';
	return {
		LoadBalancerName: name,
		DNSName: dnsName,
		CanonicalHostedZoneName: isAws ? dnsName : undefined,
		CanonicalHostedZoneNameID: isAws ? HOSTED_ZONE : undefined,
		ListenerDescriptions: members(listeners.map(listener => encodeListener(listener, loadBalancer, source))),
		Policies: encodePolicies(loadBalancer),
		BackendServerDescriptions: members(
			[...loadBalancer.backendPolicies]
				.toSorted(([one], [other]) => one - other)
				.map(([InstancePort, names]) => ({InstancePort, PolicyNames: members(names)})),
		),
		AvailabilityZones: members(subregionsOf(placement)),
		Subnets: members(inNet?.subnets.map(({id}) => id) ?? []),
		VPCId: inNet?.netId,
		// Addresses, which the OUTSCALE API registers, have no place in this one.
		Instances: encodeInstances(backends),
		HealthCheck: encodeHealthCheck(loadBalancer.healthCheck),
		SourceSecurityGroup: encodeSource(loadBalancer, source),
		SecurityGroups: members(placement.securityGroups),
		CreatedTime: new Date(creation.wallMs).toISOString(),
		Scheme: scheme,
	};
}

/** A server certificate, its elements in AWS's order. @see botocore, service model iam/2010-05-08, ServerCertificateMetadata */
export function encodeCertificate(certificate: ServerCertificate, source: NameSource): XmlElements {
	const {name, path, facts, uploadedMs} = certificate;
	return {
		Path: path,
		ServerCertificateName: name,
		ServerCertificateId: source.identifiers.iamCertificateId(certificate),
		Arn: certificateName(certificate, source),
		UploadDate: new Date(uploadedMs).toISOString(),
		Expiration: facts.notAfter.toISOString(),
	};
}

/** As this cloud names it. Each takes the other's form as well. */
function certificateName(certificate: ServerCertificate, {identifiers, cloud}: NameSource): string {
	return cloud === 'aws' ? identifiers.certificateArn(certificate) : identifiers.certificateOrn(certificate);
}

/** The VMs that are registered, in their order. */
export function encodeInstances(backends: AccountLoadBalancer['backends']): Xml {
	return members(backends.flatMap(backend => (backend.kind === 'vm' ? [{InstanceId: backend.id}] : [])));
}

/** Whole seconds: a check of the library may be faster than the API can say. */
export function encodeHealthCheck(check: HealthCheck): XmlElements {
	return {
		Target: formatTarget(check),
		Interval: Math.ceil(check.intervalMs / 1000),
		Timeout: Math.ceil(check.timeoutMs / 1000),
		UnhealthyThreshold: check.unhealthyThreshold,
		HealthyThreshold: check.healthyThreshold,
	};
}

/**
 * LBU shows the policies of the back-end port at the listener as well, AWS does not.
 *
 * @see docs/decisions/0008-policies-of-back-end-ports-at-the-listener.md
 */
function encodeListener(
	listener: AccountListener,
	{backendPolicies}: AccountLoadBalancer,
	source: AnswerSource,
): XmlElements {
	const {protocol, port, backendProtocol, backendPort, certificateId = '', policies} = listener;
	const certificate = source.account.certificates.get(certificateId);
	return {
		Listener: {
			Protocol: protocol.toUpperCase(),
			LoadBalancerPort: port,
			InstanceProtocol: backendProtocol.toUpperCase(),
			InstancePort: backendPort,
			SSLCertificateId: certificate && certificateName(certificate, source),
		},
		PolicyNames: members([...policies, ...(source.cloud === 'aws' ? [] : (backendPolicies.get(backendPort) ?? []))]),
	};
}

function encodePolicies({policies}: AccountLoadBalancer): XmlElements {
	const sticky = policies.filter(policy => policy.kind === 'stickiness');
	return {
		AppCookieStickinessPolicies: members(
			sticky.flatMap(({name, stickiness}) =>
				stickiness.kind === 'application' ? [{PolicyName: name, CookieName: stickiness.cookie}] : [],
			),
		),
		LBCookieStickinessPolicies: members(
			sticky.flatMap(({name, stickiness}) =>
				stickiness.kind === 'duration' ? [{PolicyName: name, CookieExpirationPeriod: stickiness.seconds}] : [],
			),
		),
		OtherPolicies: members(policies.flatMap(({name, kind}) => (kind === 'stickiness' ? [] : [name]))),
	};
}

/** The cloud's own where there are no security groups; else the account, and the first of them (observed on LBU). */
function encodeSource({placement}: AccountLoadBalancer, {account, identifiers, cloud}: AnswerSource): XmlElements {
	const [first] = placement.securityGroups;
	if (first === undefined) {
		return cloud === 'aws'
			? {OwnerAlias: 'amazon-elb', GroupName: 'amazon-elb-sg'}
			: {OwnerAlias: 'outscale-elb', GroupName: 'outscale-elb-sg'};
	}
	const known = account.inventory.securityGroups.find(({id}) => id === first);
	return {OwnerAlias: identifiers.accountId, GroupName: known?.name ?? first};
}
