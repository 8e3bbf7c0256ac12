import {type ApplicationPolicy, lifetimeOf, ownCookieOf, type StickinessPolicy} from './stickiness-policy.ts';

/** What stickiness needs to know of a back-end. */
export interface StickyTarget {
	/**
	 * {@link BINDING_ID_LENGTH} upper-case hexadecimal digits that stand for this back-end in cookies. It says nothing of
	 * the back-end's address and cannot be guessed, differs between load balancers and back-end ports, and is the same
	 * after a restart when it is derived from a seed.
	 */
	readonly bindingId: string;
	readonly inService: boolean;
}

/** 59 bytes: with the times behind it, a value is as long as most of Classic ELB's (138 digits in recorded answers). */
export const BINDING_ID_LENGTH = 118;
const ISSUED_LENGTH = 12;
const LIFETIME_LENGTH = 8;

const VALUE = /^[0-9A-F]{138}$/;
/** What {@link LIFETIME_LENGTH} digits hold, in seconds: 136 years. */
const MAX_LIFETIME = 0xffff_ffff;

/** What a request's cookies say of the session it belongs to. */
export interface Session<T> {
	/** The back-end in service that the request goes to; undefined = balance it. */
	readonly backend: T | undefined;
	/**
	 * When the binding ends, in milliseconds since 1970-01-01 UTC, Infinity for a browser's session; undefined when the
	 * request was not bound. Given also where the bound back-end is gone or out of service.
	 */
	readonly endsMs: number | undefined;
	/** The back-end that the cookie names, in service or not; undefined when it names none that is registered. */
	readonly bound: T | undefined;
	/** Whether a binding came that had ended, and none that holds. */
	readonly expired: boolean;
}

/** A request that no cookie binds. */
export const UNBOUND: Session<never> = {
	backend: undefined,
	endsMs: undefined,
	bound: undefined,
	expired: false,
};

/** A request whose binding has ended. */
const EXPIRED: Session<never> = {...UNBOUND, expired: true};

/**
 * Reads the session out of a request's cookies.
 *
 * A binding is not honoured after its end, which its value carries. Classic ELB leaves that to the client, which drops
 * the cookie; here time can be moved by hand, and the client's clock does not move with it. Whoever changes the times
 * in a value stays with the back-end that was given to it, as it could with Classic ELB; no other can be reached so.
 *
 * Of several values the one issued last counts: a client keeps one for each path, and sends those of longer paths first.
 *
 * @param cookies the request's values of the load balancer's own cookie, and of the application's.
 * @param targets the listener's back-ends by `bindingId`.
 * @param nowMs since 1970-01-01 UTC, on the clock that issued the values.
 */
export function sessionOf<T extends StickyTarget>(
	policy: StickinessPolicy,
	cookies: {readonly own: readonly string[]; readonly application: readonly string[]},
	targets: ReadonlyMap<string, T>,
	nowMs: number,
): Session<T> {
	// OUTSCALE API 1.40, CreateLoadBalancerPolicy: the session ends when the application's cookie goes away.
	if (policy.kind === 'application' && cookies.application.length === 0) return UNBOUND;
	let bound: Binding | undefined;
	let target: T | undefined;
	let expired = false;
	for (const value of cookies.own) {
		const binding = readBinding(value);
		if (binding === undefined) continue;
		if (binding.endsMs <= nowMs) {
			expired = true;
			continue;
		}
		const known = targets.get(binding.id);
		if (bound !== undefined && !isBetter(known, binding, target, bound)) continue;
		bound = binding;
		target = known;
	}
	if (bound === undefined) return expired ? EXPIRED : UNBOUND;
	const backend = target?.inService === true ? target : undefined;
	return {backend, endsMs: bound.endsMs, bound: target, expired: false};
}

/** One that names a back-end goes before one that names none, which may be another listener's. */
function isBetter(known: unknown, binding: Binding, target: unknown, bound: Binding): boolean {
	if ((known === undefined) !== (target === undefined)) return known !== undefined;
	return binding.issuedMs > bound.issuedMs;
}

/** What the load balancer needs to know of a Set-Cookie in a back-end's answer. */
export interface AnswerCookie {
	readonly name: string;
	/** The text after the value, from its semicolon on. */
	readonly attributes: string;
	readonly maxAgeMs: number | undefined;
	readonly expiresMs: number | undefined;
}

