import {quote} from '../../base/quote.ts';
import {alternatives} from '../../base/suggest.ts';
import {withoutEffect} from '../../codec/negotiation.ts';
import type {NamedPolicy} from '../../model/policy.ts';
import {POLICY_TYPES, type PolicyTypeName} from '../../model/policy-types.ts';
import {Refusal} from '../../model/refusal.ts';
import {SECURITY_POLICIES} from '../../model/security-policies.ts';
import type {CloudStore} from '../../operations/context.ts';
import {type SetListenerPolicies, setBackendPolicies, setListenerPolicies} from '../../operations/enabled-policies.ts';
import {
	type CreatePolicyOfType,
	type CreateStickiness,
	createPolicy,
	createStickiness,
	deletePolicy,
	policyNamed,
} from '../../operations/policies.ts';
import type {PolicyAttribute} from '../../operations/policy-attributes.ts';
import {mutation, ofLoadBalancer, query} from '../action.ts';
import type {Fields} from '../fields.ts';
import type {AwsActions} from './action.ts';
import {encodePolicy, encodePolicyType, samplePolicies} from './encode-policies.ts';
import {activeNamed} from './load-balancer-actions.ts';
import type {Cloud} from './wire-errors.ts';
import {members, type XmlElements} from './xml.ts';

/** *Guess*: AWS states no bound, and its clients make names of more than 32 characters. */
const MAX_NAME_LENGTH = 255;

/** Its keys are those of its type. */
const ALL_TYPES = Object.keys(POLICY_TYPES) as readonly PolicyTypeName[];

/** What LBU has (observed: its own sentence names no other). */
export const LBU_TYPES: readonly PolicyTypeName[] = ['ProxyProtocolPolicyType'];

/**
 * ELB 2012-06-01: policies of load balancers.
 *
 * @param types those that can be created by the name of their type.
 */
export function policyActions(cloud: Cloud, types: readonly PolicyTypeName[] = ALL_TYPES): AwsActions {
	const readOfType = (fields: Fields): CreatePolicyOfType => ({
		...readName(fields),
		repetition: 'refused',
		type: fields.requiredText('PolicyTypeName'),
		types,
		attributes: readAttributes(fields),
		proxyProtocol: cloud === 'aws' ? 'required' : 'optional',
	});
	const readDeletion = (fields: Fields) => ({
		loadBalancer: fields.requiredText('LoadBalancerName'),
		name: fields.requiredText('PolicyName'),
		unknown: cloud === 'aws' ? ('ignored' as const) : ('refused' as const),
	});
	const readOfBackend = (fields: Fields) => ({
		loadBalancer: fields.requiredText('LoadBalancerName'),
		backendPort: fields.requiredInteger('InstancePort'),
		// Observed: LBU takes a call without.
		names: cloud === 'aws' ? readWholeSet(fields) : (fields.texts('PolicyNames') ?? []),
	});
	return [
		[
			'CreateAppCookieStickinessPolicy',
			mutation(fields => readApplication(fields, cloud), createStickiness, ofLoadBalancer),
		],
		[
			'CreateLBCookieStickinessPolicy',
			mutation(fields => readDuration(fields, cloud), createStickiness, ofLoadBalancer),
		],
		['CreateLoadBalancerPolicy', mutation(readOfType, createPolicy, ofLoadBalancer)],
		['DeleteLoadBalancerPolicy', mutation(readDeletion, deletePolicy, ofLoadBalancer)],
		['SetLoadBalancerPoliciesOfListener', mutation(readOfListener, setListenerPolicies, ofLoadBalancer)],
		['SetLoadBalancerPoliciesForBackendServer', mutation(readOfBackend, setBackendPolicies, ofLoadBalancer)],
		['DescribeLoadBalancerPolicies', query(readWanted, describePolicies)],
		['DescribeLoadBalancerPolicyTypes', query(fields => fields.texts('PolicyTypeNames') ?? [], describeTypes)],
	];
}

function readName(fields: Fields) {
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		name: fields.requiredText('PolicyName'),
		maxNameLength: MAX_NAME_LENGTH,
	};
}

