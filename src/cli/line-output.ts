import {Buffer} from 'node:buffer';
import {clearImmediate, clearTimeout, setImmediate, setTimeout} from '../base/timers.ts';
import type {Sink} from './sink.ts';

/** Lines are formatted in batches of about this size: the capacity of a pipe on Linux. */
const BATCH_BYTES = 64 * 1024;

/** Lines that are not urgent wait this long for others: a write costs as much as ten lines. */
const BATCH_MS = 20;

/** A write that a slow reader does not accept is retried after 1, 2, 4, … ms. */
const MAX_RETRY_MS = 50;

/** A queue of lines; see `WaitingLines`. */
export interface LineSource {
	readonly isEmpty: boolean;
	/** The next lines with their ends, up to about so many bytes. */
	take(maxBytes: number): string;
}

/** Writes lines as fast as they are read; until then they wait in their queues. */
export class LineOutput {
	readonly #sink: Sink;
	readonly #sources: LineSource[] = [];
	readonly #onError: (error: Error) => void;
	/** The rest of the current batch, and the queue it came from. */
	#rest: {bytes: Buffer; readonly from: LineSource} | undefined;
	#isWriting = false;
	#isGone = false;
	#timer: NodeJS.Timeout | undefined;
	#turn: NodeJS.Immediate | undefined;
	#retryMs = 1;
	/** Called when the reader has taken something. */
	readonly #watchers = new Set<() => void>();

	/** @param onError called once, when writing is no longer possible. */
	constructor(sink: Sink, onError: (error: Error) => void) {
		this.#sink = sink;
		this.#onError = onError;
	}

	/** Adds a queue; the lines of queues that were added first are written first. */
	add(source: LineSource): void {
		this.#sources.push(source);
	}

	/** Whether the reader has ended, so that further lines are not read. */
	get isGone(): boolean {
		return this.#isGone;
	}

	/** Writes the waiting lines now, as far as the reader takes them. */
	flush(): void {
		if (this.#isBlocked) return;
		this.#writeBatch();
	}

	/** Writes the waiting lines soon, together with those that are added meanwhile. */
	flushSoon(): void {
		if (this.#timer !== undefined || this.#isBlocked) return;
		this.#timer = setTimeout(this.#writeBatch, BATCH_MS);
	}

	/**
	 * Resolves when everything has been written, or writing is no longer possible.
	 *
	 * @param idleMs gives up when the reader takes nothing for this long; never by default.
	 */
	drained(idleMs?: number): Promise<void> {
		return new Promise(resolve => {
			let timer: NodeJS.Timeout | undefined;
			const finish = (): void => {
				clearTimeout(timer);
				this.#watchers.delete(look);
				resolve();
			};
			const look = (): void => {
				if (this.#isDone) {
					finish();
					return;
				}
				clearTimeout(timer);
				if (idleMs !== undefined) timer = setTimeout(finish, idleMs);
			};
			this.#watchers.add(look);
			this.flush();
			look();
		});
	}

	/**
	 * Writes nothing more.
	 *
	 * @returns for each queue, the text that was taken from it and not written.
	 */
	giveUp(): ReadonlyMap<LineSource, string> {
		this.#isGone = true;
		this.#stop();
		const rest = this.#rest;
		this.#rest = undefined;
		return new Map(rest === undefined ? [] : [[rest.from, rest.bytes.toString()]]);
	}

	get #isBlocked(): boolean {
		return this.#isGone || this.#isWriting || this.#rest !== undefined;
	}

	get #isDone(): boolean {
		return this.#isGone || (!this.#isBlocked && this.#sources.every(source => source.isEmpty));
	}

	readonly #writeBatch = (): void => {
		this.#stop();
		this.#rest ??= this.#next();
		if (this.#rest === undefined || this.#isWriting || this.#isGone) return;
		this.#isWriting = true;
		this.#sink.write(this.#rest.bytes, (error, written) => this.#onWritten(error, written));
	};

	#next(): {bytes: Buffer; readonly from: LineSource} | undefined {
		for (const from of this.#sources) {
			const text = from.take(BATCH_BYTES);
			if (text !== '') return {bytes: Buffer.from(text), from};
		}
		return undefined;
	}

	#onWritten(error: Error | null, written: number): void {
		this.#isWriting = false;
		if (this.#isGone) return;
		if (error !== null) {
			this.#isGone = true;
			this.#rest = undefined;
			this.#onError(error);
			this.#notifyWatchers();
			return;
		}
		if (this.#rest !== undefined) {
			this.#rest.bytes = this.#rest.bytes.subarray(written);
			if (this.#rest.bytes.length === 0) this.#rest = undefined;
		}
		if (written === 0) {
			this.#timer = setTimeout(this.#writeBatch, this.#retryMs);
			this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
			return;
		}
		this.#retryMs = 1;
		// One batch per turn of the event loop, so that the load balancers work in between.
		if (!this.#isDone) this.#turn = setImmediate(this.#writeBatch);
		this.#notifyWatchers();
	}

	#notifyWatchers(): void {
		for (const look of [...this.#watchers]) look();
	}

	#stop(): void {
		clearTimeout(this.#timer);
		clearImmediate(this.#turn);
		this.#timer = undefined;
		this.#turn = undefined;
	}
}
