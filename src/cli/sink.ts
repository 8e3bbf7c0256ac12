import type {Buffer} from 'node:buffer';
import {closeSync, constants, fstatSync, openSync, readdirSync, type Stats, statSync, write, writeSync} from 'node:fs';
import path from 'node:path';
import {isatty} from 'node:tty';
import {hasCode} from '../base/errors.ts';

/** A destination of text. Its reader may be slow, stopped or gone: writing never blocks this process. */
export interface Sink {
	/**
	 * Writes as many of the bytes as the reader takes at once. `done` gets their number, which is 0 while the reader
	 * takes none, or the error that ends writing; it may be called before this returns.
	 */
	write(bytes: Buffer, done: (error: Error | null, written: number) => void): void;
	/** Whether a write is in progress that may never end and for which the end of a process would wait. */
	readonly isStuck: boolean;
}

/**
 * Opens one of the standard streams.
 *
 * Terminals, pipes and sockets are written without blocking; what they do not take is retried. A terminal is opened
 * again for that, because other processes share the open terminal and expect it to block. Everything else, mostly
 * files, is written by another thread.
 */
export function openSink(fd: 1 | 2): Sink {
	if (isatty(fd)) {
		const own = reopenTerminal(fd);
		return own === undefined ? new ThreadSink(fd) : new DescriptorSink(own);
	}
	const stats = fstatSync(fd);
	if (process.platform === 'win32' || !(stats.isFIFO() || stats.isSocket())) return new ThreadSink(fd);
	// Reading the property makes Node set the descriptor to non-blocking, and restore it at the end of the process.
	void (fd === 1 ? process.stdout : process.stderr);
	return new DescriptorSink(fd);
}

/** Whether two standard streams are the same terminal, pipe or file. */
export function isSamePlace(one: number, other: number): boolean {
	const [first, second] = [fstatSync(one), fstatSync(other)];
	return first.dev === second.dev && first.ino === second.ino && first.rdev === second.rdev;
}

/** A descriptor that does not block. */
class DescriptorSink implements Sink {
	readonly #fd: number;
	readonly isStuck = false;

	constructor(fd: number) {
		this.#fd = fd;
	}

	write(bytes: Buffer, done: (error: Error | null, written: number) => void): void {
		let written: number;
		try {
			written = writeSync(this.#fd, bytes);
		} catch (error) {
			if (hasCode(error, 'EAGAIN')) done(null, 0);
			// `node:fs` throws only errors.
			else done(error as Error, 0);
			return;
		}
		done(null, written);
	}
}

/** A descriptor that may block: a thread of Node's pool writes to it. */
class ThreadSink implements Sink {
	readonly #fd: number;
	isStuck = false;

	constructor(fd: number) {
		this.#fd = fd;
	}

	write(bytes: Buffer, done: (error: Error | null, written: number) => void): void {
		this.isStuck = true;
		write(this.#fd, bytes, (error, written) => {
			this.isStuck = false;
			done(error, written);
		});
	}
}

const OWN_TERMINAL = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens the terminal of a descriptor again, for writing without blocking.
 *
 * @returns undefined when this user may not, as after `su`.
 */
function reopenTerminal(fd: number): number | undefined {
	const terminal = fstatSync(fd);
	for (const file of [`/proc/self/fd/${fd}`, ...filesOf(terminal)]) {
		let own: number | undefined;
		try {
			own = openSync(file, OWN_TERMINAL);
			// Without a Linux /proc, this path may be another file.
			if (fstatSync(own).rdev === terminal.rdev) return own;
		} catch {
			// It does not exist or cannot be opened: try the next one.
		}
		if (own !== undefined) closeSync(own);
	}
	return undefined;
}

/** The possible device files of a terminal, as ttyname(3) searches for them, one at a time. */
function* filesOf({rdev}: Stats): Iterable<string> {
	for (const folder of ['/dev/pts', '/dev']) {
		for (const name of namesIn(folder)) {
			const file = path.join(folder, name);
			if (statSync(file, {throwIfNoEntry: false})?.rdev === rdev) yield file;
		}
	}
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder).filter(name => /^(?:tty|\d|console)/.test(name));
	} catch {
		// The folder does not exist on this system.
		return [];
	}
}
