/** How many events are kept, and how many characters in all: a busy load balancer makes large ones. */
const MOST_EVENTS = 2000;
const MOST_CHARACTERS = 8 * 1024 * 1024;

/** The latest events as they were sent, for readers that come back. */
export class EventRing {
	#texts: string[] = [];
	#characters = 0;
	#last = 0;

	/** The number of the latest event; 0 before the first. */
	get last(): number {
		return this.#last;
	}

	add(text: string): void {
		this.#last++;
		this.#texts.push(text);
		this.#characters += text.length;
		while (this.#texts.length > MOST_EVENTS || this.#characters > MOST_CHARACTERS) {
			this.#characters -= this.#texts.shift()?.length ?? 0;
		}
	}

	/** The events after the one with this number; undefined when some of them are no longer kept, or it is not known. */
	since(id: string): readonly string[] | undefined {
		const seen = /^\d{1,15}$/.test(id) ? Number(id) : -1;
		const oldest = this.#last - this.#texts.length + 1;
		if (seen > this.#last || seen < oldest - 1) return undefined;
		return this.#texts.slice(seen - oldest + 1);
	}

	/** Forgets the events, and that there may have been none since: whoever comes back has missed something. */
	clear(): void {
		this.#texts = [];
		this.#characters = 0;
		this.#last++;
	}
}
