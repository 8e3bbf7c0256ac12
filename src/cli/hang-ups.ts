import type {Interruption} from './interruption.ts';
import {findTerminal} from './terminal.ts';

/**
 * SIGHUP, which has two meanings: the terminal that a process was started with has been closed, and then the process is
 * to end, or somebody asks a service to read its files again.
 */
export class HangUps {
	readonly #terminal = findTerminal();
	readonly #interruption: Interruption;
	#reread: (() => void) | undefined;
	/** Whether it was asked to read again before it could. */
	#isAsked = false;

	/** Listens from here on; a process that does not is ended by SIGHUP. */
	constructor(interruption: Interruption) {
		this.#interruption = interruption;
		process.on('SIGHUP', this.#onSignal);
	}

	/** Calls back whenever files are to be read again, and at once if that was asked for before. */
	listen(reread: () => void): void {
		this.#reread = reread;
		if (this.#isAsked) reread();
	}

	close(): void {
		process.off('SIGHUP', this.#onSignal);
	}

	readonly #onSignal = (): void => {
		if (this.#terminal.isGone) this.#interruption.hangUp();
		else if (this.#reread === undefined) this.#isAsked = true;
		else this.#reread();
	};
}
