/** Numbers that grow through everything that one emulator records. */
export class Sequence {
	#last = 0;

	/** The number that was given last; 0 before the first. */
	get last(): number {
		return this.#last;
	}

	next(): number {
		this.#last++;
		return this.#last;
	}
}
