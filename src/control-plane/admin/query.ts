import {invalidDescription, type Violation} from '../../base/errors.ts';
import {quote} from '../../base/quote.ts';
import {didYouMean} from '../../base/suggest.ts';

/** The parameters behind the `?` of an address, each at most once; what is wrong with them is told together. */
export class Query {
	readonly #given: URLSearchParams;
	readonly #violations: Violation[] = [];

	/** @param allowed the names of those that are read. */
	constructor(text: string, allowed: readonly string[]) {
		this.#given = new URLSearchParams(text);
		for (const key of new Set(this.#given.keys())) {
			if (!allowed.includes(key)) {
				const message = `${quote(key)} is no parameter; allowed are ${allowed.join(', ')}`;
				this.refuse({path: [], message, hint: didYouMean(key, allowed)});
			} else if (this.#given.getAll(key).length > 1) {
				this.refuse({path: [key], message: 'is given more than once'});
			}
		}
	}

	text(key: string): string | undefined {
		return this.#given.get(key) ?? undefined;
	}

	/** A whole number within bounds. */
	number(key: string, least = 0, most = Number.MAX_SAFE_INTEGER): number | undefined {
		const text = this.#given.get(key);
		if (text === null) return undefined;
		if (/^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
		const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
		this.refuse({path: [key], message: `${quote(text)} is not a whole number ${range}`});
		return undefined;
	}

	/** One of several words. */
	choice<Word extends string>(key: string, allowed: readonly Word[]): Word | undefined {
		const text = this.#given.get(key);
		if (text === null) return undefined;
		const chosen = allowed.find(each => each === text);
		if (chosen === undefined) {
			const message = `${quote(text)} is no ${key}; allowed are ${allowed.join(', ')}`;
			this.refuse({path: [key], message, hint: didYouMean(text, allowed)});
		}
		return chosen;
	}

	refuse(violation: Violation): void {
		this.#violations.push(violation);
	}

	/** @throws EmulatorError `INVALID_DESCRIPTION` with all that was wrong. */
	end(): void {
		if (this.#violations.length > 0) throw invalidDescription('The query', this.#violations);
	}
}
