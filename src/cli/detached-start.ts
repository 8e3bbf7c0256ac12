import type {Interruption} from './interruption.ts';

/** What the started process tells `up --detach` when it is ready. */
export interface ReadyMessage {
	readonly endpoint: string;
}

/**
 * The start of a process that `up --detach` waits for. Nobody knows of it until that has taken it over: where it is killed
 * before, this process ends as at a closed terminal.
 */
export class DetachedStart {
	readonly #abandon: () => void;

	constructor(interruption: Pick<Interruption, 'hangUp'>) {
		this.#abandon = () => interruption.hangUp();
		process.once('disconnect', this.#abandon);
		// It may be gone before there was anybody to be told.
		if (process.connected !== true) this.#abandon();
	}

	tellReady({endpoint}: {readonly endpoint: string}): void {
		const message: ReadyMessage = {endpoint};
		// It ends the connection when it has read the message.
		process.off('disconnect', this.#abandon);
		process.send?.(message, (error: Error | null) => {
			if (error !== null) this.#abandon();
			else if (process.connected) process.disconnect();
		});
	}
}
