import type {Duration} from '../base/duration.ts';
import {EmulatorError} from '../base/errors.ts';
import {INSPECT, type InspectArguments, showFields} from '../base/inspection.ts';
import {queueMicrotask} from '../base/timers.ts';
import type {Exchange} from './exchange.ts';
import type {ExchangeRecord} from './exchange-record.ts';
import {Tallies, type Tally} from './tallies.ts';
import {TrafficFeed} from './traffic-feed.ts';
import {type Filter, Waiters} from './waiters.ts';

/** The exchanges of one load balancer, oldest first. */
export interface Traffic extends Iterable<Exchange> {
	/** How many exchanges are kept; `forgotten` counts older ones beyond the limit. */
	readonly length: number;
	/** Exchanges that are no longer kept, since the last `clear()`. */
	readonly forgotten: number;
	/** The names of the back-ends in the order in which they got the exchanges. Those that reached none are left out. */
	order(): string[];
	/** How many exchanges each back-end got since the last `clear()`, including forgotten ones. */
	counts(): Record<string, number>;
	/** The kept exchanges of one back-end. */
	to(backend: string): Exchange[];
	/** The newest exchange. @throws EmulatorError `NO_TRAFFIC` when there is none. */
	last(): Exchange;
	/**
	 * The next exchange that ends after this call and passes the filter.
	 * @param timeout in real time, also with a manual clock; 4 s by default.
	 * @throws EmulatorError `TRAFFIC_TIMEOUT` when there is none within the timeout, or when the load balancer is stopped
	 * first.
	 */
	next(filter?: (exchange: Exchange) => boolean, timeout?: Duration): Promise<Exchange>;
	/**
	 * A request that waits for its answer: all of it has been sent to a back-end, and no byte of an answer has arrived.
	 * One that already waits when this is called counts, the oldest first. Of a TCP connection the client's first bytes
	 * count as its request. From then on `clock.advance()` can make a timeout expire.
	 * @param timeout in real time, also with a manual clock; 4 s by default.
	 * @throws EmulatorError `TRAFFIC_TIMEOUT` as {@link next}.
	 */
	arrival(filter?: (exchange: Exchange) => boolean, timeout?: Duration): Promise<Exchange>;
	/** Forgets everything so far; exchanges that are still open are added again when they end. */
	clear(): void;
}

