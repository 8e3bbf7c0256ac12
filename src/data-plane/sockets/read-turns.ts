import {setImmediate} from '../../base/timers.ts';

/** A client's connection that can be left unread for a while. */
export interface TurnTaker {
	/** How often {@link ReadTurns} has let it go on since it last waited. */
	wentOn: number;
	/** Whether it is left unread until its turn comes. Kept by {@link ReadTurns}. */
	waits: boolean;
	/** Its turn has come: what it sends may be read again. Called once for each wait. */
	takeTurn(): void;
}

/** Pieces of work that are not counted as a crowd, in one round of the event loop. */
const CROWD = 128;
/** The same while new clients are being accepted: a round of half a millisecond. */
const CROWD_AT_THE_DOOR = 16;
/** How many are called in a round. They and what they are answered are all that a round has to do, then. */
const CALLED_PER_ROUND = 4;
/** Pieces of work in a turn. To stop reading and to begin again are two calls into the system, shared by these. */
const WORK_PER_TURN = 4;

/**
 * Which client is read from next, when many send at once.
 *
 * Node calls back for everything that has come in before it looks at its sockets again, and it accepts one connection
 * of a port each time it looks (libuv 1.45, "don't accept() connections in a loop"). With 1,000 clients that send
 * without a pause, a round took 20 ms, so the 300th new client had waited for its first byte for seconds. And each
 * answer came when everything about its request had left the processor's caches, which made a request twice as dear.
 *
 * So rounds are kept short: in a crowd, a client that has had its turn waits, unread, until all who waited before it
 * have had theirs. Below a crowd nobody waits, and nothing here limits how many requests are under way: clients whose
 * back-ends are slow take no turns.
 */
export class ReadTurns {
	/** Pieces of work since the last round that was counted. */
	#done = 0;
	/** Rounds for which the door counts as busy. */
	#doorRounds = 0;
	#counting = false;
	/** In the order in which they came; those before `#next` have been called. */
	#waiting: TurnTaker[] = [];
	#next = 0;

	/**
	 * A piece of work for this client is done: a request answered, bytes passed on.
	 *
	 * @returns whether it may be read from at once; if not, its `takeTurn` is called when it may. Also true for one
	 * that waits already.
	 */
	mayGoOn(client: TurnTaker): boolean {
		if (client.waits) return true;
		this.#done++;
		// Far below a crowd rounds are not counted one by one: that, too, is work.
		if (this.#done >= CROWD_AT_THE_DOOR) this.#count();
		if (this.#waiting.length === 0 && this.#done <= (this.#doorRounds > 0 ? CROWD_AT_THE_DOOR : CROWD)) return true;
		client.wentOn++;
		if (client.wentOn < WORK_PER_TURN) return true;
		client.wentOn = 0;
		client.waits = true;
		this.#waiting.push(client);
		return false;
	}

	/** A connection was accepted: more may stand behind it. */
	accepted(): void {
		this.#doorRounds = 2;
		this.#count();
	}

	#count(): void {
		if (this.#counting) return;
		this.#counting = true;
		setImmediate(this.#endRound);
	}

	readonly #endRound = (): void => {
		this.#counting = false;
		this.#done = 0;
		if (this.#doorRounds > 0) this.#doorRounds--;
		const end = Math.min(this.#next + CALLED_PER_ROUND, this.#waiting.length);
		for (const client of this.#waiting.slice(this.#next, end)) {
			client.waits = false;
			client.takeTurn();
		}
		this.#next = end;
		if (this.#next === this.#waiting.length) {
			this.#waiting = [];
			this.#next = 0;
		} else if (this.#next >= this.#waiting.length / 2) {
			this.#waiting = this.#waiting.slice(this.#next);
			this.#next = 0;
		}
		if (this.#waiting.length > 0 || this.#doorRounds > 0) this.#count();
	};
}
