import {type Clock, systemClock} from '../base/clock.ts';
import {type Duration, readDuration} from '../base/duration.ts';
import {EmulatorError} from '../base/errors.ts';
import {ManualClock} from '../base/manual-clock.ts';

/** An emulator's time, in the hands of a test. */
export interface EmulatorClock {
	/** Milliseconds since 1970-01-01 UTC, on this clock. */
	now(): number;
	/**
	 * Moves time on, through every health check, timeout and expiry that is due on the way. Resolves when what that has
	 * set in motion is over.
	 *
	 * @throws EmulatorError `CLOCK_NOT_MANUAL` unless the emulator was started with `clock: 'manual'`, `INVALID_DURATION`
	 */
	advance(by: Duration): Promise<void>;
}

/**
 * The clock that everything in an emulator goes by, and the handle to it.
 *
 * @param onMoved called when somebody has moved it.
 */
export function clockOf(
	kind: 'real' | 'manual',
	onMoved: () => void = () => {},
): {readonly clock: Clock; readonly handle: EmulatorClock} {
	const manual = kind === 'manual' ? new ManualClock() : undefined;
	const clock = manual ?? systemClock;
	return {
		clock,
		handle: {
			now: () => clock.wallMs(),
			async advance(by) {
				if (manual === undefined) {
					throw new EmulatorError('CLOCK_NOT_MANUAL', 'The time of this emulator is the real one, which nobody moves', {
						hint: "Start it with {clock: 'manual'}, or with `lb-local up --clock manual`.",
					});
				}
				await manual.advance(readDuration(by));
				onMoved();
			},
		},
	};
}
