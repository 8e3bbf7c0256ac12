import type {ApiCall} from './dialect.ts';

/** A call as it is kept. */
export interface LoggedCall extends ApiCall {
	/** Counts from 1. */
	readonly number: number;
	/** When it came: ISO 8601, UTC. */
	readonly at: string;
	/** From its last byte to its answer, with fractions. */
	readonly ms: number;
}

/** The latest calls of the cloud's APIs, and how many there have been. */
export class CallLog {
	readonly #limit: number;
	#kept: LoggedCall[] = [];
	#total = 0;

	/** @param limit how many are kept. */
	constructor(limit = 1000) {
		this.#limit = limit;
	}

	/** How many there have been, forgotten ones included. */
	get total(): number {
		return this.#total;
	}

	/** Those that are kept, oldest first. */
	get calls(): readonly LoggedCall[] {
		return [...this.#kept];
	}

	add(call: ApiCall, times: {readonly at: string; readonly ms: number}): LoggedCall {
		const logged = {number: ++this.#total, ...times, ...call};
		this.#kept.push(logged);
		if (this.#kept.length > this.#limit) this.#kept.shift();
		return logged;
	}

	/** Forgets all of them; numbers go on. */
	clear(): void {
		this.#kept = [];
	}
}
