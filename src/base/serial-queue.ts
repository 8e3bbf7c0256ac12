/** Runs one task at a time, in the order of the calls: a stop waits for a start in progress, and the reverse. */
export class SerialQueue {
	#last: Promise<void> = Promise.resolve();

	/** Runs `task` after those before it, whether they succeeded or not. Only the caller gets its result or its error. */
	run<Result>(task: () => Promise<Result>): Promise<Result> {
		const turn = this.#last.then(task);
		this.#last = turn.then(
			() => {},
			() => {},
		);
		return turn;
	}
}
