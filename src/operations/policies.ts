import {isDeepStrictEqual} from 'node:util';
import {quote} from '../base/quote.ts';
import {type Account, withLoadBalancer} from '../model/account.ts';
import type {AccountLoadBalancer} from '../model/account-load-balancer.ts';
import type {NamedPolicy} from '../model/policy.ts';
import {Refusal} from '../model/refusal.ts';
import {SECURITY_POLICIES} from '../model/security-policies.ts';
import {DEFAULT_STICKY_COOKIE, type StickinessPolicy} from '../model/stickiness-policy.ts';
import type {Changed, Context, Operation} from './context.ts';
import {type PolicyOfType, policyOfType, validatedStickiness} from './policy-attributes.ts';
import {changeable, changing} from './validate.ts';

/** What becomes of a policy that says the same as the one that has its name already. */
type Repetition = 'refused' | 'accepted';

interface NewPolicy {
	readonly loadBalancer: string;
	readonly name: string;
	/** The longest name that is taken. */
	readonly maxNameLength: number;
	readonly repetition: Repetition;
}

export interface CreateStickiness extends NewPolicy {
	readonly kind: StickinessPolicy['kind'];
	readonly cookie: string | undefined;
	readonly seconds: number | undefined;
}

/** To create is not to enable, so a load balancer without HTTP listeners may have a stickiness policy (recorded). */
export const createStickiness: Operation<CreateStickiness, AccountLoadBalancer> = input => (account, context) => {
	validateName(input);
	const stickiness = stickinessOf(input);
	return withPolicy(input, {name: input.name, kind: 'stickiness', stickiness}, account, context);
};

export interface CreatePolicyOfType extends NewPolicy, PolicyOfType {}

/** CreateLoadBalancerPolicy of the ELB API: a policy of any kind, from the name of its type and its attributes. */
export const createPolicy: Operation<CreatePolicyOfType, AccountLoadBalancer> = input => (account, context) => {
	validateName(input);
	const before = changeable(account, input.loadBalancer, context);
	return withPolicy(input, policyOfType(input, before), account, context);
};

export interface DeletePolicy {
	readonly loadBalancer: string;
	readonly name: string;
	/** What becomes of a name that no policy has. */
	readonly unknown: 'refused' | 'ignored';
}

/** DeleteLoadBalancerPolicy; refused while a listener, a back-end port or another policy uses it. */
export const deletePolicy: Operation<DeletePolicy, AccountLoadBalancer> =
	({loadBalancer, name, unknown}) =>
	(account, context) => {
		const before = changeable(account, loadBalancer, context);
		if (unknown === 'ignored' && !before.policies.some(policy => policy.name === name)) {
			return {account, result: before};
		}
		policyNamed(before, name);
		const user = userOf(before, name);
		if (user !== undefined) {
			throw new Refusal('POLICY_ENABLED', `policy ${quote(name)} is enabled on ${user}`, name, before.name);
		}
		const after = changing(before, {policies: before.policies.filter(policy => policy.name !== name)}, context);
		return {account: withLoadBalancer(account, after), result: after};
	};

/** The policy of that name. @throws Refusal `NO_SUCH_POLICY` */
export function policyNamed(
	{name, policies}: Pick<AccountLoadBalancer, 'name' | 'policies'>,
	wanted: string,
): NamedPolicy {
	const found = policies.find(policy => policy.name === wanted);
	if (found !== undefined) return found;
	throw new Refusal('NO_SUCH_POLICY', `load balancer ${quote(name)} has no policy ${quote(wanted)}`, wanted, name);
}

function userOf({listeners, policies, backendPolicies}: AccountLoadBalancer, name: string): string | undefined {
	const listener = listeners.find(each => each.policies.includes(name));
	if (listener !== undefined) return `the listener of port ${listener.port}`;
	const port = [...backendPolicies].find(([, names]) => names.includes(name))?.[0];
	if (port !== undefined) return `the back-end port ${port}`;
	const other = policies.find(policy => policy.kind === 'backend-authentication' && policy.publicKeys.includes(name));
	return other && `the policy ${quote(other.name)}`;
}

function validateName({name, maxNameLength}: NewPolicy): void {
	if (/^[A-Za-z0-9-]+$/.test(name) && name.length <= maxNameLength) return;
	const message = `${quote(name)} is not a policy's name; allowed are 1 to ${maxNameLength} of A-Z, a-z, 0-9 and "-"`;
	throw new Refusal('BAD_POLICY_NAME', message, name);
}

function withPolicy(
	{loadBalancer, name, repetition}: NewPolicy,
	policy: NamedPolicy,
	account: Account,
	context: Context,
): Changed<AccountLoadBalancer> {
	const before = changeable(account, loadBalancer, context);
	const same = before.policies.find(other => other.name === name);
	if (same !== undefined && repetition === 'accepted' && isDeepStrictEqual(same, policy)) {
		return {account, result: before};
	}
	if (same !== undefined || SECURITY_POLICIES.has(name)) {
		const owner = same === undefined ? 'AWS' : `load balancer ${quote(before.name)}`;
		throw new Refusal('POLICY_NAME_TAKEN', `${owner} has a policy ${quote(name)} already`, name, before.name);
	}
	const after = changing(before, {policies: [...before.policies, policy]}, context);
	return {account: withLoadBalancer(account, after), result: after};
}

function stickinessOf({kind, cookie, seconds}: CreateStickiness): StickinessPolicy {
	if (kind === 'application' && (cookie === undefined || cookie === '')) {
		throw new Refusal(
			'ILLEGAL_COMBINATION',
			'a policy that follows an application cookie needs the name of that cookie',
		);
	}
	if (kind === 'duration' && cookie !== undefined) {
		throw new Refusal('ILLEGAL_COMBINATION', "a policy of the load balancer's own cookie takes no cookie name");
	}
	if (kind === 'application' && seconds !== undefined) {
		throw new Refusal('ILLEGAL_COMBINATION', 'a policy that follows an application cookie takes no expiration period');
	}
	return validatedStickiness(
		kind === 'application'
			? {kind, cookie: cookie ?? '', ownCookie: DEFAULT_STICKY_COOKIE}
			: {kind, cookie: DEFAULT_STICKY_COOKIE, seconds},
	);
}