/** The bounded record of one load balancer's exchanges. */
export class Journal implements Traffic {
	/** A ring: the oldest kept exchange is at `#oldest`. */
	#ring: ExchangeRecord[] = [];
	#oldest = 0;
	readonly #tallies = new Tallies();
	#forgotten = 0;
	/** What `forgotten` had grown to at each `clear()`, in all. */
	#forgottenBefore = 0;
	#nextId = 1;
	readonly #capacity: number;
	readonly #feed: TrafficFeed;
	readonly #ended = new Waiters(
		'matching exchange ended',
		'One that ends before the call does not count: call next() first, then the client.',
	);
	readonly #arrived = new Waiters(
		'matching request came to wait for its answer',
		'One that was answered at once does not wait: see traffic.last() for how it ended.',
	);
	#closed = false;
	readonly #subscribers = new Set<(exchange: ExchangeRecord) => void>();

	/**
	 * @param capacity how many exchanges are kept.
	 * @param feed numbers the exchanges of all load balancers of one emulator.
	 */
	constructor(capacity: number, feed = new TrafficFeed()) {
		this.#capacity = capacity;
		this.#feed = feed;
	}

	/** Adds an exchange, as soon as it has reached a back-end. */
	add(record: ExchangeRecord): void {
		record.id = this.#nextId++;
		record.seq = this.#feed.next();
		if (this.#feed.isWatched) this.#feed.opened(record);
		if (this.#ring.length < this.#capacity) this.#ring.push(record);
		else {
			this.#ring[this.#oldest] = record;
			this.#oldest = (this.#oldest + 1) % this.#capacity;
			this.#forgotten++;
		}
	}

	/** Resolves `arrival()` calls: a back-end has all of a request, or the first bytes of a TCP client. */
	arrive(record: ExchangeRecord): void {
		record.arrived = true;
		if (this.#arrived.size === 0 || !record.awaitsAnswer) return;
		if (record.id === 0) this.add(record);
		this.#arrived.wake(record);
	}

	/** Resolves `next()` calls and notifies subscribers that an exchange has ended, which is in the record already. */
	finish(record: ExchangeRecord): void {
		this.#tallies.count(record);
		if (this.#ended.size > 0) this.#ended.wake(record);
		if (this.#feed.isWatched) this.#feed.ended(record);
		for (const subscriber of this.#subscribers) {
			try {
				subscriber(record);
			} catch (error) {
				// A subscriber's error must be visible, but must not break the sockets' code.
				queueMicrotask(() => {
					throw error;
				});
			}
		}
	}

	/** Calls the subscriber with every exchange that ends. Returns a function that unsubscribes it. */
	subscribe(subscriber: (exchange: ExchangeRecord) => void): () => void {
		this.#subscribers.add(subscriber);
		return () => this.#subscribers.delete(subscriber);
	}

	/** Those that are kept, oldest first. */
	get records(): readonly ExchangeRecord[] {
		return this.#ring.slice(this.#oldest).concat(this.#ring.slice(0, this.#oldest));
	}

	/** The one with this id; `forgotten` when there was one that is no longer kept, undefined when there was none. */
	find(id: number): ExchangeRecord | 'forgotten' | undefined {
		const found = this.#ring.find(record => record.id === id);
		if (found !== undefined) return found;
		return Number.isInteger(id) && id > 0 && id < this.#nextId ? 'forgotten' : undefined;
	}

	get length(): number {
		return this.#ring.length;
	}

	get forgotten(): number {
		return this.#forgotten;
	}

	/** Of all that have ended, whether the record was cleared since or not. */
	get tallies(): readonly Tally[] {
		return this.#tallies.all;
	}

	/** As `forgotten`, whether the record was cleared since or not. */
	get forgottenInAll(): number {
		return this.#forgottenBefore + this.#forgotten;
	}

	[Symbol.iterator](): IterableIterator<Exchange> {
		return this.#records();
	}

	order(): string[] {
		return [...this].flatMap(exchange => exchange.backend?.name ?? []);
	}

	counts(): Record<string, number> {
		const counts = this.#tallies.sinceCleared();
		for (const {outcome, backendName} of this.#ring) {
			if (outcome === 'open' && backendName !== '') counts.set(backendName, (counts.get(backendName) ?? 0) + 1);
		}
		return Object.fromEntries(counts);
	}

	to(backend: string): Exchange[] {
		return [...this].filter(exchange => exchange.backend?.name === backend);
	}

	last(): Exchange {
		const newest = this.#ring[(this.#oldest + this.#ring.length - 1) % this.#capacity];
		if (newest === undefined) {
			throw new EmulatorError('NO_TRAFFIC', 'Nothing has reached this load balancer yet', {
				hint: 'Await the client first, or await traffic.next().',
			});
		}
		return newest;
	}

	async next(filter?: Filter, timeout?: Duration): Promise<Exchange> {
		if (this.#closed) throw this.#ended.stopped();
		return this.#ended.wait(filter, timeout);
	}

	async arrival(filter: Filter = () => true, timeout?: Duration): Promise<Exchange> {
		if (this.#closed) throw this.#arrived.stopped();
		for (const record of this.#records()) if (record.awaitsAnswer && filter(record)) return record;
		return this.#arrived.wait(filter, timeout);
	}

	[INSPECT](...how: InspectArguments): string {
		return showFields('Traffic', {length: this.length, forgotten: this.forgotten, counts: this.counts()}, how);
	}

	clear(): void {
		for (const record of this.#ring) if (record.outcome === 'open') record.id = 0;
		this.#ring = [];
		this.#oldest = 0;
		this.#forgottenBefore += this.#forgotten;
		this.#forgotten = 0;
		this.#tallies.clear();
		this.#feed.cleared();
	}

	/** Rejects the waiting calls: no more exchanges will come. */
	close(): void {
		this.#closed = true;
		this.#ended.close();
		this.#arrived.close();
		this.#subscribers.clear();
		this.#feed.cleared();
	}

	*#records(): IterableIterator<ExchangeRecord> {
		yield* this.#ring.slice(this.#oldest);
		yield* this.#ring.slice(0, this.#oldest);
	}
}
