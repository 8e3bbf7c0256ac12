import {isPrivateKey, quote} from '../../base/quote.ts';
import {Refusal} from '../../model/refusal.ts';
import type {WireFormat} from '../fields.ts';

/** The parameters of a request as the tree that their names spell; a leaf is text. */
export type FormTree = ReadonlyMap<string, FormTree | string>;

type Growing = Map<string, Growing | string>;

/** Of parameters. *Guess*: the largest real request registers 1,000 instances. */
const MAX_PARAMETERS = 10_000;
/** `Listeners.member.1.Protocol` has four; several times what any action needs. */
const MAX_DEPTH = 32;

/**
 * Reads the parameters of a request, query and body together: `A.B=…` is a structure, `A.member.N=…` a list.
 *
 * A parameter that is given twice with two values is refused, because two readers would take different ones.
 *
 * @param parts the query and the body; percent-encoding and `+` are read once.
 * @throws Refusal `UNREADABLE_BODY`; it repeats nothing that may be a private key.
 * @see botocore, serialize.py, QuerySerializer
 */
export function readForm(...parts: readonly string[]): FormTree {
	const text = parts.filter(part => part !== '').join('&');
	if (countParameters(text) > MAX_PARAMETERS) {
		throw unreadable(`the request has more than the ${MAX_PARAMETERS} parameters that are allowed`);
	}
	const tree: Growing = new Map();
	for (const [name, value] of new URLSearchParams(text)) plant(tree, name, value);
	return tree;
}

function countParameters(text: string): number {
	let count = 1;
	for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) count++;
	return count;
}

function plant(tree: Growing, name: string, value: string): void {
	const steps = name.split('.', MAX_DEPTH + 1);
	if (steps.length > MAX_DEPTH) throw unreadable(`the parameter ${named(name)} has more than ${MAX_DEPTH} parts`);
	const last = steps.pop() ?? '';
	let branch = tree;
	for (const step of steps) {
		const there = branch.get(step);
		// `PolicyNames=` beside `PolicyNames.member.1=x` says that there is a list, which the other says as well.
		const next: Growing = there instanceof Map ? there : new Map();
		if (typeof there === 'string' && there !== '') throw unreadable(`the parameter ${named(name)} is text and more`);
		branch.set(step, next);
		branch = next;
	}
	const there = branch.get(last);
	if (there === undefined) branch.set(last, value);
	else if (there instanceof Map) {
		if (value !== '') throw unreadable(`the parameter ${named(name)} is text and more`);
	} else if (there !== value) throw unreadable(`the parameter ${named(name)} is given twice, with two values`);
}

function named(name: string): string {
	return isPrivateKey(name) ? '(private key)' : quote(name);
}

function unreadable(message: string): Refusal {
	return new Refusal('UNREADABLE_BODY', message);
}

/** A form: everything is text. What an action does not know has no effect (observed on OUTSCALE's LBU). */
export const FORM_FORMAT: WireFormat = {
	text: value => (typeof value === 'string' ? value : undefined),
	integer: value => (typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value) ? Number(value) : undefined),
	// osc-cli writes `True` and `False`.
	boolean: value => (typeof value === 'string' ? BOOLEANS.get(value.toLowerCase()) : undefined),
	items: itemsOf,
	entries: value => (value instanceof Map ? value : undefined),
	kindOf: value => (value instanceof Map ? 'a structure' : 'text'),
	itemAt: (list, index) => `${list}.member.${index + 1}`,
	refusesUnknown: false,
	allowsEmpty: false,
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
	['true', true],
	['false', false],
]);

/** `A.member.N`, by the numbers and whatever their order; `A=` is an empty list (botocore, AWS CLI, AWS SDK). */
function itemsOf(value: unknown): readonly unknown[] | undefined {
	if (value === '') return [];
	if (!(value instanceof Map) || value.size !== 1) return undefined;
	const members: unknown = value.get('member');
	if (members === '') return [];
	if (!(members instanceof Map)) return undefined;
	const numbered = [...members].map(
		([number, item]) => [/^\d{1,9}$/.test(number) ? Number(number) : -1, item] as const,
	);
	if (numbered.some(([number]) => number < 0)) return undefined;
	return numbered.sort(([one], [other]) => one - other).map(([, item]) => item);
}
