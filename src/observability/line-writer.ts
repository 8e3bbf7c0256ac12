import {Buffer} from 'node:buffer';
import type {FileHandle} from 'node:fs/promises';
import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import {clearTimeout, queueMicrotask, setTimeout, wait} from '../base/timers.ts';

/** A batch is written when it has grown to this size, or has waited this long: few writes, and one can watch them. */
const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 100;

/** How long the disk is left alone after it has refused a write. */
const RETRY_MS = 1000;

/** The same for a pipe whose reader is behind; and how often that is tried before what is left is given up. */
const FULL_PIPE_MS = 20;
const FULL_PIPE_TRIES = 25;

/** About 40,000 lines. What waits for a disk is held up to here, and what comes on top is dropped. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** What the writer needs of a file. */
export type Sink = Pick<FileHandle, 'write' | 'close'>;

/** Why lines wait or are dropped. */
export type AccessLogTrouble = EmulatorError<'ACCESS_LOG_UNWRITABLE'>;

export interface LineWriterOptions {
	/** What the lines go to, in words. */
	readonly what: string;
	/** Opens what is written to, when something is to be written and nothing is open. */
	readonly open: () => Promise<Sink>;
	/** Open already, where it is. */
	readonly sink?: Sink | undefined;
	/** Told once that the disk refuses or lags; and once more after `replace`, if it then still does. */
	readonly onTrouble: (trouble: AccessLogTrouble) => void;
	/** Bytes that may wait for the disk; 8 MiB unless said otherwise. */
	readonly maxWaitingBytes?: number | undefined;
}

/**
 * Writes lines of ASCII text in their order, in batches, without ever making the one who adds them wait or fail.
 *
 * A write that is refused is tried again from the byte where it stopped, so no line is split; while it is, lines wait,
 * and those beyond the limit are dropped and counted.
 */
export class LineWriter {
	dropped = 0;
	readonly #options: LineWriterOptions;
	readonly #maxWaitingBytes: number;
	readonly #queue = new SerialQueue();
	#sink: Sink | undefined;
	/** Lines in the making of a batch: joined at once, for text that grows line by line costs half as much again. */
	#lines: string[] = [];
	/** Of the lines, with their ends. */
	#bytes = 0;
	/** What is left of the batch before, which is written first. */
	#rest: Buffer | undefined;
	/** Whether `#rest` begins in the midst of a line. */
	#torn = false;
	#timer: NodeJS.Timeout | undefined;
	/** Whether a write of what has come is in the queue. */
	#queued = false;
	/** How long to leave the disk alone after it has refused a write; undefined while it takes what it is given. */
	#refusedForMs: number | undefined;
	#told = false;

	constructor(options: LineWriterOptions) {
		this.#options = options;
		this.#sink = options.sink;
		this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
	}

	/** @param line without its end. Never throws. */
	add(line: string): void {
		if (this.#bytes + (this.#rest?.length ?? 0) + line.length >= this.#maxWaitingBytes) {
			this.dropped++;
			this.#tell('takes lines more slowly than they come, so lines are dropped', undefined);
			return;
		}
		this.#lines.push(line);
		this.#bytes += line.length + 1;
		if (this.#queued || this.#refusedForMs !== undefined) return;
		if (this.#bytes >= BATCH_BYTES) this.#schedule();
		else this.#timer ??= setTimeout(() => this.#schedule(), BATCH_MS);
	}

	/** Resolves when what was added before is written, or has been refused once more. */
	flush(): Promise<void> {
		return this.#queue.run(() => this.#drain());
	}

	/**
	 * Writes what was added before, then has `next` put something else in the place of what is open; what is added
	 * from then on goes there. Of a line whose second half the disk still refuses, the rest is dropped: then an empty
	 * line comes first, lest in what may be the same file the next line grows on to the first half.
	 *
	 * @throws what `next` throws; what was open stays in its place then.
	 */
	replace(next: (sink: Sink | undefined) => Promise<Sink | undefined>): Promise<void> {
		return this.#queue.run(async () => {
			await this.#drain();
			this.#sink = await next(this.#sink);
			this.#dropTorn();
			this.#told = false;
		});
	}

