import {constants} from 'node:fs';
import {type FileHandle, mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import {hasCode, messageOf} from '../base/errors.ts';
import type {Exchange} from './exchange.ts';
import {type AccessLogTrouble, LineWriter, unwritable} from './line-writer.ts';

/** Readable by owner and group only: its lines contain addresses and query strings. */
export const LOG_MODE = 0o640;

/**
 * As the flag `a`, and without ever waiting for the reader of a pipe, neither to open it nor to read. Windows has
 * neither this flag nor such pipes.
 */
const APPENDING = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NONBLOCK ?? 0);

/** A destination of access log lines. The code that opened it closes it. */
export interface AccessLog {
	/** Lines that were dropped because the disk was full or slow, or because they came after `close()`. */
	readonly dropped: number;
	/**
	 * Adds the line of an exchange that has ended. Never waits and never throws, so that it can be a subscriber of the
	 * journal.
	 */
	write(exchange: Pick<Exchange, 'log'>): void;
	/** Resolves when the lines so far are written, or one more attempt to write them has failed. */
	flush(): Promise<void>;
	/**
	 * For SIGHUP, after a log rotation has renamed the file: the lines so far go to the old file, and once this resolves,
	 * all further lines go to a new file of the same name. No line is lost or split. For a folder it is `flush()`.
	 *
	 * @throws EmulatorError `ACCESS_LOG_UNWRITABLE` when the new file cannot be opened; the old one stays in use then.
	 */
	reopen(): Promise<void>;
	/** Writes what is left and closes. Lines that a full disk refuses count as dropped. May be called again. */
	close(): Promise<void>;
}

/** What the access logs have in common: lines are accepted until `close()`, which runs once. */
export abstract class WrittenLog implements AccessLog {
	protected readonly writer: LineWriter;
	#afterClose = 0;
	#closing: Promise<void> | undefined;

	constructor(writer: LineWriter) {
		this.writer = writer;
	}

	get dropped(): number {
		return this.writer.dropped + this.#afterClose;
	}

	write({log}: Pick<Exchange, 'log'>): void {
		if (log === '') return;
		if (this.#closing === undefined) this.writer.add(log);
		else this.#afterClose++;
	}

	flush(): Promise<void> {
		return this.unlessClosing(() => this.writer.flush());
	}

	close(): Promise<void> {
		this.#closing ??= this.finish();
		return this.#closing;
	}

	abstract reopen(): Promise<void>;

	/** Writes what is left and closes. Called once. */
	protected abstract finish(): Promise<void>;

	/** Runs the task; while the log is closing, waits for its end instead. */
	protected unlessClosing(task: () => Promise<void>): Promise<void> {
		return this.#closing ?? task();
	}
}

export interface AccessLogFileOptions {
	/** Its folder is created if it is missing; lines are appended to an existing file. */
	readonly file: string;
	/** Called once when lines wait or are dropped, with the reason; once more after a `reopen()`. */
	readonly onTrouble: (trouble: AccessLogTrouble) => void;
	/** Bytes that may wait for the disk, beyond which lines are dropped; 8 MiB by default. */
	readonly maxWaitingBytes?: number;
}

/**
 * An access log in one file. Lines are written in batches, after 100 ms at the latest.
 *
 * @throws EmulatorError `ACCESS_LOG_UNWRITABLE`
 */
export async function openAccessLogFile({file, onTrouble, maxWaitingBytes}: AccessLogFileOptions): Promise<AccessLog> {
	const openFile = () => openForAppending(file);
	const writer = new LineWriter({
		what: `The access log ${file}`,
		open: openFile,
		sink: await openFile(),
		onTrouble,
		maxWaitingBytes,
	});
	return new AccessLogFile(writer, openFile);
}

/**
 * Opens a file for appending, and creates its folder if it is missing.
 *
 * @throws EmulatorError `ACCESS_LOG_UNWRITABLE`
 */
export async function openForAppending(file: string): Promise<FileHandle> {
	try {
		await mkdir(path.dirname(file), {recursive: true});
		return await open(file, APPENDING, LOG_MODE);
	} catch (error) {
		if (hasCode(error, 'ENXIO')) {
			throw unwritable(`Cannot write the access log ${file}: it is a pipe that nobody reads, or a socket`, error);
		}
		throw unwritable(`Cannot write the access log ${file}: ${messageOf(error)}`, error);
	}
}

class AccessLogFile extends WrittenLog {
	readonly #open: () => Promise<FileHandle>;

	constructor(writer: LineWriter, openFile: () => Promise<FileHandle>) {
		super(writer);
		this.#open = openFile;
	}

	reopen(): Promise<void> {
		return this.unlessClosing(() =>
			this.writer.replace(async old => {
				const next = await this.#open();
				await old?.close();
				return next;
			}),
		);
	}

	protected finish(): Promise<void> {
		return this.writer.close();
	}
}
