import {quote} from '../base/quote.ts';
import {Violations} from '../base/violations.ts';
import {type Finding, type Findings, presentable} from './finding.ts';
import {NumberText} from './number-text.ts';
import {find, type Place, within} from './place.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `$${`, which stands for `${`; or `${NAME}`, `${NAME:-default}`, and what looks like the beginning of one. */
const REFERENCE = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-([^{}]*))?\})?/g;
const START = '${';
const WHOLE = /^\$\{[^{}]*\}$/;
/** JSON's numbers: RFC 8259 section 6, without exponents. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/**
 * Puts the variables of the environment into the text values of a configuration: `${NAME}`, and `${NAME:-default}` where
 * it may be unset or empty. A value that is nothing else and looks like a number is one. `$${` stands for `${`.
 *
 * The `run` of a back-end is left as it is, because its shell has variables of its own, and so are keys, and sections of
 * the user's own (`x-`), which hold anything.
 *
 * @returns a copy, or the value itself where it has no variable; `findings` tells of each that is not defined.
 */
export function interpolate(value: unknown, env: Environment): {readonly value: unknown; readonly findings: Findings} {
	const findings = new Violations<Finding>();
	if (!hasReference(value)) return {value, findings};
	const interpolated = inAny(value, {path: [], findings}, (text, place) => inText(text, place, env));
	// Nothing of what stands under `credentials` is repeated.
	return {value: interpolated, findings: presentable(findings)};
}

function hasReference(value: unknown): boolean {
	if (typeof value === 'string') return value.includes(START);
	return typeof value === 'object' && value !== null && Object.values(value).some(hasReference);
}

/** Writes `$${` for `${` where {@link interpolate} reads it, so that the texts come back as they are. */
export function escapeReferences(value: unknown): unknown {
	return inAny(value, {path: [], findings: new Violations()}, text => text.replaceAll(START, () => `$${START}`));
}

function inAny(value: unknown, place: Place, change: (text: string, place: Place) => unknown): unknown {
	if (typeof value === 'string') return isRun(place) ? value : change(value, place);
	if (Array.isArray(value)) return value.map((item: unknown, index) => inAny(item, within(place, index), change));
	if (typeof value !== 'object' || value === null) return value;
	// Defined and not assigned: `__proto__` is a key like any other.
	return Object.fromEntries(
		Object.entries(value).map(([key, item]) => [
			key,
			isOwn(key, place) ? item : inAny(item, within(place, key), change),
		]),
	);
}

function isRun({path: [section, , key, ...more]}: Place): boolean {
	return section === 'backends' && key === 'run' && more.length === 0;
}

function isOwn(key: string, {path}: Place): boolean {
	return path.length === 0 && key.startsWith('x-');
}

function inText(text: string, place: Place, env: Environment): string | NumberText {
	if (!text.includes(START)) return text;
	const replaced = text.replace(REFERENCE, (reference: string, name?: string, otherwise?: string) => {
		if (reference.startsWith('$$')) return START;
		if (name !== undefined) return variableOf(name, otherwise, {place, env});
		find(place, [], {
			message: `the text has "${START}" without the name of a variable and "}"`,
			hint: `write ${START}NAME} or ${START}NAME:-default}, without braces in the default; $${START} stands for ${START}`,
		});
		return '';
	});
	return WHOLE.test(text) && NUMBER.test(replaced) ? new NumberText(replaced) : replaced;
}

function variableOf(
	name: string,
	otherwise: string | undefined,
	{place, env}: {readonly place: Place; readonly env: Environment},
): string {
	const value = env[name];
	if (otherwise !== undefined) return value === undefined || value === '' ? otherwise : value;
	if (value !== undefined) return value;
	find(place, [], {
		message: `the environment has no variable ${quote(name)}`,
		hint: `set it, or write ${START}${name}:-default}; $${START} stands for ${START}`,
	});
	return '';
}
