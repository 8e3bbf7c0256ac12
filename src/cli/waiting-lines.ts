/** How many items may wait to be written, and how much memory they may take. */
export interface WaitingBound {
	readonly items: number;
	readonly bytes: number;
}

export interface WaitingLinesOptions<Item> {
	/** The line of an item, without its end. Called just before the line is written, and not for dropped items. */
	readonly format: (item: Item) => string;
	/** The approximate memory of a waiting item, in bytes. */
	readonly sizeOf: (item: Item) => number;
	/** Without a limit nothing is dropped. */
	readonly bound?: WaitingBound | undefined;
	/** The line that replaces dropped items; without it the owner reports them. */
	readonly gapLine?: ((dropped: number) => string) | undefined;
}

/**
 * A bounded queue of items for a reader that may be slow. When it is full, the oldest item is dropped and counted,
 * because a reader that returns wants to see the latest ones.
 */
export class WaitingLines<Item> {
	readonly #options: WaitingLinesOptions<Item>;
	#items: (Item | undefined)[] = [];
	#sizes: number[] = [];
	/** The index of the oldest item; the places before it are empty. */
	#first = 0;
	#bytes = 0;
	/** Items that were dropped and are not reported yet. */
	#dropped = 0;
	/** How many dropped items the text that was taken last reports. */
	#taken: {gap: number} = {gap: 0};

	constructor(options: WaitingLinesOptions<Item>) {
		this.#options = options;
	}

	get isEmpty(): boolean {
		return this.#first === this.#items.length && !this.#hasGap;
	}

	get #hasGap(): boolean {
		return this.#dropped > 0 && this.#options.gapLine !== undefined;
	}

	/** @returns whether there was room; otherwise the oldest items were dropped. */
	add(item: Item): boolean {
		const {bound, sizeOf} = this.#options;
		const size = bound === undefined ? 0 : sizeOf(item);
		this.#items.push(item);
		this.#sizes.push(size);
		this.#bytes += size;
		if (bound === undefined) return true;
		const before = this.#dropped;
		// The newest item always stays: otherwise one large item would leave nothing to show.
		while (this.#count > 1 && (this.#count > bound.items || this.#bytes > bound.bytes)) {
			this.#removeFirst();
			this.#dropped++;
		}
		return this.#dropped === before;
	}

	/** The next lines with their ends, up to about so many bytes; empty when there are none. */
	take(maxBytes: number): string {
		const {format, gapLine} = this.#options;
		this.#taken = {gap: 0};
		if (gapLine !== undefined && this.#dropped > 0) {
			// Separately, so that `giveUp` knows whether it has been written.
			this.#taken = {gap: this.#dropped};
			this.#dropped = 0;
			return `${gapLine(this.#taken.gap)}\n`;
		}
		let text = '';
		while (this.#count > 0 && text.length < maxBytes) {
			const item = this.#removeFirst();
			// Only emptied places are undefined.
			text += `${format(item as Item)}\n`;
		}
		return text;
	}

	/** How many items were dropped since the last report. They count as reported then. */
	takeDropped(): number {
		const dropped = this.#dropped;
		this.#dropped = 0;
		return dropped;
	}

	/**
	 * Drops all waiting items.
	 *
	 * @param unwritten the part of the text that was taken last that has not been written.
	 * @returns how many items were neither written nor reported as dropped.
	 */
	giveUp(unwritten: string): number {
		const unreported = this.#taken.gap > 0 && unwritten !== '' ? this.#taken.gap : unwritten.split('\n').length - 1;
		const lost = unreported + this.#count + this.takeDropped();
		this.#items = [];
		this.#sizes = [];
		this.#first = 0;
		this.#bytes = 0;
		this.#taken = {gap: 0};
		return lost;
	}

	get #count(): number {
		return this.#items.length - this.#first;
	}

	#removeFirst(): Item | undefined {
		const item = this.#items[this.#first];
		this.#bytes -= this.#sizes[this.#first] ?? 0;
		this.#items[this.#first] = undefined;
		this.#first++;
		if (this.#first === this.#items.length) {
			this.#items = [];
			this.#sizes = [];
			this.#first = 0;
		} else if (this.#first >= 1024 && this.#first * 2 >= this.#items.length) {
			this.#items.splice(0, this.#first);
			this.#sizes.splice(0, this.#first);
			this.#first = 0;
		}
		return item;
	}
}
