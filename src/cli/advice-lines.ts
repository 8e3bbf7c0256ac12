import type {Advice} from '../observability/advice/advice.ts';
import {countOf, type Paint, printable} from './text.ts';

/** How many are shown at the end of a run. README.md states it, too. */
const SHOWN = 10;

/** A piece of advice as it is said: the cause, how sure it is where it is not certain, and the fix. */
export function adviceLines({loadBalancer, message, fix, certainty}: Advice, paint: Paint): string[] {
	const sure = certainty === 'certain' ? '' : ` (${certainty})`;
	return [
		`${paint('name', 'advice:')} ${printable(loadBalancer)}: ${printable(message)}${sure}`,
		`  ${paint('faint', `fix: ${printable(fix)}`)}`,
	];
}

/** The advice of a run, which is shown at its end with how often each was seen. */
export class RunAdvice {
	readonly #paint: Paint;
	/** Each counts on by itself. */
	readonly #said: Advice[] = [];
	#count = 0;

	constructor(paint: Paint) {
		this.#paint = paint;
	}

	/** Takes note of advice that is said for the first time. */
	add(advice: Advice): void {
		this.#count++;
		if (this.#said.length < SHOWN) this.#said.push(advice);
	}

	/** What is printed at the end; nothing when there was none. */
	report(): string[] {
		if (this.#count === 0) return [];
		const more = this.#count - this.#said.length;
		const pieces = this.#count === 1 ? 'a piece' : `${this.#count.toLocaleString('en-US')} pieces`;
		const lines = this.#said.flatMap(advice => {
			const [cause = '', fix = ''] = adviceLines(advice, this.#paint);
			return [`  ${cause}, ${countOf(advice.count, 'time')}`, `  ${fix}`];
		});
		const rest = more === 0 ? [] : [`  and ${more.toLocaleString('en-US')} more`];
		return [`lb-local: ${pieces} of advice; docs/advice.md explains each`, ...lines, ...rest];
	}
}
