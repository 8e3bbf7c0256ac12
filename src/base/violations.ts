/** How many broken rules one error tells; those beyond it are counted. */
export const MAX_VIOLATIONS = 20;

/**
 * Broken rules as they are collected: a list of the first of them, and how many more there are. Whatever the input, an
 * error made of them stays small, and what it would say of the others is never put into words.
 */
export class Violations<One extends {readonly message: string}> extends Array<One> {
	#more = 0;

	/** Copies that `map()` and the like make are plain lists: they know nothing of those that are only counted. */
	static override get [Symbol.species](): ArrayConstructor {
		return Array;
	}

	/** What somebody else has collected, within the bound. */
	static within<One extends {readonly message: string}>(collected: Iterable<One>): Violations<One> {
		if (collected instanceof Violations) return collected;
		const made = new Violations<One>();
		for (const one of collected) made.push(one);
		return made;
	}

	/** Takes them in. A function is called only if its violation is among the first: it may have a lot to do. */
	override push(...ones: (One | (() => One))[]): number {
		for (const one of ones) {
			if (this.length >= MAX_VIOLATIONS) this.#more++;
			else super.push(typeof one === 'function' ? one() : one);
		}
		return this.length;
	}

	/** How many there are beside those in the list. */
	get more(): number {
		return this.#more;
	}

	/** The same with each of the list put otherwise. */
	changed<Other extends {readonly message: string}>(change: (one: One) => Other): Violations<Other> {
		const made = new Violations<Other>();
		for (const one of this) made.push(change(one));
		made.#more = this.#more;
		return made;
	}
}

/** The last line of a message that tells the first of many; undefined when it has told all. */
export function andMore(more: number): string | undefined {
	return more === 0 ? undefined : `and ${more} more`;
}
