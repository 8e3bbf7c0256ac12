import type {Violation} from '../base/errors.ts';
import type {Protocol} from '../model/listener.ts';
import {
	DEFAULT_STICKY_COOKIE,
	type StickinessPolicy,
	violationsOfPolicy,
	violationsOfStickiness,
} from '../model/stickiness-policy.ts';
import {find, type Place} from './place.ts';
import type {Partly} from './read-shape.ts';
import type {StickinessSpec} from './spec-balancing.ts';

/**
 * Validates what keeps a client at one back-end.
 *
 * @param protocol the listener's; undefined when it could not be read, and is not to blame.
 */
export function describeStickiness(
	shape: Partly<StickinessSpec> | undefined,
	protocol: Protocol | undefined,
	place: Place,
): StickinessPolicy | undefined {
	if (shape === undefined || shape === false) return undefined;
	const policy = policyOf(shape);
	for (const {path, message, hint} of protocol === undefined
		? violationsOfPolicy(policy)
		: violationsOfStickiness([policy], protocol).map(withoutIndex)) {
		find(
			place,
			path.map(key => keyWritten(policy, key)),
			{message, hint},
		);
	}
	return policy;
}

function policyOf(shape: Exclude<Partly<StickinessSpec>, false>): StickinessPolicy {
	const own = shape.name ?? DEFAULT_STICKY_COOKIE;
	// A name of the wrong type has been told; its place is taken by one that breaks no rule.
	if ('cookie' in shape) return {kind: 'application', cookie: shape.cookie ?? `${own}-of-application`, ownCookie: own};
	return {kind: 'duration', cookie: own, seconds: shape.seconds};
}

function withoutIndex(violation: Violation): Violation {
	return {...violation, path: violation.path.slice(1)};
}

/** What the model calls the load balancer's own cookie is `name` in a description. */
function keyWritten({kind}: StickinessPolicy, key: string | number): string | number {
	return key === 'ownCookie' || (key === 'cookie' && kind === 'duration') ? 'name' : key;
}
