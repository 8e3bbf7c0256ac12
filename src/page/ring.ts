/** Something that is numbered through. */
interface Numbered {
	readonly seq: number;
}

/** The latest rows, in the order of their numbers. A row that comes again replaces the one with its number. */
export class Ring<Row extends Numbered> {
	readonly #most: number;
	/** At the front may be rows that are no longer kept: they are cut off many at a time. */
	#rows: Row[] = [];
	#start = 0;
	/** Grows with every change. */
	version = 0;

	constructor(most: number) {
		this.#most = most;
	}

	get length(): number {
		return this.#rows.length - this.#start;
	}

	/** Oldest first. */
	get rows(): readonly Row[] {
		if (this.#start > 0) {
			this.#rows = this.#rows.slice(this.#start);
			this.#start = 0;
		}
		return this.#rows;
	}

	get newest(): Row | undefined {
		return this.#rows.at(-1);
	}

	get oldest(): Row | undefined {
		return this.#rows[this.#start];
	}

	/** Many rows at once, in the order of their numbers. */
	putAll(rows: readonly Row[]): void {
		this.version++;
		const kept = this.rows;
		const merged: Row[] = [];
		let next = 0;
		for (const row of rows) {
			for (let before = kept[next]; before !== undefined && before.seq <= row.seq; before = kept[++next]) {
				if (before.seq < row.seq) merged.push(before);
			}
			merged.push(row);
		}
		this.#rows = merged.concat(kept.slice(next)).slice(-this.#most);
	}

	/** @returns whether its number was not there. */
	put(row: Row): boolean {
		this.version++;
		const last = this.newest;
		if (last === undefined || last.seq < row.seq) {
			this.#rows.push(row);
			this.#forget();
			return true;
		}
		const at = this.#indexOf(row.seq);
		if (this.#rows[at]?.seq === row.seq) {
			this.#rows[at] = row;
			return false;
		}
		// Older than all that are kept, of which there are enough.
		if (at === this.#start && this.length >= this.#most) return false;
		this.#rows.splice(at, 0, row);
		this.#forget();
		return true;
	}

	clear(): void {
		this.version++;
		this.#rows = [];
		this.#start = 0;
	}

	#forget(): void {
		if (this.length <= this.#most) return;
		this.#start++;
		if (this.#start < this.#most / 4) return;
		this.#rows = this.#rows.slice(this.#start);
		this.#start = 0;
	}

	/** Where the row with this number is, or would be. */
	#indexOf(seq: number): number {
		let low = this.#start;
		let high = this.#rows.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#rows[middle]?.seq ?? 0) < seq) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
