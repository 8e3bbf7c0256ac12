import {type Duration, readDuration} from '../base/duration.ts';
import {EmulatorError} from '../base/errors.ts';
import {type LongTimer, startLongTimer} from '../base/long-timer.ts';
import type {Exchange} from './exchange.ts';

export type Filter = (exchange: Exchange) => boolean;

/**
 * The default timeout: less than the 5 s after which vitest and jest fail a test, so that this error appears and not
 * theirs (vitest, `testTimeout`; jest, `testTimeout`).
 */
const DEFAULT_TIMEOUT: Duration = 4000;

interface Waiter {
	readonly filter: Filter;
	readonly resolve: (exchange: Exchange) => void;
	readonly reject: (error: Error) => void;
	readonly timer: LongTimer;
}

/** The calls that wait, in real time, until an exchange reaches a certain state. */
export class Waiters {
	/** What they wait for: `matching exchange ended`. */
	readonly #what: string;
	/** What to do when it does not happen. */
	readonly #hint: string;
	readonly #waiting = new Set<Waiter>();

	constructor(what: string, hint: string) {
		this.#what = what;
		this.#hint = hint;
	}

	get size(): number {
		return this.#waiting.size;
	}

	/** @throws EmulatorError `TRAFFIC_TIMEOUT`; what the filter throws. */
	wait(filter: Filter = () => true, timeout: Duration = DEFAULT_TIMEOUT): Promise<Exchange> {
		const timeoutMs = readDuration(timeout);
		return new Promise((resolve, reject) => {
			const tooLate = () => {
				this.#waiting.delete(waiter);
				const message = `No ${this.#what} within ${timeoutMs} ms`;
				reject(new EmulatorError('TRAFFIC_TIMEOUT', message, {hint: this.#hint}));
			};
			const timer = startLongTimer(timeoutMs, tooLate, {keepsAlive: true});
			const waiter: Waiter = {filter, resolve, reject, timer};
			this.#waiting.add(waiter);
		});
	}

	/** Resolves the calls whose filter accepts the exchange. */
	wake(exchange: Exchange): void {
		for (const waiter of this.#waiting) {
			let matches = false;
			try {
				matches = waiter.filter(exchange);
			} catch (error) {
				// The filter is the caller's, so its error rejects the caller's promise.
				this.#end(waiter);
				waiter.reject(error instanceof Error ? error : new EmulatorError('BUG', String(error)));
				continue;
			}
			if (!matches) continue;
			this.#end(waiter);
			waiter.resolve(exchange);
		}
	}

	/** Rejects the waiting calls: no more exchanges will come. */
	close(): void {
		for (const waiter of this.#waiting) {
			this.#end(waiter);
			waiter.reject(this.stopped());
		}
	}

	stopped(): EmulatorError<'TRAFFIC_TIMEOUT'> {
		return new EmulatorError('TRAFFIC_TIMEOUT', `The load balancer was stopped before a ${this.#what}`);
	}

	#end(waiter: Waiter): void {
		this.#waiting.delete(waiter);
		waiter.timer.cancel();
	}
}
