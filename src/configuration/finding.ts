import type {Violation} from '../base/errors.ts';
import {isPrivateKey, quote} from '../base/quote.ts';
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
 * place together. A private key that was put where a key of an object goes is kept out of the path.
 */
export function presentable(findings: readonly Finding[]): Findings {
	return Violations.within(findings)
		.changed(finding => ({
			...finding,
			path: finding.path.map(key => (typeof key === 'string' && isPrivateKey(key) ? '(private key)' : key)),
		}))
		.sort((one, other) => comparePaths(one.path, other.path));
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

/** Longest piece of a given value that a message repeats. */
const MAX_SHOWN = 60;

/**
 * A value as a message repeats it: JSON, shortened. A private key is never shown, nor is anything that may hold one.
 */
export function show(value: unknown): string {
	switch (typeof value) {
		case 'string':
			return quote(value);
		case 'object':
			if (value === null) return 'nothing';
			return Array.isArray(value) ? `a list of ${value.length}` : showObject(value);
		case 'function':
			return 'a function';
		default:
			return String(value);
	}
}

/** Keys only: a value in it may be a secret. */
function showObject(value: object): string {
	if (value instanceof Uint8Array) return `${value.length} bytes`;
	const keys = Object.keys(value);
	if (keys.length === 0) return '{}';
	const shown = keys.slice(0, 4).map(key => (isPrivateKey(key) ? '(private key)' : key.slice(0, MAX_SHOWN)));
	return `{${shown.join(', ')}${keys.length > shown.length ? ', …' : ''}}`;
}
