import {quote} from '../base/quote.ts';
import {type Account, listedOf, listedRules} from '../model/account.ts';
import type {ListedRule, Rule} from '../model/account-load-balancer.ts';
import {MAX_PRIORITY} from '../model/listener-rule.ts';
import {violationsOfPattern} from '../model/pattern.ts';
import {Refusal} from '../model/refusal.ts';
import {validateRegistered} from './backends.ts';
import type {Operation} from './context.ts';
import {changeable, listenerOn, validateId, validateQuota} from './validate.ts';

export interface CreateRule {
	readonly loadBalancer: string;
	/** The logical port of the listener. */
	readonly port: number;
	readonly name: string;
	readonly priority: number;
	/** '' is none: Terraform writes it so. */
	readonly host: string | undefined;
	readonly path: string | undefined;
	readonly vmIds: readonly string[];
}

/** CreateListenerRule. On a TCP or SSL listener it is taken, and has no effect (recorded). */
export const createRule: Operation<CreateRule, ListedRule> = input => (account, context) => {
	const {name, priority, vmIds, port} = input;
	validateName(name);
	validatePriority(priority);
	const host = patternOf(input.host, 'host');
	const path = patternOf(input.path, 'path');
	validateSomePattern(host, path);
	for (const id of vmIds) validateId('i', id);
	const loadBalancer = changeable(account, input.loadBalancer, context);
	listenerOn(loadBalancer, port);
	validateRegistered(loadBalancer, vmIds);
	const others = listedRules(account);
	if (others.some(rule => rule.name === name))
		throw new Refusal('RULE_NAME_TAKEN', `there is a rule named ${quote(name)} already`, name);
	const owner = others.find(
		rule => rule.loadBalancer === loadBalancer.name && rule.listener === port && rule.priority === priority,
	);
	if (owner !== undefined) {
		throw new Refusal('PRIORITY_TAKEN', `rule ${quote(owner.name)} has priority ${priority} already`, String(priority));
	}
	validateQuota('TOO_MANY_RULES', others.length + 1, context.quotas.rules, 'listener rules');
	const shown = {name, id: context.identifiers.ruleId(account.serial)};
	const rule: Rule = {
		name,
		scope: {kind: 'listener', port, shown},
		loadBalancer: loadBalancer.name,
		priority,
		host,
		path,
		vmIds: [...new Set(vmIds)],
	};
	return {
		account: {...account, rules: [...account.rules, rule], serial: account.serial + 1},
		result: listedNamed([rule], name),
	};
};

export interface UpdateRule {
	readonly name: string;
	/** '' and null clear the pattern; undefined leaves it. */
	readonly host: string | null | undefined;
	readonly path: string | null | undefined;
}

/** UpdateListenerRule: the patterns, and nothing else. */
export const updateRule: Operation<UpdateRule, ListedRule> = input => account => {
	if (input.host === undefined && input.path === undefined) {
		throw new Refusal('MISSING_PARAMETER', 'nothing to update: give a host pattern, a path pattern or both');
	}
	const host = patternOf(input.host ?? '', 'host');
	const path = patternOf(input.path ?? '', 'path');
	const before = listedNamed(account.rules, input.name);
	const changes = {
		host: input.host === undefined ? before.host : host,
		path: input.path === undefined ? before.path : path,
	};
	validateSomePattern(changes.host, changes.path);
	return {account: withListed(account, input.name, rule => [{...rule, ...changes}]), result: {...before, ...changes}};
};

/** DeleteListenerRule. */
export const deleteRule: Operation<{readonly name: string}, undefined> =
	({name}) =>
	account => {
		listedNamed(account.rules, name);
		return {account: withListed(account, name, () => []), result: undefined};
	};

/** The account with other rules in place of the one that the cloud lists under this name. */
function withListed(account: Account, name: string, change: (rule: Rule) => readonly Rule[]): Account {
	const rules = account.rules.flatMap(rule => {
		if (!listedOf(rule).some(listed => listed.name === name)) return [rule];
		return separateRules(rule).flatMap(each => (each.name === name ? change(each) : [each]));
	});
	return {...account, rules};
}

/**
 * The rules that a rule of the library or the configuration becomes when an API changes what it says at one listener:
 * one for each listener, with the names that the cloud has listed.
 */
export function separateRules(rule: Rule): readonly Rule[] {
	if (rule.scope.kind === 'listener') return [{...rule, name: rule.scope.shown.name}];
	return [...rule.scope.shown].map(([port, shown]) => ({
		...rule,
		name: shown.name,
		scope: {kind: 'listener', port, shown},
	}));
}

function listedNamed(rules: readonly Rule[], name: string): ListedRule {
	const found = listedRules({rules}).find(rule => rule.name === name);
	if (found !== undefined) return found;
	throw new Refusal('NO_SUCH_RULE', `no listener rule is named ${quote(name)}`, name);
}

/** *Guess*: OUTSCALE names no bound of ListenerRuleName. It stands in lines, so it must not end them. */
function validateName(name: string): void {
	if (/^\P{Cc}{1,255}$/u.test(name)) return;
	throw new Refusal(
		'BAD_RULE_NAME',
		`${quote(name)} is not a rule's name; allowed are 1 to 255 characters, no control characters`,
		name,
	);
}

function validatePriority(priority: number): void {
	if (Number.isInteger(priority) && priority >= 1 && priority <= MAX_PRIORITY) return;
	const message = `${priority} is not a priority; allowed are whole numbers from 1 to ${MAX_PRIORITY}`;
	throw new Refusal('BAD_VALUE', message, String(priority));
}

function patternOf(text: string | undefined, kind: 'host' | 'path'): string | undefined {
	if (text === undefined || text === '') return undefined;
	const [violation] = violationsOfPattern(text, kind);
	if (violation === undefined) return text;
	throw new Refusal(kind === 'host' ? 'BAD_HOST_PATTERN' : 'BAD_PATH_PATTERN', violation.message, text);
}

function validateSomePattern(host: string | undefined, path: string | undefined): void {
	if (host !== undefined || path !== undefined) return;
	throw new Refusal('NO_PATTERN', 'a rule needs a host pattern, a path pattern or both, and has neither');
}
