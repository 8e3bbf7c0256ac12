/** How many violations one error lists; the others are only counted. */
export const MAX_VIOLATIONS = 20;

/**
 * A list of violations with a limit: it keeps the first ones and counts the others, whose messages are never built. An
 * error made of it stays small for any input.
 */
export class Violations<One extends {readonly message: string}> extends Array<One> {
	#more = 0;

	/** `map()` and similar methods return plain arrays: the count of the others is lost there. */
	static override get [Symbol.species](): ArrayConstructor {
		return Array;
	}

	/** The given violations as such a list. */
	static within<One extends {readonly message: string}>(collected: Iterable<One>): Violations<One> {
		if (collected instanceof Violations) return collected;
		const made = new Violations<One>();
		for (const one of collected) made.push(one);
		return made;
	}

	/** Adds violations. A function is called only if its result is among the first ones: it may be expensive. */
	override push(...ones: (One | (() => One))[]): number {
		for (const one of ones) {
			if (this.length >= MAX_VIOLATIONS) this.#more++;
			else super.push(typeof one === 'function' ? one() : one);
		}
		return this.length;
	}

	/** How many there are besides those in the list. */
	get more(): number {
		return this.#more;
	}

	/** The same list with each violation changed; the count of the others stays. */
	changed<Other extends {readonly message: string}>(change: (one: One) => Other): Violations<Other> {
		const made = new Violations<Other>();
		for (const one of this) made.push(change(one));
		made.#more = this.#more;
		return made;
	}
}

/** The last line of a message that lists only the first ones; undefined when it lists all. */
export function andMore(more: number): string | undefined {
	return more === 0 ? undefined : `and ${more} more`;
}
