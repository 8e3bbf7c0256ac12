import {quote} from '../base/quote.ts';
import {withLoadBalancer} from '../model/account.ts';
import type {AccountListener, AccountLoadBalancer, NamedPolicy} from '../model/account-load-balancer.ts';
import {isHttp} from '../model/listener.ts';
import {Refusal} from '../model/refusal.ts';
import {DEFAULT_STICKY_COOKIE, type StickinessPolicy, violationsOfPolicy} from '../model/stickiness-policy.ts';
import type {Operation} from './context.ts';
import {changeable, changing} from './validate.ts';

export interface CreatePolicy {
	readonly loadBalancer: string;
	readonly name: string;
	readonly kind: StickinessPolicy['kind'];
	readonly cookie: string | undefined;
	readonly seconds: number | undefined;
}

/** OUTSCALE API 1.40, CreateLoadBalancerPolicyRequest.PolicyName. */
const MAX_NAME_LENGTH = 32;

/** CreateLoadBalancerPolicy. To create is not to enable, so a load balancer without HTTP listeners may have one (recorded). */
export const createPolicy: Operation<CreatePolicy, AccountLoadBalancer> = input => (account, context) => {
	const {name} = input;
	if (!/^[A-Za-z0-9-]{1,32}$/.test(name)) {
		const message = `${quote(name)} is not a policy's name; allowed are 1 to ${MAX_NAME_LENGTH} of A-Z, a-z, 0-9 and "-"`;
		throw new Refusal('BAD_POLICY_NAME', message, name);
	}
	const policy: NamedPolicy = {name, stickiness: stickinessOf(input)};
	const before = changeable(account, input.loadBalancer, context);
	if (before.policies.some(other => other.name === name)) {
		throw new Refusal(
			'POLICY_NAME_TAKEN',
			`load balancer ${quote(before.name)} has a policy ${quote(name)} already`,
			name,
			before.name,
		);
	}
	const after = changing(before, {policies: [...before.policies, policy]}, context);
	return {account: withLoadBalancer(account, after), result: after};
};

/** DeleteLoadBalancerPolicy; refused while a listener has it enabled. */
export const deletePolicy: Operation<{readonly loadBalancer: string; readonly name: string}, AccountLoadBalancer> =
	({loadBalancer, name}) =>
	(account, context) => {
		const before = changeable(account, loadBalancer, context);
		policyNamed(before, name);
		const user = before.listeners.find(({policies}) => policies.includes(name));
		if (user !== undefined) {
			throw new Refusal(
				'POLICY_ENABLED',
				`policy ${quote(name)} is enabled on the listener of port ${user.port}`,
				name,
			);
		}
		const after = changing(before, {policies: before.policies.filter(policy => policy.name !== name)}, context);
		return {account: withLoadBalancer(account, after), result: after};
	};

/** Validates which policies a listener is to have: one, of an HTTP or HTTPS listener, or none. @throws Refusal */
export function validateEnabled(
	loadBalancer: AccountLoadBalancer,
	{protocol, port}: AccountListener,
	names: readonly string[],
): void {
	const kinds = [...new Set(names)].map(name => policyNamed(loadBalancer, name).stickiness.kind);
	if (kinds.length > 0 && !isHttp(protocol)) {
		const message = `the listener on port ${port} is ${protocol.toUpperCase()}; stickiness goes with HTTP and HTTPS only`;
		throw new Refusal('POLICY_NEEDS_HTTP', message, names[0]);
	}
	if (kinds.length < 2) return;
	const code = kinds.every(kind => kind === 'application')
		? 'SEVERAL_APPLICATION_POLICIES'
		: kinds.every(kind => kind === 'duration')
			? 'SEVERAL_DURATION_POLICIES'
			: 'SEVERAL_POLICIES';
	throw new Refusal(code, `a listener has one stickiness policy, and ${kinds.length} were given`);
}

function policyNamed({name, policies}: AccountLoadBalancer, wanted: string): NamedPolicy {
	const found = policies.find(policy => policy.name === wanted);
	if (found !== undefined) return found;
	throw new Refusal('NO_SUCH_POLICY', `load balancer ${quote(name)} has no policy ${quote(wanted)}`, wanted, name);
}

function stickinessOf({kind, cookie, seconds}: CreatePolicy): StickinessPolicy {
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
	const policy: StickinessPolicy =
		kind === 'application'
			? {kind, cookie: cookie ?? '', ownCookie: DEFAULT_STICKY_COOKIE}
			: {kind, cookie: DEFAULT_STICKY_COOKIE, seconds};
	const [violation] = violationsOfPolicy(policy);
	if (violation === undefined) return policy;
	throw new Refusal(kind === 'application' ? 'BAD_COOKIE_NAME' : 'BAD_COOKIE_PERIOD', violation.message, cookie);
}
