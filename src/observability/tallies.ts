import type {Outcome} from './attempt.ts';
import type {ExchangeKind} from './exchange.ts';
import type {ExchangeRecord} from './exchange-record.ts';

/** How many exchanges of one load balancer were alike. */
export interface Tally {
	readonly kind: ExchangeKind;
	/** Whether only a TLS handshake with the client was tried, and failed. */
	readonly handshakeOnly: boolean;
	/** The logical port of the listener. */
	readonly listener: number;
	/** The name of the back-end; empty: none got it. */
	readonly backend: string;
	/** The first digit of the answer's status; 0: there was no answer. */
	readonly statusClass: number;
	readonly outcome: Outcome;
	readonly count: number;
}

/** One that grows. */
interface Growing extends Tally {
	count: number;
	/** Its count when the record was cleared last. */
	cleared: number;
}

/** The exchanges of one load balancer that have ended, counted by what they have in common. */
export class Tallies {
	/** By back-end: there are few for each, and nearly always the first is the right one. */
	readonly #byBackend = new Map<string, Growing[]>();

	get all(): readonly Tally[] {
		return [...this.#byBackend.values()].flat();
	}

	/** Counts an exchange that has ended. */
	count(record: ExchangeRecord): void {
		const {kind, handshakeOnly, listener, backendName, outcome} = record;
		const statusClass = Math.trunc(record.responseStatus / 100);
		const alike = this.#byBackend.get(backendName);
		if (alike !== undefined) {
			for (const each of alike) {
				if (
					each.outcome === outcome &&
					each.statusClass === statusClass &&
					each.listener === listener &&
					each.kind === kind &&
					each.handshakeOnly === handshakeOnly
				) {
					each.count++;
					return;
				}
			}
		}
		const first = {kind, handshakeOnly, listener, backend: backendName, statusClass, outcome, count: 1, cleared: 0};
		if (alike === undefined) this.#byBackend.set(backendName, [first]);
		else alike.push(first);
	}

	/** How many each back-end got since the last `clear()`. */
	sinceCleared(): Map<string, number> {
		const counts = new Map<string, number>();
		for (const [backend, alike] of this.#byBackend) {
			const count = alike.reduce((sum, each) => sum + each.count - each.cleared, 0);
			if (backend !== '' && count > 0) counts.set(backend, count);
		}
		return counts;
	}

	/** The tallies themselves go on: whoever reads them now and then sees them grow. */
	clear(): void {
		for (const alike of this.#byBackend.values()) for (const each of alike) each.cleared = each.count;
	}
}
