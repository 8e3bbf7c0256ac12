/** How many characters wait for a reader that is slow. */
const MOST_CHARACTERS = 1024 * 1024;

/** What is to be sent to one reader. It ends when the reader goes away, or after `end()` when all of it is sent. */
export class EventQueue implements AsyncIterableIterator<string> {
	readonly #onLeft: () => void;
	#waiting: string[] = [];
	#characters = 0;
	#ended = false;
	/** Resolves the reader's wait for more. */
	#wake: (() => void) | undefined;

	/** @param onLeft called once, when nothing more will be read. */
	constructor(onLeft: () => void) {
		this.#onLeft = onLeft;
	}

	/** @returns false where the reader is too slow; the text is not in the queue then. */
	push(text: string): boolean {
		if (this.#ended) return true;
		if (this.#characters + text.length > MOST_CHARACTERS) return false;
		this.#waiting.push(text);
		this.#characters += text.length;
		this.#wake?.();
		return true;
	}

	/** Drops everything that waits, for this. */
	replaceBy(text: string): void {
		this.#waiting = [];
		this.#characters = 0;
		this.push(text);
	}

	/** Nothing more comes. */
	end(): void {
		this.#ended = true;
		this.#wake?.();
	}

	async next(): Promise<IteratorResult<string>> {
		while (this.#waiting.length === 0) {
			if (this.#ended) {
				this.#leave();
				return {done: true, value: undefined};
			}
			await new Promise<void>(resolve => {
				this.#wake = resolve;
			});
			this.#wake = undefined;
		}
		// All that waits goes out as one piece.
		const value = this.#waiting.join('');
		this.#waiting = [];
		this.#characters = 0;
		return {done: false, value};
	}

	async return(): Promise<IteratorResult<string>> {
		this.#waiting = [];
		this.end();
		this.#leave();
		return {done: true, value: undefined};
	}

	[Symbol.asyncIterator](): this {
		return this;
	}

	#left = false;

	#leave(): void {
		if (this.#left) return;
		this.#left = true;
		this.#onLeft();
	}
}
