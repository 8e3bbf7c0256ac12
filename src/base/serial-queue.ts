/** One task at a time, in the order they came: a stop during a start, and the reverse, wait for each other. */
export class SerialQueue {
	#last: Promise<void> = Promise.resolve();

	/** Runs `task` after those before it, whatever came of them. The caller hears what came of it, and nobody else. */
	run<Result>(task: () => Promise<Result>): Promise<Result> {
		const turn = this.#last.then(task);
		this.#last = turn.then(
			() => {},
			() => {},
		);
		return turn;
	}
}
