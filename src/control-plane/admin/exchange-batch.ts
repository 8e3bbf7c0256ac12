import type {ExchangeRecord} from '../../observability/exchange-record.ts';
import {type ExchangeSummary, summaryOf} from '../../observability/summary.ts';

/**
 * How many exchanges an event has at most, and how many all events of one second have where they go on coming; of the
 * others it has the number. Where most of them could not have a row anyway, there are fewer: more would cost a busy load
 * balancer more than a twentieth of its time (`bench/traffic.mjs`), and nobody reads so many rows.
 */
const MOST_ROWS = 100;
const MOST_ROWS_A_SECOND = 600;
const ROWS_OF_A_FLOOD = 10;

interface ExchangesEvent {
	readonly opened: readonly ExchangeSummary[];
	readonly ended: readonly ExchangeSummary[];
	readonly dropped?: number;
}

/**
 * The exchanges of one event, which has a bounded number of rows: the newest. Of a busy load balancer no more is kept until
 * the event is sent.
 */
export class ExchangeBatch {
	readonly #mostRows: number;
	/** Those that may still be open when the event is sent, oldest first. */
	#opened: ExchangeRecord[] = [];
	/** The newest that have ended; the oldest of them is at `#endedCount`, modulo the number of rows. */
	readonly #ended: ExchangeRecord[] = [];
	#endedCount = 0;
	/** Of those that are open. */
	#dropped = 0;

	/** @param mostRows at least 1. */
	constructor(mostRows = MOST_ROWS) {
		this.#mostRows = mostRows;
	}

	get isEmpty(): boolean {
		return this.#opened.length + this.#endedCount === 0;
	}

	/** The one after this, for what comes within so many milliseconds. */
	next(periodMs: number): ExchangeBatch {
		if (this.#endedCount > MOST_ROWS) return new ExchangeBatch(ROWS_OF_A_FLOOD);
		return new ExchangeBatch(Math.min(MOST_ROWS, this.#rowsLeft + (MOST_ROWS_A_SECOND * periodMs) / 1000));
	}

	opened(record: ExchangeRecord): void {
		if (this.#opened.length >= 2 * this.#mostRows) this.#forgetEnded();
		this.#opened.push(record);
	}

	ended(record: ExchangeRecord): void {
		this.#ended[this.#endedCount % this.#mostRows] = record;
		this.#endedCount++;
	}

	/** What the event says. What has ended is told once; `dropped` is how many have no row. */
	toJSON(): ExchangesEvent {
		const oldest = this.#ended.length < this.#mostRows ? 0 : this.#endedCount % this.#mostRows;
		const ended = [...this.#ended.slice(oldest), ...this.#ended.slice(0, oldest)];
		const open = this.#opened.filter(({outcome}) => outcome === 'open');
		const opened = open.slice(0, this.#rowsLeft);
		const dropped = this.#dropped + open.length - opened.length + this.#endedCount - ended.length;
		return {opened: opened.map(summaryOf), ended: ended.map(summaryOf), ...(dropped === 0 ? {} : {dropped})};
	}

	/** How many more rows there could be. */
	get #rowsLeft(): number {
		return this.#mostRows - this.#ended.length;
	}

	/** Keeps those that are open, as many as there can be rows for. */
	#forgetEnded(): void {
		const open = this.#opened.filter(({outcome}) => outcome === 'open');
		this.#opened = open.slice(0, this.#mostRows);
		this.#dropped += open.length - this.#opened.length;
	}
}
