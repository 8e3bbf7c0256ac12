import type {Interruption} from './interruption.ts';
import {findTerminal} from './terminal.ts';

/**
 * SIGHUP has two meanings: the terminal of the process was closed, and the process must end; or the process is to read
 * its files again, as services do.
 */
export class HangUps {
	readonly #terminal = findTerminal();
	readonly #interruption: Interruption;
	#reread: (() => void) | undefined;
	/** Whether a request to read again came before `listen()`. */
	#isRequested = false;

	/** Handles SIGHUP from now on; without a handler SIGHUP ends the process. */
	constructor(interruption: Interruption) {
		this.#interruption = interruption;
		process.on('SIGHUP', this.#onSignal);
	}

	/** Calls back whenever files are to be read again, and at once if that was requested before. */
	listen(reread: () => void): void {
		this.#reread = reread;
		if (this.#isRequested) reread();
	}

	close(): void {
		process.off('SIGHUP', this.#onSignal);
	}

	readonly #onSignal = (): void => {
		if (this.#terminal.isGone) this.#interruption.hangUp();
		else if (this.#reread === undefined) this.#isRequested = true;
		else this.#reread();
	};
}
