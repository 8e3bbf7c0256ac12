/** How many items may wait to be written, and how much memory they may hold. */
export interface WaitingBound {
	readonly items: number;
	readonly bytes: number;
}

export interface WaitingLinesOptions<Item> {
	/** The line of an item, without its end. Called when the line is about to be written, and never for what is dropped. */
	readonly format: (item: Item) => string;
	/** About how many bytes of memory an item holds while it waits. */
	readonly sizeOf: (item: Item) => number;
	/** Without one nothing is dropped. */
	readonly bound?: WaitingBound | undefined;
	/** The line that is written in the place of items that were dropped; without it the owner tells of them. */
	readonly gapLine?: ((dropped: number) => string) | undefined;
}

/**
 * Items on their way to a reader that may be slow: a bounded queue. When it is full the oldest item is dropped and
 * counted, because what happened last is what a reader wants to see when it reads again.
 */
export class WaitingLines<Item> {
	readonly #options: WaitingLinesOptions<Item>;
	#items: (Item | undefined)[] = [];
	#sizes: number[] = [];
	/** Where the oldest item is; what is before it has gone. */
	#first = 0;
	#bytes = 0;
	/** Dropped, and not told of yet. */
	#dropped = 0;
	/** What the text that was taken last stands for. */
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

	/** @returns whether there was room; if not, the oldest items have been dropped. */
	add(item: Item): boolean {
		const {bound, sizeOf} = this.#options;
		const size = bound === undefined ? 0 : sizeOf(item);
		this.#items.push(item);
		this.#sizes.push(size);
		this.#bytes += size;
		if (bound === undefined) return true;
		const before = this.#dropped;
		// The newest stays, whatever its size: otherwise one large item would leave nothing to show.
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
			// On its own, so that one knows whether it has been written.
			this.#taken = {gap: this.#dropped};
			this.#dropped = 0;
			return `${gapLine(this.#taken.gap)}\n`;
		}
		let text = '';
		while (this.#count > 0 && text.length < maxBytes) {
			const item = this.#removeFirst();
			// Only places that have been emptied are undefined.
			text += `${format(item as Item)}\n`;
		}
		return text;
	}

	/** What was dropped since it was told last. From here on it counts as told. */
	takeDropped(): number {
		const dropped = this.#dropped;
		this.#dropped = 0;
		return dropped;
	}

	/**
	 * Gives up what waits.
	 *
	 * @param unwritten the end of the text that was taken last, as far as it has not been written.
	 * @returns how many items have neither been written nor told of as dropped.
	 */
	giveUp(unwritten: string): number {
		const untold = this.#taken.gap > 0 && unwritten !== '' ? this.#taken.gap : unwritten.split('\n').length - 1;
		const lost = untold + this.#count + this.takeDropped();
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
