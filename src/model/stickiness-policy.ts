import type {Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {isHttp, type Protocol} from './listener.ts';

/** AWS Classic ELB guide, sticky sessions. OUTSCALE does not publish the name of its own: *guess*. */
export const DEFAULT_STICKY_COOKIE = 'AWSELB';

/** The load balancer's own cookie binds a client to a back-end for a fixed time (`load_balancer` in OUTSCALE's API). */
export interface DurationPolicy {
	readonly kind: 'duration';
	/** Name of the load balancer's own cookie. */
	readonly cookie: string;
	/**
	 * Lifetime in seconds, as the API has it; 1 and undefined stand for the browser's session.
	 *
	 * @see OUTSCALE API 1.40, LoadBalancerStickyCookiePolicy.CookieExpirationPeriod
	 */
	readonly seconds: number | undefined;
}

/** The load balancer's own cookie goes with a cookie of the application, and ends with it (`app` in OUTSCALE's API). */
export interface ApplicationPolicy {
	readonly kind: 'application';
	/** Name of the application's cookie (OUTSCALE API 1.40, ApplicationStickyCookiePolicy.CookieName). */
	readonly cookie: string;
	/** Name of the load balancer's own cookie. */
	readonly ownCookie: string;
}

export type StickinessPolicy = DurationPolicy | ApplicationPolicy;

/** 1 to 255 characters: OUTSCALE API 1.40, ApplicationStickyCookiePolicy.CookieName. */
const MAX_COOKIE_NAME_LENGTH = 255;
/** *Guess*: OUTSCALE names no bound of CookieExpirationPeriod, an integer. */
export const MAX_SECONDS = 2_147_483_647;

/** `token`, RFC 6265 section 4.1.1 and RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The name of the load balancer's own cookie. */
export function ownCookieOf(policy: StickinessPolicy): string {
	return policy.kind === 'duration' ? policy.cookie : policy.ownCookie;
}

/** The lifetime of a duration cookie in seconds; undefined is the browser's session. */
export function lifetimeOf({seconds}: DurationPolicy): number | undefined {
	return seconds === 1 ? undefined : seconds;
}

/**
 * Every rule that the stickiness of one listener breaks; paths start at the index of the policy, and are empty where
 * all of them are meant.
 *
 * @see OUTSCALE errors 9034 to 9036 (one policy per listener) and 9056 (HTTP and HTTPS only)
 */
export function violationsOfStickiness(policies: readonly StickinessPolicy[], protocol: Protocol): Violation[] {
	const violations: Violation[] = [];
	if (policies.length > 0 && !isHttp(protocol)) {
		violations.push({
			path: [],
			message: `stickiness goes with http and https only, not with ${protocol}`,
			hint: 'cookies are read where requests are, and connections of tcp and ssl are passed on as they are',
		});
	}
	if (policies.length > 1) {
		violations.push({
			path: [],
			message: `a listener has one stickiness policy, and this one has ${policies.length}`,
		});
	}
	for (const [index, policy] of policies.entries()) {
		violations.push(...violationsOfPolicy(policy).map(each => ({...each, path: [index, ...each.path]})));
	}
	return violations;
}

/** Every rule that one policy breaks, whatever it is used on. */
export function violationsOfPolicy(policy: StickinessPolicy): Violation[] {
	const violations = violationsOfCookieName(policy.cookie, 'cookie');
	if (policy.kind === 'application') {
		violations.push(...violationsOfCookieName(policy.ownCookie, 'ownCookie'));
		if (policy.cookie === policy.ownCookie) {
			violations.push({
				path: ['cookie'],
				message: `${quote(policy.cookie)} is the load balancer's own cookie, not the application's`,
				hint: 'give the name of the cookie that the application sets',
			});
		}
		return violations;
	}
	const {seconds} = policy;
	if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_SECONDS)) {
		violations.push({
			path: ['seconds'],
			message: `${seconds} is not a lifetime; allowed are whole seconds from 1 to ${MAX_SECONDS}`,
			hint: "leave it away, or write 1, for the browser's session",
		});
	}
	return violations;
}

function violationsOfCookieName(name: string, key: string): Violation[] {
	if (name.length > MAX_COOKIE_NAME_LENGTH) {
		return [
			{
				path: [key],
				message: `a cookie's name has 1 to ${MAX_COOKIE_NAME_LENGTH} characters, and this one has ${name.length}`,
			},
		];
	}
	if (TOKEN.test(name)) return [];
	return [
		{
			path: [key],
			message: `${quote(name)} is not a cookie's name; allowed are letters, digits and ! # $ % & ' * + - . ^ _ \` | ~`,
		},
	];
}
