import {quote} from '../base/quote.ts';
import type {Attempt, TriedAttempt} from './attempt.ts';

/** A listener rule that was tried for a request, in the order in which rules are tried. */
export interface WhyRule {
	readonly priority: number;
	/** Absent when the rule has no name. */
	readonly name?: string;
	readonly matched: boolean;
}

/** What the cookie that binds a client to a back-end meant for a request. */
export interface WhySticky {
	/** The name of the load balancer's own cookie. */
	readonly cookie: string;
	/**
	 * `kept`: the request went to the back-end that the cookie names. `expired`: the binding had ended. `gone`: that
	 * back-end could not be given the request. `none`: no cookie bound the request.
	 */
	readonly verdict: 'kept' | 'gone' | 'none' | 'expired';
	/** The back-end that the cookie names, where it is known. */
	readonly backend?: string;
}

/** A back-end that might have been chosen. */
export interface WhyCandidate {
	readonly backend: string;
	/**
	 * `chosen`: it got the exchange. `skipped`: it was given no work at that moment. `refused-connection`: it was tried, and
	 * no connection came about. `not-tried`: another one came first.
	 */
	readonly verdict: 'chosen' | 'skipped' | 'refused-connection' | 'not-tried';
	/** In words, where there is more to say: `out of service: HTTP:80/health answered 500, 2 of 2`. */
	readonly reason?: string;
}

/** Why an exchange went to its back-end, or to none. */
export interface Why {
	/** The rules that were tried, up to the one that matched; empty on a listener without rules. */
	readonly rules: readonly WhyRule[];
	/** Absent on a listener without stickiness. */
	readonly sticky?: WhySticky;
	/** In the order of their turns, beginning with the one whose turn it was; empty where no choice came about. */
	readonly candidates: readonly WhyCandidate[];
	readonly attempts: readonly Pick<Attempt, 'backend' | 'reused' | 'ms' | 'end'>[];
}

/** How one back-end stood at the moment of a choice. */
export interface Standing {
	readonly name: string;
	/** Its place in registration order. */
	readonly order: number;
	readonly inService: boolean;
	/** Why it is given no work, in words; empty in service. */
	readonly reason: string;
}

/** A rule by what it is known by. */
interface NamedRule {
	readonly priority: number;
	readonly name?: string | undefined;
}

/** What a choice went by. One value for all exchanges until something of it changes. */
export interface ChoiceBasis {
	/** Of the listener, in the order in which they are tried. */
	readonly rules: readonly NamedRule[];
	/** The rule that matched; undefined when none did. */
	readonly rule: NamedRule | undefined;
	/** The back-ends among which was chosen, and those of them that are draining, in registration order. */
	readonly standings: readonly Standing[];
}

/** The cookie of one request. */
export interface StickyBasis {
	readonly why: WhySticky;
}

/** What an exchange notes at its choice, and how it went on. */
export interface ChosenExchange {
	readonly basis: ChoiceBasis | undefined;
	/** The order of the back-end that was chosen last before it; -1 when there was none. */
	readonly turnAfter: number;
	readonly sticky: StickyBasis | undefined;
	readonly tried: readonly TriedAttempt[];
}

/** Explains an exchange from what it noted. */
export function explain({basis, turnAfter, sticky, tried}: ChosenExchange): Why {
	const attempts = tried.map(({backend, reused, ms, end}) => ({backend, reused, ms, end}));
	if (basis === undefined) return {rules: [], candidates: [], attempts};
	const refused = tried.filter(({reached, end}) => !reached && end !== 'open');
	const causes = new Map(refused.map(({order, cause}) => [order, cause]));
	const last = tried.at(-1)?.order;
	const candidate = ({name: backend, order, inService, reason}: Standing): WhyCandidate => {
		const cause = causes.get(order);
		if (cause !== undefined) return {backend, verdict: 'refused-connection', reason: cause};
		if (order === last && inService) return {backend, verdict: 'chosen'};
		return inService ? {backend, verdict: 'not-tried'} : {backend, verdict: 'skipped', reason};
	};
	return {
		rules: triedRules(basis),
		...(sticky === undefined ? {} : {sticky: sticky.why}),
		candidates: inTurn(withGone(basis.standings, refused), turnAfter).map(candidate),
		attempts,
	};
}