/** The load balancer's own cookie, to be set with an answer. */
export interface OwnCookie {
	readonly name: string;
	readonly value: string;
	/** undefined is the browser's session. */
	readonly maxAgeSeconds: number | undefined;
	/** The application's attributes, which take the place of path and lifetime. */
	readonly attributes: string | undefined;
}

/**
 * The cookie to set with a back-end's answer; undefined when the client has what it needs.
 *
 * A duration cookie is set when the request was not bound to the back-end that answered, and never refreshed. An
 * application's session is bound whenever the answer sets the application's cookie, with all of its attributes; and
 * bound to another back-end for the rest of its time when its own is out of service or gone.
 *
 * @param session what {@link sessionOf} said of the request.
 * @param chosen the back-end that answered.
 * @param answerCookies the answer's Set-Cookie fields; looked at under an application policy only.
 * @param nowMs since 1970-01-01 UTC. An application's Expires is measured on it too.
 * @see AWS Classic ELB guide, sticky sessions
 */
export function cookieFor<T extends StickyTarget>(
	policy: StickinessPolicy,
	{
		session,
		chosen,
		answerCookies,
		nowMs,
	}: {
		readonly session: Session<T>;
		readonly chosen: T;
		readonly answerCookies: readonly AnswerCookie[];
		readonly nowMs: number;
	},
): OwnCookie | undefined {
	const name = ownCookieOf(policy);
	if (policy.kind === 'application') {
		const given = applicationCookie(policy, answerCookies);
		if (given !== undefined) {
			const lifetimeMs = given.maxAgeMs ?? (given.expiresMs === undefined ? undefined : given.expiresMs - nowMs);
			if (lifetimeMs !== undefined && lifetimeMs <= 0) return undefined;
			const value = writeBinding(chosen.bindingId, nowMs, secondsOf(lifetimeMs));
			return {name, value, maxAgeSeconds: undefined, attributes: given.attributes};
		}
		if (session.endsMs === undefined || session.endsMs <= nowMs) return undefined;
	}
	if (session.backend === chosen) return undefined;
	const seconds = policy.kind === 'duration' ? lifetimeOf(policy) : secondsOf((session.endsMs ?? Infinity) - nowMs);
	return {
		name,
		value: writeBinding(chosen.bindingId, nowMs, seconds),
		maxAgeSeconds: seconds,
		attributes: undefined,
	};
}

/**
 * The last of that name, as it is what a client keeps. One that ends in a semicolon is not seen.
 *
 * @see AWS Classic ELB guide, sticky sessions, Compatibility: a trailing semicolon makes the load balancer ignore it.
 */
function applicationCookie({cookie}: ApplicationPolicy, cookies: readonly AnswerCookie[]): AnswerCookie | undefined {
	return cookies.findLast(({name, attributes}) => name === cookie && !attributes.endsWith(';'));
}

function secondsOf(ms: number | undefined): number | undefined {
	return ms === undefined || ms === Infinity ? undefined : Math.min(MAX_LIFETIME, Math.ceil(ms / 1000));
}

interface Binding {
	readonly id: string;
	readonly issuedMs: number;
	readonly endsMs: number;
}

/** The id, when it was issued (ms), and for how long (s; 0 is the browser's session). */
function writeBinding(id: string, issuedMs: number, lifetime: number | undefined): string {
	return `${id}${hex(Math.floor(issuedMs), ISSUED_LENGTH)}${hex(Math.min(MAX_LIFETIME, lifetime ?? 0), LIFETIME_LENGTH)}`;
}

function readBinding(value: string): Binding | undefined {
	if (!VALUE.test(value)) return undefined;
	const issuedMs = Number.parseInt(value.slice(BINDING_ID_LENGTH, BINDING_ID_LENGTH + ISSUED_LENGTH), 16);
	const lifetime = Number.parseInt(value.slice(-LIFETIME_LENGTH), 16);
	return {
		id: value.slice(0, BINDING_ID_LENGTH),
		issuedMs,
		endsMs: lifetime === 0 ? Infinity : issuedMs + lifetime * 1000,
	};
}

function hex(number: number, digits: number): string {
	return number.toString(16).toUpperCase().padStart(digits, '0');
}
