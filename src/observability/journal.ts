import type {Duration} from '../base/duration.ts';
import {EmulatorError} from '../base/errors.ts';
import {INSPECT, type InspectArguments, showFields} from '../base/inspection.ts';
import {queueMicrotask} from '../base/timers.ts';
import type {Exchange} from './exchange.ts';
import type {ExchangeRecord} from './exchange-record.ts';
import {type Filter, Waiters} from './waiters.ts';

/** What happened at one load balancer, oldest first. */
export interface Traffic extends Iterable<Exchange> {
	/** Exchanges kept; older ones beyond the limit are gone, see `forgotten`. */
	readonly length: number;
	/** Exchanges that are no longer kept, since the last `clear()`. */
	readonly forgotten: number;
	/** The back-ends' names in the order they were given work. Exchanges that reached none are left out. */
	order(): string[];
	/** How many exchanges each back-end was given since the last `clear()`, forgotten ones included. */
	counts(): Record<string, number>;
	/** The kept exchanges of one back-end. */
	to(backend: string): Exchange[];
	/** The newest exchange. @throws EmulatorError `NO_TRAFFIC` when there is none. */
	last(): Exchange;
	/**
	 * The next exchange that ends after this call and passes the filter.
	 * @param timeout in real time, whatever the clock; 4 s unless said otherwise.
	 * @throws EmulatorError `TRAFFIC_TIMEOUT` when none does within the timeout, or when the load balancer is stopped first.
	 */
	next(filter?: (exchange: Exchange) => boolean, timeout?: Duration): Promise<Exchange>;
	/**
	 * A request that waits for its answer: all of it has been handed to a back-end, and nothing of an answer has come. One
	 * that waits already when this is called will do, the oldest first. Of a TCP connection the client's first bytes are
	 * its request. From then on `clock.advance()` goes by a timeout that is under way.
	 * @param timeout in real time, whatever the clock; 4 s unless said otherwise.
	 * @throws EmulatorError `TRAFFIC_TIMEOUT` as {@link next}.
	 */
	arrival(filter?: (exchange: Exchange) => boolean, timeout?: Duration): Promise<Exchange>;
	/** Forgets everything so far; exchanges still open come back when they end. */
	clear(): void;
}

/** The bounded record of one load balancer's exchanges. */
export class Journal implements Traffic {
	/** A ring: the oldest kept exchange is at `#oldest`. */
	#ring: ExchangeRecord[] = [];
	#oldest = 0;
	#counts = new Map<string, number>();
	#forgotten = 0;
	#nextId = 1;
	readonly #capacity: number;
	readonly #ended = new Waiters(
		'matching exchange ended',
		'One that ends before the call does not count: call next() first, then the client.',
	);
	readonly #arrived = new Waiters(
		'matching request came to wait for its answer',
		'One that was answered at once does not wait: see traffic.last() for how it ended.',
	);
	#closed = false;
	readonly #subscribers = new Set<(exchange: Exchange) => void>();

	/** @param capacity how many exchanges are kept. */
	constructor(capacity: number) {
		this.#capacity = capacity;
	}

	/** Takes an exchange in, as soon as there is something to see of it. */
	add(record: ExchangeRecord): void {
		record.id = this.#nextId++;
		if (this.#ring.length < this.#capacity) this.#ring.push(record);
		else {
			this.#ring[this.#oldest] = record;
			this.#oldest = (this.#oldest + 1) % this.#capacity;
			this.#forgotten++;
		}
	}

	/** Tells those who wait that a back-end has all of a request, or the first of a TCP client's bytes. */
	arrive(record: ExchangeRecord): void {
		record.arrived = true;
		if (this.#arrived.size === 0 || !record.awaitsAnswer) return;
		if (record.id === 0) this.add(record);
		this.#arrived.wake(record);
	}

	/** Tells everybody that an exchange has ended; takes it in first when it is not in yet. */
	finish(record: ExchangeRecord): void {
		if (record.id === 0) this.add(record);
		if (record.backendName !== '') {
			this.#counts.set(record.backendName, (this.#counts.get(record.backendName) ?? 0) + 1);
		}
		if (this.#ended.size > 0) this.#ended.wake(record);
		for (const subscriber of this.#subscribers) {
			try {
				subscriber(record);
			} catch (error) {
				// A bug in somebody's listener must show, but not here among the sockets.
				queueMicrotask(() => {
					throw error;
				});
			}
		}
	}

	/** Calls back with every exchange that ends. Returns the way to stop that. */
	subscribe(subscriber: (exchange: Exchange) => void): () => void {
		this.#subscribers.add(subscriber);
		return () => this.#subscribers.delete(subscriber);
	}

	get length(): number {
		return this.#ring.length;
	}

	get forgotten(): number {
		return this.#forgotten;
	}

	[Symbol.iterator](): IterableIterator<Exchange> {
		return this.#records();
	}

	order(): string[] {
		return [...this].flatMap(exchange => exchange.backend?.name ?? []);
	}

	counts(): Record<string, number> {
		const counts = new Map(this.#counts);
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
		this.#forgotten = 0;
		this.#counts = new Map();
	}

	/** Nothing more will come: those who wait are told. */
	close(): void {
		this.#closed = true;
		this.#ended.close();
		this.#arrived.close();
		this.#subscribers.clear();
	}

	*#records(): IterableIterator<ExchangeRecord> {
		yield* this.#ring.slice(this.#oldest);
		yield* this.#ring.slice(0, this.#oldest);
	}
}
