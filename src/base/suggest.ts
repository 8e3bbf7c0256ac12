import {distance} from 'fastest-levenshtein';
import {quote} from './quote.ts';

/** Longer than any candidate: such a text is not a typing error, and may have millions of characters. */
const MAX_MEANT = 200;

/** The candidate that was probably meant, or undefined when none is similar. Case is ignored. */
export function nearest(given: string, candidates: Iterable<string>): string | undefined {
	if (given.length > MAX_MEANT) return undefined;
	let best: string | undefined;
	// Two swapped letters count as two steps, so words of five letters or more may differ by two.
	let bestDistance = (given.length < 5 ? 1 : Math.max(2, Math.floor(given.length / 3))) + 1;
	for (const candidate of candidates) {
		const steps = distance(given.toLowerCase(), candidate.toLowerCase());
		if (steps < bestDistance) {
			best = candidate;
			bestDistance = steps;
		}
	}
	return best;
}

/** `did you mean "https"?`, or undefined when nothing is similar. */
export function didYouMean(given: string, candidates: Iterable<string>): string | undefined {
	const candidate = nearest(given, candidates);
	return candidate === undefined ? undefined : `did you mean ${quote(candidate)}?`;
}

/** How many items of a list a message names: there may be thousands of back-ends. */
const MAX_NAMED = 20;

/** `"a", "b" or "c"`; of many, the first ones and the number of the others. */
export function alternatives(values: Iterable<string>): string {
	const all = [...values];
	const quoted = all.slice(0, MAX_NAMED).map(quote);
	if (all.length > MAX_NAMED) return `${quoted.join(', ')} or ${all.length - MAX_NAMED} more`;
	if (quoted.length <= 1) return quoted[0] ?? 'nothing';
	return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
