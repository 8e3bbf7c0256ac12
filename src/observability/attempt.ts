import type {Outcome} from './exchange.ts';

/** One try to have an exchange served by a back-end. */
export interface Attempt {
	/** The back-end's name. */
	readonly backend: string;
	/** Whether it was made on a connection that had served before. */
	readonly reused: boolean;
	/** Milliseconds from the end of the try before, or from the start of the exchange, to its own end; 0 while it lasts. */
	readonly ms: number;
	/** How it ended: the last one as the exchange did. */
	readonly end: Outcome;
	/** Why, in words; empty when all went well. */
	readonly cause: string;
}
