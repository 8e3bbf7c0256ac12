import {clearInterval, setInterval} from '../base/timers.ts';
import {EXIT} from './exit-codes.ts';

/** The interruption by SIGINT or SIGTERM for which a command waits. */
export interface Interruption {
	/**
	 * The exit code of the process: 0 after SIGTERM, which stops services, 130 after SIGINT (Ctrl-C), and 0 when the
	 * terminal was closed or the reader of the output ended.
	 */
	readonly exitCode: number;
	/** Whether the process must end. */
	readonly isInterrupted: boolean;
	/** Interrupts without a signal. */
	interrupt(): void;
	/** The terminal was closed: as a first SIGTERM, even when called again. */
	hangUp(): void;
	/** Gives every signal to another from now on: to the command of `run`. @returns ends that. */
	passTo(take: (signal: NodeJS.Signals) => void): () => void;
	/**
	 * Resolves when interrupted, and keeps the process alive until then. After this call a signal is a request to stop in
	 * order; before it, nothing can be in flight.
	 */
	wait(): Promise<void>;
}

/**
 * Listens for SIGINT and SIGTERM. While a command waits, the first signal asks it to stop in order. Any other signal
 * ends the process at once with 130.
 *
 * @param exitNow ends the process.
 */
export function catchSignals(exitNow: (code: number) => void): Interruption {
	const controller = new AbortController();
	let exitCode: number = EXIT.ok;
	let isWaiting = false;
	let passed: ((signal: NodeJS.Signals) => void) | undefined;
	const onSignal = (name: NodeJS.Signals): void => {
		if (passed !== undefined) {
			passed(name);
			return;
		}
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
		passTo: take => {
			passed = take;
			return () => {
				passed = undefined;
			};
		},
		wait: () =>
			new Promise(resolve => {
				isWaiting = true;
				// A signal handler does not keep a process alive; a timer does.
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
