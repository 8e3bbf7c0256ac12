import {clearInterval, setInterval} from '../base/timers.ts';
import {EXIT} from './exit-codes.ts';

/** SIGINT and SIGTERM, as a command waits for them. */
export interface Interruption {
	/**
	 * What the process ends with: 0 after SIGTERM, which is how services are stopped, 130 after SIGINT (Ctrl-C), and 0
	 * when the terminal or the reader of the output went away.
	 */
	readonly exitCode: number;
	/** Whether the process is to end. */
	readonly isInterrupted: boolean;
	/** Interrupts without a signal. */
	interrupt(): void;
	/** The terminal has gone: like a first SIGTERM, however often it is told. */
	hangUp(): void;
	/**
	 * Resolves when interrupted, and keeps the process alive until then. From this call on a signal is a request to stop
	 * in good order; before it, nothing runs yet that could be in flight.
	 */
	wait(): Promise<void>;
}

/**
 * Listens for SIGINT and SIGTERM. Before a command waits, and from the second on, a signal ends the process at once with
 * 130; the first that a command waits for asks it to stop in good order.
 *
 * @param exitNow ends the process.
 */
export function catchSignals(exitNow: (code: number) => void): Interruption {
	const controller = new AbortController();
	let exitCode: number = EXIT.ok;
	let isWaiting = false;
	const onSignal = (name: NodeJS.Signals): void => {
		if (!isWaiting || controller.signal.aborted) {
			exitNow(EXIT.interrupted);
			return;
		}
		exitCode = name === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
		controller.abort();
	};
	process.on('SIGINT', onSignal);
	process.on('SIGTERM', onSignal);
	return {
		get exitCode() {
			return exitCode;
		},
		get isInterrupted() {
			return controller.signal.aborted;
		},
		interrupt: () => controller.abort(),
		hangUp: () => {
			if (isWaiting) controller.abort();
			else exitNow(EXIT.interrupted);
		},
		wait: () =>
			new Promise(resolve => {
				isWaiting = true;
				// Waiting for a signal does not keep a process alive; a timer does.
				const alive = setInterval(() => {}, 2 ** 30);
				const wake = (): void => {
					clearInterval(alive);
					resolve();
				};
				if (controller.signal.aborted) wake();
				else controller.signal.addEventListener('abort', wake, {once: true});
			}),
	};
}
