/** Counts the changes of something, so that what was derived from it can tell whether it still holds. */
export class Revision {
	#number = 0;

	get number(): number {
		return this.#number;
	}

	/** Something has changed. */
	advance(): void {
		this.#number++;
	}
}
