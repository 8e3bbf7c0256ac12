import {EmulatorError} from './errors.ts';

/** A time span in options: a number of milliseconds, or text with its unit. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m`;

/** Milliseconds in a duration, or undefined when it is none. Negative and non-finite spans are none. */
export function millisecondsIn(duration: unknown): number | undefined {
	if (typeof duration === 'number') return Number.isFinite(duration) && duration >= 0 ? duration : undefined;
	if (typeof duration !== 'string') return undefined;
	const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(duration.trim());
	if (match === null) return undefined;
	const unit = match[2] === 'ms' ? 1 : match[2] === 's' ? 1000 : 60_000;
	return Number(match[1]) * unit;
}

/** Milliseconds in a duration that a caller has given. @throws EmulatorError `INVALID_DURATION` when it is none. */
export function readDuration(duration: Duration): number {
	const ms = millisecondsIn(duration);
	if (ms !== undefined) return ms;
	throw new EmulatorError('INVALID_DURATION', `${JSON.stringify(duration)} is not a duration`, {
		hint: 'Give milliseconds as a number, or text such as "500ms", "5s" or "1m".',
	});
}
