import type {Violation} from '../base/errors.ts';
import {Violations} from '../base/violations.ts';

/** Where the findings of one description are collected. */
export type Findings = Violations<Finding>;

/** A violation that also says which end of an entry it is about, so that a file can be pointed into. */
export interface Finding extends Violation {
	/** `key`: the key at the end of the path is wrong, not its value. */
	readonly at?: 'key' | undefined;
}

/**
 * Findings as they are handed out. Those of shape and those of sense come from two walks; readers want those of one
 * place together. Nothing that stands under `credentials` is repeated.
 */
export function presentable(findings: readonly Finding[]): Findings {
	return Violations.within(findings)
		.changed(withoutCredentials)
		.sort((one, other) => comparePaths(one.path, other.path));
}

const HIDDEN = '(hidden)';

/** An access key. What else stands in its place may be a secret: `AKID:secret`, with the blank forgotten, is a key. */
const ACCESS_KEY = /^[A-Za-z0-9._-]{1,128}$/;

function withoutCredentials(finding: Finding): Finding {
	const {path, at, message} = finding;
	const above = path.findIndex(isCredentials);
	// The key itself may stand in a wrong place, and is no secret.
	if (above === -1 || (at === 'key' && above === path.length - 1)) return finding;
	return {
		...finding,
		path: path.map((key, index) => (index <= above || ACCESS_KEY.test(String(key)) ? key : HIDDEN)),
		message: withoutInput(message),
		hint: undefined,
	};
}

/** Messages that repeat nothing of the input. */
const WITHOUT_INPUT = /^the (?:value is missing|list is empty|secret key is empty|text has "\$\{" without the name)/;
const NO_VARIABLE = /^the environment has no variable /;
const IS_NOT = ' is not ';

/** What is wanted, without what was given. */
function withoutInput(message: string): string {
	if (WITHOUT_INPUT.test(message)) return message;
	if (NO_VARIABLE.test(message)) return 'the environment has no such variable';
	const at = message.lastIndexOf(IS_NOT);
	const wanted = at === -1 ? '' : message.slice(at);
	// What was given stands in quotes, so a text with one may be a piece of it.
	return wanted === '' || /["{}]/.test(wanted) ? `${HIDDEN} is not allowed here` : `${HIDDEN}${wanted}`;
}

function isCredentials(key: string | number): boolean {
	return typeof key === 'string' && key.toLowerCase() === 'credentials';
}

function comparePaths(one: Finding['path'], other: Finding['path']): number {
	for (const [index, key] of one.entries()) {
		const against = other[index];
		if (against === undefined) return 1;
		if (key === against) continue;
		if (typeof key === 'number' && typeof against === 'number') return key - against;
		return String(key) < String(against) ? -1 : 1;
	}
	return one.length - other.length;
}
