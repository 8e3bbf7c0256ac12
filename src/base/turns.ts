/**
 * Runs one task at a time for each name, in the order of the calls. Tasks with different names do not wait for each
 * other.
 */
export class Turns {
	readonly #last = new Map<string, Promise<void>>();

	/** Runs `task` after the earlier ones that share a name with it, whether they succeeded or not. */
	run<Result>(names: Iterable<string>, task: () => Promise<Result>): Promise<Result> {
		const own = [...new Set(names)];
		const turn = Promise.all(own.map(name => this.#last.get(name))).then(task);
		const over = turn.then(
			() => {},
			() => {},
		);
		for (const name of own) this.#last.set(name, over);
		void over.then(() => {
			for (const name of own) if (this.#last.get(name) === over) this.#last.delete(name);
		});
		return turn;
	}
}