function readApplication(fields: Fields, cloud: Cloud): CreateStickiness {
	return {
		...readName(fields),
		repetition: cloud === 'aws' ? 'refused' : 'accepted',
		kind: 'application',
		cookie: fields.requiredText('CookieName'),
		seconds: undefined,
	};
}

function readDuration(fields: Fields, cloud: Cloud): CreateStickiness {
	const seconds = fields.text('CookieExpirationPeriod') === '' ? undefined : fields.integer('CookieExpirationPeriod');
	return {
		...readName(fields),
		repetition: cloud === 'aws' ? 'refused' : 'accepted',
		kind: 'duration',
		cookie: undefined,
		// Both stand for the browser's session.
		seconds: seconds === 0 ? undefined : seconds,
	};
}

function readAttributes(fields: Fields): PolicyAttribute[] {
	return fields.objects('PolicyAttributes', readAttribute) ?? [];
}

function readAttribute(fields: Fields): PolicyAttribute {
	const name = fields.requiredText('AttributeName');
	const value = fields.text('AttributeValue') ?? '';
	const predefined = SECURITY_POLICIES.get(value);
	if (name === 'Reference-Security-Policy' && predefined !== undefined) {
		tellWithoutEffect(fields, 'AttributeValue', value, predefined);
	} else if (value.toLowerCase() === 'true') {
		const protocols = name.startsWith('Protocol-') ? [name.slice('Protocol-'.length)] : [];
		const ciphers = /^(?:Protocol-|Server-|ProxyProtocol$)/.test(name) ? [] : [name];
		tellWithoutEffect(fields, 'AttributeName', '', {protocols, ciphers});
	}
	return {name, value};
}

function readOfListener(fields: Fields): SetListenerPolicies {
	const names = readWholeSet(fields);
	for (const name of names) {
		const predefined = SECURITY_POLICIES.get(name);
		if (predefined !== undefined) tellWithoutEffect(fields, 'PolicyNames', name, predefined);
	}
	return {
		loadBalancer: fields.requiredText('LoadBalancerName'),
		port: fields.requiredInteger('LoadBalancerPort'),
		names,
	};
}

/** A list that must be there, and may be empty: `PolicyNames=` clears the set. */
function readWholeSet(fields: Fields): readonly string[] {
	if (!fields.has('PolicyNames')) {
		const message = () => 'the parameter PolicyNames is required; an empty one clears the set';
		fields.refuseWhole('MISSING_PARAMETER', message, 'PolicyNames');
	}
	return fields.texts('PolicyNames') ?? [];
}

/** Tells what OpenSSL here lacks: it is kept and shown, and nobody can negotiate it. */
function tellWithoutEffect(
	fields: Fields,
	name: string,
	policy: string,
	offered: {readonly protocols: readonly string[]; readonly ciphers: readonly string[]},
): void {
	const {protocols, ciphers} = withoutEffect({...offered, serverOrder: true});
	const of = policy === '' ? '' : ` of ${policy}`;
	for (const each of [...protocols, ...ciphers]) fields.partWithoutEffect(name, `${each}${of}`);
}

interface Wanted {
	readonly loadBalancer: string | undefined;
	readonly names: readonly string[];
}

function readWanted(fields: Fields): Wanted {
	return {
		loadBalancer: fields.filledText('LoadBalancerName'),
		names: fields.texts('PolicyNames') ?? [],
	};
}

function describePolicies({loadBalancer, names}: Wanted, store: CloudStore): XmlElements {
	const source: {readonly name: string; readonly policies: readonly NamedPolicy[]} =
		loadBalancer === undefined ? {name: '', policies: samplePolicies()} : activeNamed(loadBalancer, store);
	const found = names.length === 0 ? source.policies : names.map(name => policyNamed(source, name));
	return {PolicyDescriptions: members(found.map(encodePolicy))};
}

function describeTypes(names: readonly string[]): XmlElements {
	const found = names.map(name => {
		const type = ALL_TYPES.find(known => known === name);
		if (type !== undefined) return type;
		const message = `${quote(name)} is not a type of policies; allowed are ${alternatives(ALL_TYPES)}`;
		throw new Refusal('BAD_POLICY_KIND', message, name);
	});
	return {PolicyTypeDescriptions: members((names.length === 0 ? ALL_TYPES : found).map(encodePolicyType))};
}
