import {formatPath, type Violation} from '../base/errors.ts';
import {quote} from '../base/quote.ts';
import {alternatives, didYouMean} from '../base/suggest.ts';
import {compilePattern, matchesPattern, type Pattern, violationsOfPattern} from './pattern.ts';

/** 1 to 19999: OUTSCALE API 1.40, ListenerRuleForCreation.Priority. */
export const MAX_PRIORITY = 19_999;

/** A listener rule as it is described: requests of this host and path go to these back-ends. */
export interface ListenerRule {
	readonly name?: string | undefined;
	/** 1 to 19999, unique; the rule with the highest one is tried first (OUTSCALE API 1.40, ListenerRule.Priority). */
	readonly priority: number;
	/** A host pattern; '' is none. At least one of `host` and `path` is there, and with both, both must match. */
	readonly host?: string | undefined;
	/** A path pattern; '' is none. */
	readonly path?: string | undefined;
	/** Names of registered back-ends: the rule's own set (OUTSCALE API 1.40, CreateListenerRule.VmIds). */
	readonly to: readonly string[];
}

/** A rule whose patterns have been taken apart. */
export interface CompiledRule {
	readonly rule: ListenerRule;
	readonly host: Pattern | undefined;
	readonly path: Pattern | undefined;
}

/** What of a request the rules look at. */
export interface RequestLine {
	/** The Host field's value, its port included; '' when there is none. */
	readonly host: string;
	/** The request's target in origin-form, its query included. */
	readonly path: string;
}

/** The rules in the order in which they are tried: highest priority first. */
export function compileRules(rules: readonly ListenerRule[]): readonly CompiledRule[] {
	return [...rules]
		.sort((one, other) => other.priority - one.priority)
		.map(rule => ({rule, host: patternOf(rule.host, 'host'), path: patternOf(rule.path, 'path')}));
}

/**
 * The first rule that matches; undefined when none does, which is the listener's own back-ends' case.
 *
 * Hosts are compared without case and port, paths as they came, without their query: `%2F` is not `/`, and `..` is not
 * resolved, because the back-end gets the path as it came as well (*guess*, as AWS's Application Load Balancer).
 *
 * @param rules as {@link compileRules} orders them.
 */
export function matchingRule<T extends Pick<CompiledRule, 'host' | 'path'>>(
	rules: readonly T[],
	request: RequestLine,
): T | undefined {
	if (rules.length === 0) return undefined;
	const host = hostNameOf(request.host);
	const query = request.path.indexOf('?');
	const path = query === -1 ? request.path : request.path.slice(0, query);
	for (const rule of rules) {
		if (
			(rule.host === undefined || matchesPattern(rule.host, host)) &&
			(rule.path === undefined || matchesPattern(rule.path, path))
		) {
			return rule;
		}
	}
	return undefined;
}

/** A rule, and the logical port of the one listener it belongs to; without a port it belongs to all of them. */
type RuleWithin = ListenerRule & {readonly listener?: number | undefined};

/**
 * Every rule of the API that these rules break; paths start at the index of the rule.
 *
 * @param knownBackends names of the back-ends registered with the load balancer.
 */
export function violationsOfRules(rules: readonly RuleWithin[], knownBackends: Iterable<string>): Violation[] {
	const known = new Set(knownBackends);
	return [
		...rules.flatMap((rule, index) =>
			[
				...violationsOfPriority(rule.priority),
				...violationsOfPatterns(rule),
				...violationsOfTargets(rule.to, known),
			].map(violation => ({...violation, path: [index, ...violation.path]})),
		),
		...violationsOfSharing(rules, 'priority'),
		...violationsOfSharing(rules, 'name'),
	].sort((one, other) => Number(one.path[0]) - Number(other.path[0]));
}

function violationsOfPriority(priority: number): Violation[] {
	if (Number.isInteger(priority) && priority >= 1 && priority <= MAX_PRIORITY) return [];
	return [
		{
			path: ['priority'],
			message: `${priority} is not a priority; allowed are whole numbers from 1 to ${MAX_PRIORITY}`,
			hint: 'the rule with the highest number is tried first',
		},
	];
}

function violationsOfPatterns({host = '', path = ''}: ListenerRule): Violation[] {
	if (host === '' && path === '') {
		return [{path: [], message: 'a rule needs `host`, `path` or both, and has neither'}];
	}
	return [
		...violationsOfPattern(host, 'host').map(violation => ({...violation, path: ['host']})),
		...violationsOfPattern(path, 'path').map(violation => ({...violation, path: ['path']})),
	];
}

/** How many names a message lists before it gives up. */
const MAX_LISTED = 8;

/** With how many names one that nobody has is compared: thousands of them, with thousands, take minutes. */
const MAX_COMPARED = 200;

function violationsOfTargets(to: readonly string[], known: ReadonlySet<string>): Violation[] {
	if (to.length === 0) return [{path: ['to'], message: 'a rule needs at least one back-end in `to`'}];
	const firsts = new Map<string, number>();
	const names = known.size <= MAX_COMPARED ? [...known] : [];
	const there = known.size <= MAX_LISTED ? `allowed is ${alternatives(names)}` : `there are ${known.size} others`;
	return to.flatMap((name, index): Violation[] => {
		const path = ['to', index];
		const first = firsts.get(name);
		if (first !== undefined) {
			return [{path, message: `back-end ${quote(name)} is in \`to\` twice: to[${first}] names it`}];
		}
		firsts.set(name, index);
		if (known.has(name)) return [];
		return [{path, message: `no back-end is named ${quote(name)}; ${there}`, hint: didYouMean(name, names)}];
	});
}

/** OUTSCALE API 1.40: a priority is unique on its listener, a ListenerRuleName is a handle and unique. */
function violationsOfSharing(rules: readonly RuleWithin[], key: 'priority' | 'name'): Violation[] {
	const owners = new Map<string | number, number[]>();
	return rules.flatMap((rule, index): Violation[] => {
		const value = rule[key];
		if (value === undefined || value === '') return [];
		const sharing = owners.get(value) ?? [];
		owners.set(value, sharing);
		const owner = sharing.find(other => key === 'name' || areOnOneListener(rules[other], rule));
		sharing.push(index);
		if (owner === undefined) return [];
		const shown = typeof value === 'string' ? quote(value) : value;
		return [
			{
				path: [index, key],
				message: `two rules have the ${key} ${shown}: ${formatPath(['rules', owner])} has it already`,
				hint: key === 'priority' ? 'priorities are unique, so that the order of rules is certain' : undefined,
			},
		];
	});
}

function areOnOneListener(one: RuleWithin | undefined, other: RuleWithin): boolean {
	return one?.listener === undefined || other.listener === undefined || one.listener === other.listener;
}

function patternOf(text: string | undefined, kind: 'host' | 'path'): Pattern | undefined {
	return text === undefined || text === '' ? undefined : compilePattern(text, kind);
}

/** `Example.com:443` as `example.com`; an IPv6 address keeps its brackets. */
function hostNameOf(host: string): string {
	const colon = host.indexOf(':', host.startsWith('[') ? host.indexOf(']') : 0);
	return (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
}
