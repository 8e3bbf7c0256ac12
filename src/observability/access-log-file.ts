import {constants} from 'node:fs';
import {type FileHandle, mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import {hasCode, messageOf} from '../base/errors.ts';
import type {Exchange} from './exchange.ts';
import {type AccessLogTrouble, LineWriter, unwritable} from './line-writer.ts';

/** Who may read it: its lines hold addresses and query strings. */
export const LOG_MODE = 0o640;

/**
 * As the flag `a`, and without ever waiting for the other end of a pipe: neither for somebody who opens it nor for
 * somebody who reads. Windows has no such flag, and no such pipes.
 */
const APPENDING = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NONBLOCK ?? 0);

/** Where access log lines go. Whoever opened it closes it. */
export interface AccessLog {
	/** Lines that were given up because the disk was full or slow, or that came after `close()`. */
	readonly dropped: number;
	/** Takes the line of an exchange that has ended. Never waits, never throws: for `Journal.subscribe`. */
	write(exchange: Pick<Exchange, 'log'>): void;
	/** Resolves when the lines so far are written, or the disk has refused them once more. */
	flush(): Promise<void>;
	/**
	 * For SIGHUP, after whoever rotates logs has renamed the file: lines so far go to the old one, and from when it
	 * resolves all go to a new one of the same name. Nothing is lost or split. A folder has no such file: there it is
	 * `flush()`.
	 *
	 * @throws EmulatorError `ACCESS_LOG_UNWRITABLE` when there can be no new one; the old one goes on being used then.
	 */
	reopen(): Promise<void>;
	/** Writes what is left and closes. What a full disk refuses is counted as dropped. Twice is once. */
	close(): Promise<void>;
}

/** What the access logs have in common: lines are taken until `close()`, which happens once. */
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

	/** Once it is closing, all there is to wait for is its end. */
	protected unlessClosing(task: () => Promise<void>): Promise<void> {
		return this.#closing ?? task();
	}
}

export interface AccessLogFileOptions {
	/** Its folder is made if it is missing; lines are appended to what is there. */
	readonly file: string;
	/** Told once that lines wait or are dropped, and why; once more after a `reopen()`. */
	readonly onTrouble: (trouble: AccessLogTrouble) => void;
	/** Bytes that may wait for the disk, beyond which lines are dropped; 8 MiB unless said otherwise. */
	readonly maxWaitingBytes?: number;
}

/**
 * An access log in one file. Lines are written in batches, at the latest after 100 ms.
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
 * Opens a file for appending, and makes its folder if it is missing.
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
