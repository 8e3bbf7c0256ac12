import type {Buffer} from 'node:buffer';
import {closeSync, constants, fstatSync, openSync, readdirSync, type Stats, statSync, write, writeSync} from 'node:fs';
import path from 'node:path';
import {isatty} from 'node:tty';
import {hasCode} from '../base/errors.ts';

/** Where text goes. Whoever reads it may be slow, stopped or gone: writing never blocks this process. */
export interface Sink {
	/**
	 * Writes as many of the bytes as are taken at once. `done` is told how many they were, 0 when the reader takes none
	 * for the time being, or why nothing can be written any more; before this returns or later.
	 */
	write(bytes: Buffer, done: (error: Error | null, written: number) => void): void;
	/** Whether a write is under way that may never end, for which the end of a process would wait. */
	readonly isStuck: boolean;
}

/**
 * Opens one of the standard streams.
 *
 * Terminals, pipes and sockets are written without blocking; what they do not take is tried again. A terminal is opened
 * anew for that, because others use the same open terminal and do not expect it not to block. Everything else, files
 * mostly, is written by another thread.
 */
export function openSink(fd: 1 | 2): Sink {
	if (isatty(fd)) {
		const own = reopenTerminal(fd);
		return own === undefined ? new ThreadSink(fd) : new DescriptorSink(own);
	}
	const stats = fstatSync(fd);
	if (process.platform === 'win32' || !(stats.isFIFO() || stats.isSocket())) return new ThreadSink(fd);
	// Reading the property has Node make the descriptor non-blocking, and undo that at the end of the process.
	void (fd === 1 ? process.stdout : process.stderr);
	return new DescriptorSink(fd);
}

/** Whether the standard streams lead to the same place: the same terminal, pipe or file. */
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
			// The file system throws nothing but errors.
			else done(error as Error, 0);
			return;
		}
		done(null, written);
	}
}

/** A descriptor that may block: a thread of Node's pool waits for it. */
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
 * Opens the terminal of a descriptor once more, for writing without blocking.
 *
 * @returns undefined where this user may not, as after `su`.
 */
function reopenTerminal(fd: number): number | undefined {
	const terminal = fstatSync(fd);
	for (const file of [`/proc/self/fd/${fd}`, ...filesOf(terminal)]) {
		let own: number | undefined;
		try {
			own = openSync(file, OWN_TERMINAL);
			// Where /proc is something else, it is another file.
			if (fstatSync(own).rdev === terminal.rdev) return own;
		} catch {
			// There is no such file, or it may not be opened: the next one may do.
		}
		if (own !== undefined) closeSync(own);
	}
	return undefined;
}

/** Lazily, what ttyname(3) looks for: the device files of a terminal. */
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
		// There is no such folder here.
		return [];
	}
}