	/** Writes what is there and closes; what cannot be written is dropped. Nothing may be added after. */
	close(): Promise<void> {
		return this.#queue.run(async () => {
			await this.#drain();
			for (let tries = 0; this.#refusedForMs === FULL_PIPE_MS && tries < FULL_PIPE_TRIES; tries++) {
				await wait(FULL_PIPE_MS);
				await this.#drain();
			}
			this.#stopTimer();
			this.dropped += linesIn(this.#rest) + this.#lines.length;
			this.#rest = undefined;
			this.#lines = [];
			this.#bytes = 0;
			const sink = this.#sink;
			this.#sink = undefined;
			await sink?.close().catch((error: unknown) => this.#tell('cannot be closed', error));
		});
	}

	#schedule(): void {
		this.#stopTimer();
		if (this.#queued) return;
		this.#queued = true;
		void this.flush();
	}

	#stopTimer(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}

	/** Writes once what is there. What comes meanwhile is another batch. */
	async #drain(): Promise<void> {
		this.#queued = false;
		this.#stopTimer();
		try {
			while (this.#rest !== undefined || this.#bytes > 0) {
				const isLast = this.#rest === undefined;
				await this.#writeRest();
				if (isLast) break;
			}
			this.#refusedForMs = undefined;
		} catch (error) {
			// A pipe whose reader is behind: no fault yet. It is told when lines have to be dropped.
			const isFull = hasCode(error, 'EAGAIN');
			this.#refusedForMs = isFull ? FULL_PIPE_MS : RETRY_MS;
			if (!isFull) this.#tell('cannot be written; lines wait, and beyond a limit they are dropped', error);
		}
		if (this.#refusedForMs !== undefined) {
			this.#stopTimer();
			this.#timer = setTimeout(() => this.#schedule(), this.#refusedForMs).unref();
		} else if (this.#bytes > 0) this.#timer ??= setTimeout(() => this.#schedule(), BATCH_MS);
	}

	/** Writes what is left of the batch before, or the next one. */
	async #writeRest(): Promise<void> {
		if (this.#rest === undefined) {
			this.#rest = Buffer.from(`${this.#lines.join('\n')}\n`, 'latin1');
			this.#lines = [];
			this.#bytes = 0;
		}
		this.#sink ??= await this.#options.open();
		while (this.#rest.length > 0) {
			const {bytesWritten} = await this.#sink.write(this.#rest);
			this.#torn = bytesWritten === 0 ? this.#torn : this.#rest[bytesWritten - 1] !== NEWLINE;
			this.#rest = this.#rest.subarray(bytesWritten);
		}
		this.#rest = undefined;
	}

	#dropTorn(): void {
		if (!this.#torn || this.#rest === undefined) return;
		this.#torn = false;
		this.dropped++;
		this.#rest = this.#rest.subarray(this.#rest.indexOf(NEWLINE));
	}

	#tell(how: string, cause: unknown): void {
		if (this.#told) return;
		this.#told = true;
		const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
		const trouble = unwritable(`${this.#options.what} ${how}${why}`, cause);
		// What the callback throws must show, but not among the sockets.
		queueMicrotask(() => this.#options.onTrouble(trouble));
	}
}

const NEWLINE = 0x0a;

function linesIn(bytes: Buffer | undefined): number {
	let lines = 0;
	for (const byte of bytes ?? []) if (byte === NEWLINE) lines++;
	return lines;
}

/** The one place where a log that cannot be written becomes an error. */
export function unwritable(message: string, cause: unknown): AccessLogTrouble {
	return new EmulatorError('ACCESS_LOG_UNWRITABLE', message, {
		hint: 'Make room, or choose a path that this user may write.',
		cause,
	});
}
