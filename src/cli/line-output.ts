import {Buffer} from 'node:buffer';
import {clearImmediate, clearTimeout, setImmediate, setTimeout} from '../base/timers.ts';
import type {Sink} from './sink.ts';

/** Lines are made in batches of about this size: as much as a pipe of Linux holds. */
const BATCH_BYTES = 64 * 1024;

/** Lines that need not be seen at once wait this long for others: a write costs as much as ten lines. */
const BATCH_MS = 20;

/** A reader that takes nothing is tried again after 1, 2, 4, … ms. */
const MAX_RETRY_MS = 50;

/** Where lines wait; see `WaitingLines`. */
export interface LineSource {
	readonly isEmpty: boolean;
	/** The next lines with their ends, up to about so many bytes. */
	take(maxBytes: number): string;
}

/** Has lines written as fast as they are read, and no faster: in the meantime they wait where they come from. */
export class LineOutput {
	readonly #sink: Sink;
	readonly #sources: LineSource[] = [];
	readonly #onError: (error: Error) => void;
	/** What is left of the batch that is being written, and where it came from. */
	#rest: {bytes: Buffer; readonly from: LineSource} | undefined;
	#isWriting = false;
	#isGone = false;
	#timer: NodeJS.Timeout | undefined;
	#turn: NodeJS.Immediate | undefined;
	#retryMs = 1;
	/** Those who wait for something to be taken. */
	readonly #watchers = new Set<() => void>();

	/** @param onError called once, when nothing can be written any more. */
	constructor(sink: Sink, onError: (error: Error) => void) {
		this.#sink = sink;
		this.#onError = onError;
	}

	/** Lines of those that were added first are written first. */
	add(source: LineSource): void {
		this.#sources.push(source);
	}

	/** Whether nobody will read what is added from here on. */
	get isGone(): boolean {
		return this.#isGone;
	}

	/** Writes what there is at once, as far as it is taken. */
	flush(): void {
		if (this.#isBlocked) return;
		this.#writeBatch();
	}

	/** Writes what there is before long, together with what comes meanwhile. */
	flushSoon(): void {
		if (this.#timer !== undefined || this.#isBlocked) return;
		this.#timer = setTimeout(this.#writeBatch, BATCH_MS);
	}

	/**
	 * Resolves when everything has been written, or nothing can be any more.
	 *
	 * @param patienceMs given up when the reader takes nothing for so long; without it never.
	 */
	drained(patienceMs?: number): Promise<void> {
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
				if (patienceMs !== undefined) timer = setTimeout(finish, patienceMs);
			};
			this.#watchers.add(look);
			this.flush();
			look();
		});
	}

	/**
	 * Writes nothing more.
	 *
	 * @returns what of each source had been taken and is not written.
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
			this.#tellWatchers();
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
		// One batch a turn: the load balancers have their turns in between.
		if (!this.#isDone) this.#turn = setImmediate(this.#writeBatch);
		this.#tellWatchers();
	}

	#tellWatchers(): void {
		for (const look of [...this.#watchers]) look();
	}

	#stop(): void {
		clearTimeout(this.#timer);
		clearImmediate(this.#turn);
		this.#timer = undefined;
		this.#turn = undefined;
	}
}
