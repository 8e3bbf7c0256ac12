import type {Deadlines, Timed} from '../base/deadlines.ts';
import {queueMicrotask} from '../base/timers.ts';
import type {Backend} from './backends/backend.ts';

/** A client's connection in the hands of whoever serves it now. */
export interface OpenConnection extends Timed {
	/** Whether nothing has come of it yet: its first request may be on its way. */
	readonly isFresh: boolean;
	/** Finishes what is in flight, takes nothing new. */
	drain(): void;
	/** Ends now; what was in flight is recorded as drained. */
	cut(): void;
	/** Ends what is in flight at this back-end; everything else goes on. */
	cutFrom(backend: Backend): void;
}

/**
 * Who is connected to one listener. Whoever takes over a connection enters here, which also watches its deadline, and
 * leaves when it hands it on or the connection is closed.
 */
export class OpenConnections {
	readonly #open = new Set<OpenConnection>();
	readonly #deadlines: Deadlines;
	#waiting: (() => void)[] = [];

	constructor(deadlines: Deadlines) {
		this.#deadlines = deadlines;
	}

	get size(): number {
		return this.#open.size;
	}

	enter(connection: OpenConnection): void {
		this.#open.add(connection);
		this.#deadlines.add(connection);
	}

	/** Harmless for one that has left. */
	leave(connection: OpenConnection): void {
		this.#open.delete(connection);
		this.#deadlines.delete(connection);
		// A connection that is handed on is entered again in the same tick.
		if (this.#open.size === 0 && this.#waiting.length > 0) queueMicrotask(() => this.#resolveWhenEmpty());
	}

	/** Resolves when there is none. For the time when none is entered any more. */
	gone(): Promise<void> {
		return this.#open.size === 0 ? Promise.resolve() : new Promise(resolve => this.#waiting.push(resolve));
	}

	/** Drains all of them, or all but those that are fresh. */
	drain(which: 'all' | 'not-fresh'): void {
		for (const connection of [...this.#open]) if (which === 'all' || !connection.isFresh) connection.drain();
	}

	cut(): void {
		// A cut may leave a lingering close behind, which is entered meanwhile: this loop comes to it and cuts it as well.
		for (const connection of this.#open) connection.cut();
	}

	cutFrom(backend: Backend): void {
		for (const connection of [...this.#open]) connection.cutFrom(backend);
	}

	#resolveWhenEmpty(): void {
		if (this.#open.size > 0) return;
		for (const resolve of this.#waiting) resolve();
		this.#waiting = [];
	}
}
