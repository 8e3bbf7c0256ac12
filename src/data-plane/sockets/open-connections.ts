import {queueMicrotask} from '../../base/timers.ts';
import type {OpenConnection} from '../listener-context.ts';

/** The connections that are served, and the news that the last of them is gone. */
export class OpenConnections extends Set<OpenConnection> {
	#waiting: (() => void)[] = [];

	override delete(connection: OpenConnection): boolean {
		const deleted = super.delete(connection);
		// A connection may leave one's hands for another's, which adds it in the same tick.
		if (this.size === 0 && this.#waiting.length > 0) queueMicrotask(() => this.#tell());
		return deleted;
	}

	#tell(): void {
		if (this.size > 0) return;
		for (const resolve of this.#waiting) resolve();
		this.#waiting = [];
	}

	/** Resolves when there is none. For the time when none is added any more. */
	gone(): Promise<void> {
		return this.size === 0 ? Promise.resolve() : new Promise(resolve => this.#waiting.push(resolve));
	}
}
