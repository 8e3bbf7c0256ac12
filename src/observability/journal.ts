import {type Duration, readDuration} from '../base/duration.ts';
import {EmulatorError} from '../base/errors.ts';
import {type LongTimer, startLongTimer} from '../base/long-timer.ts';
import {queueMicrotask} from '../base/timers.ts';
import type {Exchange, ExchangeRecord} from './exchange.ts';

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
	 * @throws EmulatorError `TRAFFIC_TIMEOUT` when none does within the timeout, 5 s unless said otherwise, or when the
	 * load balancer is stopped first.
	 */
	next(filter?: (exchange: Exchange) => boolean, timeout?: Duration): Promise<Exchange>;
	/** Forgets everything so far; exchanges still open come back when they end. */
	clear(): void;
}

interface Waiter {
	readonly filter: (exchange: Exchange) => boolean;
	readonly resolve: (exchange: Exchange) => void;
	readonly reject: (error: Error) => void;
	readonly timer: LongTimer;
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
	readonly #waiters = new Set<Waiter>();
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

	/** Tells everybody that an exchange has ended; takes it in first when it is not in yet. */
	finish(record: ExchangeRecord): void {
		if (record.id === 0) this.add(record);
		if (record.backendName !== '') {
			this.#counts.set(record.backendName, (this.#counts.get(record.backendName) ?? 0) + 1);
		}
		if (this.#waiters.size > 0) this.#wake(record);
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

	*[Symbol.iterator](): IterableIterator<Exchange> {
		yield* this.#ring.slice(this.#oldest);
		yield* this.#ring.slice(0, this.#oldest);
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

	next(filter: (exchange: Exchange) => boolean = () => true, timeout: Duration = 5000): Promise<Exchange> {
		const timeoutMs = readDuration(timeout);
		if (this.#closed) return Promise.reject(noMoreTraffic());
		return new Promise((resolve, reject) => {
			const tooLate = () => {
				this.#waiters.delete(waiter);
				reject(new EmulatorError('TRAFFIC_TIMEOUT', `No matching exchange ended within ${timeoutMs} ms`));
			};
			const timer = startLongTimer(timeoutMs, tooLate, {keepsAlive: true});
			const waiter: Waiter = {filter, resolve, reject, timer};
			this.#waiters.add(waiter);
		});
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
		for (const waiter of this.#waiters) {
			waiter.timer.cancel();
			waiter.reject(noMoreTraffic());
		}
		this.#waiters.clear();
		this.#subscribers.clear();
	}

	#wake(record: ExchangeRecord): void {
		for (const waiter of this.#waiters) {
			let matches = false;
			try {
				matches = waiter.filter(record);
			} catch (error) {
				// The filter is the caller's: its error is the caller's answer.
				this.#waiters.delete(waiter);
				waiter.timer.cancel();
				waiter.reject(error instanceof Error ? error : new EmulatorError('BUG', String(error)));
				continue;
			}
			if (!matches) continue;
			this.#waiters.delete(waiter);
			waiter.timer.cancel();
			waiter.resolve(record);
		}
	}
}

function noMoreTraffic(): EmulatorError<'TRAFFIC_TIMEOUT'> {
	return new EmulatorError('TRAFFIC_TIMEOUT', 'The load balancer was stopped before a matching exchange ended');
}
