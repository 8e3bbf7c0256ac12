import type {ExchangeRecord} from './exchange-record.ts';

/** Who is told of the exchanges of all load balancers as they happen. Neither function may throw. */
export interface TrafficWatcher {
	/** It is in the record: a request came to be relayed, or a connection to be served. */
	opened(exchange: ExchangeRecord): void;
	ended(exchange: ExchangeRecord): void;
	/** Exchanges are no longer in the record: somebody has cleared it, or their load balancer is gone. Or calls are. */
	cleared(): void;
}

/** What the records of all load balancers of one emulator have in common: their numbers, and who watches them. */
export class TrafficFeed {
	readonly #watchers = new Set<TrafficWatcher>();
	#last = 0;

	/** The number of the next exchange. */
	next(): number {
		this.#last++;
		return this.#last;
	}

	/** Whether anybody watches. Asked first, so that nobody's absence costs anything. */
	get isWatched(): boolean {
		return this.#watchers.size > 0;
	}

	/** @returns what ends it. */
	watch(watcher: TrafficWatcher): () => void {
		this.#watchers.add(watcher);
		return () => this.#watchers.delete(watcher);
	}

	opened(exchange: ExchangeRecord): void {
		for (const watcher of this.#watchers) watcher.opened(exchange);
	}

	ended(exchange: ExchangeRecord): void {
		for (const watcher of this.#watchers) watcher.ended(exchange);
	}

	cleared(): void {
		for (const watcher of this.#watchers) watcher.cleared();
	}
}