function triedRules({rules, rule}: ChoiceBasis): WhyRule[] {
	const end = rule === undefined ? rules.length : rules.indexOf(rule) + 1;
	return rules.slice(0, end).map(each => ({
		priority: each.priority,
		...(each.name === undefined ? {} : {name: each.name}),
		matched: each === rule,
	}));
}

/** With those that were tried and had left before the last choice. */
function withGone(standings: readonly Standing[], tried: readonly TriedAttempt[]): readonly Standing[] {
	const known = new Set(standings.map(({order}) => order));
	const gone = tried.filter(({order}) => !known.has(order));
	if (gone.length === 0) return standings;
	const added = gone.map(({backend: name, order}) => ({name, order, inService: false, reason: ''}));
	return [...standings, ...added].sort((one, other) => one.order - other.order);
}

/** Beginning with the first one after `turnAfter`. */
function inTurn(standings: readonly Standing[], turnAfter: number): readonly Standing[] {
	const first = standings.findIndex(({order}) => order > turnAfter);
	return first <= 0 ? standings : [...standings.slice(first), ...standings.slice(0, first)];
}

/** How many back-ends a text names. */
const MAX_NAMED = 5;

/** Back-ends that were given no work and why: `app-1 out of service: TCP:80: connection refused, 2 of 2; app-2 draining`. */
export function skippedText(standings: readonly Pick<Standing, 'name' | 'reason'>[]): string {
	const named = standings.slice(0, MAX_NAMED).map(({name, reason}) => `${name} ${reason}`);
	const left = standings.length - named.length;
	return `${named.join('; ')}${left > 0 ? `; and ${left} more` : ''}`;
}

/**
 * An explanation as one line: the rules, the cookie, and what became of each back-end that was looked at.
 *
 * `rule 10 "api" matched; cookie AWSELB expired; app-1 out of service: TCP:80: connection refused, 2 of 2; app-2 chosen`
 */
export function whyText({rules, sticky, candidates}: Why): string {
	const parts = rules.map(rule => `${ruleText(rule)} ${rule.matched ? 'matched' : 'did not match'}`);
	if (sticky !== undefined && sticky.verdict !== 'none') {
		parts.push(
			`cookie ${sticky.cookie} ${sticky.verdict}${sticky.backend === undefined ? '' : ` (${sticky.backend})`}`,
		);
	}
	const lookedAt = candidates.filter(({verdict}) => verdict !== 'not-tried');
	const named = lookedAt.filter(({verdict}, index) => index < MAX_NAMED || verdict === 'chosen');
	for (const each of named) parts.push(candidateText(each));
	if (lookedAt.length > named.length) parts.push(`and ${lookedAt.length - named.length} more`);
	return parts.join('; ');
}

/** Whether it was simply the turn of the back-end that got it, without rules, cookies and further attempts. */
function isPlainTurn({basis, turnAfter, sticky}: ChosenExchange, attempts: number): boolean {
	if (basis === undefined) return true;
	const {rules, standings} = basis;
	if (rules.length > 0 || sticky !== undefined || attempts > 1) return false;
	const first = standings.find(({order}) => order > turnAfter) ?? standings[0];
	return first === undefined || first.inService;
}

/**
 * Why an exchange went to its back-end, for a line of a list: the rule that matched, what its cookie meant, and those that
 * came before and did not get it. Empty when it was simply that back-end's turn.
 *
 * @param attempts how many there were.
 */
export function briefText(exchange: ChosenExchange, attempts: number): string {
	if (isPlainTurn(exchange, attempts)) return '';
	const {rules, sticky, candidates} = explain(exchange);
	const chosen = candidates.findIndex(({verdict}) => verdict === 'chosen');
	if (chosen === -1) return '';
	const rule = rules.find(({matched}) => matched);
	const before = candidates.slice(0, chosen).filter(({verdict}) => verdict !== 'not-tried');
	const parts = [
		...(rule === undefined ? [] : [ruleText(rule)]),
		...(sticky === undefined || sticky.verdict === 'none' ? [] : [`cookie ${sticky.cookie} ${sticky.verdict}`]),
		...before.map(candidateText),
	];
	const more = parts.length - MAX_NAMED;
	return [...parts.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function ruleText({priority, name}: WhyRule): string {
	return `rule ${priority}${name === undefined ? '' : ` ${quote(name)}`}`;
}

function candidateText({backend, verdict, reason = ''}: WhyCandidate): string {
	if (verdict === 'skipped') return `${backend} ${reason}`;
	return verdict === 'chosen' ? `${backend} chosen` : `${backend} not reached: ${reason}`;
}
