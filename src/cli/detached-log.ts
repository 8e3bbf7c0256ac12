import {copyFileSync, fstatSync, ftruncateSync} from 'node:fs';
import type {Sink} from './sink.ts';

/** How `up --detach` tells the process that it starts where its output goes. */
const VARIABLE = 'LB_LOCAL_DETACHED_LOG';

/** README.md states it, too. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The environment for the process that `up --detach` starts. */
export function withDetachedLog(env: NodeJS.ProcessEnv, file: string): NodeJS.ProcessEnv {
	return {...env, [VARIABLE]: file};
}

/**
 * The log of this process, if `up --detach` has started it. To be called once, at the start: commands that this process
 * starts are not to know of it.
 */
export function takeDetachedLog(): string | undefined {
	const file = process.env[VARIABLE];
	delete process.env[VARIABLE];
	return file;
}

/**
 * Bounds a log: when it is full, it becomes `<log>.1` in place of the one before, and begins anew. The descriptor stays
 * the same, because Node writes to it as well when it crashes; it was opened for appending, so it goes on at the new end.
 */
export class BoundedLog implements Sink {
	readonly #sink: Sink;
	readonly #fd: number;
	readonly #file: string;
	readonly #maxBytes: number;
	#bytes: number;

	constructor(sink: Sink, {fd, file, maxBytes = MAX_BYTES}: {fd: number; file: string; maxBytes?: number}) {
		this.#sink = sink;
		this.#fd = fd;
		this.#file = file;
		this.#maxBytes = maxBytes;
		this.#bytes = fstatSync(fd).size;
	}

	get isStuck(): boolean {
		return this.#sink.isStuck;
	}

	write(bytes: Buffer, done: (error: Error | null, written: number) => void): void {
		if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) this.#beginAnew();
		this.#sink.write(bytes, (error, written) => {
			this.#bytes += written;
			done(error, written);
		});
	}

	#beginAnew(): void {
		try {
			copyFileSync(this.#file, `${this.#file}.1`);
		} catch {
			// The older lines are lost; the bound is kept.
		}
		ftruncateSync(this.#fd);
		this.#bytes = 0;
	}
}
