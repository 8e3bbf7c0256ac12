/** Counts the changes of something, so that what was derived from it can tell whether it still holds. */
export class Revision {
	readonly #whole: Revision | undefined;
	#number = 0;

	/** @param whole of which this is a part: it advances as well. */
	constructor(whole?: Revision) {
		this.#whole = whole;
	}

	get number(): number {
		return this.#number;
	}

	/** Something has changed. */
	advance(): void {
		this.#number++;
		this.#whole?.advance();
	}
}
