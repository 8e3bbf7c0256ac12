import {show} from '../base/quote.ts';
import type {Exchange} from '../observability/exchange.ts';
import {type Why, type WhySticky, whyText} from '../observability/why.ts';
import {failure} from './failure.ts';
import {checkKeys, exchangeOf, invalid} from './given.ts';

/** What is said of it must hold; everything else is left open. */
export interface WhyExpectation {
	/** The priority or the name of the rule that matched; false: none did. */
	readonly rule?: number | string | false;
	/** What the cookie of stickiness meant; false: the listener has no stickiness. */
	readonly sticky?: WhySticky['verdict'] | false;
	/** The back-end that got it; false: none did. */
	readonly chosen?: string | false;
	/** Those that were given no work at that moment, whoever else was not; with a reason each where that matters. */
	readonly skipped?: readonly string[] | Readonly<Record<string, string | RegExp>>;
	/** Those that were tried, with no connection coming about, whoever else was. */
	readonly refused?: readonly string[];
}

const KEYS = ['rule', 'sticky', 'chosen', 'skipped', 'refused'] as const;

/**
 * Why an exchange went to its back-end, or to none: by the parts of `exchange.why`, or by its text, `whyText(exchange.why)`,
 * as a whole or with a regular expression.
 *
 * @throws AssertionError; EmulatorError `INVALID_EXPECTATION`
 */
export function assertWhy(exchange: Exchange, expected: string | RegExp | WhyExpectation): void {
	const {why} = exchangeOf(exchange, 'assertWhy');
	if (typeof expected === 'string' || expected instanceof RegExp) {
		const text = whyText(why);
		if (typeof expected === 'string' ? text === expected : text.search(expected) !== -1) return;
		throw failed(exchange, text, expected);
	}
	checkKeys(expected, KEYS, 'assertWhy');
	const given = KEYS.filter(key => expected[key] !== undefined);
	if (given.length === 0) throw invalid('assertWhy', `says nothing without any of ${KEYS.join(', ')}`);

	const wrong = given.filter(key => !holds(key, expected, why));
	if (wrong.length === 0) return;
	const actual = Object.fromEntries(wrong.map(key => [key, partOf(key, why)]));
	throw failed(exchange, actual, Object.fromEntries(wrong.map(key => [key, expected[key]])));
}

function failed(exchange: Exchange, actual: unknown, expected: unknown): Error {
	return failure({
		what: 'It went another way',
		actual,
		expected,
		exchanges: [exchange],
		assertion: assertWhy,
	});
}

function holds(key: (typeof KEYS)[number], expected: WhyExpectation, why: Why): boolean {
	switch (key) {
		case 'rule': {
			const rule = why.rules.find(({matched}) => matched);
			if (expected.rule === false) return rule === undefined;
			return rule !== undefined && (rule.priority === expected.rule || rule.name === expected.rule);
		}
		case 'sticky':
			return (why.sticky?.verdict ?? false) === expected.sticky;
		case 'chosen':
			return (namesWith(why, 'chosen')[0] ?? false) === expected.chosen;
		case 'skipped':
			return areSkipped(expected.skipped ?? [], why);
		case 'refused':
			return namesOf(expected.refused ?? []).every(name => namesWith(why, 'refused-connection').includes(name));
	}
}

/** @throws EmulatorError `INVALID_EXPECTATION` */
function areSkipped(expected: NonNullable<WhyExpectation['skipped']>, why: Why): boolean {
	if (isList(expected)) return namesOf(expected).every(name => namesWith(why, 'skipped').includes(name));
	if (typeof expected !== 'object') throw invalid('assertWhy', `expected names, not ${show(expected)}`);
	return Object.entries(expected).every(([name, wanted]) => {
		const reason = why.candidates.find(({backend, verdict}) => backend === name && verdict === 'skipped')?.reason;
		if (reason === undefined) return false;
		return typeof wanted === 'string' ? reason === wanted : reason.search(wanted) !== -1;
	});
}

function isList(expected: NonNullable<WhyExpectation['skipped']>): expected is readonly string[] {
	return Array.isArray(expected);
}

/** @throws EmulatorError `INVALID_EXPECTATION` for what names nobody, and would always hold. */
function namesOf(names: readonly string[]): readonly string[] {
	if (Array.isArray(names) && names.length > 0) return names;
	throw invalid('assertWhy', `expected a list of names, not ${show(names)}`);
}

function namesWith({candidates}: Why, verdict: Why['candidates'][number]['verdict']): string[] {
	return candidates.filter(each => each.verdict === verdict).map(({backend}) => backend);
}

function partOf(key: (typeof KEYS)[number], why: Why): unknown {
	switch (key) {
		case 'rule': {
			const rule = why.rules.find(({matched}) => matched);
			return rule === undefined ? false : (rule.name ?? rule.priority);
		}
		case 'sticky':
			return why.sticky?.verdict ?? false;
		case 'chosen':
			return namesWith(why, 'chosen')[0] ?? false;
		case 'skipped':
			return Object.fromEntries(
				why.candidates.filter(({verdict}) => verdict === 'skipped').map(({backend, reason = ''}) => [backend, reason]),
			);
		case 'refused':
			return namesWith(why, 'refused-connection');
	}
}
