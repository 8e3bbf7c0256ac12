import {createHash} from 'node:crypto';
import type {Clock} from '../../base/clock.ts';
import {readCookie, readSetCookies, writeSetCookie} from '../../codec/cookies.ts';
import {
	BINDING_ID_LENGTH,
	cookieFor,
	type Session,
	type StickyTarget,
	sessionOf,
	UNBOUND,
} from '../../model/stickiness.ts';
import {ownCookieOf, type StickinessPolicy} from '../../model/stickiness-policy.ts';
import type {StickyBasis, WhySticky} from '../../observability/why.ts';
import type {Backend} from '../backends/backend.ts';

/** A back-end under the name that it has in cookies. */
class Target implements StickyTarget {
	readonly backend: Backend;
	readonly bindingId: string;

	constructor(backend: Backend, bindingId: string) {
		this.backend = backend;
		this.bindingId = bindingId;
	}

	get inService(): boolean {
		return this.backend.inService;
	}
}

/** Binds the clients of one listener to back-ends under one policy. */
export class StickySessions {
	readonly policy: StickinessPolicy;
	readonly #clock: Clock;
	readonly #targets = new Map<string, Target>();
	readonly #byBackend = new Map<Backend, Target>();

	/**
	 * @param scope what the bindings hold for: those of another scope mean nothing here. Classic ELB loses stickiness
	 * between listeners with different back-end ports, and each load balancer has its own.
	 */
	constructor(
		policy: StickinessPolicy,
		{
			clock,
			backends,
			scope,
		}: {readonly clock: Clock; readonly backends: readonly Backend[]; readonly scope: readonly (string | number)[]},
	) {
		this.policy = policy;
		this.#clock = clock;
		for (const backend of backends) {
			const target = new Target(backend, bindingId([...scope, backend.name]));
			this.#targets.set(target.bindingId, target);
			this.#byBackend.set(backend, target);
		}
	}

	/** @param fields of the request, as they go on. */
	open(fields: string): StickySession {
		const {policy} = this;
		const own = readCookie(fields, ownCookieOf(policy));
		if (own.length === 0) return new StickySession(this, UNBOUND);
		const application = policy.kind === 'application' ? readCookie(fields, policy.cookie) : [];
		return new StickySession(this, sessionOf(policy, {own, application}, this.#targets, this.#clock.wallMs()));
	}

	/** The Set-Cookie line that goes with an answer; empty when there is none. */
	lineFor(session: Session<StickyTarget>, backend: Backend, answerFields: string): string {
		const chosen = this.#byBackend.get(backend);
		if (chosen === undefined) return '';
		const answerCookies = this.policy.kind === 'application' ? readSetCookies(answerFields) : [];
		const cookie = cookieFor(this.policy, {session, chosen, answerCookies, nowMs: this.#clock.wallMs()});
		return cookie === undefined ? '' : writeSetCookie(cookie);
	}
}

/** What binds one request. */
export class StickySession implements StickyBasis {
	readonly #sessions: StickySessions;
	readonly #session: Session<Target>;
	#kept = false;

	constructor(sessions: StickySessions, session: Session<Target>) {
		this.#sessions = sessions;
		this.#session = session;
	}

	/** The back-end it is bound to, if that may be given this request. */
	preferred(members: readonly Backend[], tried: ReadonlySet<Backend> | undefined): Backend | undefined {
		const backend = this.#session.backend?.backend;
		// Asked once more after it has refused the connection, it is no longer kept.
		this.#kept = backend?.inService === true && tried?.has(backend) !== true && members.includes(backend);
		return this.#kept ? backend : undefined;
	}

	/** What the cookie meant for this request. */
	get why(): WhySticky {
		const {bound, endsMs, expired} = this.#session;
		const cookie = ownCookieOf(this.#sessions.policy);
		const backend = bound === undefined ? {} : {backend: bound.backend.name};
		if (this.#kept) return {cookie, verdict: 'kept', ...backend};
		if (endsMs !== undefined) return {cookie, verdict: 'gone', ...backend};
		return {cookie, verdict: expired ? 'expired' : 'none'};
	}

	/** The Set-Cookie line that goes with the answer of `backend`; empty when there is none. */
	lineFor(backend: Backend, answerFields: string): string {
		return this.#sessions.lineFor(this.#session, backend, answerFields);
	}
}

/** Says nothing of a back-end's address, and is the same for the same seed. */
function bindingId(scope: readonly (string | number)[]): string {
	const hash = createHash('shake256', {outputLength: BINDING_ID_LENGTH / 2});
	return hash.update(JSON.stringify(scope)).digest('hex').toUpperCase();
}
