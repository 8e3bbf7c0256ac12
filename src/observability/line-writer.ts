import {Buffer} from 'node:buffer';
import type {FileHandle} from 'node:fs/promises';
import {EmulatorError, hasCode, messageOf} from '../base/errors.ts';
import {SerialQueue} from '../base/serial-queue.ts';
import {clearTimeout, queueMicrotask, setTimeout, wait} from '../base/timers.ts';

/** A batch is written at this size, or after this time: few writes, and yet a reader can follow the file. */
const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 100;

/** How long to wait after the disk has refused a write. */
const RETRY_MS = 1000;

/** The same for a pipe with a slow reader, and how often that is retried at the end before the rest is dropped. */
const FULL_PIPE_MS = 20;
const FULL_PIPE_TRIES = 25;

/** About 40,000 lines. Lines that wait for the disk are kept up to this limit; further ones are dropped. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** The part of a file handle that the writer uses. */
export type Sink = Pick<FileHandle, 'write' | 'close'>;

/** Why lines wait or are dropped. */
export type AccessLogTrouble = EmulatorError<'ACCESS_LOG_UNWRITABLE'>;

export interface LineWriterOptions {
	/** The destination, in words for messages. */
	readonly what: string;
	/** Opens the destination when there is something to write and it is not open. */
	readonly open: () => Promise<Sink>;
	/** The destination, if it is already open. */
	readonly sink?: Sink | undefined;
	/** Called once when the disk refuses writes or is too slow, and again after `replace` if it still is. */
	readonly onTrouble: (trouble: AccessLogTrouble) => void;
	/** Bytes that may wait for the disk; 8 MiB by default. */
	readonly maxWaitingBytes?: number | undefined;
}

/**
 * Writes lines of ASCII text in order and in batches. Adding a line never waits and never fails.
 *
 * A refused write is retried from the byte where it stopped, so no line is split. Meanwhile lines wait, and those
 * beyond the limit are dropped and counted.
 */
export class LineWriter {
	dropped = 0;
	readonly #options: LineWriterOptions;
	readonly #maxWaitingBytes: number;
	readonly #queue = new SerialQueue();
	#sink: Sink | undefined;
	/** The lines of the next batch. They are joined once: text that grows line by line takes half as much time again. */
	#lines: string[] = [];
	/** Bytes of the lines, with their ends. */
	#bytes = 0;
	/** The rest of the previous batch, which is written first. */
	#rest: Buffer | undefined;
	/** Whether `#rest` begins in the middle of a line. */
	#isMidLine = false;
	#timer: NodeJS.Timeout | undefined;
	/** Whether a write is in the queue. */
	#queued = false;
	/** How long to wait after the last refused write; undefined when the last write succeeded. */
	#refusedForMs: number | undefined;
	#reported = false;

	constructor(options: LineWriterOptions) {
		this.#options = options;
		this.#sink = options.sink;
		this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
	}

	/** @param line without its end. Never throws. */
	add(line: string): void {
		if (this.#bytes + (this.#rest?.length ?? 0) + line.length >= this.#maxWaitingBytes) {
			this.dropped++;
			this.#report('takes lines more slowly than they come, so lines are dropped', undefined);
			return;
		}
		this.#lines.push(line);
		this.#bytes += line.length + 1;
		if (this.#queued || this.#refusedForMs !== undefined) return;
		if (this.#bytes >= BATCH_BYTES) this.#schedule();
		else this.#timer ??= setTimeout(() => this.#schedule(), BATCH_MS);
	}

	/** Resolves when the lines so far are written, or one more attempt to write them has failed. */
	flush(): Promise<void> {
		return this.#queue.run(() => this.#drain());
	}

	/**
	 * Writes the lines so far, then replaces the destination by what `next` returns; later lines go there. If the disk
	 * still refuses the second half of a line, that half is dropped, and a line end is written first: the destination may
	 * be the same file, where the next line would otherwise continue the first half.
	 *
	 * @throws what `next` throws; the destination then stays as it was.
	 */
	replace(next: (sink: Sink | undefined) => Promise<Sink | undefined>): Promise<void> {
		return this.#queue.run(async () => {
			await this.#drain();
			this.#sink = await next(this.#sink);
			this.#dropTorn();
			this.#reported = false;
		});
	}

	/** Writes the remaining lines and closes; what cannot be written is dropped. Nothing may be added afterwards. */
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
			await sink?.close().catch((error: unknown) => this.#report('cannot be closed', error));
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

	/** Writes the current lines once. Lines added during the write are the next batch. */
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
			// A pipe with a slow reader is no fault yet. It is reported when lines have to be dropped.
			const isFull = hasCode(error, 'EAGAIN');
			this.#refusedForMs = isFull ? FULL_PIPE_MS : RETRY_MS;
			if (!isFull) this.#report('cannot be written; lines wait, and beyond a limit they are dropped', error);
		}
		if (this.#refusedForMs !== undefined) {
			this.#stopTimer();
			this.#timer = setTimeout(() => this.#schedule(), this.#refusedForMs).unref();
		} else if (this.#bytes > 0) this.#timer ??= setTimeout(() => this.#schedule(), BATCH_MS);
	}

	/** Writes the rest of the previous batch, or the next one. */
	async #writeRest(): Promise<void> {
		if (this.#rest === undefined) {
			this.#rest = Buffer.from(`${this.#lines.join('\n')}\n`, 'latin1');
			this.#lines = [];
			this.#bytes = 0;
		}
		this.#sink ??= await this.#options.open();
		while (this.#rest.length > 0) {
			const {bytesWritten} = await this.#sink.write(this.#rest);
			this.#isMidLine = bytesWritten === 0 ? this.#isMidLine : this.#rest[bytesWritten - 1] !== NEWLINE;
			this.#rest = this.#rest.subarray(bytesWritten);
		}
		this.#rest = undefined;
	}

	#dropTorn(): void {
		if (!this.#isMidLine || this.#rest === undefined) return;
		this.#isMidLine = false;
		this.dropped++;
		this.#rest = this.#rest.subarray(this.#rest.indexOf(NEWLINE));
	}

	#report(how: string, cause: unknown): void {
		if (this.#reported) return;
		this.#reported = true;
		const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
		const trouble = unwritable(`${this.#options.what} ${how}${why}`, cause);
		// What the callback throws must be visible, but must not break the caller's code.
		queueMicrotask(() => this.#options.onTrouble(trouble));
	}
}

const NEWLINE = 0x0a;

function linesIn(bytes: Buffer | undefined): number {
	let lines = 0;
	for (const byte of bytes ?? []) if (byte === NEWLINE) lines++;
	return lines;
}

/** The one place that makes an error of a log that cannot be written. */
export function unwritable(message: string, cause: unknown): AccessLogTrouble {
	return new EmulatorError('ACCESS_LOG_UNWRITABLE', message, {
		hint: 'Make room, or choose a path that this user may write.',
		cause,
	});
}
